#pragma once
/* Population drift of a feature table that is in a file, written as a table. Prints nothing. */
#include "config/config.h"
#include "engine/exec/feature_drift.h"
#include "storage/format/sink.h"

/* `output` NULL: nothing is written. Errors: of rcx_feature_file_open, rcx_feature_drift and the
 * sink. The caller releases *out. */
enum rcx_status rcx_flow_drift(const char *features, const struct rcx_cfg_drift *cfg,
                               const char *output, const struct rcx_sink_options *sink,
                               struct rcx_feature_drift *out, struct rcx_error *err);
