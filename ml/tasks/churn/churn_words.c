/* The words of the stories. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ml/tasks/churn/churn_reasons.h"

/* The first input that begins so; SIZE_MAX: none. */
static size_t find(const struct rcx_churn_inputs *inputs, const char *beginning)
{
    for (size_t i = 0; i < inputs->count; i++) {
        if (strncmp(inputs->names[i], beginning, strlen(beginning)) == 0)
            return i;
    }
    return SIZE_MAX;
}

void rcx_churn_words_init(const struct rcx_churn_model *model, int32_t observation_days,
                          struct rcx_churn_words *out)
{
    const struct rcx_churn_inputs *inputs = &model->inputs;
    *out = (struct rcx_churn_words){.inputs = inputs,
                                    .recency = find(inputs, "rfm_recency_days"),
                                    .frequency = find(inputs, "rfm_frequency_count"),
                                    .total = find(inputs, "rfm_monetary_total"),
                                    .gap = find(inputs, "interpurchase_time_median"),
                                    .gap_variation = find(inputs, "interpurchase_time_cv"),
                                    .age = find(inputs, "btyd_age"),
                                    .products = find(inputs, "unique_products_count"),
                                    .basket = find(inputs, "avg_basket_size"),
                                    .returns = find(inputs, "return_rate"),
                                    .short_count = find(inputs, "txn_count_"),
                                    .revenue_trend = find(inputs, "revenue_trend_direction"),
                                    .count_trend = find(inputs, "transaction_trend_direction"),
                                    .observation_days = observation_days};
    if (out->short_count != SIZE_MAX) { /* txn_count_short_30d */
        const char *name = inputs->names[out->short_count];
        const char *digits = strrchr(name, '_') + 1;
        snprintf(out->short_window, sizeof out->short_window, "%.*s",
                 (int)strspn(digits, "0123456789"), digits);
    }
}

struct row {
    const struct rcx_matrix *matrix;
    size_t row;
};

/* NaN also when the input is not there. */
static double at(const struct row *row, size_t input)
{
    return input == SIZE_MAX ? (double)NAN : row->matrix->columns[input][row->row];
}

static const char *plural(double count)
{
    return count == 1 ? "" : "s";
}

static int silence(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double days = at(row, words->recency), gap = at(row, words->gap);
    if (isnan(days))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "days since the last purchase not known");
    if (isnan(gap))
        return snprintf(out, RCX_CHURN_REASON_BYTES,
                        "no purchase for %.0f day%s, one purchase only", days, plural(days));
    return snprintf(out, RCX_CHURN_REASON_BYTES, "no purchase for %.0f day%s, usual gap %.0f", days,
                    plural(days), gap);
}

static int purchases(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double count = at(row, words->frequency);
    if (isnan(count))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "number of purchases");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f purchase%s in %" PRId32 " days", count,
                    plural(count), words->observation_days);
}

static int lately(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double count = at(row, words->short_count);
    if (isnan(count))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "purchases lately");
    if (count == 0)
        return snprintf(out, RCX_CHURN_REASON_BYTES, "no purchase in the last %s days",
                        words->short_window);
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f purchase%s in the last %s days", count,
                    plural(count), words->short_window);
}

static int money(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double total = at(row, words->total);
    if (isnan(total))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "money spent");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.2f spent in %" PRId32 " days", total,
                    words->observation_days);
}

static int gaps(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double gap = at(row, words->gap), variation = at(row, words->gap_variation);
    if (isnan(gap))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "one purchase, no gap between purchases");
    if (isnan(variation))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f day%s between purchases", gap,
                        plural(gap));
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f day%s between purchases, %s", gap,
                    plural(gap), variation > 1 ? "irregular" : "regular");
}

static int tenure(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double weeks = at(row, words->age);
    if (isnan(weeks))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "time as a customer");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "customer for %.0f day%s", 7 * weeks,
                    plural(7 * weeks));
}

static int products(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double count = at(row, words->products), items = at(row, words->basket);
    if (isnan(count) || isnan(items))
        return snprintf(out, RCX_CHURN_REASON_BYTES, "what is bought");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f different product%s, %.0f item%s a purchase",
                    count, plural(count), items, plural(nearbyint(items)));
}

static int returns(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double rate = at(row, words->returns);
    if (isnan(rate) || rate == 0)
        return snprintf(out, RCX_CHURN_REASON_BYTES, "no returns");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "%.0f %% of the transactions are returns",
                    100 * rate);
}

static int trend(const struct rcx_churn_words *words, const struct row *row, char *out)
{
    double revenue = at(row, words->revenue_trend), count = at(row, words->count_trend);
    double direction = isnan(revenue) ? count : revenue;
    if (isnan(direction) || direction == 0)
        return snprintf(out, RCX_CHURN_REASON_BYTES, "spending is steady");
    return snprintf(out, RCX_CHURN_REASON_BYTES, "spending is %s",
                    direction > 0 ? "rising" : "falling");
}

size_t rcx_churn_tell(const struct rcx_churn_words *words, enum rcx_churn_story story,
                      const struct rcx_matrix *matrix, size_t row, char out[RCX_CHURN_REASON_BYTES])
{
    typedef int tell(const struct rcx_churn_words *, const struct row *, char *);
    static tell *const tells[RCX_CHURN_STORIES] = {
        [RCX_CHURN_STORY_SILENCE] = silence,   [RCX_CHURN_STORY_PURCHASES] = purchases,
        [RCX_CHURN_STORY_LATELY] = lately,     [RCX_CHURN_STORY_MONEY] = money,
        [RCX_CHURN_STORY_GAPS] = gaps,         [RCX_CHURN_STORY_TENURE] = tenure,
        [RCX_CHURN_STORY_PRODUCTS] = products, [RCX_CHURN_STORY_RETURNS] = returns,
        [RCX_CHURN_STORY_TREND] = trend};
    const struct row of = {matrix, row};
    int length = tells[story] ? tells[story](words, &of, out)
                              : snprintf(out, RCX_CHURN_REASON_BYTES, "other inputs");
    return (size_t)length < RCX_CHURN_REASON_BYTES ? (size_t)length : RCX_CHURN_REASON_BYTES - 1;
}
