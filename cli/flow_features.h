#pragma once
/* The feature stage between a store and files: the feature table, snapshot by snapshot, and
 * feature_metadata.json. Prints nothing. */
#include "cli/flow_store.h"
#include "config/config.h"
#include "engine/exec/feature_metadata.h"

struct rcx_flow_features {
    const struct rcx_flow_store *from;
    const struct rcx_config *config; /* snapshots, features, churn, clv, export */
    struct rcx_parallel parallel;
    uint64_t table_bytes; /* most bytes of tables in memory at a time; 0: no limit */
    bool with_labels;
    /* With labels: those of other horizons beside them (engine/pit/labels.h); NULL: none. Tables with
     * them are for `also`, not for files that are appended to. */
    const struct rcx_more_horizons *more_horizons;
    const char *output; /* the table; NULL: none */
    /* Snapshots that `output` holds already stay, byte for byte; the dates asked for are added. When
     * the store has another content than those were computed from, they are computed again in the
     * same pass and compared, and RCX_E_INPUT says when late rows have changed one. */
    bool append;
    const char *format;      /* NULL: by the extension of output */
    const char *metadata;    /* feature_metadata.json; NULL: none */
    const char *created;     /* time of creation, or NULL */
    const char *also_format; /* of a second file beside `output`, see sink.h; NULL: none */
    bool no_sync;
    /* Also gets every finished table, after it was written; may take it. NULL: nobody. */
    rcx_feature_sink_function *also;
    void *also_context;
    /* Gets the summary table of every snapshot that is computed (engine/exec/summary_table.h), before
     * its features; may take it. NULL: none is made. */
    rcx_feature_sink_function *summary;
    /* Works on it before, as in struct rcx_feature_run. NULL: nobody. */
    rcx_feature_sink_function *summary_work;
    void *summary_context;
};

struct rcx_flow_features_result {
    struct rcx_snapshots snapshots;            /* of the table, owned */
    struct rcx_snapshots added;                /* those that were computed now, owned */
    char config_digest[RCX_DIGEST_TEXT_BYTES]; /* of the definitions (feature_lineage.h) */
    struct rcx_snapshot_counts *counts;        /* [snapshots], owned */
    struct rcx_feature_metadata metadata;      /* owned */
    uint64_t rows;
    size_t passes;
};
void rcx_flow_features_result_release(struct rcx_flow_features_result *result);

/* Errors: RCX_E_USAGE and RCX_E_INPUT of the snapshot dates, RCX_E_CONFIG, of the scan and the
 * files; then no file is there. The caller releases *out. */
enum rcx_status rcx_flow_features(const struct rcx_flow_features *flow,
                                  struct rcx_flow_features_result *out, struct rcx_error *err);
