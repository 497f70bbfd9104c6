#pragma once
/* Hot loops of the Parquet writer: nulls, bounds, and the bits of dictionary indices. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

/* bit i = (values[i] is not NaN); whole bytes are written, bits past `count` are 0. Returns how
 * many bits are set. */
RCX_KERNEL_DECLARE(size_t, rcx_parquet_valid_reals,
                   (const double *values, size_t count, uint8_t *out_bits))

/* Copies the values whose bit is set, in order; returns how many. `out` has room for `count`. */
RCX_KERNEL_DECLARE(size_t, rcx_parquet_compact8,
                   (const uint8_t *values, const uint8_t *bits, size_t count, uint8_t *out))
RCX_KERNEL_DECLARE(size_t, rcx_parquet_compact32,
                   (const uint32_t *values, const uint8_t *bits, size_t count, uint32_t *out))
RCX_KERNEL_DECLARE(size_t, rcx_parquet_compact64,
                   (const uint64_t *values, const uint8_t *bits, size_t count, uint64_t *out))

/* out[0] = least, out[1] = greatest of count > 0 values; reals without NaN (either zero may come
 * out as the other). */
RCX_KERNEL_DECLARE(void, rcx_parquet_bounds_i32,
                   (const int32_t *values, size_t count, int32_t out[2]))
RCX_KERNEL_DECLARE(void, rcx_parquet_bounds_i64,
                   (const int64_t *values, size_t count, int64_t out[2]))
RCX_KERNEL_DECLARE(void, rcx_parquet_bounds_real,
                   (const double *values, size_t count, double out[2]))

/* PLAIN booleans: bit i = values[i] (0 or 1); writes (count + 7) / 8 bytes. */
RCX_KERNEL_DECLARE(void, rcx_parquet_pack_booleans,
                   (const uint8_t *values, size_t count, uint8_t *out))

/* The hybrid of run lengths and bit packing (Encodings.md, "RLE / Bit-Packing Hybrid") of values
 * below 2^width, 1 <= width <= RCX_PARQUET_MAX_WIDTH. `out` has room for rcx_parquet_hybrid_bound
 * bytes. Returns the bytes written. */
enum { RCX_PARQUET_MAX_WIDTH = 24 };
RCX_KERNEL_DECLARE(size_t, rcx_parquet_hybrid,
                   (const uint32_t *values, size_t count, unsigned width, uint8_t *out))

/* A run is only written where it is no longer than the packed values it replaces, so the packed
 * size and the header are the most there can be; 32 bytes are written beyond for speed. */
static inline size_t rcx_parquet_hybrid_bound(size_t count, unsigned width)
{
    return (count + 7) / 8 * width + 64;
}
