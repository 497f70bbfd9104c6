#pragma once
/* Acquisition cohorts from a store to a file. Prints nothing. */
#include "cli/flow_store.h"
#include "engine/exec/cohort_run.h"
#include "storage/format/sink.h"

/* `output` NULL: no file. Errors: of the scan and the file; then there is none. The caller releases
 * *out. */
enum rcx_status rcx_flow_cohorts(const struct rcx_flow_store *from,
                                 const struct rcx_sink_options *sink, const char *output,
                                 struct rcx_cohorts *out, struct rcx_error *err);
