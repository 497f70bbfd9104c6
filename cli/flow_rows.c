/* Features, labels and behaviour of all snapshots in one pass, for models on customers. */
#include "base/memory.h"
#include "cli/flow_behaviour.h"
#include "cli/flow_churn.h"
#include "engine/exec/feature_run.h"

struct rows {
    const struct rcx_flow_rows *flow;
    struct rcx_behaviour_plan plan;
    struct rcx_table behaviour; /* of the snapshot whose features come next */
    bool fitted;
};

static enum rcx_status take_summary(void *context, size_t snapshot, struct rcx_table *table,
                                    struct rcx_error *err)
{
    struct rows *rows = context;
    struct rcx_behaviour_fit fit;
    (void)snapshot;
    enum rcx_status status = rcx_behaviour_add(&rows->plan, table, &fit, err);
    if (status != RCX_OK)
        return status;
    rows->fitted = fit.fitted;
    rcx_table_release(&rows->behaviour);
    rows->behaviour = *table;
    *table = (struct rcx_table){0};
    return RCX_OK;
}

static enum rcx_status take_features(void *context, size_t snapshot, struct rcx_table *table,
                                     struct rcx_error *err)
{
    struct rows *rows = context;
    return rows->flow->add(rows->flow->context, snapshot, table, &rows->behaviour, rows->fitted,
                           err);
}

/* Churn at the horizons of the sensitivity, the value in steps of 30 days. */
static struct rcx_more_horizons more_horizons(const struct rcx_config *config)
{
    struct rcx_more_horizons more = {.churn_count = RCX_CHURN_SENSITIVITY};
    size_t steps = (size_t)(config->clv.horizon_days / 30);
    for (size_t k = 0; k < RCX_CHURN_SENSITIVITY; k++)
        more.days[k] = rcx_churn_sensitivity_days[k];
    more.value_count = steps < RCX_CHURN_VALUE_STEPS ? steps : RCX_CHURN_VALUE_STEPS;
    for (size_t k = 0; k < more.value_count; k++)
        more.days[more.churn_count + k] = 30 * ((int32_t)k + 1);
    return more;
}
_Static_assert((int)RCX_CHURN_SENSITIVITY + (int)RCX_CHURN_VALUE_STEPS <= (int)RCX_MORE_HORIZONS,
               "a place for every further horizon");

enum rcx_status rcx_flow_rows(const struct rcx_flow_rows *flow, struct rcx_error *err)
{
    const struct rcx_config *config = flow->config;
    struct rows rows = {.flow = flow, .plan = rcx_behaviour_plan_of(config, flow->parallel)};
    struct rcx_label_plan labels = rcx_label_plan_of(&config->churn, &config->clv,
                                                     flow->from->range);
    struct rcx_feature_run_stats stats = {
        .snapshots = rcx_calloc(flow->snapshots->count, sizeof *stats.snapshots)};
    if (!stats.snapshots)
        return rcx_fail_nomem(err, "snapshots", flow->snapshots->count * sizeof *stats.snapshots);
    labels.more = more_horizons(config);
    rows.plan.intervals = false;
    const struct rcx_feature_run run = {
        .store = flow->from->store,
        .cfg = &config->features,
        .clean = &flow->from->plan,
        .snapshots = flow->snapshots,
        .labels = &labels,
        .parallel = flow->parallel,
        .table_bytes = flow->table_bytes,
        .sink = take_features,
        .summary_sink = take_summary,
        .sink_context = &rows,
    };
    enum rcx_status status = rcx_feature_run(&run, &stats, err);
    rcx_table_release(&rows.behaviour);
    rcx_free(stats.snapshots);
    return status;
}
