#include "storage/format/xlsx_stream.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/format/xlsx_scan.h"

enum {
    HEAD_PIECE_BYTES = 64 << 10,
    MOST_HEAD_BYTES = 8 << 20, /* of what stands before the rows */
    SLICE_BYTES = 16 << 10     /* fed to expat at a time, so that the rows do not grow at once */
};

struct piece {
    struct rcx_xlsx_scan scan;
    enum rcx_xlsx_scan_result result;
    struct rcx_xlsx_rows rows;
};

struct rcx_xlsx_stream {
    struct rcx_xlsx_stream_options options;
    const struct rcx_xlsx_context *context;
    size_t column_count;
    struct rcx_xlsx_part *part;
    size_t room;
    uint8_t *buffers[2];
    unsigned current;
    size_t begin, end;  /* in the current buffer: bytes that have not become rows */
    size_t pending_end; /* in the other one: bytes of the next window begin at `room` */
    bool ended;         /* nothing comes behind the pending bytes */
    uint64_t consumed;
    struct rcx_buf head; /* the sheet up to <sheetData> */
    bool has_dyn, header_done, done;
    struct rcx_xlsx_sheet_reader *reader; /* NULL: scanning */
    size_t piece_count, piece_capacity;
    struct piece *pieces;
    struct rcx_source_chunk *chunks;
    size_t chunk_capacity;
};

static size_t buffer_bytes(const struct rcx_xlsx_stream *stream)
{
    return stream->room + stream->options.window_bytes + RCX_XLSX_SCAN_PAD;
}

struct rcx_xlsx_stream *rcx_xlsx_stream_new(const struct rcx_xlsx_stream_options *options)
{
    struct rcx_xlsx_stream *stream = rcx_calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->options = *options;
    stream->room = options->window_bytes + MOST_HEAD_BYTES;
    for (int i = 0; i < 2; i++) {
        stream->buffers[i] = rcx_pages_alloc(buffer_bytes(stream));
        if (!stream->buffers[i]) {
            rcx_xlsx_stream_release(stream);
            return NULL;
        }
    }
    return stream;
}

static void close_sheet(struct rcx_xlsx_stream *stream)
{
    rcx_xlsx_sheet_close(stream->reader);
    rcx_xlsx_part_close(stream->part);
    stream->reader = NULL;
    stream->part = NULL;
}

void rcx_xlsx_stream_release(struct rcx_xlsx_stream *stream)
{
    if (!stream)
        return;
    close_sheet(stream);
    for (int i = 0; i < 2; i++)
        if (stream->buffers[i])
            rcx_pages_free(stream->buffers[i], buffer_bytes(stream));
    for (size_t i = 0; i < stream->piece_capacity; i++)
        rcx_xlsx_rows_release(&stream->pieces[i].rows);
    rcx_free(stream->pieces);
    rcx_free(stream->chunks);
    rcx_buf_release(&stream->head);
    rcx_free(stream);
}

static bool reserve_pieces(struct rcx_xlsx_stream *stream, size_t count)
{
    size_t had = stream->piece_capacity;
    if (!rcx_array_reserve(&stream->pieces, &stream->piece_capacity, count,
                           sizeof *stream->pieces) ||
        !rcx_array_reserve(&stream->chunks, &stream->chunk_capacity, count, sizeof *stream->chunks))
        return false;
    for (size_t i = had; i < stream->piece_capacity; i++)
        memset(&stream->pieces[i], 0, sizeof stream->pieces[i]);
    return true;
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* Unpacks until the next window has `bytes` bytes. */
static enum rcx_status unpack(struct rcx_xlsx_stream *stream, size_t bytes, struct rcx_error *err)
{
    size_t have = stream->pending_end - stream->room, got = 0;
    if (stream->ended || have >= bytes)
        return RCX_OK;
    uint8_t *buffer = stream->buffers[1 - stream->current];
    enum rcx_status status = rcx_xlsx_part_read(stream->part, buffer + stream->pending_end,
                                                bytes - have, &got, err);
    if (status != RCX_OK)
        return status;
    stream->ended = got < bytes - have;
    stream->pending_end += got;
    stream->consumed += got;
    return RCX_OK;
}

enum rcx_status rcx_xlsx_stream_prefetch(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    return stream->part ? unpack(stream, stream->options.window_bytes, err) : RCX_OK;
}

/* The next window becomes the current one, behind what is left of this one. */
static enum rcx_status take_window(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    enum rcx_status status = rcx_xlsx_stream_prefetch(stream, err);
    if (status != RCX_OK)
        return status;
    size_t carried = stream->end - stream->begin;
    uint8_t *next = stream->buffers[1 - stream->current];
    memcpy(next + stream->room - carried, stream->buffers[stream->current] + stream->begin,
           carried);
    stream->current = 1 - stream->current;
    stream->begin = stream->room - carried;
    stream->end = stream->pending_end;
    memset(next + stream->end, 0, RCX_XLSX_SCAN_PAD);
    stream->pending_end = stream->room;
    return RCX_OK;
}

/* --- the head -------------------------------------------------------------------------------- */

/* Whether what follows can be scanned: UTF-8, and rows without a prefix. */
static bool is_scannable(struct rcx_xlsx_stream *stream)
{
    const char *head = (const char *)stream->head.data;
    size_t length = stream->head.length, start = length < 200 ? length : 200;
    static const char tag[] = "<sheetData>";
    stream->has_dyn = memmem(head, length, "xmlns:x14ac=", 12) != NULL;
    if (length < sizeof tag || memcmp(head + length - (sizeof tag - 1), tag, sizeof tag - 1) != 0)
        return false;
    const char *encoding = memmem(head, start, "encoding=", 9);
    return !encoding || strncasecmp(encoding + 10, "utf-8", 5) == 0;
}

static struct rcx_xlsx_rows *reader_rows(struct rcx_xlsx_stream *stream)
{
    struct rcx_xlsx_rows *rows = &stream->pieces[0].rows;
    rows->column_count = stream->column_count;
    rows->max_record_bytes = stream->options.max_record_bytes;
    return rows;
}

/* From here on expat reads the sheet; it is told the head once more. */
static enum rcx_status start_reader(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    if (!reserve_pieces(stream, 1))
        return rcx_fail_nomem(err, stream->context->name, 0);
    struct rcx_xlsx_rows *rows = reader_rows(stream);
    rows->begin = rows->length = rows->fields = rows->first_field = rows->records = 0;
    stream->reader = rcx_xlsx_sheet_open(stream->context, rows);
    if (!stream->reader)
        return rcx_fail_nomem(err, stream->context->name, 0);
    return rcx_xlsx_sheet_feed(stream->reader, stream->head.data, stream->head.length, false, err);
}

/* Reads up to <sheetData>; what was read beyond it is left as the beginning of the first window. */
static enum rcx_status read_head(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    struct rcx_xlsx_rows none = {0};
    uint8_t *bytes = stream->buffers[stream->current];
    size_t length = 0, got = HEAD_PIECE_BYTES;
    struct rcx_xlsx_sheet_reader *finder = rcx_xlsx_sheet_open(stream->context, &none);
    if (!finder)
        return rcx_fail_nomem(err, stream->context->name, 0);
    rcx_xlsx_sheet_set_until(finder, RCX_XLSX_UNTIL_DATA);
    enum rcx_status status = RCX_OK;
    while (status == RCX_OK && got == HEAD_PIECE_BYTES && !rcx_xlsx_sheet_stopped(finder) &&
           length + HEAD_PIECE_BYTES <= MOST_HEAD_BYTES) {
        status = rcx_xlsx_part_read(stream->part, bytes + length, HEAD_PIECE_BYTES, &got, err);
        if (status == RCX_OK)
            status = rcx_xlsx_sheet_feed(finder, bytes + length, got, got < HEAD_PIECE_BYTES, err);
        length += got;
    }
    size_t head = (size_t)rcx_xlsx_sheet_data_begin(finder);
    rcx_xlsx_sheet_close(finder);
    stream->consumed += length;
    stream->ended = got < HEAD_PIECE_BYTES;
    if (status == RCX_OK && (head == 0 || head > length))
        status = rcx_fail(err, RCX_E_INPUT, "%s: has no rows that can be read",
                          stream->context->name);
    if (status == RCX_OK && !rcx_buf_append(&stream->head, bytes, head))
        status = rcx_fail_nomem(err, stream->context->name, head);
    stream->begin = head;
    stream->end = length;
    return status;
}

enum rcx_status rcx_xlsx_stream_open(struct rcx_xlsx_stream *stream, struct rcx_xlsx_zip *zip,
                                     const char *part, const struct rcx_xlsx_context *context,
                                     size_t column_count, struct rcx_error *err)
{
    close_sheet(stream);
    stream->context = context;
    stream->column_count = column_count;
    stream->pending_end = stream->room;
    stream->ended = stream->done = stream->header_done = false;
    stream->consumed = 0;
    rcx_buf_clear(&stream->head);
    enum rcx_status status = rcx_xlsx_part_open(zip, part, &stream->part, err);
    if (status == RCX_OK)
        status = read_head(stream, err);
    if (status == RCX_OK && !is_scannable(stream))
        status = start_reader(stream, err);
    return status;
}

/* --- scanning -------------------------------------------------------------------------------- */

/* The last "<row" at or behind `from`; SIZE_MAX: there is none. */
static size_t last_row(const uint8_t *bytes, size_t from, size_t end)
{
    while (end > from) {
        const uint8_t *found = memrchr(bytes + from, '<', end - from);
        if (!found)
            return SIZE_MAX;
        size_t at = (size_t)(found - bytes);
        if (memcmp(found, "<row", 4) == 0)
            return at;
        end = at;
    }
    return SIZE_MAX;
}

static size_t first_row(const uint8_t *bytes, size_t from, size_t end)
{
    const uint8_t *found = from < end ? memmem(bytes + from, end - from, "<row", 4) : NULL;
    return found ? (size_t)(found - bytes) : end;
}

/* Cuts [begin, end) into pieces that begin with rows. */
static enum rcx_status cut(struct rcx_xlsx_stream *stream, size_t end, struct rcx_error *err)
{
    const uint8_t *bytes = stream->buffers[stream->current];
    size_t step = stream->options.chunk_bytes;
    stream->piece_count = 0;
    if (!reserve_pieces(stream, (end - stream->begin) / step + 1)) /* the scans point into them */
        return rcx_fail_nomem(err, stream->context->name, end - stream->begin);
    for (size_t at = stream->begin; at < end;) {
        size_t next = end - at > step ? first_row(bytes, at + step, end) : end;
        struct piece *piece = &stream->pieces[stream->piece_count++];
        struct rcx_xlsx_rows *rows = &piece->rows;
        rows->column_count = stream->column_count;
        rows->max_record_bytes = stream->options.max_record_bytes;
        rows->length = rows->begin = rows->fields = rows->first_field = rows->records = 0;
        piece->scan = (struct rcx_xlsx_scan){.context = stream->context,
                                             .bytes = bytes,
                                             .at = at,
                                             .end = next,
                                             .has_dyn = stream->has_dyn,
                                             .most_bytes = 4 * step,
                                             .rows = rows};
        at = next;
    }
    return RCX_OK;
}

/* Item 0 unpacks half of the next window, the others are the pieces of this one. */
static enum rcx_status work(void *context, size_t item, unsigned worker, struct rcx_error *err)
{
    struct rcx_xlsx_stream *stream = context;
    (void)worker;
    if (item == 0)
        return unpack(stream, stream->options.window_bytes / 2, err);
    struct piece *piece = &stream->pieces[item - 1];
    piece->result = rcx_xlsx_scan(&piece->scan);
    return piece->result == RCX_XLSX_SCAN_NOMEM ? rcx_fail_nomem(err, stream->context->name, 0)
                                                : RCX_OK;
}

/* The pieces up to the first that did not come to its end stand; where reading goes on. */
static enum rcx_xlsx_scan_result settle(struct rcx_xlsx_stream *stream, size_t end)
{
    for (size_t i = 0; i < stream->piece_count; i++) {
        struct piece *piece = &stream->pieces[i];
        if (piece->result == RCX_XLSX_SCAN_DONE)
            continue;
        stream->piece_count = i + 1;
        stream->begin = piece->scan.at;
        return piece->result;
    }
    stream->begin = end;
    return RCX_XLSX_SCAN_DONE;
}

/* The rows are over: what follows must be XML as well. */
static enum rcx_status check_tail(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    struct rcx_xlsx_rows none = {0};
    struct rcx_xlsx_sheet_reader *reader = rcx_xlsx_sheet_open(stream->context, &none);
    if (!reader)
        return rcx_fail_nomem(err, stream->context->name, 0);
    enum rcx_status status = rcx_xlsx_sheet_feed(reader, stream->head.data, stream->head.length,
                                                 false, err);
    for (bool last = false; status == RCX_OK && !last;) {
        last = stream->ended && stream->pending_end == stream->room;
        status = rcx_xlsx_sheet_feed(reader, stream->buffers[stream->current] + stream->begin,
                                     stream->end - stream->begin, last, err);
        stream->begin = stream->end;
        if (status == RCX_OK && !last)
            status = take_window(stream, err);
    }
    rcx_xlsx_sheet_close(reader);
    return status;
}

static enum rcx_status scan_window(struct rcx_xlsx_stream *stream,
                                   const struct rcx_parallel *parallel, struct rcx_error *err)
{
    const uint8_t *bytes = stream->buffers[stream->current];
    bool all = stream->ended && stream->pending_end == stream->room;
    size_t end = all ? stream->end : last_row(bytes, stream->begin + 1, stream->end);
    stream->piece_count = 0;
    if (end == SIZE_MAX)
        return stream->end - stream->begin < stream->options.window_bytes
                   ? RCX_OK                     /* more bytes are needed */
                   : start_reader(stream, err); /* a row as long as the window */
    enum rcx_status status = cut(stream, end, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, stream->piece_count + 1, work, stream, err);
    if (status != RCX_OK)
        return status;
    size_t begin = stream->begin;
    enum rcx_xlsx_scan_result result = settle(stream, end);
    if (result == RCX_XLSX_SCAN_OTHER || (result == RCX_XLSX_SCAN_DONE && all)) {
        stream->begin = begin;
        stream->piece_count = 0;
        return start_reader(stream, err);
    }
    if (result == RCX_XLSX_SCAN_END) {
        stream->done = true;
        return check_tail(stream, err);
    }
    return RCX_OK;
}

/* --- expat ----------------------------------------------------------------------------------- */

static enum rcx_status read_window(struct rcx_xlsx_stream *stream, struct rcx_error *err)
{
    struct rcx_xlsx_rows *rows = &stream->pieces[0].rows;
    size_t most = 16 * stream->options.chunk_bytes;
    bool all = stream->ended && stream->pending_end == stream->room;
    enum rcx_status status = RCX_OK;
    rcx_xlsx_rows_clear(rows);
    stream->piece_count = 1;
    while (status == RCX_OK && rows->length < most && !stream->done) {
        size_t left = stream->end - stream->begin;
        size_t step = left < SLICE_BYTES ? left : SLICE_BYTES;
        bool last = all && step == left;
        if (step == 0 && !last)
            break;
        status = rcx_xlsx_sheet_feed(
            stream->reader, stream->buffers[stream->current] + stream->begin, step, last, err);
        stream->begin += step;
        stream->done = last;
    }
    return status;
}

/* --- windows --------------------------------------------------------------------------------- */

/* Takes the header away from the first record of the sheet. */
static void drop_header(struct rcx_source_chunk *chunk, uint32_t *record_ends)
{
    uint32_t fields = record_ends[0];
    chunk->begin = chunk->field_ends[fields - 1] + 1;
    chunk->field_ends += fields;
    chunk->records--;
    chunk->record_ends = record_ends + 1;
    chunk->record_lines++;
    chunk->first_line = chunk->records > 0 ? chunk->record_lines[0] : 0;
    for (size_t r = 1; r <= chunk->records; r++)
        record_ends[r] -= fields;
}

static size_t publish(struct rcx_xlsx_stream *stream)
{
    size_t count = 0;
    for (size_t i = 0; i < stream->piece_count; i++) {
        const struct rcx_xlsx_rows *rows = &stream->pieces[i].rows;
        if (rows->records == 0)
            continue;
        struct rcx_source_chunk chunk = rcx_xlsx_rows_chunk(rows);
        if (!stream->header_done)
            drop_header(&chunk, rows->record_ends);
        stream->header_done = true;
        if (chunk.records > 0)
            stream->chunks[count++] = chunk;
    }
    return count;
}

enum rcx_status rcx_xlsx_stream_next(struct rcx_xlsx_stream *stream,
                                     const struct rcx_parallel *parallel,
                                     const struct rcx_source_chunk **out, size_t *out_count,
                                     struct rcx_error *err)
{
    size_t count = 0;
    while (count == 0 && !stream->done) {
        enum rcx_status status = RCX_OK;
        /* After a window that was too full to be finished there are rows left to begin with. */
        bool more = !(stream->ended && stream->pending_end == stream->room);
        if (more && (stream->reader ? stream->begin == stream->end
                                    : last_row(stream->buffers[stream->current], stream->begin + 1,
                                               stream->end) == SIZE_MAX))
            status = take_window(stream, err);
        if (status == RCX_OK && !stream->reader)
            status = scan_window(stream, parallel, err);
        if (status == RCX_OK && stream->reader)
            status = read_window(stream, err);
        if (status != RCX_OK)
            return status;
        count = publish(stream);
    }
    *out = stream->chunks;
    *out_count = count;
    return RCX_OK;
}

uint64_t rcx_xlsx_stream_consumed(const struct rcx_xlsx_stream *stream)
{
    return stream->consumed;
}
