/* The stage "churn" of a run. */
#include <stdio.h>

#include "base/text.h"
#include "cli/flow_churn.h"
#include "cli/run_stages.h"

static void describe(const struct rcx_churn_result *result, struct rcx_run_stage *stage)
{
    char rows[32];
    int length = snprintf(
        stage->note, sizeof stage->note, "%s trained on %s rows; test AUC %.3f, log loss %.3f",
        rcx_churn_candidate_name(result->chosen), rcx_format_count(result->train_rows, rows),
        result->test_auc, result->test_log_loss);
    if (result->best_baseline)
        snprintf(stage->note + length, sizeof stage->note - (size_t)length,
                 "; the blend does not beat %s", result->best_baseline);
    stage->rows_in = result->labels.rows;
    stage->rows_out = result->predictions.rows;
}

enum rcx_status rcx_run_stage_churn(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                    struct rcx_error *err)
{
    struct rcx_churn_result result = {0};
    struct rcx_error problem = {0};
    const struct rcx_run_absence absence = {"churn", "no model", rcx_flow_churn_output};
    enum rcx_status status = rcx_run_open_cleaned(run, err);
    const struct rcx_flow_task flow = rcx_run_task(run);
    if (status != RCX_OK)
        return status;
    status = rcx_flow_churn(&flow, &result, &problem);
    if (status == RCX_E_INPUT)
        return rcx_run_stage_without(run, stage, &absence, &problem, err);
    if (status != RCX_OK)
        return rcx_fail(err, status, "%s", problem.text);
    status = rcx_run_stage_add_outputs(run, stage, rcx_flow_churn_output, SIZE_MAX, err);
    if (status == RCX_OK)
        describe(&result, stage);
    rcx_churn_result_release(&result);
    return status;
}
