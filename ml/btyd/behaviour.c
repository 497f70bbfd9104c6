#include "ml/btyd/behaviour.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/matrix.h"

enum {
    EXPECTED = 3,                /* horizons of expected purchases */
    REQUESTS = 2 + EXPECTED + 2, /* with value and discounted value */
    COLUMNS = REQUESTS + 1,      /* with the order value */
    FEWEST_REPEATERS = 10,
    NAME_BYTES = 64
};
static const int EXPECTED_DAYS[EXPECTED] = {30, 90, 180};
static const double DAYS_A_WEEK = 7;
static const double DAYS_A_YEAR = 365;

/* The customers of a summary table as doubles. */
struct customers {
    size_t count;
    const double *frequency, *recency, *age, *value;
    double *converted; /* [6 * count] the four, and room for two */
};

/* The new columns, named; `low` and `high` NULL without intervals. */
struct column {
    char name[NAME_BYTES];
    double *out, *low, *high;
};

static enum rcx_status read_customers(const struct rcx_table *table, struct customers *out,
                                      struct rcx_error *err)
{
    static const char *const names[] = {"frequency", "recency", "T", "monetary_value"};
    const double **columns[] = {&out->frequency, &out->recency, &out->age, &out->value};
    out->count = table->rows;
    out->converted = rcx_malloc_array(6 * table->rows + 1, sizeof *out->converted);
    if (!out->converted)
        return rcx_fail_nomem(err, "behaviour", 6 * table->rows * sizeof *out->converted);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct rcx_column *column = rcx_table_find(table, names[i]);
        if (!column)
            return rcx_fail(err, RCX_E_INPUT, "behaviour: the table has no column '%s'", names[i]);
        double *values = out->converted + i * table->rows;
        rcx_column_to_reals(column, values);
        *columns[i] = values;
    }
    return RCX_OK;
}

/* Time during which purchases could be seen.
 *  out  [2 * count] recency, then age */
static struct rcx_btyd_customers seen(const struct rcx_behaviour_plan *plan,
                                      const struct customers *customers, double *out)
{
    size_t count = customers->count;
    double blind = plan->blind_days / DAYS_A_WEEK;
    for (size_t i = 0; i < count; i++) {
        double lost = blind * customers->frequency[i];
        out[i] = customers->recency[i] - lost;
        out[count + i] = customers->age[i] - lost;
    }
    return (struct rcx_btyd_customers){count, customers->frequency, out, out + count};
}

/* --- fitting ----------------------------------------------------------------------------------- */

static double count_repeaters(const struct customers *customers)
{
    double repeaters = 0;
    for (size_t i = 0; i < customers->count; i++)
        repeaters += customers->frequency[i] > 0;
    return repeaters;
}

static enum rcx_status fit(const struct rcx_behaviour_plan *plan, const struct customers *customers,
                           const struct rcx_btyd_groups *groups, struct rcx_behaviour_fit *out,
                           struct rcx_error *err)
{
    const struct rcx_btyd_fit_options options = {.model = plan->model, .parallel = plan->parallel};
    double repeaters = count_repeaters(customers);
    if (repeaters < FEWEST_REPEATERS) {
        snprintf(out->words, sizeof out->words,
                 "not fitted: %.0f of %zu customers came back, fewer than %d", repeaters,
                 customers->count, FEWEST_REPEATERS);
        return RCX_OK;
    }
    enum rcx_status status = rcx_btyd_fit(groups, &options, &out->purchases, err);
    if (status == RCX_OK)
        status = rcx_gamma_gamma_fit(customers->frequency, customers->value, customers->count,
                                     &plan->parallel, &out->money, err);
    if (status != RCX_OK)
        return status;
    out->fitted = true;
    (void)rcx_btyd_words(&out->purchases, out->words);
    return RCX_OK;
}

/* --- columns ----------------------------------------------------------------------------------- */

static void name_columns(const struct rcx_behaviour_plan *plan, struct column columns[COLUMNS])
{
    int value = (int)plan->value_days;
    size_t i = 0;
    snprintf(columns[i++].name, NAME_BYTES, "p_alive");
    snprintf(columns[i++].name, NAME_BYTES, "p_no_purchase_%dd", (int)plan->churn_days);
    for (size_t e = 0; e < EXPECTED; e++)
        snprintf(columns[i++].name, NAME_BYTES, "expected_purchases_%dd", EXPECTED_DAYS[e]);
    snprintf(columns[i++].name, NAME_BYTES, "expected_value_%dd", value);
    snprintf(columns[i++].name, NAME_BYTES, "discounted_value_%dd", value);
    snprintf(columns[i++].name, NAME_BYTES, "expected_order_value");
}

static bool add_column(struct rcx_table *table, const char *name, const char *suffix, double **out)
{
    char full[NAME_BYTES + 8];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    struct rcx_column *column = rcx_table_add(table, full, RCX_TYPE_REAL);
    if (!column)
        return false;
    *out = column->reals;
    for (size_t i = 0; i < table->rows; i++)
        column->reals[i] = NAN;
    return true;
}

/* Adds the columns, all null. Their memory stays where it is when further ones are added. */
static bool add_columns(struct rcx_table *table, struct column columns[COLUMNS], bool intervals)
{
    bool ok = true;
    for (size_t i = 0; i < COLUMNS && ok; i++)
        ok = add_column(table, columns[i].name, "", &columns[i].out);
    for (size_t i = 0; i < COLUMNS && ok && intervals; i++)
        ok = add_column(table, columns[i].name, "_low", &columns[i].low) &&
             add_column(table, columns[i].name, "_high", &columns[i].high);
    return ok;
}

static void make_requests(const struct rcx_behaviour_plan *plan,
                          const struct column columns[COLUMNS],
                          struct rcx_btyd_request requests[REQUESTS])
{
    double value_weeks = (double)plan->value_days / DAYS_A_WEEK;
    double rate = log1p(plan->annual_discount_rate) * DAYS_A_WEEK / DAYS_A_YEAR;
    size_t i = 0;
    requests[i++] = (struct rcx_btyd_request){.quantity = RCX_BTYD_P_ALIVE};
    requests[i++] = (struct rcx_btyd_request){.quantity = RCX_BTYD_P_NO_PURCHASE,
                                              .gap = (double)plan->churn_gap_days / DAYS_A_WEEK,
                                              .horizon = (double)plan->churn_days / DAYS_A_WEEK};
    for (size_t e = 0; e < EXPECTED; e++)
        requests[i++] = (struct rcx_btyd_request){.quantity = RCX_BTYD_PURCHASES,
                                                  .horizon = EXPECTED_DAYS[e] / DAYS_A_WEEK};
    requests[i++] = (struct rcx_btyd_request){.quantity = RCX_BTYD_PURCHASES,
                                              .horizon = value_weeks};
    requests[i++] = (struct rcx_btyd_request){
        .quantity = RCX_BTYD_DISCOUNTED, .horizon = value_weeks, .discount = rate};
    for (size_t r = 0; r < REQUESTS; r++) {
        requests[r].out = columns[r].out;
        requests[r].low = columns[r].low;
        requests[r].high = columns[r].high;
    }
}

/* Of purchases, those with the first of their day. */
static void count_days(double blind_weeks, double horizon, double *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++)
        values[i] /= 1 + blind_weeks * values[i] / horizon;
}

static void count_all_days(const struct rcx_behaviour_plan *plan,
                           const struct rcx_btyd_request *requests, size_t count)
{
    double blind = plan->blind_days / DAYS_A_WEEK;
    for (size_t r = 0; r < REQUESTS; r++) {
        const struct rcx_btyd_request *request = &requests[r];
        if (request->quantity != RCX_BTYD_PURCHASES && request->quantity != RCX_BTYD_DISCOUNTED)
            continue;
        count_days(blind, request->horizon, request->out, count);
        count_days(blind, request->horizon, request->low, count);
        count_days(blind, request->horizon, request->high, count);
    }
}

/* A product of two independent quantities: their variances add up in logarithms. */
static void multiply(struct column *into, const struct column *by, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = into->out[i];
        into->out[i] = value * by->out[i];
        if (!into->low)
            continue;
        double ours = value > 0 ? log(into->high[i] / value) : 0;
        double theirs = by->out[i] > 0 ? log(by->high[i] / by->out[i]) : 0;
        double reach = exp(sqrt(ours * ours + theirs * theirs));
        into->low[i] = into->out[i] / reach;
        into->high[i] = into->out[i] * reach;
    }
}

static enum rcx_status fill(const struct rcx_behaviour_plan *plan,
                            const struct rcx_behaviour_fit *fits, const struct customers *customers,
                            const struct rcx_btyd_groups *groups, struct column columns[COLUMNS],
                            struct rcx_error *err)
{
    struct rcx_btyd_request requests[REQUESTS];
    struct column *order = &columns[COLUMNS - 1];
    make_requests(plan, columns, requests);
    enum rcx_status status = rcx_btyd_predict(&fits->purchases, groups, requests, REQUESTS,
                                              &plan->parallel, err);
    if (status != RCX_OK)
        return status;
    count_all_days(plan, requests, customers->count);
    rcx_gamma_gamma_expect(&fits->money, customers->frequency, customers->value, customers->count,
                           order->out, order->low, order->high);
    multiply(&columns[REQUESTS - 2], order, customers->count);
    multiply(&columns[REQUESTS - 1], order, customers->count);
    return RCX_OK;
}

enum rcx_status rcx_behaviour_add(const struct rcx_behaviour_plan *plan, struct rcx_table *table,
                                  struct rcx_behaviour_fit *out, struct rcx_error *err)
{
    struct customers customers = {0};
    struct column columns[COLUMNS] = {0};
    struct rcx_btyd_groups *groups = NULL;
    struct rcx_behaviour_fit fits = {0};
    const struct rcx_column *date = rcx_table_find(table, "snapshot_date");
    fits.snapshot = date && table->rows > 0 && date->type == RCX_TYPE_DATE ? date->i32[0] : 0;
    enum rcx_status status = read_customers(table, &customers, err);
    struct rcx_btyd_customers known = {0};
    if (status == RCX_OK) {
        known = seen(plan, &customers, customers.converted + 4 * customers.count);
        status = rcx_btyd_groups_build(&known, &plan->parallel, &groups, err);
    }
    if (status == RCX_OK)
        status = fit(plan, &customers, groups, &fits, err);
    name_columns(plan, columns);
    if (status == RCX_OK && !add_columns(table, columns, plan->intervals))
        status = rcx_fail_nomem(err, "behaviour", table->rows * COLUMNS * sizeof(double));
    if (status == RCX_OK && fits.fitted)
        status = fill(plan, &fits, &customers, groups, columns, err);
    rcx_btyd_groups_release(groups);
    rcx_free(customers.converted);
    if (status == RCX_OK)
        *out = fits;
    return status;
}
