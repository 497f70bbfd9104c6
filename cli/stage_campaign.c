/* The stage "campaign" of a run. */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_campaign.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

/* Whether churn and clv have left a model's predictions. */
static bool has_predictions(const struct rcx_run_state *run)
{
    static const char *const names[] = {"outputs/churn_predictions.parquet",
                                        "outputs/clv_predictions.parquet"};
    bool all = true;
    for (size_t i = 0; i < 2; i++) {
        char *path = rcx_path_join(run->flow->directory, names[i]);
        all = all && path && rcx_file_exists(path);
        rcx_free(path);
    }
    return all;
}

enum rcx_status rcx_run_stage_campaign(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                       struct rcx_error *err)
{
    const struct rcx_flow_campaign flow = {.directory = run->flow->directory,
                                           .campaign = &run->config->campaign,
                                           .export = &run->config->export,
                                           .seed = (uint64_t)run->config->runtime.seed,
                                           .parallel = run->flow->parallel,
                                           .log = run->flow->log,
                                           .no_sync = true};
    const struct rcx_error problem = {.text = "the stages churn and clv made no predictions"};
    struct rcx_flow_campaign_result result;
    char contacts[32], customers[32];
    const struct rcx_run_absence absence = {"campaign", "no plan", rcx_flow_campaign_output};
    if (!has_predictions(run))
        return rcx_run_stage_without(run, stage, &absence, &problem, err);
    enum rcx_status status = rcx_flow_campaign(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    status = rcx_run_stage_add_outputs(run, stage, rcx_flow_campaign_output, SIZE_MAX, err);
    stage->rows_in = stage->rows_out = result.columns.customers;
    snprintf(stage->note, sizeof stage->note, "%s of %s customers to contact",
             rcx_format_count(result.plan.fate_counts[RCX_FATE_CONTACT], contacts),
             rcx_format_count(result.columns.customers, customers));
    rcx_flow_campaign_result_release(&result);
    return status;
}
