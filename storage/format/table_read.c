#include "storage/format/table_read.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/format/parquet_file.h"
#include "storage/format/source.h"
#include "storage/format/table_select.h"
#include "storage/format/table_text.h"

/* Whether a regular file begins like Parquet. What cannot be opened is the source's to report. */
static bool is_parquet(const char *path)
{
    char magic[4] = {0};
    int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, magic, sizeof magic, 0); /* fails for a pipe */
    close(fd);
    return got == (ssize_t)sizeof magic && memcmp(magic, "PAR1", sizeof magic) == 0;
}

static enum rcx_status read_leaves(const struct rcx_parquet_file *file,
                                   const struct rcx_table_read_options *options, const char **names,
                                   size_t *places, struct rcx_table *out, struct rcx_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < file->leaf_count; i++)
        names[i] = file->leaves[i].name;
    enum rcx_status status = rcx_table_select(file->path, names, file->leaf_count, options->columns,
                                              options->column_count, places, &count, err);
    if (status != RCX_OK)
        return status;
    size_t groups = file->metadata.group_count;
    const struct rcx_parquet_rows rows = {
        .group_count = groups,
        .count = groups == 1 ? (size_t)file->metadata.groups[0].rows : 0,
        .leaves = places,
        .leaf_count = count,
    };
    return rcx_parquet_read(file, &rows, options->parallel, out, err);
}

static enum rcx_status read_parquet(const char *path, const struct rcx_table_read_options *options,
                                    struct rcx_table *out, struct rcx_error *err)
{
    struct rcx_parquet_file file;
    enum rcx_status status = rcx_parquet_file_open(path, &file, err);
    if (status != RCX_OK)
        return rcx_parquet_refuse_damage(status, err);
    size_t most = file.leaf_count + options->column_count + 1;
    const char **names = rcx_malloc_array(most, sizeof *names);
    size_t *places = rcx_malloc_array(most, sizeof *places);
    if (names && places)
        status = read_leaves(&file, options, names, places, out, err);
    else
        status = rcx_fail_nomem(err, path, most * sizeof *places);
    rcx_free(names);
    rcx_free(places);
    rcx_parquet_file_close(&file);
    return rcx_parquet_refuse_damage(status, err);
}

enum rcx_status rcx_table_read(const char *path, const struct rcx_table_read_options *options,
                               struct rcx_table *out, struct rcx_error *err)
{
    static const struct rcx_parallel one = {.threads = 1};
    struct rcx_table_read_options full = options ? *options : (struct rcx_table_read_options){0};
    if (!full.parallel)
        full.parallel = &one;
    if (is_parquet(path))
        return read_parquet(path, &full, out, err);
    const struct rcx_source_options source_options = {.delimiter = full.delimiter,
                                                      .window_bytes = full.window_bytes,
                                                      .spool_directory = full.spool_directory};
    struct rcx_source *source;
    enum rcx_status status = rcx_source_open(path, &source_options, &source, err);
    if (status != RCX_OK)
        return status;
    status = rcx_table_text_read(source, path, &full, out, err);
    rcx_source_close(source);
    return status;
}
