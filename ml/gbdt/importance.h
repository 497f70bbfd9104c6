#pragma once
/* Which features a model relies on, three ways.
 *
 *   gain         sum of the gains of all splits on the feature: what training gained by it
 *   split        how many splits there are on it
 *   permutation  how much a metric gets worse when the feature's values are shuffled among the rows of
 *                given data: what prediction loses without it (Breiman 2001). It needs labels, and
 *                says little about features that stand for one another.
 *
 * Gain and split favour features of many values, permutation does not. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"
#include "ml/metrics/metric.h"

/* out has one place per feature. */
void rcx_gbdt_importance_gain(const struct rcx_gbdt_model *model, double *out);
void rcx_gbdt_importance_split(const struct rcx_gbdt_model *model, double *out);
/* Features from the most important one on; equal ones by their number. */
void rcx_gbdt_importance_order(const double *importance, size_t count, size_t *out_order);

struct rcx_gbdt_permutation {
    const struct rcx_matrix *matrix; /* one column per feature of the model, in its order */
    const double *label;
    const double *weight; /* NULL: all 1 */
    const double *start;  /* initial raw score of each row; NULL: 0 */
    const struct rcx_metric *metric;
    double parameter;     /* of the metric */
    uint32_t repetitions; /* shuffles of each feature, at least 1 */
    uint64_t seed;
};

struct rcx_gbdt_permutation_result {
    double base;  /* the metric on the data as they are */
    double *mean; /* per feature: how much worse, positive when it matters; 0 for unused features */
    double *deviation; /* of the repetitions (n - 1); 0 for one */
};

/* Errors: RCX_E_INPUT (the metric is not defined on these rows), RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * The same numbers for any number of threads. The caller releases *out. */
enum rcx_status rcx_gbdt_importance_permutation(const struct rcx_gbdt_model *model,
                                                const struct rcx_gbdt_permutation *job,
                                                const struct rcx_parallel *parallel,
                                                struct rcx_gbdt_permutation_result *out,
                                                struct rcx_error *err);
void rcx_gbdt_permutation_release(struct rcx_gbdt_permutation_result *result);
