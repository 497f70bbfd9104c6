#pragma once
/* Sums over customers of equal x, and expectations of single ones, for Pareto/NBD.
 *
 * Up to factors without T and t_x the likelihood of a customer is the chance to be alive now, plus
 * that to have died at a moment y since the last purchase (p = r + x):
 *   A + I = (alpha + T)^-p (beta + T)^-s + s integral from t_x to T of
 *           (alpha + y)^-p (beta + y)^-(s + 1) dy.
 * Fader and Hardie turn the integral into two 2F1 whose difference loses all digits for large x. Here
 * it is computed as it stands, by Gauss-Legendre in tau = ln(1 + kappa (y - t_x)), in which the
 * integrand is smooth at every scale of alpha, beta, and its own decay; kappa = max(p, 1) /
 * (alpha + t_x) + (s + 1) / (beta + t_x). Every derivative is a moment of the same integrand.
 * Relative error below 1e-11 (tests/ml/test_pareto_likelihood.c). */
#include <stddef.h>

#include "base/kernel.h"
#include "ml/btyd/gauss_rules.h"

enum { RCX_PARETO_RULES = 8, RCX_PARETO_COUNT_RULE = 3 /* of 16 nodes */ };

/* Rules by length of the interval, so that the relative error stays below 1e-11: rule i up to
 * longest[i]. Measured over random parameters, x, t_x and T; the first is for nearly no length. */
struct rcx_pareto_rules {
    double longest[RCX_PARETO_RULES];
    struct rcx_gauss_rule rules[RCX_PARETO_RULES];
};
struct rcx_pareto_rules rcx_pareto_rules_of(void); /* ~50 microseconds */

struct rcx_pareto_run {
    double shape, alpha, s, beta; /* shape: r + x */
    const struct rcx_pareto_rules *rules;
};

/* Weighted sums of ln(A + I) and of its derivatives by (p, alpha, s, beta): the value, 4 first ones,
 * 10 second ones (rows of the upper triangle). */
enum { RCX_PARETO_SUMS = 15 };
RCX_KERNEL_DECLARE(void, pareto_sums,
                   (const double *t_x, const double *age, const double *weight, size_t lanes,
                    const struct rcx_pareto_run *run, double out[RCX_PARETO_SUMS]))

/* P(alive) = A / (A + I). */
RCX_KERNEL_DECLARE(void, pareto_alive,
                   (const double *t_x, const double *age, size_t lanes,
                    const struct rcx_pareto_run *run, double *out))

/* No purchase within the horizon, alive or dead at its end, of a customer who is alive. */
RCX_KERNEL_DECLARE(void, pareto_silent,
                   (const double *age, size_t lanes, const struct rcx_pareto_run *run,
                    double horizon, double *out))

/* Expected purchases within the horizon of a customer who is alive:
 * p (beta + T) / ((alpha + T) (s - 1)) (1 - ((beta + T) / (beta + T + horizon))^(s - 1)). */
RCX_KERNEL_DECLARE(void, pareto_purchases,
                   (const double *age, size_t lanes, const struct rcx_pareto_run *run,
                    double horizon, double *out))
