#pragma once
/* From a grown tree to values, scores and the model's tree.
 *
 * Leaf values are not taken from the quantised sums: gradients and hessians of each leaf's rows are
 * summed again in full precision, in pieces of fixed size that are added in order. Objectives that renew
 * take the quantile of the rows' residuals instead. */
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/grow.h"
#include "ml/gbdt/objective.h"

/* Room for the pieces of the leaves and, for objectives that renew, for residuals. */
struct rcx_leaf_work {
    struct rcx_leaf_piece *pieces;
    size_t piece_count, piece_capacity;
    double *residuals, *weights; /* [rows]; NULL when not needed */
    uint8_t *tables;             /* [leaves][256] which bins go left at each split */
};
enum rcx_status rcx_leaf_work_init(struct rcx_leaf_work *work, const struct rcx_grower *grower,
                                   const struct rcx_loss *loss, struct rcx_error *err);
void rcx_leaf_work_release(struct rcx_leaf_work *work);

struct rcx_leaf_input {
    const float *pairs; /* gradient and hessian of every row */
    const double *label, *weight, *score;
    const struct rcx_loss *loss;
    double learning_rate;
    double lower, upper; /* limits of every value, learning rate included */
};
/* Sets value (learning rate included) and hessian of every leaf. */
void rcx_leaf_values(struct rcx_grower *grower, struct rcx_leaf_work *work,
                     const struct rcx_leaf_input *input);

/* score[row] += value of its leaf, for the rows the tree was grown from. */
void rcx_leaf_add_scores(struct rcx_grower *grower, struct rcx_leaf_work *work, double *score);

/* The same for the rows of another data set with the same bins, by walking the tree; `skip` NULL or one
 * flag per row: not this one. */
void rcx_tree_add_scores(struct rcx_grower *grower, struct rcx_leaf_work *work,
                         const struct rcx_gbdt_dataset *dataset, const uint8_t *skip,
                         double *score);

/* The tree as a model holds it; `constant` is added to every value. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_tree_export(const struct rcx_grower *grower, double constant,
                                struct rcx_gbdt_tree *out, struct rcx_error *err);
