/* The stage "churn" of a run. */
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_churn.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

/* Too little data for a model is no reason to stop a run: later stages go on without it, and what an
 * earlier run predicted is removed, because it is not of these data. */
static enum rcx_status go_without(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  const struct rcx_error *problem, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && rcx_flow_churn_output(f); f++) {
        char *path = rcx_path_join(run->flow->directory, rcx_flow_churn_output(f));
        status = path ? rcx_file_remove(path, err) : rcx_fail_nomem(err, "path", 0);
        rcx_free(path);
    }
    stage->fingerprint = (struct rcx_digest){0}; /* never taken for unchanged */
    snprintf(stage->note, sizeof stage->note, "no model: too little data");
    rcx_log_write(run->flow->log, RCX_LOG_WARNING, "churn", "no model: %s", problem->text);
    return status;
}

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
    enum rcx_status status = rcx_run_open_cleaned(run, err);
    const struct rcx_flow_churn flow = {.from = &run->store,
                                        .config = run->config,
                                        .directory = run->flow->directory,
                                        .parallel = run->flow->parallel,
                                        .table_bytes = run->flow->memory_bytes / 2,
                                        .no_sync = true};
    if (status != RCX_OK)
        return status;
    status = rcx_flow_churn(&flow, &result, &problem);
    if (status == RCX_E_INPUT)
        return go_without(run, stage, &problem, err);
    if (status != RCX_OK)
        return rcx_fail(err, status, "%s", problem.text);
    for (size_t f = 0; status == RCX_OK && rcx_flow_churn_output(f); f++)
        status = rcx_run_add_output(run->flow->directory, rcx_flow_churn_output(f), stage, err);
    if (status == RCX_OK)
        describe(&result, stage);
    rcx_churn_result_release(&result);
    return status;
}
