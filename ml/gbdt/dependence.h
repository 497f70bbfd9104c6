#pragma once
/* Partial dependence: the mean prediction over given rows when one feature has a given value in all of
 * them (Friedman 2001). It shows the shape of a feature's effect, and misleads where the feature moves
 * together with others. */
#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"

/* Up to `most` distinct values of a column, ascending, spread evenly over its rows, minimum and maximum
 * included; NaN last when there are missing values. `out` has room for most + 1. Returns how many.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_dependence_grid(const double *column, size_t rows, size_t most,
                                         double *out, size_t *out_count, struct rcx_error *err);

/*  transform  mean of the predictions, not of the raw scores
 *  out        one mean per value
 * Errors: RCX_E_INPUT (another number of columns), RCX_E_NOMEM, RCX_E_INTERRUPTED. The same bits for any
 * number of threads. */
enum rcx_status rcx_gbdt_dependence(const struct rcx_gbdt_model *model,
                                    const struct rcx_matrix *matrix, size_t feature,
                                    const double *values, size_t value_count, int transform,
                                    const struct rcx_parallel *parallel, double *out,
                                    struct rcx_error *err);
