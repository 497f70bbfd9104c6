#pragma once
/* What the churn stage tells: tables for files, one JSON document with all measures.
 * Errors of all: RCX_E_NOMEM (rcx_churn_importance_table also those of the permutation). */
#include "base/buf.h"
#include "ml/tasks/churn/churn_evaluate.h"
#include "ml/tasks/churn/churn_model.h"

/* Per snapshot, of the labelled rows of eligible customers: all, retained, churned; rates at other
 * horizons. */
enum rcx_status rcx_churn_statistics_table(const struct rcx_churn_data *data, struct rcx_table *out,
                                           struct rcx_error *err);
/* One row per origin and model, then the means over the origins that count. */
enum rcx_status rcx_churn_backtest_table(const struct rcx_churn_evaluation *evaluation,
                                         const struct rcx_churn_data *data, struct rcx_table *out,
                                         struct rcx_error *err);
/* The threshold curves: of the snapshot that the threshold was chosen on (curve "threshold"; not there
 * when it was not chosen), and of the test (curve "test"). */
enum rcx_status rcx_churn_threshold_table(const struct rcx_churn_evaluation *evaluation,
                                          struct rcx_table *out, struct rcx_error *err);
/* The rows all models were judged on, with what each said. */
enum rcx_status rcx_churn_judged_table(const struct rcx_churn_evaluation *evaluation,
                                       const struct rcx_churn_data *data, struct rcx_table *out,
                                       struct rcx_error *err);
/* Per input: gain and splits of the delivered trees, loss of the tested trees' log loss when it is
 * shuffled in the test, mean absolute effect on the scored customers (`effects`). */
enum rcx_status rcx_churn_importance_table(const struct rcx_churn_model *model,
                                           const struct rcx_churn_evaluation *evaluation,
                                           const struct rcx_churn_data *data, const double *effects,
                                           uint64_t seed, const struct rcx_parallel *parallel,
                                           struct rcx_table *out, struct rcx_error *err);

struct rcx_churn_report {
    const struct rcx_churn_data *data;
    const struct rcx_churn_evaluation *evaluation;
    const struct rcx_churn_model *model;
    const struct rcx_churn_economics *economics;
    const struct rcx_table *predictions;
};
enum rcx_status rcx_churn_metrics_json(const struct rcx_churn_report *report, struct rcx_buf *out,
                                       struct rcx_error *err);
