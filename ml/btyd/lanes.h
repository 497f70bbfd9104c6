#pragma once
/* Logarithm and exponential of eight doubles at once, for kernels only (base/kernel.h).
 *
 * Ours, because those of vector libraries differ between instruction sets: additions,
 * multiplications and divisions in one fixed order give the same bits everywhere. Errors below are
 * measured over the whole range in tests/ml/test_lanes.c.
 *
 * Method: the argument is reduced to [1/sqrt 2, sqrt 2) or [-ln 2 / 2, ln 2 / 2], there a series with
 * its own coefficients: 2 artanh(s) with s = f / (2 + f), and the Taylor series up to x^13 / 13!. */
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wpsabi" /* all of it is inlined */

enum { RCX_LANES = 8 };
typedef double rcx_lanes __attribute__((vector_size(64)));
typedef int64_t rcx_lanes_int __attribute__((vector_size(64)));
typedef uint64_t rcx_lanes_bits __attribute__((vector_size(64)));

#define RCX_LANES_INLINE static inline __attribute__((always_inline))

RCX_LANES_INLINE rcx_lanes rcx_lanes_all(double value)
{
    return (rcx_lanes){value, value, value, value, value, value, value, value};
}

RCX_LANES_INLINE rcx_lanes rcx_lanes_load(const double *values)
{
    rcx_lanes lanes;
    __builtin_memcpy(&lanes, values, sizeof lanes);
    return lanes;
}

RCX_LANES_INLINE void rcx_lanes_store(double *values, rcx_lanes lanes)
{
    __builtin_memcpy(values, &lanes, sizeof lanes);
}

/* mask ? a : b; masks come from comparisons. */
RCX_LANES_INLINE rcx_lanes rcx_lanes_pick(rcx_lanes_int mask, rcx_lanes a, rcx_lanes b)
{
    return (rcx_lanes)((mask & (rcx_lanes_int)a) | (~mask & (rcx_lanes_int)b));
}

RCX_LANES_INLINE rcx_lanes rcx_lanes_max(rcx_lanes a, rcx_lanes b)
{
    return rcx_lanes_pick(a > b, a, b);
}

RCX_LANES_INLINE rcx_lanes rcx_lanes_min(rcx_lanes a, rcx_lanes b)
{
    return rcx_lanes_pick(a < b, a, b);
}

RCX_LANES_INLINE rcx_lanes rcx_lanes_abs(rcx_lanes a)
{
    return (rcx_lanes)((rcx_lanes_bits)a & ~((rcx_lanes_bits){0} + (1ULL << 63)));
}

/* The sum in a fixed order. */
RCX_LANES_INLINE double rcx_lanes_sum(rcx_lanes a)
{
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

RCX_LANES_INLINE double rcx_lanes_highest(rcx_lanes a)
{
    double highest = a[0];
    for (int i = 1; i < RCX_LANES; i++)
        highest = a[i] > highest ? a[i] : highest;
    return highest;
}

/* ln x for normal x > 0. Error below 1 unit in the last place. */
RCX_LANES_INLINE rcx_lanes rcx_lanes_log(rcx_lanes x)
{
    /* x = 2^k m with m in [1/sqrt 2, sqrt 2); 1024 keeps k positive while it is shifted */
    const rcx_lanes_bits bits = (rcx_lanes_bits)x;
    const rcx_lanes_bits k = (bits - 0x3FE6A09E667F3BCDu + (1024ULL << 52)) >> 52;
    const rcx_lanes m = (rcx_lanes)(bits - ((k - 1024) << 52));
    const rcx_lanes exponent = (rcx_lanes)(k | 0x4330000000000000u) - (0x1p52 + 1024);
    const rcx_lanes f = m - 1;
    const rcx_lanes s = f / (2 + f);
    const rcx_lanes z = s * s;
    rcx_lanes p = rcx_lanes_all(2.0 / 23);
    p = p * z + 2.0 / 21;
    p = p * z + 2.0 / 19;
    p = p * z + 2.0 / 17;
    p = p * z + 2.0 / 15;
    p = p * z + 2.0 / 13;
    p = p * z + 2.0 / 11;
    p = p * z + 2.0 / 9;
    p = p * z + 2.0 / 7;
    p = p * z + 2.0 / 5;
    p = p * z + 2.0 / 3;
    /* ln 2 in two parts, the higher with 33 bits, so that exponent * high is exact */
    return exponent * 0x1.62E42FEEp-1 + (f - (s * (f - z * p) - exponent * 0x1.A39EF35793C76p-33));
}

/* e^x; x is held within [-700, 700]. Relative error below 2 units in the last place. */
RCX_LANES_INLINE rcx_lanes rcx_lanes_exp(rcx_lanes x)
{
    x = rcx_lanes_min(rcx_lanes_max(x, rcx_lanes_all(-700)), rcx_lanes_all(700));
    const rcx_lanes shifted = x * 0x1.71547652B82FEp0 + 0x1.8p52; /* the whole part, in low bits */
    const rcx_lanes n = shifted - 0x1.8p52;
    const rcx_lanes r = (x - n * 0x1.62E42FEEp-1) - n * 0x1.A39EF35793C76p-33;
    rcx_lanes p = rcx_lanes_all(1.0 / 6227020800);
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + .5;
    p = 1 + (r + r * r * p);
    return (rcx_lanes)((rcx_lanes_bits)p + ((rcx_lanes_bits)shifted << 52));
}

/* ln(1 + x) for x >= 0. Error below 2 units in the last place. */
RCX_LANES_INLINE rcx_lanes rcx_lanes_log1p(rcx_lanes x)
{
    const rcx_lanes one_more = 1 + x;
    return rcx_lanes_log(one_more) + (x - (one_more - 1)) / one_more;
}
