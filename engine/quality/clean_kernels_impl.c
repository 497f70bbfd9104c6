#include "engine/quality/clean_kernels.h"

enum { BLOCK = 256 };

/* A block of marks in 64-bit lanes, the width of the columns, so that it vectorises. Assigned from
 * the last rule to the first: the first that applies is what stays. */
static uint64_t mark_block(const struct rcx_row_limits *limits, size_t rows,
                           const int64_t *restrict quantity, const int64_t *restrict price,
                           int64_t *restrict mark)
{
    const int64_t min_price = limits->min_price;
    const int64_t price_max = limits->price_max;
    const int64_t most = limits->max_abs_quantity;
    const int64_t quantity_max = limits->quantity_max;
    const int64_t quantity_min = limits->quantity_min;
    uint64_t prices = 0;
    for (size_t i = 0; i < rows; i++) {
        int64_t q = quantity[i];
        int64_t p = price[i];
        int64_t m = 0;
        m = (((q > 0) & (q < quantity_min)) | (q > quantity_max)) ? RCX_RULE_QUANTITY_OUTLIER : m;
        m = p > price_max ? RCX_RULE_PRICE_OUTLIER : m;
        int64_t stage_2 = 0;
        stage_2 = ((q > most) | (q < -most)) ? RCX_RULE_QUANTITY_RANGE : stage_2;
        stage_2 = q == 0 ? RCX_RULE_ZERO_QUANTITY : stage_2;
        stage_2 = p < min_price ? RCX_RULE_INVALID_PRICE : stage_2;
        prices |= stage_2 == 0 ? (uint64_t)p : 0;
        mark[i] = stage_2 == 0 ? m : stage_2;
    }
    return prices;
}

uint64_t RCX_KERNEL(rcx_mark_rows)(const struct rcx_row_limits *limits, size_t rows,
                                   const uint32_t *stock, const int64_t *quantity,
                                   const int64_t *price, const uint32_t *description,
                                   uint8_t *out_rule)
{
    int64_t mark[BLOCK];
    uint64_t prices = 0;
    for (size_t begin = 0; begin < rows; begin += BLOCK) {
        size_t count = rows - begin < BLOCK ? rows - begin : BLOCK;
        prices |= mark_block(limits, count, quantity + begin, price + begin, mark);
        for (size_t i = 0; i < count; i++)
            out_rule[begin + i] = (uint8_t)mark[i];
        if (description) {
            for (size_t i = 0; i < count; i++)
                out_rule[begin + i] = description[begin + i] == 0 ? RCX_RULE_NULL_DESCRIPTION
                                                                  : out_rule[begin + i];
        }
        if (limits->stock_required) {
            for (size_t i = 0; i < count; i++)
                out_rule[begin + i] = stock[begin + i] == 0 ? RCX_RULE_NULL_STOCK_CODE
                                                            : out_rule[begin + i];
        }
    }
    return prices;
}

size_t RCX_KERNEL(rcx_find_returns)(size_t rows, const int64_t *quantity, uint32_t *out)
{
    size_t found = 0;
    for (size_t begin = 0; begin < rows; begin += 8) {
        size_t count = rows - begin < 8 ? rows - begin : 8;
        int64_t any = 0;
        for (size_t i = 0; i < count; i++)
            any |= quantity[begin + i];
        for (size_t i = 0; any < 0 && i < count; i++) {
            out[found] = (uint32_t)(begin + i);
            found += quantity[begin + i] < 0;
        }
    }
    return found;
}
