#include <math.h>

#include "ml/btyd/gamma_gamma.h"
#include "ml/btyd/sigma_points.h"

enum { N = RCX_GAMMA_GAMMA_PARAMETERS };

/* p (v + x m) / (p x + q - 1); without a value (x = 0, or m <= 0) the population's. */
static double expect_one(const double *parameters, double x, double m)
{
    bool known = x > 0 && m > 0;
    double total = known ? x * m : 0;
    double count = known ? x : 0;
    return parameters[0] * (parameters[2] + total) / (parameters[0] * count + parameters[1] - 1);
}

void rcx_gamma_gamma_expect(const struct rcx_gamma_gamma_fit *fit, const double *frequency,
                            const double *value, size_t count, double *out, double *low,
                            double *high)
{
    const double parameters[N] = {fit->p, fit->q, fit->v};
    struct rcx_sigma_points points = {0};
    if (low && !fit->plain_mean && fit->has_covariance)
        points = rcx_sigma_points_of(parameters, fit->log_covariance, N);
    for (size_t i = 0; i < count; i++) {
        if (fit->plain_mean) {
            out[i] = fit->mean;
        } else {
            out[i] = expect_one(parameters, frequency[i], value[i]);
        }
        if (!low)
            continue;
        double variance = points.count > 0 ? 0 : (double)NAN;
        for (unsigned k = 0; k < points.count; k += 2) {
            double up = expect_one(points.parameters[k], frequency[i], value[i]);
            double down = expect_one(points.parameters[k + 1], frequency[i], value[i]);
            variance += rcx_sigma_share(RCX_SIGMA_POSITIVE, up, down);
        }
        rcx_sigma_interval(RCX_SIGMA_POSITIVE, out[i], variance, &low[i], &high[i]);
    }
}
