/* The churn task on made-up tables: joins that lose rows, labels without meaning, models that are kept. */
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/memory.h"
#include "config/settings.h"
#include "ml/tasks/churn/churn_task.h"

enum { CUSTOMERS = 240, SNAPSHOTS = 9, FIRST_DAY = 15000, WINDOW = 180 };

enum truth { LEARNABLE, SHUFFLED, ALL_STAY, MISLED /* the behaviour model knows nothing */ };

struct world {
    struct rcx_settings *settings;
    struct rcx_config config;
    struct rcx_churn_data data;
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

static void put_features(struct rcx_table *t, size_t snapshot, enum truth truth, uint64_t seed)
{
    static const char *const ints[] = {"rfm_recency_days", "rfm_frequency_count"};
    static const char *const reals[] = {"rfm_monetary_avg", "rfm_monetary_total",
                                        "revenue_very_long_180d", "return_rate",
                                        "engagement_score_normalized"};
    static const char *const later[] = {"clv",       "churn_60d", "churn_90d", "churn_120d",
                                        "value_30d", "value_60d", "value_90d"};
    struct check_random random = {seed + snapshot};
    t->rows = CUSTOMERS;
    (void)add(t, "customer_id", RCX_TYPE_INT64);
    (void)add(t, "snapshot_date", RCX_TYPE_DATE);
    for (size_t k = 0; k < 2; k++)
        (void)add(t, ints[k], RCX_TYPE_INT32);
    for (size_t k = 0; k < 5; k++)
        (void)add(t, reals[k], RCX_TYPE_REAL);
    (void)add(t, "observation_start_date", RCX_TYPE_DATE);
    (void)add(t, "observation_window_days", RCX_TYPE_INT32);
    (void)add(t, "churn_eligible", RCX_TYPE_BOOL);
    (void)add(t, "churn", RCX_TYPE_INT32);
    for (size_t k = 0; k < 7; k++)
        (void)add(t, later[k], RCX_TYPE_REAL);
    struct rcx_column *columns = t->columns;
    for (size_t i = 0; i < CUSTOMERS; i++) {
        int32_t recency = (int32_t)check_below(&random, 150);
        int churned = check_unit(&random) < .1 + .8 * recency / 150.0;
        if (truth == SHUFFLED)
            churned = check_below(&random, 2) == 0;
        if (truth == ALL_STAY)
            churned = 0;
        columns[0].i64[i] = 100 + 2 * (int64_t)i;
        columns[1].i32[i] = columns[9].i32[i] = day_of(snapshot);
        columns[2].i32[i] = recency;
        columns[3].i32[i] = 1 + (int32_t)check_below(&random, 9);
        for (size_t k = 4; k < 9; k++)
            columns[k].reals[i] = 50 * check_unit(&random);
        columns[10].i32[i] = WINDOW;
        columns[11].booleans[i] = i % 7 != 0;
        columns[12].i32[i] = churned;
        for (size_t k = 13; k < 20; k++)
            columns[k].reals[i] = k < 14 || k > 16 ? (churned ? 3 : 90) : churned;
        if (snapshot + 3 >= SNAPSHOTS)
            assert_true(rcx_column_set_null(&columns[12], i));
    }
}

/* One more customer than the features have, at the end. */
static void put_behaviour(struct rcx_table *t, size_t snapshot, enum truth truth,
                          const struct rcx_table *features)
{
    static const char *const reals[] = {"frequency", "recency", "T", "p_no_purchase_90d",
                                        "expected_purchases_90d"};
    t->rows = CUSTOMERS + 2;
    (void)add(t, "customer_id", RCX_TYPE_INT64);
    (void)add(t, "snapshot_date", RCX_TYPE_DATE);
    for (size_t k = 0; k < 5; k++)
        (void)add(t, reals[k], RCX_TYPE_REAL);
    struct rcx_column *columns = t->columns;
    for (size_t i = 0; i < t->rows; i++) {
        bool known = i < CUSTOMERS;
        double silent = known ? features->columns[2].i32[i] : i == CUSTOMERS ? 20 : 400;
        columns[0].i64[i] = 100 + 2 * (int64_t)i;
        columns[1].i32[i] = day_of(snapshot);
        columns[2].reals[i] = known ? features->columns[3].i32[i] - 1 : 0;
        columns[4].reals[i] = 80;
        columns[3].reals[i] = 80 - silent / 7;
        columns[5].reals[i] = truth == MISLED ? .5 : .2 + .6 * fmin(silent, 150) / 150;
        columns[6].reals[i] = 1 - columns[5].reals[i];
    }
}

static void open_world(struct world *world, enum truth truth, uint64_t seed)
{
    struct rcx_config_sources sources = {0};
    assert_int_equal(rcx_settings_load(&sources, &world->settings, NULL), RCX_OK);
    world->config = *rcx_settings_config(world->settings);
    world->config.churn.origin_rows = 50;
    world->config.churn.choice_rows = 100;
    world->config.churn.resamples = 200;
    world->config.churn.trees = 20;
    rcx_churn_data_init(&world->data, &world->config.churn, &world->config.models, FIRST_DAY, 90);
    for (size_t s = 0; s < SNAPSHOTS; s++) {
        struct rcx_table features = {0}, behaviour = {0};
        put_features(&features, s, truth, seed);
        put_behaviour(&behaviour, s, truth, &features);
        assert_int_equal(rcx_churn_data_add(&world->data, &features, &behaviour, true, NULL),
                         RCX_OK);
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
    rcx_churn_data_release(&world->data);
    rcx_table_release(&world->features);
    rcx_table_release(&world->behaviour);
    rcx_settings_release(world->settings);
    *world = (struct world){0};
}

static enum rcx_status run(struct world *world, unsigned threads, struct rcx_churn_result *out,
                           struct rcx_error *err)
{
    const struct rcx_churn_task task = {.data = &world->data,
                                        .economics = {10, .3, .1, .3, .3},
                                        .features = &world->features,
                                        .behaviour = &world->behaviour,
                                        .day = day_of(SNAPSHOTS - 1),
                                        .observation_days = WINDOW,
                                        .seed = 1,
                                        .parallel = {threads}};
    return rcx_churn_run(&task, out, err);
}

static void inputs_leave_out_what_repeats(void **state)
{
    struct world world = {0};
    (void)state;
    open_world(&world, LEARNABLE, 78);
    const struct rcx_churn_inputs *inputs = &world.data.inputs;
    assert_int_equal(inputs->count, 5 + 1 + RCX_CHURN_BEHAVIOUR_INPUTS);
    for (size_t i = 0; i < inputs->count; i++) {
        assert_string_not_equal(inputs->names[i], "revenue_very_long_180d");
        assert_string_not_equal(inputs->names[i], "engagement_score_normalized");
    }
    assert_int_equal(world.data.snapshots[1].covered_days, 91);
    assert_int_equal(world.data.snapshots[8].covered_days, WINDOW);
    assert_int_equal(world.data.rows, (SNAPSHOTS - 3) * (CUSTOMERS - (CUSTOMERS + 6) / 7));
    close_world(&world);
}

static void the_task_learns_and_threads_do_not_matter(void **state)
{
    struct rcx_digest digests[2];
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct world world = {0};
        struct rcx_churn_result result = {0};
        struct rcx_error err = {0};
        open_world(&world, LEARNABLE, 78);
        if (run(&world, k ? 3 : 1, &result, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_true(result.test_auc > .65);
        assert_int_equal(result.predictions.rows, CUSTOMERS + 2);
        const struct rcx_column *status = rcx_table_find(&result.predictions, "status");
        assert_int_equal(status->codes[0], RCX_CHURN_NEW);
        assert_int_equal(status->codes[1], RCX_CHURN_SCORED);
        assert_int_equal(status->codes[CUSTOMERS], RCX_CHURN_FEW_ROWS);
        assert_int_equal(status->codes[CUSTOMERS + 1], RCX_CHURN_DORMANT);
        struct rcx_hasher *hasher = rcx_hasher_open();
        const struct rcx_table *tables[] = {
            &result.labels, &result.statistics, &result.backtest,   &result.threshold,
            &result.judged, &result.importance, &result.predictions};
        for (size_t t = 0; t < 7; t++) {
            struct rcx_digest digest = rcx_table_digest(tables[t]);
            rcx_hasher_update(hasher, &digest, sizeof digest);
        }
        rcx_hasher_update(hasher, result.metrics.data, result.metrics.length);
        rcx_hasher_update(hasher, result.trees.data, result.trees.length);
        rcx_hasher_update(hasher, result.document.data, result.document.length);
        digests[k] = rcx_hasher_digest(hasher);
        rcx_hasher_close(hasher);
        rcx_churn_result_release(&result);
        close_world(&world);
    }
    assert_int_equal(rcx_digest_compare(digests[0], digests[1]), 0);
}

/* Labels without meaning: the AUC is 0.5 within its interval, and on the mean over several worlds. */
static void shuffled_labels_teach_nothing(void **state)
{
    enum { WORLDS = 12 };
    double sum = 0;
    unsigned inside = 0;
    (void)state;
    for (uint64_t w = 0; w < WORLDS; w++) {
        struct world world = {0};
        struct rcx_churn_result result = {0};
        struct rcx_json_document *document = NULL;
        double low = 9, high = -9;
        open_world(&world, SHUFFLED, 1000 * w + 5);
        assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
        assert_int_equal(
            rcx_json_parse("metrics", result.metrics.data, result.metrics.length, &document, NULL),
            RCX_OK);
        const struct rcx_json_value *models = rcx_json_member(
            rcx_json_member(rcx_json_root(document), "test"), "models");
        const struct rcx_json_value *auc = rcx_json_member(rcx_json_member(models, "delivered"),
                                                           "auc");
        assert_true(rcx_json_as_real(rcx_json_member(auc, "low"), &low));
        assert_true(rcx_json_as_real(rcx_json_member(auc, "high"), &high));
        inside += low <= .5 && .5 <= high;
        sum += result.test_auc;
        rcx_json_close(document);
        rcx_churn_result_release(&result);
        close_world(&world);
    }
    assert_true(fabs(sum / WORLDS - .5) < .04); /* three standard errors */
    assert_true(inside >= WORLDS - 3);
}

/* Weights of the blend in models/churn.json. */
static void blend_weights(const struct rcx_churn_result *result, double *trees, double *regression)
{
    struct rcx_json_document *document = NULL;
    assert_int_equal(
        rcx_json_parse("document", result->document.data, result->document.length, &document, NULL),
        RCX_OK);
    const struct rcx_json_value *root = rcx_json_root(document);
    assert_true(rcx_json_as_real(rcx_json_member(root, "blend"), trees));
    assert_true(rcx_json_as_real(rcx_json_member(root, "blend_of_regression"), regression));
    rcx_json_close(document);
}

/* Much where the behaviour model knows nothing, nothing where there is nothing to learn. */
static void the_blend_trusts_what_left_out_customers_confirm(void **state)
{
    static const enum truth truths[] = {MISLED, SHUFFLED};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct world world = {0};
        struct rcx_churn_result result = {0};
        double trees = -1, regression = -1;
        open_world(&world, truths[k], 91);
        world.config.churn.model = RCX_CHURN_MODEL_BLEND;
        assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
        blend_weights(&result, &trees, &regression);
        if (truths[k] == MISLED)
            assert_true(trees + regression > .5 && result.test_auc > .65);
        else
            assert_true(trees + regression < 1);
        rcx_churn_result_release(&result);
        close_world(&world);
        open_world(&world, truths[k], 91);
        world.config.churn.model = RCX_CHURN_MODEL_BLEND;
        world.config.churn.weights = RCX_CHURN_WEIGHTS_FIXED;
        world.config.churn.blend = .25;
        assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
        blend_weights(&result, &trees, &regression);
        assert_true(trees == .25 && regression == 0);
        rcx_churn_result_release(&result);
        close_world(&world);
    }
}

static void too_little_is_an_error_that_helps(void **state)
{
    struct world world = {0};
    struct rcx_churn_result result = {0};
    struct rcx_error err = {0};
    (void)state;
    open_world(&world, ALL_STAY, 78);
    assert_int_equal(run(&world, 1, &result, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "both classes are needed"));
    world.data.snapshot_count = 3; /* none may train for the third */
    assert_int_equal(run(&world, 1, &result, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "no snapshot may train"));
    world.data.rows = 0;
    assert_int_equal(run(&world, 1, &result, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "churn.min_tenure_days"));
    close_world(&world);
}

/* A join that changes the number of rows is our mistake, whoever made it. */
static void joins_that_lose_or_double_rows_are_internal_errors(void **state)
{
    struct world world = {0};
    struct rcx_error err = {0};
    (void)state;
    open_world(&world, LEARNABLE, 78);
    size_t rows = world.data.rows;
    world.behaviour.columns[0].i64[5]++; /* the customer's behaviour row is gone */
    assert_int_equal(rcx_churn_data_add(&world.data, &world.features, &world.behaviour, true, &err),
                     RCX_E_INTERNAL);
    assert_non_null(strstr(err.text, "feature rows, behaviour rows: the join of"));
    world.behaviour.columns[0].i64[5]--;
    world.features.columns[0].i64[8] = world.features.columns[0].i64[7]; /* twice */
    assert_int_equal(rcx_churn_data_add(&world.data, &world.features, &world.behaviour, true, &err),
                     RCX_E_INTERNAL);
    assert_int_equal(world.data.rows, rows);
    close_world(&world);
}

/* Parses damaged documents: refused or usable, never a crash. */
static void damage(const struct rcx_churn_result *result)
{
    struct check_random random = {4};
    size_t length = result->document.length;
    uint8_t *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t trial = 0; trial < 400 + length / 50; trial++) {
        struct rcx_json_document *document = NULL;
        struct rcx_churn_model model = {0};
        size_t kept = trial < 400 ? length : (trial - 400) * 50;
        memcpy(bytes, result->document.data, length);
        if (trial < 400)
            bytes[check_below(&random, length)] ^= (uint8_t)(1 << check_below(&random, 8));
        if (rcx_json_parse("document", bytes, kept, &document, NULL) == RCX_OK &&
            rcx_churn_model_parse("document", rcx_json_root(document), result->trees.data,
                                  result->trees.length, &model, NULL) == RCX_OK)
            rcx_churn_model_release(&model);
        rcx_json_close(document);
    }
    free(bytes);
}

static void kept_models_are_the_same(void **state)
{
    static const enum rcx_churn_choice choices[] = {
        RCX_CHURN_MODEL_BLEND, RCX_CHURN_MODEL_LOGISTIC_BTYD, RCX_CHURN_MODEL_RECENCY,
        RCX_CHURN_MODEL_TREES_PLAIN, RCX_CHURN_MODEL_BEHAVIOUR};
    (void)state;
    for (size_t k = 0; k < sizeof choices / sizeof choices[0]; k++) {
        struct world world = {0};
        struct rcx_churn_result result = {0};
        struct rcx_json_document *document = NULL;
        struct rcx_churn_model model = {0};
        struct rcx_buf trees = {0}, text = {0};
        struct rcx_error err = {0};
        open_world(&world, k == 0 ? MISLED : LEARNABLE, 78);
        world.config.churn.model = choices[k];
        world.config.churn.calibration = k == 0 ? RCX_CHURN_CALIBRATION_ISOTONIC
                                                : RCX_CHURN_CALIBRATION_PLATT;
        if (run(&world, 2, &result, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(rcx_json_parse("document", result.document.data, result.document.length,
                                        &document, NULL),
                         RCX_OK);
        if (rcx_churn_model_parse("document", rcx_json_root(document), result.trees.data,
                                  result.trees.length, &model, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(rcx_churn_model_format(&model, &trees, &text, NULL), RCX_OK);
        assert_int_equal(text.length, result.document.length);
        assert_memory_equal(text.data, result.document.data, text.length);
        const struct rcx_churn_score_job job = {.model = &model,
                                                .cfg = &world.config.churn,
                                                .features = &world.features,
                                                .behaviour = &world.behaviour,
                                                .day = day_of(SNAPSHOTS - 1),
                                                .first_data_day = FIRST_DAY,
                                                .observation_days = WINDOW,
                                                .parallel = {1}};
        struct rcx_table again = {0};
        assert_int_equal(rcx_churn_score(&job, &again, NULL, NULL), RCX_OK);
        struct rcx_digest a = rcx_table_digest(&again), b = rcx_table_digest(&result.predictions);
        assert_int_equal(rcx_digest_compare(a, b), 0);
        if (k < 2)
            damage(&result);
        rcx_table_release(&again);
        rcx_churn_model_release(&model);
        rcx_json_close(document);
        rcx_buf_release(&trees);
        rcx_buf_release(&text);
        rcx_churn_result_release(&result);
        close_world(&world);
    }
}

/* What the table tells of a customer adds up to the distance from one number, the same for all. */
static void check_effects(const struct rcx_table *effects, const struct rcx_table *predictions,
                          size_t least_features, size_t most_features)
{
    double lowest = INFINITY, highest = -INFINITY, before = INFINITY;
    size_t features = effects->rows / CUSTOMERS;
    const double *effect = effects->columns[4].reals, *rank = effects->columns[3].reals;
    assert_in_range(features, least_features, most_features);
    assert_int_equal(effects->rows, features * CUSTOMERS);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        double sum = 0, p = predictions->columns[2].reals[i];
        assert_int_equal(predictions->columns[0].i64[i], effects->columns[1].i64[i]);
        for (size_t f = 0; f < features; f++)
            sum += effect[f * CUSTOMERS + i];
        lowest = fmin(lowest, log(p / (1 - p)) - sum);
        highest = fmax(highest, log(p / (1 - p)) - sum);
    }
    assert_true(highest - lowest < 1e-9);
    for (size_t f = 0; f < features; f++) {
        double mean = 0, ranks = 0;
        for (size_t i = f * CUSTOMERS; i < (f + 1) * CUSTOMERS; i++) {
            mean += fabs(effect[i]);
            ranks += rank[i];
            assert_true(rank[i] >= 0 && rank[i] <= 1);
        }
        assert_true(mean <= before + 1e-9 && fabs(ranks - CUSTOMERS / 2.0) < 1e-6);
        before = mean;
    }
}

static void effects_add_up(void **state)
{
    static const enum rcx_churn_choice choices[] = {
        RCX_CHURN_MODEL_BLEND, RCX_CHURN_MODEL_TREES, RCX_CHURN_MODEL_LOGISTIC_BTYD,
        RCX_CHURN_MODEL_TREES_PLAIN, RCX_CHURN_MODEL_BEHAVIOUR};
    (void)state;
    for (size_t k = 0; k < sizeof choices / sizeof choices[0]; k++) {
        struct world world = {0};
        struct rcx_churn_result result = {0};
        open_world(&world, k == 0 ? MISLED : LEARNABLE, 79);
        world.config.churn.model = choices[k];
        world.config.churn.calibration = RCX_CHURN_CALIBRATION_NONE;
        assert_int_equal(run(&world, 2, &result, NULL), RCX_OK);
        if (choices[k] == RCX_CHURN_MODEL_BEHAVIOUR) /* all it has is the start */
            check_effects(&result.effects, &result.predictions, 1, 1);
        else
            check_effects(&result.effects, &result.predictions, 3, RCX_CHURN_EFFECT_FEATURES);
        rcx_churn_result_release(&result);
        close_world(&world);
    }
}

static void every_input_has_a_story(void **state)
{
    (void)state;
    assert_int_equal(rcx_churn_story_of("rfm_recency_days"), RCX_CHURN_STORY_SILENCE);
    assert_int_equal(rcx_churn_story_of("revenue_trend_slope"), RCX_CHURN_STORY_TREND);
    assert_int_equal(rcx_churn_story_of("revenue_short_30d"), RCX_CHURN_STORY_MONEY);
    assert_int_equal(rcx_churn_story_of("btyd_age"), RCX_CHURN_STORY_TENURE);
    assert_int_equal(rcx_churn_story_of("anything else"), RCX_CHURN_STORY_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_leave_out_what_repeats),
        cmocka_unit_test(the_task_learns_and_threads_do_not_matter),
        cmocka_unit_test(shuffled_labels_teach_nothing),
        cmocka_unit_test(the_blend_trusts_what_left_out_customers_confirm),
        cmocka_unit_test(too_little_is_an_error_that_helps),
        cmocka_unit_test(joins_that_lose_or_double_rows_are_internal_errors),
        cmocka_unit_test(kept_models_are_the_same),
        cmocka_unit_test(effects_add_up),
        cmocka_unit_test(every_input_has_a_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
