#pragma once
/* Bitmaps of which rows hold a value, and the definition levels that Parquet makes of them: the
 * hybrid encoding at width 1, whose packed groups are the bitmap's own bytes. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* How many of the bits [begin, begin + count) are set. */
size_t rcx_bits_count(const uint8_t *bits, size_t begin, size_t count);
/* Copies bits [begin, begin + count) to the bits 0.. of `out`; whole bytes are written, bits past
 * `count` are 0. */
void rcx_bits_copy(const uint8_t *bits, size_t begin, size_t count, uint8_t *out);

/* Appends the definition levels of `count` rows as a data page (v1) holds them: 4 bytes of length,
 * then the hybrid. `bits` NULL: all rows hold values. `bits` starts at bit 0; bits past `count` are
 * 0. */
void rcx_parquet_append_levels(struct rcx_buf *out, const uint8_t *bits, size_t count);
