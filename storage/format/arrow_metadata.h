#pragma once
/* The metadata of Arrow's IPC file (arrow.apache.org/docs/format/Columnar.html; Schema.fbs,
 * Message.fbs, File.fbs): schema, batches, dictionaries, footer. */
#include "base/buf.h"
#include "storage/format/flat_builder.h"
#include "storage/format/sink_format.h"

enum rcx_arrow_codec { RCX_ARROW_PLAIN = -1, RCX_ARROW_LZ4 = 0, RCX_ARROW_ZSTD = 1 };

/* Where a message stands in the file. */
struct rcx_arrow_block {
    uint64_t offset, metadata_bytes, body_bytes;
};

/* What a batch of rows, or of a dictionary's texts, consists of. */
struct rcx_arrow_batch {
    uint64_t rows;
    const uint64_t *nodes; /* [columns][2]: rows, nulls */
    size_t node_count;
    const uint64_t *buffers; /* [][2]: offset in the body, bytes */
    size_t buffer_count;
    uint64_t body_bytes;
    enum rcx_arrow_codec codec;
    int64_t dictionary; /* -1: rows */
};

/* Each appends a message: its frame, the metadata, and padding to 8 bytes; the body follows.
 * `out->failed` when memory runs out. */
void rcx_arrow_append_schema(const struct rcx_sink *sink, struct rcx_flat *flat,
                             struct rcx_buf *out);
void rcx_arrow_append_batch(const struct rcx_arrow_batch *batch, struct rcx_flat *flat,
                            struct rcx_buf *out);
/* Appends the end of the stream, the footer (with the sink's entries) and the closing magic. */
void rcx_arrow_append_footer(const struct rcx_sink *sink,
                             const struct rcx_arrow_block *dictionaries, size_t dictionary_count,
                             const struct rcx_arrow_block *batches, size_t batch_count,
                             struct rcx_flat *flat, struct rcx_buf *out);
