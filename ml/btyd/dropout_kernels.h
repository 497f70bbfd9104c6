#pragma once
/* Sums over customers of equal x for BG/NBD, MBG/NBD and NBD (dropout.h says what of), and the
 * expectations of single customers. */
#include <stddef.h>

#include "base/kernel.h"
#include "ml/btyd/beta_rule.h"

/* With u = ln(alpha + T), L = ln((alpha + T) / (alpha + t_x)), D = 1 / (alpha + T) - 1 / (alpha +
 * t_x), E = 1 / (alpha + t_x)^2 - 1 / (alpha + T)^2, d = log_odds + (r + x) L, s = 1 - P(alive) =
 * e^d / (1 + e^d), v = s (1 - s): weighted sums of */
enum rcx_dropout_sum {
    RCX_DROPOUT_U,         /* u */
    RCX_DROPOUT_INVERSE,   /* 1 / (alpha + T) */
    RCX_DROPOUT_INVERSE_2, /* 1 / (alpha + T)^2 */
    RCX_DROPOUT_LOG,       /* ln(1 + e^d) */
    RCX_DROPOUT_S,
    RCX_DROPOUT_S_L,
    RCX_DROPOUT_S_D,
    RCX_DROPOUT_S_E,
    RCX_DROPOUT_V,
    RCX_DROPOUT_V_L,
    RCX_DROPOUT_V_D,
    RCX_DROPOUT_V_LL,
    RCX_DROPOUT_V_LD,
    RCX_DROPOUT_V_DD,
    RCX_DROPOUT_SUMS
};

/* Parameters of a run: r + x, alpha, and ln of a / (b + x - 1). */
struct rcx_dropout_run {
    double shape, alpha, log_odds;
};

/* lanes is a multiple of RCX_LANES. nobody_drops_out: only the first three sums. */
RCX_KERNEL_DECLARE(void, dropout_sums,
                   (const double *t_x, const double *age, const double *weight, size_t lanes,
                    const struct rcx_dropout_run *run, double out[RCX_DROPOUT_SUMS]))
RCX_KERNEL_DECLARE(void, no_dropout_sums,
                   (const double *age, const double *weight, size_t lanes,
                    const struct rcx_dropout_run *run, double out[RCX_DROPOUT_SUMS]))

/* P(alive). */
RCX_KERNEL_DECLARE(void, dropout_alive,
                   (const double *t_x, const double *age, size_t lanes,
                    const struct rcx_dropout_run *run, double *out))

/* ((alpha + T) / (alpha + T + horizon))^shape: no purchase within the horizon when alive, who will
 * not drop out before one. */
RCX_KERNEL_DECLARE(void, dropout_silent,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run,
                    double horizon, double *out))

/* Of a customer who is alive, with dropout probability p distributed as beta(a, b) and
 * w = horizon / (alpha + T): expected purchases within the horizon, the mean of
 * (1 - (1 + p w)^-shape) / p. Relative error below 1e-10; lanes where more than some thousand terms are
 * needed get NaN. */
RCX_KERNEL_DECLARE(void, dropout_purchases,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run, double a,
                    double b, double horizon, double *out))

/* P(a purchase between gap and gap + horizon from now) when alive. Absolute error below 1e-12; NaN as
 * above. */
RCX_KERNEL_DECLARE(void, dropout_returns,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run, double a,
                    double b, double gap, double horizon, double *out))

/* The same two by a rule of beta(a, b), at more cost and without limits.
 * Returns: at a rate of l the customer is still there after the gap with probability exp(-l p gap),
 * whatever he bought meanwhile, and then buys with 1 - exp(-l horizon); over the rates: the mean of
 * (1 + p gap / end)^-shape - (1 + (p gap + horizon) / end)^-shape, end = alpha + T. */
RCX_KERNEL_DECLARE(void, dropout_mean_purchases,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run,
                    const struct rcx_beta_rule *rule, double horizon, double *out))
RCX_KERNEL_DECLARE(void, dropout_mean_returns,
                   (const double *age, size_t lanes, const struct rcx_dropout_run *run,
                    const struct rcx_beta_rule *rule, double gap, double horizon, double *out))
