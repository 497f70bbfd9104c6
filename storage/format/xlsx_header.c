#include "storage/format/xlsx_header.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_header.h"
#include "storage/format/csv_record.h"

enum { PIECE_BYTES = 64 << 10, MOST_HEADER_BYTES = 1 << 20 };

/* Without blanks, also those that do not break, and without byte order marks. */
static struct rcx_text trim_name(struct rcx_text name)
{
    static const struct rcx_text marks[] = {{"\xEF\xBB\xBF", 3}, {"\xC2\xA0", 2}};
    for (size_t before = name.length + 1; before != name.length;) {
        before = name.length;
        name = rcx_text_trim(name);
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
            size_t length = marks[i].length;
            if (name.length >= length && memcmp(name.data, marks[i].data, length) == 0)
                name = (struct rcx_text){name.data + length, name.length - length};
            if (name.length >= length &&
                memcmp(name.data + name.length - length, marks[i].data, length) == 0)
                name.length -= length;
        }
    }
    return name;
}

static enum rcx_status take_names(const struct rcx_xlsx_rows *rows, struct rcx_source_column **out,
                                  size_t *out_count, struct rcx_buf *record, struct rcx_error *err)
{
    const struct rcx_source_chunk chunk = rcx_xlsx_rows_chunk(rows);
    size_t count = chunk.record_ends[0];
    while (count > 0 && rcx_chunk_field(&chunk, count - 1).length == 0)
        count--;
    struct rcx_source_column *columns = rcx_calloc(count + 1, sizeof *columns);
    char *scratch = rcx_malloc(rows->length + 1);
    bool ok = columns && scratch &&
              rcx_buf_append(record, chunk.bytes, chunk.field_ends[count > 0 ? count - 1 : 0]);
    for (size_t i = 0; ok && i < count; i++) {
        struct rcx_text name = rcx_csv_unquote(rcx_chunk_field(&chunk, i), scratch);
        name = trim_name(name);
        columns[i].name = rcx_strndup(name.data, name.length);
        ok = columns[i].name != NULL;
    }
    rcx_free(scratch);
    if (!ok) {
        rcx_csv_columns_release(columns, count);
        return rcx_fail_nomem(err, "header", count);
    }
    *out = columns;
    *out_count = count;
    return RCX_OK;
}

enum rcx_status rcx_xlsx_header_read(struct rcx_xlsx_zip *zip, const char *part,
                                     const struct rcx_xlsx_context *context,
                                     struct rcx_source_column **out, size_t *out_count,
                                     struct rcx_buf *record, struct rcx_error *err)
{
    struct rcx_xlsx_rows rows = {.column_count = RCX_XLSX_MOST_COLUMNS,
                                 .max_record_bytes = MOST_HEADER_BYTES};
    struct rcx_xlsx_part *file = NULL;
    enum rcx_status status = rcx_xlsx_part_open(zip, part, &file, err);
    if (status != RCX_OK)
        return status;
    uint8_t *buffer = rcx_malloc(PIECE_BYTES);
    struct rcx_xlsx_sheet_reader *reader = rcx_xlsx_sheet_open(context, &rows);
    if (!buffer || !reader)
        status = rcx_fail_nomem(err, context->name, PIECE_BYTES);
    else
        rcx_xlsx_sheet_set_until(reader, RCX_XLSX_UNTIL_FIRST_ROW);
    size_t got = PIECE_BYTES;
    *out_count = 0;
    while (status == RCX_OK && got == PIECE_BYTES && !rcx_xlsx_sheet_stopped(reader)) {
        status = rcx_xlsx_part_read(file, buffer, PIECE_BYTES, &got, err);
        if (status == RCX_OK)
            status = rcx_xlsx_sheet_feed(reader, buffer, got, got < PIECE_BYTES, err);
    }
    if (status == RCX_OK && rows.records > 0 &&
        rows.length > MOST_HEADER_BYTES + RCX_XLSX_MOST_COLUMNS)
        status = rcx_fail(err, RCX_E_INPUT, "%s: the first row has more than %d bytes",
                          context->name, MOST_HEADER_BYTES);
    if (status == RCX_OK && rows.records > 0)
        status = take_names(&rows, out, out_count, record, err);
    rcx_xlsx_sheet_close(reader);
    rcx_xlsx_rows_release(&rows);
    rcx_free(buffer);
    rcx_xlsx_part_close(file);
    return status;
}
