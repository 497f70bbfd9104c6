#pragma once
/* The encodings of Parquet that pack numbers, decoded from bytes that come from outside
 * (parquet-format, Encodings.md). Every function reads through a cursor, writes at most `count`
 * values, and returns false when the bytes do not hold exactly these. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

/* Run lengths and bit packing mixed: `count` values of `width` <= 32 bits. */
bool rcx_parquet_decode_hybrid(struct rcx_cursor *in, unsigned width, size_t count, uint32_t *out);

/* DELTA_BINARY_PACKED: `count` values, as int64; `narrow`: of an INT32 column, whose differences
 * wrap around at 32 bits. */
bool rcx_parquet_decode_delta(struct rcx_cursor *in, bool narrow, size_t count, int64_t *out);

/* BYTE_STREAM_SPLIT: byte k of all values one after the other, for each k < width; `out` takes
 * count * width bytes, value by value. */
bool rcx_parquet_decode_split(struct rcx_cursor *in, size_t width, size_t count, uint8_t *out);
