/* Sorting receipts that fit the cache into rows: 16-byte items (key, index) of the receipts are
 * sorted by customer and time; the rows of receipts that share both are sorted among themselves by
 * the next fields, each run of equal keys by the field after that; rows move once. */
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"
#include "storage/ingest/row_sort.h"

enum {
    INSERTION_COUNT = 32, /* up to here insertion sort beats the passes of a radix sort */
    AHEAD = 2             /* receipts whose lines are on their way from memory */
};

/* Items with the scratch that sorting them needs. */
struct items {
    struct rcx_radix_item *items, *scratch;
    size_t item_capacity, scratch_capacity;
};

struct rcx_part_sorter {
    struct items receipts, rows;
    struct rcx_row *unsorted; /* of receipts with the same customer and time */
    size_t unsorted_capacity;
};

struct rcx_part_sorter *rcx_part_sorter_new(void)
{
    return rcx_calloc(1, sizeof(struct rcx_part_sorter));
}

void rcx_part_sorter_release(struct rcx_part_sorter *sorter)
{
    if (!sorter)
        return;
    rcx_free(sorter->receipts.items);
    rcx_free(sorter->receipts.scratch);
    rcx_free(sorter->rows.items);
    rcx_free(sorter->rows.scratch);
    rcx_free(sorter->unsorted);
    rcx_free(sorter);
}

static bool reserve(struct items *items, size_t count)
{
    return rcx_array_reserve(&items->items, &items->item_capacity, count, sizeof *items->items) &&
           rcx_array_reserve(&items->scratch, &items->scratch_capacity, count,
                             sizeof *items->scratch);
}

static uint64_t ordered(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static void insertion_sort(struct rcx_radix_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct rcx_radix_item item = items[i];
        size_t k = i;
        for (; k > 0 && items[k - 1].key > item.key; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

static void sort_items(struct rcx_radix_item *items, struct rcx_radix_item *scratch, size_t count)
{
    if (count <= INSERTION_COUNT)
        insertion_sort(items, count);
    else
        rcx_radix_sort(items, scratch, count);
}

/* The first item behind `begin` with another key. */
static size_t end_of_run(const struct rcx_radix_item *items, size_t begin, size_t count)
{
    size_t end = begin + 1;
    while (end < count && items[end].key == items[begin].key)
        end++;
    return end;
}

/* The fields by which rows of the same customer and time are ordered. */
enum level { BY_INVOICE_AND_STOCK, BY_QUANTITY, BY_PRICE, BY_DESCRIPTION_AND_COUNTRY, LEVELS };

static inline uint64_t key_of(const struct rcx_row *row, enum level level)
{
    switch (level) {
    case BY_INVOICE_AND_STOCK:
        return (uint64_t)row->invoice << 32 | row->stock;
    case BY_QUANTITY:
        return ordered(row->quantity);
    case BY_PRICE:
        return ordered(row->unit_price);
    case BY_DESCRIPTION_AND_COUNTRY:
    case LEVELS:
    default:
        return (uint64_t)row->description << 32 | row->country;
    }
}

static void sort_level(const struct rcx_row *rows, struct rcx_radix_item *items,
                       struct rcx_radix_item *scratch, size_t count, enum level level)
{
    for (size_t i = 0; i < count; i++)
        items[i].key = key_of(&rows[items[i].payload], level);
    sort_items(items, scratch, count);
    enum level next = (enum level)(level + 1);
    if (next == LEVELS)
        return;
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = end_of_run(items, begin, count);
        if (end - begin > 1)
            sort_level(rows, items + begin, scratch, end - begin, next);
    }
}

/* Whether customer and time fit one key: (customer - first) * times + time - first. */
struct joint_key {
    int64_t first_customer;
    rcx_time first_time;
    uint64_t times; /* latest - first + 1 */
    bool fits;
};

static struct joint_key measure(struct rcx_receipt *const *receipts, size_t count)
{
    int64_t first_customer = receipts[0]->customer, last_customer = first_customer;
    rcx_time first_time = receipts[0]->time, last_time = first_time;
    for (size_t i = 1; i < count; i++) {
        int64_t customer = receipts[i]->customer;
        rcx_time time = receipts[i]->time;
        first_customer = customer < first_customer ? customer : first_customer;
        last_customer = customer > last_customer ? customer : last_customer;
        first_time = time < first_time ? time : first_time;
        last_time = time > last_time ? time : last_time;
    }
    struct joint_key key = {first_customer, first_time, (uint64_t)(last_time - first_time) + 1,
                            false};
    key.fits = (uint64_t)(last_customer - first_customer) < UINT64_MAX / key.times;
    return key;
}

static uint64_t joint_key_of(const struct joint_key *key, const struct rcx_receipt *receipt)
{
    return (uint64_t)(receipt->customer - key->first_customer) * key->times +
           (uint64_t)(receipt->time - key->first_time);
}

static void sort_by_time(struct rcx_receipt *const *receipts, struct items *items, size_t begin,
                         size_t end)
{
    for (size_t i = begin; i < end; i++)
        items->items[i].key = ordered(receipts[items->items[i].payload]->time);
    sort_items(items->items + begin, items->scratch, end - begin);
}

/* Items of the receipts in the order of customer and time. */
static void sort_receipts(struct rcx_receipt *const *receipts, struct items *items, size_t count)
{
    const struct joint_key key = measure(receipts, count);
    for (size_t i = 0; i < count; i++)
        items->items[i] = (struct rcx_radix_item){.key = key.fits ? joint_key_of(&key, receipts[i])
                                                                  : ordered(receipts[i]->customer),
                                                  .payload = (uint32_t)i};
    sort_items(items->items, items->scratch, count);
    if (key.fits)
        return;
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = end_of_run(items->items, begin, count);
        if (end - begin > 1)
            sort_by_time(receipts, items, begin, end);
    }
}

/* The receipts of the items share customer and time. Their rows go to `out`, sorted. false: out of
 * memory */
static bool sort_rows(struct rcx_part_sorter *sorter, const struct rcx_row_convert *convert,
                      struct rcx_receipt *const *receipts, const struct rcx_radix_item *items,
                      size_t count, struct rcx_row *out, size_t *out_rows,
                      struct rcx_convert_counts *counts)
{
    size_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += receipts[items[i].payload]->lines;
    if (!rcx_array_reserve(&sorter->unsorted, &sorter->unsorted_capacity, rows,
                           sizeof *sorter->unsorted) ||
        !reserve(&sorter->rows, rows))
        return false;
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rcx_receipt *receipt = receipts[items[i].payload];
        rcx_convert_lines(convert, receipt, sorter->unsorted + done, counts);
        done += receipt->lines;
    }
    struct rcx_radix_item *order = sorter->rows.items;
    for (size_t i = 0; i < rows; i++)
        order[i].payload = (uint32_t)i;
    sort_level(sorter->unsorted, order, sorter->rows.scratch, rows, BY_INVOICE_AND_STOCK);
    for (size_t i = 0; i < rows; i++)
        out[i] = sorter->unsorted[order[i].payload];
    *out_rows = rows;
    return true;
}

/* Asks for what the lines of a receipt that comes later lie in. */
static void prefetch_lines(const struct rcx_receipt *receipt)
{
    enum { LINES_PER_CACHE_LINE = 4, MOST_CACHE_LINES = 8 };
    uint32_t most = LINES_PER_CACHE_LINE * MOST_CACHE_LINES;
    uint32_t lines = receipt->lines < most ? receipt->lines : most;
    for (uint32_t i = 0; i < lines; i += LINES_PER_CACHE_LINE)
        __builtin_prefetch(receipt->first + i);
}

static bool same_moment(const struct rcx_receipt *a, const struct rcx_receipt *b)
{
    return a->customer == b->customer && a->time == b->time;
}

bool rcx_part_sort(struct rcx_part_sorter *sorter, const struct rcx_row_convert *convert,
                   struct rcx_receipt *const *receipts, size_t count, struct rcx_row *out,
                   struct rcx_convert_counts *counts)
{
    if (count == 0)
        return true;
    if (!reserve(&sorter->receipts, count))
        return false;
    sort_receipts(receipts, &sorter->receipts, count);
    const struct rcx_radix_item *items = sorter->receipts.items;
    for (size_t begin = 0, end; begin < count; begin = end) {
        const struct rcx_receipt *first = receipts[items[begin].payload];
        for (end = begin + 1; end < count; end++)
            if (!same_moment(first, receipts[items[end].payload]))
                break;
        if (end + AHEAD < count)
            prefetch_lines(receipts[items[end + AHEAD].payload]);
        size_t rows = 0;
        if (!sort_rows(sorter, convert, receipts, items + begin, end - begin, out, &rows, counts))
            return false;
        out += rows;
    }
    return true;
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int rcx_row_compare(const struct rcx_row *a, const struct rcx_row *b)
{
    int order = compare_i64(a->customer, b->customer);
    if (order == 0)
        order = compare_i64(a->time, b->time);
    if (order == 0)
        order = compare_i64(a->invoice, b->invoice);
    if (order == 0)
        order = compare_i64(a->stock, b->stock);
    if (order == 0)
        order = compare_i64(a->quantity, b->quantity);
    if (order == 0)
        order = compare_i64(a->unit_price, b->unit_price);
    if (order == 0)
        order = compare_i64(a->description, b->description);
    if (order == 0)
        order = compare_i64(a->country, b->country);
    return order;
}
