#include "base/random.h"

#include <math.h>
#include <string.h>

static const double LN2_HIGH = 0x1.62e42fefa3800p-1; /* ln 2 with 11 low bits clear, and the rest */
static const double LN2_LOW = 0x1.ef35793c76730p-45;

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.1716;
 * the first term left out is 2 s^23 / 23 < 3e-19. */
double rcx_portable_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int k = (int)(bits >> 52 & 0x7FF) - 1023;
    bits = (bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp0) {
        m *= 0.5;
        k++;
    }
    double s = (m - 1) / (m + 1);
    double z = s * s;
    double sum = 0;
    for (int n = 21; n >= 3; n -= 2)
        sum = z * (sum + 1.0 / n);
    double low = 2 * s * sum + k * LN2_LOW;
    return k * LN2_HIGH + (2 * s + low);
}

/* x = k ln 2 + r with |r| < 0.35, Taylor in r to r^14 / 14! < 5e-18. */
double rcx_portable_exp(double x)
{
    double k = nearbyint(x * 0x1.71547652b82fep0);
    double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double sum = 1;
    for (int n = 14; n >= 1; n--)
        sum = 1 + sum * r / n;
    return ldexp(sum, (int)k);
}

/* In (0, 1], so that its logarithm exists. */
static double positive_unit(struct rcx_random *random)
{
    return (double)((rcx_random_u64(random) >> 11) + 1) * 0x1p-53;
}

double rcx_random_exponential(struct rcx_random *random)
{
    return -rcx_portable_log(positive_unit(random));
}

/* Marsaglia's polar method; the second number of the pair is not kept, so a draw leaves no state.
 */
double rcx_random_normal(struct rcx_random *random)
{
    for (;;) {
        double u = 2 * rcx_random_unit(random) - 1;
        double v = 2 * rcx_random_unit(random) - 1;
        double s = u * u + v * v;
        if (s > 0 && s < 1)
            return u * sqrt(-2 * rcx_portable_log(s) / s);
    }
}

/* Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000); shapes below one by
 * their boost: gamma(a) = gamma(a + 1) U^(1/a). */
double rcx_random_gamma(struct rcx_random *random, double shape)
{
    double boost = 1;
    if (shape < 1) {
        double exponent = rcx_portable_log(positive_unit(random)) / shape;
        boost = exponent < -690 ? 0 : rcx_portable_exp(exponent);
        shape += 1;
    }
    double d = shape - 1.0 / 3;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double x = rcx_random_normal(random);
        double v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = positive_unit(random);
        if (rcx_portable_log(u) < 0.5 * x * x + d - d * v + d * rcx_portable_log(v))
            return boost * d * v;
    }
}

double rcx_random_beta(struct rcx_random *random, double a, double b)
{
    double x = rcx_random_gamma(random, a);
    double y = rcx_random_gamma(random, b);
    return x + y > 0 ? x / (x + y) : 0.5;
}
