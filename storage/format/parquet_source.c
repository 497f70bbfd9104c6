/* Parquet as a source: windows are tables of the columns that were selected, read by row groups;
 * chunks are stretches of their rows.
 *
 * Small row groups are read several at a time, large ones in parts. The file is mapped; its bytes
 * pass through the byte source once besides, in step with the rows, for the digest. */
#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_file.h"
#include "storage/format/source_format.h"

enum {
    WINDOW_BYTES = 32 << 20,
    ROW_BYTES = 64, /* of a row in a window, about */
    CHUNK_ROWS = 16384,
    PIECE_BYTES = 256 << 10
};

struct parquet {
    struct rcx_byte_source *bytes;
    struct rcx_parquet_file file;
    struct rcx_source_column *columns;
    size_t *leaves; /* of the columns selected */
    size_t leaf_count;
    int *places; /* [columns] in the window's table */
    struct rcx_table table;
    struct rcx_source_typed typed;
    struct rcx_source_chunk *chunks;
    size_t chunk_capacity;
    size_t window_rows, chunk_rows;
    uint64_t row;  /* of the next window */
    uint64_t read; /* bytes of the byte source */
    uint8_t *piece;
};

static bool parquet_matches(const uint8_t *bytes, size_t length)
{
    return length >= 4 && (memcmp(bytes, "PAR1", 4) == 0 || memcmp(bytes, "PARE", 4) == 0);
}

static void parquet_close(void *state)
{
    struct parquet *parquet = state;
    if (!parquet)
        return;
    rcx_byte_source_close(parquet->bytes);
    rcx_parquet_file_close(&parquet->file);
    rcx_table_release(&parquet->table);
    rcx_free(parquet->columns);
    rcx_free(parquet->leaves);
    rcx_free(parquet->places);
    rcx_free(parquet->chunks);
    rcx_free(parquet->piece);
    rcx_free(parquet);
}

/* --- bytes, for the digest ----------------------------------------------------------------- */

static enum rcx_status read_bytes(struct parquet *parquet, uint64_t until, struct rcx_error *err)
{
    while (parquet->read < until) {
        size_t got = 0;
        enum rcx_status status = rcx_byte_source_read(parquet->bytes, parquet->piece, PIECE_BYTES,
                                                      &got, err);
        if (status != RCX_OK)
            return status;
        if (got == 0)
            return RCX_OK;
        parquet->read += got;
    }
    return RCX_OK;
}

/* The share of the bytes that the rows so far are of all rows. */
static enum rcx_status parquet_prefetch(void *state, struct rcx_error *err)
{
    struct parquet *parquet = state;
    double share = (double)parquet->row / (double)(parquet->file.metadata.rows + 1);
    return read_bytes(parquet, (uint64_t)(share * (double)parquet->file.map.length), err);
}

/* --- windows ------------------------------------------------------------------------------- */

/* What the next window reads; count 0 with group_count 0: nothing is left. */
static struct rcx_parquet_rows next_rows(const struct parquet *parquet, uint64_t *out_rows)
{
    const struct rcx_parquet_metadata *metadata = &parquet->file.metadata;
    struct rcx_parquet_rows rows = {.leaves = parquet->leaves, .leaf_count = parquet->leaf_count};
    uint64_t first = parquet->row;
    while (rows.group < metadata->group_count && first >= metadata->groups[rows.group].rows)
        first -= metadata->groups[rows.group++].rows;
    *out_rows = 0;
    if (rows.group == metadata->group_count)
        return rows;
    uint64_t left = metadata->groups[rows.group].rows - first;
    size_t group = rows.group + 1;
    if (first == 0 && left <= parquet->window_rows) {
        while (group < metadata->group_count &&
               metadata->groups[group].rows <= parquet->window_rows - left)
            left += metadata->groups[group++].rows;
    }
    *out_rows = left < parquet->window_rows ? left : parquet->window_rows;
    rows.group_count = group - rows.group;
    rows.first = first;
    rows.count = (size_t)*out_rows;
    return rows;
}

static enum rcx_status cut(struct parquet *parquet, size_t rows, struct rcx_source_window *out,
                           struct rcx_error *err)
{
    size_t count = (rows + parquet->chunk_rows - 1) / parquet->chunk_rows;
    if (!rcx_array_reserve(&parquet->chunks, &parquet->chunk_capacity, count,
                           sizeof *parquet->chunks))
        return rcx_fail_nomem(err, parquet->file.path, count * sizeof *parquet->chunks);
    for (size_t i = 0; i < count; i++) {
        size_t first = i * parquet->chunk_rows, left = rows - first;
        parquet->chunks[i] = (struct rcx_source_chunk){
            .records = left < parquet->chunk_rows ? left : parquet->chunk_rows,
            .first_line = parquet->row + first + 1,
            .typed = &parquet->typed,
            .first_row = first};
    }
    out->chunks = parquet->chunks;
    out->chunk_count = count;
    return RCX_OK;
}

static enum rcx_status parquet_next(void *state, const struct rcx_parallel *parallel,
                                    struct rcx_source_window *out, struct rcx_error *err)
{
    struct parquet *parquet = state;
    uint64_t count;
    struct rcx_parquet_rows rows = next_rows(parquet, &count);
    *out = (struct rcx_source_window){0};
    rcx_table_release(&parquet->table);
    if (count == 0)
        return read_bytes(parquet, UINT64_MAX, err);
    enum rcx_status status = rcx_parquet_refuse_damage(
        rcx_parquet_read(&parquet->file, &rows, parallel, &parquet->table, err), err);
    if (status == RCX_OK)
        status = cut(parquet, (size_t)count, out, err);
    parquet->row += count;
    return status;
}

static void parquet_select(void *state, const bool *wanted)
{
    struct parquet *parquet = state;
    parquet->leaf_count = 0;
    for (size_t i = 0; i < parquet->file.leaf_count; i++) {
        parquet->places[i] = wanted[i] ? (int)parquet->leaf_count : -1;
        if (wanted[i])
            parquet->leaves[parquet->leaf_count++] = i;
    }
}

static struct rcx_source_mark parquet_mark(const void *state)
{
    const struct parquet *parquet = state;
    return (struct rcx_source_mark){.offset = parquet->row, .line = parquet->row + 1};
}

static enum rcx_status parquet_seek(void *state, struct rcx_source_mark mark, struct rcx_error *err)
{
    (void)err;
    struct parquet *parquet = state;
    parquet->row = mark.offset;
    return RCX_OK;
}

/* --- open ---------------------------------------------------------------------------------- */

static enum rcx_status describe(struct parquet *parquet, struct rcx_source_info *out_info,
                                struct rcx_error *err)
{
    size_t count = parquet->file.leaf_count;
    parquet->columns = rcx_calloc(count + 1, sizeof *parquet->columns);
    parquet->leaves = rcx_malloc_array(count + 1, sizeof *parquet->leaves);
    parquet->places = rcx_malloc_array(count + 1, sizeof *parquet->places);
    parquet->piece = rcx_malloc(PIECE_BYTES);
    if (!parquet->columns || !parquet->leaves || !parquet->places || !parquet->piece)
        return rcx_fail_nomem(err, parquet->file.path, count * sizeof *parquet->columns);
    for (size_t i = 0; i < count; i++) {
        parquet->columns[i].name = parquet->file.leaves[i].name;
        parquet->columns[i].utc = parquet->file.leaves[i].utc;
        bool readable = parquet->file.leaves[i].type != RCX_TYPE_COUNT;
        parquet->places[i] = readable ? (int)parquet->leaf_count : -1;
        if (readable)
            parquet->leaves[parquet->leaf_count++] = i;
    }
    parquet->typed = (struct rcx_source_typed){&parquet->table, parquet->places};
    out_info->columns = parquet->columns;
    out_info->column_count = count;
    out_info->typed = true;
    return RCX_OK;
}

static enum rcx_status parquet_open(const char *name, struct rcx_byte_source *bytes,
                                    struct rcx_text probe, const struct rcx_source_options *options,
                                    void **out, struct rcx_source_info *out_info,
                                    struct rcx_error *err)
{
    struct parquet *parquet = rcx_calloc(1, sizeof *parquet);
    enum rcx_status status = RCX_OK;
    if (!parquet) {
        rcx_byte_source_close(bytes);
        return rcx_fail_nomem(err, name, sizeof *parquet);
    }
    parquet->bytes = bytes;
    parquet->read = probe.length;
    size_t window = options->window_bytes ? options->window_bytes : WINDOW_BYTES;
    parquet->window_rows = window / ROW_BYTES ? window / ROW_BYTES : 1;
    parquet->chunk_rows = options->chunk_bytes ? options->chunk_bytes / ROW_BYTES + 1 : CHUNK_ROWS;
    if (rcx_byte_source_compressed(bytes) || !rcx_file_exists(name))
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: a Parquet file is read from its end, so it cannot come compressed "
                          "or through a pipe; unpack it or save it as a file first",
                          name);
    if (status == RCX_OK)
        status = rcx_parquet_refuse_damage(rcx_parquet_file_open(name, &parquet->file, err), err);
    if (status == RCX_OK)
        status = describe(parquet, out_info, err);
    if (status != RCX_OK) {
        parquet_close(parquet);
        return status;
    }
    *out = parquet;
    return RCX_OK;
}

const struct rcx_source_format rcx_source_format_parquet = {
    .name = "parquet",
    .matches = parquet_matches,
    .open = parquet_open,
    .close = parquet_close,
    .next = parquet_next,
    .prefetch = parquet_prefetch,
    .mark = parquet_mark,
    .seek = parquet_seek,
    .select = parquet_select,
};
