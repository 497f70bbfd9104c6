#include "ml/btyd/count_probability.h"

#include <math.h>

#include "ml/btyd/gamma_functions.h"

double rcx_count_exactly(double shape, double end, double horizon, unsigned n)
{
    double log_n = n > 0 ? n * log(horizon / (end + horizon)) : 0;
    return exp(rcx_gamma_rise(shape, n).log - rcx_gamma_rise(1, n).log + log_n -
               shape * log1p(horizon / end));
}

double rcx_count_at_least(double shape, double end, double horizon, unsigned n)
{
    double below = 0;
    for (unsigned j = 0; j < n; j++)
        below += rcx_count_exactly(shape, end, horizon, j);
    return fmax(1 - below, 0);
}
