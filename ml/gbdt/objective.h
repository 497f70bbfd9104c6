#pragma once
/* What is minimised, one row of a registry per objective: which labels it takes, the best constant to
 * start from, gradient and hessian by the raw score, whether leaf values are renewed, what measures it.
 *
 * To add one: 1. its gradients in gradient_kernels_impl.c; 2. its row and functions in objective.c;
 * 3. its name in gbdt_params.c; 4. its row in RCX_GBDT_OBJECTIVES (gbdt_model.h) if it is new there;
 * 5. its loss in tests/ml/test_objective.c, which checks the row by finite differences. */
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "ml/gbdt/gbdt_params.h"
#include "ml/gbdt/gradient_kernels.h"

struct rcx_label_view {
    const double *label;
    const double *weight; /* NULL: 1 */
    size_t rows;
};

/* An objective for one training run. */
struct rcx_loss {
    const struct rcx_loss_row *row;
    double sigmoid, weight_of_0, weight_of_1; /* binary */
    double power;                             /* tweedie */
    double alpha;                             /* quantile */
};

struct rcx_loss_row {
    enum rcx_gbdt_objective objective;
    const char *metric; /* its own measure */
    bool renews;        /* leaf values become quantiles of the residuals */
    enum rcx_status (*check)(const struct rcx_label_view *view, struct rcx_error *err);
    /* The raw score that is best for all rows; `scratch` has room for two numbers a row. */
    double (*constant)(const struct rcx_loss *loss, const struct rcx_label_view *view,
                       double *scratch);
    void (*gradients)(const struct rcx_loss *loss, const struct rcx_gradient_rows *rows,
                      float *out);
};

/* NULL: the objective is not trained. */
const struct rcx_loss_row *rcx_loss_find(enum rcx_gbdt_objective objective);

/* Errors: RCX_E_INPUT (labels), RCX_E_CONFIG (an objective that is not trained). */
enum rcx_status rcx_loss_init(struct rcx_loss *loss, const struct rcx_gbdt_params *params,
                              const struct rcx_label_view *view, struct rcx_error *err);

/* Quantile of `count` > 0 values, which are put in another order: between the order statistics next to
 * rank alpha (count - 1), counted from 0. */
double rcx_quantile_of(double *values, size_t count, double alpha);
/* The lowest value at or below which the share `alpha` of the weight lies; both arrays are put in order.
 */
double rcx_weighted_quantile_of(double *values, double *weights, size_t count, double alpha);
