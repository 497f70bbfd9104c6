#pragma once
/* Values to bins, and bins into groups; called through bins.h and gbdt_dataset.h. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

/* out[i] = how many of the 256 ascending bounds are below values[i]; a NaN goes to `missing`.
 * Bounds behind the last bin are +infinity. */
RCX_KERNEL_DECLARE(void, rcx_bin_values,
                   (const double *bounds, uint8_t missing, const double *values, size_t count,
                    uint8_t *out))

/* out[i * stride] = bytes of up to 8 columns, column j in byte j; the rest 0. */
RCX_KERNEL_DECLARE(void, rcx_bin_interleave,
                   (const uint8_t *const *columns, size_t column_count, size_t count, size_t stride,
                    uint64_t *out))
