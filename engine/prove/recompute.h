#pragma once
/* The ordinary computation as one call over any store or view of one: cleaning compiled, thresholds
 * learned, snapshots checked, features computed. Nothing is handed over from another computation
 * but the configuration, so whatever a view changes has every chance to show. */
#include "engine/exec/feature_run.h"

/* The sections that features and labels depend on. */
struct rcx_recompute_config {
    const struct rcx_cfg_cleaning *cleaning;
    const struct rcx_cfg_snapshots *snapshots;
    const struct rcx_cfg_features *features;
    const struct rcx_cfg_churn *churn;
    const struct rcx_cfg_clv *clv;
};

struct rcx_recompute {
    const struct rcx_recompute_config *config;
    const struct rcx_store *store;
    struct rcx_cfg_dates days; /* the snapshots; those of the configuration are not used */
    bool with_labels;
    struct rcx_parallel parallel;
    uint64_t table_bytes;                           /* as struct rcx_feature_run */
    rcx_feature_sink_function *sink, *summary_sink; /* as struct rcx_feature_run */
    void *sink_context;
};

/* Errors: RCX_E_USAGE (a snapshot with too little data before it), of the scan and the sink.
 *  out_fit  the thresholds that were learned */
enum rcx_status rcx_recompute(const struct rcx_recompute *run, struct rcx_outlier_fit *out_fit,
                              struct rcx_error *err);

/* The digest of a table without its label columns, which may see the future; 0: out of memory. */
struct rcx_digest rcx_feature_digest(const struct rcx_table *table);
