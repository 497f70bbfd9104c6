#include "ml/btyd/gamma_functions.h"

#include <math.h>

static const double LARGE = 12;
static const double HALF_LOG_TWO_PI = 0.91893853320467274178;

/* What Stirling's series adds to (z - 1/2) ln z - z, ln z - 1 / (2 z), 1 / z + 1 / (2 z^2). */
static struct rcx_gamma_values series(double z)
{
    double u = 1 / (z * z);
    struct rcx_gamma_values s;
    s.log = 691.0 / 360360;
    s.log = 1.0 / 1188 - u * s.log;
    s.log = 1.0 / 1680 - u * s.log;
    s.log = 1.0 / 1260 - u * s.log;
    s.log = 1.0 / 360 - u * s.log;
    s.log = (1.0 / 12 - u * s.log) / z;
    s.first = 1.0 / 12;
    s.first = 691.0 / 32760 - u * s.first;
    s.first = 1.0 / 132 - u * s.first;
    s.first = 1.0 / 240 - u * s.first;
    s.first = 1.0 / 252 - u * s.first;
    s.first = 1.0 / 120 - u * s.first;
    s.first = -u * (1.0 / 12 - u * s.first);
    s.second = 7.0 / 6;
    s.second = 691.0 / 2730 - u * s.second;
    s.second = 5.0 / 66 - u * s.second;
    s.second = 1.0 / 30 - u * s.second;
    s.second = 1.0 / 42 - u * s.second;
    s.second = 1.0 / 30 - u * s.second;
    s.second = u * (1.0 / 6 - u * s.second) / z;
    return s;
}

/* Adds the factor z + i of a product, i < count. */
static void add_factors(double z, double count, struct rcx_gamma_values *sum)
{
    double product = 1; /* of a few factors below LARGE + 1: logarithms are what costs */
    for (unsigned i = 0; i < count; i++) {
        double factor = z + i, inverse = 1 / factor;
        product *= factor;
        sum->first += inverse;
        sum->second -= inverse * inverse;
    }
    sum->log += log(product);
}

struct rcx_gamma_values rcx_gamma_values(double z)
{
    struct rcx_gamma_values below = {0};
    if (z < LARGE) {
        double steps = ceil(LARGE - z);
        add_factors(z, steps, &below);
        z += steps;
    }
    struct rcx_gamma_values s = series(z);
    double log_z = log(z);
    return (struct rcx_gamma_values){
        .log = (z - .5) * log_z - z + HALF_LOG_TWO_PI + s.log - below.log,
        .first = log_z - .5 / z + s.first - below.first,
        .second = (1 + .5 / z) / z + s.second - below.second,
    };
}

struct rcx_gamma_values rcx_gamma_rise(double z, double k)
{
    struct rcx_gamma_values rise = {0};
    double steps = z < LARGE ? ceil(LARGE - z) : 0;
    steps = steps < k ? steps : k;
    add_factors(z, steps, &rise);
    z += steps;
    k -= steps;
    if (k <= 0)
        return rise;
    double end = z + k;
    double step = log1p(k / z);
    struct rcx_gamma_values low = series(z);
    struct rcx_gamma_values high = series(end);
    rise.log += (z - .5) * step + k * (log(end) - 1) + (high.log - low.log);
    rise.first += step + .5 * k / (z * end) + (high.first - low.first);
    rise.second -= k / (z * end) * (1 + .5 * (1 / z + 1 / end)) - (high.second - low.second);
    return rise;
}
