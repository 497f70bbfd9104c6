/* The value task on made-up tables: what is learned, what is refused, models that are kept. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/memory.h"
#include "config/settings.h"
#include "ml/tasks/clv/clv_task.h"

enum { CUSTOMERS = 240, SNAPSHOTS = 9, FIRST_DAY = 15000, WINDOW = 180, HORIZON = 60 };

enum truth { LEARNABLE, ALL_ZERO, INCOMPLETE };

struct world {
    struct rcx_settings *settings;
    struct rcx_config config;
    struct rcx_clv_data data;
    struct rcx_table features, behaviour; /* of the last snapshot */
};

static struct rcx_column *add(struct rcx_table *table, const char *name, enum rcx_type type)
{
    struct rcx_column *column = rcx_table_add(table, name, type);
    assert_non_null(column);
    return column;
}

static rcx_day day_of(size_t snapshot)
{
    return FIRST_DAY + 60 + 30 * (rcx_day)snapshot;
}

static size_t complete_snapshots(enum truth truth)
{
    return truth == INCOMPLETE ? 0 : SNAPSHOTS - 2;
}

/* Revenue of the window says what comes; every fifth brings nothing, every fiftieth sends back. */
static void put_features(struct rcx_table *t, size_t snapshot, enum truth truth, size_t customers)
{
    static const char *const reals[] = {"rfm_monetary_avg", "rfm_monetary_total", "return_rate",
                                        "engagement_score_normalized"};
    static const char *const later[] = {"churn", "value_30d", "clv"};
    struct check_random random = {7 + snapshot};
    t->rows = customers;
    (void)add(t, "customer_id", RCX_TYPE_INT64);
    (void)add(t, "snapshot_date", RCX_TYPE_DATE);
    (void)add(t, "rfm_recency_days", RCX_TYPE_INT32);
    for (size_t k = 0; k < 4; k++)
        (void)add(t, reals[k], RCX_TYPE_REAL);
    (void)add(t, "observation_start_date", RCX_TYPE_DATE);
    (void)add(t, "observation_window_days", RCX_TYPE_INT32);
    (void)add(t, "churn_eligible", RCX_TYPE_BOOL);
    for (size_t k = 0; k < 3; k++)
        (void)add(t, later[k], RCX_TYPE_REAL);
    struct rcx_column *columns = t->columns;
    for (size_t i = 0; i < customers; i++) {
        double revenue = 20 + 400 * check_unit(&random) * check_unit(&random);
        double came = i % 5 == 0 ? 0 : i % 50 == 1 ? -30 : revenue * (.5 + check_unit(&random));
        if (truth == ALL_ZERO)
            came = 0;
        columns[0].i64[i] = 100 + 2 * (int64_t)i;
        columns[1].i32[i] = columns[7].i32[i] = day_of(snapshot);
        columns[2].i32[i] = (int32_t)check_below(&random, 150);
        columns[3].reals[i] = revenue / 3;
        columns[4].reals[i] = i % 60 == 7 ? -5 : revenue; /* returns only */
        columns[5].reals[i] = check_unit(&random);
        columns[6].reals[i] = check_unit(&random);
        columns[8].i32[i] = WINDOW;
        columns[9].booleans[i] = true;
        bool known = snapshot < complete_snapshots(truth);
        columns[10].reals[i] = known ? came <= 0 : (double)NAN;
        columns[11].reals[i] = known || snapshot + 1 < SNAPSHOTS ? came / 2 : (double)NAN;
        columns[12].reals[i] = known ? came : (double)NAN;
        if (truth == INCOMPLETE)
            columns[11].reals[i] = snapshot < 4 ? came / 2 : (double)NAN;
    }
}

/* Two more customers than the features have, at the end. */
static void put_behaviour(struct rcx_table *t, size_t snapshot, const struct rcx_table *features)
{
    static const char *const reals[] = {"frequency",
                                        "recency",
                                        "T",
                                        "p_no_purchase_90d",
                                        "expected_purchases_30d",
                                        "expected_purchases_90d",
                                        "expected_purchases_180d",
                                        "expected_order_value",
                                        "expected_value_60d",
                                        "discounted_value_60d"};
    size_t known = features->rows;
    t->rows = known + 2;
    (void)add(t, "customer_id", RCX_TYPE_INT64);
    (void)add(t, "snapshot_date", RCX_TYPE_DATE);
    for (size_t k = 0; k < 10; k++)
        (void)add(t, reals[k], RCX_TYPE_REAL);
    struct rcx_column *columns = t->columns;
    for (size_t i = 0; i < t->rows; i++) {
        double average = i < known ? features->columns[3].reals[i] : 50;
        columns[0].i64[i] = 100 + 2 * (int64_t)i;
        columns[1].i32[i] = day_of(snapshot);
        columns[2].reals[i] = (double)(i % 9);
        columns[4].reals[i] = 80;
        columns[3].reals[i] = 80 - (i == known + 1 ? 60 : 3);
        columns[5].reals[i] = .4;
        for (int k = 0; k < 3; k++)
            columns[6 + k].reals[i] = (k == 0 ? 1 : k == 1 ? 2.5 : 4);
        columns[9].reals[i] = average;
        columns[10].reals[i] = 2 * average;
        columns[11].reals[i] = 1.9 * average;
    }
}

static void open_world(struct world *world, enum truth truth, size_t customers)
{
    struct rcx_config_sources sources = {0};
    assert_int_equal(rcx_settings_load(&sources, &world->settings, NULL), RCX_OK);
    world->config = *rcx_settings_config(world->settings);
    world->config.clv.horizon_days = HORIZON;
    world->config.clv.origin_rows = 50;
    world->config.clv.evaluation_rows = 100;
    world->config.clv.resamples = 50;
    world->config.clv.trees = world->config.clv.plain_trees = 20;
    rcx_clv_data_init(&world->data, &world->config.clv, &world->config.models, &world->config.churn,
                      FIRST_DAY);
    for (size_t s = 0; s < SNAPSHOTS; s++) {
        struct rcx_table features = {0}, behaviour = {0};
        struct rcx_error err = {0};
        put_features(&features, s, truth, customers);
        put_behaviour(&behaviour, s, &features);
        if (rcx_clv_data_add(&world->data, &features, &behaviour, true, &err) != RCX_OK)
            fail_msg("%s", err.text);
        if (s + 1 == SNAPSHOTS) {
            world->features = features;
            world->behaviour = behaviour;
        } else {
            rcx_table_release(&features);
            rcx_table_release(&behaviour);
        }
    }
}

static void close_world(struct world *world)
{
    rcx_clv_data_release(&world->data);
    rcx_table_release(&world->features);
    rcx_table_release(&world->behaviour);
    rcx_settings_release(world->settings);
    *world = (struct world){0};
}

static enum rcx_status run(struct world *world, unsigned threads, struct rcx_clv_result *out,
                           struct rcx_error *err)
{
    const struct rcx_clv_task task = {.data = &world->data,
                                      .features = &world->features,
                                      .behaviour = &world->behaviour,
                                      .day = day_of(SNAPSHOTS - 1),
                                      .observation_days = WINDOW,
                                      .seed = 1,
                                      .parallel = {threads}};
    return rcx_clv_run(&task, out, err);
}

static struct rcx_digest digest_of(const struct rcx_clv_result *result)
{
    struct rcx_hasher *hasher = rcx_hasher_open();
    const struct rcx_table *tables[] = {&result->targets,    &result->predictions, &result->deciles,
                                        &result->importance, &result->backtest,    &result->judged,
                                        &result->holdout};
    for (size_t t = 0; t < 7; t++) {
        struct rcx_digest digest = rcx_table_digest(tables[t]);
        rcx_hasher_update(hasher, &digest, sizeof digest);
    }
    rcx_hasher_update(hasher, result->metrics.data, result->metrics.length);
    for (int t = 0; t < RCX_CLV_TEXTS; t++)
        rcx_hasher_update(hasher, result->texts[t].data, result->texts[t].length);
    struct rcx_digest digest = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    return digest;
}

static void the_task_learns_and_threads_do_not_matter(void **state)
{
    struct rcx_digest digests[2];
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct world world = {0};
        struct rcx_clv_result result = {0};
        struct rcx_error err = {0};
        open_world(&world, LEARNABLE, CUSTOMERS);
        if (run(&world, k ? 3 : 1, &result, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_true(result.test_r2 > .3);
        assert_true(result.mean_relative < 1);
        assert_int_equal(result.test_day, day_of(SNAPSHOTS - 3));
        assert_int_equal(result.predictions.rows, CUSTOMERS + 2);
        const struct rcx_column *status = rcx_table_find(&result.predictions, "status");
        assert_int_equal(status->codes[0], 0);
        assert_int_equal(status->codes[CUSTOMERS], 2);
        assert_int_equal(status->codes[CUSTOMERS + 1], 1);
        const struct rcx_column *at = rcx_table_find(&result.predictions, "value");
        const struct rcx_column *q10 = rcx_table_find(&result.predictions, "value_q10");
        const struct rcx_column *active = rcx_table_find(&result.predictions, "value_if_active");
        const struct rcx_column *lapsed = rcx_table_find(&result.predictions, "value_if_lapsed");
        const struct rcx_column *low = rcx_table_find(&result.predictions, "interval_low");
        const struct rcx_column *high = rcx_table_find(&result.predictions, "interval_high");
        assert_true(at->reals[CUSTOMERS] == 100); /* two orders of 50 */
        assert_true(isnan(low->reals[CUSTOMERS]));
        for (size_t i = 0; i < CUSTOMERS; i++) {
            assert_true(q10[0].reals[i] <= q10[1].reals[i] && q10[1].reals[i] <= q10[2].reals[i]);
            assert_true(low->reals[i] <= q10[1].reals[i] && q10[1].reals[i] <= high->reals[i]);
            assert_true(lapsed->reals[i] <= active->reals[i]);
        }
        digests[k] = digest_of(&result);
        rcx_clv_result_release(&result);
        close_world(&world);
    }
    assert_int_equal(rcx_digest_compare(digests[0], digests[1]), 0);
}

/* The sum of the calibrated values is the behaviour model's times the median ratio. */
static void calibrated_values_sum_to_the_behaviour_level(void **state)
{
    struct world world = {0};
    struct rcx_clv_result result = {0};
    double ratio = 0, known_then = 0, sum = 0, expected = 0, none = 0;
    (void)state;
    open_world(&world, LEARNABLE, CUSTOMERS);
    size_t asked = world.data.asked;
    assert_int_equal(rcx_clv_total_ratio(&world.data, asked, INT32_MAX, &ratio, NULL), RCX_OK);
    assert_int_equal(rcx_clv_total_ratio(&world.data, asked, day_of(3), &known_then, NULL), RCX_OK);
    assert_int_equal(rcx_clv_total_ratio(&world.data, asked, day_of(1), &none, NULL), RCX_OK);
    assert_true(isnan(none)); /* the first with 90 days of data is complete at the third */
    double target = 0, level = 0;
    for (size_t i = 0; i < CUSTOMERS; i++) {
        size_t row = world.data.snapshots[1].first + i;
        target += world.data.target[asked][row];
        level += 2 * world.data.order_value[row];
    }
    assert_true(fabs(known_then / (target / level) - 1) < 1e-12);
    assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        sum += rcx_table_find(&result.predictions, "value_calibrated")->reals[i];
        expected += rcx_table_find(&result.predictions, "expected_value")->reals[i];
    }
    assert_true(fabs(sum / (expected * ratio) - 1) < 1e-9);
    rcx_clv_result_release(&result);
    close_world(&world);
}

static void negative_targets_are_counted(void **state)
{
    struct world world = {0};
    struct rcx_clv_result result = {0};
    (void)state;
    open_world(&world, LEARNABLE, CUSTOMERS);
    assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
    const struct rcx_table *table = &result.backtest;
    size_t test = table->rows - 2 * RCX_CLV_JUDGED;
    assert_int_equal(rcx_table_find(table, "negative")->i64[test], CUSTOMERS / 50 + 1);
    assert_int_equal(rcx_table_find(table, "zero")->i64[test], CUSTOMERS / 5);
    assert_true(rcx_table_find(&result.judged, "target")->reals[1] == -30);
    assert_true(rcx_table_find(&result.judged, "window_revenue")->reals[7] == 0);
    rcx_clv_result_release(&result);
    close_world(&world);
}

static void too_little_is_an_error_that_helps(void **state)
{
    struct world world = {0};
    struct rcx_clv_result result = {0};
    struct rcx_error err = {0};
    (void)state;
    open_world(&world, ALL_ZERO, CUSTOMERS);
    assert_int_equal(run(&world, 1, &result, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "brought no revenue"));
    close_world(&world);
    open_world(&world, INCOMPLETE, CUSTOMERS);
    assert_int_equal(run(&world, 1, &result, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "clv.horizon_days of 30 or less"));
    close_world(&world);
}

static void a_single_customer_gets_a_value(void **state)
{
    struct world world = {0};
    struct rcx_clv_result result = {0};
    struct rcx_error err = {0};
    (void)state;
    open_world(&world, LEARNABLE, 3); /* the first brings nothing, the second sends back */
    if (run(&world, 2, &result, &err) != RCX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(result.predictions.rows, 5);
    for (size_t i = 0; i < 3; i++)
        assert_true(isfinite(rcx_table_find(&result.predictions, "value")->reals[i]));
    rcx_clv_result_release(&result);
    close_world(&world);
}

static enum rcx_status parse(const struct rcx_buf texts[RCX_CLV_TEXTS], size_t length,
                             struct rcx_clv_model *out, struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    enum rcx_status status = rcx_json_parse("document", texts[RCX_CLV_TEXT_DOCUMENT].data, length,
                                            &document, err);
    if (status == RCX_OK)
        status = rcx_clv_model_parse("document", rcx_json_root(document), texts, out, err);
    rcx_json_close(document);
    return status;
}

/* Damaged documents are refused or usable, never a crash. */
static void damage(struct rcx_clv_result *result)
{
    struct check_random random = {4};
    struct rcx_buf *document = &result->texts[RCX_CLV_TEXT_DOCUMENT];
    struct rcx_clv_model model = {0};
    for (size_t trial = 0; trial < 400; trial++) {
        size_t at = check_below(&random, document->length);
        uint8_t bit = (uint8_t)(1u << check_below(&random, 8));
        ((uint8_t *)document->data)[at] ^= bit;
        if (parse(result->texts, document->length, &model, NULL) == RCX_OK)
            rcx_clv_model_release(&model);
        ((uint8_t *)document->data)[at] ^= bit;
    }
    for (size_t length = 0; length < document->length; length += 37)
        assert_int_not_equal(parse(result->texts, length, &model, NULL), RCX_OK);
    struct rcx_error err = {0};
    ((uint8_t *)result->texts[RCX_CLV_TEXT_Q50].data)[9] ^= 1;
    assert_int_equal(parse(result->texts, document->length, &model, &err), RCX_E_CORRUPT);
    assert_non_null(strstr(err.text, "clv_q50.model.txt"));
    ((uint8_t *)result->texts[RCX_CLV_TEXT_Q50].data)[9] ^= 1;
}

static void kept_models_are_the_same(void **state)
{
    (void)state;
    for (int c = 0; c < RCX_CLV_CANDIDATES; c++) {
        struct world world = {0};
        struct rcx_clv_result result = {0};
        struct rcx_clv_model model = {0};
        struct rcx_buf again[RCX_CLV_TEXTS] = {{0}};
        struct rcx_table table = {0};
        struct rcx_clv_scores scores;
        struct rcx_error err = {0};
        open_world(&world, LEARNABLE, CUSTOMERS);
        world.config.clv.model = (enum rcx_clv_choice)(RCX_CLV_MODEL_MEAN + c);
        if (run(&world, 2, &result, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(result.chosen, c);
        if (parse(result.texts, result.texts[RCX_CLV_TEXT_DOCUMENT].length, &model, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(rcx_clv_model_format(&model, again, NULL), RCX_OK);
        for (int t = 0; t < RCX_CLV_TEXTS; t++) {
            assert_int_equal(again[t].length, result.texts[t].length);
            if (again[t].length > 0)
                assert_memory_equal(again[t].data, result.texts[t].data, again[t].length);
            rcx_buf_release(&again[t]);
        }
        const struct rcx_clv_score_job job = {.model = &model,
                                              .features = &world.features,
                                              .behaviour = &world.behaviour,
                                              .day = day_of(SNAPSHOTS - 1),
                                              .first_data_day = FIRST_DAY,
                                              .observation_days = WINDOW,
                                              .annual_discount_rate = .1,
                                              .parallel = {1}};
        assert_int_equal(rcx_clv_score(&job, &table, &scores, NULL), RCX_OK);
        assert_int_equal(
            rcx_digest_compare(rcx_table_digest(&table), rcx_table_digest(&result.predictions)), 0);
        if (c == RCX_CLV_TWEEDIE_OFFSET)
            damage(&result);
        rcx_table_release(&table);
        rcx_clv_model_release(&model);
        rcx_clv_result_release(&result);
        close_world(&world);
    }
}

static void joins_that_lose_rows_are_internal_errors(void **state)
{
    struct world world = {0};
    struct rcx_error err = {0};
    (void)state;
    open_world(&world, LEARNABLE, CUSTOMERS);
    size_t rows = world.data.rows;
    world.behaviour.columns[0].i64[5]++;
    assert_int_equal(rcx_clv_data_add(&world.data, &world.features, &world.behaviour, true, &err),
                     RCX_E_INTERNAL);
    assert_int_equal(world.data.rows, rows);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_task_learns_and_threads_do_not_matter),
        cmocka_unit_test(calibrated_values_sum_to_the_behaviour_level),
        cmocka_unit_test(negative_targets_are_counted),
        cmocka_unit_test(too_little_is_an_error_that_helps),
        cmocka_unit_test(a_single_customer_gets_a_value),
        cmocka_unit_test(kept_models_are_the_same),
        cmocka_unit_test(joins_that_lose_rows_are_internal_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
