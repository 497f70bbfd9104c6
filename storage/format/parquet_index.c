#include "storage/format/parquet_index.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_thrift_reader.h"

/* The bytes of an index as a reader; NULL data when they are not in the file. */
static struct rcx_thrift_reader index_reader(const struct rcx_parquet_file *file,
                                             struct rcx_parquet_span span)
{
    bool inside = span.bytes > 0 && span.offset < file->footer_offset &&
                  span.bytes <= file->footer_offset - span.offset;
    if (!inside)
        return rcx_thrift_reader_of(NULL, 0);
    return rcx_thrift_reader_of(file->map.data + span.offset, (size_t)span.bytes);
}

struct location {
    uint64_t bytes, first_row;
};

static struct location parse_location(struct rcx_thrift_reader *reader)
{
    struct location location = {0};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (field.id == 2)
            location.bytes = rcx_thrift_get_size(reader, &field);
        else if (field.id == 3)
            location.first_row = rcx_thrift_get_size(reader, &field);
        else
            rcx_thrift_skip(reader, &field);
    }
    if (location.bytes > UINT32_MAX)
        reader->cursor.failed = true;
    return location;
}

/* Sizes and rows of the pages. */
static bool read_locations(struct rcx_thrift_reader *reader, uint64_t rows,
                           struct rcx_parquet_chunk *out)
{
    uint64_t first = 0;
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (field.id != 1) {
            rcx_thrift_skip(reader, &field);
            continue;
        }
        struct rcx_thrift_elements list = rcx_thrift_get_list(reader, &field, RCX_THRIFT_STRUCT);
        for (size_t i = 0; i < list.count && !reader->cursor.failed; i++) {
            struct location location = parse_location(reader);
            if (!rcx_array_reserve(&out->pages, &out->page_capacity, i + 1, sizeof *out->pages))
                return false;
            if (location.first_row < first || location.first_row > rows)
                reader->cursor.failed = true;
            if (i > 0)
                out->pages[i - 1].rows = (uint32_t)(location.first_row - first);
            out->pages[i] = (struct rcx_parquet_page){.bytes = (uint32_t)location.bytes};
            out->page_count = i + 1;
            first = location.first_row;
        }
    }
    if (out->page_count > 0)
        out->pages[out->page_count - 1].rows = (uint32_t)(rows - first);
    return true;
}

static void read_bounds(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                        struct rcx_parquet_chunk *out)
{
    struct rcx_thrift_elements list = rcx_thrift_get_list(reader, field, RCX_THRIFT_BINARY);
    if (list.count != out->page_count)
        reader->cursor.failed = true;
    for (size_t i = 0; i < list.count && !reader->cursor.failed; i++) {
        struct rcx_text bound = rcx_thrift_take_binary(reader);
        struct rcx_parquet_page *page = &out->pages[i];
        if (bound.length > sizeof page->bounds.least)
            reader->cursor.failed = true;
        else if (bound.length > 0)
            memcpy(field->id == 2 ? page->bounds.least : page->bounds.greatest, bound.data,
                   bound.length);
    }
}

static void read_nulls(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                       struct rcx_parquet_chunk *out)
{
    struct rcx_thrift_elements list = rcx_thrift_get_list(reader, field, RCX_THRIFT_I64);
    if (list.count != out->page_count)
        reader->cursor.failed = true;
    for (size_t i = 0; i < list.count && !reader->cursor.failed; i++) {
        int64_t nulls = rcx_thrift_take_int(reader);
        if (nulls < 0 || nulls > (int64_t)out->pages[i].rows)
            reader->cursor.failed = true;
        else
            out->pages[i].nulls = (uint32_t)nulls;
    }
}

static void read_contents(struct rcx_thrift_reader *reader, struct rcx_parquet_chunk *out)
{
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (field.id == 2 || field.id == 3)
            read_bounds(reader, &field, out);
        else if (field.id == 5)
            read_nulls(reader, &field, out);
        else
            rcx_thrift_skip(reader, &field);
    }
}

enum rcx_status rcx_parquet_index_read(const struct rcx_parquet_file *file, size_t group,
                                       size_t leaf, struct rcx_parquet_chunk *out,
                                       struct rcx_error *err)
{
    const struct rcx_parquet_chunk_info *info = rcx_parquet_chunk_of(file, group, leaf);
    const char *name = file->leaves[leaf].name;
    if (info->offset_index.bytes == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' has no page index", file->path, name);
    struct rcx_thrift_reader locations = index_reader(file, info->offset_index);
    if (!read_locations(&locations, info->values, out))
        return rcx_fail_nomem(err, file->path, out->page_count * sizeof *out->pages);
    bool damaged = locations.cursor.failed;
    if (!damaged && info->column_index.bytes > 0) {
        struct rcx_thrift_reader contents = index_reader(file, info->column_index);
        read_contents(&contents, out);
        damaged = contents.cursor.failed;
    }
    if (damaged)
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: the page index of column '%s' in row group %zu makes no sense",
                        file->path, name, group);
    return RCX_OK;
}
