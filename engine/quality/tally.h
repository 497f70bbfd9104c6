#pragma once
/* How often each value occurs: a small hash table of (value, count), for exact percentiles of
 * columns with few distinct values (prices, quantities) without keeping the rows.
 * Memory: 16 bytes for every distinct value, at most four times that. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcx_tally_item {
    int64_t value;
    uint64_t count; /* 0: free slot */
};

/* `struct rcx_tally t = {0}` is a valid empty one. */
struct rcx_tally {
    struct rcx_tally_item *items; /* slots; after rcx_tally_sort the first `distinct`, ascending */
    size_t slots;                 /* power of two */
    size_t distinct;
    uint64_t total;
};

void rcx_tally_release(struct rcx_tally *tally);
bool rcx_tally_add(struct rcx_tally *tally, int64_t value, uint64_t count); /* false: no memory */
bool rcx_tally_merge(struct rcx_tally *into, const struct rcx_tally *from);
/* Orders the items by value; afterwards only reads are allowed. False: no memory. */
bool rcx_tally_sort(struct rcx_tally *tally);
/* The value at position `rank` (0-based) of all counted values in ascending order; sorted tallies.
 */
int64_t rcx_tally_at(const struct rcx_tally *tally, uint64_t rank);
