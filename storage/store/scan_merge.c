#include "storage/store/scan_merge.h"

#include <string.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* Order of two receipts by (customer, time, invoice). */
static int compare_receipts(const struct rcx_store *store, const struct rcx_merge_source *a,
                            const struct rcx_merge_source *b)
{
    const uint32_t *rank = store->ranks[RCX_TEXT_INVOICE];
    const struct rcx_columns *x = &a->columns, *y = &b->columns;
    int64_t cx = rcx_store_customer_order(store, x->customer[a->begin]);
    int64_t cy = rcx_store_customer_order(store, y->customer[b->begin]);

    if (cx != cy)
        return COMPARE(cx, cy);
    if (x->time[a->begin] != y->time[b->begin])
        return COMPARE(x->time[a->begin], y->time[b->begin]);
    return COMPARE(rank[x->invoice[a->begin]], rank[y->invoice[b->begin]]);
}

/* Order of two rows of the same receipt. */
static int compare_rows(const struct rcx_store *store, const struct rcx_columns *x, uint32_t i,
                        const struct rcx_columns *y, uint32_t j)
{
    const uint32_t *stock = store->ranks[RCX_TEXT_STOCK];
    const uint32_t *description = store->ranks[RCX_TEXT_DESCRIPTION];
    const uint32_t *country = store->ranks[RCX_TEXT_COUNTRY];
    int order = COMPARE(stock[x->stock[i]], stock[y->stock[j]]);

    if (!order)
        order = COMPARE(x->quantity[i], y->quantity[j]);
    if (!order)
        order = COMPARE(x->unit_price[i], y->unit_price[j]);
    if (!order)
        order = COMPARE(description[x->description[i]], description[y->description[j]]);
    if (!order)
        order = COMPARE(country[x->country[i]], country[y->country[j]]);
    return order;
}

static void copy_rows(struct rcx_columns *out, const struct rcx_columns *from, uint32_t first,
                      size_t count)
{
    size_t at = out->rows;

    memcpy(out->stock + at, from->stock + first, count * sizeof *out->stock);
    memcpy(out->quantity + at, from->quantity + first, count * sizeof *out->quantity);
    memcpy(out->unit_price + at, from->unit_price + first, count * sizeof *out->unit_price);
    memcpy(out->description + at, from->description + first, count * sizeof *out->description);
    memcpy(out->country + at, from->country + first, count * sizeof *out->country);
    out->rows += count;
}

/* The rows of the receipts at the head of the sources marked in `equal`, merged row by row. */
static void merge_rows(const struct rcx_store *store, struct rcx_merge_source *sources,
                       const size_t *equal, size_t equal_count, uint32_t *next,
                       struct rcx_columns *out)
{
    for (size_t e = 0; e < equal_count; e++)
        next[e] = sources[equal[e]].columns.first_row[sources[equal[e]].begin];
    for (;;) {
        size_t best = equal_count;

        for (size_t e = 0; e < equal_count; e++) {
            const struct rcx_merge_source *source = &sources[equal[e]];

            if (next[e] < source->columns.first_row[source->begin + 1] &&
                (best == equal_count ||
                 compare_rows(store, &source->columns, next[e], &sources[equal[best]].columns,
                              next[best]) < 0))
                best = e;
        }
        if (best == equal_count)
            return;
        copy_rows(out, &sources[equal[best]].columns, next[best]++, 1);
    }
}

enum rcx_status rcx_scan_merge(const struct rcx_store *store, struct rcx_merge_source *sources,
                               size_t source_count, struct rcx_columns *out, struct rcx_error *err)
{
    size_t receipts = 0, rows = 0;
    struct rcx_buf scratch = {0};

    for (size_t s = 0; s < source_count; s++) {
        const struct rcx_merge_source *source = &sources[s];

        receipts += source->end - source->begin;
        if (source->end > source->begin)
            rows += source->columns.first_row[source->end] -
                    source->columns.first_row[source->begin];
    }
    if (!rcx_columns_reserve(out, receipts, rows) ||
        !rcx_buf_reserve(&scratch, source_count * (sizeof(size_t) + sizeof(uint32_t))))
        return rcx_fail_nomem(err, "merged rows", rows * 36);
    size_t *equal = (size_t *)(void *)scratch.data;
    uint32_t *next = (uint32_t *)(void *)(scratch.data + source_count * sizeof(size_t));

    out->receipts = out->rows = 0;
    for (;;) {
        size_t equal_count = 0;

        for (size_t s = 0; s < source_count; s++) {
            if (sources[s].begin == sources[s].end)
                continue;
            int order = equal_count ? compare_receipts(store, &sources[s], &sources[equal[0]]) : -1;
            if (order < 0)
                equal_count = 0;
            if (order <= 0)
                equal[equal_count++] = s;
        }
        if (equal_count == 0)
            break;
        struct rcx_merge_source *head = &sources[equal[0]];
        uint32_t first = head->columns.first_row[head->begin];

        out->customer[out->receipts] = head->columns.customer[head->begin];
        out->time[out->receipts] = head->columns.time[head->begin];
        out->invoice[out->receipts] = head->columns.invoice[head->begin];
        out->first_row[out->receipts++] = (uint32_t)out->rows;
        if (equal_count == 1)
            copy_rows(out, &head->columns, first, head->columns.first_row[head->begin + 1] - first);
        else
            merge_rows(store, sources, equal, equal_count, next, out);
        for (size_t e = 0; e < equal_count; e++)
            sources[equal[e]].begin++;
    }
    out->first_row[out->receipts] = (uint32_t)out->rows;
    rcx_columns_find_repeats(out);
    rcx_buf_release(&scratch);
    return RCX_OK;
}
