#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_record.h"
#include "storage/format/table_text_state.h"

void rcx_text_chunk_release(struct rcx_text_chunk *chunk)
{
    rcx_free(chunk->first_fields);
    rcx_free(chunk->kinds);
    rcx_free(chunk->quoted_empty);
    rcx_free(chunk->nulls);
    rcx_free(chunk->scratch);
}

/* --- records ------------------------------------------------------------------------------- */

static uint64_t line_of(const struct rcx_source_chunk *bytes, size_t first_field)
{
    size_t end = first_field == 0 ? bytes->begin : bytes->field_ends[first_field - 1] + 1;
    uint64_t line = bytes->first_line;
    for (size_t i = bytes->begin; i < end; i++)
        line += bytes->bytes[i] == '\n';
    return line;
}

static enum rcx_status fail_width(const struct rcx_table_text *text,
                                  const struct rcx_source_chunk *bytes, size_t first, size_t fields,
                                  struct rcx_error *err)
{
    const struct rcx_source_info *info = rcx_source_info(text->source);
    unsigned long long line = line_of(bytes, first);
    if (fields < text->file_columns)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s:%llu: %zu fields, but the header has %zu columns; '%s' is the first "
                        "one without a field",
                        text->path, line, fields, text->file_columns, info->columns[fields].name);
    return rcx_fail(err, RCX_E_INPUT,
                    "%s:%llu: %zu fields, but the header has %zu columns; '%s' is the last one "
                    "(fields that hold the delimiter stand in quotes)",
                    text->path, line, fields, text->file_columns,
                    info->columns[text->file_columns - 1].name);
}

static bool is_empty_line(const struct rcx_source_chunk *bytes, size_t first, size_t fields)
{
    struct rcx_text raw = rcx_chunk_field(bytes, first);
    return fields == 1 && (raw.length == 0 || (raw.length == 1 && raw.data[0] == '\r'));
}

static enum rcx_status fail_nul(const struct rcx_table_text *text,
                                const struct rcx_source_chunk *bytes, struct rcx_error *err)
{
    const struct rcx_source_info *info = rcx_source_info(text->source);
    size_t first = 0;
    for (size_t r = 0; r < bytes->records; r++) {
        for (size_t k = first; k < bytes->record_ends[r]; k++) {
            struct rcx_text raw = rcx_chunk_field(bytes, k);
            bool named = k - first < text->file_columns;
            if (raw.length > 0 && memchr(raw.data, 0, raw.length))
                return rcx_fail(err, RCX_E_INPUT,
                                "%s:%llu: a NUL byte in column '%s'; expected text", text->path,
                                (unsigned long long)line_of(bytes, k),
                                named ? info->columns[k - first].name : "(beyond the header)");
        }
        first = bytes->record_ends[r];
    }
    return rcx_fail(err, RCX_E_INPUT, "%s: a NUL byte; expected text", text->path);
}

enum rcx_status rcx_text_chunk_records(const struct rcx_table_text *text, size_t chunk,
                                       struct rcx_error *err)
{
    const struct rcx_source_chunk *bytes = &text->window.chunks[chunk];
    struct rcx_text_chunk *state = &text->chunks[chunk];
    state->records = 0;
    if (bytes->has_nul)
        return fail_nul(text, bytes, err);
    if (!rcx_array_reserve(&state->first_fields, &state->record_capacity, bytes->records,
                           sizeof *state->first_fields))
        return rcx_fail_nomem(err, text->path, bytes->records * sizeof *state->first_fields);
    uint32_t first = 0;
    for (size_t r = 0; r < bytes->records; r++) {
        uint32_t end = bytes->record_ends[r];
        if (end - first == text->file_columns &&
            (text->file_columns > 1 || !is_empty_line(bytes, first, 1)))
            state->first_fields[state->records++] = first;
        else if (!is_empty_line(bytes, first, end - first))
            return fail_width(text, bytes, first, end - first, err);
        first = end;
    }
    return RCX_OK;
}

/* --- cells --------------------------------------------------------------------------------- */

/* Some records are parsed column by column while their bytes are in the first-level cache. */
enum { STRETCH_RECORDS = 64 };

static bool reserve_columns(struct rcx_text_chunk *state, size_t columns)
{
    if (state->column_capacity >= columns)
        return true;
    state->kinds = rcx_malloc_array(columns, sizeof *state->kinds);
    state->quoted_empty = rcx_malloc_array(columns, sizeof *state->quoted_empty);
    state->column_capacity = columns;
    return state->kinds && state->quoted_empty;
}

/* A cell in quotes, parsed as what is in them. */
static enum rcx_cell_kind parse_quoted(struct rcx_text_chunk *state, size_t c, struct rcx_text raw,
                                       uint64_t *out_bits)
{
    if (memchr(raw.data + 1, '"', raw.length - 1) != raw.data + raw.length - 1)
        return RCX_CELL_TEXT; /* a quote within, or something behind them */
    raw.data++;
    raw.length -= 2;
    if (raw.length == 0)
        state->quoted_empty[c] = true;
    return rcx_cell_parse(raw, out_bits);
}

static enum rcx_status note_null(const struct rcx_table_text *text, struct rcx_text_chunk *state,
                                 size_t record, size_t c, struct rcx_error *err)
{
    if (!rcx_array_reserve(&state->nulls, &state->null_capacity, state->null_count + 1,
                           sizeof *state->nulls))
        return rcx_fail_nomem(err, text->path, state->null_count * sizeof *state->nulls);
    state->nulls[state->null_count++] = (struct rcx_text_null){(uint32_t)record, (uint32_t)c};
    return RCX_OK;
}

/* Records [begin, end) of a column. The chunk's values so far stand as kinds[c]; a cell of another
 * kind widens them. */
static enum rcx_status parse_stretch(const struct rcx_table_text *text, size_t chunk, size_t c,
                                     size_t begin, size_t end, struct rcx_error *err)
{
    struct rcx_text_chunk *state = &text->chunks[chunk];
    uint64_t *values = (uint64_t *)text->table->columns[c].values + state->first_row;
    size_t place = text->columns[c].place;
    enum rcx_cell_kind kind = state->kinds[c];
    for (size_t r = begin; r < end && kind != RCX_CELL_TEXT; r++) {
        struct rcx_text raw = rcx_text_cell(text, chunk, r, place);
        uint64_t bits = 0;
        enum rcx_cell_kind now = raw.length > 0 && raw.data[0] == '"'
                                     ? parse_quoted(state, c, raw, &bits)
                                     : rcx_cell_parse(raw, &bits);
        if (now == RCX_CELL_NOTHING) {
            enum rcx_status status = note_null(text, state, r, c, err);
            if (status != RCX_OK)
                return status;
        } else if (now != kind) {
            enum rcx_cell_kind joined = rcx_cell_join(kind, now);
            rcx_cell_widen(values, r, kind, joined);
            rcx_cell_widen(&bits, 1, now, joined);
            kind = joined;
        }
        values[r] = bits;
    }
    state->kinds[c] = (uint8_t)kind;
    return RCX_OK;
}

enum rcx_status rcx_text_chunk_parse(const struct rcx_table_text *text, size_t chunk,
                                     struct rcx_error *err)
{
    struct rcx_text_chunk *state = &text->chunks[chunk];
    if (!reserve_columns(state, text->column_count))
        return rcx_fail_nomem(err, text->path, text->column_count);
    state->null_count = 0;
    for (size_t c = 0; c < text->column_count; c++) {
        state->kinds[c] = (uint8_t)text->columns[c].kind;
        state->quoted_empty[c] = false;
    }
    for (size_t begin = 0; begin < state->records; begin += STRETCH_RECORDS) {
        size_t left = state->records - begin;
        size_t end = begin + (left < STRETCH_RECORDS ? left : STRETCH_RECORDS);
        for (size_t c = 0; c < text->column_count; c++) {
            enum rcx_status status = parse_stretch(text, chunk, c, begin, end, err);
            if (status != RCX_OK)
                return status;
        }
    }
    return RCX_OK;
}
