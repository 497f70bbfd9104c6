#include "engine/quality/tally.h"

#include <assert.h>

#include "base/memory.h"
#include "base/radix.h"

enum { FIRST_SLOTS = 256 };

void rcx_tally_release(struct rcx_tally *tally)
{
    rcx_free(tally->items);
    *tally = (struct rcx_tally){0};
}

static size_t home_of(int64_t value, size_t slots)
{
    uint64_t mixed = (uint64_t)value * 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio */
    return (size_t)(mixed >> 32) & (slots - 1);
}

static struct rcx_tally_item *find_slot(struct rcx_tally_item *items, size_t slots, int64_t value)
{
    size_t i = home_of(value, slots);
    while (items[i].count != 0 && items[i].value != value)
        i = (i + 1) & (slots - 1);
    return &items[i];
}

static bool grow(struct rcx_tally *tally)
{
    size_t slots = tally->slots == 0 ? FIRST_SLOTS : 2 * tally->slots;
    struct rcx_tally_item *items = rcx_calloc(slots, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < tally->slots; i++) {
        if (tally->items[i].count != 0)
            *find_slot(items, slots, tally->items[i].value) = tally->items[i];
    }
    rcx_free(tally->items);
    tally->items = items;
    tally->slots = slots;
    return true;
}

bool rcx_tally_add(struct rcx_tally *tally, int64_t value, uint64_t count)
{
    if (count == 0)
        return true;
    if (2 * (tally->distinct + 1) > tally->slots && !grow(tally))
        return false;
    struct rcx_tally_item *item = find_slot(tally->items, tally->slots, value);
    if (item->count == 0) {
        item->value = value;
        tally->distinct++;
    }
    item->count += count;
    tally->total += count;
    return true;
}

bool rcx_tally_merge(struct rcx_tally *into, const struct rcx_tally *from)
{
    for (size_t i = 0; i < from->slots; i++) {
        if (!rcx_tally_add(into, from->items[i].value, from->items[i].count))
            return false;
    }
    return true;
}

bool rcx_tally_sort(struct rcx_tally *tally)
{
    size_t count = tally->distinct;
    if (count == 0)
        return true;
    struct rcx_radix_item *order = rcx_malloc_array(2 * count, sizeof *order);
    struct rcx_tally_item *sorted = rcx_malloc_array(count, sizeof *sorted);
    if (!order || !sorted) {
        rcx_free(order);
        rcx_free(sorted);
        return false;
    }
    size_t filled = 0;
    for (size_t i = 0; i < tally->slots; i++) {
        if (tally->items[i].count != 0)
            order[filled++] = (struct rcx_radix_item){
                (uint64_t)tally->items[i].value ^ (uint64_t)1 << 63, (uint32_t)i, 0};
    }
    rcx_radix_sort(order, order + count, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = tally->items[order[i].payload];
    rcx_free(order);
    rcx_free(tally->items);
    tally->items = sorted;
    tally->slots = count;
    return true;
}

int64_t rcx_tally_at(const struct rcx_tally *tally, uint64_t rank)
{
    assert(rank < tally->total);
    size_t i = 0;
    while (rank >= tally->items[i].count)
        rank -= tally->items[i++].count;
    return tally->items[i].value;
}
