#include "cli/flow_rows.h"

#include "base/memory.h"
#include "cli/flow_behaviour.h"
#include "engine/exec/feature_run.h"
#include "engine/exec/known_customers.h"
#include "ml/tasks/churn/churn_data.h"

void rcx_flow_scored_release(struct rcx_flow_scored *scored)
{
    rcx_table_release(&scored->features);
    rcx_table_release(&scored->behaviour);
    rcx_table_release(&scored->known);
    *scored = (struct rcx_flow_scored){0};
}

struct rows {
    const struct rcx_flow_task *task;
    rcx_flow_rows_function *add;
    void *context;
    struct rcx_flow_scored *scored;
    size_t last;
    struct rcx_behaviour_plan plan;
    struct rcx_table behaviour; /* of the snapshot whose features come next */
    bool *fitted;               /* [snapshots] */
};

/* Several snapshots at once. */
static enum rcx_status fit_summary(void *context, size_t snapshot, struct rcx_table *table,
                                   struct rcx_error *err)
{
    struct rows *rows = context;
    struct rcx_behaviour_fit fit;
    enum rcx_status status = rcx_behaviour_add(&rows->plan, table, &fit, err);
    if (status == RCX_OK)
        rows->fitted[snapshot] = fit.fitted;
    return status;
}

static enum rcx_status take_summary(void *context, size_t snapshot, struct rcx_table *table,
                                    struct rcx_error *err)
{
    struct rows *rows = context;
    (void)snapshot;
    (void)err;
    rcx_table_release(&rows->behaviour);
    rows->behaviour = *table;
    *table = (struct rcx_table){0};
    return RCX_OK;
}

static enum rcx_status take_features(void *context, size_t snapshot, struct rcx_table *table,
                                     struct rcx_error *err)
{
    struct rows *rows = context;
    enum rcx_status status = rows->add ? rows->add(rows->context, table, &rows->behaviour,
                                                   rows->fitted[snapshot], err)
                                       : RCX_OK;
    if (status == RCX_OK && snapshot == rows->last) {
        rows->scored->features = *table;
        rows->scored->behaviour = rows->behaviour;
        *table = rows->behaviour = (struct rcx_table){0};
    }
    return status;
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

static enum rcx_status run_features(struct rows *rows, const struct rcx_snapshots *snapshots,
                                    struct rcx_error *err)
{
    const struct rcx_flow_task *task = rows->task;
    const struct rcx_config *config = task->config;
    struct rcx_label_plan labels = rcx_label_plan_of(&config->churn, &config->clv,
                                                     task->from->range);
    struct rcx_feature_run_stats stats = {
        .snapshots = rcx_calloc(snapshots->count, sizeof *stats.snapshots)};
    rows->fitted = rcx_calloc(snapshots->count, sizeof *rows->fitted);
    if (!stats.snapshots || !rows->fitted) {
        rcx_free(stats.snapshots);
        return rcx_fail_nomem(err, "snapshots", snapshots->count * sizeof *stats.snapshots);
    }
    labels.more = more_horizons(config);
    const struct rcx_feature_run run = {
        .store = task->from->store,
        .cfg = &config->features,
        .clean = &task->from->plan,
        .snapshots = snapshots,
        .labels = &labels,
        .parallel = task->parallel,
        .table_bytes = task->table_bytes,
        .sink = take_features,
        .summary_sink = take_summary,
        .summary_work = fit_summary,
        .sink_context = rows,
    };
    enum rcx_status status = rcx_feature_run(&run, &stats, err);
    rcx_free(stats.snapshots);
    return status;
}

enum rcx_status rcx_flow_rows(const struct rcx_flow_task *task, const rcx_day *day,
                              rcx_flow_rows_function *add, void *context,
                              struct rcx_flow_scored *out, struct rcx_error *err)
{
    const struct rcx_clean_plan *clean = &task->from->plan;
    struct rcx_cfg_snapshots which = task->config->snapshots;
    struct rcx_snapshots snapshots = {0};
    struct rcx_flow_scored scored = {0};
    struct rows rows = {.task = task,
                        .add = add,
                        .context = context,
                        .scored = &scored,
                        .plan = rcx_behaviour_plan_of(task->config, task->parallel)};
    rows.plan.intervals = false;
    if (day)
        which.dates = (struct rcx_cfg_dates){.count = 1, .items = day};
    enum rcx_status status = rcx_snapshots_plan(&which, clean->fit_days,
                                                clean->fit == RCX_OUTLIERS_FIT_FIRST_DAYS,
                                                task->from->range, &snapshots, err);
    if (status != RCX_OK)
        return status;
    rows.last = snapshots.count - 1;
    scored.day = snapshots.days[rows.last];
    status = run_features(&rows, &snapshots, err);
    if (status == RCX_OK)
        status = rcx_known_customers(task->from->store, scored.day, &task->parallel, &scored.known,
                                     err);
    rcx_table_release(&rows.behaviour);
    rcx_free(rows.fitted);
    rcx_snapshots_release(&snapshots);
    if (status == RCX_OK)
        *out = scored;
    else
        rcx_flow_scored_release(&scored);
    return status;
}
