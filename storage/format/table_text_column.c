#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_record.h"
#include "storage/format/table_text_state.h"

static enum rcx_status set_null(const struct rcx_table_text *text, size_t c, size_t row,
                                struct rcx_error *err)
{
    return rcx_column_set_null(&text->table->columns[c], row)
               ? RCX_OK
               : rcx_fail_nomem(err, text->path, text->table->rows / 8);
}

/* --- texts --------------------------------------------------------------------------------- */

/* Scratch of one column while it is interned. */
struct intern {
    char *unquoted, *utf8;
    size_t unquoted_capacity, utf8_capacity;
};

static enum rcx_status intern_cell(const struct rcx_table_text *text, size_t c, struct rcx_text raw,
                                   struct intern *scratch, uint32_t *out_code,
                                   struct rcx_error *err)
{
    if (!rcx_array_reserve(&scratch->unquoted, &scratch->unquoted_capacity, raw.length + 1, 1))
        return rcx_fail_nomem(err, text->path, raw.length);
    struct rcx_text value = rcx_csv_unquote(raw, scratch->unquoted);
    if (rcx_utf8_check(value.data, value.length) != value.length) {
        if (!rcx_array_reserve(&scratch->utf8, &scratch->utf8_capacity, 3 * value.length, 1))
            return rcx_fail_nomem(err, text->path, 3 * value.length);
        value.length = rcx_cp1252_to_utf8(value.data, value.length, scratch->utf8);
        value.data = scratch->utf8;
    }
    *out_code = rcx_dictionary_intern(&text->columns[c].texts, value);
    return *out_code != RCX_NO_CODE ? RCX_OK : rcx_fail_nomem(err, text->path, value.length);
}

static enum rcx_status intern_chunk(const struct rcx_table_text *text, size_t c, size_t chunk,
                                    struct intern *scratch, struct rcx_error *err)
{
    const struct rcx_text_chunk *state = &text->chunks[chunk];
    if (state->records == 0) /* nor room in the column, perhaps */
        return RCX_OK;
    int64_t *values = text->table->columns[c].i64 + state->first_row;
    for (size_t r = 0; r < state->records; r++) {
        struct rcx_text raw = rcx_text_cell(text, chunk, r, text->columns[c].place);
        uint32_t code = 0;
        enum rcx_status status = raw.length == 0 ? set_null(text, c, state->first_row + r, err)
                                                 : intern_cell(text, c, raw, scratch, &code, err);
        if (status != RCX_OK)
            return status;
        values[r] = code;
    }
    return RCX_OK;
}

static enum rcx_status intern_window(const struct rcx_table_text *text, size_t c,
                                     struct rcx_error *err)
{
    struct rcx_text_column *column = &text->columns[c];
    if (!column->texts.slots && !rcx_dictionary_init(&column->texts))
        return rcx_fail_nomem(err, text->path, 0);
    struct intern scratch = {0};
    enum rcx_status status = RCX_OK;
    for (size_t k = 0; k < text->window.chunk_count && status == RCX_OK; k++)
        status = intern_chunk(text, c, k, &scratch, err);
    rcx_free(scratch.unquoted);
    rcx_free(scratch.utf8);
    return status;
}

/* --- one kind ------------------------------------------------------------------------------ */

static enum rcx_status settle_values(const struct rcx_table_text *text, size_t c,
                                     enum rcx_cell_kind kind, struct rcx_error *err)
{
    uint64_t *values = text->table->columns[c].values;
    rcx_cell_widen(values, text->rows, text->columns[c].kind, kind);
    for (size_t k = 0; k < text->window.chunk_count; k++) {
        const struct rcx_text_chunk *chunk = &text->chunks[k];
        if (chunk->records == 0) /* the first window may have none, and the column no room yet */
            continue;
        rcx_cell_widen(values + chunk->first_row, chunk->records, chunk->kinds[c], kind);
        for (size_t i = 0; i < chunk->null_count; i++) {
            enum rcx_status status = RCX_OK;
            if (chunk->nulls[i].column == c)
                status = set_null(text, c, chunk->first_row + chunk->nulls[i].record, err);
            if (status != RCX_OK)
                return status;
        }
    }
    return RCX_OK;
}

enum rcx_status rcx_text_column_settle(const struct rcx_table_text *text, size_t c,
                                       struct rcx_error *err)
{
    struct rcx_text_column *column = &text->columns[c];
    if (text->second_pass)
        return column->again ? intern_window(text, c, err) : RCX_OK;
    if (column->again)
        return RCX_OK;
    enum rcx_cell_kind kind = column->kind;
    bool quoted_empty = column->quoted_empty;
    for (size_t k = 0; k < text->window.chunk_count; k++) {
        kind = rcx_cell_join(kind, text->chunks[k].kinds[c]);
        quoted_empty = quoted_empty || text->chunks[k].quoted_empty[c];
    }
    enum rcx_status status = RCX_OK;
    if (kind != RCX_CELL_TEXT) {
        status = settle_values(text, c, kind, err);
        column->quoted_empty = quoted_empty;
    } else if (column->kind == RCX_CELL_TEXT ||
               (column->kind == RCX_CELL_NOTHING && !column->quoted_empty)) {
        status = intern_window(text, c, err);
    } else {
        column->again = true;
    }
    column->kind = kind;
    return status;
}

/* --- the type ------------------------------------------------------------------------------ */

/* From 8 bytes a value to fewer, in place: value i is read before anything is written over it.
 * False: out of memory. */
static bool narrow(struct rcx_column *column, enum rcx_type type)
{
    const int64_t *wide = column->i64;
    for (size_t i = 0; i < column->rows; i++) {
        int64_t value = wide[i];
        uint8_t *narrow = (uint8_t *)column->values + i * rcx_type_bytes(type);
        if (type == RCX_TYPE_BOOL)
            *narrow = (uint8_t)value;
        else
            memcpy(narrow, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
    }
    void *less = rcx_realloc_array(column->values, column->capacity, rcx_type_bytes(type));
    if (less)
        column->values = less;
    column->type = type;
    return less != NULL;
}

static void make_real(struct rcx_column *column)
{
    for (size_t i = 0; column->valid && i < column->rows; i++)
        if (rcx_column_is_null(column, i))
            memcpy(&column->i64[i], &(double){NAN}, sizeof(double));
    rcx_free(column->valid);
    column->valid = NULL;
    column->type = RCX_TYPE_REAL;
}

enum rcx_status rcx_text_column_finish(const struct rcx_table_text *text, size_t c,
                                       struct rcx_error *err)
{
    struct rcx_column *column = &text->table->columns[c];
    struct rcx_text_column *read = &text->columns[c];
    bool ok = true;
    switch (read->kind) {
    case RCX_CELL_BOOL:
        ok = narrow(column, RCX_TYPE_BOOL);
        break;
    case RCX_CELL_DATE:
        ok = narrow(column, RCX_TYPE_DATE);
        break;
    case RCX_CELL_TIME:
        column->type = RCX_TYPE_TIME;
        break;
    case RCX_CELL_NOTHING:
    case RCX_CELL_REAL:
        make_real(column);
        break;
    case RCX_CELL_TEXT:
        column->dictionary = rcx_dictionary_strings(&read->texts);
        ok = column->dictionary && narrow(column, RCX_TYPE_TEXT);
        break;
    case RCX_CELL_INT64:
    case RCX_CELL_KIND_COUNT:
        break;
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, text->path, column->rows * sizeof(int64_t));
}
