/* Benchmarks of the stages between the store and the tables. */
#include "base/memory.h"
#include "bench/benchmark.h"
#include "engine/exec/clean_run.h"
#include "engine/exec/feature_run.h"
#include "engine/exec/validate_run.h"

struct stage_state {
    const struct rcx_bench_data_options *options;
    const struct rcx_bench_store *from;
    uint64_t rows;
    struct rcx_snapshots snapshots;
    struct rcx_snapshot_counts *counts;
};

enum rcx_status rcx_bench_stage_setup(struct rcx_bench_data *data, void **out_state,
                                      struct rcx_error *err)
{
    struct stage_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->options = rcx_bench_options(data);
    enum rcx_status status = rcx_bench_store(data, &state->from, err);
    if (status != RCX_OK)
        return status;
    state->rows = rcx_store_summary(state->from->store)->rows;
    const struct rcx_clean_plan *plan = &state->from->plan;
    status = rcx_snapshots_plan(&state->options->config->snapshots, plan->fit_days,
                                plan->fit == RCX_OUTLIERS_FIT_FIRST_DAYS,
                                rcx_store_range(state->from->store), &state->snapshots, err);
    if (status != RCX_OK)
        return status;
    state->counts = rcx_calloc(state->snapshots.count, sizeof *state->counts);
    return state->counts ? RCX_OK : rcx_fail_nomem(err, "benchmark", state->snapshots.count);
}

void rcx_bench_stage_teardown(void *context)
{
    struct stage_state *state = context;
    if (!state)
        return;
    rcx_snapshots_release(&state->snapshots);
    rcx_free(state->counts);
    rcx_free(state);
}

/* Cleaning without rows: the marks and the accounts. */
enum rcx_status rcx_bench_stage_run(void *context, struct rcx_bench_work *out,
                                    struct rcx_error *err)
{
    const struct stage_state *state = context;
    struct rcx_clean_stats stats = {0};
    const struct rcx_clean_run run = {.store = state->from->store,
                                      .plan = &state->from->plan,
                                      .parallel = state->options->parallel};
    enum rcx_status status = rcx_clean_run(&run, &stats, err);
    rcx_clean_stats_release(&stats);
    *out = (struct rcx_bench_work){.items = state->rows};
    return status;
}

enum rcx_status rcx_bench_validate_run(void *context, struct rcx_bench_work *out,
                                       struct rcx_error *err)
{
    const struct stage_state *state = context;
    const struct rcx_config *config = state->options->config;
    const struct rcx_validate_options options = {.validation = &config->validation,
                                                 .cleaning = &config->cleaning,
                                                 .definitions = config->features.definitions,
                                                 .parallel = state->options->parallel};
    struct rcx_validation validation = {0};
    enum rcx_status status = rcx_validate_run(state->from->store, &options, &validation, err);
    rcx_validation_release(&validation);
    *out = (struct rcx_bench_work){.items = state->rows};
    return status;
}

enum rcx_status rcx_bench_learn_run(void *context, struct rcx_bench_work *out,
                                    struct rcx_error *err)
{
    const struct stage_state *state = context;
    struct rcx_outlier_fit fit;
    *out = (struct rcx_bench_work){.items = state->rows};
    return rcx_outliers_learn(&state->from->plan, state->from->store, &state->options->parallel,
                              rcx_store_range(state->from->store), &fit, err);
}

static enum rcx_status forget(void *context, size_t snapshot, struct rcx_table *table,
                              struct rcx_error *err)
{
    (void)context, (void)snapshot, (void)table, (void)err;
    return RCX_OK;
}

enum rcx_status rcx_bench_features_run(void *context, struct rcx_bench_work *out,
                                       struct rcx_error *err)
{
    const struct stage_state *state = context;
    for (size_t s = 0; s < state->snapshots.count; s++)
        state->counts[s] = (struct rcx_snapshot_counts){0};
    struct rcx_feature_run_stats stats = {.snapshots = state->counts};
    const struct rcx_feature_run run = {.store = state->from->store,
                                        .cfg = &state->options->config->features,
                                        .clean = &state->from->plan,
                                        .snapshots = &state->snapshots,
                                        .parallel = state->options->parallel,
                                        .sink = forget};
    *out = (struct rcx_bench_work){.items = state->rows};
    return rcx_feature_run(&run, &stats, err);
}
