/* The stage "campaign" of a run. */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_campaign.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

/* Without predictions there is nothing to plan: later stages go on, and an earlier run's plan is
 * removed, because it is not of these data. */
static enum rcx_status go_without(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  const struct rcx_error *problem, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && rcx_flow_campaign_output(f); f++) {
        char *path = rcx_path_join(run->flow->directory, rcx_flow_campaign_output(f));
        status = path ? rcx_file_remove(path, err) : rcx_fail_nomem(err, "path", 0);
        rcx_free(path);
    }
    stage->fingerprint = (struct rcx_digest){0}; /* never taken for unchanged */
    snprintf(stage->note, sizeof stage->note, "no plan: no predictions");
    rcx_log_write(run->flow->log, RCX_LOG_WARNING, "campaign", "no plan: %s", problem->text);
    return status;
}

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
    if (!has_predictions(run))
        return go_without(run, stage, &problem, err);
    enum rcx_status status = rcx_flow_campaign(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    for (size_t f = 0; status == RCX_OK && rcx_flow_campaign_output(f); f++)
        status = rcx_run_add_output(run->flow->directory, rcx_flow_campaign_output(f), stage, err);
    stage->rows_in = stage->rows_out = result.columns.customers;
    snprintf(stage->note, sizeof stage->note, "%s of %s customers to contact",
             rcx_format_count(result.plan.fate_counts[RCX_FATE_CONTACT], contacts),
             rcx_format_count(result.columns.customers, customers));
    rcx_flow_campaign_result_release(&result);
    return status;
}
