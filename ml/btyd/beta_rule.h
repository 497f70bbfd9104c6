#pragma once
/* A quadrature rule for means over the dropout probability p of a living customer, distributed as
 * beta(a, b): the trapezoidal rule in the double-exponential variable (Takahasi, Mori, Publ. RIMS 9,
 * 1974) of ln(p / (1 - p)), centred and scaled to the distribution. It depends on a and b alone, so all
 * customers of one x and all horizons share it. The relative error of the means taken with it in
 * dropout_kernels.h is below 1e-10 (tests/ml/test_btyd_predict.c). */

enum { RCX_BETA_RULE_MOST = 512 };

struct rcx_beta_rule {
    unsigned count;
    double p[RCX_BETA_RULE_MOST], weight[RCX_BETA_RULE_MOST]; /* weights add up to 1 */
};

/* a, b > 0; ~10 microseconds. */
void rcx_beta_rule_make(double a, double b, struct rcx_beta_rule *out);
