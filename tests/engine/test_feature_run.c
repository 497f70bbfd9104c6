/* The stages over a real store: threads, passes, and memory that runs out at any point. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "engine/exec/feature_metadata.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_batch.h"
#include "tests/support/test_rows.h"

enum { ROWS = 6000, SNAPSHOTS = 5, DAYS = 300 };

struct fixture {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_store *store;
    struct rcx_settings *settings;
    rcx_day days[SNAPSHOTS];
};

static int prepare(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rcx_row *rows = calloc(ROWS, sizeof *rows);
    struct check_random random = {4};
    assert_non_null(f);
    assert_non_null(rows);
    rcx_test_dir_make(f->directory);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = rcx_test_random_row(&random, 150);
        rows[i].time = (rcx_time)check_below(&random, DAYS * (uint64_t)RCX_DAY_SECONDS);
        rows[i].invoice = 1 + (uint32_t)(rows[i].time / RCX_DAY_SECONDS);
    }
    rcx_test_ingest(f->directory, rows, ROWS, 2);
    free(rows);
    assert_int_equal(rcx_store_open(f->directory, NULL, &f->store, NULL), RCX_OK);
    f->settings = rcx_test_settings();
    for (size_t s = 0; s < SNAPSHOTS; s++)
        f->days[s] = (rcx_day)(60 + 55 * s);
    *state = f;
    return 0;
}

static int finish(void **state)
{
    struct fixture *f = *state;
    rcx_store_close(f->store);
    rcx_settings_release(f->settings);
    rcx_test_dir_remove(f->directory);
    free(f);
    return 0;
}

struct run_options {
    struct fixture *fixture;
    unsigned threads;
    uint64_t table_bytes;
    enum rcx_definitions definitions;
    /* results */
    struct rcx_digest digests[SNAPSHOTS];
    size_t tables, passes;
    uint64_t rows;
    struct rcx_feature_metadata metadata;
    uint64_t cleaned_rows;
};

static enum rcx_status keep_digest(void *context, size_t snapshot, struct rcx_table *table,
                                   struct rcx_error *err)
{
    struct run_options *options = context;
    const struct rcx_parallel parallel = {options->threads};
    assert_int_equal(snapshot, options->tables++);
    options->digests[snapshot] = rcx_table_digest(table);
    return rcx_feature_metadata_add(&options->metadata, snapshot, table, &parallel, err);
}

static enum rcx_status count_rows(void *context, const struct rcx_table *rows,
                                  struct rcx_error *err)
{
    struct run_options *options = context;
    (void)err;
    options->cleaned_rows += rows->rows;
    return RCX_OK;
}

static enum rcx_status run_clean(struct run_options *options, const struct rcx_clean_plan *clean)
{
    struct rcx_clean_stats stats;
    const struct rcx_clean_run run = {.store = options->fixture->store,
                                      .plan = clean,
                                      .parallel = {options->threads},
                                      .rows = count_rows,
                                      .rows_context = options};
    enum rcx_status status = rcx_clean_run(&run, &stats, NULL);
    if (status != RCX_OK)
        return status;
    assert_int_equal(stats.initial_rows, ROWS);
    assert_int_equal(stats.rules[RCX_RULE_KEPT].rows, options->cleaned_rows);
    rcx_clean_stats_release(&stats);
    return RCX_OK;
}

static enum rcx_status run_features(struct run_options *options, const struct rcx_cfg_features *cfg,
                                    const struct rcx_clean_plan *clean)
{
    struct fixture *f = options->fixture;
    const struct rcx_config *config = rcx_settings_config(f->settings);
    const struct rcx_snapshots snapshots = {SNAPSHOTS, f->days};
    struct rcx_snapshot_counts counts[SNAPSHOTS] = {0};
    struct rcx_feature_run_stats stats = {.snapshots = counts};
    struct rcx_label_plan labels = rcx_label_plan_of(&config->churn, &config->clv,
                                                     rcx_store_range(f->store));
    const struct rcx_feature_run run = {.store = f->store,
                                        .cfg = cfg,
                                        .clean = clean,
                                        .snapshots = &snapshots,
                                        .labels = &labels,
                                        .parallel = {options->threads},
                                        .table_bytes = options->table_bytes,
                                        .sink = keep_digest,
                                        .sink_context = options};
    enum rcx_status status = rcx_feature_metadata_init(&options->metadata, SNAPSHOTS, true, NULL);
    if (status == RCX_OK)
        status = rcx_feature_run(&run, &stats, NULL);
    options->rows = stats.rows;
    options->passes = stats.passes;
    for (size_t s = 0; status == RCX_OK && s < SNAPSHOTS; s++)
        assert_int_equal(counts[s].customers, options->metadata.rows[s]);
    rcx_feature_metadata_release(&options->metadata);
    return status;
}

static enum rcx_status run(struct run_options *options)
{
    struct fixture *f = options->fixture;
    const struct rcx_config *config = rcx_settings_config(f->settings);
    struct rcx_cfg_cleaning cleaning = config->cleaning;
    struct rcx_cfg_features features = config->features;
    const struct rcx_parallel parallel = {options->threads};
    struct rcx_clean_plan clean;
    struct rcx_outlier_fit fit;
    cleaning.outliers_min_fit_rows = 100;
    features.definitions = options->definitions;
    options->tables = 0;
    options->cleaned_rows = 0;
    enum rcx_status status = rcx_clean_plan_init(
        &cleaning, features.definitions, &rcx_store_summary(f->store)->decisions,
        rcx_store_strings(f->store, RCX_TEXT_INVOICE), rcx_store_strings(f->store, RCX_TEXT_STOCK),
        &clean, NULL);
    if (status != RCX_OK)
        return status;
    status = rcx_outliers_learn(&clean, f->store, &parallel, rcx_store_range(f->store), &fit, NULL);
    if (status == RCX_OK) {
        assert_true(fit.applied);
        rcx_clean_plan_set_outliers(&clean, &fit);
        status = run_clean(options, &clean);
    }
    if (status == RCX_OK)
        status = run_features(options, &features, &clean);
    rcx_clean_plan_release(&clean);
    return status;
}

static void same_for_threads_and_passes(struct fixture *f, enum rcx_definitions definitions)
{
    struct run_options one = {.fixture = f, .threads = 1, .definitions = definitions};
    assert_int_equal(run(&one), RCX_OK);
    assert_int_equal(one.passes, 1);
    assert_int_equal(one.tables, SNAPSHOTS);
    assert_true(one.rows > 200);
    for (unsigned threads = 1; threads <= 7; threads += 2) {
        uint64_t row_bytes = rcx_feature_table_row_bytes(true);
        struct run_options other = {.fixture = f,
                                    .threads = threads,
                                    .table_bytes = threads > 1 ? 150 * row_bytes * threads / 2 : 1,
                                    .definitions = definitions};
        assert_int_equal(run(&other), RCX_OK);
        assert_true(other.passes == (threads == 1 ? SNAPSHOTS : other.passes));
        assert_int_equal(other.rows, one.rows);
        assert_memory_equal(other.digests, one.digests, sizeof one.digests);
    }
}

static void test_tables_do_not_depend_on_threads_or_passes(void **state)
{
    same_for_threads_and_passes(*state, RCX_DEFINITIONS_STANDARD);
    same_for_threads_and_passes(*state, RCX_DEFINITIONS_ORIGINAL);
}

static bool run_once(void *context)
{
    struct run_options options = {.fixture = context, .threads = 1};
    enum rcx_status status = run(&options);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void test_out_of_memory_is_an_error(void **state)
{
    assert_true(check_allocation_failures(run_once, *state) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_do_not_depend_on_threads_or_passes),
        cmocka_unit_test(test_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
