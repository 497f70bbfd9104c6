/* A configuration file of any bytes: refused, or read into values that print and read back the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/docs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static struct rcx_settings *load(const char *path)
{
    const struct rcx_config_sources sources = {.file = path};
    struct rcx_settings *settings = NULL;
    (void)rcx_settings_load(&sources, &settings, NULL);
    return settings;
}

static struct rcx_digest digest_of(const struct rcx_settings *settings)
{
    struct rcx_digest digest = {0};
    if (rcx_settings_digest(settings, NULL, 0, &digest, NULL) != RCX_OK)
        abort();
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-config-%ld", (long)getpid());
    write_file(path, data, size);
    struct rcx_settings *settings = load(path);
    if (settings != NULL) {
        struct rcx_buf text = {0};
        if (rcx_config_write_yaml(settings, &text, NULL) != RCX_OK)
            abort();
        write_file(path, text.data, text.length);
        struct rcx_settings *again = load(path);
        if (again == NULL || rcx_digest_compare(digest_of(settings), digest_of(again)) != 0)
            abort();
        rcx_settings_release(again);
        rcx_buf_release(&text);
    }
    rcx_settings_release(settings);
    (void)unlink(path);
    return 0;
}
