#pragma once
/* Rows of a sheet, put together cell by cell into the records of a chunk (source.h): every record has
 * all columns of the header, missing cells are empty, rows without any text are nothing. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "storage/format/source.h"

struct rcx_xlsx_rows {
    size_t column_count;     /* cells to the right of the header are left out */
    size_t max_record_bytes; /* a longer record is not completed: whoever reads it refuses it */
    /* The chunk so far. */
    uint8_t *bytes;
    size_t length, capacity;
    uint32_t *field_ends;
    size_t fields, field_capacity;
    uint32_t *record_ends, *record_lines;
    size_t records, record_capacity, line_capacity;
    /* The row that is open. */
    size_t begin, first_field; /* in bytes, in field_ends */
    size_t column;             /* that the bytes at the end belong to */
    uint32_t line;
    bool any; /* some cell of it is not empty */
};

/* Bytes that may be written behind `length` without asking, and read behind a chunk. */
enum { RCX_XLSX_ROWS_PAD = 64 };

void rcx_xlsx_rows_release(struct rcx_xlsx_rows *rows);
/* Forgets complete records; an open row stays. */
void rcx_xlsx_rows_clear(struct rcx_xlsx_rows *rows);
/* Room for `bytes` more, and all columns; false: out of memory. */
bool rcx_xlsx_rows_grow(struct rcx_xlsx_rows *rows, size_t bytes);

/* All return false when memory ran out. */
bool rcx_xlsx_rows_begin(struct rcx_xlsx_rows *rows, uint32_t line);
bool rcx_xlsx_rows_end(struct rcx_xlsx_rows *rows);

/* The text of a cell, quoted where needed (xlsx_cell.h); columns of a row must ascend. */
static inline bool rcx_xlsx_rows_cell(struct rcx_xlsx_rows *rows, size_t column,
                                      struct rcx_text text)
{
    if (text.length == 0 || column >= rows->column_count)
        return true;
    if (rows->length - rows->begin > rows->max_record_bytes)
        return true;
    size_t room = rows->capacity - rows->length;
    if (room < text.length + rows->column_count + RCX_XLSX_ROWS_PAD &&
        !rcx_xlsx_rows_grow(rows, text.length))
        return false;
    for (; rows->column < column; rows->column++) {
        rows->field_ends[rows->fields++] = (uint32_t)rows->length;
        rows->bytes[rows->length++] = '\t';
    }
    memcpy(rows->bytes + rows->length, text.data, text.length);
    rows->length += text.length;
    rows->any = true;
    return true;
}

struct rcx_source_chunk rcx_xlsx_rows_chunk(const struct rcx_xlsx_rows *rows);
