/* A behaviour model file of any bytes: refused, or written again with the same content. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ml/btyd/btyd_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct rcx_btyd_file file;
    struct rcx_btyd_file again;
    (void)snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-btyd-%ld", (long)getpid());
    write_file(path, data, size);
    if (rcx_btyd_file_read(path, &file, NULL) == RCX_OK) {
        struct rcx_buf text = {0};
        if (!rcx_btyd_file_json(&file, &text))
            abort();
        write_file(path, text.data, text.length);
        if (rcx_btyd_file_read(path, &again, NULL) != RCX_OK)
            abort();
        rcx_buf_release(&text);
    }
    (void)unlink(path);
    return 0;
}
