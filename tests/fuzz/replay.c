/* Runs a fuzz target on the files of a directory, for builds without libFuzzer: what it once found
 * stays found. */
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *directory, const char *name)
{
    struct rcx_buf bytes = {0};
    struct rcx_error err = {0};
    char *path = rcx_path_join(directory, name);
    if (!path || rcx_file_read(path, &bytes, &err) != RCX_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        rcx_free(path);
        return 1;
    }
    (void)printf("%s\n", path);
    int result = LLVMFuzzerTestOneInput(bytes.data, bytes.length);
    rcx_buf_release(&bytes);
    rcx_free(path);
    return result;
}

int main(int argc, char **argv)
{
    struct rcx_names names = {0};
    struct rcx_error err = {0};
    if (argc != 2 || rcx_directory_list(argv[1], &names, &err) != RCX_OK || names.count == 0) {
        (void)fprintf(stderr, "usage: replay DIRECTORY (with files): %s\n", err.text);
        return 2;
    }
    int result = 0;
    for (size_t i = 0; i < names.count && result == 0; i++)
        result = replay(argv[1], names.names[i]);
    rcx_names_release(&names);
    return result;
}
