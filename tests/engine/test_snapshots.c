#include <stdlib.h>
#include <string.h>

#include "engine/pit/labels.h"
#include "engine/pit/snapshots.h"
#include "tests/support/check.h"

static rcx_day day(int year, unsigned month, unsigned of_month)
{
    return rcx_day_from_civil(year, month, of_month);
}

static struct rcx_data_range uci(void)
{
    return (struct rcx_data_range){day(2010, 12, 1), day(2011, 12, 9)};
}

static struct rcx_cfg_snapshots automatic(int64_t every)
{
    return (struct rcx_cfg_snapshots){.every = every,
                                      .first = RCX_CFG_AUTO_DAY,
                                      .last = RCX_CFG_AUTO_DAY,
                                      .min_history_days = 30};
}

static void expect(const struct rcx_cfg_snapshots *cfg, size_t count, rcx_day first, rcx_day last)
{
    struct rcx_snapshots list;
    assert_int_equal(rcx_snapshots_plan(cfg, 30, true, uci(), &list, NULL), RCX_OK);
    assert_int_equal(list.count, count);
    assert_int_equal(list.days[0], first);
    assert_int_equal(list.days[count - 1], last);
    for (size_t i = 1; i < count; i++)
        assert_true(list.days[i - 1] < list.days[i]);
    rcx_snapshots_release(&list);
}

static void test_month_ends(void **state)
{
    (void)state;
    struct rcx_cfg_snapshots cfg = automatic(RCX_CFG_EVERY_MONTH);
    expect(&cfg, 12, day(2010, 12, 31), day(2011, 11, 30));
    cfg.min_history_days = 32;
    expect(&cfg, 11, day(2011, 1, 31), day(2011, 11, 30));
    cfg.first = day(2011, 2, 28);
    cfg.last = day(2011, 6, 29);
    expect(&cfg, 4, day(2011, 2, 28), day(2011, 5, 31));
}

static void test_weeks_end_on_sunday(void **state)
{
    (void)state;
    struct rcx_cfg_snapshots cfg = automatic(RCX_CFG_EVERY_WEEK);
    expect(&cfg, 49, day(2011, 1, 2), day(2011, 12, 4)); /* 2010-12-30 is the 30th day */
}

static void test_days_count_back_from_the_last(void **state)
{
    (void)state;
    struct rcx_cfg_snapshots cfg = automatic(100);
    expect(&cfg, 4, day(2011, 2, 12), day(2011, 12, 9));
    cfg.last = day(2011, 12, 1);
    expect(&cfg, 4, day(2011, 2, 4), day(2011, 12, 1));
}

static void test_explicit_dates_are_sorted(void **state)
{
    (void)state;
    const rcx_day dates[] = {day(2011, 9, 9), day(2011, 3, 3), day(2011, 9, 9), day(2012, 5, 1)};
    struct rcx_cfg_snapshots cfg = automatic(RCX_CFG_EVERY_MONTH);
    cfg.dates = (struct rcx_cfg_dates){4, dates};
    expect(&cfg, 3, day(2011, 3, 3), day(2012, 5, 1));
}

static void refused(const struct rcx_cfg_snapshots *cfg, int64_t fit_days, bool learns,
                    enum rcx_status status, const char *const *words)
{
    struct rcx_error err = {0};
    struct rcx_snapshots list = {0};
    assert_int_equal(rcx_snapshots_plan(cfg, fit_days, learns, uci(), &list, &err), status);
    assert_null(list.days);
    for (; *words; words++) {
        if (!strstr(err.text, *words))
            fail_msg("'%s' is not in '%s'", *words, err.text);
    }
}

static void test_refusals_say_what_is_needed(void **state)
{
    (void)state;
    struct rcx_cfg_snapshots cfg = automatic(RCX_CFG_EVERY_MONTH);
    cfg.min_history_days = 400;
    refused(&cfg, 30, true, RCX_E_INPUT,
            (const char *const[]){"2010-12-01", "2011-12-09", "374 days", "400 days", "2012-01-31",
                                  NULL});
    const rcx_day early = day(2010, 12, 29);
    cfg = automatic(RCX_CFG_EVERY_MONTH);
    cfg.dates = (struct rcx_cfg_dates){1, &early};
    refused(&cfg, 30, true, RCX_E_USAGE,
            (const char *const[]){"2010-12-29", "29 days", "needs 30", "2010-12-30", NULL});
    const rcx_day before_fit = day(2011, 1, 20);
    cfg.dates = (struct rcx_cfg_dates){1, &before_fit};
    refused(&cfg, 60, true, RCX_E_USAGE,
            (const char *const[]){"cleaning.outliers.fit_days", "needs 60", "2011-01-29", NULL});
    struct rcx_snapshots list;
    assert_int_equal(rcx_snapshots_plan(&cfg, 60, false, uci(), &list, NULL), RCX_OK);
    rcx_snapshots_release(&list);
}

static void test_labels_are_known_when_the_data_reach_their_end(void **state)
{
    (void)state;
    struct rcx_cfg_churn churn = {.horizon_days = 90, .gap_days = 5, .min_tenure_days = 30};
    struct rcx_cfg_clv clv = {.horizon_days = 180};
    struct rcx_label_plan plan = rcx_label_plan_of(&churn, &clv, uci());
    rcx_day last = uci().last;
    assert_true(rcx_churn_known(&plan, last - 95)); /* reaching exactly the end is complete */
    assert_false(rcx_churn_known(&plan, last - 94));
    assert_true(rcx_clv_known(&plan, last - 180));
    assert_false(rcx_clv_known(&plan, last - 179));
}

static bool plan_once(void *context)
{
    struct rcx_cfg_snapshots cfg = automatic(1);
    struct rcx_snapshots list;
    (void)context;
    if (rcx_snapshots_plan(&cfg, 30, true, uci(), &list, NULL) != RCX_OK)
        return false;
    rcx_snapshots_release(&list);
    return true;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(plan_once, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_month_ends),
        cmocka_unit_test(test_weeks_end_on_sunday),
        cmocka_unit_test(test_days_count_back_from_the_last),
        cmocka_unit_test(test_explicit_dates_are_sorted),
        cmocka_unit_test(test_refusals_say_what_is_needed),
        cmocka_unit_test(test_labels_are_known_when_the_data_reach_their_end),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
