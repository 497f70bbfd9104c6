#include "storage/format/xlsx_rows.h"

#include "base/memory.h"

void rcx_xlsx_rows_release(struct rcx_xlsx_rows *rows)
{
    rcx_free(rows->bytes);
    rcx_free(rows->field_ends);
    rcx_free(rows->record_ends);
    rcx_free(rows->record_lines);
    *rows = (struct rcx_xlsx_rows){0};
}

bool rcx_xlsx_rows_grow(struct rcx_xlsx_rows *rows, size_t bytes)
{
    size_t need = rows->length + bytes + rows->column_count + 2 * RCX_XLSX_ROWS_PAD;
    return need < UINT32_MAX && rcx_array_reserve(&rows->bytes, &rows->capacity, need, 1);
}

void rcx_xlsx_rows_clear(struct rcx_xlsx_rows *rows)
{
    size_t open_bytes = rows->length - rows->begin, open_fields = rows->fields - rows->first_field;
    if (open_bytes > 0)
        memmove(rows->bytes, rows->bytes + rows->begin, open_bytes);
    for (size_t i = 0; i < open_fields; i++)
        rows->field_ends[i] = rows->field_ends[rows->first_field + i] - (uint32_t)rows->begin;
    rows->length = open_bytes;
    rows->fields = open_fields;
    rows->begin = rows->first_field = rows->records = 0;
}

bool rcx_xlsx_rows_begin(struct rcx_xlsx_rows *rows, uint32_t line)
{
    rows->begin = rows->length;
    rows->first_field = rows->fields;
    rows->column = 0;
    rows->line = line;
    rows->any = false;
    return rcx_array_reserve(&rows->field_ends, &rows->field_capacity,
                             rows->fields + rows->column_count, sizeof *rows->field_ends) &&
           rcx_array_reserve(&rows->record_ends, &rows->record_capacity, rows->records + 1,
                             sizeof *rows->record_ends) &&
           rcx_array_reserve(&rows->record_lines, &rows->line_capacity, rows->records + 1,
                             sizeof *rows->record_lines) &&
           rcx_xlsx_rows_grow(rows, 0);
}

bool rcx_xlsx_rows_end(struct rcx_xlsx_rows *rows)
{
    if (rows->any) {
        if (rows->capacity - rows->length < rows->column_count + RCX_XLSX_ROWS_PAD &&
            !rcx_xlsx_rows_grow(rows, 0))
            return false;
        for (; rows->column < rows->column_count; rows->column++) {
            rows->field_ends[rows->fields++] = (uint32_t)rows->length;
            rows->bytes[rows->length++] = '\t';
        }
        rows->bytes[rows->length - 1] = '\n';
        rows->record_ends[rows->records] = (uint32_t)rows->fields;
        rows->record_lines[rows->records++] = rows->line;
    } else {
        rows->length = rows->begin;
        rows->fields = rows->first_field;
    }
    rows->begin = rows->length;
    rows->first_field = rows->fields;
    return true;
}

struct rcx_source_chunk rcx_xlsx_rows_chunk(const struct rcx_xlsx_rows *rows)
{
    return (struct rcx_source_chunk){.bytes = rows->bytes,
                                     .records = rows->records,
                                     .field_ends = rows->field_ends,
                                     .record_ends = rows->record_ends,
                                     .first_line = rows->records > 0 ? rows->record_lines[0] : 0,
                                     .record_lines = rows->record_lines};
}
