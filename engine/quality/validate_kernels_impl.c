#include "engine/quality/validate_kernels.h"

/* Everything in 64-bit lanes, the width of the columns, so that it vectorises. */
void RCX_KERNEL(rcx_count_values)(size_t rows, const int64_t *quantity, const int64_t *price,
                                  int64_t min_price, int64_t most, struct rcx_value_counts *counts)
{
    struct rcx_value_counts c = *counts;
    for (size_t i = 0; i < rows; i++) {
        int64_t q = quantity[i], p = price[i];
        uint64_t differ = (uint64_t)(q ^ p) >> 63;
        uint64_t none = (q == 0) | (p == 0);
        c.price_negative += p < 0;
        c.price_zero += p == 0;
        c.price_valid += p >= min_price;
        c.quantity_zero += q == 0;
        c.quantity_outside += (q > most) | (q < -most);
        c.returns += q < 0;
        c.revenue_negative += none ? 0 : differ;
        c.revenue_positive += none ? 0 : 1 - differ;
    }
    *counts = c;
}

uint64_t RCX_KERNEL(rcx_count_empty)(size_t count, const uint32_t *codes)
{
    uint64_t found = 0;
    for (size_t begin = 0; begin < count; begin += 4096) {
        size_t end = count - begin < 4096 ? count : begin + 4096;
        uint32_t some = 0;
        for (size_t i = begin; i < end; i++)
            some += codes[i] == 0;
        found += some;
    }
    return found;
}

uint64_t RCX_KERNEL(rcx_count_shared)(size_t count, const uint32_t *codes)
{
    if (count < 2)
        return 0;
    uint64_t found = (uint64_t)(codes[0] == codes[1]) + (codes[count - 2] == codes[count - 1]);
    uint32_t some = 0; /* a receipt has fewer than 2^32 rows */
    for (size_t i = 1; i + 1 < count; i++)
        some += (uint32_t)((codes[i] == codes[i - 1]) | (codes[i] == codes[i + 1]));
    return found + some;
}
