#pragma once
/* Byte planes: plane k holds byte k (little-endian) of every value, planes[k * n + i]. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

/* out[i] = sum over k < width of planes[k * n + i] << 8k; width 0..8. */
RCX_KERNEL_DECLARE(void, planes_join,
                   (const uint8_t *planes, size_t n, unsigned width, uint64_t *out))
/* The inverse for the lowest `width` bytes. */
RCX_KERNEL_DECLARE(void, planes_split,
                   (const uint64_t *values, size_t n, unsigned width, uint8_t *planes))
/* values[i] = zigzag decoded, (v >> 1) ^ -(v & 1). */
RCX_KERNEL_DECLARE(void, unzigzag, (uint64_t * values, size_t n))
/* values[i] = values[i] * unit + base, wrapping. */
RCX_KERNEL_DECLARE(void, scale_and_shift,
                   (uint64_t * values, size_t n, uint64_t unit, uint64_t base))
/* Narrows to 32 bits and returns the bitwise or-folded check: nonzero when any value >= limit. */
RCX_KERNEL_DECLARE(uint32_t, narrow_codes,
                   (const uint64_t *values, size_t n, uint64_t limit, uint32_t *out))
