#pragma once
/* Gauss-Legendre rules on [0, 1] (Abramowitz, Stegun 25.4.30): nodes by Newton's method on the
 * Legendre polynomials. */

enum { RCX_GAUSS_MOST = 96 };

struct rcx_gauss_rule {
    unsigned count;
    double nodes[RCX_GAUSS_MOST], weights[RCX_GAUSS_MOST];
};

/* count: 1 to RCX_GAUSS_MOST */
struct rcx_gauss_rule rcx_gauss_rule_of(unsigned count);
