/* Values, plans and measurements of campaigns. */
#include "ml/tasks/campaign/campaign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/tasks/campaign/campaign_tables.h"
#include "ml/tasks/campaign/control_group.h"
#include "ml/tasks/campaign/uplift.h"
#include "tests/support/check.h"

static const struct rcx_parallel one = {1};

static const struct rcx_cfg_tier default_tiers[] = {{"premium", 25, .45, .15, -1, ""},
                                                    {"standard", 10, .30, .10, -1, ""},
                                                    {"light", 2, .15, .05, -1, ""}};

static struct rcx_cfg_campaign defaults(void)
{
    return (struct rcx_cfg_campaign){.budget = 3000,
                                     .tiers = {3, default_tiers},
                                     .margin = .3,
                                     .redemption = .3,
                                     .control_share = .1,
                                     .confidence = .95,
                                     .power = .8};
}

/* Customers of a shop; some without numbers. */
static void make_customers(size_t n, uint64_t seed, struct rcx_table *out)
{
    static const char *const names[] = {"churn_probability", "value", "value_if_active",
                                        "value_if_lapsed", "expected_order_value"};
    struct check_random random = {seed};
    *out = (struct rcx_table){.rows = n};
    assert_non_null(rcx_table_add(out, "customer_id", RCX_TYPE_INT64));
    for (size_t c = 0; c < 5; c++)
        assert_non_null(rcx_table_add(out, names[c], RCX_TYPE_REAL));
    assert_non_null(rcx_table_add(out, "risk_level", RCX_TYPE_TEXT));
    struct rcx_column *risk = &out->columns[6];
    risk->dictionary = rcx_strings_new(2, 2);
    memcpy(risk->dictionary->bytes, "ab", 2);
    risk->dictionary->offsets[1] = 1;
    risk->dictionary->offsets[2] = 2;
    for (size_t i = 0; i < n; i++) {
        double p = check_unit(&random), v = 1000 * pow(check_unit(&random), 3) + 5;
        const double cells[] = {p, v * (1 - p), v, v * check_unit(&random) * .8, v / 4};
        out->columns[0].i64[i] = (int64_t)(7 * i + 100);
        for (size_t c = 0; c < 5; c++)
            out->columns[1 + c].reals[i] = cells[c];
        if (check_below(&random, 20) == 0)
            out->columns[1 + check_below(&random, 5)].reals[i] = (double)NAN;
        risk->codes[i] = p > .5;
    }
}

static void test_parts_are_the_formula_and_close(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct rcx_cfg_campaign cfg = defaults();
        cfg.margin = check_unit(&random);
        cfg.redemption = check_unit(&random);
        struct rcx_campaign_terms terms = rcx_campaign_terms_of(&cfg, 1);
        struct rcx_campaign_tier *tier = &terms.tiers[check_below(&random, 3)];
        double p = check_unit(&random), v1 = 4000 * check_unit(&random) - 500;
        double v0 = 1000 * check_unit(&random), a = 500 * check_unit(&random);
        struct rcx_campaign_parts parts = rcx_campaign_parts_of(&terms, tier, p, v1, v0, a);
        double s = tier->save_rate, d = tier->discount, c = (double)tier->cost / 1e4;
        double value = p * s * (cfg.margin * (v1 - v0) - d * a) - (1 - p) * cfg.redemption * d * a -
                       c;
        assert_true(fabs((double)parts.value / 1e4 - value) <= 1.01e-4);
        assert_true(fabs((double)parts.retained_margin / 1e4 - p * s * cfg.margin * (v1 - v0)) <=
                    1.01e-4);
        assert_true(fabs((double)parts.discount_saved / 1e4 - p * s * d * a) <= .51e-4);
        assert_true(fabs((double)parts.discount_loyal / 1e4 - (1 - p) * cfg.redemption * d * a) <=
                    .51e-4);
        assert_true(fabs((double)parts.saves / 1e6 - p * s) <= .51e-6);
        assert_true(parts.value == parts.retained_margin - parts.discount_saved -
                                       parts.discount_loyal - parts.cost);
    }
}

/* Where the tier is worth anything, a higher save rate never makes it less. */
static void test_a_higher_save_rate_is_never_worse(void **state)
{
    struct check_random random = {2};
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct rcx_cfg_campaign cfg = defaults();
        struct rcx_campaign_terms terms = rcx_campaign_terms_of(&cfg, 1);
        struct rcx_campaign_tier tier = terms.tiers[check_below(&random, 3)];
        double p = check_unit(&random), v1 = 300 * check_unit(&random);
        double v0 = 100 * check_unit(&random), a = 200 * check_unit(&random);
        int64_t before = 0;
        for (tier.save_rate = 0; tier.save_rate <= 1; tier.save_rate += 1e-3) {
            int64_t value = rcx_campaign_parts_of(&terms, &tier, p, v1, v0, a).value;
            value = value > 0 ? value : 0;
            assert_true(value >= before);
            before = value;
        }
    }
}

/* Budget and capacities are those of the contacts; the control group has its share; sums close. */
static void check_plan(const struct rcx_campaign_plan *plan,
                       const struct rcx_campaign_columns *columns, const uint8_t *suppressed)
{
    struct rcx_campaign_totals total = {0};
    uint64_t chosen[RCX_TIERS_MOST] = {0}, controls[RCX_TIERS_MOST] = {0};
    uint64_t risks[RCX_TIERS_MOST][2] = {{0}}, held[RCX_TIERS_MOST][2] = {{0}};
    const struct rcx_campaign_terms *terms = &plan->terms;
    for (size_t i = 0; i < plan->contacts + plan->controls; i++) {
        size_t row = plan->order[i], tier = plan->allocation.options[row] - 1u;
        uint32_t risk = columns->risk->codes[row];
        assert_int_equal(plan->fates[row],
                         i < plan->contacts ? RCX_FATE_CONTACT : RCX_FATE_CONTROL);
        assert_false(suppressed && suppressed[row]);
        struct rcx_campaign_parts parts = rcx_campaign_parts_at(terms, columns, row, tier);
        assert_true(parts.value == plan->values[row * terms->tier_count + tier] && parts.value > 0);
        assert_true((double)parts.value >= terms->min_roi * (double)parts.cost);
        chosen[tier]++;
        risks[tier][risk]++;
        controls[tier] += i >= plan->contacts;
        held[tier][risk] += i >= plan->contacts;
        if (i < plan->contacts)
            rcx_campaign_add(&total, &parts);
    }
    assert_memory_equal(&total, &plan->total, sizeof total);
    assert_true(total.cost <= terms->budget);
    for (size_t k = 0; k < terms->tier_count; k++) {
        assert_int_equal(controls[k], rcx_control_group_size(terms->control_share, chosen[k]));
        assert_int_equal(chosen[k] - controls[k], plan->tiers[k].customers);
        for (size_t r = 0; r < 2; r++)
            assert_true(fabs((double)held[k][r] - terms->control_share * (double)risks[k][r]) <= 1);
        if (terms->tiers[k].capacity != RCX_CAPACITY_NONE)
            assert_true((int64_t)plan->tiers[k].customers <= terms->tiers[k].capacity);
    }
}

static void test_plans_stay_within_their_limits(void **state)
{
    struct check_random random = {3};
    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t n = check_below(&random, round < 200 ? 60 : 2000);
        struct rcx_cfg_tier tiers[3];
        struct rcx_cfg_campaign cfg = defaults();
        struct rcx_campaign_columns columns;
        struct rcx_campaign_plan plan;
        struct rcx_table table;
        uint8_t suppressed[2000];
        memcpy(tiers, default_tiers, sizeof tiers);
        for (size_t k = 0; k < 3; k++)
            if (check_below(&random, 3) == 0)
                tiers[k].capacity = (int64_t)check_below(&random, 30);
        cfg.tiers.items = tiers;
        cfg.budget = (double)check_below(&random, 400) * (round % 5) / 2;
        cfg.control_share = (double)check_below(&random, 10) / 10;
        cfg.min_roi = (double)check_below(&random, 3);
        for (size_t i = 0; i < n; i++)
            suppressed[i] = check_below(&random, 10) == 0;
        make_customers(n, (uint64_t)round, &table);
        assert_int_equal(rcx_campaign_columns_of(&table, &columns, NULL), RCX_OK);
        struct rcx_campaign_terms terms = rcx_campaign_terms_of(&cfg, 5);
        assert_int_equal(rcx_campaign_plan(&terms, &columns, suppressed, &one, &plan, NULL),
                         RCX_OK);
        check_plan(&plan, &columns, suppressed);
        rcx_campaign_plan_release(&plan);
        rcx_table_release(&table);
    }
}

/* With better save rates the best plan is worth at least as much. */
static void test_better_tiers_make_better_plans(void **state)
{
    struct rcx_table table;
    struct rcx_campaign_columns columns;
    rcx_i128 before = 0;
    (void)state;
    make_customers(400, 9, &table);
    assert_int_equal(rcx_campaign_columns_of(&table, &columns, NULL), RCX_OK);
    for (double more = 0; more < .5; more += .02) {
        struct rcx_cfg_tier tiers[3];
        struct rcx_cfg_campaign cfg = defaults();
        struct rcx_campaign_plan plan;
        memcpy(tiers, default_tiers, sizeof tiers);
        for (size_t k = 0; k < 3; k++)
            tiers[k].save_rate += more;
        cfg.tiers.items = tiers;
        cfg.control_share = 0;
        cfg.budget = 500;
        struct rcx_campaign_terms terms = rcx_campaign_terms_of(&cfg, 5);
        assert_int_equal(rcx_campaign_plan(&terms, &columns, NULL, &one, &plan, NULL), RCX_OK);
        assert_true(plan.allocation.value >= before && plan.controls == 0);
        before = plan.allocation.value;
        rcx_campaign_plan_release(&plan);
    }
    rcx_table_release(&table);
}

static void test_quantiles_and_detectable_effects(void **state)
{
    (void)state;
    assert_true(fabs(rcx_normal_quantile(.975) - 1.959963984540054) < 1e-12);
    assert_true(fabs(rcx_normal_quantile(.8) - 0.8416212335729143) < 1e-12);
    assert_true(fabs(rcx_normal_quantile(.5)) < 1e-12);
    /* two groups of 392 show .1 around .5 with 80 % power: n = 2 (1.96 + .84)^2 .25 / .1^2 */
    assert_true(fabs(rcx_detectable_effect(.5, 392, 392, .95, .8) - .1) < 1e-3);
    assert_true(isnan(rcx_detectable_effect(.5, 100, 0, .95, .8)));
}

/* Newcombe (1998), table II, method 10: 56/70 against 48/80, and 9/10 against 3/10. */
static void test_intervals_of_the_literature(void **state)
{
    static const struct {
        size_t x, n, y, m;
        double low, high;
    } cases[] = {{48, 80, 56, 70, .0524, .3339}, {3, 10, 9, 10, .1705, .8090}};
    uint8_t tiers[150] = {0}, contacted[150], churned[150];
    double revenue[150], predicted[150], costs[150] = {0};
    (void)state;
    for (size_t c = 0; c < 2; c++) {
        size_t n = cases[c].n, all = n + cases[c].m;
        for (size_t i = 0; i < all; i++) {
            contacted[i] = i < n;
            churned[i] = i < n ? i < cases[c].x : i - n < cases[c].y;
            revenue[i] = i < n ? 3 : 1;
            predicted[i] = (double)NAN;
        }
        const struct rcx_uplift_data data = {all,     tiers,     contacted, churned,
                                             revenue, predicted, costs};
        struct rcx_uplift uplift = rcx_uplift_of(&data, SIZE_MAX, .5, .95);
        assert_true(fabs(uplift.churn.low - cases[c].low) < 6e-5);
        assert_true(fabs(uplift.churn.high - cases[c].high) < 6e-5);
        assert_true(uplift.revenue.estimate == 2 && uplift.revenue.low == 2);
        assert_true(uplift.value.estimate == (double)n);
        assert_true(isnan(rcx_uplift_of(&data, 1, .5, .95).churn.estimate));
    }
}

/* 95 % intervals hold the planted save rate in about 95 % of campaigns. */
static void test_intervals_cover(void **state)
{
    enum { N = 600, CAMPAIGNS = 1000 };
    struct check_random random = {4};
    static uint8_t tiers[N], contacted[N], churned[N];
    static double revenue[N], predicted[N], costs[N];
    int covered[3] = {0};
    (void)state;
    for (int campaign = 0; campaign < CAMPAIGNS; campaign++) {
        for (size_t i = 0; i < N; i++) {
            contacted[i] = i % 4 != 0;
            churned[i] = check_unit(&random) < (contacted[i] ? .5 * (1 - .4) : .5);
            revenue[i] = churned[i] ? 0 : 100 * check_unit(&random);
        }
        const struct rcx_uplift_data data = {N,       tiers,     contacted, churned,
                                             revenue, predicted, costs};
        struct rcx_uplift u = rcx_uplift_of(&data, 0, .5, .95);
        covered[0] += u.churn.low <= .2 && .2 <= u.churn.high;
        covered[1] += u.save_rate.low <= .4 && .4 <= u.save_rate.high;
        covered[2] += u.revenue.low <= 10 && 10 <= u.revenue.high;
    }
    for (size_t i = 0; i < 3; i++)
        assert_in_range(covered[i], 930, 970);
}

struct job {
    struct rcx_table table;
    struct rcx_campaign_columns columns;
};

static bool attempt(void *context)
{
    struct job *job = context;
    struct rcx_cfg_campaign cfg = defaults();
    struct rcx_campaign_terms terms = rcx_campaign_terms_of(&cfg, 5);
    struct rcx_campaign_plan plan;
    struct rcx_buf text = {0};
    if (rcx_campaign_plan(&terms, &job->columns, NULL, &one, &plan, NULL) != RCX_OK)
        return false;
    enum rcx_status status = RCX_OK;
    for (int which = 0; which < 8 && status == RCX_OK; which++) {
        struct rcx_table table = {0};
        const struct rcx_campaign_columns *c = &job->columns;
        size_t n = c->customers;
        status = which == 0   ? rcx_campaign_execution(&plan, c, 1, &table, NULL)
                 : which == 1 ? rcx_campaign_allocation(&plan, c, 1, &table, NULL)
                 : which == 2 ? rcx_campaign_actions(&plan, c, 0, &table, NULL)
                 : which == 3 ? rcx_campaign_segments(&plan, c, &table, NULL)
                 : which == 4 ? rcx_campaign_impact(&plan, c, &table, NULL)
                 : which == 5 ? rcx_campaign_frontier(&plan, n, 5, &one, &table, NULL)
                 : which == 6 ? rcx_campaign_sensitivity(&plan, n, &one, &table, NULL)
                              : rcx_campaign_assumptions(&plan, c, &table, NULL);
        rcx_table_release(&table);
    }
    if (status == RCX_OK)
        status = rcx_campaign_metrics(&plan, &job->columns, &text, NULL);
    if (status == RCX_OK)
        status = rcx_campaign_summary(&plan, &job->columns, 1, &text, NULL);
    rcx_buf_release(&text);
    rcx_campaign_plan_release(&plan);
    return status == RCX_OK;
}

static void test_out_of_memory(void **state)
{
    struct job job;
    (void)state;
    make_customers(40, 1, &job.table);
    assert_int_equal(rcx_campaign_columns_of(&job.table, &job.columns, NULL), RCX_OK);
    (void)check_allocation_failures(attempt, &job);
    rcx_table_release(&job.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_the_formula_and_close),
        cmocka_unit_test(test_a_higher_save_rate_is_never_worse),
        cmocka_unit_test(test_plans_stay_within_their_limits),
        cmocka_unit_test(test_better_tiers_make_better_plans),
        cmocka_unit_test(test_quantiles_and_detectable_effects),
        cmocka_unit_test(test_intervals_of_the_literature),
        cmocka_unit_test(test_intervals_cover),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
