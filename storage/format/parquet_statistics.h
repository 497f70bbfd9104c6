#pragma once
/* Least and greatest value of a page or a column chunk, as Parquet's Statistics and ColumnIndex
 * hold them (PLAIN, without a length).
 *
 * Reals: values are never NaN here (NaN is null); a least zero is written as -0.0 and a greatest
 * one as +0.0, because readers may compare the two zeros either way. Texts are compared by bytes; a
 * bound longer than RCX_PARQUET_BOUND_BYTES is shortened at a character, the greatest one then
 * counted up to stay above, and is marked as not exact. */
#include <stdbool.h>
#include <stdint.h>

#include "storage/format/parquet_values.h"

enum { RCX_PARQUET_BOUND_BYTES = 64 };

struct rcx_parquet_bound {
    uint8_t length;
    bool exact;
    uint8_t bytes[RCX_PARQUET_BOUND_BYTES];
};

struct rcx_parquet_bounds {
    bool known; /* false: no values, or no bound exists */
    struct rcx_parquet_bound least, greatest;
};

/* Of values [begin, end) that are not texts. */
void rcx_parquet_bounds_of(const struct rcx_parquet_values *values, size_t begin, size_t end,
                           struct rcx_parquet_bounds *out);
/* Of the texts with the given codes (of all values when `codes` is NULL). */
void rcx_parquet_bounds_of_texts(const struct rcx_parquet_values *values, const uint64_t *codes,
                                 size_t count, struct rcx_parquet_bounds *out);
/* Widens `total` by `page`. Not for texts. */
void rcx_parquet_bounds_merge(enum rcx_parquet_type type, struct rcx_parquet_bounds *total,
                              const struct rcx_parquet_bounds *page);
/* < 0, 0, > 0 in the order of the type. Not for texts. */
int rcx_parquet_bound_compare(enum rcx_parquet_type type, const struct rcx_parquet_bound *a,
                              const struct rcx_parquet_bound *b);
