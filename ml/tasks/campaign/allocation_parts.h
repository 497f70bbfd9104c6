#pragma once
/* The parts of the allocation, in the order in which rcx_allocate uses them. Nobody else includes
 * this but their tests. */
#include <math.h>

#include "ml/tasks/campaign/allocation_hull.h"

/* Finds where the budget ends when places have these prices (NULL: none).
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_allocation_break(const struct rcx_allocation_problem *problem,
                                     const int64_t *prices, const struct rcx_parallel *parallel,
                                     struct rcx_break *out, struct rcx_error *err);

/* Prices of the relaxation: of a unit of budget, and of a place in each tier (0 without capacity). */
struct rcx_prices {
    double money;
    int64_t places[RCX_TIERS_MOST];
};

/* What having each tier costs at these prices. */
static inline void rcx_charges_at(const struct rcx_allocation_problem *problem,
                                  const struct rcx_prices *prices, double *charges)
{
    for (size_t k = 0; k < problem->tiers; k++)
        charges[k] = (double)prices->places[k] + prices->money * (double)problem->costs[k];
}

/* The best option and the next one; second -INFINITY: there is no other. */
struct rcx_choice {
    double best, second;
    unsigned option, other;
};

static inline struct rcx_choice rcx_choice_at(const struct rcx_allocation_problem *problem,
                                              const double *charges, const int64_t *row)
{
    struct rcx_choice choice = {.best = 0, .second = -INFINITY};
    for (unsigned k = 0; k < problem->tiers; k++) {
        double value = row[k] > 0 ? (double)row[k] - charges[k] : -INFINITY;
        bool first = value > choice.best, next = value > choice.second;
        choice.second = first ? choice.best : next ? value : choice.second;
        choice.other = first ? choice.option : next ? k + 1 : choice.other;
        choice.best = first ? value : choice.best;
        choice.option = first ? k + 1 : choice.option;
    }
    return choice;
}

/* What option `option` of a customer is worth at these prices; NaN: must not be. */
static inline double rcx_reduced_value(const struct rcx_allocation_problem *problem,
                                       const struct rcx_prices *prices, const int64_t *row,
                                       unsigned option)
{
    if (option == 0)
        return 0;
    unsigned k = option - 1;
    return row[k] <= 0
               ? -INFINITY
               : (double)(row[k] - prices->places[k]) - prices->money * (double)problem->costs[k];
}

/* The upper bound that these prices give, exactly, rounded down. */
enum rcx_status rcx_allocation_bound(const struct rcx_allocation_problem *problem,
                                     const struct rcx_prices *prices,
                                     const struct rcx_parallel *parallel, rcx_i128 *out,
                                     struct rcx_error *err);

/* Moves *prices down to where the bound is lowest, nearly. out_errors (NULL: not wanted) has room for
 * 1 + tiers: the standard errors of the prices of money and places, when the customers are a sample of
 * more. Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_allocation_newton(const struct rcx_allocation_problem *problem,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_prices *prices, double *out_errors,
                                      struct rcx_error *err);

/* Prices of places (and of money), and where the money ends at them: the lowest bound that is found.
 * `start`: prices to begin at; NULL: unknown. */
enum rcx_status rcx_allocation_prices(const struct rcx_allocation_problem *problem,
                                      const struct rcx_prices *start,
                                      const struct rcx_parallel *parallel, struct rcx_prices *out,
                                      struct rcx_break *out_break, struct rcx_error *err);

/* Improves `plan` (feasible, with sums and bound) around its core. `outside`: what customers that are
 * not part of the problem lose at least by another option; INFINITY: there are none. */
enum rcx_status rcx_allocation_improve(const struct rcx_allocation_problem *problem,
                                       const struct rcx_prices *prices, double outside,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_allocation *plan, struct rcx_error *err);

/* Fills plan->options (allocated) and the rest of the plan, given prices and break. `outside` as above. */
enum rcx_status rcx_allocation_plan(const struct rcx_allocation_problem *problem,
                                    const struct rcx_prices *prices, const struct rcx_break *end,
                                    double outside, const struct rcx_parallel *parallel,
                                    struct rcx_allocation *plan, struct rcx_error *err);

/* The same, prices found meanwhile, when customers are many: from those whose choice is open. */
enum { RCX_ALLOCATION_LARGE = 1 << 18 };
enum rcx_status rcx_allocation_reduced(const struct rcx_allocation_problem *problem,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_allocation *plan, struct rcx_error *err);

/* Counts, cost and value of plan->options. */
void rcx_allocation_sum(const struct rcx_allocation_problem *problem, struct rcx_allocation *plan);

static inline int64_t rcx_option_cost(const struct rcx_allocation_problem *problem, unsigned option)
{
    return option == 0 ? 0 : problem->costs[option - 1];
}
static inline int64_t rcx_option_value(const struct rcx_allocation_problem *problem,
                                       size_t customer, unsigned option)
{
    return option == 0 ? 0 : problem->values[customer * problem->tiers + option - 1];
}
static inline bool rcx_has_capacity(const struct rcx_allocation_problem *problem, size_t tier)
{
    return problem->capacities && problem->capacities[tier] != RCX_CAPACITY_NONE;
}
static inline bool rcx_has_capacities(const struct rcx_allocation_problem *problem)
{
    for (size_t k = 0; k < problem->tiers; k++)
        if (rcx_has_capacity(problem, k))
            return true;
    return false;
}
