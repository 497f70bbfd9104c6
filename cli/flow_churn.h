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
#include "cli/flow_rows.h"
#include "ml/tasks/churn/churn_task.h"

/* The files, relative to the directory; NULL past the end. */
const char *rcx_flow_churn_output(size_t index);

/* Errors: of the snapshot dates, the scan, the task (RCX_E_INPUT: too little data, with what would
 * help); RCX_E_CONFIG (no such tier); RCX_E_IO. No file is there, or all of them. The caller releases
 * *out. */
enum rcx_status rcx_flow_churn(const struct rcx_flow_task *flow, struct rcx_churn_result *out,
                               struct rcx_error *err);

/* What the threshold is chosen by: the tier that churn.threshold_tier names. */
enum rcx_status rcx_flow_churn_economics(const struct rcx_config *config,
                                         struct rcx_churn_economics *out, struct rcx_error *err);
