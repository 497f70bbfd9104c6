#include "engine/features/summary.h"

/* Adds a purchase that is not before those added so far. */
static void add_purchase(struct rcx_summary_row *row, size_t purchases, rcx_day day,
                         int64_t revenue)
{
    if (purchases == 0) {
        row->first = day;
        row->last = day;
        row->frequency = 0;
        row->repeat_revenue = 0;
        return;
    }
    row->frequency += day != row->last;
    row->repeat_revenue += day != row->first ? revenue : 0;
    row->last = day;
}

/* Each invoice lies within one day, so what it is does not depend on the snapshot. */
static size_t sum_invoices(const struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                           int64_t customer, struct rcx_summary_row *out)
{
    struct rcx_summary_row sum = {.customer = customer};
    size_t purchases = 0;
    size_t written = 0;
    size_t i = 0;
    for (size_t s = 0; s < plan->snapshot_count; s++) {
        for (; i < visit->invoice_count && visit->invoices[i].day <= plan->snapshots[s]; i++) {
            const struct rcx_invoice *invoice = &visit->invoices[i];
            if (invoice->items > 0)
                add_purchase(&sum, purchases++, invoice->day, invoice->revenue);
        }
        if (purchases == 0)
            continue;
        sum.snapshot = (uint32_t)s;
        out[written++] = sum;
    }
    return written;
}

/* --- customers with an invoice of several days ------------------------------------------------- */

/* Sums receipts of one invoice that come in time order. */
static struct rcx_group sum_group(const struct rcx_visit *visit, const struct rcx_batch *batch,
                                  const uint8_t *rule, size_t first, size_t end)
{
    struct rcx_group sum = {0};
    bool any = false;
    for (size_t i = first; i < end; i++) {
        uint32_t receipt = visit->items[i].payload;
        for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
            if (rule[row] != RCX_RULE_KEPT)
                continue;
            sum.time = any ? sum.time : batch->time[receipt];
            any = true;
            sum.items += batch->quantity[row];
            sum.revenue += batch->quantity[row] * batch->unit_price[row];
        }
    }
    return sum;
}

/* The purchases made of the rows before the cutoff, in visit->groups. */
static size_t find_purchases(struct rcx_visit *visit, const struct rcx_batch *batch,
                             const uint8_t *rule, size_t first, size_t end, rcx_time cutoff)
{
    size_t receipts = 0;
    size_t purchases = 0;
    for (size_t r = first; r < end && batch->time[r] < cutoff; r++)
        visit->items[receipts++] = (struct rcx_radix_item){batch->invoice[r], (uint32_t)r, 0};
    rcx_radix_sort(visit->items, visit->spare, receipts); /* stable: stays in time order */
    for (size_t i = 0, next; i < receipts; i = next) {
        for (next = i; next < receipts && visit->items[next].key == visit->items[i].key; next++)
            ;
        struct rcx_group group = sum_group(visit, batch, rule, i, next);
        if (group.items > 0)
            visit->groups[purchases++] = group;
    }
    return purchases;
}

static size_t sum_rows(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                       const struct rcx_batch *batch, const uint8_t *rule, size_t first, size_t end,
                       struct rcx_summary_row *out)
{
    size_t written = 0;
    for (size_t s = 0; s < plan->snapshot_count; s++) {
        rcx_time cutoff = rcx_cutoff(plan->snapshots[s]);
        size_t purchases = find_purchases(visit, batch, rule, first, end, cutoff);
        if (purchases == 0)
            continue;
        for (size_t i = 0; i < purchases; i++) {
            int64_t day = rcx_day_of_time(visit->groups[i].time);
            visit->items[i] = (struct rcx_radix_item){(uint64_t)(day - INT32_MIN), (uint32_t)i, 0};
        }
        rcx_radix_sort(visit->items, visit->spare, purchases);
        struct rcx_summary_row *row = &out[written++];
        *row = (struct rcx_summary_row){.customer = batch->customer[first],
                                        .snapshot = (uint32_t)s};
        for (size_t i = 0; i < purchases; i++) {
            const struct rcx_group *group = &visit->groups[visit->items[i].payload];
            add_purchase(row, i, rcx_day_of_time(group->time), group->revenue);
        }
    }
    return written;
}

size_t rcx_summary_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                            const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                            size_t end, struct rcx_summary_row *out)
{
    bool grouped = visit->grouped;
    if (!grouped && plan->definitions == RCX_DEFINITIONS_ORIGINAL)
        grouped = rcx_group_invoices(visit, plan, batch, rule, first, end);
    return grouped ? sum_invoices(visit, plan, batch->customer[first], out)
                   : sum_rows(visit, plan, batch, rule, first, end, out);
}
