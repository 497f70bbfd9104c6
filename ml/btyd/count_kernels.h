#pragma once
/* Exactly n purchases within a horizon, of customers of equal x who are alive now.
 *
 * With N the purchases that there would be if nobody dropped out, which is negative binomial:
 * BG/NBD, MBG/NBD, with S_j the chance to stay after j of them: S_n P(N = n) + (S_(n-1) - S_n) P(N >= n).
 * Pareto/NBD: alive at the end with n purchases, or dead at a moment u with n purchases before,
 *   exp(log_rise) (f(horizon) (1 + horizon / B)^-s + s / B integral of f(u) (1 + u / B)^-(s + 1) du),
 *   f(u) = (u / (A + u))^n (1 + u / A)^-p,  A = alpha + T, B = beta + T, log_rise = ln (p)_n / n!,
 * by Gauss-Legendre in tau = ln(1 + kappa u) as in pareto_kernels.h, on panels as short as the peak of f
 * at n is narrow. Relative error below 1e-9 where the probability is not below 1e-250. */
#include <stddef.h>

#include "ml/btyd/dropout_kernels.h"
#include "ml/btyd/pareto_kernels.h"

/* P(N = n) and P(N >= n); lanes where P(N = 0) < e^-690 get NaN. Absolute error below n 1e-15. */
RCX_KERNEL_DECLARE(void, dropout_counts,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run,
                    double horizon, unsigned n, double *exactly, double *at_least))

RCX_KERNEL_DECLARE(void, pareto_count,
                   (const double *age, size_t lanes, const struct rcx_pareto_run *run,
                    double horizon, unsigned n, double log_rise, double *out))
