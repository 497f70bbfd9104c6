#include "base/radix.h"

#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 8, BUCKETS = 1 << DIGIT_BITS, SMALL = 48 };

static void insertion_sort(struct rcx_radix_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct rcx_radix_item item = items[i];
        size_t j = i;
        for (; j > 0 && items[j - 1].key > item.key; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

static size_t digit_of(uint64_t key, unsigned digit)
{
    return (size_t)(key >> (digit * DIGIT_BITS) & (BUCKETS - 1));
}

static void scatter(const struct rcx_radix_item *from, struct rcx_radix_item *to, size_t count,
                    unsigned digit)
{
    size_t start[BUCKETS] = {0};
    for (size_t i = 0; i < count; i++)
        start[digit_of(from[i].key, digit)]++;
    size_t sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        size_t n = start[b];
        start[b] = sum;
        sum += n;
    }
    for (size_t i = 0; i < count; i++)
        to[start[digit_of(from[i].key, digit)]++] = from[i];
}

void rcx_radix_sort(struct rcx_radix_item *items, struct rcx_radix_item *scratch, size_t count)
{
    if (count <= SMALL) {
        insertion_sort(items, count);
        return;
    }
    uint64_t all_or = 0, all_and = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        all_or |= items[i].key;
        all_and &= items[i].key;
    }
    uint64_t varying = all_or ^ all_and;
    struct rcx_radix_item *from = items, *to = scratch;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        if (digit_of(varying, digit) == 0)
            continue;
        scatter(from, to, count, digit);
        struct rcx_radix_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}
