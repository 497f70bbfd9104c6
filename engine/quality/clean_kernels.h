#pragma once
/* The row rules of stages 1 to 3 as straight loops over a morsel's columns; called through
 * clean_batch.h, which adds what needs more than one row. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"
#include "engine/quality/clean_plan.h"

/* out_rule[i] = the first rule that removes row i by its own values (enum rcx_clean_rule).
 * `description` NULL: not required. Revenue sums are bounded by the result: the or of the prices of
 * all rows that survive stage 2, so max price <= result (when min_price >= 0). */
RCX_KERNEL_DECLARE(uint64_t, rcx_mark_rows,
                   (const struct rcx_row_limits *limits, size_t rows, const uint32_t *stock,
                    const int64_t *quantity, const int64_t *price, const uint32_t *description,
                    uint8_t *out_rule))

/* Writes the indices of rows with negative quantity, ascending; returns their number. */
RCX_KERNEL_DECLARE(size_t, rcx_find_returns, (size_t rows, const int64_t *quantity, uint32_t *out))
