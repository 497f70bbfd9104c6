#include "engine/quality/outlier_fit.h"

#include <math.h>

enum { MILLION = 1000000 };

/* Half the distance at which two logarithms count as different. */
static const double log_tolerance = 1e-9;

rcx_time rcx_outlier_fit_end(const struct rcx_clean_plan *plan, struct rcx_data_range range)
{
    if (plan->fit == RCX_OUTLIERS_FIT_ALL)
        return INT64_MAX;
    return ((rcx_time)range.first + plan->fit_days) * RCX_DAY_SECONDS;
}

/* A point between two order statistics: low + part / whole * (high - low). */
struct percentile {
    int64_t low, high;
    int64_t part, whole;
};

/* The percentile `share` / `whole` of sorted values, at position share / whole * (n - 1). */
static struct percentile percentile_of(const struct rcx_tally *tally, int64_t share, int64_t whole)
{
    rcx_i128 position = (rcx_i128)share * (rcx_i128)(tally->total - 1);
    uint64_t rank = (uint64_t)(position / whole);
    struct percentile p = {.part = (int64_t)(position % whole), .whole = whole};
    p.low = rcx_tally_at(tally, rank);
    p.high = p.part == 0 ? p.low : rcx_tally_at(tally, rank + 1);
    return p;
}

static rcx_i128 numerator_of(struct percentile p)
{
    return (rcx_i128)p.low * (p.whole - p.part) + (rcx_i128)p.high * p.part;
}

static rcx_i128 floor_div(rcx_i128 a, rcx_i128 b)
{
    rcx_i128 quotient = a / b;
    return quotient - (a % b != 0 && a < 0);
}

static int64_t clamp(rcx_i128 value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static rcx_i128 gcd(rcx_i128 a, rcx_i128 b)
{
    while (b != 0) {
        rcx_i128 rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

enum rcx_status rcx_outlier_fit_price(const struct rcx_clean_plan *plan, struct rcx_tally *prices,
                                      struct rcx_outlier_fit *fit, struct rcx_error *err)
{
    if (!rcx_tally_sort(prices))
        return rcx_fail_nomem(err, "price percentile", prices->distinct * sizeof *prices->items);
    fit->rows = prices->total;
    fit->applied = prices->total > 0 && prices->total >= (uint64_t)plan->min_fit_rows;
    fit->price_max = INT64_MAX;
    if (!fit->applied)
        return RCX_OK;
    struct percentile p = percentile_of(prices, plan->price_percentile_e6, 100 * (int64_t)MILLION);
    rcx_i128 numerator = numerator_of(p);
    rcx_i128 denominator = (rcx_i128)p.whole * rcx_pow10(plan->price_decimals);
    rcx_i128 common = gcd(numerator, denominator);
    fit->price_max = clamp(floor_div(numerator, p.whole));
    fit->price_numerator = clamp(numerator / common);
    fit->price_denominator = clamp(denominator / common);
    return RCX_OK;
}

static double log_of(struct percentile p)
{
    double low = log((double)p.low);
    return p.part == 0 ? low
                       : low + (log((double)p.high) - low) * ((double)p.part / (double)p.whole);
}

/* exp(log_value), but without its rounding error when the percentile is a value itself. */
static double shown(struct percentile p, double log_value, double unit)
{
    return (p.low == p.high ? (double)p.low : exp(log_value)) / unit;
}

/* The bounds are compared with a tolerance, so a search among the integers next to exp(bound) finds
 * the first and the last one that stay. */
static void log_bounds(double low, double high, struct rcx_outlier_fit *fit)
{
    fit->quantity_max = INT64_MAX;
    if (high < 43) { /* exp(43) < 2^63 */
        int64_t last = (int64_t)exp(high);
        while (log((double)(last + 1)) <= high + log_tolerance)
            last++;
        while (last > 0 && log((double)last) > high + log_tolerance)
            last--;
        fit->quantity_max = last;
    }
    fit->quantity_min = 1;
    if (low > 0) {
        int64_t first = (int64_t)exp(low);
        while (first > 1 && log((double)(first - 1)) >= low - log_tolerance)
            first--;
        while (log((double)(first > 0 ? first : 1)) < low - log_tolerance)
            first++;
        fit->quantity_min = first;
    }
}

static void fit_log(const struct rcx_clean_plan *plan, struct percentile q1, struct percentile q3,
                    struct rcx_outlier_fit *fit)
{
    double unit = (double)rcx_pow10(plan->quantity_decimals);
    double range = (double)plan->quantity_iqr_e6 / MILLION;
    double log_1 = log_of(q1);
    double log_3 = log_of(q3);
    double low = log_1 - range * (log_3 - log_1);
    double high = log_3 + range * (log_3 - log_1);
    log_bounds(low, high, fit);
    fit->quantity_q1 = shown(q1, log_1, unit);
    fit->quantity_q3 = shown(q3, log_3, unit);
    fit->quantity_low = exp(low) / unit;
    fit->quantity_high = floor(exp(high) + 1e-6) / unit;
}

/* In fractions of 4 (the quartiles) times 10^6 (the range). */
static void fit_linear(const struct rcx_clean_plan *plan, struct percentile q1,
                       struct percentile q3, struct rcx_outlier_fit *fit)
{
    rcx_i128 scale = (rcx_i128)q1.whole * MILLION;
    rcx_i128 n1 = numerator_of(q1);
    rcx_i128 n3 = numerator_of(q3);
    rcx_i128 low = n1 * MILLION - (n3 - n1) * plan->quantity_iqr_e6;
    rcx_i128 high = n3 * MILLION + (n3 - n1) * plan->quantity_iqr_e6;
    rcx_i128 unit = rcx_pow10(plan->quantity_decimals);
    fit->quantity_min = clamp(-floor_div(-low, scale));
    fit->quantity_max = clamp(floor_div(high, scale));
    fit->quantity_q1 = rcx_ratio(n1, q1.whole * unit);
    fit->quantity_q3 = rcx_ratio(n3, q3.whole * unit);
    fit->quantity_low = rcx_ratio(low, scale * unit);
    fit->quantity_high = rcx_ratio(high, scale * unit);
}

enum rcx_status rcx_outlier_fit_quantity(const struct rcx_clean_plan *plan,
                                         struct rcx_tally *quantities, struct rcx_outlier_fit *fit,
                                         struct rcx_error *err)
{
    if (!rcx_tally_sort(quantities))
        return rcx_fail_nomem(err, "quantity quartiles",
                              quantities->distinct * sizeof *quantities->items);
    fit->quantity_scale = plan->quantity_scale;
    fit->quantity_rows = quantities->total;
    fit->quantity_min = 0;
    fit->quantity_max = INT64_MAX;
    if (!fit->applied || quantities->total == 0)
        return RCX_OK;
    struct percentile q1 = percentile_of(quantities, 1, 4);
    struct percentile q3 = percentile_of(quantities, 3, 4);
    if (plan->quantity_scale == RCX_QUANTITY_SCALE_LOG)
        fit_log(plan, q1, q3, fit);
    else
        fit_linear(plan, q1, q3, fit);
    return RCX_OK;
}
