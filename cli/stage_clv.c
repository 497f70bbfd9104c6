/* The stage "clv" of a run. */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/flow_clv.h"
#include "cli/run_stages.h"

static void describe(const struct rcx_clv_result *result, struct rcx_run_stage *stage)
{
    char rows[32], judged[96] = "";
    if (isfinite(result->mean_relative) && isfinite(result->coverage))
        snprintf(judged, sizeof judged,
                 "; MAE %.3f of the mean over the origins (%d days), intervals hold %.0f %%",
                 result->mean_relative, (int)result->evaluated_days, 100 * result->coverage);
    snprintf(stage->note, sizeof stage->note, "%s on %s rows%s%s",
             rcx_clv_candidate_name(result->chosen), rcx_format_count(result->train_rows, rows),
             judged, result->simple_wins ? "; no trees beat a simple rule" : "");
    stage->rows_in = result->targets.rows;
    stage->rows_out = result->predictions.rows;
}

enum rcx_status rcx_run_stage_clv(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  struct rcx_error *err)
{
    struct rcx_clv_result result = {0};
    struct rcx_error problem = {0};
    size_t files = 0;
    const struct rcx_run_absence absence = {"clv", "no model", rcx_flow_clv_output};
    enum rcx_status status = rcx_run_open_cleaned(run, err);
    const struct rcx_flow_task flow = rcx_run_task(run);
    if (status != RCX_OK)
        return status;
    status = rcx_flow_clv(&flow, &result, &problem);
    if (status == RCX_E_INPUT)
        return rcx_run_stage_without(run, stage, &absence, &problem, err);
    if (status != RCX_OK)
        return rcx_fail(err, status, "%s", problem.text);
    while (rcx_flow_clv_output(files))
        files++;
    if (result.texts[RCX_CLV_TEXT_ANY].length == 0)
        files--; /* the last one is only there of a hurdle */
    status = rcx_run_stage_add_outputs(run, stage, rcx_flow_clv_output, files, err);
    if (status == RCX_OK)
        describe(&result, stage);
    rcx_clv_result_release(&result);
    return status;
}
