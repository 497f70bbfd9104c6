/* Features, labels and behaviour the plain way (plain.h): features.md sections 3, 4 and 6, pipeline.md
 * section 7. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "engine/prove/plain.h"

enum { BUCKET_DAYS = 30 };

/* The rows of one invoice number within a window. */
struct rcx_plain_invoice {
    rcx_time time; /* of its earliest row */
    int64_t revenue, items;
    size_t first, end; /* its rows in scratch->rows */
};

/* What the features of one customer at one snapshot are computed from. */
struct window {
    const struct rcx_plain_rules *rules;
    rcx_day snapshot;
    rcx_time cutoff;
    const struct rcx_plain_row *rows; /* kept rows of the window, by invoice */
    size_t row_count;
    const struct rcx_plain_invoice *purchases; /* by time */
    size_t purchase_count, invoice_count;
    int64_t *numbers; /* scratch */
};

bool rcx_plain_reserve(struct rcx_plain_scratch *scratch, size_t rows)
{
    if (rows <= scratch->capacity)
        return true;
    rcx_plain_release(scratch);
    scratch->rows = rcx_malloc_array(rows, sizeof *scratch->rows);
    scratch->invoices = rcx_malloc_array(rows, sizeof *scratch->invoices);
    scratch->numbers = rcx_malloc_array(rows, sizeof *scratch->numbers);
    if (!scratch->rows || !scratch->invoices || !scratch->numbers) {
        rcx_plain_release(scratch);
        return false;
    }
    scratch->capacity = rows;
    return true;
}

void rcx_plain_release(struct rcx_plain_scratch *scratch)
{
    rcx_free(scratch->rows);
    rcx_free(scratch->invoices);
    rcx_free(scratch->numbers);
    *scratch = (struct rcx_plain_scratch){0};
}

/* --- rows and invoices ----------------------------------------------------------------------- */

static rcx_time days(int64_t count)
{
    return count * RCX_DAY_SECONDS;
}

static int compare_invoice_numbers(const void *pa, const void *pb)
{
    const struct rcx_plain_row *a = pa;
    const struct rcx_plain_row *b = pb;
    return (a->invoice > b->invoice) - (a->invoice < b->invoice);
}

static int compare_times(const void *pa, const void *pb)
{
    const struct rcx_plain_invoice *a = pa;
    const struct rcx_plain_invoice *b = pb;
    return (a->time > b->time) - (a->time < b->time);
}

static int compare_numbers(const void *pa, const void *pb)
{
    int64_t a = *(const int64_t *)pa;
    int64_t b = *(const int64_t *)pb;
    return (a > b) - (a < b);
}

/* Copies the kept (or valid) rows with begin <= time < end, ordered by invoice number. */
static size_t select_rows(const struct rcx_plain_customer *customer, bool kept_only, rcx_time begin,
                          rcx_time end, struct rcx_plain_row *out)
{
    size_t count = 0;
    for (size_t i = 0; i < customer->count; i++) {
        const struct rcx_plain_row *row = &customer->rows[i];
        if (row->time >= begin && row->time < end && (kept_only ? row->kept : row->valid))
            out[count++] = *row;
    }
    if (count > 1)
        qsort(out, count, sizeof *out, compare_invoice_numbers);
    return count;
}

static size_t group_rows(const struct rcx_plain_row *rows, size_t count,
                         struct rcx_plain_invoice *out)
{
    size_t invoices = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || rows[i].invoice != rows[i - 1].invoice)
            out[invoices++] = (struct rcx_plain_invoice){.time = rows[i].time, .first = i};
        struct rcx_plain_invoice *invoice = &out[invoices - 1];
        invoice->time = rows[i].time < invoice->time ? rows[i].time : invoice->time;
        invoice->revenue += rows[i].quantity * rows[i].price;
        invoice->items += rows[i].quantity;
        invoice->end = i + 1;
    }
    return invoices;
}

/* Keeps the invoices of positive net quantity, by time. */
static size_t keep_purchases(struct rcx_plain_invoice *invoices, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (invoices[i].items > 0)
            invoices[kept++] = invoices[i];
    }
    if (kept > 1)
        qsort(invoices, kept, sizeof *invoices, compare_times);
    return kept;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Sample standard deviation of whole numbers, in units of 1 / unit. The variance is a fraction of
 * integers; when they exceed 128 bits it is taken from rounded means. */
static double deviation(const int64_t *numbers, size_t count, int64_t unit)
{
    rcx_i128 n = (rcx_i128)count;
    rcx_i128 sum = 0;
    rcx_i128 squares = 0;
    rcx_i128 scaled;
    rcx_i128 square;
    for (size_t i = 0; i < count; i++) {
        sum += numbers[i];
        squares += (rcx_i128)numbers[i] * numbers[i];
    }
    if (__builtin_mul_overflow(squares, n, &scaled) || __builtin_mul_overflow(sum, sum, &square)) {
        double mean = rcx_ratio(sum, n);
        double spread = rcx_ratio(squares, n) - mean * mean;
        return sqrt(fmax(spread, 0) * ((double)count / (double)(count - 1))) / (double)unit;
    }
    return sqrt(rcx_ratio(scaled - square, n * (n - 1))) / (double)unit;
}

static int64_t money_unit(const struct rcx_plain_rules *rules)
{
    return rcx_pow10((unsigned)rules->decisions->price_decimals +
                     rules->decisions->quantity_decimals);
}

static int64_t net_revenue(const struct window *w, rcx_time begin, rcx_time end)
{
    int64_t revenue = 0;
    for (size_t i = 0; i < w->row_count; i++) {
        if (w->rows[i].time >= begin && w->rows[i].time < end)
            revenue += w->rows[i].quantity * w->rows[i].price;
    }
    return revenue;
}

static int64_t purchases_within(const struct window *w, rcx_time begin, rcx_time end)
{
    int64_t count = 0;
    for (size_t i = 0; i < w->purchase_count; i++)
        count += w->purchases[i].time >= begin && w->purchases[i].time < end;
    return count;
}

static rcx_day purchase_day(const struct window *w, size_t i)
{
    return rcx_day_of_time(w->purchases[i].time);
}

/* --- the features ---------------------------------------------------------------------------- */

static void money_features(const struct window *w, double *out)
{
    int64_t unit = money_unit(w->rules);
    size_t n = w->purchase_count;
    rcx_i128 revenue = 0;
    for (size_t i = 0; i < n; i++) {
        revenue += w->purchases[i].revenue;
        w->numbers[i] = w->purchases[i].revenue;
    }
    out[RCX_FEATURE_RECENCY] = w->snapshot - purchase_day(w, n - 1);
    out[RCX_FEATURE_FREQUENCY] = (double)n;
    out[RCX_FEATURE_MONETARY_AVG] = rcx_ratio(revenue, (rcx_i128)n * unit);
    out[RCX_FEATURE_MONETARY_TOTAL] = rcx_ratio(net_revenue(w, INT64_MIN, w->cutoff), unit);
    out[RCX_FEATURE_MONETARY_STD] = n < 2 ? 0 : deviation(w->numbers, n, unit);
    out[RCX_FEATURE_SINCE_FIRST] = w->snapshot - purchase_day(w, 0);
    out[RCX_FEATURE_LIFETIME] = purchase_day(w, n - 1) - purchase_day(w, 0);
    out[RCX_FEATURE_ENGAGEMENT] = rcx_ratio(
        revenue, (rcx_i128)(w->snapshot - purchase_day(w, n - 1) + 1) * unit);
}

static void window_features(const struct window *w, double *out)
{
    int64_t unit = money_unit(w->rules);
    for (size_t i = 0; i < w->rules->features->windows.count; i++) {
        rcx_time begin = w->cutoff - days(w->rules->features->windows.items[i].days);
        out[RCX_FEATURE_TXN_0 + 2 * i] = (double)purchases_within(w, begin, w->cutoff);
        out[RCX_FEATURE_REVENUE_0 + 2 * i] = rcx_ratio(net_revenue(w, begin, w->cutoff), unit);
    }
    out[RCX_FEATURE_ACTIVITY] = rcx_ratio((rcx_i128)out[RCX_FEATURE_TXN_0],
                                          (rcx_i128)w->purchase_count + 1);
}

static void gap_features(const struct window *w, double *out)
{
    size_t gaps = w->purchase_count - 1;
    int64_t sum = 0;
    int64_t lifetime = purchase_day(w, gaps) - purchase_day(w, 0);
    for (size_t i = 0; i < gaps; i++) {
        w->numbers[i] = purchase_day(w, i + 1) - purchase_day(w, i);
        sum += w->numbers[i];
    }
    if (gaps > 0) {
        qsort(w->numbers, gaps, sizeof *w->numbers, compare_numbers);
        out[RCX_FEATURE_GAP_MEAN] = rcx_ratio(sum, (rcx_i128)gaps);
        out[RCX_FEATURE_GAP_MEDIAN] = rcx_ratio(w->numbers[(gaps - 1) / 2] + w->numbers[gaps / 2],
                                                2);
    }
    if (gaps >= 2)
        out[RCX_FEATURE_GAP_STD] = deviation(w->numbers, gaps, 1);
    if (gaps >= 2 && sum > 0) {
        out[RCX_FEATURE_GAP_CV] = out[RCX_FEATURE_GAP_STD] / out[RCX_FEATURE_GAP_MEAN];
        out[RCX_FEATURE_CONSISTENCY] = 1 / (1 + out[RCX_FEATURE_GAP_CV]);
    }
    if (lifetime < w->rules->features->min_lifetime_days)
        lifetime = w->rules->features->min_lifetime_days;
    out[RCX_FEATURE_PER_MONTH] = rcx_ratio((rcx_i128)30 * (int64_t)w->purchase_count, lifetime);
}

static bool is_product(const struct rcx_plain_rules *rules, uint32_t stock)
{
    struct rcx_text text = rcx_strings_get(rules->stocks, stock);
    for (size_t i = 0; i < rules->cleaning->service_codes.count; i++) {
        if (rcx_text_equal_nocase(text, rules->cleaning->service_codes.items[i]))
            return false;
    }
    return text.length > 0;
}

/* The stock codes of the purchases' rows, sorted. */
static size_t product_rows(const struct window *w)
{
    size_t count = 0;
    for (size_t p = 0; p < w->purchase_count; p++) {
        for (size_t i = w->purchases[p].first; i < w->purchases[p].end; i++) {
            if (is_product(w->rules, w->rows[i].stock))
                w->numbers[count++] = w->rows[i].stock;
        }
    }
    if (count > 1)
        qsort(w->numbers, count, sizeof *w->numbers, compare_numbers);
    return count;
}

static void product_features(const struct window *w, double *out)
{
    int64_t unit = rcx_pow10(w->rules->decisions->quantity_decimals);
    size_t n = w->purchase_count;
    rcx_i128 items = 0;
    for (size_t i = 0; i < n; i++) {
        items += w->purchases[i].items;
        w->numbers[i] = w->purchases[i].items;
    }
    out[RCX_FEATURE_BASKET_MEAN] = rcx_ratio(items, (rcx_i128)n * unit);
    out[RCX_FEATURE_BASKET_STD] = n < 2 ? 0 : deviation(w->numbers, n, unit);
    out[RCX_FEATURE_RETURN_RATE] = rcx_ratio((rcx_i128)(w->invoice_count - n),
                                             (rcx_i128)w->invoice_count);
    size_t count = product_rows(w);
    int64_t distinct = 0;
    rcx_i128 squares = 0;
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && w->numbers[next] == w->numbers[i]; next++)
            ;
        distinct++;
        squares += (rcx_i128)(next - i) * (rcx_i128)(next - i);
    }
    out[RCX_FEATURE_PRODUCTS] = (double)distinct;
    if (count > 0)
        out[RCX_FEATURE_DIVERSITY] = rcx_ratio((rcx_i128)count * (rcx_i128)count - squares,
                                               (rcx_i128)count * (rcx_i128)count);
}

/* Least squares over x = 0, 1, 2, ...; y in units of 1 / unit. Returns the sign of the slope. */
static int slope(const int64_t *y, int64_t count, int64_t unit, double *out)
{
    rcx_i128 x_sum = 0;
    rcx_i128 xx_sum = 0;
    rcx_i128 y_sum = 0;
    rcx_i128 xy_sum = 0;
    if (count < 2)
        return 0;
    for (int64_t x = 0; x < count; x++) {
        x_sum += x;
        xx_sum += x * x;
        y_sum += y[x];
        xy_sum += (rcx_i128)x * y[x];
    }
    rcx_i128 numerator = count * xy_sum - x_sum * y_sum;
    *out = rcx_ratio(numerator, (count * xx_sum - x_sum * x_sum) * unit);
    return (numerator > 0) - (numerator < 0);
}

static void trend_features(const struct window *w, double *out)
{
    enum { MOST_BUCKETS = 3600 / BUCKET_DAYS }; /* of the longest observation window */
    int64_t revenue[MOST_BUCKETS];
    int64_t purchases[MOST_BUCKETS];
    int64_t buckets = w->rules->features->observation_days / BUCKET_DAYS;
    while (buckets > 0 && w->snapshot + 1 - buckets * BUCKET_DAYS < w->rules->first_day)
        buckets--;
    for (int64_t x = 0; x < buckets; x++) {
        rcx_time begin = w->cutoff - days((buckets - x) * BUCKET_DAYS);
        revenue[x] = net_revenue(w, begin, begin + days(BUCKET_DAYS));
        purchases[x] = purchases_within(w, begin, begin + days(BUCKET_DAYS));
    }
    out[RCX_FEATURE_REVENUE_DIRECTION] = slope(revenue, buckets, money_unit(w->rules),
                                               &out[RCX_FEATURE_REVENUE_SLOPE]);
    out[RCX_FEATURE_TXN_DIRECTION] = slope(purchases, buckets, 1, &out[RCX_FEATURE_TXN_SLOPE]);
}

/* --- labels ---------------------------------------------------------------------------------- */

static size_t label_purchases(const struct rcx_plain_customer *customer, rcx_time begin,
                              rcx_time end, struct rcx_plain_scratch *scratch)
{
    size_t rows = select_rows(customer, false, begin, end, scratch->rows);
    return keep_purchases(scratch->invoices, group_rows(scratch->rows, rows, scratch->invoices));
}

static void labels(const struct rcx_plain_rules *rules, const struct rcx_plain_customer *customer,
                   rcx_day snapshot, struct rcx_plain_scratch *scratch,
                   struct rcx_plain_features *out)
{
    rcx_time cutoff = days((int64_t)snapshot + 1);
    rcx_time data_end = days((int64_t)rules->last_day + 1);
    rcx_time begin = cutoff + days(rules->churn->gap_days);
    rcx_time end = begin + days(rules->churn->horizon_days);
    out->churn = end > data_end ? (double)NAN : label_purchases(customer, begin, end, scratch) == 0;
    out->clv = NAN;
    end = cutoff + days(rules->clv->horizon_days);
    if (end <= data_end) {
        size_t rows = select_rows(customer, false, cutoff, end, scratch->rows);
        rcx_i128 revenue = 0;
        for (size_t i = 0; i < rows; i++)
            revenue += (rcx_i128)scratch->rows[i].quantity * scratch->rows[i].price;
        out->clv = rcx_ratio(revenue, money_unit(rules));
    }
    size_t past = label_purchases(customer, INT64_MIN, cutoff, scratch);
    out->churn_eligible = past > 0 && snapshot - rcx_day_of_time(scratch->invoices[0].time) >=
                                          rules->churn->min_tenure_days;
}

void rcx_plain_compute(const struct rcx_plain_rules *rules,
                       const struct rcx_plain_customer *customer, rcx_day snapshot,
                       struct rcx_plain_scratch *scratch, struct rcx_plain_features *out)
{
    struct window w = {.rules = rules,
                       .snapshot = snapshot,
                       .cutoff = days((int64_t)snapshot + 1),
                       .rows = scratch->rows,
                       .purchases = scratch->invoices,
                       .numbers = scratch->numbers};
    rcx_time begin = w.cutoff - days(rules->features->observation_days);
    size_t history = select_rows(customer, true, INT64_MIN, w.cutoff, scratch->rows);
    w.row_count = select_rows(customer, true, begin, w.cutoff, scratch->rows);
    w.invoice_count = group_rows(scratch->rows, w.row_count, scratch->invoices);
    w.purchase_count = keep_purchases(scratch->invoices, w.invoice_count);
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++)
        out->values[f] = NAN;
    out->member = w.purchase_count > 0 && (int64_t)history >= rules->cleaning->customers_min_rows;
    if (!out->member)
        return;
    money_features(&w, out->values);
    window_features(&w, out->values);
    gap_features(&w, out->values);
    product_features(&w, out->values);
    trend_features(&w, out->values);
    labels(rules, customer, snapshot, scratch, out);
}

/* Frequency: the days with a purchase but the first. */
void rcx_plain_summarise(const struct rcx_plain_rules *rules,
                         const struct rcx_plain_customer *customer, rcx_day snapshot,
                         struct rcx_plain_scratch *scratch, struct rcx_plain_summary *out)
{
    const struct rcx_plain_invoice *purchases = scratch->invoices;
    size_t rows = select_rows(customer, true, INT64_MIN, days((int64_t)snapshot + 1),
                              scratch->rows);
    size_t count = keep_purchases(scratch->invoices,
                                  group_rows(scratch->rows, rows, scratch->invoices));
    rcx_i128 revenue = 0;
    int64_t repeat_days = 0;
    out->member = count > 0;
    if (!out->member)
        return;
    rcx_day first = rcx_day_of_time(purchases[0].time);
    for (size_t i = 0; i < count; i++) {
        rcx_day day = rcx_day_of_time(purchases[i].time);
        if (day == first)
            continue;
        revenue += purchases[i].revenue;
        repeat_days += day != rcx_day_of_time(purchases[i - 1].time);
    }
    out->frequency = (double)repeat_days;
    out->recency = (rcx_day_of_time(purchases[count - 1].time) - first) / 7.0;
    out->age = (snapshot - first) / 7.0;
    out->monetary_value = repeat_days > 0
                              ? rcx_ratio(revenue, (rcx_i128)repeat_days * money_unit(rules))
                              : (double)NAN;
}
