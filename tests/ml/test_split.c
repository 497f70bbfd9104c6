/* Splits of random calendars: nothing that trains was still open when the evaluation began. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "ml/split/split.h"

enum { MOST = 40 };

static size_t random_calendar(struct check_random *random, struct rcx_split_snapshot *list)
{
    size_t count = 1 + check_below(random, MOST - 1);
    rcx_day day = (rcx_day)check_below(random, 20000);
    for (size_t s = 0; s < count; s++) {
        size_t rows = check_below(random, 2000);
        day += 1 + (rcx_day)check_below(random, 45);
        list[s] = (struct rcx_split_snapshot){day, rows, rows ? check_below(random, rows + 1) : 0};
    }
    return count;
}

static void no_label_window_reaches_past_the_evaluation(void **state)
{
    struct check_random random = {1};
    struct rcx_split_snapshot list[MOST];
    unsigned planned = 0, chosen = 0;
    (void)state;
    for (int trial = 0; trial < 20000; trial++) {
        size_t count = random_calendar(&random, list);
        const struct rcx_split_rule rule = {(int32_t)check_below(&random, 30),
                                            1 + (int32_t)check_below(&random, 200)};
        const struct rcx_split_limits limits = {check_below(&random, 3000),
                                                check_below(&random, 3000)};
        struct rcx_split split = {0};
        for (size_t e = 0; e < count; e++) {
            size_t prefix = rcx_split_prefix(&rule, list, count, e);
            for (size_t s = 0; s < count; s++) {
                /* the window's first second after, in days, against the evaluation's cutoff */
                int64_t window_end = (int64_t)list[s].day + 1 + rule.gap_days + rule.horizon_days;
                assert_int_equal(s < prefix, window_end <= (int64_t)list[e].day + 1);
            }
            assert_true(prefix <= e);
        }
        if (rcx_split_plan(&rule, list, count, &limits, &split, NULL) != RCX_OK) {
            assert_int_equal(rcx_split_prefix(&rule, list, count, count - 1), 0);
            continue;
        }
        planned++;
        assert_int_equal(split.test, count - 1);
        assert_int_equal(split.train, rcx_split_prefix(&rule, list, count, count - 1));
        assert_int_equal(split.validation, split.train - 1);
        assert_int_equal(split.choice_train,
                         rcx_split_prefix(&rule, list, count, split.validation));
        if (split.has_choice) {
            chosen++;
            assert_true(split.choice_train > 0);
            assert_true(rcx_split_rows(list, split.choice_train) >= limits.choice_rows);
            assert_true(list[split.validation].rows >= limits.choice_rows);
            assert_true(rcx_split_rarer(list, split.choice_train) > 0);
        }
    }
    assert_true(planned > 1000 && chosen > 100);
}

static void origins_have_enough_rows_of_both_classes(void **state)
{
    const struct rcx_split_rule rule = {0, 90};
    const struct rcx_split_limits limits = {500, 1000};
    const struct rcx_split_snapshot list[] = {{0, 400, 100},  {30, 600, 0},    {60, 500, 500},
                                              {90, 700, 300}, {120, 900, 400}, {180, 10, 10}};
    (void)state;
    assert_false(rcx_split_is_origin(&rule, list, 6, &limits, 2)); /* nothing may train */
    assert_false(rcx_split_is_origin(&rule, list, 6, &limits, 3)); /* 400 rows */
    assert_true(rcx_split_is_origin(&rule, list, 6, &limits, 4));  /* 1,000 rows */
    assert_false(rcx_split_is_origin(&rule, list, 6, &limits, 5)); /* one class to be judged on */
    assert_int_equal(rcx_split_rows(list, 4), 2200);
    assert_int_equal(rcx_split_rarer(list, 4), 900);
}

static void a_calendar_without_labels_says_what_would_help(void **state)
{
    const struct rcx_split_rule rule = {7, 90};
    const struct rcx_split_limits limits = {500, 1000};
    const struct rcx_split_snapshot list[] = {{18000, 10, 5}, {18050, 10, 5}};
    struct rcx_split split;
    struct rcx_error err = {0};
    (void)state;
    assert_int_equal(rcx_split_plan(&rule, list, 0, &limits, &split, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "97 days after"));
    assert_int_equal(rcx_split_plan(&rule, list, 2, &limits, &split, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "2019-06-03"));               /* the test */
    assert_non_null(strstr(err.text, "of 2019-02-26 or earlier")); /* what would do */
}

/* The guard sees a leak that is planted, and nothing else. */
static void planted_leaks_are_found(void **state)
{
    enum { ROWS = 300 };
    int64_t customer[ROWS];
    rcx_day day[ROWS];
    const struct rcx_split_rule rule = {0, 90};
    struct rcx_error err = {0};
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        customer[i] = (int64_t)(i % 100);
        day[i] = 1000 + 30 * (rcx_day)(i / 100);
    }
    rcx_day evaluation = day[ROWS - 1] + 90;
    assert_int_equal(rcx_split_guard(&rule, customer, day, ROWS, evaluation, &err), RCX_OK);
    assert_int_equal(rcx_split_guard(&rule, customer, day, ROWS, evaluation - 1, &err),
                     RCX_E_INTERNAL);
    assert_non_null(strstr(err.text, "training row 200"));
    customer[150] = customer[149];
    assert_int_equal(rcx_split_guard(&rule, customer, day, ROWS, evaluation, &err), RCX_E_INTERNAL);
    assert_non_null(strstr(err.text, "training row 150"));
    customer[150] = 50;
    day[20] += 30;
    assert_int_equal(rcx_split_guard(&rule, customer, day, ROWS, evaluation, &err), RCX_E_INTERNAL);
}

static void the_window_is_covered_since_the_first_day(void **state)
{
    (void)state;
    assert_int_equal(rcx_split_covered_days(100, 99, 180), 0);
    assert_int_equal(rcx_split_covered_days(100, 100, 180), 1);
    assert_int_equal(rcx_split_covered_days(100, 278, 180), 179);
    assert_int_equal(rcx_split_covered_days(100, 279, 180), 180);
    assert_int_equal(rcx_split_covered_days(100, 1000, 180), 180);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_label_window_reaches_past_the_evaluation),
        cmocka_unit_test(origins_have_enough_rows_of_both_classes),
        cmocka_unit_test(a_calendar_without_labels_says_what_would_help),
        cmocka_unit_test(planted_leaks_are_found),
        cmocka_unit_test(the_window_is_covered_since_the_first_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
