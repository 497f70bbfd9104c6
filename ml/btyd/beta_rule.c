#include "ml/btyd/beta_rule.h"

#include <math.h>

static const double FALL = 44; /* ends where the integrand has fallen by e^-44 */
static const double STEP = .06;

void rcx_beta_rule_make(double a, double b, struct rcx_beta_rule *out)
{
    const double centre = log(a / b);
    const double scale = fmin(1, sqrt(1 / a + 1 / b));
    /* p^a (1 - p)^b falls in ln(p / (1 - p)) like e^(-a |u|) and, before that, like exp(-b e^-u) */
    const double left = -asinh((FALL / a + log1p(FALL / b) + 2) / scale);
    const double right = asinh((FALL / b + log1p(FALL / a) + 2) / scale);
    const double highest = -a * log1p(b / a) - b * log1p(a / b); /* of ln p^a (1 - p)^b */
    const unsigned steps = (unsigned)fmin(ceil((right - left) / STEP), RCX_BETA_RULE_MOST - 1);
    double mass = 0;
    out->count = steps + 1;
    for (unsigned i = 0; i <= steps; i++) {
        const double t = left + i * ((right - left) / steps);
        const double grown = exp(t);
        const double u = centre + scale * .5 * (grown - 1 / grown);
        const double rest = log1p(exp(-fabs(u)));
        const double log_p = u < 0 ? u - rest : -rest;
        const double log_not_p = u < 0 ? -rest : -u - rest;
        const double weight = exp(a * log_p + b * log_not_p - highest) * (grown + 1 / grown);
        out->p[i] = exp(log_p);
        out->weight[i] = weight;
        mass += weight;
    }
    for (unsigned i = 0; i <= steps; i++)
        out->weight[i] /= mass;
}
