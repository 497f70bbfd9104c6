#pragma once
/* Exactly n purchases within a horizon, of a customer who is alive now. Private to ml/btyd. */
#include "ml/btyd/btyd.h"

/* BG/NBD, MBG/NBD: with N the purchases that there would be if nobody dropped out (negative binomial)
 * and S_j the chance to stay after j of them, S_n P(N = n) + (S_(n-1) - S_n) P(N >= n).
 * Pareto/NBD: alive at the end with n purchases, or dead at a moment u with n purchases before,
 * integrated over u (32 nodes on each of 8 panels). */
double rcx_count_probability(enum rcx_btyd_model model, const double *parameters, double x,
                             double age, double horizon, unsigned n);
