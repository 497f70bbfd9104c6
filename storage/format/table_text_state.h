#pragma once
/* What the parts of table_text share: the columns under way, and the chunks of the window. */
#include "base/dictionary.h"
#include "storage/format/source.h"
#include "storage/format/table_cell.h"
#include "storage/format/table_read.h"

struct rcx_text_null {
    uint32_t record; /* of the chunk, empty lines not counted */
    uint32_t column;
};

/* One chunk of a window; the arrays are kept from window to window. */
struct rcx_text_chunk {
    size_t first_row;       /* of the table */
    size_t records;         /* without empty lines */
    uint32_t *first_fields; /* [records] the index of a record's first field */
    size_t record_capacity;
    uint8_t *kinds;     /* [columns] enum rcx_cell_kind: how the values stand in the table */
    bool *quoted_empty; /* [columns] there is a "", which is a value when the column is text */
    size_t column_capacity;
    struct rcx_text_null *nulls; /* in any order */
    size_t null_count, null_capacity;
    char *scratch; /* for cells with "" in them */
    size_t scratch_capacity;
};

struct rcx_text_column {
    size_t place;            /* in the file */
    enum rcx_cell_kind kind; /* of all rows so far */
    bool quoted_empty;       /* among them, while the kind is not text */
    bool again;              /* text for which earlier rows were read as something else */
    struct rcx_dictionary texts;
};

struct rcx_table_text {
    const char *path;
    struct rcx_source *source;
    const struct rcx_parallel *parallel;
    size_t file_columns, column_count;
    struct rcx_text_column *columns;
    struct rcx_table *table; /* every column is INT64 here: 8 bytes for any value or code */
    struct rcx_source_window window;
    struct rcx_text_chunk *chunks; /* [window.chunk_count] */
    size_t chunk_capacity;
    size_t rows; /* before this window */
    bool second_pass;
};

/* Finds the records of a chunk. Errors: RCX_E_INPUT (a record of another width, a NUL byte). */
enum rcx_status rcx_text_chunk_records(const struct rcx_table_text *text, size_t chunk,
                                       struct rcx_error *err);
/* Parses the cells of all columns that are not text into the table. */
enum rcx_status rcx_text_chunk_parse(const struct rcx_table_text *text, size_t chunk,
                                     struct rcx_error *err);
/* Brings column `c` to one kind over all rows up to the end of the window, and interns its texts. */
enum rcx_status rcx_text_column_settle(const struct rcx_table_text *text, size_t c,
                                       struct rcx_error *err);
/* Gives column `c` of the table the type that its kind says, when all rows are there. */
enum rcx_status rcx_text_column_finish(const struct rcx_table_text *text, size_t c,
                                       struct rcx_error *err);
void rcx_text_chunk_release(struct rcx_text_chunk *chunk);

/* The bytes of a field of record `record`, counted without empty lines. */
static inline struct rcx_text rcx_text_cell(const struct rcx_table_text *text, size_t chunk,
                                            size_t record, size_t place)
{
    const struct rcx_source_chunk *bytes = &text->window.chunks[chunk];
    struct rcx_text raw = rcx_chunk_field(bytes, text->chunks[chunk].first_fields[record] + place);
    if (place + 1 == text->file_columns && raw.length > 0 && raw.data[raw.length - 1] == '\r')
        raw.length--;
    return raw;
}
