#pragma once
/* Intervals of a function of fitted parameters by the delta method, with its slopes from differences
 * along the columns of a square root of the parameters' covariance (as in an unscented transform:
 * Julier, Uhlmann, Proc. IEEE 92, 2004): no derivative of any prediction needs to be written down.
 * Parameters move in logarithms; the variance is that of ln f for positive quantities and of
 * ln(f / (1 - f)) for probabilities, so that an interval stays in range. Private to ml/btyd. */
#include <stdbool.h>

#include "ml/btyd/maximise.h"

enum { RCX_SIGMA_MOST = 2 * RCX_MAXIMISE_MOST };

struct rcx_sigma_points {
    unsigned count; /* pairs, one up and one down each; 0: the covariance is not positive */
    double parameters[RCX_SIGMA_MOST][RCX_MAXIMISE_MOST];
};
struct rcx_sigma_points rcx_sigma_points_of(const double *parameters, const double *log_covariance,
                                            unsigned n);

enum rcx_sigma_scale { RCX_SIGMA_POSITIVE, RCX_SIGMA_PROBABILITY };

/* The share of a pair of points in the variance; the variance is the sum over the pairs. */
double rcx_sigma_share(enum rcx_sigma_scale scale, double up, double down);
/* 95 % interval; a variance of NaN gives NaN, a value at the end of the scale an interval of nothing.
 */
void rcx_sigma_interval(enum rcx_sigma_scale scale, double value, double variance, double *low,
                        double *high);
