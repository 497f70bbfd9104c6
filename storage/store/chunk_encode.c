#include <string.h>

#include "base/memory.h"
#include "storage/encoding/planes_kernels.h"
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

/* Columns of rows, side by side in encoder->values; the first place is for those of receipts. */
enum {
    FIRST_ROW_COLUMN = RCX_CHUNK_STOCK,
    VALUE_COLUMNS = RCX_CHUNK_COLUMN_COUNT - FIRST_ROW_COLUMN + 1
};

static int64_t *row_column(const struct rcx_chunk_encoder *encoder, const struct shape *shape,
                           unsigned column)
{
    int64_t *values = (int64_t *)(void *)encoder->values.data;

    return column < FIRST_ROW_COLUMN
               ? values
               : values + (size_t)(column - FIRST_ROW_COLUMN + 1) * shape->count;
}

/* Rows become columns in one pass: they are read once, whatever the number of columns. */
static void split_rows(const struct rcx_chunk_encoder *encoder, const struct shape *shape)
{
    const struct rcx_row *before = shape->before;
    uint32_t *keys = (uint32_t *)(void *)encoder->stock.data;
    int64_t *stock = row_column(encoder, shape, RCX_CHUNK_STOCK);
    int64_t *quantity = row_column(encoder, shape, RCX_CHUNK_QUANTITY);
    int64_t *price = row_column(encoder, shape, RCX_CHUNK_PRICE);
    int64_t *description = row_column(encoder, shape, RCX_CHUNK_DESCRIPTION);
    int64_t *country = row_column(encoder, shape, RCX_CHUNK_COUNTRY);
    int64_t *repeat = row_column(encoder, shape, RCX_CHUNK_REPEAT);

    for (uint32_t i = 0; i < shape->count; i++) {
        const struct rcx_row *row = &shape->rows[i];

        keys[i] = row->stock;
        stock[i] = row->stock;
        quantity[i] = row->quantity;
        price[i] = row->unit_price;
        description[i] = row->description;
        country[i] = row->country;
        repeat[i] = same_row(before, row);
        before = row;
    }
}

/* Copies the values of a receipt column into `out`. */
static void gather(const struct shape *shape, enum rcx_chunk_column column, int64_t *out)
{
    const struct rcx_row *rows = shape->rows;
    const uint32_t *first = shape->first_row;

    for (uint32_t i = 0; i < shape->receipts; i++) {
        const struct rcx_row *row = &rows[first[i]];

        out[i] = column == RCX_CHUNK_LINES      ? (int64_t)(first[i + 1] - first[i])
                 : column == RCX_CHUNK_CUSTOMER ? row->customer
                 : column == RCX_CHUNK_TIME     ? row->time
                                                : (int64_t)row->invoice;
    }
}

static void summarise(const int64_t *values, size_t count, enum rcx_chunk_column column,
                      struct rcx_chunk_column_info *info)
{
    bool is_text = column == RCX_CHUNK_INVOICE || column == RCX_CHUNK_STOCK ||
                   column == RCX_CHUNK_DESCRIPTION || column == RCX_CHUNK_COUNTRY;

    RCX_KERNEL_CALL(find_range)(values, count, &info->min, &info->max);
    if (column == RCX_CHUNK_CUSTOMER)
        info->nulls = (uint32_t)RCX_KERNEL_CALL(count_equal)(values, count, RCX_GUEST);
    else if (is_text && info->min == 0)
        info->nulls = (uint32_t)RCX_KERNEL_CALL(count_equal)(values, count, 0);
}

static enum rcx_status encode_columns(struct rcx_chunk_encoder *encoder, const struct shape *shape,
                                      uint32_t stock_limit, struct rcx_chunk_info *info,
                                      struct rcx_error *err)
{
    split_rows(encoder, shape);
    for (unsigned c = 0; c < RCX_CHUNK_COLUMN_COUNT; c++) {
        struct rcx_chunk_column_info *column = &info->columns[c];
        int64_t *values = row_column(encoder, shape, c);
        size_t count = c < FIRST_ROW_COLUMN ? shape->receipts : shape->count;
        bool of_customers = c == RCX_CHUNK_TIME || c == RCX_CHUNK_INVOICE;
        const struct rcx_column_context context = {
            .group_first = of_customers ? shape->customer_first : shape->first_row,
            .groups = of_customers ? shape->customers : shape->receipts,
            .keys = (const uint32_t *)(const void *)encoder->stock.data,
            .key_limit = stock_limit,
        };

        if (c < FIRST_ROW_COLUMN)
            gather(shape, (enum rcx_chunk_column)c, values);
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
        !room(&encoder->values, (size_t)count * VALUE_COLUMNS, sizeof(int64_t)) ||
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
