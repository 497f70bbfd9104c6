#pragma once
/* Expected purchases as an integral over the dropout probability p, distributed as beta(a, b): for
 * the few customers for whom the series of dropout_kernels.h converges too slowly or loses digits.
 *   E = integral of (1 - (1 + p w)^-shape) / p, w = horizon / (alpha + T),
 * by the trapezoidal rule in the double-exponential variable (Takahasi, Mori, Publ. RIMS 9, 1974)
 * of ln(p / (1 - p)), centred and scaled to the distribution. Relative error below 1e-9. */

double rcx_beta_mean_purchases(double shape, double end, double a, double b, double horizon);
