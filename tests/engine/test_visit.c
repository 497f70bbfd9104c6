/* The two ways to the features agree with each other bit by bit, and with numbers made by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/features/visit.h"
#include "tests/support/test_batch.h"

enum { INVOICES = 4000, CANCELLATIONS = 50, STOCKS = 30, MOST_SNAPSHOTS = 16, MORE = 5 };

struct fixture {
    struct rcx_settings *settings;
    struct rcx_strings *invoices, *stocks;
    struct rcx_clean_plan clean;
    struct rcx_feature_plan plan;
    struct rcx_visit visit;
};

static void prepare(struct fixture *f, const struct rcx_cfg_features *cfg,
                    struct rcx_data_range range, const struct rcx_snapshots *snapshots)
{
    memset(f, 0, sizeof *f);
    f->settings = rcx_test_settings();
    f->invoices = rcx_test_invoices(INVOICES, CANCELLATIONS);
    f->stocks = rcx_test_stocks(STOCKS);
    const struct rcx_config *config = rcx_settings_config(f->settings);
    const struct rcx_decisions decisions = {.price_decimals = 4, .field_mask = 0xFF};
    if (!cfg)
        cfg = &config->features;
    assert_int_equal(rcx_clean_plan_init(&config->cleaning, cfg->definitions, &decisions,
                                         f->invoices, f->stocks, &f->clean, NULL),
                     RCX_OK);
    assert_int_equal(rcx_feature_plan_init(cfg, &f->clean, range, snapshots, &f->plan, NULL),
                     RCX_OK);
    f->plan.with_labels = true;
    f->plan.labels = rcx_label_plan_of(&config->churn, &config->clv, range);
    f->plan.labels.more = (struct rcx_more_horizons){2, MORE - 2, {90, 17, 180, 1, 30}};
}

static void finish(struct fixture *f)
{
    rcx_visit_release(&f->visit);
    rcx_feature_plan_release(&f->plan);
    rcx_clean_plan_release(&f->clean);
    rcx_strings_release(f->invoices);
    rcx_strings_release(f->stocks);
    rcx_settings_release(f->settings);
}

/* ---- agreement ---- */

struct shape {
    size_t receipts, lines;
    rcx_day days;
};

/* Invoices of one day each; a day may have many, times may be equal, numbers rise or not. */
static size_t random_rows(struct check_random *random, struct shape shape, struct rcx_row *rows)
{
    size_t count = 0;
    bool rising = check_below(random, 2) == 0;
    for (size_t r = 0; r < shape.receipts; r++) {
        rcx_time day = (rcx_time)check_below(random, (uint64_t)shape.days);
        rcx_time time = day * RCX_DAY_SECONDS + (rcx_time)check_below(random, 5) * 3600;
        bool back = check_below(random, 6) == 0;
        uint32_t number = CANCELLATIONS + (uint32_t)r + (rising ? (uint32_t)day * 7 : 0);
        size_t lines = 1 + (size_t)check_below(random, shape.lines);
        for (size_t i = 0; i < lines; i++) {
            int64_t quantity = 1 + (int64_t)check_below(random, 40);
            rows[count++] = (struct rcx_row){
                .customer = 1,
                .time = time,
                .quantity = back || check_below(random, 9) == 0 ? -quantity : quantity,
                .unit_price = 100 * (int64_t)check_below(random, 5000),
                .invoice = number % INVOICES,
                .stock = 1 + (uint32_t)check_below(random, STOCKS - 1)};
        }
    }
    return count;
}

static void same_real(double a, double b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void same_rows(const struct rcx_feature_row *a, const struct rcx_feature_row *b,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(a[i].snapshot, b[i].snapshot);
        for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++) {
            bool null = rcx_feature_info(f)->type == RCX_FEATURE_REAL && isnan(a[i].slots[f].real);
            if (null ? !isnan(b[i].slots[f].real) : a[i].slots[f].whole != b[i].slots[f].whole)
                fail_msg("%s at snapshot %u: %.17g, %.17g", rcx_feature_info(f)->name,
                         a[i].snapshot, a[i].slots[f].real, b[i].slots[f].real);
        }
        assert_int_equal(a[i].labels.eligible, b[i].labels.eligible);
        assert_int_equal(a[i].labels.churn, b[i].labels.churn);
        assert_true(a[i].labels.clv == b[i].labels.clv ||
                    (isnan(a[i].labels.clv) && isnan(b[i].labels.clv)));
        for (size_t m = 0; m < MORE; m++)
            same_real(a[i].more[m], b[i].more[m]);
        /* the first and the third are as long as the labels themselves */
        same_real(a[i].more[0], a[i].labels.churn < 0 ? (double)NAN : a[i].labels.churn);
        same_real(a[i].more[2], a[i].labels.clv);
    }
}

static size_t compare_ways(struct fixture *f, struct check_random *random, struct shape shape)
{
    size_t most = shape.receipts * shape.lines;
    struct rcx_row *rows = calloc(most, sizeof *rows);
    uint8_t *rule = calloc(most, 1);
    struct rcx_feature_row slid[MOST_SNAPSHOTS], scanned[MOST_SNAPSHOTS];
    struct rcx_snapshot_counts counts[2][MOST_SNAPSHOTS];
    struct rcx_test_batch made;
    size_t snapshots = f->plan.snapshot_count;
    rcx_test_batch_make(rows, random_rows(random, shape, rows), &made);
    for (size_t i = 0; i < made.batch.rows; i++) {
        if (check_below(random, 5) == 0)
            rule[i] = (uint8_t)check_below(random, RCX_RULE_MIN_ROWS);
    }
    assert_int_equal(rcx_visit_reserve(&f->visit, &f->plan, &made.batch, NULL), RCX_OK);
    size_t receipts = made.batch.receipts;
    bool regular = rcx_group_invoices(&f->visit, &f->plan, &made.batch, rule, 0, receipts);
    size_t count = 0;
    if (regular) {
        memset(f->visit.counts, 0, snapshots * sizeof *f->visit.counts);
        count = rcx_slide_customer(&f->visit, &f->plan, 1, slid);
        memcpy(counts[0], f->visit.counts, snapshots * sizeof *f->visit.counts);
        memset(f->visit.counts, 0, snapshots * sizeof *f->visit.counts);
        size_t again = rcx_rescan_customer(&f->visit, &f->plan, &made.batch, rule, 0, receipts,
                                           scanned);
        memcpy(counts[1], f->visit.counts, snapshots * sizeof *f->visit.counts);
        assert_int_equal(again, count);
        same_rows(slid, scanned, count);
        assert_memory_equal(counts[0], counts[1], snapshots * sizeof counts[0][0]);
    }
    for (uint32_t code = 0; code < STOCKS; code++) /* left clean for the next customer */
        assert_int_equal(f->visit.code_counts.count[code], 0);
    rcx_test_batch_release(&made);
    free(rows);
    free(rule);
    return count;
}

static void agree(const struct rcx_cfg_features *cfg, uint64_t seed)
{
    rcx_day days[MOST_SNAPSHOTS];
    struct check_random random = {seed};
    for (size_t i = 0; i < MOST_SNAPSHOTS; i++)
        days[i] = (rcx_day)(29 + i * 31 + check_below(&random, 20));
    const struct rcx_snapshots snapshots = {MOST_SNAPSHOTS, days};
    const struct shape shapes[] = {
        {1, 3, 500}, {5, 8, 500}, {30, 6, 500}, {60, 3, 90}, {400, 2, 560}};
    struct fixture f;
    size_t rows = 0;
    prepare(&f, cfg, (struct rcx_data_range){0, 560}, &snapshots);
    for (size_t round = 0; round < 60; round++) {
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            rows += compare_ways(&f, &random, shapes[s]);
    }
    assert_true(rows > 1000);
    finish(&f);
}

static void test_sliding_is_rescanning(void **state)
{
    (void)state;
    agree(NULL, 1);
}

static void test_sliding_is_rescanning_with_other_windows(void **state)
{
    (void)state;
    static const struct rcx_cfg_window windows[] = {{"a", 1}, {"b", 7}, {"c", 30}, {"d", 33}};
    const struct rcx_cfg_features cfg = {.definitions = RCX_DEFINITIONS_STANDARD,
                                         .observation_days = 60,
                                         .min_lifetime_days = 1,
                                         .windows = {4, windows}};
    agree(&cfg, 2);
}

static void test_invoices_of_several_days_are_recognised(void **state)
{
    (void)state;
    rcx_day day = 100;
    const struct rcx_snapshots snapshots = {1, &day};
    const uint32_t numbers[][3] = {
        {60, 61, 62}, {60, 61, 60}, {60, 60, 61}, {62, 61, 60}, {5, 60, 5}};
    const bool regular[] = {true, false, false, true, false};
    struct fixture f;
    prepare(&f, NULL, (struct rcx_data_range){0, 200}, &snapshots);
    for (size_t i = 0; i < 5; i++) {
        struct rcx_row rows[3];
        struct rcx_test_batch made;
        const uint8_t rule[3] = {0};
        for (size_t k = 0; k < 3; k++)
            rows[k] = (struct rcx_row){.customer = 1,
                                       .time = (rcx_time)k * RCX_DAY_SECONDS,
                                       .quantity = 1,
                                       .unit_price = 1,
                                       .invoice = numbers[i][k],
                                       .stock = 2};
        rcx_test_batch_make(rows, 3, &made);
        assert_int_equal(rcx_visit_reserve(&f.visit, &f.plan, &made.batch, NULL), RCX_OK);
        assert_int_equal(rcx_group_invoices(&f.visit, &f.plan, &made.batch, rule, 0, 3),
                         regular[i]);
        rcx_test_batch_release(&made);
    }
    finish(&f);
}

/* ---- by hand ---- */

/* Customer 1 at day 200 (data from day 0, so six buckets of 30 days; the newest is 171..200):
 *   day  50  invoice 100: 10 x S2 at 1.00, 2 x S3 at 5.00        20.00, 12 items
 *   day 110  invoice 101: 4 x S2 at 2.50, 1 x POST at 3.00       13.00,  5 items
 *   day 110  invoice 102: 6 x S4 at 0.50                          3.00,  6 items
 *   day 185  invoice 103: 3 x S2 at 8.00                         24.00,  3 items
 *   day 190  invoice C10: -2 x S3 at 5.00                       -10.00, a return transaction
 *   day   5  invoice  99: outside the window (21..200) */
static const struct rcx_row by_hand[] = {
    {1, 5 * RCX_DAY_SECONDS, 7, 10000, 99, 2, 0, 0},
    {1, 50 * RCX_DAY_SECONDS, 10, 10000, 100, 2, 0, 0},
    {1, 50 * RCX_DAY_SECONDS, 2, 50000, 100, 3, 0, 0},
    {1, 110 * RCX_DAY_SECONDS, 4, 25000, 101, 2, 0, 0},
    {1, 110 * RCX_DAY_SECONDS, 1, 30000, 101, 1, 0, 0},
    {1, 110 * RCX_DAY_SECONDS + 60, 6, 5000, 102, 4, 0, 0},
    {1, 185 * RCX_DAY_SECONDS, 3, 80000, 103, 2, 0, 0},
    {1, 190 * RCX_DAY_SECONDS, -2, 50000, 10, 3, 0, 0},
};

/* purchases 20, 13, 3, 24: mean 15, squared deviations 25 + 4 + 144 + 81; items 12, 5, 6, 3: mean
 * 6.5, squared deviations 30.25 + 2.25 + .25 + 12.25; gaps 60, 0, 75: mean 45, deviations 225, 2025,
 * 900; buckets from day 21: 20.00 (1 purchase), 0, 0, 16.00 (2) [111 is the next], 0, 14.00 (1):
 * day 110 is in 81..110, the third. */
struct expectation {
    enum rcx_feature feature;
    double value;
};

static void test_every_feature_by_hand(void **state)
{
    (void)state;
    rcx_day day = 200;
    const struct rcx_snapshots snapshots = {1, &day};
    double gap_std = sqrt((225.0 + 2025.0 + 900.0) / 2);
    /* x = 0..5, y = 20, 0, 16, 0, 0, 14: sum xy = 102, sum y = 50; (6 * 102 - 15 * 50) / 105 */
    double slope = (6.0 * 102 - 15.0 * 50) / 105;
    /* 1, 0, 2, 0, 0, 1: sum xy = 9, sum y = 4 */
    double txn_slope = (6.0 * 9 - 15.0 * 4) / 105;
    const struct expectation expected[] = {
        {RCX_FEATURE_RECENCY, 15},
        {RCX_FEATURE_FREQUENCY, 4},
        {RCX_FEATURE_MONETARY_AVG, 15},
        {RCX_FEATURE_MONETARY_TOTAL, 50},
        {RCX_FEATURE_MONETARY_STD, sqrt(254.0 / 3)},
        {RCX_FEATURE_SINCE_FIRST, 150},
        {RCX_FEATURE_LIFETIME, 135},
        {RCX_FEATURE_TXN_0, 1},
        {RCX_FEATURE_REVENUE_0, 14},
        {RCX_FEATURE_TXN_1, 1},
        {RCX_FEATURE_REVENUE_1, 14},
        {RCX_FEATURE_TXN_2, 1},
        {RCX_FEATURE_REVENUE_2, 14},
        {RCX_FEATURE_TXN_3, 4},
        {RCX_FEATURE_REVENUE_3, 50},
        {RCX_FEATURE_GAP_MEAN, 45},
        {RCX_FEATURE_GAP_STD, gap_std},
        {RCX_FEATURE_GAP_MEDIAN, 60},
        {RCX_FEATURE_GAP_CV, gap_std / 45},
        {RCX_FEATURE_PER_MONTH, 30.0 * 4 / 135},
        {RCX_FEATURE_PRODUCTS, 3},
        {RCX_FEATURE_BASKET_MEAN, 6.5},
        {RCX_FEATURE_BASKET_STD, sqrt(45.0 / 3)},
        {RCX_FEATURE_RETURN_RATE, 0.2},
        {RCX_FEATURE_DIVERSITY, 1 - (9.0 + 1 + 1) / 25}, /* S2 three rows, S3, S4; POST left out */
        {RCX_FEATURE_ENGAGEMENT, 60.0 / 16},
        {RCX_FEATURE_ENGAGEMENT_NORM, NAN}, /* needs the whole snapshot: feature_table.c */
        {RCX_FEATURE_CONSISTENCY, 1 / (1 + gap_std / 45)},
        {RCX_FEATURE_ACTIVITY, 1.0 / 5},
        {RCX_FEATURE_REVENUE_SLOPE, slope},
        {RCX_FEATURE_TXN_SLOPE, txn_slope},
        {RCX_FEATURE_REVENUE_DIRECTION, -1},
        {RCX_FEATURE_TXN_DIRECTION, -1},
    };
    assert_int_equal(sizeof expected / sizeof expected[0], RCX_FEATURE_COUNT);
    struct fixture f;
    struct rcx_test_batch made;
    struct rcx_feature_row row;
    const uint8_t rule[8] = {0};
    prepare(&f, NULL, (struct rcx_data_range){0, 400}, &snapshots);
    rcx_test_batch_make(by_hand, 8, &made);
    assert_int_equal(rcx_visit_reserve(&f.visit, &f.plan, &made.batch, NULL), RCX_OK);
    assert_int_equal(
        rcx_visit_customer(&f.visit, &f.plan, &made.batch, rule, 0, made.batch.receipts, &row), 1);
    for (size_t i = 0; i < RCX_FEATURE_COUNT; i++) {
        assert_int_equal(expected[i].feature, i);
        const struct rcx_feature_info *info = rcx_feature_info(expected[i].feature);
        double found = info->type == RCX_FEATURE_INT ? (double)row.slots[i].whole
                                                     : row.slots[i].real;
        if (isnan(expected[i].value) ? !isnan(found)
                                     : fabs(found - expected[i].value) > 1e-14 * fabs(found))
            fail_msg("%s: %.17g instead of %.17g", info->name, found, expected[i].value);
    }
    assert_true(row.labels.eligible);
    assert_int_equal(row.labels.churn, 1);
    assert_true(row.labels.clv == 0);
    assert_int_equal(f.visit.rescanned_customers, 0);
    rcx_test_batch_release(&made);
    finish(&f);
}

static void test_single_purchase_leaves_gaps_undefined(void **state)
{
    (void)state;
    rcx_day day = 20;
    const struct rcx_snapshots snapshots = {1, &day};
    const struct rcx_row rows[] = {{1, 10 * RCX_DAY_SECONDS, 2, 10000, 100, 1, 0, 0},
                                   {1, 10 * RCX_DAY_SECONDS, 1, 10000, 100, 1, 1, 0}};
    const enum rcx_feature undefined[] = {RCX_FEATURE_GAP_MEAN,   RCX_FEATURE_GAP_STD,
                                          RCX_FEATURE_GAP_MEDIAN, RCX_FEATURE_GAP_CV,
                                          RCX_FEATURE_DIVERSITY,  RCX_FEATURE_CONSISTENCY,
                                          RCX_FEATURE_TXN_SLOPE,  RCX_FEATURE_REVENUE_SLOPE};
    struct fixture f;
    struct rcx_test_batch made;
    struct rcx_feature_row row;
    const uint8_t rule[2] = {0};
    prepare(&f, NULL, (struct rcx_data_range){0, 400}, &snapshots);
    rcx_test_batch_make(rows, 2, &made);
    assert_int_equal(rcx_visit_reserve(&f.visit, &f.plan, &made.batch, NULL), RCX_OK);
    assert_int_equal(rcx_visit_customer(&f.visit, &f.plan, &made.batch, rule, 0, 1, &row), 1);
    for (size_t i = 0; i < sizeof undefined / sizeof undefined[0]; i++)
        assert_true(isnan(row.slots[undefined[i]].real));
    assert_int_equal(row.slots[RCX_FEATURE_PRODUCTS].whole, 0); /* only postage */
    assert_true(row.slots[RCX_FEATURE_MONETARY_STD].real == 0);
    assert_int_equal(row.slots[RCX_FEATURE_REVENUE_DIRECTION].whole, 0);
    assert_false(row.labels.eligible);
    rcx_test_batch_release(&made);
    finish(&f);
}

static void test_names_are_unique(void **state)
{
    (void)state;
    struct rcx_settings *settings = rcx_test_settings();
    const struct rcx_cfg_features *cfg = &rcx_settings_config(settings)->features;
    char names[RCX_FEATURE_COUNT][RCX_FEATURE_NAME_BYTES];
    assert_int_equal(RCX_FEATURE_COUNT, 33);
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++) {
        (void)rcx_feature_name(f, cfg, names[f]);
        for (enum rcx_feature g = 0; g < f; g++)
            assert_string_not_equal(names[f], names[g]);
    }
    assert_string_equal(names[RCX_FEATURE_REVENUE_3], "revenue_very_long_180d");
    rcx_settings_release(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sliding_is_rescanning),
        cmocka_unit_test(test_sliding_is_rescanning_with_other_windows),
        cmocka_unit_test(test_invoices_of_several_days_are_recognised),
        cmocka_unit_test(test_every_feature_by_hand),
        cmocka_unit_test(test_single_purchase_leaves_gaps_undefined),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
