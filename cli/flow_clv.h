#pragma once
/* The value stage between a store and the files of a run directory. Prints nothing.
 *
 *     outputs/clv_targets.parquet, clv_model_metrics.json, clv_predictions.parquet,
 *     outputs/clv_decile_analysis.csv, clv_feature_importance.csv, clv_backtest.csv,
 *     outputs/clv_behaviour_holdout.csv, clv_evaluation.parquet,
 *     models/clv.model.txt, clv_q10.model.txt, clv_q50.model.txt, clv_q90.model.txt,
 *     models/clv_active.model.txt, clv_lapsed.model.txt, clv.json,
 *     models/clv_any.model.txt (only of a hurdle; else it is not there)
 *
 * Features, labels and behaviour of all snapshots are made in one pass over the store and go into the
 * task one snapshot after the other (ml/tasks/clv). */
#include "cli/flow_rows.h"
#include "ml/tasks/clv/clv_task.h"

/* The files, relative to the directory; NULL past the end. The last one may be missing. */
const char *rcx_flow_clv_output(size_t index);

/* Errors: of the snapshot dates, the scan, the task (RCX_E_INPUT: too little data, with what would
 * help); RCX_E_IO. Nothing is written before all is computed. The caller releases *out. */
enum rcx_status rcx_flow_clv(const struct rcx_flow_task *flow, struct rcx_clv_result *out,
                             struct rcx_error *err);
