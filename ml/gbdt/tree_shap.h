#pragma once
/* Exact Shapley values of a model's raw scores (TreeSHAP, path-dependent): how much each feature moved
 * this row away from the mean of the training rows.
 *
 * The game is that of Lundberg, Erion and Lee (2018): a feature that is not in the coalition sends the
 * row down both sides of its splits, in proportion to the training rows there. A leaf of value w whose
 * path has the features i, each with the share z_i of rows that followed it there and o_i = 1 when this
 * row does, else 0, adds to the value of feature i
 *
 *     w (o_i - z_i) integral over t in [0, 1] of  product over j != i of (z_j + t (o_j - z_j))  dt
 *
 * (Owen 1972). The integrand is a polynomial, so Gauss-Legendre quadrature with half as many nodes as
 * the path has features gives it exactly; all its factors are positive, so nothing cancels. Products
 * along the path grow on the way down, sums over leaves on the way up, so a tree costs
 * leaves x nodes instead of leaves x depth^2 (compare Yu et al., "Linear TreeSHAP", 2022). What depends
 * on the tree alone is in tables; eight rows are computed side by side.
 *
 * The values of a row and the base sum to its raw score, up to rounding. */
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"

struct rcx_shap;

/* Of the first `tree_limit` trees (0: all). Borrows the model.
 * Errors: RCX_E_INPUT (the model has no counts of training rows), RCX_E_NOMEM. */
enum rcx_status rcx_shap_build(const struct rcx_gbdt_model *model, size_t tree_limit,
                               struct rcx_shap **out, struct rcx_error *err);
void rcx_shap_release(struct rcx_shap *shap); /* NULL is fine */
/* Mean raw score of the training rows, by their counts. */
double rcx_shap_base(const struct rcx_shap *shap);

/*  matrix  one column per feature of the model, in its order
 *  out     out[row * (feature_count + 1) + feature]; the last one of a row is the base
 * Errors: RCX_E_INPUT (another number of columns), RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * The same bits for any number of threads. Threads: any number of calls at the same time. */
enum rcx_status rcx_shap_values(const struct rcx_shap *shap, const struct rcx_matrix *matrix,
                                const struct rcx_parallel *parallel, double *out,
                                struct rcx_error *err);
