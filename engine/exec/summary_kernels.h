#pragma once
/* Minimum, maximum and sum of a column, in eight lanes whose partial sums are added in a fixed order,
 * so that every instruction set gives the same bits. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

struct rcx_real_summary {
    double min, max, sum; /* of the values that are not NaN */
    uint64_t known;       /* their number; 0: min and max are infinite */
};
struct rcx_whole_summary {
    int32_t min, max;
    int64_t sum;
};

RCX_KERNEL_DECLARE(struct rcx_real_summary, rcx_summarise_real,
                   (const double *values, size_t count))
/* `count` is at least 1. */
RCX_KERNEL_DECLARE(struct rcx_whole_summary, rcx_summarise_whole,
                   (const int32_t *values, size_t count))
