#include "storage/store/segment.h"

#include <string.h>

#include "base/memory.h"
#include "storage/store/segment_layout.h"

const char *rcx_chunk_column_name(enum rcx_chunk_column column)
{
    static const char *const names[] = {
#define X(name, per, encoding, text) [RCX_CHUNK_##name] = (text),
        RCX_CHUNK_COLUMNS(X)
#undef X
    };
    return names[column];
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

/* Reads one chunk's entry; *offset advances by the bytes of its columns. */
static bool parse_chunk(struct rcx_cursor *in, uint64_t data_end, uint64_t *offset,
                        struct rcx_chunk_info *out)
{
    uint64_t rows = rcx_cursor_varint(in), receipts = rcx_cursor_varint(in);

    out->rows = (uint32_t)rows;
    out->receipts = (uint32_t)receipts;
    out->first_customer = unzigzag(rcx_cursor_varint(in));
    out->last_customer = unzigzag(rcx_cursor_varint(in));
    for (unsigned c = 0; c < RCX_CHUNK_COLUMN_COUNT; c++) {
        struct rcx_chunk_column_info *column = &out->columns[c];

        column->encoding = rcx_cursor_u8(in);
        column->bytes = rcx_cursor_varint(in);
        column->hash = rcx_cursor_u64(in);
        column->min = unzigzag(rcx_cursor_varint(in));
        column->max = unzigzag(rcx_cursor_varint(in));
        column->nulls = (uint32_t)rcx_cursor_varint(in);
        column->offset = *offset;
        if (in->failed || column->bytes > data_end - *offset)
            return false;
        *offset += column->bytes;
    }
    return rows >= 1 && rows <= RCX_CHUNK_ROWS && receipts >= 1 && receipts <= rows;
}

static enum rcx_status parse_footer(struct rcx_segment *segment, const uint8_t *footer,
                                    uint64_t footer_bytes, struct rcx_error *err)
{
    struct rcx_cursor in = rcx_cursor_of(footer, (size_t)footer_bytes);
    uint64_t chunks = rcx_cursor_varint(&in), offset = RCX_SEGMENT_HEADER_BYTES;
    uint64_t data_end = (uint64_t)(footer - segment->map.data);

    if (in.failed || chunks > footer_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: footer names %llu chunks", segment->path,
                        (unsigned long long)chunks);
    segment->chunks = rcx_calloc((size_t)chunks + 1, sizeof *segment->chunks);
    if (!segment->chunks)
        return rcx_fail_nomem(err, segment->path, chunks * sizeof *segment->chunks);
    segment->chunk_count = (size_t)chunks;
    for (size_t i = 0; i < chunks; i++) {
        struct rcx_chunk_info *chunk = &segment->chunks[i];

        if (!parse_chunk(&in, data_end, &offset, chunk))
            return rcx_fail(err, RCX_E_CORRUPT, "%s: footer entry of chunk %zu is damaged",
                            segment->path, i);
        segment->rows += chunk->rows;
        if (chunk->first_customer != RCX_GUEST)
            segment->customer_chunks++;
    }
    if (rcx_cursor_left(&in) != 0 || offset != data_end)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: footer and chunks do not fill the file",
                        segment->path);
    return RCX_OK;
}

static enum rcx_status check_frame(const struct rcx_segment *segment, const uint8_t **out_footer,
                                   uint64_t *out_bytes, struct rcx_digest *out_digest,
                                   struct rcx_error *err)
{
    const uint8_t *data = segment->map.data;
    size_t length = segment->map.length;

    if (length < RCX_SEGMENT_HEADER_BYTES + RCX_SEGMENT_TRAILER_BYTES ||
        memcmp(data, RCX_SEGMENT_MAGIC, 8) != 0)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: not a segment (%zu bytes)", segment->path, length);
    struct rcx_cursor head = rcx_cursor_of(data + 8, 8);
    uint32_t format = rcx_cursor_u32(&head);
    if (format > RCX_SEGMENT_FORMAT)
        return rcx_fail(err, RCX_E_VERSION,
                        "%s: segment format %u, this program reads up to %d: "
                        "use a newer rcx",
                        segment->path, format, RCX_SEGMENT_FORMAT);
    struct rcx_cursor tail = rcx_cursor_of(data + length - RCX_SEGMENT_TRAILER_BYTES,
                                           RCX_SEGMENT_TRAILER_BYTES);
    uint64_t footer_bytes = rcx_cursor_u64(&tail);
    struct rcx_digest stored = {rcx_cursor_u64(&tail), rcx_cursor_u64(&tail)};
    if (memcmp(rcx_cursor_bytes(&tail, 8), RCX_SEGMENT_END_MAGIC, 8) != 0 ||
        footer_bytes > length - RCX_SEGMENT_HEADER_BYTES - RCX_SEGMENT_TRAILER_BYTES)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: the file is cut off or its end is damaged",
                        segment->path);
    const uint8_t *footer = data + length - RCX_SEGMENT_TRAILER_BYTES - footer_bytes;
    struct rcx_hasher *hasher = rcx_hasher_open();
    if (!hasher)
        return rcx_fail_nomem(err, segment->path, 0);
    rcx_hasher_update(hasher, data, RCX_SEGMENT_HEADER_BYTES);
    rcx_hasher_update(hasher, footer, (size_t)footer_bytes + 8);
    struct rcx_digest found = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    if (rcx_digest_compare(stored, found) != 0)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: checksum of the footer does not match",
                        segment->path);
    *out_footer = footer;
    *out_bytes = footer_bytes;
    *out_digest = found;
    return RCX_OK;
}

enum rcx_status rcx_segment_open(const char *path, struct rcx_segment *out, struct rcx_error *err)
{
    struct rcx_segment segment = {.path = rcx_strdup(path)};
    const uint8_t *footer = NULL;
    uint64_t footer_bytes = 0;

    if (!segment.path)
        return rcx_fail_nomem(err, path, strlen(path));
    enum rcx_status status = rcx_map_open(path, &segment.map, err);
    if (status == RCX_OK)
        status = check_frame(&segment, &footer, &footer_bytes, &segment.digest, err);
    if (status == RCX_OK)
        status = parse_footer(&segment, footer, footer_bytes, err);
    if (status != RCX_OK) {
        rcx_segment_close(&segment);
        return status;
    }
    *out = segment;
    return RCX_OK;
}

void rcx_segment_close(struct rcx_segment *segment)
{
    rcx_map_close(&segment->map);
    rcx_free(segment->chunks);
    rcx_free(segment->path);
    *segment = (struct rcx_segment){0};
}
