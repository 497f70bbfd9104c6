/* The stage "segment" of a run. */
#include <stdio.h>

#include "base/text.h"
#include "cli/flow_segment.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

enum rcx_status rcx_run_stage_segment(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      struct rcx_error *err)
{
    const struct rcx_flow_segment flow = {.directory = run->flow->directory,
                                          .config = run->config,
                                          .parallel = run->flow->parallel,
                                          .no_sync = true};
    struct rcx_flow_segment_result result;
    char customers[32];
    enum rcx_status status = rcx_flow_segment(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_segment_choice *choice = &result.segmentation.choice;
    const struct rcx_segment_trial *chosen = &choice->trials[choice->chosen];
    for (size_t f = 0; status == RCX_OK && f < RCX_SEGMENT_FILES; f++)
        status = rcx_run_add_output(run->flow->directory, rcx_segment_files[f], stage, err);
    stage->rows_in = stage->rows_out = result.rows;
    int length = snprintf(stage->note, sizeof stage->note, "%zu segments of %s customers",
                          chosen->k,
                          rcx_format_count(result.segmentation.model.customers, customers));
    if (chosen->silhouette == chosen->silhouette) /* not NaN: more than one segment */
        length += snprintf(stage->note + length, sizeof stage->note - (size_t)length,
                           "; silhouette %.3f", chosen->silhouette);
    if (chosen->stability == chosen->stability)
        snprintf(stage->note + length, sizeof stage->note - (size_t)length, ", stability %.3f",
                 chosen->stability);
    rcx_flow_segment_result_release(&result);
    return status;
}
