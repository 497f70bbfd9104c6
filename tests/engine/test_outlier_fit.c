#include <math.h>
#include <stdlib.h>

#include "engine/quality/outlier_fit.h"
#include "tests/support/check.h"

static void fill(struct rcx_tally *tally, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(rcx_tally_add(tally, values[i], 1));
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void test_tally_is_a_sorted_list(void **state)
{
    (void)state;
    struct check_random random = {1};
    for (size_t count = 1; count <= 257; count++) {
        int64_t values[257];
        struct rcx_tally tally = {0};
        struct rcx_tally other = {0};
        uint64_t spread = count % 3 == 0 ? 4 : 1000;
        for (size_t i = 0; i < count; i++)
            values[i] = (int64_t)check_below(&random, spread) - 500;
        if (count > 1) {
            values[0] = INT64_MIN;
            values[1] = INT64_MAX;
        }
        fill(&tally, values, count / 2);
        fill(&other, values + count / 2, count - count / 2);
        assert_true(rcx_tally_merge(&tally, &other));
        assert_int_equal(tally.total, count);
        assert_true(rcx_tally_sort(&tally));
        qsort(values, count, sizeof *values, ascending);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(rcx_tally_at(&tally, i), values[i]);
        rcx_tally_release(&tally);
        rcx_tally_release(&other);
    }
}

static struct rcx_clean_plan plan_of(enum rcx_outliers_quantity_scale scale)
{
    return (struct rcx_clean_plan){.quantity_scale = scale,
                                   .min_fit_rows = 1,
                                   .price_percentile_e6 = 99000000,
                                   .quantity_iqr_e6 = 3000000,
                                   .price_decimals = 4};
}

static void test_price_is_an_exact_fraction(void **state)
{
    (void)state;
    struct rcx_clean_plan plan = plan_of(RCX_QUANTITY_SCALE_LOG);
    struct rcx_outlier_fit fit = {0};
    struct rcx_tally prices = {0};
    const int64_t values[] = {10000, 20000}; /* 99 % of the way: 1.99 */
    fill(&prices, values, 2);
    assert_int_equal(rcx_outlier_fit_price(&plan, &prices, &fit, NULL), RCX_OK);
    assert_true(fit.applied);
    assert_int_equal(fit.price_numerator, 199);
    assert_int_equal(fit.price_denominator, 100);
    assert_int_equal(fit.price_max, 19900);
    rcx_tally_release(&prices);
}

static void test_too_few_rows_apply_nothing(void **state)
{
    (void)state;
    struct rcx_clean_plan plan = plan_of(RCX_QUANTITY_SCALE_LOG);
    struct rcx_outlier_fit fit = {0};
    struct rcx_tally prices = {0};
    struct rcx_tally none = {0};
    plan.min_fit_rows = 3;
    fill(&prices, (const int64_t[]){1, 2}, 2);
    assert_int_equal(rcx_outlier_fit_price(&plan, &prices, &fit, NULL), RCX_OK);
    assert_int_equal(rcx_outlier_fit_quantity(&plan, &none, &fit, NULL), RCX_OK);
    assert_false(fit.applied);
    assert_int_equal(fit.rows, 2);
    assert_true(fit.price_max == INT64_MAX && fit.quantity_max == INT64_MAX);
    assert_int_equal(fit.quantity_min, 0);
    rcx_tally_release(&prices);
    rcx_tally_release(&none);
}

static struct rcx_outlier_fit quantity_fit(enum rcx_outliers_quantity_scale scale,
                                           const int64_t *values, size_t count)
{
    struct rcx_clean_plan plan = plan_of(scale);
    struct rcx_outlier_fit fit = {.applied = true};
    struct rcx_tally tally = {0};
    fill(&tally, values, count);
    assert_int_equal(rcx_outlier_fit_quantity(&plan, &tally, &fit, NULL), RCX_OK);
    rcx_tally_release(&tally);
    return fit;
}

static void test_quantity_equal_to_the_bound_stays(void **state)
{
    (void)state;
    /* quartiles 2 and 12: 12^4 / 2^3 = 2592 and 2^4 / 12^3 < 1 */
    struct rcx_outlier_fit fit = quantity_fit(RCX_QUANTITY_SCALE_LOG,
                                              (const int64_t[]){1, 2, 5, 12, 40}, 5);
    assert_int_equal(fit.quantity_max, 2592);
    assert_int_equal(fit.quantity_min, 1);
    assert_true(fit.quantity_high == 2592.0);
    assert_true(fit.quantity_q1 == 2.0 && fit.quantity_q3 == 12.0);
    /* 100 and 200: from 100^4 / 200^3 = 12.5 to 200^4 / 100^3 = 1600 */
    fit = quantity_fit(RCX_QUANTITY_SCALE_LOG, (const int64_t[]){90, 100, 150, 200, 300}, 5);
    assert_int_equal(fit.quantity_min, 13);
    assert_int_equal(fit.quantity_max, 1600);
    /* no spread: only the value itself */
    fit = quantity_fit(RCX_QUANTITY_SCALE_LOG, (const int64_t[]){6, 6, 6, 6}, 4);
    assert_int_equal(fit.quantity_min, 6);
    assert_int_equal(fit.quantity_max, 6);
}

static void test_linear_scale(void **state)
{
    (void)state;
    struct rcx_outlier_fit fit = quantity_fit(RCX_QUANTITY_SCALE_LINEAR,
                                              (const int64_t[]){1, 2, 5, 12, 40}, 5);
    assert_int_equal(fit.quantity_max, 42);
    assert_int_equal(fit.quantity_min, -28);
    /* quartiles 1.75 and 3.25, range 1.5: from -2.75 to 7.75 */
    fit = quantity_fit(RCX_QUANTITY_SCALE_LINEAR, (const int64_t[]){1, 2, 3, 4}, 4);
    assert_int_equal(fit.quantity_min, -2);
    assert_int_equal(fit.quantity_max, 7);
    assert_true(fit.quantity_low == -2.75 && fit.quantity_high == 7.75);
}

/* The limits agree with the definition for every quantity near them. */
static void test_log_limits_decide_as_the_definition(void **state)
{
    (void)state;
    struct check_random random = {7};
    for (int round = 0; round < 200; round++) {
        int64_t values[9];
        for (size_t i = 0; i < 9; i++)
            values[i] = 1 + (int64_t)check_below(&random, round % 2 ? 30 : 3000);
        struct rcx_outlier_fit fit = quantity_fit(RCX_QUANTITY_SCALE_LOG, values, 9);
        qsort(values, 9, sizeof *values, ascending);
        double q1 = log((double)values[2]);
        double q3 = log((double)values[6]);
        double low = q1 - 3 * (q3 - q1);
        double high = q3 + 3 * (q3 - q1);
        const int64_t bounds[] = {fit.quantity_min, fit.quantity_max};
        for (size_t b = 0; b < 2; b++) {
            for (int64_t q = bounds[b] - 2; q <= bounds[b] + 2; q++) {
                if (q < 1)
                    continue;
                bool outside = log((double)q) > high + 1e-9 || log((double)q) < low - 1e-9;
                assert_int_equal(q < fit.quantity_min || q > fit.quantity_max, outside);
            }
        }
    }
}

static bool tally_once(void *context)
{
    struct rcx_tally tally = {0};
    bool ok = true;
    (void)context;
    for (int64_t i = 0; i < 1000 && ok; i++)
        ok = rcx_tally_add(&tally, i, 1);
    ok = ok && rcx_tally_sort(&tally);
    rcx_tally_release(&tally);
    return ok;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(tally_once, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tally_is_a_sorted_list),
        cmocka_unit_test(test_price_is_an_exact_fraction),
        cmocka_unit_test(test_too_few_rows_apply_nothing),
        cmocka_unit_test(test_quantity_equal_to_the_bound_stays),
        cmocka_unit_test(test_linear_scale),
        cmocka_unit_test(test_log_limits_decide_as_the_definition),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
