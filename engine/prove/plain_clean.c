/* Cleaning the plain way (plain.h): pipeline.md section 3, rule by rule. */
#include <math.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "engine/prove/plain.h"

static bool has_column(const struct rcx_plain_rules *rules, enum rcx_field field)
{
    return rules->decisions->field_mask >> field & 1;
}

rcx_time rcx_plain_learn_before(const struct rcx_plain_rules *rules)
{
    if (rules->cleaning->outliers_fit == RCX_OUTLIERS_FIT_ALL)
        return INT64_MAX;
    return (rules->first_day + rules->cleaning->outliers_fit_days) * RCX_DAY_SECONDS;
}

static bool equal(const struct rcx_plain_row *a, const struct rcx_plain_row *b)
{
    return a->time == b->time && a->invoice == b->invoice && a->stock == b->stock &&
           a->quantity == b->quantity && a->price == b->price && a->description == b->description &&
           a->country == b->country;
}

/* Whether an earlier row of the same second is equal in every column. */
static bool repeats(const struct rcx_plain_customer *customer, size_t row)
{
    const struct rcx_plain_row *rows = customer->rows;
    for (size_t i = row; i-- > 0 && rows[i].time == rows[row].time;) {
        if (equal(&rows[i], &rows[row]))
            return true;
    }
    return false;
}

static bool is_cheap(const struct rcx_plain_rules *rules, int64_t price)
{
    double least = rules->cleaning->min_unit_price *
                   (double)rcx_pow10(rules->decisions->price_decimals);
    return (double)price < least - 1e-6;
}

static bool is_huge(const struct rcx_plain_rules *rules, int64_t quantity)
{
    rcx_i128 most = (rcx_i128)rules->cleaning->max_abs_quantity *
                    rcx_pow10(rules->decisions->quantity_decimals);
    return quantity > most || quantity < -most;
}

void rcx_plain_mark_valid(const struct rcx_plain_rules *rules, struct rcx_plain_customer *customer)
{
    const struct rcx_cfg_cleaning *cfg = rules->cleaning;
    for (size_t i = 0; i < customer->count; i++) {
        struct rcx_plain_row *row = &customer->rows[i];
        row->valid = row->invoice != 0;
        row->valid &= row->stock != 0 || !has_column(rules, RCX_FIELD_STOCK_CODE);
        if (cfg->require_description && has_column(rules, RCX_FIELD_DESCRIPTION))
            row->valid &= row->description != 0;
        row->valid &= !is_cheap(rules, row->price);
        row->valid &= row->quantity != 0 && !is_huge(rules, row->quantity);
        if (row->valid && cfg->drop_exact_duplicates)
            row->valid = !repeats(customer, i);
    }
}

/* --- learning -------------------------------------------------------------------------------- */

static int compare_numbers(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa;
    int64_t b = *(const int64_t *)pb;
    return (a > b) - (a < b);
}

/* Order statistics around position share / whole of sorted numbers, and how far between. */
struct point {
    int64_t low, high;
    rcx_i128 part;
};

static struct point point_at(const int64_t *sorted, size_t count, int64_t share, int64_t whole)
{
    rcx_i128 position = (rcx_i128)(count - 1) * share;
    size_t rank = (size_t)(position / whole);
    struct point point = {sorted[rank], sorted[rank], position % whole};
    if (point.part != 0)
        point.high = sorted[rank + 1];
    return point;
}

static double log_between(struct point point, double whole)
{
    double low = log((double)point.low);
    if (point.part == 0)
        return low;
    return low + (log((double)point.high) - low) * ((double)point.part / whole);
}

static void learn_quantity(const struct rcx_plain_rules *rules, const int64_t *quantities,
                           size_t count, struct rcx_plain_limits *limits)
{
    enum { QUARTERS = 4, MILLION = 1000000 };
    struct point first = point_at(quantities, count, 1, QUARTERS);
    struct point third = point_at(quantities, count, 3, QUARTERS);
    double ranges = rules->cleaning->outliers_quantity_iqr;
    limits->has_quantity = true;
    if (rules->cleaning->outliers_quantity_scale == RCX_QUANTITY_SCALE_LOG) {
        double q1 = log_between(first, QUARTERS);
        double q3 = log_between(third, QUARTERS);
        limits->log_low = q1 - ranges * (q3 - q1);
        limits->log_high = q3 + ranges * (q3 - q1);
        return;
    }
    rcx_i128 q1 = (rcx_i128)first.low * QUARTERS + (first.high - first.low) * first.part;
    rcx_i128 q3 = (rcx_i128)third.low * QUARTERS + (third.high - third.low) * third.part;
    rcx_i128 millionths = llround(ranges * MILLION);
    limits->quantity_denominator = (rcx_i128)QUARTERS * MILLION;
    limits->low = q1 * MILLION - millionths * (q3 - q1);
    limits->high = q3 * MILLION + millionths * (q3 - q1);
}

struct rcx_plain_limits rcx_plain_learn(const struct rcx_plain_rules *rules, int64_t *prices,
                                        size_t price_count, int64_t *quantities,
                                        size_t quantity_count)
{
    const int64_t whole = 100000000; /* 100 percent in millionths of one */
    struct rcx_plain_limits limits = {.learned_rows = price_count};
    limits.applied = price_count > 0 &&
                     price_count >= (uint64_t)rules->cleaning->outliers_min_fit_rows;
    if (!limits.applied)
        return limits;
    qsort(prices, price_count, sizeof *prices, compare_numbers);
    struct point point = point_at(prices, price_count,
                                  llround(rules->cleaning->outliers_price_percentile * 1e6), whole);
    limits.price_numerator = (rcx_i128)point.low * whole + (point.high - point.low) * point.part;
    limits.price_denominator = whole;
    if (quantity_count > 0) {
        qsort(quantities, quantity_count, sizeof *quantities, compare_numbers);
        learn_quantity(rules, quantities, quantity_count, &limits);
    }
    return limits;
}

/* --- judging --------------------------------------------------------------------------------- */

static bool is_outlier(const struct rcx_plain_rules *rules, const struct rcx_plain_limits *limits,
                       const struct rcx_plain_row *row)
{
    const double tolerance = 1e-9;
    if ((rcx_i128)row->price * limits->price_denominator > limits->price_numerator)
        return true;
    if (row->quantity <= 0 || !limits->has_quantity)
        return false;
    if (rules->cleaning->outliers_quantity_scale == RCX_QUANTITY_SCALE_LOG) {
        double size = log((double)row->quantity);
        return size < limits->log_low - tolerance || size > limits->log_high + tolerance;
    }
    rcx_i128 scaled = row->quantity * limits->quantity_denominator;
    return scaled < limits->low || scaled > limits->high;
}

/* The last purchase row before the return in the store's order, or of its second, that it can take;
 * count when there is none. `taken` marks those that others took. */
static size_t find_purchase(const struct rcx_plain_customer *customer, size_t returned,
                            const int64_t *taken)
{
    const struct rcx_plain_row *rows = customer->rows;
    size_t last = returned;
    while (last + 1 < customer->count && rows[last + 1].time == rows[returned].time)
        last++;
    for (size_t i = last + 1; i-- > 0;) {
        if (rows[i].valid && !taken[i] && rows[i].stock == rows[returned].stock &&
            rows[i].quantity > 0 && rows[i].quantity == -rows[returned].quantity)
            return i;
    }
    return customer->count;
}

/* Returns take the purchases they cancel, and go with those that are outliers. */
static void drop_matched(const struct rcx_plain_customer *customer, int64_t *taken)
{
    struct rcx_plain_row *rows = customer->rows;
    for (size_t i = 0; i < customer->count; i++)
        taken[i] = 0;
    for (size_t i = 0; i < customer->count; i++) {
        if (!rows[i].valid || rows[i].quantity >= 0)
            continue;
        size_t purchase = find_purchase(customer, i, taken);
        if (purchase == customer->count)
            continue;
        taken[purchase] = 1;
        if (!rows[purchase].kept)
            rows[i].kept = false;
    }
}

void rcx_plain_mark_kept(const struct rcx_plain_rules *rules, const struct rcx_plain_limits *limits,
                         struct rcx_plain_scratch *scratch, struct rcx_plain_customer *customer)
{
    bool remove = limits->applied && rules->cleaning->outliers_action == RCX_OUTLIERS_REMOVE;
    for (size_t i = 0; i < customer->count; i++) {
        struct rcx_plain_row *row = &customer->rows[i];
        row->kept = row->valid && !(remove && is_outlier(rules, limits, row));
    }
    if (remove && rules->cleaning->outliers_matched_cancellations)
        drop_matched(customer, scratch->numbers);
}
