#include <string.h>

#include "base/memory.h"
#include "storage/store/segment.h"
#include "storage/store/segment_layout.h"

struct rcx_segment_writer {
    struct rcx_file_writer *file;
    struct rcx_buf header, footer;
    uint64_t chunks;
};

static void release(struct rcx_segment_writer *writer)
{
    rcx_buf_release(&writer->header);
    rcx_buf_release(&writer->footer);
    rcx_free(writer);
}

enum rcx_status rcx_segment_writer_open(const char *path, bool no_sync,
                                        struct rcx_segment_writer **out, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = no_sync};
    struct rcx_segment_writer *writer = rcx_calloc(1, sizeof *writer);

    if (!writer)
        return rcx_fail_nomem(err, path, sizeof *writer);
    rcx_buf_append(&writer->header, RCX_SEGMENT_MAGIC, 8);
    rcx_buf_append_u32(&writer->header, RCX_SEGMENT_FORMAT);
    rcx_buf_append_u32(&writer->header, 0);
    enum rcx_status status = writer->header.failed
                                 ? rcx_fail_nomem(err, path, RCX_SEGMENT_HEADER_BYTES)
                                 : rcx_file_writer_open(path, &options, &writer->file, err);
    if (status == RCX_OK)
        status = rcx_file_writer_write(writer->file, writer->header.data, writer->header.length,
                                       err);
    if (status != RCX_OK) {
        rcx_segment_writer_abort(writer);
        return status;
    }
    *out = writer;
    return RCX_OK;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

enum rcx_status rcx_segment_writer_add(struct rcx_segment_writer *writer,
                                       const struct rcx_chunk_info *info, const void *bytes,
                                       size_t length, struct rcx_error *err)
{
    struct rcx_buf *footer = &writer->footer;

    rcx_buf_append_varint(footer, info->rows);
    rcx_buf_append_varint(footer, info->receipts);
    rcx_buf_append_varint(footer, zigzag(info->first_customer));
    rcx_buf_append_varint(footer, zigzag(info->last_customer));
    for (unsigned c = 0; c < RCX_CHUNK_COLUMN_COUNT; c++) {
        const struct rcx_chunk_column_info *column = &info->columns[c];

        rcx_buf_append_byte(footer, column->encoding);
        rcx_buf_append_varint(footer, column->bytes);
        rcx_buf_append_u64(footer, column->hash);
        rcx_buf_append_varint(footer, zigzag(column->min));
        rcx_buf_append_varint(footer, zigzag(column->max));
        rcx_buf_append_varint(footer, column->nulls);
    }
    if (footer->failed)
        return rcx_fail_nomem(err, "segment footer", footer->length);
    writer->chunks++;
    return rcx_file_writer_write(writer->file, bytes, length, err);
}

enum rcx_status rcx_segment_writer_commit(struct rcx_segment_writer *writer,
                                          struct rcx_digest *out_digest, uint64_t *out_bytes,
                                          struct rcx_error *err)
{
    struct rcx_buf tail = {0}, covered = {0};
    enum rcx_status status;

    rcx_buf_append_varint(&tail, writer->chunks);
    rcx_buf_append(&tail, writer->footer.data, writer->footer.length);
    rcx_buf_append_u64(&tail, tail.length);
    rcx_buf_append(&covered, writer->header.data, writer->header.length);
    rcx_buf_append(&covered, tail.data, tail.length);
    struct rcx_digest digest = rcx_hash128(covered.data, covered.length);
    rcx_buf_append_u64(&tail, digest.low);
    rcx_buf_append_u64(&tail, digest.high);
    rcx_buf_append(&tail, RCX_SEGMENT_END_MAGIC, 8);
    if (tail.failed || covered.failed) {
        status = rcx_fail_nomem(err, "segment footer", tail.length);
        rcx_file_writer_abort(writer->file);
    } else {
        status = rcx_file_writer_write(writer->file, tail.data, tail.length, err);
        *out_bytes = rcx_file_writer_position(writer->file);
        *out_digest = digest;
        if (status == RCX_OK)
            status = rcx_file_writer_commit(writer->file, err);
        else
            rcx_file_writer_abort(writer->file);
    }
    writer->file = NULL;
    rcx_buf_release(&tail);
    rcx_buf_release(&covered);
    release(writer);
    return status;
}

void rcx_segment_writer_abort(struct rcx_segment_writer *writer)
{
    if (!writer)
        return;
    rcx_file_writer_abort(writer->file);
    release(writer);
}
