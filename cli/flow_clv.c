#include "cli/flow_clv.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_churn.h"
#include "cli/sink_options.h"
#include "engine/exec/known_customers.h"

enum output {
    TARGETS,
    METRICS,
    PREDICTIONS,
    DECILES,
    IMPORTANCE,
    BACKTEST,
    HOLDOUT,
    JUDGED,
    FIRST_TEXT,
    OUTPUTS = FIRST_TEXT + RCX_CLV_TEXTS
};
static const char *const outputs[OUTPUTS] = {
    [TARGETS] = "outputs/clv_targets.parquet",
    [METRICS] = "outputs/clv_model_metrics.json",
    [PREDICTIONS] = "outputs/clv_predictions.parquet",
    [DECILES] = "outputs/clv_decile_analysis.csv",
    [IMPORTANCE] = "outputs/clv_feature_importance.csv",
    [BACKTEST] = "outputs/clv_backtest.csv",
    [HOLDOUT] = "outputs/clv_behaviour_holdout.csv",
    [JUDGED] = "outputs/clv_evaluation.parquet",
    [FIRST_TEXT + RCX_CLV_TEXT_TREES] = "models/clv.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_Q10] = "models/clv_q10.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_Q50] = "models/clv_q50.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_Q90] = "models/clv_q90.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_ACTIVE] = "models/clv_active.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_LAPSED] = "models/clv_lapsed.model.txt",
    [FIRST_TEXT + RCX_CLV_TEXT_DOCUMENT] = "models/clv.json",
    [FIRST_TEXT + RCX_CLV_TEXT_ANY] = "models/clv_any.model.txt",
};

const char *rcx_flow_clv_output(size_t index)
{
    return index < OUTPUTS ? outputs[index] : NULL;
}

/* --- what goes in ------------------------------------------------------------------------------- */

struct intake {
    struct rcx_clv_data data;
    size_t last; /* snapshot to score */
    struct rcx_table features, behaviour;
};

static void intake_release(struct intake *intake)
{
    rcx_clv_data_release(&intake->data);
    rcx_table_release(&intake->features);
    rcx_table_release(&intake->behaviour);
}

static enum rcx_status take(void *context, size_t snapshot, struct rcx_table *features,
                            struct rcx_table *behaviour, bool fitted, struct rcx_error *err)
{
    struct intake *intake = context;
    enum rcx_status status = rcx_clv_data_add(&intake->data, features, behaviour, fitted, err);
    if (status == RCX_OK && snapshot == intake->last) {
        intake->features = *features;
        intake->behaviour = *behaviour;
        *features = *behaviour = (struct rcx_table){0};
    }
    return status;
}

static enum rcx_status plan_snapshots(const struct rcx_flow_clv *flow, struct rcx_snapshots *out,
                                      struct rcx_error *err)
{
    const struct rcx_clean_plan *clean = &flow->from->plan;
    return rcx_snapshots_plan(&flow->config->snapshots, clean->fit_days,
                              clean->fit == RCX_OUTLIERS_FIT_FIRST_DAYS, flow->from->range, out,
                              err);
}

static enum rcx_status run_task(const struct rcx_flow_clv *flow, struct intake *intake, rcx_day day,
                                struct rcx_clv_result *out, struct rcx_error *err)
{
    struct rcx_table known = {0};
    enum rcx_status status = rcx_known_customers(flow->from->store, day, &flow->parallel, &known,
                                                 err);
    const struct rcx_clv_task task = {
        .data = &intake->data,
        .features = &intake->features,
        .behaviour = &intake->behaviour,
        .known = &known,
        .day = day,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .seed = (uint64_t)flow->config->runtime.seed,
        .parallel = flow->parallel};
    if (status == RCX_OK)
        status = rcx_clv_run(&task, out, err);
    rcx_table_release(&known);
    return status;
}

/* --- what comes out ----------------------------------------------------------------------------- */

/* Full path with its folder made; NULL and an error when that fails. */
static char *full_path(const struct rcx_flow_clv *flow, const char *name, struct rcx_error *err)
{
    char *full = rcx_path_join(flow->directory, name);
    char *folder = full ? rcx_strndup(full, (size_t)(strrchr(full, '/') - full)) : NULL;
    if (!folder)
        (void)rcx_fail_nomem(err, name, 0);
    if (!folder || rcx_directory_make(folder, err) != RCX_OK) {
        rcx_free(full);
        full = NULL;
    }
    rcx_free(folder);
    return full;
}

/* A text that is empty stands for a file that must not be there. */
static enum rcx_status write_text(const struct rcx_flow_clv *flow, const char *path,
                                  const struct rcx_buf *text, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    return text->length > 0 ? rcx_file_replace(path, text->data, text->length, &options, err)
                            : rcx_file_remove(path, err);
}

static enum rcx_status write_table(const struct rcx_flow_clv *flow, const char *path,
                                   const struct rcx_table *table, struct rcx_error *err)
{
    struct rcx_sink_options options = rcx_flow_run_sink_options(&flow->config->export,
                                                                flow->parallel);
    options.no_sync = flow->no_sync;
    return rcx_sink_write_table(path, &options, table, err);
}

static enum rcx_status write_all(const struct rcx_flow_clv *flow,
                                 const struct rcx_clv_result *result, struct rcx_error *err)
{
    const struct rcx_table *const tables[FIRST_TEXT] = {
        [TARGETS] = &result->targets,   [PREDICTIONS] = &result->predictions,
        [DECILES] = &result->deciles,   [IMPORTANCE] = &result->importance,
        [BACKTEST] = &result->backtest, [HOLDOUT] = &result->holdout,
        [JUDGED] = &result->judged};
    enum rcx_status status = RCX_OK;
    for (int o = 0; status == RCX_OK && o < OUTPUTS; o++) {
        const struct rcx_buf *text = o == METRICS
                                         ? &result->metrics
                                         : &result->texts[o < FIRST_TEXT ? 0 : o - FIRST_TEXT];
        struct rcx_error problem = {0};
        char *path = full_path(flow, outputs[o], &problem);
        if (!path)
            return rcx_fail(err, problem.status, "%s", problem.text);
        status = o < FIRST_TEXT && tables[o] ? write_table(flow, path, tables[o], err)
                                             : write_text(flow, path, text, err);
        rcx_free(path);
    }
    return status;
}

enum rcx_status rcx_flow_clv(const struct rcx_flow_clv *flow, struct rcx_clv_result *out,
                             struct rcx_error *err)
{
    const struct rcx_config *config = flow->config;
    struct rcx_clv_result result = {0};
    struct rcx_snapshots snapshots = {0};
    struct intake intake = {0};
    enum rcx_status status = plan_snapshots(flow, &snapshots, err);
    if (status != RCX_OK)
        return status;
    intake.last = snapshots.count - 1;
    rcx_clv_data_init(&intake.data, &config->clv, &config->models, &config->churn,
                      flow->from->range.first);
    const struct rcx_flow_rows rows = {.from = flow->from,
                                       .config = config,
                                       .snapshots = &snapshots,
                                       .parallel = flow->parallel,
                                       .table_bytes = flow->table_bytes,
                                       .add = take,
                                       .context = &intake};
    status = rcx_flow_rows(&rows, err);
    if (status == RCX_OK)
        status = run_task(flow, &intake, snapshots.days[intake.last], &result, err);
    if (status == RCX_OK)
        status = write_all(flow, &result, err);
    intake_release(&intake);
    rcx_snapshots_release(&snapshots);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_clv_result_release(&result);
    return status;
}
