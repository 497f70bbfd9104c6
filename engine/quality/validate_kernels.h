#pragma once
/* The counts of validation that look at every row of a morsel, as straight loops over its columns;
 * called by validate_batch.c. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

struct rcx_value_counts {
    uint64_t price_negative, price_zero, price_valid;
    uint64_t quantity_zero, quantity_outside, returns;
    uint64_t revenue_positive, revenue_negative;
};

/* Adds the rows to *counts.
 *  min_price  a price from here on is valid
 *  most       a quantity farther than this from zero is outside */
RCX_KERNEL_DECLARE(void, rcx_count_values,
                   (size_t rows, const int64_t *quantity, const int64_t *price, int64_t min_price,
                    int64_t most, struct rcx_value_counts *counts))

/* How many of the codes are 0, the empty text. */
RCX_KERNEL_DECLARE(uint64_t, rcx_count_empty, (size_t count, const uint32_t *codes))

/* How many codes of an ascending list are equal to a neighbour. */
RCX_KERNEL_DECLARE(uint64_t, rcx_count_shared, (size_t count, const uint32_t *codes))
