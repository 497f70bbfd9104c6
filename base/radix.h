#pragma once
/* Stable least-significant-digit radix sort of (key, payload) pairs. Digits in which all keys agree
 * are skipped, so the cost is O(n x varying bytes). Not for n in the millions on one thread:
 * partition first, so that a partition fits the cache. */
#include <stddef.h>
#include <stdint.h>

struct rcx_radix_item {
    uint64_t key;
    uint32_t payload;
    uint32_t pad;
};

/* Sorts `items` by key; `scratch` has room for `count` items. */
void rcx_radix_sort(struct rcx_radix_item *items, struct rcx_radix_item *scratch, size_t count);
