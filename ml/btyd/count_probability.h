#pragma once
/* Exactly n purchases within a horizon when nobody drops out, one customer at a time: for the few
 * whose P(N = 0) is below what the kernels of count_kernels.h can begin with. Private to ml/btyd. */

/* P(N = n) and P(N >= n), N negative binomial: a gamma(shape, end) rate during `horizon` > 0. */
double rcx_count_exactly(double shape, double end, double horizon, unsigned n);
double rcx_count_at_least(double shape, double end, double horizon, unsigned n);
