#pragma once
/* A random control group among the chosen customers, stratified: of each tier the asked share, within
 * a tier divided over the risk levels by largest remainders, within a stratum by a random number of the
 * customer (its id and the seed), so that a customer's chance does not depend on who else is there. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { RCX_RISKS_MOST = 16 };

/* Borrows everything. */
struct rcx_control_group {
    size_t customers;
    size_t tiers;
    const uint8_t *options;     /* [customers] 0 not chosen, else 1 + tier */
    const uint8_t *risks;       /* [customers] below RCX_RISKS_MOST */
    const uint64_t *identities; /* [customers] numbers of the customers' ids */
    double share;               /* 0..1 */
    uint64_t seed;
};

/* out_control[i] is 1 for the customers of the group. Of n customers of a tier round(share x n) are in
 * it (halves up). Errors: RCX_E_NOMEM. */
enum rcx_status rcx_control_group_draw(const struct rcx_control_group *group, uint8_t *out_control,
                                       struct rcx_error *err);

/* How many of n. */
uint64_t rcx_control_group_size(double share, uint64_t n);

/* The smallest difference of two shares that a two-sided test of level 1 - confidence detects with
 * the given power, when the share is `base` and the groups have n and m customers (normal
 * approximation); NaN when a group is empty. */
double rcx_detectable_effect(double base, uint64_t n, uint64_t m, double confidence, double power);

/* The value that a standard normal variable does not exceed with probability p, 0 < p < 1. */
double rcx_normal_quantile(double p);
