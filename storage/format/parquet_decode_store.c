#include <math.h>
#include <string.h>

#include "storage/format/parquet_decode_state.h"

/* Values [0, count) into rows [at, at + count) of the column. */
static enum rcx_status store(const struct rcx_parquet_job *job, size_t at, const uint64_t *values,
                             size_t count, struct rcx_error *err)
{
    struct rcx_column *out = job->out;
    switch (out->type) {
    case RCX_TYPE_BOOL:
        for (size_t i = 0; i < count; i++)
            out->booleans[at + i] = (uint8_t)values[i];
        return RCX_OK;
    case RCX_TYPE_INT8:
        for (size_t i = 0; i < count; i++) {
            if ((int64_t)values[i] < INT8_MIN || (int64_t)values[i] > INT8_MAX)
                return rcx_parquet_corrupt(&job->place, "a value does not fit into 8 bits", err);
            out->i8[at + i] = (int8_t)values[i];
        }
        return RCX_OK;
    case RCX_TYPE_INT32:
    case RCX_TYPE_DATE:
    case RCX_TYPE_TEXT:
        for (size_t i = 0; i < count; i++)
            out->codes[at + i] = (uint32_t)values[i];
        return RCX_OK;
    case RCX_TYPE_TIME:
    case RCX_TYPE_INT64:
    case RCX_TYPE_DECIMAL:
    case RCX_TYPE_REAL:
        if (count > 0)
            memcpy(out->i64 + at, values, count * sizeof *values);
        return RCX_OK;
    case RCX_TYPE_COUNT:
        break;
    }
    return rcx_fail(err, RCX_E_INTERNAL, "column '%s' has no type", job->place.chunk->column);
}

static enum rcx_status store_null(const struct rcx_parquet_job *job, size_t at,
                                  struct rcx_error *err)
{
    struct rcx_column *out = job->out;
    if (out->type == RCX_TYPE_REAL) {
        out->reals[at] = NAN;
        return RCX_OK;
    }
    if (!out->valid)
        return rcx_column_set_null(out, at)
                   ? RCX_OK
                   : rcx_fail_nomem(err, job->place.chunk->path, out->rows / 8);
    /* A neighbour's row may share the byte. */
    __atomic_fetch_and(&out->valid[at / 8], (uint8_t) ~(1u << at % 8), __ATOMIC_RELAXED);
    return store(job, at, &(uint64_t){0}, 1, err);
}

/* Rows [begin, end) of the page, of which `value` values come before: runs of values are copied as
 * such. */
static enum rcx_status store_between_nulls(const struct rcx_parquet_job *job, size_t begin,
                                           size_t end, size_t at, size_t value,
                                           const uint32_t *levels, struct rcx_error *err)
{
    const uint64_t *values = job->decoder->values;
    enum rcx_status status = RCX_OK;
    for (size_t row = begin; row < end && status == RCX_OK;) {
        size_t run = 0;
        while (row + run < end && levels[row + run])
            run++;
        status = store(job, at + (row - begin), values + value, run, err);
        value += run;
        row += run;
        if (status == RCX_OK && row < end) {
            status = store_null(job, at + (row - begin), err);
            row++;
        }
    }
    return status;
}

enum rcx_status rcx_parquet_store_values(const struct rcx_parquet_job *job, size_t rows,
                                         const uint32_t *levels, struct rcx_error *err)
{
    uint64_t first_row = job->place.row;
    size_t begin = first_row < job->first ? (size_t)(job->first - first_row) : 0;
    size_t end = first_row + rows > job->end ? (size_t)(job->end - first_row) : rows;
    size_t at = job->at + (size_t)(first_row + begin - job->first);
    if (!levels)
        return store(job, at, job->decoder->values + begin, end - begin, err);
    size_t value = 0;
    for (size_t row = 0; row < begin; row++)
        value += levels[row];
    return store_between_nulls(job, begin, end, at, value, levels, err);
}
