#pragma once
/* Inner loops of the bootstrap: 16 random bits become a Poisson weight; weighted sums. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

enum { RCX_BOOTSTRAP_STEPS = 8 }; /* weights go up to this: P(more) = 1.1e-6 < 2^-16 */

/* out[i] = how many of the ascending steps are <= bits[i]. */
RCX_KERNEL_DECLARE(void, bootstrap_count_steps,
                   (const uint16_t *bits, size_t count, const uint16_t *steps, uint8_t *out))
/* Sum of weight x value in eight fixed lanes. */
RCX_KERNEL_DECLARE(double, bootstrap_weighted_sum,
                   (const uint8_t *weight, const double *value, size_t count))
