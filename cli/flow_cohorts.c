#include "cli/flow_cohorts.h"

enum rcx_status rcx_flow_cohorts(const struct rcx_flow_store *from,
                                 const struct rcx_sink_options *sink, const char *output,
                                 struct rcx_cohorts *out, struct rcx_error *err)
{
    struct rcx_cohorts cohorts = {0};
    struct rcx_table table = {0};
    enum rcx_status status = rcx_cohort_run(from->store, &from->plan, &sink->parallel, &cohorts,
                                            err);
    if (status == RCX_OK && output)
        status = rcx_cohort_table(&cohorts, &table, err);
    if (status == RCX_OK && output)
        status = rcx_sink_write_table(output, sink, &table, err);
    rcx_table_release(&table);
    if (status != RCX_OK) {
        rcx_cohorts_release(&cohorts);
        return status;
    }
    *out = cohorts;
    return RCX_OK;
}
