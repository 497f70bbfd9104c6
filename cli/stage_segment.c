/* The stage "segment" of a run. */
#include <stdio.h>

#include "base/text.h"
#include "cli/flow_segment.h"
#include "cli/run_stages.h"

static void describe(const struct rcx_flow_segment_result *result, struct rcx_run_stage *stage)
{
    const struct rcx_segment_choice *choice = &result->segmentation.choice;
    const struct rcx_segment_trial *chosen = &choice->trials[choice->chosen];
    char customers[32];
    int length = snprintf(stage->note, sizeof stage->note, "%zu segments of %s customers",
                          chosen->k,
                          rcx_format_count(result->segmentation.model.customers, customers));
    if (chosen->silhouette == chosen->silhouette) /* not NaN: more than one segment */
        length += snprintf(stage->note + length, sizeof stage->note - (size_t)length,
                           "; silhouette %.3f", chosen->silhouette);
    if (chosen->stability == chosen->stability)
        snprintf(stage->note + length, sizeof stage->note - (size_t)length, ", stability %.3f",
                 chosen->stability);
    stage->rows_in = stage->rows_out = result->rows;
}

enum rcx_status rcx_run_stage_segment(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      struct rcx_error *err)
{
    const struct rcx_flow_segment flow = {.directory = run->flow->directory,
                                          .config = run->config,
                                          .parallel = run->flow->parallel,
                                          .no_sync = true};
    const struct rcx_run_absence absence = {"segment", "no groups", rcx_flow_segment_output};
    struct rcx_flow_segment_result result;
    struct rcx_error problem = {0};
    bool nobody = false;
    enum rcx_status status = rcx_flow_segment(&flow, &result, &nobody, &problem);
    if (nobody)
        return rcx_run_stage_without(run, stage, &absence, &problem, err);
    if (status != RCX_OK)
        return rcx_fail(err, status, "%s", problem.text);
    status = rcx_run_stage_add_outputs(run, stage, rcx_flow_segment_output, SIZE_MAX, err);
    if (status == RCX_OK)
        describe(&result, stage);
    rcx_flow_segment_result_release(&result);
    return status;
}
