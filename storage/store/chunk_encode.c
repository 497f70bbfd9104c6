#include <string.h>

#include "base/memory.h"
#include "storage/store/segment.h"

static const uint8_t column_encoding[RCX_CHUNK_COLUMN_COUNT] = {
#define X(name, per, encoding, text) [RCX_CHUNK_##name] = RCX_ENCODING_##encoding,
    RCX_CHUNK_COLUMNS(X)
#undef X
};

void rcx_chunk_encoder_release(struct rcx_chunk_encoder *encoder)
{
    rcx_codec_context_release(encoder->codec);
    rcx_encoder_release(&encoder->encoder);
    rcx_column_scratch_release(&encoder->scratch);
    rcx_buf_release(&encoder->values);
    rcx_buf_release(&encoder->first_row);
    rcx_buf_release(&encoder->customer_first);
    rcx_buf_release(&encoder->stock);
    rcx_buf_release(&encoder->bytes);
    *encoder = (struct rcx_chunk_encoder){0};
}

static bool same_receipt(const struct rcx_row *a, const struct rcx_row *b)
{
    return a->customer == b->customer && a->time == b->time && a->invoice == b->invoice;
}

static bool same_row(const struct rcx_row *a, const struct rcx_row *b)
{
    return a && same_receipt(a, b) && a->stock == b->stock && a->quantity == b->quantity &&
           a->unit_price == b->unit_price && a->description == b->description &&
           a->country == b->country;
}

static void *room(struct rcx_buf *buf, size_t count, size_t element)
{
    rcx_buf_clear(buf);
    return rcx_buf_reserve(buf, count * element) ? buf->data : NULL;
}

/* Receipts and the customers they belong to. */
struct shape {
    const struct rcx_row *rows, *before;
    uint32_t count;
    uint32_t *first_row; /* receipts + 1 */
    uint32_t receipts;
    uint32_t *customer_first; /* customers + 1: first receipt of each */
    uint32_t customers;
};

static void find_receipts(struct shape *shape)
{
    const struct rcx_row *rows = shape->rows;

    for (uint32_t i = 0; i < shape->count; i++) {
        if (i > 0 && same_receipt(&rows[i - 1], &rows[i]))
            continue;
        if (i == 0 || rows[i - 1].customer != rows[i].customer)
            shape->customer_first[shape->customers++] = shape->receipts;
        shape->first_row[shape->receipts++] = i;
    }
    shape->first_row[shape->receipts] = shape->count;
    shape->customer_first[shape->customers] = shape->receipts;
}

/* Copies the column's values into `out`, returns how many. */
static size_t gather(const struct shape *shape, enum rcx_chunk_column column, int64_t *out)
{
    const struct rcx_row *rows = shape->rows;
    const uint32_t *first = shape->first_row;

#define PER_RECEIPT(expression)                                                                    \
    for (uint32_t i = 0; i < shape->receipts; i++)                                                 \
        out[i] = (int64_t)(expression);                                                            \
    return shape->receipts
#define PER_ROW(expression)                                                                        \
    for (uint32_t i = 0; i < shape->count; i++)                                                    \
        out[i] = (int64_t)(expression);                                                            \
    return shape->count

    switch (column) {
    case RCX_CHUNK_LINES:
        PER_RECEIPT(first[i + 1] - first[i]);
    case RCX_CHUNK_CUSTOMER:
        PER_RECEIPT(rows[first[i]].customer);
    case RCX_CHUNK_TIME:
        PER_RECEIPT(rows[first[i]].time);
    case RCX_CHUNK_INVOICE:
        PER_RECEIPT(rows[first[i]].invoice);
    case RCX_CHUNK_STOCK:
        PER_ROW(rows[i].stock);
    case RCX_CHUNK_QUANTITY:
        PER_ROW(rows[i].quantity);
    case RCX_CHUNK_PRICE:
        PER_ROW(rows[i].unit_price);
    case RCX_CHUNK_DESCRIPTION:
        PER_ROW(rows[i].description);
    case RCX_CHUNK_COUNTRY:
        PER_ROW(rows[i].country);
    case RCX_CHUNK_REPEAT:
        PER_ROW(same_row(i ? &rows[i - 1] : shape->before, &rows[i]));
    case RCX_CHUNK_COLUMN_COUNT:
        break;
    }
#undef PER_RECEIPT
#undef PER_ROW
    return 0;
}

static void summarise(const int64_t *values, size_t count, enum rcx_chunk_column column,
                      struct rcx_chunk_column_info *info)
{
    bool is_text = column == RCX_CHUNK_INVOICE || column == RCX_CHUNK_STOCK ||
                   column == RCX_CHUNK_DESCRIPTION || column == RCX_CHUNK_COUNTRY;
    int64_t null = column == RCX_CHUNK_CUSTOMER ? RCX_GUEST : 0;

    info->min = info->max = values[0];
    for (size_t i = 0; i < count; i++) {
        info->min = values[i] < info->min ? values[i] : info->min;
        info->max = values[i] > info->max ? values[i] : info->max;
    }
    if (!is_text && column != RCX_CHUNK_CUSTOMER)
        return;
    for (size_t i = 0; i < count; i++)
        info->nulls += values[i] == null;
}

static enum rcx_status encode_columns(struct rcx_chunk_encoder *encoder, const struct shape *shape,
                                      uint32_t stock_limit, struct rcx_chunk_info *info,
                                      struct rcx_error *err)
{
    int64_t *values = (int64_t *)(void *)encoder->values.data;
    uint32_t *stock = (uint32_t *)(void *)encoder->stock.data;

    for (uint32_t i = 0; i < shape->count; i++)
        stock[i] = shape->rows[i].stock;
    for (unsigned c = 0; c < RCX_CHUNK_COLUMN_COUNT; c++) {
        struct rcx_chunk_column_info *column = &info->columns[c];
        size_t count = gather(shape, (enum rcx_chunk_column)c, values);
        bool of_customers = c == RCX_CHUNK_TIME || c == RCX_CHUNK_INVOICE;
        const struct rcx_column_context context = {
            .group_first = of_customers ? shape->customer_first : shape->first_row,
            .groups = of_customers ? shape->customers : shape->receipts,
            .keys = stock,
            .key_limit = stock_limit,
        };

        column->offset = encoder->bytes.length;
        column->encoding = column_encoding[c];
        summarise(values, count, (enum rcx_chunk_column)c, column);
        enum rcx_status status = rcx_column_put(&encoder->encoder,
                                                (enum rcx_encoding)column->encoding, values, count,
                                                &context, &encoder->scratch, err);
        if (status != RCX_OK)
            return status;
        column->bytes = encoder->bytes.length - column->offset;
        column->hash = rcx_hash64(encoder->bytes.data + column->offset, (size_t)column->bytes);
    }
    return RCX_OK;
}

enum rcx_status rcx_chunk_encode(struct rcx_chunk_encoder *encoder, const struct rcx_row *rows,
                                 uint32_t count, const struct rcx_row *before, uint32_t stock_limit,
                                 int zstd_level, struct rcx_chunk_info *out_info,
                                 struct rcx_error *err)
{
    struct shape shape = {.rows = rows, .before = before, .count = count};
    struct rcx_chunk_info info = {.rows = count,
                                  .first_customer = rows[0].customer,
                                  .last_customer = rows[count - 1].customer};

    if (!encoder->codec)
        encoder->codec = rcx_codec_context_new();
    shape.first_row = room(&encoder->first_row, count + 1, sizeof *shape.first_row);
    shape.customer_first = room(&encoder->customer_first, count + 1, sizeof *shape.customer_first);
    if (!encoder->codec || !shape.first_row || !shape.customer_first ||
        !room(&encoder->values, count, sizeof(int64_t)) ||
        !room(&encoder->stock, count, sizeof(uint32_t)))
        return rcx_fail_nomem(err, "chunk encoder", count * sizeof(int64_t));
    find_receipts(&shape);
    info.receipts = shape.receipts;
    rcx_buf_clear(&encoder->bytes);
    encoder->encoder.codec = encoder->codec;
    encoder->encoder.zstd_level = zstd_level;
    encoder->encoder.out = &encoder->bytes;
    enum rcx_status status = encode_columns(encoder, &shape, stock_limit, &info, err);
    if (status == RCX_OK)
        *out_info = info;
    return status;
}
