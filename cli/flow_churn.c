#include "cli/flow_churn.h"

#include <stdio.h>
#include <string.h>

#include "cli/run_files.h"

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

/* --- the task ----------------------------------------------------------------------------------- */

static enum rcx_status add(void *context, const struct rcx_table *features,
                           const struct rcx_table *behaviour, bool fitted, struct rcx_error *err)
{
    return rcx_churn_data_add(context, features, behaviour, fitted, err);
}

static enum rcx_status run_task(const struct rcx_flow_task *flow, struct rcx_churn_data *data,
                                const struct rcx_churn_economics *economics,
                                struct rcx_churn_result *out, struct rcx_error *err)
{
    struct rcx_flow_scored scored = {0};
    enum rcx_status status = rcx_flow_rows(flow, NULL, add, data, &scored, err);
    const struct rcx_churn_task task = {
        .data = data,
        .economics = *economics,
        .features = &scored.features,
        .behaviour = &scored.behaviour,
        .known = &scored.known,
        .day = scored.day,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .seed = (uint64_t)flow->config->runtime.seed,
        .parallel = flow->parallel};
    if (status == RCX_OK)
        status = rcx_churn_run(&task, out, err);
    rcx_flow_scored_release(&scored);
    return status;
}

static enum rcx_status write_all(const struct rcx_flow_task *flow,
                                 const struct rcx_churn_result *result, struct rcx_error *err)
{
    const struct rcx_run_files files = {flow->directory, &flow->config->export, flow->parallel,
                                        flow->no_sync};
    const struct rcx_table *const tables[OUTPUTS] = {
        [LABELS] = &result->labels,           [STATISTICS] = &result->statistics,
        [PREDICTIONS] = &result->predictions, [IMPORTANCE] = &result->importance,
        [EFFECTS] = &result->effects,         [BACKTEST] = &result->backtest,
        [THRESHOLD] = &result->threshold,     [JUDGED] = &result->judged};
    const struct rcx_buf *const texts[OUTPUTS] = {
        [METRICS] = &result->metrics, [TREES] = &result->trees, [DOCUMENT] = &result->document};
    enum rcx_status status = RCX_OK;
    for (int o = 0; status == RCX_OK && o < OUTPUTS; o++)
        status = tables[o] ? rcx_run_file_table(&files, outputs[o], tables[o], err)
                           : rcx_run_file_text(&files, outputs[o], texts[o], err);
    return status;
}

enum rcx_status rcx_flow_churn(const struct rcx_flow_task *flow, struct rcx_churn_result *out,
                               struct rcx_error *err)
{
    const struct rcx_config *config = flow->config;
    struct rcx_churn_result result = {0};
    struct rcx_churn_economics economics;
    struct rcx_churn_data data = {0};
    enum rcx_status status = rcx_flow_churn_economics(config, &economics, err);
    if (status != RCX_OK)
        return status;
    rcx_churn_data_init(&data, &config->churn, &config->models, flow->from->range.first,
                        config->clv.horizon_days);
    status = run_task(flow, &data, &economics, &result, err);
    if (status == RCX_OK)
        status = write_all(flow, &result, err);
    rcx_churn_data_release(&data);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_churn_result_release(&result);
    return status;
}
