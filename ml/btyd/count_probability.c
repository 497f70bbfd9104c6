#include "ml/btyd/count_probability.h"

#include <math.h>

#include "ml/btyd/gamma_functions.h"
#include "ml/btyd/gauss_rules.h"
#include "ml/btyd/likelihood.h"

/* ln P(N = n) for a gamma(shape, end) rate during `time`. */
static double log_negative_binomial(double shape, double end, double time, double n)
{
    double log_n = n > 0 ? n * log(time / (end + time)) : 0;
    return rcx_gamma_rise(shape, n).log - rcx_gamma_rise(1, n).log + log_n -
           shape * log1p(time / end);
}

static double at_least(double shape, double end, double time, unsigned n)
{
    double below = 0;
    for (unsigned j = 0; j < n; j++)
        below += exp(log_negative_binomial(shape, end, time, j));
    return fmax(1 - below, 0);
}

static double dropout_count(enum rcx_btyd_model model, const double *parameters, double x,
                            double age, double horizon, unsigned n)
{
    double shape = parameters[0] + x;
    double end = parameters[1] + age;
    double exact = exp(log_negative_binomial(shape, end, horizon, n));
    if (model == RCX_BTYD_NBD || n == 0)
        return exact;
    double a = parameters[2];
    double b = parameters[3] + rcx_btyd_chances(model, x);
    double before = exp(rcx_gamma_rise(b, n - 1).log - rcx_gamma_rise(a + b, n - 1).log);
    double stay = (b + n - 1) / (a + b + n - 1); /* a / (a + b + n - 1) leave at the n-th */
    return before * (stay * exact + (1 - stay) * at_least(shape, end, horizon, n));
}

static double pareto_count(const double *parameters, double x, double age, double horizon,
                           unsigned n)
{
    enum { NODES = 32, PANELS = 8 };
    double shape = parameters[0] + x;
    double end = parameters[1] + age;
    double s = parameters[2];
    double beta = parameters[3] + age;
    double sum = exp(log_negative_binomial(shape, end, horizon, n) - s * log1p(horizon / beta));
    struct rcx_gauss_rule rule = rcx_gauss_rule_of(NODES);
    for (unsigned panel = 0; panel < PANELS && horizon > 0; panel++) {
        double from = panel == 0 ? 0 : ldexp(horizon, (int)panel - PANELS);
        double to = ldexp(horizon, (int)panel + 1 - PANELS);
        for (unsigned j = 0; j < NODES; j++) {
            double u = from + (to - from) * rule.nodes[j];
            sum += (to - from) * rule.weights[j] * s / (beta + u) *
                   exp(log_negative_binomial(shape, end, u, n) - s * log1p(u / beta));
        }
    }
    return sum;
}

double rcx_count_probability(enum rcx_btyd_model model, const double *parameters, double x,
                             double age, double horizon, unsigned n)
{
    if (horizon <= 0)
        return n == 0 ? 1 : 0;
    double p = model == RCX_BTYD_PARETO ? pareto_count(parameters, x, age, horizon, n)
                                        : dropout_count(model, parameters, x, age, horizon, n);
    return fmin(p, 1);
}
