#pragma once
/* The churn stage between a store and the files of a run directory. Prints nothing.
 *
 *     outputs/churn_labels.parquet, churn_label_statistics.csv, churn_model_metrics.json,
 *     outputs/churn_predictions.parquet, churn_feature_importance.csv, churn_backtest.csv,
 *     outputs/churn_threshold.csv, churn_shap_summary.csv, churn_evaluation.parquet,
 *     models/churn.model.txt, churn.json
 *
 * Features, labels and behaviour of all snapshots are made in one pass over the store and go into the
 * task one snapshot after the other (ml/tasks/churn). */
#include "cli/flow_store.h"
#include "ml/tasks/churn/churn_task.h"

struct rcx_flow_churn {
    const struct rcx_flow_store *from; /* thresholds learned */
    const struct rcx_config *config;
    const char *directory; /* of the run */
    struct rcx_parallel parallel;
    uint64_t table_bytes; /* most bytes of feature tables in memory at a time; 0: no limit */
    bool no_sync;
};

/* The files, relative to the directory; NULL past the end. */
const char *rcx_flow_churn_output(size_t index);

/* Errors: of the snapshot dates, the scan, the task (RCX_E_INPUT: too little data, with what would
 * help); RCX_E_CONFIG (no such tier); RCX_E_IO. No file is there, or all of them. The caller releases
 * *out. */
enum rcx_status rcx_flow_churn(const struct rcx_flow_churn *flow, struct rcx_churn_result *out,
                               struct rcx_error *err);

/* What the threshold is chosen by: the tier that churn.threshold_tier names. */
enum rcx_status rcx_flow_churn_economics(const struct rcx_config *config,
                                         struct rcx_churn_economics *out, struct rcx_error *err);

/* Features with labels, and behaviour, of one snapshot after the other. */
struct rcx_flow_rows {
    const struct rcx_flow_store *from;
    const struct rcx_config *config;
    const struct rcx_snapshots *snapshots;
    struct rcx_parallel parallel;
    uint64_t table_bytes;
    /* Gets both tables of a snapshot, and whether the behaviour model could be fitted; may take them. */
    enum rcx_status (*add)(void *context, size_t snapshot, struct rcx_table *features,
                           struct rcx_table *behaviour, bool fitted, struct rcx_error *err);
    void *context;
};
enum rcx_status rcx_flow_rows(const struct rcx_flow_rows *flow, struct rcx_error *err);
