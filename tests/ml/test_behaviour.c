/* The behaviour table of customers whose purchases are seen by day: parameters and levels come out as those
 * of the purchases, which happen in continuous time. */
#include "tests/support/check.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/btyd/behaviour.h"

enum { CUSTOMERS = 40000, DAYS = 240, HORIZON = 90 };

/* BG/NBD by the day: rate gamma(R, ALPHA), dropout beta(A, B). */
static const double R = .85, ALPHA = 25, A = .5, B = 5.5;

struct shop {
    struct rcx_table table;
    double none_within; /* share of the customers without a purchase in the horizon */
    double days_within; /* days with a purchase in it, all customers */
};

static struct rcx_column *add(struct rcx_table *table, const char *name, enum rcx_type type)
{
    struct rcx_column *column = rcx_table_add(table, name, type);
    assert_non_null(column);
    return column;
}

static void draw_customer(struct shop *shop, size_t i, double *columns[4])
{
    struct rcx_random random = rcx_random_of(5, 1, i);
    double rate = rcx_random_gamma(&random, R) / ALPHA, dropout = rcx_random_beta(&random, A, B);
    double now = DAYS * rcx_random_unit(&random);
    double first = floor(now), last = first, days = 0, within = 0, counted = first;
    while ((now += rcx_random_exponential(&random) / rate) < DAYS + HORIZON) {
        double day = floor(now);
        if (day > counted && day < DAYS) {
            days++;
            last = day;
        } else if (day > counted) {
            within++;
        }
        counted = day;
        if (rcx_random_unit(&random) < dropout)
            break;
    }
    columns[0][i] = days;
    columns[1][i] = (last - first) / 7;
    columns[2][i] = (DAYS - 1 - first) / 7;
    columns[3][i] = days > 0 ? 10 + (double)(i % 7) : NAN;
    shop->none_within += within == 0 ? 1. / CUSTOMERS : 0;
    shop->days_within += within;
}

static void make_shop(struct shop *shop)
{
    static const char *const names[] = {"frequency", "recency", "T", "monetary_value"};
    double *columns[4];
    *shop = (struct shop){.table.rows = CUSTOMERS};
    struct rcx_column *date = add(&shop->table, "snapshot_date", RCX_TYPE_DATE);
    for (size_t i = 0; i < CUSTOMERS; i++)
        date->i32[i] = DAYS - 1;
    for (size_t c = 0; c < 4; c++)
        columns[c] = add(&shop->table, names[c], RCX_TYPE_REAL)->reals;
    for (size_t i = 0; i < CUSTOMERS; i++)
        draw_customer(shop, i, columns);
}

static double sum_of(const struct rcx_table *table, const char *name)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    double sum = 0;
    assert_non_null(column);
    for (size_t i = 0; i < table->rows; i++) {
        assert_true(isfinite(column->reals[i]) && column->reals[i] >= 0);
        sum += column->reals[i];
    }
    return sum;
}

/* How far P(no purchase) and the expected days are from what came, and the fitted parameters. */
struct outcome {
    double level, days, parameters[4];
};

static struct outcome behave(double blind_days, bool intervals)
{
    struct shop shop;
    struct rcx_behaviour_fit fit;
    const struct rcx_behaviour_plan plan = {.model = RCX_BTYD_BGNBD,
                                            .intervals = intervals,
                                            .churn_days = HORIZON,
                                            .value_days = 180,
                                            .annual_discount_rate = .1,
                                            .blind_days = blind_days,
                                            .parallel = {1}};
    make_shop(&shop);
    assert_int_equal(rcx_behaviour_add(&plan, &shop.table, &fit, NULL), RCX_OK);
    assert_true(fit.fitted);
    struct outcome out = {
        .level = sum_of(&shop.table, "p_no_purchase_90d") / CUSTOMERS - shop.none_within,
        .days = sum_of(&shop.table, "expected_purchases_90d") / shop.days_within - 1};
    for (size_t p = 0; p < 4; p++)
        out.parameters[p] = fit.purchases.parameters[p];
    if (intervals) {
        double middle = sum_of(&shop.table, "expected_purchases_90d");
        assert_true(sum_of(&shop.table, "expected_purchases_90d_low") < middle);
        assert_true(sum_of(&shop.table, "expected_purchases_90d_high") > middle);
    }
    rcx_table_release(&shop.table);
    return out;
}

/* Frequent customers, one purchase in 30 days: purchases of one day hide each other. */
static void purchases_by_day_are_understood(void **state)
{
    (void)state;
    struct outcome with = behave(.5, true), without = behave(0, false);
    assert_true(fabs(with.parameters[0] / R - 1) < .03);
    assert_true(fabs(with.parameters[1] / (ALPHA / 7) - 1) < .04);
    assert_true(
        fabs(with.parameters[2] / (with.parameters[2] + with.parameters[3]) / (A / (A + B)) - 1) <
        .06);
    assert_true(fabs(with.level) < .006);
    assert_true(fabs(with.days) < .03);
    assert_true(without.level < with.level - .006); /* the bias is there, and goes */
    assert_true(without.parameters[1] > 1.08 * ALPHA / 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(purchases_by_day_are_understood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
