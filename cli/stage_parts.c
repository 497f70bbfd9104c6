/* What the stages of models have in common: their task, and their files when there is too little to
 * make them. */
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"

struct rcx_flow_task rcx_run_task(const struct rcx_run_state *run)
{
    return (struct rcx_flow_task){.from = &run->store,
                                  .config = run->config,
                                  .directory = run->flow->directory,
                                  .parallel = run->flow->parallel,
                                  .table_bytes = run->flow->memory_bytes / 2,
                                  .no_sync = true};
}

enum rcx_status rcx_run_stage_without(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      const struct rcx_run_absence *absence,
                                      const struct rcx_error *problem, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && absence->output(f); f++) {
        char *path = rcx_path_join(run->flow->directory, absence->output(f));
        status = path ? rcx_file_remove(path, err) : rcx_fail_nomem(err, "path", 0);
        rcx_free(path);
    }
    stage->fingerprint = (struct rcx_digest){0}; /* never taken for unchanged */
    snprintf(stage->note, sizeof stage->note, "%s: %.*s", absence->what, RCX_RUN_NOTE_BYTES - 32,
             problem->text);
    rcx_log_write(run->flow->log, RCX_LOG_WARNING, absence->stage, "%s: %s", absence->what,
                  problem->text);
    return status;
}

enum rcx_status rcx_run_stage_add_outputs(const struct rcx_run_state *run,
                                          struct rcx_run_stage *stage,
                                          const char *(*output)(size_t index), size_t count,
                                          struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && f < count && output(f); f++)
        status = rcx_run_add_output(run->flow->directory, output(f), stage, err);
    return status;
}
