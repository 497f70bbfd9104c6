#include "engine/prove/agreement.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "engine/exec/feature_table.h"

enum { LABELS_FIRST = RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_COUNT + 2, LABEL_COUNT = 3 };

static int64_t id_of(const struct rcx_table *table, size_t row)
{
    const struct rcx_column *ids = &table->columns[0];
    return ids->type == RCX_TYPE_TEXT ? (int64_t)ids->codes[row] : ids->i64[row];
}

/* Any value as a real; null is NaN. All ints of the table are exact in a double. */
static double value_at(const struct rcx_column *column, size_t row)
{
    if (rcx_column_is_null(column, row))
        return NAN;
    if (column->type == RCX_TYPE_REAL)
        return column->reals[row];
    return column->type == RCX_TYPE_BOOL ? column->booleans[row] : column->i32[row];
}

static void describe_customer(const struct rcx_table *table, int64_t id, char *out, size_t bytes)
{
    const struct rcx_column *ids = &table->columns[0];
    if (ids->type == RCX_TYPE_TEXT) {
        struct rcx_text text = rcx_strings_get(ids->dictionary, (uint32_t)id);
        snprintf(out, bytes, "'%.*s'", (int)(text.length < 64 ? text.length : 64), text.data);
    } else {
        snprintf(out, bytes, "%lld", (long long)id);
    }
}

static void differ(struct rcx_agreement *agreement, const struct rcx_table *table, int64_t id,
                   rcx_day snapshot, const char *what)
{
    char customer[80];
    char date[RCX_DATE_TEXT_BYTES];
    if (agreement->differences++ > 0)
        return;
    describe_customer(table, id, customer, sizeof customer);
    snprintf(agreement->first, sizeof agreement->first, "customer %s at %s: %s", customer,
             rcx_format_day(snapshot, date), what);
}

static void compare_value(struct rcx_agreement *agreement, const struct rcx_table *table,
                          size_t column, size_t row, rcx_day snapshot, double plain)
{
    char what[256];
    double value = value_at(&table->columns[column], row);
    agreement->values++;
    if (value == plain || (isnan(value) && isnan(plain)))
        return;
    snprintf(what, sizeof what, "%s is %.17g, plain %.17g", table->columns[column].name, value,
             plain);
    differ(agreement, table, id_of(table, row), snapshot, what);
}

static double highest_engagement(const struct rcx_table *table)
{
    const double *scores = table->columns[RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_ENGAGEMENT].reals;
    double highest = 0;
    for (size_t i = 0; i < table->rows; i++)
        highest = scores[i] > highest ? scores[i] : highest;
    return highest;
}

static void compare_row(struct rcx_agreement *agreement, const struct rcx_table *table, size_t row,
                        const struct rcx_plain_rules *rules, rcx_day snapshot,
                        struct rcx_plain_features *plain, double highest)
{
    double *values = plain->values;
    double share = highest > 0 ? values[RCX_FEATURE_ENGAGEMENT] / highest : 0;
    const double dates[] = {(double)(snapshot - rules->features->observation_days + 1),
                            (double)rules->features->observation_days};
    const double labels[LABEL_COUNT] = {plain->churn_eligible, plain->churn, plain->clv};
    values[RCX_FEATURE_ENGAGEMENT_NORM] = share > 0 ? share : 0;
    compare_value(agreement, table, 1, row, snapshot, snapshot);
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++)
        compare_value(agreement, table, RCX_FEATURE_FIRST_COLUMN + f, row, snapshot, values[f]);
    for (size_t i = 0; i < 2; i++)
        compare_value(agreement, table, LABELS_FIRST - 2 + i, row, snapshot, dates[i]);
    for (size_t i = 0; i < LABEL_COUNT && LABELS_FIRST < table->column_count; i++)
        compare_value(agreement, table, LABELS_FIRST + i, row, snapshot, labels[i]);
    agreement->rows++;
}

/* The sampled customer of a row, or sample->count. */
static size_t find_sampled(const struct rcx_sample *sample, int64_t id)
{
    size_t low = 0;
    size_t high = sample->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sample->customers[middle].rows.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sample->count && sample->customers[low].rows.id == id ? low : sample->count;
}

/* Tells every sampled customer which row of the table is his. */
static void find_rows(struct rcx_sample *sample, const struct rcx_table *table)
{
    for (size_t i = 0; i < sample->count; i++)
        sample->customers[i].table_row = SIZE_MAX;
    for (size_t row = 0; row < table->rows; row++) {
        size_t at = find_sampled(sample, id_of(table, row));
        if (at < sample->count)
            sample->customers[at].table_row = row;
    }
}

/* Whether the customer has a row in both ways; counts him when he has none in either. */
static bool in_both(struct rcx_agreement *agreement, const struct rcx_table *table,
                    const struct rcx_sampled_customer *customer, rcx_day snapshot, bool member,
                    uint64_t *absent)
{
    bool has = customer->table_row != SIZE_MAX;
    if (member && !has)
        differ(agreement, table, customer->rows.id, snapshot, "has no row but should");
    else if (!member && has)
        differ(agreement, table, customer->rows.id, snapshot, "has a row but should not");
    *absent += !member && !has;
    return member && has;
}

void rcx_agreement_add(struct rcx_agreement *agreement, struct rcx_sample *sample,
                       const struct rcx_plain_rules *rules, rcx_day snapshot,
                       const struct rcx_table *table)
{
    double highest = highest_engagement(table);
    find_rows(sample, table);
    for (size_t i = 0; i < sample->count; i++) {
        struct rcx_sampled_customer *customer = &sample->customers[i];
        struct rcx_plain_features plain;
        rcx_plain_compute(rules, &customer->rows, snapshot, &sample->scratch, &plain);
        if (in_both(agreement, table, customer, snapshot, plain.member, &agreement->absent))
            compare_row(agreement, table, customer->table_row, rules, snapshot, &plain, highest);
    }
}

void rcx_agreement_add_summary(struct rcx_agreement *agreement, struct rcx_sample *sample,
                               const struct rcx_plain_rules *rules, rcx_day snapshot,
                               const struct rcx_table *table)
{
    find_rows(sample, table);
    for (size_t i = 0; i < sample->count; i++) {
        struct rcx_sampled_customer *customer = &sample->customers[i];
        struct rcx_plain_summary plain;
        rcx_plain_summarise(rules, &customer->rows, snapshot, &sample->scratch, &plain);
        if (!in_both(agreement, table, customer, snapshot, plain.member,
                     &agreement->summary_absent))
            continue;
        const double values[] = {snapshot, plain.frequency, plain.recency, plain.age,
                                 plain.monetary_value};
        for (size_t c = 0; c < sizeof values / sizeof values[0]; c++)
            compare_value(agreement, table, 1 + c, customer->table_row, snapshot, values[c]);
        agreement->summary_rows++;
    }
}
