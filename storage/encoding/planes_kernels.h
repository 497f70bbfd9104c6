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
/* The decoding of same_code (column.h): out[i] = bit i of `bits` ? next of `values` : last[keys[i]],
 * which then becomes last[keys[i]]. `bits` has whole 64-bit words, unused bits zero; `values` has one
 * spare place behind those that are used. */
RCX_KERNEL_DECLARE(void, fill_same_code,
                   (const uint64_t *bits, const int64_t *values, const uint32_t *keys, size_t n,
                    int64_t *last, int64_t *out))
/* Bits set in `n` words. */
RCX_KERNEL_DECLARE(size_t, count_bits, (const uint64_t *words, size_t n))
/* Minimum and maximum of n >= 1 values. */
RCX_KERNEL_DECLARE(void, find_range,
                   (const int64_t *values, size_t n, int64_t *out_min, int64_t *out_max))
/* How many values equal `value`. */
RCX_KERNEL_DECLARE(size_t, count_equal, (const int64_t *values, size_t n, int64_t value))
