#pragma once
/* Logistic regression with a ridge: the plain model that trees have to beat.
 *
 * Columns are standardised (mean 0, deviation 1 over the training rows); a missing value counts as the
 * mean; the penalty ridge / 2 x |coefficients|^2 leaves the intercept free (scikit-learn's C is
 * 1 / ridge). Newton's method with step halving (IRLS), which ends when the largest component of the
 * gradient is below 1e-9 of the total weight; the problem is strictly convex, so there is one answer.
 * Heavy-tailed columns are better given through rcx_signed_log1p.
 *
 * Cost: iterations x rows x columns^2 / 2 multiplications, in chunks of rows on all threads; chunks are
 * added in their order, so the bits do not depend on the threads. */
#include <stdbool.h>
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/matrix.h"

struct rcx_logistic {
    size_t columns;
    double intercept;
    double *coefficient;    /* [columns] of the standardised columns; owned, one block with: */
    double *center, *scale; /* [columns] */
    unsigned iterations;
    bool converged;
};

struct rcx_logistic_options {
    double ridge;                     /* > 0 */
    unsigned most_iterations;         /* 0: 50 */
    const struct rcx_logistic *start; /* begin at its coefficients (same columns); NULL: at 0 */
    struct rcx_parallel parallel;
};

/*  label   0 and 1, both there
 *  weight  > 0; NULL: all 1
 * Errors: RCX_E_INPUT (one class only, no rows), RCX_E_NOMEM, RCX_E_INTERRUPTED. A fit that did not
 * converge is a result: see out->converged. The caller releases *out. */
enum rcx_status rcx_logistic_fit(const struct rcx_matrix *matrix, const double *label,
                                 const double *weight, const struct rcx_logistic_options *options,
                                 struct rcx_logistic *out, struct rcx_error *err);
void rcx_logistic_release(struct rcx_logistic *model); /* zero is fine */

/* Log-odds of the rows of a matrix with the same columns. */
void rcx_logistic_score(const struct rcx_logistic *model, const struct rcx_matrix *matrix,
                        double *out);
/* coefficient x (value - mean) / deviation: what the column adds to the log-odds of the row. */
double rcx_logistic_share(const struct rcx_logistic *model, size_t column, double value);

/* sign(x) log(1 + |x|); NaN stays. */
void rcx_signed_log1p(const double *values, size_t count, double *out);
/* 1 / (1 + exp(-x)) without overflow, and its inverse for p in (0, 1). */
double rcx_sigmoid(double x);
double rcx_logit(double p);
