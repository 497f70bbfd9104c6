/* The Parquet reader: footer, page index and pages. The first byte says what the rest is: a whole
 * file; the metadata of one whose pages are the second half; or the pages of one column chunk. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/format/parquet_copy.h"

enum { MOST_ROWS = 4096, MOST_COLUMNS = 64, KINDS = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *path, const struct rcx_buf *bytes)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes->data, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
        abort();
}

static void read_groups(const struct rcx_parquet_file *file)
{
    const struct rcx_parallel one = {1};
    for (size_t g = 0; g < file->metadata.group_count && g < 4; g++) {
        uint64_t rows = file->metadata.groups[g].rows;
        struct rcx_parquet_rows some = {.group = g};
        struct rcx_table table = {0};
        some.count = rows < MOST_ROWS ? (size_t)rows : MOST_ROWS;
        (void)rcx_parquet_read(file, &some, &one, &table, NULL);
        rcx_table_release(&table);
        if (rows > MOST_ROWS) { /* the last rows, behind the pages before them */
            some.first = rows - 1;
            some.count = 1;
            (void)rcx_parquet_read(file, &some, &one, &table, NULL);
            rcx_table_release(&table);
        }
        for (size_t leaf = 0; leaf < file->leaf_count; leaf++) {
            int64_t bounds[2];
            (void)rcx_parquet_group_bounds(file, g, leaf, bounds);
        }
    }
}

static void try_file(const char *path)
{
    struct rcx_parquet_file file;
    struct rcx_parquet_source *source = NULL;
    if (rcx_parquet_file_open(path, &file, NULL) == RCX_OK) {
        if (file.leaf_count <= MOST_COLUMNS)
            read_groups(&file);
        rcx_parquet_file_close(&file);
    }
    if (rcx_parquet_source_open(path, &source, NULL) == RCX_OK)
        rcx_parquet_source_close(source);
}

static void try_whole(const char *path, const uint8_t *data, size_t size)
{
    struct rcx_buf bytes = {0};
    rcx_buf_append(&bytes, data, size);
    write_file(path, &bytes);
    try_file(path);
    rcx_buf_release(&bytes);
}

/* data: one byte for the split, pages, then metadata. */
static void try_metadata(const char *path, const uint8_t *data, size_t size)
{
    struct rcx_buf bytes = {0};
    size_t split = size ? data[0] * (size - 1) / 255 : 0;
    const uint8_t *rest = data + (size ? 1 : 0);
    size_t metadata = size ? size - 1 - split : 0;
    rcx_buf_append(&bytes, "PAR1", 4);
    rcx_buf_append(&bytes, rest, split);
    rcx_buf_append(&bytes, rest + split, metadata);
    rcx_buf_append_u32(&bytes, (uint32_t)metadata);
    rcx_buf_append(&bytes, "PAR1", 4);
    write_file(path, &bytes);
    try_file(path);
    rcx_buf_release(&bytes);
}

/* data: type and flags, rows, then pages. */
static void try_pages(const uint8_t *data, size_t size)
{
    static const struct {
        enum rcx_type type;
        enum rcx_parquet_type physical;
        size_t width;
        enum rcx_parquet_meaning meaning;
    } kinds[KINDS] = {
        {RCX_TYPE_BOOL, RCX_PARQUET_BOOLEAN, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_INT8, RCX_PARQUET_INT32, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_INT32, RCX_PARQUET_INT32, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_INT64, RCX_PARQUET_INT64, 0, RCX_PARQUET_MEANS_UNSIGNED},
        {RCX_TYPE_REAL, RCX_PARQUET_DOUBLE, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_TIME, RCX_PARQUET_INT64, 0, RCX_PARQUET_MEANS_NANOSECONDS},
        {RCX_TYPE_TEXT, RCX_PARQUET_BYTE_ARRAY, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_REAL, RCX_PARQUET_FLOAT, 0, RCX_PARQUET_MEANS_ITSELF},
        {RCX_TYPE_TIME, RCX_PARQUET_INT96, 0, RCX_PARQUET_MEANS_JULIAN},
        {RCX_TYPE_DECIMAL, RCX_PARQUET_FIXED_LEN_BYTE_ARRAY, 9, RCX_PARQUET_MEANS_DECIMAL},
        {RCX_TYPE_DECIMAL, RCX_PARQUET_BYTE_ARRAY, 0, RCX_PARQUET_MEANS_DECIMAL},
        {RCX_TYPE_TEXT, RCX_PARQUET_FIXED_LEN_BYTE_ARRAY, 3, RCX_PARQUET_MEANS_ITSELF},
    };
    if (size < 2)
        return;
    size_t kind = (data[0] & 15) % KINDS, rows = data[1];
    const struct rcx_parquet_chunk_bytes chunk = {
        .path = "f",
        .column = "c",
        .data = data + 2,
        .length = size - 2,
        .type = kinds[kind].physical,
        .width = kinds[kind].width,
        .meaning = (int)kinds[kind].meaning,
        .codec = rcx_codec_at(data[0] >> 5),
        .nullable = data[0] >> 4 & 1,
        .rows = rows,
        .plain_bytes = 1 << 16,
    };
    struct rcx_parquet_decoder decoder = {0};
    struct rcx_dictionary texts = {0};
    struct rcx_table table = {0};
    if (rcx_dictionary_init(&texts) && chunk.codec &&
        rcx_table_add(&table, "c", kinds[kind].type) && rcx_table_resize(&table, rows))
        (void)rcx_parquet_chunk_decode(&decoder, &chunk, 0, rows, &table.columns[0], 0, &texts,
                                       NULL);
    rcx_table_release(&table);
    rcx_dictionary_release(&texts);
    rcx_parquet_decoder_release(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    if (size == 0)
        return 0;
    snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-parquet-%ld", (long)getpid());
    if (data[0] % 3 == 0)
        try_whole(path, data + 1, size - 1);
    else if (data[0] % 3 == 1)
        try_metadata(path, data + 1, size - 1);
    else
        try_pages(data + 1, size - 1);
    unlink(path);
    return 0;
}
