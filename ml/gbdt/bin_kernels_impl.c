#include "ml/gbdt/bin_kernels.h"

enum { BLOCK = 16, COLUMNS = 8 };

/* Branch-free bisection of many values at once, step by step, so that their loads overlap. */
static void bisect(const double *restrict bounds, const double *restrict values, size_t count,
                   uint32_t *restrict at)
{
    for (size_t i = 0; i < count; i++)
        at[i] = 0;
    for (uint32_t step = 128; step > 0; step /= 2) {
        for (size_t i = 0; i < count; i++)
            at[i] += values[i] > bounds[at[i] + step - 1] ? step : 0;
    }
}

void RCX_KERNEL(rcx_bin_values)(const double *bounds, uint8_t missing, const double *values,
                                size_t count, uint8_t *out)
{
    uint32_t at[BLOCK];
    size_t begin = 0;
    for (; begin + BLOCK <= count; begin += BLOCK) {
        bisect(bounds, values + begin, BLOCK, at);
        for (size_t i = 0; i < BLOCK; i++) {
            double value = values[begin + i];
            out[begin + i] = value == value ? (uint8_t)at[i] : missing;
        }
    }
    for (; begin < count; begin++) {
        bisect(bounds, values + begin, 1, at);
        out[begin] = values[begin] == values[begin] ? (uint8_t)at[0] : missing;
    }
}

void RCX_KERNEL(rcx_bin_interleave)(const uint8_t *const *columns, size_t column_count,
                                    size_t count, size_t stride, uint64_t *out)
{
    const uint8_t *c[COLUMNS];
    uint64_t mask[COLUMNS];
    for (size_t j = 0; j < COLUMNS; j++) {
        c[j] = columns[j < column_count ? j : 0];
        mask[j] = j < column_count ? UINT64_MAX : 0;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t word = 0;
        for (size_t j = 0; j < COLUMNS; j++)
            word |= ((uint64_t)c[j][i] & mask[j]) << (8 * j);
        out[i * stride] = word;
    }
}
