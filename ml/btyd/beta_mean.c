#include "ml/btyd/beta_mean.h"

#include <math.h>

struct customer {
    double shape, end, gap, horizon;
};

/* (1 - (1 + p w)^-shape) / p from ln p. */
static double purchases(const struct customer *customer, double log_p)
{
    double shape = customer->shape, w = customer->horizon / customer->end;
    double p = exp(log_p);
    double power = -shape * log1p(p * w);
    if (p * w < 1e-12)
        return shape * w;
    return -expm1(power) / p;
}

static double returns(const struct customer *customer, double log_p)
{
    double later = customer->end + exp(log_p) * customer->gap;
    double there = exp(-customer->shape * log(later / customer->end));
    return there * -expm1(-customer->shape * log1p(customer->horizon / later));
}

static double beta_mean(const struct customer *customer, double a, double b,
                        double (*function)(const struct customer *customer, double log_p))
{
    enum { POINTS = 400 };
    const double FALL = 44; /* ends where the integrand has fallen by e^-44 */
    double centre = log(a / b);
    double scale = fmin(1, sqrt(1 / a + 1 / b));
    /* p^a (1 - p)^b falls in ln(p / (1 - p)) like e^(-a |u|) and, before that, like exp(-b e^-u) */
    double left = -asinh((FALL / a + log1p(FALL / b) + 2) / scale);
    double right = asinh((FALL / b + log1p(FALL / a) + 2) / scale);
    double highest = -a * log1p(b / a) - b * log1p(a / b); /* of ln p^a (1 - p)^b */
    double step = (right - left) / POINTS;
    double sum = 0;
    double mass = 0;
    for (int i = 0; i <= POINTS; i++) {
        double t = left + i * step;
        double u = centre + scale * sinh(t);
        double log_p = u < 0 ? u - log1p(exp(u)) : -log1p(exp(-u));
        double log_rest = u < 0 ? -log1p(exp(u)) : -u - log1p(exp(-u));
        double weight = exp(a * log_p + b * log_rest - highest) * cosh(t);
        mass += weight;
        sum += weight * function(customer, log_p);
    }
    return sum / mass;
}

double rcx_beta_mean_purchases(double shape, double end, double a, double b, double horizon)
{
    const struct customer customer = {.shape = shape, .end = end, .horizon = horizon};
    return beta_mean(&customer, a, b, purchases);
}

double rcx_beta_mean_returns(double shape, double end, double a, double b, double gap,
                             double horizon)
{
    const struct customer customer = {shape, end, gap, horizon};
    return beta_mean(&customer, a, b, returns);
}
