#pragma once
/* Integrals over the dropout probability p of a living customer, distributed as beta(a, b), by the
 * trapezoidal rule in the double-exponential variable (Takahasi, Mori, Publ. RIMS 9, 1974)
 * of ln(p / (1 - p)), centred and scaled to the distribution. Relative error below 1e-9; some 10
 * microseconds each. `end` is alpha + T. */

/* Expected purchases, the mean of (1 - (1 + p w)^-shape) / p with w = horizon / end: for the few customers
 * for whom the series of dropout_kernels.h converges too slowly or loses digits. */
double rcx_beta_mean_purchases(double shape, double end, double a, double b, double horizon);
/* P(a purchase between gap and gap + horizon from now). At a rate of l the customer is still there after
 * the gap with probability exp(-l p gap), whatever he bought meanwhile, and then buys with
 * 1 - exp(-l horizon); over the rates: the mean of
 * (1 + p gap / end)^-shape - (1 + (p gap + horizon) / end)^-shape. */
double rcx_beta_mean_returns(double shape, double end, double a, double b, double gap,
                             double horizon);
