#include "cli/flow_churn.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/sink_options.h"
#include "engine/exec/known_customers.h"

enum output {
    LABELS,
    STATISTICS,
    METRICS,
    PREDICTIONS,
    IMPORTANCE,
    EFFECTS,
    BACKTEST,
    THRESHOLD,
    JUDGED,
    TREES,
    DOCUMENT,
    OUTPUTS
};
static const char *const outputs[OUTPUTS] = {
    [LABELS] = "outputs/churn_labels.parquet",
    [STATISTICS] = "outputs/churn_label_statistics.csv",
    [METRICS] = "outputs/churn_model_metrics.json",
    [PREDICTIONS] = "outputs/churn_predictions.parquet",
    [IMPORTANCE] = "outputs/churn_feature_importance.csv",
    [EFFECTS] = "outputs/churn_shap_summary.csv",
    [BACKTEST] = "outputs/churn_backtest.csv",
    [THRESHOLD] = "outputs/churn_threshold.csv",
    [JUDGED] = "outputs/churn_evaluation.parquet",
    [TREES] = "models/churn.model.txt",
    [DOCUMENT] = "models/churn.json",
};

const char *rcx_flow_churn_output(size_t index)
{
    return index < OUTPUTS ? outputs[index] : NULL;
}

enum rcx_status rcx_flow_churn_economics(const struct rcx_config *config,
                                         struct rcx_churn_economics *out, struct rcx_error *err)
{
    const struct rcx_cfg_tiers *tiers = &config->campaign.tiers;
    char names[512] = "";
    for (size_t k = 0; k < tiers->count; k++) {
        const struct rcx_cfg_tier *tier = &tiers->items[k];
        size_t length = strlen(names);
        if (strcmp(tier->name, config->churn.threshold_tier) == 0) {
            *out = (struct rcx_churn_economics){.cost = tier->cost,
                                                .save_rate = tier->save_rate,
                                                .discount = tier->discount,
                                                .margin = config->campaign.margin,
                                                .redemption = config->campaign.redemption};
            return RCX_OK;
        }
        snprintf(names + length, sizeof names - length, "%s%s", k ? ", " : "", tier->name);
    }
    return rcx_fail(err, RCX_E_CONFIG,
                    "churn.threshold_tier: campaign.tiers has no tier '%s'; there are %s",
                    config->churn.threshold_tier, names);
}

/* --- what goes in ------------------------------------------------------------------------------- */

struct intake {
    struct rcx_churn_data data;
    size_t last; /* snapshot to score */
    struct rcx_table features, behaviour;
};

static void intake_release(struct intake *intake)
{
    rcx_churn_data_release(&intake->data);
    rcx_table_release(&intake->features);
    rcx_table_release(&intake->behaviour);
}

static enum rcx_status take(void *context, size_t snapshot, struct rcx_table *features,
                            struct rcx_table *behaviour, bool fitted, struct rcx_error *err)
{
    struct intake *intake = context;
    enum rcx_status status = rcx_churn_data_add(&intake->data, features, behaviour, fitted, err);
    if (status == RCX_OK && snapshot == intake->last) {
        intake->features = *features;
        intake->behaviour = *behaviour;
        *features = *behaviour = (struct rcx_table){0};
    }
    return status;
}

static enum rcx_status plan_snapshots(const struct rcx_flow_churn *flow, struct rcx_snapshots *out,
                                      struct rcx_error *err)
{
    const struct rcx_clean_plan *clean = &flow->from->plan;
    return rcx_snapshots_plan(&flow->config->snapshots, clean->fit_days,
                              clean->fit == RCX_OUTLIERS_FIT_FIRST_DAYS, flow->from->range, out,
                              err);
}

static enum rcx_status run_task(const struct rcx_flow_churn *flow, struct intake *intake,
                                const struct rcx_snapshots *snapshots,
                                const struct rcx_churn_economics *economics,
                                struct rcx_churn_result *out, struct rcx_error *err)
{
    rcx_day day = snapshots->days[intake->last];
    struct rcx_table known = {0};
    enum rcx_status status = rcx_known_customers(flow->from->store, day, &flow->parallel, &known,
                                                 err);
    const struct rcx_churn_task task = {
        .data = &intake->data,
        .economics = *economics,
        .features = &intake->features,
        .behaviour = &intake->behaviour,
        .known = &known,
        .day = day,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .seed = (uint64_t)flow->config->runtime.seed,
        .parallel = flow->parallel};
    if (status == RCX_OK)
        status = rcx_churn_run(&task, out, err);
    rcx_table_release(&known);
    return status;
}

/* --- what comes out ----------------------------------------------------------------------------- */

/* Full path with its folder made; NULL and an error when that fails. */
static char *full_path(const struct rcx_flow_churn *flow, const char *name, struct rcx_error *err)
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

static enum rcx_status write_text(const struct rcx_flow_churn *flow, enum output output,
                                  const struct rcx_buf *text, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    struct rcx_error problem = {0};
    char *path = full_path(flow, outputs[output], &problem);
    enum rcx_status status = path ? rcx_file_replace(path, text->data, text->length, &options, err)
                                  : rcx_fail(err, problem.status, "%s", problem.text);
    rcx_free(path);
    return status;
}

static enum rcx_status write_table(const struct rcx_flow_churn *flow, enum output output,
                                   const struct rcx_table *table, struct rcx_error *err)
{
    struct rcx_sink_options options = rcx_flow_run_sink_options(&flow->config->export,
                                                                flow->parallel);
    struct rcx_error problem = {0};
    char *path = full_path(flow, outputs[output], &problem);
    options.no_sync = flow->no_sync;
    enum rcx_status status = path ? rcx_sink_write_table(path, &options, table, err)
                                  : rcx_fail(err, problem.status, "%s", problem.text);
    rcx_free(path);
    return status;
}

static enum rcx_status write_all(const struct rcx_flow_churn *flow,
                                 const struct rcx_churn_result *result, struct rcx_error *err)
{
    const struct rcx_table *const tables[OUTPUTS] = {
        [LABELS] = &result->labels,           [STATISTICS] = &result->statistics,
        [PREDICTIONS] = &result->predictions, [IMPORTANCE] = &result->importance,
        [EFFECTS] = &result->effects,         [BACKTEST] = &result->backtest,
        [THRESHOLD] = &result->threshold,     [JUDGED] = &result->judged};
    const struct rcx_buf *const texts[OUTPUTS] = {
        [METRICS] = &result->metrics, [TREES] = &result->trees, [DOCUMENT] = &result->document};
    enum rcx_status status = RCX_OK;
    for (int o = 0; status == RCX_OK && o < OUTPUTS; o++)
        status = tables[o] ? write_table(flow, (enum output)o, tables[o], err)
                           : write_text(flow, (enum output)o, texts[o], err);
    return status;
}

enum rcx_status rcx_flow_churn(const struct rcx_flow_churn *flow, struct rcx_churn_result *out,
                               struct rcx_error *err)
{
    const struct rcx_config *config = flow->config;
    struct rcx_churn_result result = {0};
    struct rcx_churn_economics economics;
    struct rcx_snapshots snapshots = {0};
    struct intake intake = {0};
    enum rcx_status status = rcx_flow_churn_economics(config, &economics, err);
    if (status == RCX_OK)
        status = plan_snapshots(flow, &snapshots, err);
    if (status != RCX_OK)
        return status;
    intake.last = snapshots.count - 1;
    rcx_churn_data_init(&intake.data, &config->churn, &config->models, flow->from->range.first,
                        config->clv.horizon_days);
    const struct rcx_flow_rows rows = {.from = flow->from,
                                       .config = config,
                                       .snapshots = &snapshots,
                                       .parallel = flow->parallel,
                                       .table_bytes = flow->table_bytes,
                                       .add = take,
                                       .context = &intake};
    status = rcx_flow_rows(&rows, err);
    if (status == RCX_OK)
        status = run_task(flow, &intake, &snapshots, &economics, &result, err);
    if (status == RCX_OK)
        status = write_all(flow, &result, err);
    intake_release(&intake);
    rcx_snapshots_release(&snapshots);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_churn_result_release(&result);
    return status;
}
