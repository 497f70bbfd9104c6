/* The general way: one snapshot from the rows of its window (visit.h). Standard definitions for
 * customers with an invoice of several days, and all customers with the original definitions. */
#include <string.h>

#include "engine/features/visit.h"

/* Which rows count: kept ones for features, survivors of stage 2 for standard labels. */
enum row_set { KEPT_ROWS, LABEL_ROWS };

struct span {
    size_t first, end; /* receipts of one customer, in time order */
};

static bool counts_row(unsigned rule, enum row_set set)
{
    return rule == RCX_RULE_KEPT || (set == LABEL_ROWS && rcx_survives_stage_2(rule));
}

/* The receipts of `span` with begin <= time < end. */
static struct span within(const struct rcx_batch *batch, struct span span, rcx_time begin,
                          rcx_time end)
{
    while (span.first < span.end && batch->time[span.first] < begin)
        span.first++;
    while (span.end > span.first && batch->time[span.end - 1] >= end)
        span.end--;
    return span;
}

struct receipt_sum {
    int64_t revenue, items;
    int64_t rows, returns;
};

static struct receipt_sum sum_receipt(const struct rcx_batch *batch, const uint8_t *rule,
                                      size_t receipt, enum row_set set)
{
    struct receipt_sum sum = {0};
    for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
        if (!counts_row(rule[row], set))
            continue;
        sum.revenue += batch->quantity[row] * batch->unit_price[row];
        sum.items += batch->quantity[row];
        sum.rows++;
        sum.returns += batch->quantity[row] < 0;
    }
    return sum;
}

static int64_t sum_revenue(const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                           enum row_set set)
{
    int64_t revenue = 0;
    for (size_t r = span.first; r < span.end; r++)
        revenue += sum_receipt(batch, rule, r, set).revenue;
    return revenue;
}

/* Groups the receipts of a span by invoice number into visit->groups; receipts of a group are
 * visit->items[first_item..end_item). Invoices without a row of the set are left out. */
static size_t group(struct rcx_visit *visit, const struct rcx_batch *batch, const uint8_t *rule,
                    struct span span, enum row_set set)
{
    size_t receipts = 0;
    size_t groups = 0;
    for (size_t r = span.first; r < span.end; r++)
        visit->items[receipts++] = (struct rcx_radix_item){batch->invoice[r], (uint32_t)r, 0};
    rcx_radix_sort(visit->items, visit->spare, receipts); /* stable: receipts stay in time order */
    for (size_t i = 0; i < receipts;) {
        struct rcx_group sum = {.first_item = (uint32_t)i};
        int64_t rows = 0;
        size_t next = i;
        for (; next < receipts && visit->items[next].key == visit->items[i].key; next++) {
            struct receipt_sum part = sum_receipt(batch, rule, visit->items[next].payload, set);
            if (rows == 0 && part.rows > 0)
                sum.time = batch->time[visit->items[next].payload];
            rows += part.rows;
            sum.revenue += part.revenue;
            sum.items += part.items;
        }
        sum.end_item = (uint32_t)next;
        if (rows > 0)
            visit->groups[groups++] = sum;
        i = next;
    }
    return groups;
}

static void add_bucket(struct rcx_window_totals *t, int64_t x, int64_t revenue, int64_t purchases)
{
    t->bucket_revenue += revenue;
    t->bucket_revenue_x += (rcx_i128)x * revenue;
    t->bucket_purchases += purchases;
    t->bucket_purchases_x += x * purchases;
}

static void count_group_codes(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                              const struct rcx_batch *batch, const uint8_t *rule, size_t receipt,
                              uint32_t *count)
{
    for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
        uint32_t stock = batch->stock[row];
        if (rule[row] == RCX_RULE_KEPT && plan->clean->is_product[stock])
            visit->codes[(*count)++] = stock;
    }
}

/* Distinct codes and sum of squares of visit->codes[0..count). */
static void code_totals(struct rcx_visit *visit, uint32_t count, struct rcx_window_totals *t)
{
    rcx_codes_enter(&visit->code_counts, visit->codes, 0, count);
    t->products = visit->code_counts.distinct;
    t->product_squares = visit->code_counts.squares;
    t->product_rows = count;
    rcx_codes_clear(&visit->code_counts, visit->codes, 0, count);
}

/* Sums and the median of gaps: `zeros` gaps of 0 and visit->gaps[0..count), which is sorted. */
static void gap_totals(struct rcx_visit *visit, size_t zeros, size_t count,
                       struct rcx_window_totals *t)
{
    size_t all = zeros + count;
    t->gaps = (int64_t)all;
    t->gap_sum = 0;
    t->gap_squares = 0;
    t->gap_middle = 0;
    for (size_t i = 0; i < count; i++) {
        t->gap_sum += visit->gaps[i];
        t->gap_squares += (int64_t)visit->gaps[i] * visit->gaps[i];
        visit->items[i] = (struct rcx_radix_item){(uint64_t)visit->gaps[i], 0, 0};
    }
    if (all == 0)
        return;
    rcx_radix_sort(visit->items, visit->spare, count);
    size_t middle[2] = {(all - 1) / 2, all / 2};
    for (size_t i = 0; i < 2; i++)
        t->gap_middle += middle[i] < zeros ? 0 : (int64_t)visit->items[middle[i] - zeros].key;
}

/* Purchases of the window in time order: the groups of positive quantity, sorted in place. */
static size_t keep_purchases(struct rcx_visit *visit, size_t groups, rcx_time begin)
{
    size_t n = 0;
    for (size_t g = 0; g < groups; g++) {
        if (visit->groups[g].items > 0)
            visit->groups[n++] = visit->groups[g];
    }
    for (size_t i = 0; i < n; i++)
        visit->items[i] = (struct rcx_radix_item){(uint64_t)(visit->groups[i].time - begin),
                                                  (uint32_t)i, 0};
    rcx_radix_sort(visit->items, visit->spare, n);
    return n;
}

static void standard_windows(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                             const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                             rcx_time cutoff, size_t n, size_t buckets, struct rcx_window_totals *t)
{
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++) {
        rcx_time begin = cutoff - (rcx_time)plan->window_days[w] * RCX_DAY_SECONDS;
        t->window_revenue[w] = sum_revenue(batch, rule, within(batch, span, begin, cutoff),
                                           KEPT_ROWS);
        t->window_purchases[w] = 0;
        for (size_t i = 0; i < n; i++)
            t->window_purchases[w] += visit->groups[i].time >= begin;
    }
    t->buckets = (int64_t)buckets;
    for (size_t b = 0; b < buckets; b++) {
        rcx_time end = cutoff - (rcx_time)b * RCX_BUCKET_DAYS * RCX_DAY_SECONDS;
        rcx_time begin = end - (rcx_time)RCX_BUCKET_DAYS * RCX_DAY_SECONDS;
        int64_t purchases = 0;
        for (size_t i = 0; i < n; i++)
            purchases += visit->groups[i].time >= begin && visit->groups[i].time < end;
        add_bucket(t, (int64_t)(buckets - 1 - b),
                   sum_revenue(batch, rule, within(batch, span, begin, end), KEPT_ROWS), purchases);
    }
}

static bool standard_totals(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                            const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                            rcx_day snapshot, struct rcx_window_totals *t)
{
    rcx_time cutoff = rcx_cutoff(snapshot);
    rcx_time begin = cutoff - (rcx_time)plan->observation_days * RCX_DAY_SECONDS;
    size_t groups = group(visit, batch, rule, span, KEPT_ROWS);
    uint32_t codes = 0;
    for (size_t g = 0; g < groups; g++) {
        const struct rcx_group *sum = &visit->groups[g];
        for (uint32_t i = sum->first_item; sum->items > 0 && i < sum->end_item; i++)
            count_group_codes(visit, plan, batch, rule, visit->items[i].payload, &codes);
    }
    size_t n = keep_purchases(visit, groups, begin);
    if (n == 0)
        return false;
    *t = (struct rcx_window_totals){
        .purchases = (int64_t)n, .events = (int64_t)groups, .returns = (int64_t)(groups - n)};
    rcx_day last = 0;
    rcx_day first = 0;
    for (size_t i = 0; i < n; i++) {
        const struct rcx_group *purchase = &visit->groups[visit->items[i].payload];
        rcx_day day = rcx_day_of_time(purchase->time);
        t->revenue += purchase->revenue;
        t->revenue_squares += (rcx_i128)purchase->revenue * purchase->revenue;
        t->items += purchase->items;
        t->item_squares += (rcx_i128)purchase->items * purchase->items;
        if (i > 0)
            visit->gaps[i - 1] = day - last;
        else
            first = day;
        last = day;
    }
    t->baskets = t->purchases;
    t->recency = snapshot - last;
    t->since_first = snapshot - first;
    t->lifetime = last - first;
    t->net_revenue = sum_revenue(batch, rule, span, KEPT_ROWS);
    standard_windows(visit, plan, batch, rule, span, cutoff, n,
                     rcx_feature_plan_buckets(plan, snapshot), t);
    gap_totals(visit, 0, n - 1, t);
    code_totals(visit, codes, t);
    return true;
}

static int64_t elapsed_days(rcx_time from, rcx_time to)
{
    return (to - from) / RCX_DAY_SECONDS; /* from <= to */
}

/* Rows as purchases: sums, gaps, calendar months. */
static void original_rows(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                          rcx_time cutoff, struct rcx_window_totals *t)
{
    rcx_time first = 0;
    rcx_time last = 0;
    uint32_t month = 0;
    size_t zeros = 0;
    size_t gaps = 0;
    uint32_t codes = 0;
    for (size_t r = span.first; r < span.end; r++) {
        struct receipt_sum sum = sum_receipt(batch, rule, r, KEPT_ROWS);
        if (sum.rows == 0)
            continue;
        struct rcx_civil civil = rcx_civil_from_day(rcx_day_of_time(batch->time[r]));
        uint32_t this_month = (uint32_t)civil.year * 12 + civil.month;
        if (t->purchases > 0)
            visit->gaps[gaps++] = (int32_t)elapsed_days(last, batch->time[r]);
        else
            first = batch->time[r];
        if (this_month != month)
            t->buckets++;
        month = this_month;
        last = batch->time[r];
        zeros += (size_t)sum.rows - 1;
        t->purchases += sum.rows;
        t->revenue += sum.revenue;
        t->returns += sum.returns;
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            rcx_i128 revenue = (rcx_i128)batch->quantity[row] * batch->unit_price[row];
            if (rule[row] == RCX_RULE_KEPT)
                t->revenue_squares += revenue * revenue;
        }
        add_bucket(t, t->buckets - 1, sum.revenue, sum.rows);
        count_group_codes(visit, plan, batch, rule, r, &codes);
        for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++) {
            if (batch->time[r] >= cutoff - (rcx_time)plan->window_days[w] * RCX_DAY_SECONDS) {
                t->window_purchases[w] += sum.rows;
                t->window_revenue[w] += sum.revenue;
            }
        }
    }
    t->events = t->purchases;
    t->net_revenue = t->revenue;
    t->recency = (int32_t)elapsed_days(last, cutoff - 1);
    t->since_first = (int32_t)elapsed_days(first, cutoff - 1);
    t->lifetime = (int32_t)elapsed_days(first, last);
    gap_totals(visit, zeros, gaps, t);
    code_totals(visit, codes, t);
}

static bool original_totals(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                            const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                            rcx_day snapshot, struct rcx_window_totals *t)
{
    *t = (struct rcx_window_totals){0};
    size_t groups = group(visit, batch, rule, span, KEPT_ROWS);
    if (groups == 0)
        return false;
    t->baskets = (int64_t)groups;
    for (size_t g = 0; g < groups; g++) {
        int64_t items = visit->groups[g].items < 0 ? -visit->groups[g].items
                                                   : visit->groups[g].items;
        t->items += items;
        t->item_squares += (rcx_i128)items * items;
    }
    original_rows(visit, plan, batch, rule, span, rcx_cutoff(snapshot), t);
    return true;
}

static int64_t count_rows(const struct rcx_batch *batch, const uint8_t *rule, struct span span,
                          enum row_set set)
{
    int64_t rows = 0;
    for (uint32_t row = batch->first_row[span.first]; row < batch->first_row[span.end]; row++)
        rows += counts_row(rule[row], set);
    return rows;
}

/* Standard: an invoice of positive quantity among the label rows of the window. Original: any row.
 */
static bool is_active(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                      const struct rcx_batch *batch, const uint8_t *rule, struct span span)
{
    if (plan->definitions == RCX_DEFINITIONS_ORIGINAL)
        return count_rows(batch, rule, span, KEPT_ROWS) > 0;
    size_t groups = group(visit, batch, rule, span, LABEL_ROWS);
    for (size_t g = 0; g < groups; g++) {
        if (visit->groups[g].items > 0)
            return true;
    }
    return false;
}

/* Days from the first purchase before the cutoff to the snapshot; -1: none. */
static int64_t tenure(struct rcx_visit *visit, const struct rcx_batch *batch, const uint8_t *rule,
                      struct span history, rcx_day snapshot)
{
    int64_t days = -1;
    size_t groups = group(visit, batch, rule, history, LABEL_ROWS);
    for (size_t g = 0; g < groups; g++) {
        int64_t since = snapshot - rcx_day_of_time(visit->groups[g].time);
        if (visit->groups[g].items > 0 && since > days)
            days = since;
    }
    return days;
}

static void label(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                  const struct rcx_batch *batch, const uint8_t *rule, struct span all,
                  int32_t since_first, struct rcx_feature_row *row)
{
    bool original = plan->definitions == RCX_DEFINITIONS_ORIGINAL;
    rcx_day snapshot = plan->snapshots[row->snapshot];
    rcx_time cutoff = rcx_cutoff(snapshot);
    rcx_time begin = cutoff + (rcx_time)plan->labels.churn_gap_days * RCX_DAY_SECONDS;
    rcx_time end = begin + (rcx_time)plan->labels.churn_days * RCX_DAY_SECONDS;
    rcx_time clv_end = cutoff + (rcx_time)plan->labels.clv_days * RCX_DAY_SECONDS;
    int64_t days = since_first;
    if (!original)
        days = tenure(visit, batch, rule, within(batch, all, INT64_MIN, cutoff), snapshot);
    bool active = is_active(visit, plan, batch, rule, within(batch, all, begin, end));
    int64_t revenue = sum_revenue(batch, rule, within(batch, all, cutoff, clv_end),
                                  original ? KEPT_ROWS : LABEL_ROWS);
    rcx_finish_labels(plan, days, active, revenue, row, &visit->counts[row->snapshot]);
    for (size_t m = 0; m < rcx_more_horizons_count(&plan->labels.more); m++) {
        rcx_time more_end = rcx_cutoff(rcx_more_window_end(&plan->labels, m, snapshot) - 1);
        if (m < plan->labels.more.churn_count)
            active = is_active(visit, plan, batch, rule, within(batch, all, begin, more_end));
        else
            revenue = sum_revenue(batch, rule, within(batch, all, cutoff, more_end),
                                  original ? KEPT_ROWS : LABEL_ROWS);
        rcx_finish_more_label(plan, m, active, revenue, row);
    }
}

/* Counts the rows of the cleaned table; whether the customer has enough rows for a row here.
 * Original: in the whole file; standard: before the cutoff. */
static bool enter_snapshot(const struct rcx_feature_plan *plan, const struct rcx_batch *batch,
                           const uint8_t *rule, struct span all, struct span history,
                           struct span window, struct rcx_snapshot_counts *counts)
{
    bool cleaned = count_rows(batch, rule, all, KEPT_ROWS) >= plan->min_rows;
    int64_t rows = count_rows(batch, rule, history, KEPT_ROWS);
    if (cleaned) {
        counts->history_rows += (uint64_t)rows;
        counts->window_rows += (uint64_t)count_rows(batch, rule, window, KEPT_ROWS);
    }
    return plan->definitions == RCX_DEFINITIONS_ORIGINAL ? cleaned : rows >= plan->min_rows;
}

size_t rcx_rescan_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                           const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                           size_t end, struct rcx_feature_row *out)
{
    bool original = plan->definitions == RCX_DEFINITIONS_ORIGINAL;
    struct span all = {first, end};
    size_t written = 0;
    for (size_t s = 0; s < plan->snapshot_count; s++) {
        rcx_day snapshot = plan->snapshots[s];
        rcx_time cutoff = rcx_cutoff(snapshot);
        struct span history = within(batch, all, INT64_MIN, cutoff);
        rcx_time begin = cutoff - (rcx_time)plan->observation_days * RCX_DAY_SECONDS;
        struct span window = within(batch, history, begin, cutoff);
        struct rcx_window_totals totals;
        struct rcx_snapshot_counts *counts = &visit->counts[s];
        if (!enter_snapshot(plan, batch, rule, all, history, window, counts))
            continue;
        bool member = original
                          ? original_totals(visit, plan, batch, rule, window, snapshot, &totals)
                          : standard_totals(visit, plan, batch, rule, window, snapshot, &totals);
        if (!member)
            continue;
        struct rcx_feature_row *row = &out[written++];
        row->customer = batch->customer[first];
        row->snapshot = (uint32_t)s;
        rcx_finish_features(plan, &totals, row);
        counts->customers++;
        if (plan->with_labels)
            label(visit, plan, batch, rule, all, totals.since_first, row);
    }
    return written;
}
