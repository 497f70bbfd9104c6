#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "engine/quality/clean_flags.h"
#include "engine/quality/clean_kernels.h"
#include "engine/quality/outlier_fit.h"
#include "tests/support/test_batch.h"

enum { INVOICES = 40, CANCELLATIONS = 10, STOCKS = 12 };

struct fixture {
    struct rcx_settings *settings;
    struct rcx_strings *invoices, *stocks;
    struct rcx_clean_plan plan;
};

/* Thresholds: price 20.0000, positive quantities up to 100. */
static struct fixture prepare(enum rcx_outliers_action action)
{
    struct fixture f = {.settings = rcx_test_settings(),
                        .invoices = rcx_test_invoices(INVOICES, CANCELLATIONS),
                        .stocks = rcx_test_stocks(STOCKS)};
    struct rcx_cfg_cleaning cfg = rcx_settings_config(f.settings)->cleaning;
    const struct rcx_decisions decisions = {.price_decimals = 4, .field_mask = 0xFF};
    const struct rcx_outlier_fit fit = {
        .applied = true, .price_max = 200000, .quantity_min = 1, .quantity_max = 100};
    cfg.outliers_action = action;
    assert_int_equal(rcx_clean_plan_init(&cfg, RCX_DEFINITIONS_STANDARD, &decisions, f.invoices,
                                         f.stocks, &f.plan, NULL),
                     RCX_OK);
    rcx_clean_plan_set_outliers(&f.plan, &fit);
    return f;
}

static void finish(struct fixture *f)
{
    rcx_clean_plan_release(&f->plan);
    rcx_strings_release(f->invoices);
    rcx_strings_release(f->stocks);
    rcx_settings_release(f->settings);
}

static struct rcx_row row(int64_t customer, rcx_time time, uint32_t invoice, uint32_t stock,
                          int64_t quantity, int64_t price)
{
    return (struct rcx_row){.customer = customer,
                            .time = time,
                            .quantity = quantity,
                            .unit_price = price,
                            .invoice = invoice,
                            .stock = stock,
                            .description = stock,
                            .country = 1};
}

static void expect_marks(const struct fixture *f, const struct rcx_row *rows, size_t count,
                         const uint8_t *expected)
{
    struct rcx_test_batch made;
    struct rcx_clean_scratch scratch = {0};
    rcx_test_batch_make(rows, count, &made);
    assert_int_equal(rcx_clean_batch(&f->plan, NULL, NULL, &made.batch, &scratch, NULL), RCX_OK);
    for (size_t i = 0; i < count; i++) {
        if (scratch.rule[i] != expected[i])
            fail_msg("row %zu: %s instead of %s", i,
                     rcx_clean_rule_name((enum rcx_clean_rule)scratch.rule[i]),
                     rcx_clean_rule_name((enum rcx_clean_rule)expected[i]));
    }
    rcx_clean_scratch_release(&scratch);
    rcx_test_batch_release(&made);
}

static void test_first_rule_wins(void **state)
{
    (void)state;
    struct fixture f = prepare(RCX_OUTLIERS_REMOVE);
    struct rcx_row rows[] = {
        row(1, 10, 0, 3, 1, 10000),     /* no invoice */
        row(1, 20, 20, 0, 0, 0),        /* no stock code, and more */
        row(1, 20, 20, 3, 1, 99),       /* cheaper than 0.01 */
        row(1, 20, 20, 4, 0, 100),      /* the least price that stays, but no quantity */
        row(1, 20, 20, 5, 100000, 100), /* not out of range, but an outlier */
        row(1, 20, 20, 6, 100001, 100), /* out of range */
        row(1, 20, 20, 7, 1, 200000),   /* the highest price */
        row(1, 20, 20, 8, 101, 200001), /* price before quantity */
        row(1, 20, 20, 9, -500, 10000), /* returns know no quantity outlier */
        row(1, 20, 20, 10, 5, 10000),
    };
    rows[9].description = 0;
    const uint8_t expected[] = {
        RCX_RULE_NULL_INVOICE,
        RCX_RULE_NULL_STOCK_CODE,
        RCX_RULE_INVALID_PRICE,
        RCX_RULE_ZERO_QUANTITY,
        RCX_RULE_QUANTITY_OUTLIER,
        RCX_RULE_QUANTITY_RANGE,
        RCX_RULE_KEPT,
        RCX_RULE_PRICE_OUTLIER,
        RCX_RULE_KEPT,
        RCX_RULE_NULL_DESCRIPTION,
    };
    expect_marks(&f, rows, 10, expected);
    finish(&f);
}

static void test_duplicates_are_equal_in_all_eight(void **state)
{
    (void)state;
    struct fixture f = prepare(RCX_OUTLIERS_REMOVE);
    struct rcx_row rows[8];
    for (size_t i = 0; i < 8; i++)
        rows[i] = row(1, 20, 20, 3, 2, 10000);
    rows[3].description = 4; /* sorted behind the three equal ones */
    rows[4].description = 4;
    rows[4].country = 2;
    rows[5].time = 21; /* another receipt */
    rows[6].customer = 2;
    rows[7].customer = 2;
    rows[7].quantity = 3;
    const uint8_t expected[] = {RCX_RULE_KEPT,
                                RCX_RULE_EXACT_DUPLICATE,
                                RCX_RULE_EXACT_DUPLICATE,
                                RCX_RULE_KEPT,
                                RCX_RULE_KEPT,
                                RCX_RULE_KEPT,
                                RCX_RULE_KEPT,
                                RCX_RULE_KEPT};
    expect_marks(&f, rows, 8, expected);
    finish(&f);
}

static void test_return_of_an_outlier_goes_with_it(void **state)
{
    (void)state;
    struct fixture f = prepare(RCX_OUTLIERS_REMOVE);
    const struct rcx_row rows[] = {
        row(1, 10, 20, 3, 500, 10000), /* outlier */
        row(1, 20, 21, 3, 50, 10000),
        row(1, 30, 2, 3, -500, 15000), /* takes back the outlier, at another price */
        row(1, 40, 3, 3, -500, 10000), /* nothing is left to take */
        row(1, 50, 22, 3, 500, 10000), /* outlier, later than the returns */
        row(2, 10, 23, 3, 500, 10000), /* outlier of another customer */
    };
    const uint8_t expected[] = {RCX_RULE_QUANTITY_OUTLIER,     RCX_RULE_KEPT,
                                RCX_RULE_MATCHED_CANCELLATION, RCX_RULE_KEPT,
                                RCX_RULE_QUANTITY_OUTLIER,     RCX_RULE_QUANTITY_OUTLIER};
    expect_marks(&f, rows, 6, expected);
    finish(&f);
}

static void test_flags(void **state)
{
    (void)state;
    struct fixture f = prepare(RCX_OUTLIERS_FLAG);
    const struct rcx_row rows[] = {
        row(1, 10, 20, 3, 500, 10000), /* outlier, kept */
        row(1, 30, 2, 3, -500, 15000), /* matched, a cancellation */
        row(1, 40, 30, 4, -1, 10000),  /* a return outside one */
        row(1, 50, 3, 5, 2, 10000),    /* a cancellation number with positive quantity */
        row(2, 50, 24, 5, 2, 10000),   /* too few rows */
    };
    const uint8_t flags[] = {RCX_ROW_OUTLIER | RCX_ROW_MATCHED,
                             RCX_ROW_CANCELLATION | RCX_ROW_MATCHED, 0, 0, 0};
    struct rcx_test_batch made;
    struct rcx_clean_scratch scratch = {0};
    struct rcx_clean_flags out = {0};
    rcx_test_batch_make(rows, 5, &made);
    assert_int_equal(rcx_clean_batch(&f.plan, NULL, NULL, &made.batch, &scratch, NULL), RCX_OK);
    assert_int_equal(rcx_clean_flag_batch(&f.plan, &made.batch, &scratch, &out, NULL), RCX_OK);
    assert_memory_equal(out.flags, flags, sizeof flags);
    assert_int_equal(scratch.rule[4], RCX_RULE_MIN_ROWS);
    assert_int_equal(out.matched_pairs, 1);
    assert_int_equal(out.cancelled_invoices, 1);
    rcx_clean_flags_release(&out);
    rcx_clean_scratch_release(&scratch);
    rcx_test_batch_release(&made);
    finish(&f);
}

static void test_overflow_names_the_row(void **state)
{
    (void)state;
    struct fixture f = prepare(RCX_OUTLIERS_REMOVE);
    struct rcx_row rows[] = {row(7, 86400, 20, 3, 1, 10000),
                             row(7, 86400, 20, 4, 100000, INT64_MAX / 1000)};
    struct rcx_test_batch made;
    struct rcx_clean_scratch scratch = {0};
    struct rcx_error err = {0};
    rcx_test_batch_make(rows, 2, &made);
    assert_int_equal(rcx_clean_batch(&f.plan, NULL, NULL, &made.batch, &scratch, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "1970-01-02 00:00:00"));
    assert_non_null(strstr(err.text, "customer 7"));
    rcx_clean_scratch_release(&scratch);
    rcx_test_batch_release(&made);
    finish(&f);
}

/* Every instruction set gives the marks of the plain definition, at every length. */
static void test_kernels_agree(void **state)
{
    (void)state;
    enum { MOST = 700 };
    static int64_t quantity[MOST], price[MOST];
    static uint32_t stock[MOST], description[MOST];
    static uint8_t rule[3][MOST];
    struct check_random random = {3};
    const struct rcx_row_limits limits = {true, 100, 1000, 20000, 2, 90};
    for (size_t i = 0; i < MOST; i++) {
        quantity[i] = (int64_t)check_below(&random, 120) - 20;
        price[i] = check_below(&random, 9) == 0 ? 50 : (int64_t)check_below(&random, 3) * 9999;
        if (check_below(&random, 20) == 0)
            quantity[i] = check_below(&random, 2) ? INT64_MIN : INT64_MAX;
        stock[i] = (uint32_t)check_below(&random, 3);
        description[i] = (uint32_t)check_below(&random, 30);
        if (i > 0 && check_below(&random, 4) == 0) {
            stock[i] = stock[i - 1];
            quantity[i] = quantity[i - 1];
            price[i] = price[i - 1];
        }
    }
    enum rcx_cpu_level before = rcx_cpu_level();
    for (size_t rows = 0; rows <= MOST; rows += rows < 270 ? 1 : 43) {
        uint64_t bound[3];
        for (enum rcx_cpu_level level = RCX_CPU_V1; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set(level);
            bound[level] = RCX_KERNEL_CALL(rcx_mark_rows)(&limits, rows, stock, quantity, price,
                                                          description, rule[level]);
            assert_int_equal(bound[level], bound[0]);
            assert_memory_equal(rule[level], rule[0], rows);
        }
        rcx_cpu_set(before);
    }
    for (size_t i = 0; i < MOST; i++) {
        int64_t q = quantity[i];
        unsigned expected = stock[i] == 0                ? RCX_RULE_NULL_STOCK_CODE
                            : description[i] == 0        ? RCX_RULE_NULL_DESCRIPTION
                            : price[i] < 100             ? RCX_RULE_INVALID_PRICE
                            : q == 0                     ? RCX_RULE_ZERO_QUANTITY
                            : q > 1000 || q < -1000      ? RCX_RULE_QUANTITY_RANGE
                            : price[i] > 20000           ? RCX_RULE_PRICE_OUTLIER
                            : (q > 0 && q < 2) || q > 90 ? RCX_RULE_QUANTITY_OUTLIER
                                                         : RCX_RULE_KEPT;
        assert_int_equal(rule[0][i], expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_rule_wins),
        cmocka_unit_test(test_duplicates_are_equal_in_all_eight),
        cmocka_unit_test(test_return_of_an_outlier_goes_with_it),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_overflow_names_the_row),
        cmocka_unit_test(test_kernels_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
