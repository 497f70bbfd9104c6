#include <math.h>

#include "engine/features/feature_row.h"

/* num / den, rounded once. Nearly all operands are exact as doubles. */
static inline double ratio(rcx_i128 num, rcx_i128 den)
{
    const int64_t exact = (int64_t)1 << 53;
    if (num <= exact && num >= -exact && den <= exact)
        return (double)(int64_t)num / (double)(int64_t)den;
    return rcx_ratio(num, den);
}

/* Sample standard deviation of n > 1 integers in units of 1 / unit:
 * sqrt((n * squares - sum^2) / (n (n - 1))) / unit. */
static double deviation(int64_t n, int64_t sum, rcx_i128 squares, int64_t unit)
{
    rcx_i128 scaled;
    rcx_i128 square;
    if (__builtin_mul_overflow(squares, (rcx_i128)n, &scaled) ||
        __builtin_mul_overflow((rcx_i128)sum, (rcx_i128)sum, &square)) {
        /* beyond 10^38: the mean square minus the squared mean, each rounded once */
        double mean = ratio(sum, n);
        double spread = rcx_ratio(squares, n) - mean * mean;
        return sqrt(fmax(spread, 0) * ((double)n / (double)(n - 1))) / (double)unit;
    }
    return sqrt(ratio(scaled - square, (rcx_i128)n * (n - 1))) / (double)unit;
}

static void finish_money(const struct rcx_feature_plan *plan, const struct rcx_window_totals *t,
                         union rcx_slot *slots)
{
    int64_t n = t->purchases;
    slots[RCX_FEATURE_RECENCY].whole = t->recency;
    slots[RCX_FEATURE_FREQUENCY].whole = n;
    slots[RCX_FEATURE_MONETARY_AVG].real = ratio(t->revenue, (rcx_i128)n * plan->revenue_unit);
    slots[RCX_FEATURE_MONETARY_TOTAL].real = ratio(t->net_revenue, plan->revenue_unit);
    slots[RCX_FEATURE_MONETARY_STD].real =
        n < 2 ? 0 : deviation(n, t->revenue, t->revenue_squares, plan->revenue_unit);
    slots[RCX_FEATURE_SINCE_FIRST].whole = t->since_first;
    slots[RCX_FEATURE_LIFETIME].whole = t->lifetime;
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++) {
        slots[RCX_FEATURE_TXN_0 + 2 * w].whole = t->window_purchases[w];
        slots[RCX_FEATURE_REVENUE_0 + 2 * w].real = ratio(t->window_revenue[w], plan->revenue_unit);
    }
}

static void finish_gaps(const struct rcx_feature_plan *plan, const struct rcx_window_totals *t,
                        union rcx_slot *slots)
{
    bool original = plan->definitions == RCX_DEFINITIONS_ORIGINAL;
    double undefined = original ? 0 : NAN;
    double std = undefined;
    double cv = undefined;
    if (t->gaps >= 2) {
        std = deviation(t->gaps, t->gap_sum, t->gap_squares, 1);
        if (t->gap_sum != 0)
            cv = std / ratio(t->gap_sum, t->gaps);
    }
    int64_t lifetime = t->lifetime;
    if (original)
        lifetime = lifetime == 0 ? RCX_BUCKET_DAYS : lifetime;
    else if (lifetime < plan->min_lifetime_days)
        lifetime = plan->min_lifetime_days;
    slots[RCX_FEATURE_GAP_MEAN].real = t->gaps > 0 ? ratio(t->gap_sum, t->gaps) : undefined;
    slots[RCX_FEATURE_GAP_STD].real = std;
    slots[RCX_FEATURE_GAP_MEDIAN].real = t->gaps > 0 ? ratio(t->gap_middle, 2) : undefined;
    slots[RCX_FEATURE_GAP_CV].real = cv;
    slots[RCX_FEATURE_PER_MONTH].real = ratio((rcx_i128)30 * t->purchases, lifetime);
    slots[RCX_FEATURE_CONSISTENCY].real = 1 / (1 + cv);
}

static void finish_products(const struct rcx_feature_plan *plan, const struct rcx_window_totals *t,
                            union rcx_slot *slots)
{
    double undefined = plan->definitions == RCX_DEFINITIONS_ORIGINAL ? 0 : NAN;
    rcx_i128 rows = (rcx_i128)t->product_rows * t->product_rows;
    slots[RCX_FEATURE_PRODUCTS].whole = t->products;
    slots[RCX_FEATURE_BASKET_MEAN].real = ratio(t->items, (rcx_i128)t->baskets * plan->item_unit);
    slots[RCX_FEATURE_BASKET_STD].real =
        t->baskets < 2 ? 0 : deviation(t->baskets, t->items, t->item_squares, plan->item_unit);
    slots[RCX_FEATURE_RETURN_RATE].real = ratio(t->returns, t->events);
    slots[RCX_FEATURE_DIVERSITY].real = rows > 0 ? ratio(rows - t->product_squares, rows)
                                                 : undefined;
}

/* Slope of y over x = 0..m-1: (m sum(xy) - sum(x) sum(y)) / (m sum(x^2) - sum(x)^2), whose
 * denominator is m^2 (m^2 - 1) / 12. */
static int put_slope(int64_t m, rcx_i128 sum, rcx_i128 sum_x, int64_t unit, double undefined,
                     double *out)
{
    *out = undefined;
    if (m < 2)
        return 0;
    rcx_i128 numerator = m * sum_x - (rcx_i128)(m * (m - 1) / 2) * sum;
    rcx_i128 denominator = (rcx_i128)(m * m * (m * m - 1) / 12) * unit;
    *out = ratio(numerator, denominator);
    return (numerator > 0) - (numerator < 0);
}

static void finish_trends(const struct rcx_feature_plan *plan, const struct rcx_window_totals *t,
                          union rcx_slot *slots)
{
    double undefined = plan->definitions == RCX_DEFINITIONS_ORIGINAL ? 0 : NAN;
    slots[RCX_FEATURE_REVENUE_DIRECTION].whole = put_slope(
        t->buckets, t->bucket_revenue, t->bucket_revenue_x, plan->revenue_unit, undefined,
        &slots[RCX_FEATURE_REVENUE_SLOPE].real);
    slots[RCX_FEATURE_TXN_DIRECTION].whole = put_slope(t->buckets, t->bucket_purchases,
                                                       t->bucket_purchases_x, 1, undefined,
                                                       &slots[RCX_FEATURE_TXN_SLOPE].real);
}

void rcx_finish_features(const struct rcx_feature_plan *plan,
                         const struct rcx_window_totals *totals, struct rcx_feature_row *row)
{
    union rcx_slot *slots = row->slots;
    finish_money(plan, totals, slots);
    finish_gaps(plan, totals, slots);
    finish_products(plan, totals, slots);
    finish_trends(plan, totals, slots);
    /* n * (revenue / n) / (recency + 1) */
    slots[RCX_FEATURE_ENGAGEMENT].real = ratio(totals->revenue, (rcx_i128)(totals->recency + 1) *
                                                                    plan->revenue_unit);
    slots[RCX_FEATURE_ENGAGEMENT_NORM].real = NAN;
    slots[RCX_FEATURE_ACTIVITY].real = ratio(totals->window_purchases[0], totals->purchases + 1);
}

void rcx_finish_labels(const struct rcx_feature_plan *plan, int64_t tenure_days, bool active,
                       int64_t revenue, struct rcx_feature_row *row,
                       struct rcx_snapshot_counts *counts)
{
    rcx_day snapshot = plan->snapshots[row->snapshot];
    bool churn_known = rcx_churn_known(&plan->labels, snapshot);
    bool clv_known = rcx_clv_known(&plan->labels, snapshot);
    bool eligible = tenure_days >= 0 && tenure_days >= plan->labels.min_tenure_days;
    row->labels.eligible = eligible;
    row->labels.churn = (int8_t)(churn_known ? !active : -1);
    row->labels.clv = clv_known ? ratio(revenue, plan->revenue_unit) : (double)NAN;
    counts->eligible += eligible;
    if (churn_known) {
        counts->churn_known++;
        counts->churned += !active;
        counts->eligible_known += eligible;
        counts->eligible_churned += eligible && !active;
    }
    if (clv_known) {
        counts->clv_known++;
        counts->clv_zero += revenue == 0;
        counts->clv_negative += revenue < 0;
        counts->clv_total += revenue;
    }
}

void rcx_finish_more_label(const struct rcx_feature_plan *plan, size_t index, bool active,
                           int64_t revenue, struct rcx_feature_row *row)
{
    const struct rcx_label_plan *labels = &plan->labels;
    double value = NAN;
    if (rcx_more_known(labels, index, plan->snapshots[row->snapshot]))
        value = index < labels->more.churn_count ? !active : ratio(revenue, plan->revenue_unit);
    row->more[index] = value;
}

void rcx_snapshot_counts_merge(struct rcx_snapshot_counts *into,
                               const struct rcx_snapshot_counts *from)
{
    into->customers += from->customers;
    into->window_rows += from->window_rows;
    into->history_rows += from->history_rows;
    into->eligible += from->eligible;
    into->churn_known += from->churn_known;
    into->churned += from->churned;
    into->eligible_known += from->eligible_known;
    into->eligible_churned += from->eligible_churned;
    into->clv_known += from->clv_known;
    into->clv_zero += from->clv_zero;
    into->clv_negative += from->clv_negative;
    into->clv_total += from->clv_total;
}
