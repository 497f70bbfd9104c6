#pragma once
/* How good predictions are: one row of a registry per measure, plain arrays in, a number out.
 *
 * The learners use it for early stopping, the tasks for their reports. Measures on probabilities
 * (auc, average_precision, binary_logloss, brier, ece) want labels 0 and 1; those on amounts (l1, l2,
 * rmse, r2, quantile, tweedie, gini, spearman) any labels. Weights behave as repeated rows. Names and
 * values follow scikit-learn and LightGBM where those have the measure:
 *   binary_logloss  probabilities are kept within [2^-52, 1 - 2^-52]
 *   ece             10 bins of equal width [k/10, (k+1)/10), see reliability.h
 *   r2              a constant label gives 1 when every prediction is right, else 0
 *   quantile        mean pinball loss; parameter = the quantile in (0, 1)
 *   tweedie         mean unit deviance; parameter = the power in [1, 2]; label >= 0 (> 0 for 2),
 *                   prediction > 0
 *   gini            area between the captured amounts and the diagonal over that of the perfect order;
 *                   2 AUC - 1 for labels 0 and 1
 *   spearman        correlation of the mid-ranks
 * Ties: see ranking.h. What is not defined (no rows, one class, values outside of a domain) is NaN.
 * Sums are made in chunks of 8,192 rows, added in their order: the same bits for any number of threads.
 *
 * To add a measure: 1. a row in metric.c; 2. its line here; 3. a reference in tests/ml/test_metric.c
 * and, when scikit-learn has it, tests/interop/test_metrics.py. */
#include <stdbool.h>
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/metrics/ranking.h"

/* Labels with predictions; all borrowed. */
struct rcx_scored {
    const double *label;
    const double *score;  /* probability, amount, or anything to rank by */
    const double *weight; /* >= 0; NULL: all 1 */
    size_t count;
};

struct rcx_metric;

/* NULL: there is no such measure; see rcx_metric_name_at. */
const struct rcx_metric *rcx_metric_find(const char *name);
/* The names of all measures in the order of the registry, NULL past the end. */
const char *rcx_metric_name_at(size_t index);
const char *rcx_metric_name(const struct rcx_metric *metric);
bool rcx_metric_higher_is_better(const struct rcx_metric *metric);
bool rcx_metric_wants_parameter(const struct rcx_metric *metric);

/*  parameter  of quantile and tweedie; others ignore it
 *  parallel   NULL: on this thread
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. Threads: any number at the same time. */
enum rcx_status rcx_metric_value(const struct rcx_metric *metric, const struct rcx_scored *rows,
                                 double parameter, const struct rcx_parallel *parallel, double *out,
                                 struct rcx_error *err);

/* The loss of one row, of which binary_logloss and brier are the weighted means. */
double rcx_log_loss_of(double label, double probability);
double rcx_brier_of(double label, double probability);
