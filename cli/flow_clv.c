#include "cli/flow_clv.h"

#include "cli/run_files.h"

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

/* --- the task ----------------------------------------------------------------------------------- */

static enum rcx_status add(void *context, const struct rcx_table *features,
                           const struct rcx_table *behaviour, bool fitted, struct rcx_error *err)
{
    return rcx_clv_data_add(context, features, behaviour, fitted, err);
}

static enum rcx_status run_task(const struct rcx_flow_task *flow, struct rcx_clv_data *data,
                                struct rcx_clv_result *out, struct rcx_error *err)
{
    struct rcx_flow_scored scored = {0};
    enum rcx_status status = rcx_flow_rows(flow, NULL, add, data, &scored, err);
    const struct rcx_clv_task task = {
        .data = data,
        .features = &scored.features,
        .behaviour = &scored.behaviour,
        .known = &scored.known,
        .day = scored.day,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .seed = (uint64_t)flow->config->runtime.seed,
        .parallel = flow->parallel};
    if (status == RCX_OK)
        status = rcx_clv_run(&task, out, err);
    rcx_flow_scored_release(&scored);
    return status;
}

static enum rcx_status write_all(const struct rcx_flow_task *flow,
                                 const struct rcx_clv_result *result, struct rcx_error *err)
{
    const struct rcx_run_files files = {flow->directory, &flow->config->export, flow->parallel,
                                        flow->no_sync};
    const struct rcx_table *const tables[FIRST_TEXT] = {
        [TARGETS] = &result->targets,   [PREDICTIONS] = &result->predictions,
        [DECILES] = &result->deciles,   [IMPORTANCE] = &result->importance,
        [BACKTEST] = &result->backtest, [HOLDOUT] = &result->holdout,
        [JUDGED] = &result->judged};
    enum rcx_status status = RCX_OK;
    for (int o = 0; status == RCX_OK && o < OUTPUTS; o++) {
        if (o < FIRST_TEXT && tables[o])
            status = rcx_run_file_table(&files, outputs[o], tables[o], err);
        else
            status = rcx_run_file_text(
                &files, outputs[o],
                o == METRICS ? &result->metrics : &result->texts[o - FIRST_TEXT], err);
    }
    return status;
}

enum rcx_status rcx_flow_clv(const struct rcx_flow_task *flow, struct rcx_clv_result *out,
                             struct rcx_error *err)
{
    const struct rcx_config *config = flow->config;
    struct rcx_clv_result result = {0};
    struct rcx_clv_data data = {0};
    rcx_clv_data_init(&data, &config->clv, &config->models, &config->churn,
                      flow->from->range.first);
    enum rcx_status status = run_task(flow, &data, &result, err);
    if (status == RCX_OK)
        status = write_all(flow, &result, err);
    rcx_clv_data_release(&data);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_clv_result_release(&result);
    return status;
}
