/* Sorting rows that fit the cache: 16-byte items (key, index) are sorted, first by customer and time,
 * then each run of equal keys by the next fields, and so on; the rows themselves move once. */
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"
#include "storage/ingest/row_sort.h"

enum { INSERTION_COUNT = 32 }; /* up to here insertion sort beats the passes of a radix sort */

struct rcx_part_sorter {
    struct rcx_radix_item *items, *scratch;
    size_t item_capacity, scratch_capacity;
};

struct rcx_part_sorter *rcx_part_sorter_new(void)
{
    return rcx_calloc(1, sizeof(struct rcx_part_sorter));
}

void rcx_part_sorter_release(struct rcx_part_sorter *sorter)
{
    if (!sorter)
        return;
    rcx_free(sorter->items);
    rcx_free(sorter->scratch);
    rcx_free(sorter);
}

enum level {
    BY_CUSTOMER_AND_TIME, /* when both fit one key */
    BY_CUSTOMER,
    BY_TIME,
    BY_INVOICE_AND_STOCK,
    BY_QUANTITY,
    BY_PRICE,
    BY_DESCRIPTION_AND_COUNTRY,
    LEVELS
};

struct sorting {
    const struct rcx_row *rows;
    struct rcx_radix_item *scratch;
    int64_t first_customer, first_time;
    uint64_t times; /* latest - first + 1 */
};

static uint64_t ordered(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static inline uint64_t key_of(const struct sorting *sorting, const struct rcx_row *row,
                              enum level level)
{
    switch (level) {
    case BY_CUSTOMER_AND_TIME:
        return (uint64_t)(row->customer - sorting->first_customer) * sorting->times +
               (uint64_t)(row->time - sorting->first_time);
    case BY_CUSTOMER:
        return ordered(row->customer);
    case BY_TIME:
        return ordered(row->time);
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

static enum level next_level(enum level level)
{
    return level == BY_CUSTOMER_AND_TIME ? BY_INVOICE_AND_STOCK : (enum level)(level + 1);
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

static void sort_level(const struct sorting *sorting, struct rcx_radix_item *items, size_t count,
                       enum level level)
{
    for (size_t i = 0; i < count; i++)
        items[i].key = key_of(sorting, &sorting->rows[items[i].payload], level);
    if (count <= INSERTION_COUNT)
        insertion_sort(items, count);
    else
        rcx_radix_sort(items, sorting->scratch, count);
    enum level next = next_level(level);
    if (next == LEVELS)
        return;
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        while (end < count && items[end].key == items[begin].key)
            end++;
        if (end - begin > 1)
            sort_level(sorting, items + begin, end - begin, next);
        begin = end;
    }
}

/* Whether customer and time fit one key. */
static bool measure(const struct rcx_row *rows, size_t count, struct sorting *sorting)
{
    int64_t first_customer = rows[0].customer, last_customer = rows[0].customer;
    int64_t first_time = rows[0].time, last_time = rows[0].time;
    for (size_t i = 1; i < count; i++) {
        first_customer = rows[i].customer < first_customer ? rows[i].customer : first_customer;
        last_customer = rows[i].customer > last_customer ? rows[i].customer : last_customer;
        first_time = rows[i].time < first_time ? rows[i].time : first_time;
        last_time = rows[i].time > last_time ? rows[i].time : last_time;
    }
    sorting->first_customer = first_customer;
    sorting->first_time = first_time;
    sorting->times = (uint64_t)(last_time - first_time) + 1;
    uint64_t customers = (uint64_t)(last_customer - first_customer);
    return customers < UINT64_MAX / sorting->times;
}

bool rcx_part_sort(struct rcx_part_sorter *sorter, const struct rcx_row *rows, size_t count,
                   struct rcx_row *out)
{
    if (count == 0)
        return true;
    if (!rcx_array_reserve(&sorter->items, &sorter->item_capacity, count, sizeof *sorter->items) ||
        !rcx_array_reserve(&sorter->scratch, &sorter->scratch_capacity, count,
                           sizeof *sorter->scratch))
        return false;
    struct sorting sorting = {.rows = rows, .scratch = sorter->scratch};
    bool joint = measure(rows, count, &sorting);
    for (size_t i = 0; i < count; i++)
        sorter->items[i].payload = (uint32_t)i;
    sort_level(&sorting, sorter->items, count, joint ? BY_CUSTOMER_AND_TIME : BY_CUSTOMER);
    for (size_t i = 0; i < count; i++)
        out[i] = rows[sorter->items[i].payload];
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
