#pragma once
/* Making probabilities mean what they say.
 *
 *   Platt      p' = sigmoid(a logit(p) + b), maximum likelihood on the softened targets of Platt (1999)
 *              as Lin, Lin and Weng (2007) fit them
 *   isotonic   the rising step function of least squared error (pool adjacent violators; Ayer et al.
 *              1955), linear between the middles of its steps; kept within [1/(n+2), (n+1)/(n+2)],
 *              n the rows, because a handful of rows never proves a probability of 0 or 1
 *   prior      undoes the weighting of one class: a model trained with weight w on label 1 says
 *              odds w times too high (Elkan 2001) */
#include <stddef.h>

#include "base/status.h"

enum rcx_calibration_kind {
    RCX_CALIBRATION_NONE,
    RCX_CALIBRATION_PLATT,
    RCX_CALIBRATION_ISOTONIC,
};
const char *rcx_calibration_name(enum rcx_calibration_kind kind); /* "none", "platt", "isotonic" */

/* Zero is a valid "none". */
struct rcx_calibration {
    enum rcx_calibration_kind kind;
    double a, b;       /* Platt */
    size_t points;     /* isotonic: */
    double *from, *to; /* [points] ascending probabilities and what they become; one owned block */
};

/* Fits on rows that the model was not trained on. Weights are all 1.
 *  label  0 and 1; probability in [0, 1]
 * Errors: RCX_E_INPUT (no rows, one class), RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_calibration_fit(enum rcx_calibration_kind kind, const double *label,
                                    const double *probability, size_t count,
                                    struct rcx_calibration *out, struct rcx_error *err);
void rcx_calibration_release(struct rcx_calibration *calibration);
double rcx_calibrate(const struct rcx_calibration *calibration, double probability);

/* The probability as it is without the weight on label 1. */
double rcx_prior_correct(double probability, double positive_weight);
