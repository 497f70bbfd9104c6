#pragma once
/* Prediction with a model of trees: built once from the model, used for any number of rows.
 *
 * A tree asks thousands of times whether a double is at most a threshold, but a feature has few
 * thresholds in all trees together. So each row is encoded once: a value becomes the number of
 * thresholds below it (16 bits), a missing one the code that goes where the split sends missing
 * values. Then every split of every tree is one comparison of integers, and
 *
 *     node = left[node] + (code[column[node]] > threshold[node])
 *
 * walks it without a branch, eight rows side by side; leaves lead to themselves. A block of rows and
 * one tree stay in the first-level cache. Models that do not fit 16 bits (65,000 thresholds on one
 * feature, such category numbers) take the plain walk of rcx_gbdt_tree_leaf.
 * Related: Lucchese et al., "QuickScorer", 2015; Ye et al., "RapidScorer", 2018.
 *
 * The sum over trees is made in the order of the trees, from 0, as LightGBM makes it: the same bits for
 * any number of threads and every instruction set. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"

struct rcx_forest;

/* Of the first `tree_limit` trees (0: all). Borrows the model. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_forest_build(const struct rcx_gbdt_model *model, size_t tree_limit,
                                 struct rcx_forest **out, struct rcx_error *err);
void rcx_forest_release(struct rcx_forest *forest); /* NULL is fine */
size_t rcx_forest_tree_count(const struct rcx_forest *forest);

/* Raw scores.
 *  matrix  one column per feature of the model, in its order (model_inputs.h finds them by name)
 *  start   added to the sum of the trees, one per row; NULL: none
 *  out     one per row
 * Errors: RCX_E_INPUT (another number of columns), RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * Threads: any number of calls on one forest at the same time. */
enum rcx_status rcx_forest_scores(const struct rcx_forest *forest, const struct rcx_matrix *matrix,
                                  const double *start, const struct rcx_parallel *parallel,
                                  double *out, struct rcx_error *err);
/* Leaf numbers: out[row * tree_count + tree]. */
enum rcx_status rcx_forest_leaves(const struct rcx_forest *forest, const struct rcx_matrix *matrix,
                                  const struct rcx_parallel *parallel, uint32_t *out,
                                  struct rcx_error *err);

/* Build, predict, release: raw scores, or with `transform` predictions (probabilities, amounts). */
struct rcx_gbdt_predict_options {
    size_t tree_limit;   /* 0: all */
    const double *start; /* NULL: none */
    bool transform;
};
enum rcx_status rcx_gbdt_predict(const struct rcx_gbdt_model *model,
                                 const struct rcx_matrix *matrix,
                                 const struct rcx_gbdt_predict_options *options,
                                 const struct rcx_parallel *parallel, double *out,
                                 struct rcx_error *err);
