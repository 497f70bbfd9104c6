#include "ml/btyd/sigma_points.h"

#include <math.h>
#include <string.h>

static const double STEP = .25;     /* of a standard deviation */
static const double LEAST = 1e-300; /* keeps logarithms finite */
static const double NORMAL_975 = 1.959963984540054;

struct rcx_sigma_points rcx_sigma_points_of(const double *parameters, const double *log_covariance,
                                            unsigned n)
{
    struct rcx_sigma_points points = {0};
    double matrix[RCX_MAXIMISE_MOST * RCX_MAXIMISE_MOST];
    double lower[RCX_MAXIMISE_MOST * RCX_MAXIMISE_MOST];
    memcpy(matrix, log_covariance, (size_t)n * n * sizeof *matrix);
    bool held[RCX_MAXIMISE_MOST];
    for (unsigned i = 0; i < n; i++) {
        held[i] = matrix[i * n + i] == 0; /* known exactly: any variance will do, it is not moved */
        matrix[i * n + i] += held[i] ? 1 : 0;
    }
    if (!rcx_small_cholesky(matrix, n, lower))
        return points;
    for (unsigned column = 0; column < n; column++) {
        for (unsigned i = 0; i < n; i++) {
            double step = held[column] || held[i] ? 0 : STEP * lower[i * n + column];
            points.parameters[points.count][i] = parameters[i] * exp(step);
            points.parameters[points.count + 1][i] = parameters[i] * exp(-step);
        }
        points.count += 2;
    }
    return points;
}

static double to_scale(enum rcx_sigma_scale scale, double value)
{
    double logarithm = log(fmax(value, LEAST));
    if (scale == RCX_SIGMA_POSITIVE)
        return logarithm;
    return logarithm - log(fmax(1 - value, 0x1p-54));
}

double rcx_sigma_share(enum rcx_sigma_scale scale, double up, double down)
{
    double slope = (to_scale(scale, up) - to_scale(scale, down)) / (2 * STEP);
    return slope * slope;
}

void rcx_sigma_interval(enum rcx_sigma_scale scale, double value, double variance, double *low,
                        double *high)
{
    double reach = NORMAL_975 * sqrt(variance);
    if (value <= 0 || (scale == RCX_SIGMA_PROBABILITY && value >= 1)) {
        *low = value;
        *high = value;
    } else if (scale == RCX_SIGMA_POSITIVE) {
        *low = value * exp(-reach);
        *high = value * exp(reach);
    } else {
        double odds = to_scale(scale, value);
        *low = 1 / (1 + exp(reach - odds));
        *high = 1 / (1 + exp(-reach - odds));
    }
}
