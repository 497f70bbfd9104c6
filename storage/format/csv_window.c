#include "storage/format/csv_window.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_record.h"

enum {
    SCAN_STEP = 16384,    /* bytes between checks that the arrays are large enough */
    GUESS_BYTES = 65536,  /* how far a cut is looked for */
    GUESS_RECORDS = 3,    /* that must look right behind a cut */
    GUESS_CANDIDATES = 64 /* line feeds that are tried */
};

/* Whether what follows `at` looks like records of `columns` fields. */
static bool looks_like_records(const struct rcx_csv_window *window, const uint8_t *bytes, size_t at,
                               size_t end)
{
    for (int i = 0; i < GUESS_RECORDS; i++) {
        enum rcx_csv_state state = RCX_CSV_FIELD_START;
        size_t fields = 0;
        at = rcx_csv_record_end(bytes, at, end, window->delimiter, &state, &fields);
        if (at == SIZE_MAX)
            return i > 0;
        if (fields != window->column_count)
            return false;
    }
    return true;
}

/* A likely beginning of a record at or behind `at`, or SIZE_MAX. */
static size_t guess_cut(const struct rcx_csv_window *window, const uint8_t *bytes, size_t at,
                        size_t end)
{
    if (end - at > GUESS_BYTES)
        end = at + GUESS_BYTES;
    size_t first = SIZE_MAX;
    size_t from = at - 1; /* a line feed just before is fine */
    for (int i = 0; i < GUESS_CANDIDATES && from < end; i++) {
        const uint8_t *line_feed = memchr(bytes + from, '\n', end - from);
        if (!line_feed)
            break;
        from = (size_t)(line_feed - bytes) + 1;
        if (first == SIZE_MAX)
            first = from;
        if (from < end && looks_like_records(window, bytes, from, end))
            return from;
    }
    return first;
}

static enum rcx_status add_piece(struct rcx_csv_window *window, const uint8_t *bytes, size_t begin,
                                 size_t end, struct rcx_error *err)
{
    size_t before = window->piece_capacity;
    if (!rcx_array_reserve(&window->pieces, &window->piece_capacity, window->piece_count + 1,
                           sizeof *window->pieces))
        return rcx_fail_nomem(err, "chunks", window->piece_count);
    if (window->piece_capacity > before)
        memset(window->pieces + before, 0,
               (window->piece_capacity - before) * sizeof *window->pieces);
    struct rcx_csv_piece *piece = &window->pieces[window->piece_count++];
    piece->begin = begin;
    piece->end = end;
    piece->scan = (struct rcx_csv_scan){.bytes = bytes,
                                        .delimiter = window->delimiter,
                                        .after_separator = 1,
                                        .field_ends = piece->scan.field_ends,
                                        .record_ends = piece->scan.record_ends};
    return RCX_OK;
}

static enum rcx_status cut(struct rcx_csv_window *window, const uint8_t *bytes, size_t begin,
                           size_t end, size_t chunk_bytes, struct rcx_error *err)
{
    window->piece_count = 0;
    size_t from = begin;
    for (size_t at = begin + chunk_bytes; at < end && end - at >= chunk_bytes / 2;
         at += chunk_bytes) {
        if (at <= from)
            continue;
        size_t to = guess_cut(window, bytes, at, end);
        if (to == SIZE_MAX || to >= end)
            continue;
        enum rcx_status status = add_piece(window, bytes, from, to, err);
        if (status != RCX_OK)
            return status;
        from = to;
    }
    return from < end ? add_piece(window, bytes, from, end, err) : RCX_OK;
}

static enum rcx_status scan_range(struct rcx_csv_piece *piece, size_t begin, size_t end,
                                  struct rcx_error *err)
{
    struct rcx_csv_scan *scan = &piece->scan;
    while (begin < end) {
        size_t to = end - begin > SCAN_STEP ? begin + SCAN_STEP : end;
        if (!rcx_array_reserve(&scan->field_ends, &piece->field_capacity,
                               scan->fields + (to - begin) + RCX_CSV_SCAN_SLACK,
                               sizeof *scan->field_ends) ||
            !rcx_array_reserve(&scan->record_ends, &piece->record_capacity,
                               scan->records + (to - begin), sizeof *scan->record_ends))
            return rcx_fail_nomem(err, "fields of a chunk", scan->fields);
        RCX_KERNEL_CALL(rcx_csv_scan_bytes)(scan, begin, to);
        begin = to;
    }
    return RCX_OK;
}

static enum rcx_status scan_piece(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    (void)worker;
    struct rcx_csv_window *window = context;
    struct rcx_csv_piece *piece = &window->pieces[chunk];
    return scan_range(piece, piece->begin, piece->end, err);
}

static bool ends_with_record(const struct rcx_csv_piece *piece)
{
    const struct rcx_csv_scan *scan = &piece->scan;
    return scan->records > 0 && scan->record_ends[scan->records - 1] == scan->fields &&
           scan->field_ends[scan->fields - 1] == piece->end - 1;
}

/* Makes every piece but the last end with a whole record. Pieces that turn out to be cut wrongly
 * are swallowed by the one before; their arrays move to the end of the list and are used again. */
static enum rcx_status verify(struct rcx_csv_window *window, struct rcx_error *err)
{
    size_t kept = 0;
    for (size_t i = 1; i < window->piece_count; i++) {
        struct rcx_csv_piece *piece = &window->pieces[kept];
        if (ends_with_record(piece)) {
            kept++;
            struct rcx_csv_piece swap = window->pieces[kept];
            window->pieces[kept] = window->pieces[i];
            window->pieces[i] = swap;
            continue;
        }
        size_t to = window->pieces[i].end;
        enum rcx_status status = scan_range(piece, piece->end, to, err);
        if (status != RCX_OK)
            return status;
        piece->end = to;
    }
    if (window->piece_count > 0)
        window->piece_count = kept + 1;
    return RCX_OK;
}

static uint64_t count_line_feeds(const uint8_t *bytes, size_t begin, size_t end)
{
    uint64_t count = 0;
    for (size_t i = begin; i < end; i++)
        count += bytes[i] == '\n';
    return count;
}

static enum rcx_status publish(struct rcx_csv_window *window, const uint8_t *bytes, size_t end,
                               uint64_t line, size_t *out_rest, uint64_t *out_line,
                               struct rcx_error *err)
{
    if (!rcx_array_reserve(&window->chunks, &window->chunk_capacity, window->piece_count,
                           sizeof *window->chunks))
        return rcx_fail_nomem(err, "chunks", window->piece_count);
    window->chunk_count = 0;
    size_t rest = end;
    for (size_t i = 0; i < window->piece_count; i++) {
        const struct rcx_csv_piece *piece = &window->pieces[i];
        const struct rcx_csv_scan *scan = &piece->scan;
        rest = piece->begin;
        if (scan->records > 0)
            rest = (size_t)scan->field_ends[scan->record_ends[scan->records - 1] - 1] + 1;
        if (scan->records > 0)
            window->chunks[window->chunk_count++] = (struct rcx_source_chunk){
                .bytes = bytes,
                .begin = (uint32_t)piece->begin,
                .records = scan->records,
                .field_ends = scan->field_ends,
                .record_ends = scan->record_ends,
                .first_line = line,
                .has_nul = scan->has_nul};
        line += scan->line_feeds;
    }
    *out_rest = rest;
    *out_line = line - count_line_feeds(bytes, rest, end);
    return RCX_OK;
}

enum rcx_status rcx_csv_window_scan(struct rcx_csv_window *window, const uint8_t *bytes,
                                    size_t begin, size_t end, size_t chunk_bytes, uint64_t line,
                                    const struct rcx_parallel *parallel, size_t *out_rest,
                                    uint64_t *out_line, struct rcx_error *err)
{
    enum rcx_status status = cut(window, bytes, begin, end, chunk_bytes, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, window->piece_count, scan_piece, window, err);
    if (status == RCX_OK)
        status = verify(window, err);
    if (status == RCX_OK)
        status = publish(window, bytes, end, line, out_rest, out_line, err);
    return status;
}

void rcx_csv_window_release(struct rcx_csv_window *window)
{
    for (size_t i = 0; i < window->piece_capacity; i++) {
        rcx_free(window->pieces[i].scan.field_ends);
        rcx_free(window->pieces[i].scan.record_ends);
    }
    rcx_free(window->pieces);
    rcx_free(window->chunks);
    *window = (struct rcx_csv_window){0};
}
