#include "cli/flow_drift.h"

enum rcx_status rcx_flow_drift(const char *features, const struct rcx_cfg_drift *cfg,
                               const char *output, const struct rcx_sink_options *sink,
                               struct rcx_feature_drift *out, struct rcx_error *err)
{
    struct rcx_feature_file file;
    struct rcx_feature_drift drift = {0};
    enum rcx_status status = rcx_feature_file_open(features, &file, err);
    if (status != RCX_OK)
        return status;
    status = rcx_feature_drift(&file, cfg, &sink->parallel, &drift, err);
    if (status == RCX_OK && output)
        status = rcx_sink_write_table(output, sink, &drift.table, err);
    rcx_feature_file_close(&file);
    if (status != RCX_OK) {
        rcx_feature_drift_release(&drift);
        return status;
    }
    *out = drift;
    return RCX_OK;
}
