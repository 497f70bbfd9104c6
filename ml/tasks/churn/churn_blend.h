#pragma once
/* How much the blend trusts what was learned: weights of trees and regression from customers that were
 * left out.
 *
 *     blend = behaviour + w1 x sum of the trees + w2 x (regression - behaviour)        log-odds
 *
 * Customers are split in two halves (by a hash of their id, the same at every snapshot). Each half is
 * predicted by models trained on the other half's rows, at the last two snapshots that may train: the
 * nearest to the evaluation of which labels are known. (w1, w2), each within [0, 1], have the least log
 * loss on these rows plus `shrinkage` x (w1^2 + w2^2) per row: with little to tell, the behaviour model
 * stays as it is. It also does, both weights 0, when at either of the two snapshots the log loss falls by
 * less than `least_gain` per customer: with a stationary shop what was learned in earlier months only
 * adds their noise, and its level. (Stacking: Wolpert 1992, Breiman 1996.)
 *
 * Nothing of the snapshot to be judged is looked at, so the embargo holds. Learned are at most about
 * 100,000 rows, whole customers of them. */
#include "ml/tasks/churn/churn_fit.h"

/* Weights for a model of the first `train_rows` rows with `tree_count` trees. The fixed ones
 * (churn.blend, and nothing of the regression) with churn.weights fixed, or when there are fewer rows
 * than churn.origin_rows or a half has one class only; without a start at the behaviour model
 * (churn.offset none) the blend is the trees.
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_churn_blend_learn(const struct rcx_churn_data *data, size_t train_rows,
                                      uint32_t tree_count, const struct rcx_parallel *parallel,
                                      struct rcx_churn_blend *out, struct rcx_error *err);

/* The weights alone: of rows with log-odds of the behaviour model, sums of the trees, log-odds of the
 * regression, and labels 0 or 1. */
void rcx_churn_blend_solve(const double *behaviour, const double *trees, const double *regression,
                           const double *label, size_t rows, struct rcx_churn_blend *out);
