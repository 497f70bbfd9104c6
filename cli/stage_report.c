/* The last stage of a run: cohorts, and everything on one page. */
#include <stdio.h>

#include "base/memory.h"
#include "cli/flow_cohorts.h"
#include "cli/report/report.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"
#include "cli/sink_options.h"

static enum rcx_status write_cohorts(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                     struct rcx_error *err)
{
    static const char name[] = "outputs/cohorts.csv";
    struct rcx_sink_options sink = rcx_flow_run_sink_options(&run->config->export,
                                                             run->flow->parallel);
    struct rcx_cohorts cohorts = {0};
    char *path = rcx_run_output_path(run, name, err);

    sink.no_sync = true;
    enum rcx_status status = path ? rcx_run_open_cleaned(run, err) : rcx_run_failed_path(err);
    if (status == RCX_OK)
        status = rcx_flow_cohorts(&run->store, &sink, path, &cohorts, err);
    if (status == RCX_OK)
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
    rcx_cohorts_release(&cohorts);
    rcx_free(path);
    return status;
}

enum rcx_status rcx_run_stage_report(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                     struct rcx_error *err)
{
    static const char name[] = "outputs/report.html";
    struct rcx_report_result result = {0};
    enum rcx_status status = write_cohorts(run, stage, err);
    char *path = status == RCX_OK ? rcx_run_output_path(run, name, err) : NULL;
    const struct rcx_report_options options = {.directory = run->flow->directory,
                                               .output = path,
                                               .parallel = run->flow->parallel,
                                               .no_sync = true};

    if (status == RCX_OK)
        status = path ? rcx_report_write(&options, &result, err) : rcx_run_failed_path(err);
    if (status == RCX_OK)
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
    if (status == RCX_OK)
        snprintf(stage->note, sizeof stage->note, "%s of %zu tables and documents", name,
                 result.inputs);
    rcx_free(path);
    return status;
}
