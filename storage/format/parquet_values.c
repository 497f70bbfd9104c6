#include "storage/format/parquet_values.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "storage/format/parquet_kernels.h"
#include "storage/format/parquet_levels.h"

enum { MICROSECONDS = 1000000 };

enum rcx_parquet_type rcx_parquet_type_of(enum rcx_type type)
{
    static const enum rcx_parquet_type types[RCX_TYPE_COUNT] = {
        [RCX_TYPE_BOOL] = RCX_PARQUET_BOOLEAN,    [RCX_TYPE_INT8] = RCX_PARQUET_INT32,
        [RCX_TYPE_INT32] = RCX_PARQUET_INT32,     [RCX_TYPE_INT64] = RCX_PARQUET_INT64,
        [RCX_TYPE_REAL] = RCX_PARQUET_DOUBLE,     [RCX_TYPE_DECIMAL] = RCX_PARQUET_INT64,
        [RCX_TYPE_DATE] = RCX_PARQUET_INT32,      [RCX_TYPE_TIME] = RCX_PARQUET_INT64,
        [RCX_TYPE_TEXT] = RCX_PARQUET_BYTE_ARRAY,
    };
    return types[type];
}

size_t rcx_parquet_width(enum rcx_parquet_type type)
{
    if (type == RCX_PARQUET_BOOLEAN)
        return 1;
    return type == RCX_PARQUET_INT64 || type == RCX_PARQUET_DOUBLE ? 8 : 4;
}

void rcx_parquet_values_release(struct rcx_parquet_values *values)
{
    rcx_buf_release(&values->bits);
    rcx_buf_release(&values->compacted);
    rcx_buf_release(&values->converted);
    *values = (struct rcx_parquet_values){0};
}

/* Makes room for `bytes` in an emptied scratch buffer. */
static void *room(struct rcx_buf *buf, size_t bytes)
{
    rcx_buf_clear(buf);
    return rcx_buf_reserve(buf, bytes ? bytes : 1) ? buf->data : NULL;
}

static bool load_validity(struct rcx_parquet_values *values, const struct rcx_column *column,
                          size_t begin)
{
    values->valid = NULL;
    values->count = values->rows;
    if (column->type != RCX_TYPE_REAL && !column->valid)
        return true;
    uint8_t *bits = room(&values->bits, (values->rows + 7) / 8);
    if (!bits)
        return false;
    if (column->type == RCX_TYPE_REAL) {
        values->count = RCX_KERNEL_CALL(rcx_parquet_valid_reals)(column->reals + begin,
                                                                 values->rows, bits);
    } else {
        rcx_bits_copy(column->valid, begin, values->rows, bits);
        values->count = rcx_bits_count(bits, 0, values->rows);
    }
    if (values->count < values->rows)
        values->valid = bits;
    return true;
}

/* `source`: the rows in the table's own type; drops those without a value. */
static bool compact(struct rcx_parquet_values *values, const void *source, size_t width)
{
    values->data = source;
    if (!values->valid)
        return true;
    void *out = room(&values->compacted, values->rows * width);
    if (!out)
        return false;
    if (width == 1)
        RCX_KERNEL_CALL(rcx_parquet_compact8)(source, values->valid, values->rows, out);
    else if (width == 4)
        RCX_KERNEL_CALL(rcx_parquet_compact32)(source, values->valid, values->rows, out);
    else
        RCX_KERNEL_CALL(rcx_parquet_compact64)(source, values->valid, values->rows, out);
    values->data = out;
    return true;
}

static bool widen_i8(struct rcx_parquet_values *values)
{
    int32_t *out = room(&values->converted, values->count * sizeof *out);
    if (!out)
        return false;
    const uint8_t *in = values->data;
    for (size_t i = 0; i < values->count; i++)
        out[i] = (in[i] ^ 0x80) - 0x80; /* extends the sign */
    values->i32 = out;
    return true;
}

static bool seconds_to_micros(struct rcx_parquet_values *values)
{
    int64_t *out = room(&values->converted, values->count * sizeof *out);
    if (!out)
        return false;
    for (size_t i = 0; i < values->count; i++)
        out[i] = values->i64[i] * MICROSECONDS;
    values->i64 = out;
    return true;
}

/* Whether every value lies in [-limit, limit]. */
static enum rcx_status check_range(const struct rcx_parquet_values *values, int64_t limit,
                                   const char *name, const char *why, struct rcx_error *err)
{
    if (values->count == 0)
        return RCX_OK;
    int64_t bounds[2];
    RCX_KERNEL_CALL(rcx_parquet_bounds_i64)(values->i64, values->count, bounds);
    if (bounds[0] >= -limit && bounds[1] <= limit)
        return RCX_OK;
    int64_t value = bounds[0] < -limit ? bounds[0] : bounds[1];
    return rcx_fail(err, RCX_E_INPUT, "column '%s': the value %" PRId64 " %s", name, value, why);
}

enum rcx_status rcx_parquet_values_load(struct rcx_parquet_values *values,
                                        const struct rcx_column *column, size_t begin, size_t rows,
                                        struct rcx_error *err)
{
    assert(begin + rows <= column->rows);
    values->type = rcx_parquet_type_of(column->type);
    values->rows = rows;
    values->strings = column->dictionary;
    size_t width = rcx_type_bytes(column->type);
    const uint8_t *source = (const uint8_t *)column->values + begin * width;
    bool room_left = load_validity(values, column, begin) && compact(values, source, width);
    enum rcx_status status = RCX_OK;
    if (room_left && column->type == RCX_TYPE_INT8) {
        room_left = widen_i8(values);
    } else if (room_left && column->type == RCX_TYPE_DECIMAL) {
        status = check_range(
            values, rcx_pow10(RCX_PARQUET_DECIMAL_DIGITS) - 1, column->name,
            "(times 10^-scale) has more than 18 digits, the most that Parquet keeps "
            "in 64 bits",
            err);
    } else if (room_left && column->type == RCX_TYPE_TIME) {
        status = check_range(values, INT64_MAX / MICROSECONDS, column->name,
                             "(seconds) does not fit into 64 bits of microseconds", err);
        room_left = status || seconds_to_micros(values);
    }
    if (!room_left)
        return rcx_fail_nomem(err, column->name, rows * width);
    return status;
}

size_t rcx_parquet_plain_bytes(const struct rcx_parquet_values *values, size_t begin, size_t end)
{
    if (values->type == RCX_PARQUET_BOOLEAN)
        return (end - begin + 7) / 8;
    if (values->type != RCX_PARQUET_BYTE_ARRAY)
        return (end - begin) * rcx_parquet_width(values->type);
    size_t bytes = 0;
    for (size_t i = begin; i < end; i++)
        bytes += 4 + rcx_parquet_text(values, i).length;
    return bytes;
}

static uint8_t *put_text(uint8_t *out, struct rcx_text text)
{
    uint32_t length = (uint32_t)text.length;
    memcpy(out, &length, 4);
    if (length)
        memcpy(out + 4, text.data, length);
    return out + 4 + length;
}

void rcx_parquet_append_text(struct rcx_text text, struct rcx_buf *out)
{
    if (!rcx_buf_reserve(out, text.length + 4))
        return;
    put_text(out->data + out->length, text);
    out->length += text.length + 4;
}

void rcx_parquet_append_plain(const struct rcx_parquet_values *values, size_t begin, size_t end,
                              struct rcx_buf *out)
{
    size_t bytes = rcx_parquet_plain_bytes(values, begin, end);
    if (!rcx_buf_reserve(out, bytes ? bytes : 1))
        return;
    uint8_t *at = out->data + out->length;
    if (values->type == RCX_PARQUET_BOOLEAN) {
        RCX_KERNEL_CALL(rcx_parquet_pack_booleans)(values->booleans + begin, end - begin, at);
    } else if (values->type == RCX_PARQUET_BYTE_ARRAY) {
        for (size_t i = begin; i < end; i++)
            at = put_text(at, rcx_parquet_text(values, i));
    } else if (bytes) {
        size_t width = rcx_parquet_width(values->type);
        memcpy(at, (const uint8_t *)values->data + begin * width, bytes);
    }
    out->length += bytes;
}
