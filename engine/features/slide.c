/* The usual way: running sums over invoices, windows moved by pointers (visit.h). */
#include <string.h>

#include "engine/features/visit.h"

enum { FEW_GAPS = 24 }; /* up to here the median is found by insertion, beyond by counting */

/* Sums the rows of one invoice; its product codes go to visit->codes from *codes on. */
static void sum_rows(const struct rcx_feature_plan *plan, const struct rcx_batch *batch,
                     const uint8_t *rule, uint32_t begin, uint32_t end, struct rcx_visit *visit,
                     uint32_t *codes, struct rcx_invoice *invoice)
{
    const uint8_t *is_product = plan->clean->is_product;
    int64_t revenue = 0;
    int64_t items = 0;
    int64_t removed_revenue = 0;
    int64_t removed_items = 0;
    uint32_t rows = 0;
    uint32_t next = *codes;
    for (uint32_t row = begin; row < end; row++) {
        int64_t quantity = batch->quantity[row];
        int64_t money = quantity * batch->unit_price[row];
        if (rule[row] == RCX_RULE_KEPT) {
            uint32_t stock = batch->stock[row];
            revenue += money;
            items += quantity;
            rows++;
            visit->codes[next] = stock;
            next += is_product[stock];
        } else if (rule[row] >= RCX_RULE_PRICE_OUTLIER) {
            removed_revenue += money;
            removed_items += quantity;
        }
    }
    invoice->revenue = revenue;
    invoice->items = items;
    invoice->label_revenue = revenue + removed_revenue;
    invoice->label_items = items + removed_items;
    invoice->rows = rows;
    if (items > 0)
        *codes = next;
    invoice->code_end = *codes;
}

static bool any_number_twice(struct rcx_visit *visit)
{
    for (size_t i = 0; i < visit->invoice_count; i++)
        visit->items[i] = (struct rcx_radix_item){visit->invoices[i].number, 0, 0};
    rcx_radix_sort(visit->items, visit->spare, visit->invoice_count);
    for (size_t i = 1; i < visit->invoice_count; i++) {
        if (visit->items[i].key == visit->items[i - 1].key)
            return true;
    }
    return false;
}

/* Numbers that rise through a customer's receipts, cancellations apart, cannot repeat: only a fall
 * asks for a closer look. */
bool rcx_group_invoices(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                        const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                        size_t end)
{
    uint32_t last[2] = {0, 0};
    uint32_t codes = 0;
    bool fell = false;
    visit->invoice_count = 0;
    for (size_t r = first; r < end;) {
        uint32_t number = batch->invoice[r];
        rcx_day day = rcx_day_of_time(batch->time[r]);
        size_t next = r + 1;
        while (next < end && batch->invoice[next] == number &&
               rcx_day_of_time(batch->time[next]) == day)
            next++;
        if (number != 0) { /* rows without one are not kept */
            uint32_t *before = &last[rcx_looks_like_cancellation(plan->clean, number)];
            struct rcx_invoice *invoice = &visit->invoices[visit->invoice_count++];
            fell |= number <= *before;
            *before = number;
            invoice->day = day;
            invoice->number = number;
            sum_rows(plan, batch, rule, batch->first_row[r], batch->first_row[next], visit, &codes,
                     invoice);
        }
        r = next;
    }
    return !fell || !any_number_twice(visit);
}

static size_t add_up(struct rcx_visit *visit)
{
    struct rcx_running sum = {0};
    struct rcx_running_purchases bought = {0};
    size_t n = 0;
    uint32_t code_begin = 0;
    for (size_t i = 0; i < visit->invoice_count; i++) {
        const struct rcx_invoice *invoice = &visit->invoices[i];
        visit->running[i] = sum;
        sum.revenue += invoice->revenue;
        sum.label_revenue += invoice->label_revenue;
        sum.rows += invoice->rows;
        sum.events += invoice->rows > 0;
        sum.purchases += invoice->items > 0;
        sum.label_purchases += invoice->label_items > 0;
        if (invoice->items > 0) {
            int64_t gap = n > 0 ? invoice->day - visit->purchases[n - 1].day : 0;
            bought.gap_squares += gap * gap; /* up to and with the gap before this purchase */
            bought.day = invoice->day;
            bought.code_begin = code_begin;
            visit->purchases[n++] = bought;
            bought.revenue += invoice->revenue;
            bought.items += invoice->items;
            bought.revenue_squares += (rcx_i128)invoice->revenue * invoice->revenue;
            bought.item_squares += (rcx_i128)invoice->items * invoice->items;
        }
        code_begin = invoice->code_end;
    }
    visit->running[visit->invoice_count] = sum;
    bought.code_begin = code_begin;
    visit->purchases[n] = bought;
    return n;
}

/* Twice the median of the gaps between purchases [first, end). */
static int64_t middle_gap(struct rcx_visit *visit, size_t first, size_t end)
{
    const struct rcx_running_purchases *purchases = visit->purchases;
    size_t gaps = end - first - 1;
    if (gaps == 0)
        return 0;
    size_t low = (gaps - 1) / 2;
    size_t high = gaps / 2;
    if (gaps <= FEW_GAPS) {
        int32_t sorted[FEW_GAPS];
        for (size_t i = 0; i < gaps; i++) {
            int32_t gap = purchases[first + i + 1].day - purchases[first + i].day;
            size_t j = i;
            for (; j > 0 && sorted[j - 1] > gap; j--)
                sorted[j] = sorted[j - 1];
            sorted[j] = gap;
        }
        return (int64_t)sorted[low] + sorted[high];
    }
    size_t longest = (size_t)(purchases[end - 1].day - purchases[first].day);
    for (size_t i = first + 1; i < end; i++)
        visit->gap_counts[purchases[i].day - purchases[i - 1].day]++;
    int64_t sum = 0;
    size_t below = 0;
    for (size_t gap = 0; gap <= longest; gap++) {
        size_t here = below + visit->gap_counts[gap];
        sum += (below <= low && low < here) ? (int64_t)gap : 0;
        sum += (below <= high && high < here) ? (int64_t)gap : 0;
        below = here;
    }
    memset(visit->gap_counts, 0, (longest + 1) * sizeof *visit->gap_counts);
    return sum;
}

static void purchase_totals(struct rcx_visit *visit, size_t first, size_t end, rcx_day snapshot,
                            struct rcx_window_totals *t)
{
    const struct rcx_running_purchases *a = &visit->purchases[first];
    const struct rcx_running_purchases *z = &visit->purchases[end - 1];
    const struct rcx_running_purchases *after = &visit->purchases[end];
    t->purchases = (int64_t)(end - first);
    t->revenue = after->revenue - a->revenue;
    t->revenue_squares = after->revenue_squares - a->revenue_squares;
    t->baskets = t->purchases;
    t->items = after->items - a->items;
    t->item_squares = after->item_squares - a->item_squares;
    t->recency = snapshot - z->day;
    t->since_first = snapshot - a->day;
    t->lifetime = z->day - a->day;
    t->gaps = t->purchases - 1;
    t->gap_sum = t->lifetime;
    t->gap_squares = z->gap_squares - a->gap_squares;
    t->gap_middle = middle_gap(visit, first, end);
}

static void window_totals(const struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          size_t buckets, struct rcx_window_totals *t)
{
    const struct rcx_running *running = visit->running;
    const struct rcx_running *end = &running[visit->at[0]];
    const struct rcx_running *begin = &running[visit->at[plan->observation_boundary]];
    t->net_revenue = end->revenue - begin->revenue;
    t->events = end->events - begin->events;
    t->returns = t->events - t->purchases;
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++) {
        const struct rcx_running *from = &running[visit->at[plan->window_boundary[w]]];
        t->window_purchases[w] = end->purchases - from->purchases;
        t->window_revenue[w] = end->revenue - from->revenue;
    }
    t->buckets = (int64_t)buckets;
    t->bucket_revenue = 0;
    t->bucket_revenue_x = 0;
    t->bucket_purchases = 0;
    t->bucket_purchases_x = 0;
    const struct rcx_running *newer = end;
    for (size_t b = 0; b < buckets; b++) { /* from the newest, x = buckets - 1 */
        const struct rcx_running *older = &running[visit->at[plan->bucket_boundary[b + 1]]];
        int64_t x = (int64_t)(buckets - 1 - b);
        int64_t revenue = newer->revenue - older->revenue;
        int64_t purchases = newer->purchases - older->purchases;
        t->bucket_revenue += revenue;
        t->bucket_revenue_x += (rcx_i128)x * revenue;
        t->bucket_purchases += purchases;
        t->bucket_purchases_x += x * purchases;
        newer = older;
    }
}

/* The product rows that are counted at the moment: codes[from, to). */
struct code_window {
    uint32_t from, to;
};

static void move_codes(struct rcx_visit *visit, struct code_window *window, uint32_t from,
                       uint32_t to, struct rcx_window_totals *t)
{
    struct rcx_code_counts *counts = &visit->code_counts;
    if (from >= window->to) {
        rcx_codes_clear(counts, visit->codes, window->from, window->to);
        rcx_codes_enter(counts, visit->codes, from, to);
    } else {
        rcx_codes_enter(counts, visit->codes, window->to, to);
        rcx_codes_leave(counts, visit->codes, window->from, from);
    }
    *window = (struct code_window){from, to};
    t->products = counts->distinct;
    t->product_squares = counts->squares;
    t->product_rows = to - from;
}

static size_t advance(const struct rcx_visit *visit, size_t at, rcx_day day)
{
    while (at < visit->invoice_count && visit->invoices[at].day < day)
        at++;
    return at;
}

static void label(struct rcx_visit *visit, const struct rcx_feature_plan *plan, rcx_day snapshot,
                  size_t first_purchase, struct rcx_feature_row *row)
{
    const struct rcx_label_plan *labels = &plan->labels;
    const struct rcx_running *running = visit->running;
    size_t *at = &visit->at[plan->boundary_count];
    rcx_day churn_begin = snapshot + 1 + labels->churn_gap_days;
    at[0] = advance(visit, at[0], churn_begin);
    at[1] = advance(visit, at[1], churn_begin + labels->churn_days);
    at[2] = advance(visit, at[2], snapshot + 1 + labels->clv_days);
    int64_t tenure = -1;
    if (first_purchase < visit->invoice_count && visit->invoices[first_purchase].day <= snapshot)
        tenure = snapshot - visit->invoices[first_purchase].day;
    bool active = running[at[1]].label_purchases > running[at[0]].label_purchases;
    int64_t revenue = running[at[2]].label_revenue - running[visit->at[0]].label_revenue;
    rcx_finish_labels(plan, tenure, active, revenue, row, &visit->counts[row->snapshot]);
    for (size_t m = 0; m < rcx_more_horizons_count(&labels->more); m++) {
        size_t *end = &at[3 + m];
        *end = advance(visit, *end, rcx_more_window_end(labels, m, snapshot));
        rcx_finish_more_label(
            plan, m, running[*end].label_purchases > running[at[0]].label_purchases,
            running[*end].label_revenue - running[visit->at[0]].label_revenue, row);
    }
}

/* Moves the two outer boundaries and counts the rows between them; false: no row at this snapshot.
 */
static bool enter_snapshot(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                           size_t snapshot)
{
    rcx_day cutoff = plan->snapshots[snapshot] + 1;
    size_t outer = plan->observation_boundary;
    visit->at[0] = advance(visit, visit->at[0], cutoff);
    visit->at[outer] = advance(visit, visit->at[outer], cutoff - plan->observation_days);
    const struct rcx_running *end = &visit->running[visit->at[0]];
    const struct rcx_running *begin = &visit->running[visit->at[outer]];
    if (visit->running[visit->invoice_count].rows >= plan->min_rows) {
        visit->counts[snapshot].history_rows += end->rows;
        visit->counts[snapshot].window_rows += end->rows - begin->rows;
    }
    if (end->rows < plan->min_rows)
        return false;
    return end->purchases > begin->purchases;
}

size_t rcx_slide_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          int64_t customer, struct rcx_feature_row *out)
{
    struct rcx_window_totals totals;
    struct code_window codes = {0, 0};
    size_t written = 0;
    size_t first_purchase = 0;
    (void)add_up(visit);
    memset(visit->at, 0, (plan->boundary_count + RCX_LABEL_BOUNDARIES) * sizeof *visit->at);
    while (first_purchase < visit->invoice_count &&
           visit->invoices[first_purchase].label_items <= 0)
        first_purchase++;
    for (size_t s = 0; s < plan->snapshot_count; s++) {
        if (!enter_snapshot(visit, plan, s))
            continue;
        rcx_day snapshot = plan->snapshots[s];
        for (size_t b = 1; b < plan->boundary_count; b++)
            visit->at[b] = advance(visit, visit->at[b], snapshot + 1 - plan->boundaries[b]);
        size_t first = visit->running[visit->at[plan->observation_boundary]].purchases;
        size_t end = visit->running[visit->at[0]].purchases;
        struct rcx_feature_row *row = &out[written++];
        row->customer = customer;
        row->snapshot = (uint32_t)s;
        purchase_totals(visit, first, end, snapshot, &totals);
        window_totals(visit, plan, rcx_feature_plan_buckets(plan, snapshot), &totals);
        move_codes(visit, &codes, visit->purchases[first].code_begin,
                   visit->purchases[end].code_begin, &totals);
        rcx_finish_features(plan, &totals, row);
        visit->counts[s].customers++;
        if (plan->with_labels)
            label(visit, plan, snapshot, first_purchase, row);
    }
    rcx_codes_clear(&visit->code_counts, visit->codes, codes.from, codes.to);
    return written;
}
