#pragma once
/* Training of gradient-boosted decision trees.
 *
 *     rcx_gbdt_bins_build(&matrix, categorical, &params, &parallel, &bins, err)
 *     rcx_gbdt_dataset_build(&bins, &rows, &parallel, &train, err)        and one per validation set
 *     rcx_gbdt_train(&(struct rcx_gbdt_job){...}, &model, &history, err)
 *
 * Trees grow leaf by leaf (the leaf with the highest gain is split next). Gradients are rounded to small
 * integers for the search of splits (bits by the number of rows, up to 16), histograms are sums of
 * integers and the larger child's is the parent's less the smaller child's; leaf values come from the
 * full gradients, summed in a fixed order. So the model is the same, bit for bit, for any number of
 * threads and any instruction set.
 * Ke et al., "LightGBM", 2017; Shi et al., "Quantized training of GBDT", 2022.
 *
 * To add an objective: a row in ml/gbdt/objective.c. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_dataset.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/gbdt_params.h"

/* After every tree. `value` is that of the first metric on the first validation set, NaN without one. */
struct rcx_gbdt_progress {
    uint32_t iteration; /* trees made so far, from 1 */
    uint32_t iterations;
    const char *metric; /* NULL: none */
    double value;
};
typedef void rcx_gbdt_progress_function(void *context, const struct rcx_gbdt_progress *progress);

struct rcx_gbdt_valid {
    const char *name;
    const struct rcx_gbdt_dataset *dataset; /* made with the training set's bins */
};

/* What to train; all borrowed. */
struct rcx_gbdt_job {
    const struct rcx_gbdt_params *params;
    const struct rcx_gbdt_dataset *train;
    const struct rcx_gbdt_valid *valid;
    size_t valid_count;
    const struct rcx_gbdt_model
        *continue_from;                   /* its trees come first; NULL: none. Initial scores of
                                                   the rows are added to its scores. */
    const struct rcx_parallel *parallel;  /* NULL: this thread */
    rcx_gbdt_progress_function *progress; /* may be NULL; called on the training thread */
    void *progress_context;
    bool own_scores; /* several quantiles: see there */
};

enum { RCX_GBDT_MOST_METRICS = 8 };

/* values[(valid * metric_count + metric) * iterations + iteration] */
struct rcx_gbdt_history {
    size_t valid_count, metric_count, iterations;
    const char *metrics[RCX_GBDT_MOST_METRICS]; /* static names */
    double *values;
    uint32_t best_iteration; /* trees kept of this run; all of them without early stopping */
    double best_value;       /* of the first metric on the first validation set there; NaN: none */
    double seconds;          /* of training */
};
void rcx_gbdt_history_release(struct rcx_gbdt_history *history); /* zero is fine */

/* Trains a model. With early stopping the trees after the best iteration are dropped.
 *  out_model    released by the caller; feature names and ranges from the bins
 *  out_history  may be NULL
 * Errors: RCX_E_INPUT (labels that the objective does not take: not 0 and 1, one class only, negative,
 * constant; no feature that is not constant), RCX_E_CONFIG (parameters; an unknown metric; early
 * stopping without validation rows; constraints that are not one per feature), RCX_E_NOMEM,
 * RCX_E_INTERRUPTED. */
enum rcx_status rcx_gbdt_train(const struct rcx_gbdt_job *job, struct rcx_gbdt_model *out_model,
                               struct rcx_gbdt_history *out_history, struct rcx_error *err);

/* Several quantiles that never cross, in any row, seen or not: one is trained alone (the nearest to the
 * median, or the outermost one when it lies on a heap of equal labels, as the zeros of a revenue); each
 * farther one is its neighbour's model followed by trees of the distance, which begins at 0 and whose
 * leaf values keep it from changing its sign. Up to 20,000 rows distances are learned from cross-fitted
 * scores of the neighbour (five folds), because a model fits the rows it has seen too well; with
 * job->own_scores not, for a caller who measures on other rows how far to move the quantiles.
 *  job        params->objective is QUANTILE, params->alpha is ignored
 *  alphas     ascending, distinct, in (0, 1)
 *  out_models one per alpha
 * Errors: as above; none of the models is then set. */
enum rcx_status rcx_gbdt_train_quantiles(const struct rcx_gbdt_job *job, const double *alphas,
                                         size_t count, struct rcx_gbdt_model *out_models,
                                         struct rcx_error *err);
