#pragma once
/* The distinct values of a column chunk and, for each value, the index of its distinct one.
 *
 * Integers of a small range and text codes find their index in a table by value, everything else in
 * an open-addressing hash table that grows with what it holds, so that few distinct values stay in
 * the first-level cache. A chunk with too many distinct values is recognised early: of s values
 * drawn at random from one with K equally frequent distinct values about s^2 / 2K repeat an earlier
 * one.
 *
 * Entries come in the order of their first appearance: deterministic, and good for later
 * compression. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/parquet_values.h"

/* Most entries; an index then has at most 17 bits and the entries of a number column 1 MiB. */
enum { RCX_PARQUET_DICTIONARY_ENTRIES = 1 << 17 };

struct rcx_parquet_dictionary {
    uint32_t count;
    uint32_t limit;    /* building stops beyond this many entries */
    uint64_t *entries; /* bits of the value; BYTE_ARRAY: a code */
    size_t entry_capacity;
    uint32_t *indices; /* [values->count] */
    size_t index_capacity;
    uint32_t *slots; /* index + 1, 0 = free */
    size_t slot_capacity;
    uint64_t *sample;
    size_t sample_capacity;
};

/* Builds from `values` (not booleans). *out_useful is false, and the contents undefined, when there
 * are more than min(RCX_PARQUET_DICTIONARY_ENTRIES, 3/4 of the values) distinct ones, or seem to
 * be. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_parquet_dictionary_build(struct rcx_parquet_dictionary *dictionary,
                                             const struct rcx_parquet_values *values,
                                             bool *out_useful, struct rcx_error *err);
void rcx_parquet_dictionary_release(struct rcx_parquet_dictionary *dictionary);

/* Bits of the largest of the indices [begin, end), at least 1. */
unsigned rcx_parquet_dictionary_width(const struct rcx_parquet_dictionary *dictionary, size_t begin,
                                      size_t end);
/* Appends the entries in PLAIN encoding. */
void rcx_parquet_dictionary_append(const struct rcx_parquet_dictionary *dictionary,
                                   const struct rcx_parquet_values *values, struct rcx_buf *out);
