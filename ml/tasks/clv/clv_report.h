#pragma once
/* What the value stage tells: tables for files, one JSON document with all measures.
 * Errors of all: RCX_E_NOMEM. */
#include "ml/tasks/clv/clv_score.h"

/* One row per origin and model, then the means over the origins that count. */
enum rcx_status rcx_clv_backtest_table(const struct rcx_clv_evaluation *evaluation,
                                       struct rcx_table *out, struct rcx_error *err);
/* Customers of the test by tenths of the delivered value, the highest first. */
enum rcx_status rcx_clv_decile_table(const struct rcx_clv_evaluation *evaluation,
                                     const struct rcx_clv_data *data, struct rcx_table *out,
                                     struct rcx_error *err);
/* The rows all models were judged on, with what each said; quantiles and intervals at the test. */
enum rcx_status rcx_clv_judged_table(const struct rcx_clv_evaluation *evaluation,
                                     const struct rcx_clv_data *data, struct rcx_table *out,
                                     struct rcx_error *err);
/* Gain and splits of each input in the trees of clv.model.txt. */
enum rcx_status rcx_clv_importance_table(const struct rcx_clv_model *model, struct rcx_table *out,
                                         struct rcx_error *err);
/* The behaviour model at the test, by repeat purchases: value and silence, expected and seen. */
enum rcx_status rcx_clv_holdout_table(const struct rcx_clv_evaluation *evaluation,
                                      const struct rcx_clv_data *data, struct rcx_table *out,
                                      struct rcx_error *err);

/* How the intervals held at the test. A negative target counts as 0, as the models learn it. */
struct rcx_clv_coverage {
    double share;     /* of customers whose value lies within */
    double raw;       /* the same with negative targets as they are */
    double width;     /* mean */
    double one_sided; /* share of intervals that begin at 0 */
    double pinball[RCX_CLV_QUANTILES];
};
struct rcx_clv_coverage rcx_clv_coverage_of(const struct rcx_clv_evaluation *evaluation,
                                            const struct rcx_clv_data *data);

/* The best of the simple candidates by the mean over the origins, and the best of the trees. */
enum rcx_clv_candidate rcx_clv_best(const struct rcx_clv_evaluation *evaluation,
                                    enum rcx_clv_candidate from, enum rcx_clv_candidate end);

struct rcx_clv_report {
    const struct rcx_clv_data *data;
    const struct rcx_clv_evaluation *evaluation;
    const struct rcx_clv_model *model;
    const struct rcx_clv_scores *scores;
};
enum rcx_status rcx_clv_metrics_json(const struct rcx_clv_report *report, struct rcx_buf *out,
                                     struct rcx_error *err);
