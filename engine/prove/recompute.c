#include "engine/prove/recompute.h"

#include "base/memory.h"

static enum rcx_status compute(const struct rcx_recompute *run, const struct rcx_clean_plan *clean,
                               const struct rcx_snapshots *snapshots, struct rcx_error *err)
{
    struct rcx_label_plan labels = rcx_label_plan_of(run->config->churn, run->config->clv,
                                                     rcx_store_range(run->store));
    struct rcx_feature_run_stats stats = {0};
    const struct rcx_feature_run features = {
        .store = run->store,
        .cfg = run->config->features,
        .clean = clean,
        .snapshots = snapshots,
        .labels = run->with_labels ? &labels : NULL,
        .parallel = run->parallel,
        .table_bytes = run->table_bytes,
        .sink = run->sink,
        .summary_sink = run->summary_sink,
        .sink_context = run->sink_context,
    };
    stats.snapshots = rcx_calloc(snapshots->count, sizeof *stats.snapshots);
    if (!stats.snapshots)
        return rcx_fail_nomem(err, "snapshots", snapshots->count * sizeof *stats.snapshots);
    enum rcx_status status = rcx_feature_run(&features, &stats, err);
    rcx_free(stats.snapshots);
    return status;
}

enum rcx_status rcx_recompute(const struct rcx_recompute *run, struct rcx_outlier_fit *out_fit,
                              struct rcx_error *err)
{
    const struct rcx_store *store = run->store;
    struct rcx_data_range range = rcx_store_range(store);
    struct rcx_cfg_snapshots dates = *run->config->snapshots;
    struct rcx_snapshots snapshots = {0};
    struct rcx_clean_plan clean;
    dates.dates = run->days;
    enum rcx_status status = rcx_clean_plan_init(
        run->config->cleaning, run->config->features->definitions,
        &rcx_store_summary(store)->decisions, rcx_store_strings(store, RCX_TEXT_INVOICE),
        rcx_store_strings(store, RCX_TEXT_STOCK), &clean, err);
    if (status != RCX_OK)
        return status;
    status = rcx_outliers_learn(&clean, store, &run->parallel, range, out_fit, err);
    if (status == RCX_OK) {
        rcx_clean_plan_set_outliers(&clean, out_fit);
        status = rcx_snapshots_plan(&dates, clean.fit_days,
                                    clean.fit == RCX_OUTLIERS_FIT_FIRST_DAYS, range, &snapshots,
                                    err);
    }
    if (status == RCX_OK)
        status = compute(run, &clean, &snapshots, err);
    rcx_snapshots_release(&snapshots);
    rcx_clean_plan_release(&clean);
    return status;
}

struct rcx_digest rcx_feature_digest(const struct rcx_table *table)
{
    struct rcx_table features = *table; /* borrows the columns */
    features.column_count = RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_COUNT + 2;
    return rcx_table_digest(&features);
}
