#pragma once
/* Random numbers that depend on a seed and a place, never on threads or history: each customer,
 * chunk or resample opens its own stream with rcx_random_of and draws from it.
 *
 * The generator is SplitMix64 (Steele, Lea, Flood 2014) started at a hash of (seed, stream, item).
 * Logarithm and exponential are our own, to the last few bits, because the ones of the C library
 * differ between machines; so a seed gives the same numbers everywhere.
 * Not for secrets. */
#include <stdint.h>

struct rcx_random {
    uint64_t state;
};

/* Stafford's mix 13: a bijection of 64 bits that any change of the input spreads over. */
static inline uint64_t rcx_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* A stream of its own for every (seed, stream, item). `stream` names the use, `item` the thing. */
static inline struct rcx_random rcx_random_of(uint64_t seed, uint64_t stream, uint64_t item)
{
    uint64_t state = rcx_mix64(seed + 0x9E3779B97F4A7C15u);
    state = rcx_mix64(state ^ (stream * 0xD6E8FEB86659FD93u + 0xA0761D6478BD642Fu));
    return (struct rcx_random){rcx_mix64(state ^ (item * 0xE7037ED1A0B428DBu + 1))};
}

static inline uint64_t rcx_random_u64(struct rcx_random *random)
{
    return rcx_mix64(random->state += 0x9E3779B97F4A7C15u);
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double rcx_random_unit(struct rcx_random *random)
{
    return (double)(rcx_random_u64(random) >> 11) * 0x1p-53;
}

/* Uniform in 0..bound-1 (bound > 0); the bias is below bound / 2^64. */
static inline uint64_t rcx_random_below(struct rcx_random *random, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)rcx_random_u64(random) * bound >> 64);
}

double rcx_random_exponential(struct rcx_random *random); /* mean 1 */
double rcx_random_normal(struct rcx_random *random);      /* mean 0, deviation 1 */
/* Density proportional to x^(shape-1) e^-x, shape > 0: divide by a rate or multiply by a scale. */
double rcx_random_gamma(struct rcx_random *random, double shape);
double rcx_random_beta(struct rcx_random *random, double a, double b); /* a, b > 0 */

/* Natural logarithm (x > 0, normal) and exponential (|x| < 700), relative error below 1e-14. */
double rcx_portable_log(double x);
double rcx_portable_exp(double x);
