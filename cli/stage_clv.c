/* The stage "clv" of a run. */
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_clv.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

/* Too little data for a model is no reason to stop a run: later stages go on without it, and what an
 * earlier run predicted is removed, because it is not of these data. */
static enum rcx_status go_without(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  const struct rcx_error *problem, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && rcx_flow_clv_output(f); f++) {
        char *path = rcx_path_join(run->flow->directory, rcx_flow_clv_output(f));
        status = path ? rcx_file_remove(path, err) : rcx_fail_nomem(err, "path", 0);
        rcx_free(path);
    }
    stage->fingerprint = (struct rcx_digest){0}; /* never taken for unchanged */
    snprintf(stage->note, sizeof stage->note, "no model: too little data");
    rcx_log_write(run->flow->log, RCX_LOG_WARNING, "clv", "no model: %s", problem->text);
    return status;
}

static void describe(const struct rcx_clv_result *result, struct rcx_run_stage *stage)
{
    char rows[32];
    snprintf(stage->note, sizeof stage->note,
             "%s on %s rows; MAE %.3f of the mean over the origins (%d days), intervals hold "
             "%.0f %%%s",
             rcx_clv_candidate_name(result->chosen), rcx_format_count(result->train_rows, rows),
             result->mean_relative, (int)result->evaluated_days, 100 * result->coverage,
             result->simple_wins ? "; no trees beat a simple rule" : "");
    stage->rows_in = result->targets.rows;
    stage->rows_out = result->predictions.rows;
}

static enum rcx_status add_outputs(struct rcx_run_state *run, const struct rcx_clv_result *result,
                                   struct rcx_run_stage *stage, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && rcx_flow_clv_output(f); f++) {
        bool last = !rcx_flow_clv_output(f + 1);
        if (!last || result->texts[RCX_CLV_TEXT_ANY].length > 0)
            status = rcx_run_add_output(run->flow->directory, rcx_flow_clv_output(f), stage, err);
    }
    return status;
}

enum rcx_status rcx_run_stage_clv(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  struct rcx_error *err)
{
    struct rcx_clv_result result = {0};
    struct rcx_error problem = {0};
    enum rcx_status status = rcx_run_open_cleaned(run, err);
    const struct rcx_flow_clv flow = {.from = &run->store,
                                      .config = run->config,
                                      .directory = run->flow->directory,
                                      .parallel = run->flow->parallel,
                                      .table_bytes = run->flow->memory_bytes / 2,
                                      .no_sync = true};
    if (status != RCX_OK)
        return status;
    status = rcx_flow_clv(&flow, &result, &problem);
    if (status == RCX_E_INPUT)
        return go_without(run, stage, &problem, err);
    if (status != RCX_OK)
        return rcx_fail(err, status, "%s", problem.text);
    status = add_outputs(run, &result, stage, err);
    if (status == RCX_OK)
        describe(&result, stage);
    rcx_clv_result_release(&result);
    return status;
}
