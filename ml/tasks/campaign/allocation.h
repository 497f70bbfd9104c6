#pragma once
/* Which customer gets which campaign tier: a multiple-choice knapsack that certifies itself.
 *
 * Problem: at most one tier for each customer, the sum of the costs within the budget, for some tiers
 * at most so many customers, the sum of the values as large as possible. All money is int64 in
 * RCX_CAMPAIGN_PLACES decimal places, so the problem, the plan and the bound are exact.
 *
 * Idea: of a customer's tiers only those on the upper concave hull over cost can be in an optimal
 * plan of the linear relaxation; the hull is a chain of steps with falling efficiency (value per
 * cost). Taking steps by falling efficiency until the budget is used solves the relaxation (Sinha and
 * Zoltners, "The Multiple-Choice Knapsack Problem", 1979). The efficiency at which the money ends is
 * found by radix selection on its bits, no sort. Capacities of tiers get prices of their own: all prices
 * are found together by Newton's method on the bound, then by turns. What is left of the budget is
 * closed by dynamic programming over the core, the customers whose choice is least clear at these
 * prices (after Pisinger, "A minimal algorithm for the multiple-choice knapsack problem", 1995), with
 * all states left out that cannot beat the plan at hand.
 * With many customers prices and their errors are first estimated from a sample; customers whose best
 * option is the same wherever the prices can be keep it, and only the others (one in 20 to 100) are
 * looked at again and again.
 *
 * Certificate: for any prices l of the budget B and m_t of the capacities K_t,
 *     l B + sum m_t K_t + sum over customers of max(0, max over t of v_t - m_t - l c_t)
 * is an upper bound of every plan's value (Lagrange). It is computed in 128-bit integers.
 *
 * Cost: O(customers x tiers) time: three passes over all customers and a few dozen over the open ones.
 * Memory: 1 byte for each customer, and 16 bytes x tiers for each open one (all of them, when every
 * customer is worth the same). Same result for any number of threads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/parallel.h"
#include "base/status.h"

enum { RCX_CAMPAIGN_PLACES = 4, RCX_CAMPAIGN_UNIT = 10000 };
enum { RCX_TIERS_MOST = 16 };

/* Bounds that keep all sums within 128 bits: value and cost of a tier, and the budget. */
#define RCX_CAMPAIGN_VALUE_MOST ((int64_t)1 << 50)
#define RCX_CAMPAIGN_COST_MOST ((int64_t)1 << 40)
#define RCX_CAMPAIGN_BUDGET_MOST ((int64_t)1 << 60)
/* The value of a tier that the customer must not get. */
#define RCX_VALUE_NEVER INT64_MIN
#define RCX_CAPACITY_NONE ((int64_t)-1)

/* Borrows everything. */
struct rcx_allocation_problem {
    size_t customers;          /* below 2^32 */
    size_t tiers;              /* at most RCX_TIERS_MOST */
    const int64_t *values;     /* [customers][tiers] */
    const int64_t *costs;      /* [tiers], >= 0, ascending */
    const int64_t *capacities; /* [tiers], or RCX_CAPACITY_NONE; NULL: none has one */
    int64_t budget;            /* >= 0 */
};

struct rcx_allocation {
    uint8_t *options; /* [customers] owned: 0 no tier, else 1 + tier */
    int64_t cost;
    rcx_i128 value;
    uint64_t counts[RCX_TIERS_MOST];
    rcx_i128 bound;                          /* no plan is worth more */
    double shadow_price;                     /* what one more unit of budget would bring */
    int64_t capacity_prices[RCX_TIERS_MOST]; /* what one more place would bring */
    bool optimal;                            /* proven: no plan is worth more than this one */
};
void rcx_allocation_release(struct rcx_allocation *allocation);

/* The best plan that is found, with its certificate. Tiers without positive value are never given.
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out.
 * Threads: uses those of `parallel`. */
enum rcx_status rcx_allocate(const struct rcx_allocation_problem *problem,
                             const struct rcx_parallel *parallel, struct rcx_allocation *out,
                             struct rcx_error *err);

/* What the plan costs that gives every customer the tier of most value; more budget brings nothing
 * when no tier has a capacity. */
int64_t rcx_allocation_saturation(const struct rcx_allocation_problem *problem);

/* A point of the frontier: the best plan for the budget that it costs. */
struct rcx_frontier_point {
    int64_t cost;
    rcx_i128 value, bound;
    uint64_t customers;
    double shadow_price;
};
/* `count` points between no budget and saturation, evenly spaced by cost as near as plans without a
 * gap allow (the corners of the relaxation); with capacities, plans for the evenly spaced budgets.
 * out_points has room for count + 1; the first is the plan for no money. Points may fall together when
 * there are few customers; *out_count says how many are left.
 * Errors: as rcx_allocate. */
enum rcx_status rcx_allocation_frontier(const struct rcx_allocation_problem *problem,
                                        const struct rcx_parallel *parallel, size_t count,
                                        struct rcx_frontier_point *out_points, size_t *out_count,
                                        struct rcx_error *err);

/* What a plain ranking would bring: customers by the value of their best tier, each served while the
 * money and the places last. For comparison. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_allocation_by_value(const struct rcx_allocation_problem *problem,
                                        const int64_t *budgets, size_t budget_count,
                                        rcx_i128 *out_values, struct rcx_error *err);
