#pragma once
/* Maximum of a smooth function of a few variables within a box.
 *
 * Newton's method with the exact Hessian: the step solves (shift I - H) step = gradient with the
 * smallest shift that makes the matrix positive and the function grow (Levenberg, Marquardt;
 * Nocedal, Wright, Numerical Optimization, 2006, 3.4). Variables that lie on the box with the gradient
 * pointing outwards are held. When Newton fails (values that are not finite, no convergence),
 * Nelder and Mead's simplex (Computer Journal 7, 1965) goes on from the best point, and Newton once
 * more from where that ends. */
#include <stdbool.h>

#include "base/status.h"

enum { RCX_MAXIMISE_MOST = 4 };

/* Value, gradient [n] and Hessian [n x n] (both or neither NULL) at x. A value that is not finite
 * means that x is no place to be. */
typedef enum rcx_status rcx_maximise_function(void *context, const double *x, double *value,
                                              double *gradient, double *hessian,
                                              struct rcx_error *err);

struct rcx_maximise {
    unsigned n;
    rcx_maximise_function *function;
    void *context;
    double low[RCX_MAXIMISE_MOST], high[RCX_MAXIMISE_MOST];
    double tolerance;    /* of the largest component of the gradient that is not held */
    unsigned iterations; /* most of Newton */
    bool newton_only;    /* no Nelder-Mead, as for the starts */
};

struct rcx_maximum {
    double x[RCX_MAXIMISE_MOST];
    double value;
    double gradient[RCX_MAXIMISE_MOST];
    double hessian[RCX_MAXIMISE_MOST * RCX_MAXIMISE_MOST];
    double gradient_norm; /* of the variables not held */
    bool held[RCX_MAXIMISE_MOST];
    bool converged, derivative_free;
    unsigned iterations;
};

/* Starts at out->x. Errors: of the function alone; not to converge is a result. */
enum rcx_status rcx_maximise(const struct rcx_maximise *problem, struct rcx_maximum *out,
                             struct rcx_error *err);

/* Small symmetric matrices, row-major [n x n], n <= RCX_MAXIMISE_MOST. */

/* matrix x = b by Cholesky; false: not positive definite (x is untouched). */
bool rcx_small_solve(const double *matrix, unsigned n, const double *b, double *x);
bool rcx_small_invert(const double *matrix, unsigned n, double *inverse);
/* The lower triangle L with L L' = matrix. */
bool rcx_small_cholesky(const double *matrix, unsigned n, double *lower);
/* By Jacobi rotations, in no order. */
void rcx_small_eigenvalues(const double *matrix, unsigned n, double *values);
