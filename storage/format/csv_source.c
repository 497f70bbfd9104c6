/* CSV and TSV: windows of bytes, read ahead by one, cut into chunks by csv_window.h.
 *
 * Two buffers take turns. New bytes are always read to offset `room`; the incomplete record that
 * the last window ended with is copied in front of them. An oversized record is not carried over: it
 * is walked through byte by byte, and only its beginning is kept. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/format/csv_header.h"
#include "storage/format/csv_record.h"
#include "storage/format/csv_window.h"
#include "storage/format/source_format.h"

enum {
    WINDOW_BYTES = 2 << 20,
    CHUNK_BYTES = 256 << 10,
    RECORD_BYTES = 1 << 20,
    PAGE_BYTES = 4096, /* bytes off the kernel's boundaries are copied at a third of the speed */
    PAD_BYTES =
        64, /* behind the bytes: a line feed that the file lacks, and reads of whole words */
    KEPT_BYTES = 1024 /* of an oversized record */
};

/* A record that is being walked through. */
struct walk {
    enum rcx_csv_state state;
    uint64_t line;      /* now */
    uint64_t open_line; /* of the last opening quote */
};

struct csv {
    char *name;
    struct rcx_byte_source *bytes;
    struct rcx_source_column *columns;
    struct rcx_buf header; /* its line, without the end */
    struct rcx_csv_window window;
    size_t window_bytes, chunk_bytes;
    size_t record_bytes; /* a longer record is oversized */
    size_t room;         /* at least that */
    uint8_t *buffers[2];
    unsigned current;
    struct rcx_source_mark first;  /* of the first record */
    struct rcx_source_mark mark;   /* of the first byte that has not been delivered */
    size_t carry_begin, carry_end; /* in the current buffer */
    bool pending;                  /* the other buffer holds the next bytes: */
    size_t pending_begin, pending_end;
    bool ended; /* nothing comes behind the pending bytes */
    bool done;
    bool skipping;
    struct walk walk;
    struct rcx_source_mark skip_mark; /* where the oversized record begins */
    size_t kept_length;
    char kept[KEPT_BYTES];
};

static size_t buffer_bytes(const struct csv *csv)
{
    return csv->room + csv->window_bytes + PAD_BYTES;
}

static bool csv_matches(const uint8_t *bytes, size_t length)
{
    (void)bytes;
    return length > 0; /* whatever is nothing else is text */
}

static void csv_close(void *state)
{
    struct csv *csv = state;
    if (!csv)
        return;
    for (int i = 0; i < 2; i++)
        if (csv->buffers[i])
            rcx_pages_free(csv->buffers[i], buffer_bytes(csv));
    rcx_csv_columns_release(csv->columns, csv->window.column_count);
    rcx_csv_window_release(&csv->window); /* forgets the count */
    rcx_byte_source_close(csv->bytes);
    rcx_buf_release(&csv->header);
    rcx_free(csv->name);
    rcx_free(csv);
}

static enum rcx_status csv_prefetch(void *state, struct rcx_error *err)
{
    struct csv *csv = state;
    if (!csv->pending)
        csv->pending_begin = csv->pending_end = csv->room;
    size_t have = csv->pending_end - csv->room, got = 0;
    if (csv->ended || have == csv->window_bytes)
        return RCX_OK;
    uint8_t *buffer = csv->buffers[1 - csv->current] + csv->room;
    enum rcx_status status = rcx_byte_source_read(csv->bytes, buffer + have,
                                                  csv->window_bytes - have, &got, err);
    if (status != RCX_OK)
        return status;
    csv->pending = true;
    csv->pending_end += got;
    csv->ended = got < csv->window_bytes - have;
    return RCX_OK;
}

/* Walks to the end of the record; the position behind it, or SIZE_MAX. */
static size_t walk_on(struct walk *walk, const uint8_t *bytes, size_t begin, size_t end,
                      uint8_t delimiter)
{
    for (size_t i = begin; i < end; i++) {
        enum rcx_csv_state before = walk->state;
        size_t found = rcx_csv_record_end(bytes, i, i + 1, delimiter, &walk->state, NULL);
        if (before == RCX_CSV_FIELD_START && walk->state == RCX_CSV_QUOTED)
            walk->open_line = walk->line;
        walk->line += bytes[i] == '\n';
        if (found != SIZE_MAX)
            return found;
    }
    return SIZE_MAX;
}

static enum rcx_status fail_unclosed(const struct csv *csv, uint64_t line, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_INPUT,
                    "%s:%llu: the quoted field that begins on this line is never closed; "
                    "close it, or double the quote when it is part of the text",
                    csv->name, (unsigned long long)line);
}

/* Takes the pending bytes, behind what was carried over, as the current window [*begin, *end). */
static enum rcx_status take_bytes(struct csv *csv, size_t *begin, size_t *end,
                                  struct rcx_error *err)
{
    enum rcx_status status = csv_prefetch(csv, err);
    if (status != RCX_OK)
        return status;
    const uint8_t *old = csv->buffers[csv->current];
    size_t carried = csv->carry_end - csv->carry_begin;
    csv->current = 1 - csv->current;
    uint8_t *bytes = csv->buffers[csv->current];
    *begin = csv->pending ? csv->pending_begin : csv->room;
    *end = csv->pending ? csv->pending_end : csv->room;
    assert(carried <= *begin);
    *begin -= carried;
    if (carried > 0)
        memcpy(bytes + *begin, old + csv->carry_begin, carried);
    csv->pending = false;
    csv->carry_begin = csv->carry_end = 0;
    if (csv->ended && *end > *begin && bytes[*end - 1] != '\n')
        bytes[(*end)++] = '\n';
    memset(bytes + *end, 0,
           buffer_bytes(csv) - *end < PAD_BYTES ? buffer_bytes(csv) - *end : PAD_BYTES);
    return RCX_OK;
}

/* Goes on through an oversized record; *begin moves behind it, or to the end. */
static void skip_on(struct csv *csv, size_t *begin, size_t end, struct rcx_source_window *out)
{
    const uint8_t *bytes = csv->buffers[csv->current];
    size_t found = walk_on(&csv->walk, bytes, *begin, end, csv->window.delimiter);
    size_t to = found == SIZE_MAX ? end : found;
    csv->mark.offset += to - *begin;
    csv->mark.line = csv->walk.line;
    *begin = to;
    if (found == SIZE_MAX)
        return;
    csv->skipping = false;
    out->oversized = (struct rcx_source_oversized){csv->skip_mark.line,
                                                   {csv->kept, csv->kept_length}};
}

static void start_skipping(struct csv *csv, size_t rest, size_t end)
{
    const uint8_t *bytes = csv->buffers[csv->current];
    csv->skipping = true;
    csv->skip_mark = csv->mark;
    csv->kept_length = end - rest < KEPT_BYTES ? end - rest : KEPT_BYTES;
    memcpy(csv->kept, bytes + rest, csv->kept_length);
    csv->walk = (struct walk){RCX_CSV_FIELD_START, csv->mark.line, csv->mark.line};
    walk_on(&csv->walk, bytes, rest, end, csv->window.delimiter);
    csv->mark.offset += end - rest;
    csv->mark.line = csv->walk.line;
}

static enum rcx_status scan_window(struct csv *csv, size_t begin, size_t end,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_source_window *out, struct rcx_error *err)
{
    const uint8_t *bytes = csv->buffers[csv->current];
    size_t rest = end;
    uint64_t line = csv->mark.line;
    enum rcx_status status = rcx_csv_window_scan(&csv->window, bytes, begin, end, csv->chunk_bytes,
                                                 line, parallel, &rest, &line, err);
    if (status != RCX_OK)
        return status;
    csv->mark.offset += rest - begin;
    csv->mark.line = line;
    out->chunk_count = csv->window.chunk_count;
    out->chunks = csv->window.chunks;
    if (rest == end)
        return RCX_OK;
    if (csv->ended) {
        struct walk walk = {RCX_CSV_FIELD_START, line, line};
        walk_on(&walk, bytes, rest, end, csv->window.delimiter);
        return fail_unclosed(csv, walk.open_line, err);
    }
    if (end - rest > csv->record_bytes) {
        start_skipping(csv, rest, end);
    } else {
        csv->carry_begin = rest;
        csv->carry_end = end;
    }
    return RCX_OK;
}

static enum rcx_status csv_next(void *state, const struct rcx_parallel *parallel,
                                struct rcx_source_window *out, struct rcx_error *err)
{
    struct csv *csv = state;
    *out = (struct rcx_source_window){0};
    while (!csv->done && out->chunk_count == 0 && out->oversized.line == 0) {
        size_t begin = 0, end = 0;
        enum rcx_status status = take_bytes(csv, &begin, &end, err);
        if (status != RCX_OK)
            return status;
        csv->done = csv->ended;
        if (csv->skipping)
            skip_on(csv, &begin, end, out);
        if (csv->skipping && csv->done)
            return fail_unclosed(csv, csv->walk.open_line, err);
        if (begin < end)
            status = scan_window(csv, begin, end, parallel, out, err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

static struct rcx_source_mark csv_mark(const void *state)
{
    const struct csv *csv = state;
    return csv->skipping ? csv->skip_mark : csv->mark;
}

static enum rcx_status csv_seek(void *state, struct rcx_source_mark mark, struct rcx_error *err)
{
    struct csv *csv = state;
    csv->mark = mark.offset == 0 ? csv->first : mark;
    csv->carry_begin = csv->carry_end = 0;
    csv->pending = csv->ended = csv->done = csv->skipping = false;
    return rcx_byte_source_seek(csv->bytes, csv->mark.offset, err);
}

static enum rcx_status fail_line_ends(const struct csv *csv, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: lines end with CR alone; expected LF or CRLF (tr '\\r' '\\n' converts)",
                    csv->name);
}

/* Reads the first bytes into the buffer that will be taken first, and the header from them. */
static enum rcx_status read_header(struct csv *csv, struct rcx_text probe, char delimiter,
                                   struct rcx_error *err)
{
    uint8_t *bytes = csv->buffers[1 - csv->current] + csv->room;
    size_t got = 0;
    size_t most = csv->window_bytes < csv->record_bytes ? csv->window_bytes : csv->record_bytes;
    if (most < probe.length)
        most = csv->window_bytes;
    memcpy(bytes, probe.data, probe.length);
    enum rcx_status status = rcx_byte_source_read(csv->bytes, bytes + probe.length,
                                                  most - probe.length, &got, err);
    if (status != RCX_OK)
        return status;
    size_t length = probe.length + got;
    size_t begin = rcx_csv_bom_bytes(bytes, length);
    csv->ended = length < most;
    if (csv->ended && bytes[length - 1] != '\n')
        bytes[length++] = '\n';
    uint64_t lines = 0;
    uint8_t named = 0;
    begin += rcx_csv_preface_bytes(bytes + begin, length - begin, &lines, &named);
    if (begin == length && csv->ended)
        return rcx_fail(err, RCX_E_INPUT, "%s: the file is empty", csv->name);
    csv->window.delimiter = delimiter ? (uint8_t)delimiter
                            : named   ? named
                                      : rcx_csv_find_delimiter(bytes + begin, length - begin);
    struct walk walk = {RCX_CSV_FIELD_START, lines + 1, lines + 1};
    size_t header_end = walk_on(&walk, bytes, begin, length, csv->window.delimiter);
    if (header_end == SIZE_MAX && csv->ended)
        return fail_unclosed(csv, walk.open_line, err);
    if (header_end == SIZE_MAX && memchr(bytes, '\r', length))
        return fail_line_ends(csv, err);
    if (header_end == SIZE_MAX)
        return rcx_fail(err, RCX_E_INPUT, "%s: no end of the header line in the first %zu bytes",
                        csv->name, length);
    if (memchr(bytes + begin, 0, header_end - begin))
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: the header line has NUL bytes; expected CSV or TSV text (UTF-8 or "
                        "Windows-1252), plain, .gz or .zst",
                        csv->name);
    if (csv->ended && header_end == length && length > 2 && memchr(bytes, '\r', length - 2))
        return fail_line_ends(csv, err);
    size_t line_end = header_end - 1;
    if (line_end > begin && bytes[line_end - 1] == '\r')
        line_end--;
    if (!rcx_buf_append(&csv->header, bytes + begin, line_end - begin))
        return rcx_fail_nomem(err, csv->name, line_end);
    csv->first = (struct rcx_source_mark){header_end, walk.line};
    csv->mark = csv->first;
    csv->pending = true;
    csv->pending_begin = csv->room + header_end;
    csv->pending_end = csv->room + length;
    return rcx_csv_columns_parse(bytes + begin, header_end - begin, csv->window.delimiter,
                                 &csv->columns, &csv->window.column_count, err);
}

static enum rcx_status csv_open(const char *name, struct rcx_byte_source *bytes,
                                struct rcx_text probe, const struct rcx_source_options *options,
                                void **out, struct rcx_source_info *out_info, struct rcx_error *err)
{
    struct csv *csv = rcx_calloc(1, sizeof *csv);
    if (!csv) {
        rcx_byte_source_close(bytes);
        return rcx_fail_nomem(err, name, sizeof *csv);
    }
    csv->bytes = bytes;
    csv->record_bytes = options->max_record_bytes ? options->max_record_bytes : RECORD_BYTES;
    csv->record_bytes++; /* the CR of a line end does not count */
    csv->room = (csv->record_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    csv->chunk_bytes = options->chunk_bytes ? options->chunk_bytes : CHUNK_BYTES;
    csv->window_bytes = options->window_bytes ? options->window_bytes : WINDOW_BYTES;
    if (csv->window_bytes < 2 * probe.length)
        csv->window_bytes = 2 * probe.length;
    csv->name = rcx_strdup(name);
    for (int i = 0; i < 2; i++)
        csv->buffers[i] = rcx_pages_alloc(buffer_bytes(csv));
    enum rcx_status status = RCX_OK;
    if (!csv->name || !csv->buffers[0] || !csv->buffers[1])
        status = rcx_fail_nomem(err, name, 2 * buffer_bytes(csv));
    if (status == RCX_OK)
        status = read_header(csv, probe, options->delimiter, err);
    if (status != RCX_OK) {
        csv_close(csv);
        return status;
    }
    *out = csv;
    out_info->delimiter = (char)csv->window.delimiter;
    out_info->header = (struct rcx_text){(const char *)csv->header.data, csv->header.length};
    out_info->columns = csv->columns;
    out_info->column_count = csv->window.column_count;
    return RCX_OK;
}

const struct rcx_source_format rcx_source_format_csv = {
    .name = "csv",
    .matches = csv_matches,
    .open = csv_open,
    .close = csv_close,
    .next = csv_next,
    .prefetch = csv_prefetch,
    .mark = csv_mark,
    .seek = csv_seek,
};
