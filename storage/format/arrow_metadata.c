#include "storage/format/arrow_metadata.h"

#include "base/memory.h"

/* Numbers of Schema.fbs and Message.fbs, under their names there. */
enum { VERSION_V5 = 4 };
enum { HEADER_SCHEMA = 1, HEADER_DICTIONARY = 2, HEADER_RECORD_BATCH = 3 };
enum type {
    TYPE_INT = 2,
    TYPE_FLOATING_POINT = 3,
    TYPE_UTF8 = 5,
    TYPE_BOOL = 6,
    TYPE_DECIMAL = 7,
    TYPE_DATE = 8,
    TYPE_TIMESTAMP = 10
};
enum { PRECISION_SINGLE_DEFAULT = 0, PRECISION_DOUBLE = 2 };
enum { DATE_DAY = 0, DATE_MILLISECOND = 1 };
enum { DECIMAL_DIGITS = 18, DECIMAL_BITS = 128 };
enum { ALIGNMENT = 8, BLOCK_WORDS = 3 };

/* --- schema -------------------------------------------------------------------------------- */

static size_t put_integer(struct rcx_flat *flat, int bits)
{
    rcx_flat_table(flat);
    rcx_flat_scalar(flat, 0, 4, bits, 0);
    rcx_flat_scalar(flat, 1, 1, 1, 0); /* signed */
    return rcx_flat_end(flat);
}

static size_t put_type(struct rcx_flat *flat, const struct rcx_sink_column *column,
                       enum type *out_type)
{
    static const enum type types[RCX_TYPE_COUNT] = {
        [RCX_TYPE_BOOL] = TYPE_BOOL,           [RCX_TYPE_INT8] = TYPE_INT,
        [RCX_TYPE_INT32] = TYPE_INT,           [RCX_TYPE_INT64] = TYPE_INT,
        [RCX_TYPE_REAL] = TYPE_FLOATING_POINT, [RCX_TYPE_DECIMAL] = TYPE_DECIMAL,
        [RCX_TYPE_DATE] = TYPE_DATE,           [RCX_TYPE_TIME] = TYPE_TIMESTAMP,
        [RCX_TYPE_TEXT] = TYPE_UTF8,
    };
    *out_type = types[column->type];
    if (*out_type == TYPE_INT)
        return put_integer(flat, (int)(8 * rcx_type_bytes(column->type)));
    rcx_flat_table(flat);
    if (*out_type == TYPE_FLOATING_POINT) {
        rcx_flat_scalar(flat, 0, 2, PRECISION_DOUBLE, PRECISION_SINGLE_DEFAULT);
    } else if (*out_type == TYPE_DECIMAL) {
        rcx_flat_scalar(flat, 0, 4, DECIMAL_DIGITS, 0);
        rcx_flat_scalar(flat, 1, 4, (int64_t)column->scale, 0);
        rcx_flat_scalar(flat, 2, 4, DECIMAL_BITS, DECIMAL_BITS);
    } else if (*out_type == TYPE_DATE) {
        rcx_flat_scalar(flat, 0, 2, DATE_DAY, DATE_MILLISECOND);
    } /* a timestamp: seconds, of no time zone, as assumed */
    return rcx_flat_end(flat);
}

/* Texts are indices (int32) into dictionary number `id`. */
static size_t put_field(struct rcx_flat *flat, const struct rcx_sink_column *column, int64_t id)
{
    enum type kind;
    size_t name = rcx_flat_text(flat, column->name);
    size_t type = put_type(flat, column, &kind);
    size_t children = rcx_flat_refs(flat, NULL, 0);
    size_t dictionary = 0;
    if (column->type == RCX_TYPE_TEXT) {
        size_t index = put_integer(flat, 32);
        rcx_flat_table(flat);
        rcx_flat_scalar(flat, 0, 8, id, 0);
        rcx_flat_ref(flat, 1, index);
        dictionary = rcx_flat_end(flat);
    }
    rcx_flat_table(flat);
    rcx_flat_ref(flat, 0, name);
    rcx_flat_scalar(flat, 1, 1, column->nullable, 0);
    rcx_flat_scalar(flat, 2, 1, (int64_t)kind, 0);
    rcx_flat_ref(flat, 3, type);
    rcx_flat_ref(flat, 4, dictionary);
    rcx_flat_ref(flat, 5, children);
    return rcx_flat_end(flat);
}

static size_t put_entries(struct rcx_flat *flat, const struct rcx_sink *sink, size_t *items)
{
    for (size_t i = 0; i < sink->entry_count; i++) {
        size_t key = rcx_flat_text(flat, sink->entries[i].key);
        size_t value = rcx_flat_text(flat, sink->entries[i].value);
        rcx_flat_table(flat);
        rcx_flat_ref(flat, 0, key);
        rcx_flat_ref(flat, 1, value);
        items[i] = rcx_flat_end(flat);
    }
    return sink->entry_count ? rcx_flat_refs(flat, items, sink->entry_count) : 0;
}

static size_t put_schema(struct rcx_flat *flat, const struct rcx_sink *sink)
{
    size_t most = sink->column_count + sink->entry_count + 1;
    size_t *items = rcx_malloc_array(most, sizeof *items);
    if (!items) {
        flat->failed = true;
        return 0;
    }
    for (size_t c = 0; c < sink->column_count; c++)
        items[c] = put_field(flat, &sink->columns[c], (int64_t)c);
    size_t fields = rcx_flat_refs(flat, items, sink->column_count);
    size_t entries = put_entries(flat, sink, items);
    rcx_free(items);
    rcx_flat_table(flat); /* little-endian, as assumed */
    rcx_flat_ref(flat, 1, fields);
    rcx_flat_ref(flat, 2, entries);
    return rcx_flat_end(flat);
}

/* --- messages ------------------------------------------------------------------------------ */

/* Completes the message around `header`, and appends it with its frame. */
static void append_message(struct rcx_flat *flat, int kind, size_t header, uint64_t body_bytes,
                           struct rcx_buf *out)
{
    rcx_flat_table(flat);
    rcx_flat_scalar(flat, 3, 8, (int64_t)body_bytes, 0);
    rcx_flat_ref(flat, 2, header);
    rcx_flat_scalar(flat, 0, 2, VERSION_V5, 0);
    rcx_flat_scalar(flat, 1, 1, kind, 0);
    size_t length, root = rcx_flat_end(flat);
    const uint8_t *bytes = rcx_flat_finish(flat, root, &length);
    size_t padding = (0 - length) & (ALIGNMENT - 1);
    if (!bytes) {
        out->failed = true;
        return;
    }
    rcx_buf_append_u32(out, UINT32_MAX); /* a message follows */
    rcx_buf_append_u32(out, (uint32_t)(length + padding));
    rcx_buf_append(out, bytes, length);
    rcx_buf_append_zeros(out, padding);
}

void rcx_arrow_append_schema(const struct rcx_sink *sink, struct rcx_flat *flat,
                             struct rcx_buf *out)
{
    rcx_flat_clear(flat);
    append_message(flat, HEADER_SCHEMA, put_schema(flat, sink), 0, out);
}

void rcx_arrow_append_batch(const struct rcx_arrow_batch *batch, struct rcx_flat *flat,
                            struct rcx_buf *out)
{
    rcx_flat_clear(flat);
    size_t compression = 0;
    if (batch->codec != RCX_ARROW_PLAIN) {
        rcx_flat_table(flat);
        rcx_flat_scalar(flat, 0, 1, (int64_t)batch->codec, RCX_ARROW_LZ4);
        compression = rcx_flat_end(flat);
    }
    size_t buffers = rcx_flat_structs(flat, batch->buffers, 2, batch->buffer_count);
    size_t nodes = rcx_flat_structs(flat, batch->nodes, 2, batch->node_count);
    rcx_flat_table(flat);
    rcx_flat_scalar(flat, 0, 8, (int64_t)batch->rows, 0);
    rcx_flat_ref(flat, 1, nodes);
    rcx_flat_ref(flat, 2, buffers);
    rcx_flat_ref(flat, 3, compression);
    size_t header = rcx_flat_end(flat);
    if (batch->dictionary >= 0) {
        rcx_flat_table(flat);
        rcx_flat_scalar(flat, 0, 8, batch->dictionary, 0);
        rcx_flat_ref(flat, 1, header);
        header = rcx_flat_end(flat);
    }
    append_message(flat, batch->dictionary >= 0 ? HEADER_DICTIONARY : HEADER_RECORD_BATCH, header,
                   batch->body_bytes, out);
}

/* --- footer -------------------------------------------------------------------------------- */

static size_t put_blocks(struct rcx_flat *flat, const struct rcx_arrow_block *blocks, size_t count)
{
    uint64_t *words = rcx_malloc_array(count + 1, BLOCK_WORDS * sizeof *words);
    if (!words) {
        flat->failed = true;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        words[BLOCK_WORDS * i] = blocks[i].offset;
        words[BLOCK_WORDS * i + 1] = blocks[i].metadata_bytes; /* 32 bits and padding */
        words[BLOCK_WORDS * i + 2] = blocks[i].body_bytes;
    }
    size_t vector = rcx_flat_structs(flat, words, BLOCK_WORDS, count);
    rcx_free(words);
    return vector;
}

void rcx_arrow_append_footer(const struct rcx_sink *sink,
                             const struct rcx_arrow_block *dictionaries, size_t dictionary_count,
                             const struct rcx_arrow_block *batches, size_t batch_count,
                             struct rcx_flat *flat, struct rcx_buf *out)
{
    rcx_flat_clear(flat);
    size_t schema = put_schema(flat, sink);
    size_t texts = put_blocks(flat, dictionaries, dictionary_count);
    size_t rows = put_blocks(flat, batches, batch_count);
    rcx_flat_table(flat);
    rcx_flat_scalar(flat, 0, 2, VERSION_V5, 0);
    rcx_flat_ref(flat, 1, schema);
    rcx_flat_ref(flat, 2, texts);
    rcx_flat_ref(flat, 3, rows);
    size_t length, root = rcx_flat_end(flat);
    const uint8_t *bytes = rcx_flat_finish(flat, root, &length);
    if (!bytes) {
        out->failed = true;
        return;
    }
    rcx_buf_append_u32(out, UINT32_MAX); /* end of the stream */
    rcx_buf_append_u32(out, 0);
    rcx_buf_append(out, bytes, length);
    rcx_buf_append_u32(out, (uint32_t)length);
    rcx_buf_append(out, "ARROW1", 6);
}
