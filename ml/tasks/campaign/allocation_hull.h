#pragma once
/* The upper concave hull of one customer's tiers over cost, and where a plan stops on it. Shared by
 * the files of the allocation; nobody else includes it. */
#include <string.h>

#include "ml/tasks/campaign/allocation.h"

/* Points 0..steps; point 0 costs nothing. Step s leads from point s - 1 to point s, and its efficiency
 * does not rise with s. */
struct rcx_hull {
    unsigned steps;
    uint8_t option[RCX_TIERS_MOST + 1]; /* 0: no tier, else 1 + tier */
    int64_t cost[RCX_TIERS_MOST + 1];
    int64_t value[RCX_TIERS_MOST + 1]; /* less the price of the place */
};

/* Efficiency as bits that sort like it: a correctly rounded quotient of positive numbers below 2^53
 * never reverses an order, so the steps of a hull stay in theirs. */
static inline uint64_t rcx_step_key(const struct rcx_hull *hull, unsigned step)
{
    double efficiency = (double)(hull->value[step] - hull->value[step - 1]) /
                        (double)(hull->cost[step] - hull->cost[step - 1]);
    uint64_t bits;
    memcpy(&bits, &efficiency, sizeof bits);
    return bits;
}

/* Whether point `top` lies on or below the line from the point before it to (cost, value). */
static inline bool rcx_hull_below(const struct rcx_hull *hull, unsigned top, int64_t cost,
                                  int64_t value)
{
    rcx_i128 rise = (rcx_i128)(hull->value[top] - hull->value[top - 1]) * (cost - hull->cost[top]);
    rcx_i128 later = (rcx_i128)(value - hull->value[top]) * (hull->cost[top] - hull->cost[top - 1]);
    return later >= rise;
}

/* `prices` are those of the places, [tiers]; NULL: none. */
static inline void rcx_hull_build(const struct rcx_allocation_problem *problem, const int64_t *row,
                                  const int64_t *prices, struct rcx_hull *hull)
{
    unsigned top = 0;
    hull->option[0] = 0;
    hull->cost[0] = 0;
    hull->value[0] = 0;
    for (size_t k = 0; k < problem->tiers; k++) {
        int64_t value = row[k];
        if (value <= 0) /* RCX_VALUE_NEVER among them */
            continue;
        if (prices)
            value -= prices[k];
        if (value <= hull->value[top])
            continue;
        int64_t cost = problem->costs[k];
        if (cost == hull->cost[top] && top > 0)
            top--;
        while (top > 0 && rcx_hull_below(hull, top, cost, value))
            top--;
        if (cost > 0) /* else it takes the place of no tier */
            top++;
        hull->option[top] = (uint8_t)(k + 1);
        hull->cost[top] = cost;
        hull->value[top] = value;
    }
    hull->steps = top;
}

/* Where the money ends in the order of all steps: falling efficiency, then customer, then step. Taken
 * are the steps before (key, customer, step). */
struct rcx_break {
    bool saturated; /* the money suffices for all steps */
    uint64_t key;
    size_t customer;
    unsigned step;
    double price; /* efficiency of the first step that is not taken; 0 when saturated */
};

static inline bool rcx_break_takes(const struct rcx_break *end, uint64_t key, size_t customer,
                                   unsigned step)
{
    if (end->saturated || key != end->key)
        return end->saturated || key > end->key;
    return customer < end->customer || (customer == end->customer && step < end->step);
}

/* The point of the hull at which the customer stops. */
static inline unsigned rcx_break_point(const struct rcx_break *end, const struct rcx_hull *hull,
                                       size_t customer)
{
    unsigned point = 0;
    while (point < hull->steps &&
           rcx_break_takes(end, rcx_step_key(hull, point + 1), customer, point + 1))
        point++;
    return point;
}

/* Customers of a chunk of the passes; the cut does not depend on the threads. */
enum { RCX_ALLOCATION_CHUNK = 65536 };
static inline size_t rcx_allocation_chunks(const struct rcx_allocation_problem *problem)
{
    return (problem->customers + RCX_ALLOCATION_CHUNK - 1) / RCX_ALLOCATION_CHUNK;
}
static inline size_t rcx_allocation_chunk_end(const struct rcx_allocation_problem *problem,
                                              size_t chunk)
{
    size_t end = (chunk + 1) * RCX_ALLOCATION_CHUNK;
    return end < problem->customers ? end : problem->customers;
}
