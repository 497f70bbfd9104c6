#include "ml/tasks/campaign/allocation.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

void rcx_allocation_release(struct rcx_allocation *allocation)
{
    if (!allocation)
        return;
    rcx_free(allocation->options);
    *allocation = (struct rcx_allocation){0};
}

/* --- the plan of the relaxation ------------------------------------------------------------------- */

struct sums {
    rcx_i128 value;
    int64_t cost;
    uint64_t counts[RCX_TIERS_MOST];
};

struct assign {
    const struct rcx_allocation_problem *problem;
    const int64_t *prices;
    const struct rcx_break *end;
    uint8_t *options;
    struct sums *sums; /* [chunks] */
};

static enum rcx_status assign_chunk(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    const struct assign *assign = context;
    const struct rcx_allocation_problem *problem = assign->problem;
    struct sums sums = {0};
    struct rcx_hull hull;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, assign->prices, &hull);
        unsigned point = rcx_break_point(assign->end, &hull, i);
        unsigned option = hull.option[point];
        assign->options[i] = (uint8_t)option;
        sums.cost += hull.cost[point];
        sums.value += rcx_option_value(problem, i, option);
        if (option > 0)
            sums.counts[option - 1]++;
    }
    assign->sums[chunk] = sums;
    return RCX_OK;
}

/* Options and sums of what the break takes. */
static enum rcx_status assign_all(struct assign *assign, const struct rcx_parallel *parallel,
                                  struct rcx_allocation *plan, struct rcx_error *err)
{
    size_t chunks = rcx_allocation_chunks(assign->problem);
    assign->sums = rcx_malloc_array(chunks + 1, sizeof *assign->sums);
    if (!assign->sums)
        return rcx_fail_nomem(err, "campaign plan", chunks * sizeof *assign->sums);
    assign->options = plan->options;
    enum rcx_status status = rcx_parallel_for(parallel, chunks, assign_chunk, assign, err);
    for (size_t chunk = 0; chunk < chunks && status == RCX_OK; chunk++) {
        plan->cost += assign->sums[chunk].cost;
        plan->value += assign->sums[chunk].value;
        for (size_t k = 0; k < assign->problem->tiers; k++)
            plan->counts[k] += assign->sums[chunk].counts[k];
    }
    rcx_free(assign->sums);
    return status;
}

void rcx_allocation_sum(const struct rcx_allocation_problem *problem, struct rcx_allocation *plan)
{
    plan->cost = 0;
    plan->value = 0;
    memset(plan->counts, 0, sizeof plan->counts);
    for (size_t i = 0; i < problem->customers; i++) {
        unsigned option = plan->options[i];
        if (option == 0)
            continue;
        plan->cost += problem->costs[option - 1];
        plan->value += problem->values[i * problem->tiers + option - 1];
        plan->counts[option - 1]++;
    }
}

/* --- capacities ----------------------------------------------------------------------------------- */

/* A customer's change of option. */
struct move {
    double key;
    uint32_t customer;
    uint8_t option;
};

static int by_rising_key(const void *a, const void *b)
{
    const struct move *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->customer > y->customer) - (x->customer < y->customer);
}

/* Whether the customer may change to `option` within budget and capacities. */
static bool fits(const struct rcx_allocation_problem *problem, const struct rcx_allocation *plan,
                 size_t customer, unsigned option)
{
    int64_t left = problem->budget - plan->cost + rcx_option_cost(problem, plan->options[customer]);
    if (option == 0 || option == plan->options[customer])
        return true;
    return rcx_option_value(problem, customer, option) > 0 &&
           rcx_option_cost(problem, option) <= left &&
           (!rcx_has_capacity(problem, option - 1) ||
            (int64_t)plan->counts[option - 1] < problem->capacities[option - 1]);
}

static void change(const struct rcx_allocation_problem *problem, struct rcx_allocation *plan,
                   size_t customer, unsigned option)
{
    unsigned before = plan->options[customer];
    plan->cost += rcx_option_cost(problem, option) - rcx_option_cost(problem, before);
    plan->value += rcx_option_value(problem, customer, option) -
                   rcx_option_value(problem, customer, before);
    if (before > 0)
        plan->counts[before - 1]--;
    if (option > 0)
        plan->counts[option - 1]++;
    plan->options[customer] = (uint8_t)option;
}

/* The option other than the present one that is worth most at the prices and fits. */
static unsigned best_other(const struct rcx_allocation_problem *problem,
                           const struct rcx_prices *prices, const struct rcx_allocation *plan,
                           size_t customer, double *out_value)
{
    const int64_t *row = problem->values + customer * problem->tiers;
    unsigned best = 0;
    *out_value = 0;
    for (unsigned option = 1; option <= problem->tiers; option++) {
        double value = rcx_reduced_value(problem, prices, row, option);
        if (option != plan->options[customer] && value > *out_value &&
            fits(problem, plan, customer, option)) {
            best = option;
            *out_value = value;
        }
    }
    return best;
}

/* Those who lose least by it leave a tier that has too many customers. */
static void leave_tier(const struct rcx_allocation_problem *problem,
                       const struct rcx_prices *prices, size_t tier, struct move *moves,
                       struct rcx_allocation *plan)
{
    size_t count = 0;
    double other = 0;
    for (size_t i = 0; i < problem->customers; i++) {
        if (plan->options[i] != tier + 1)
            continue;
        const int64_t *row = problem->values + i * problem->tiers;
        (void)best_other(problem, prices, plan, i, &other);
        double loss = rcx_reduced_value(problem, prices, row, (unsigned)tier + 1) - other;
        moves[count++] = (struct move){loss, (uint32_t)i, 0};
    }
    qsort(moves, count, sizeof *moves, by_rising_key);
    for (size_t m = 0; (int64_t)plan->counts[tier] > problem->capacities[tier]; m++)
        change(problem, plan, moves[m].customer,
               best_other(problem, prices, plan, moves[m].customer, &other));
}

/* The change that gains most for its money, as its negative efficiency; 0: none gains. */
static struct move best_gain(const struct rcx_allocation_problem *problem,
                             const struct rcx_allocation *plan, size_t customer)
{
    struct move best = {0, (uint32_t)customer, 0};
    unsigned present = plan->options[customer];
    for (unsigned option = 1; option <= problem->tiers; option++) {
        int64_t value = rcx_option_value(problem, customer, option);
        if (value <= 0)
            continue;
        int64_t gain = value - rcx_option_value(problem, customer, present);
        int64_t cost = rcx_option_cost(problem, option) - rcx_option_cost(problem, present);
        double key = -(double)gain / (double)(cost > 1 ? cost : 1);
        if (option != present && key < best.key && fits(problem, plan, customer, option))
            best = (struct move){key, (uint32_t)customer, (uint8_t)option};
    }
    return best;
}

/* Uses what is left of budget and places, the best changes first. */
static void fill(const struct rcx_allocation_problem *problem, struct move *moves,
                 struct rcx_allocation *plan)
{
    enum { ROUNDS = 4 };
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = 0;
        bool changed = false;
        for (size_t i = 0; i < problem->customers; i++) {
            struct move move = best_gain(problem, plan, i);
            if (move.option > 0)
                moves[count++] = move;
        }
        qsort(moves, count, sizeof *moves, by_rising_key);
        for (size_t m = 0; m < count; m++) {
            if (!fits(problem, plan, moves[m].customer, moves[m].option))
                continue;
            change(problem, plan, moves[m].customer, moves[m].option);
            changed = true;
        }
        if (!changed)
            return;
    }
}

static enum rcx_status respect_capacities(const struct rcx_allocation_problem *problem,
                                          const struct rcx_prices *prices,
                                          struct rcx_allocation *plan, struct rcx_error *err)
{
    struct move *moves = rcx_malloc_array(problem->customers, sizeof *moves);
    if (!moves)
        return rcx_fail_nomem(err, "campaign plan", problem->customers * sizeof *moves);
    for (size_t k = 0; k < problem->tiers; k++)
        if (rcx_has_capacity(problem, k))
            leave_tier(problem, prices, k, moves, plan);
    fill(problem, moves, plan);
    rcx_free(moves);
    return RCX_OK;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static void check(const struct rcx_allocation_problem *problem)
{
    assert(problem->customers < UINT32_MAX && problem->tiers <= RCX_TIERS_MOST);
    assert(problem->budget >= 0 && problem->budget <= RCX_CAMPAIGN_BUDGET_MOST);
    for (size_t k = 0; k < problem->tiers; k++) {
        assert(problem->costs[k] >= 0 && problem->costs[k] <= RCX_CAMPAIGN_COST_MOST);
        assert(k == 0 || problem->costs[k - 1] <= problem->costs[k]);
        assert(!problem->capacities || problem->capacities[k] >= RCX_CAPACITY_NONE);
    }
    (void)problem;
}

enum rcx_status rcx_allocation_plan(const struct rcx_allocation_problem *problem,
                                    const struct rcx_prices *prices, const struct rcx_break *end,
                                    double outside, const struct rcx_parallel *parallel,
                                    struct rcx_allocation *plan, struct rcx_error *err)
{
    bool limited = rcx_has_capacities(problem);
    struct assign assign = {
        .problem = problem, .prices = limited ? prices->places : NULL, .end = end};
    enum rcx_status status = assign_all(&assign, parallel, plan, err);
    if (status == RCX_OK && limited)
        status = respect_capacities(problem, prices, plan, err);
    if (status == RCX_OK)
        status = rcx_allocation_bound(problem, prices, parallel, &plan->bound, err);
    if (status != RCX_OK)
        return status;
    plan->shadow_price = prices->money;
    memcpy(plan->capacity_prices, prices->places, sizeof prices->places);
    plan->optimal = plan->value == plan->bound;
    return plan->optimal ? RCX_OK
                         : rcx_allocation_improve(problem, prices, outside, parallel, plan, err);
}

static enum rcx_status allocate(const struct rcx_allocation_problem *problem,
                                const struct rcx_parallel *parallel, struct rcx_allocation *plan,
                                struct rcx_error *err)
{
    struct rcx_prices prices;
    struct rcx_break end;
    if (problem->customers > RCX_ALLOCATION_LARGE)
        return rcx_allocation_reduced(problem, parallel, plan, err);
    enum rcx_status status = rcx_allocation_prices(problem, NULL, parallel, &prices, &end, err);
    return status == RCX_OK
               ? rcx_allocation_plan(problem, &prices, &end, INFINITY, parallel, plan, err)
               : status;
}

/* What of the budget can be spent at all: costs are multiples of their greatest common divisor. Less
 * money that nobody can use makes the bound tighter. */
static int64_t spendable(const struct rcx_allocation_problem *problem)
{
    int64_t divisor = 0;
    for (size_t k = 0; k < problem->tiers; k++) {
        int64_t a = problem->costs[k];
        while (a != 0) {
            int64_t rest = divisor % a;
            divisor = a;
            a = rest;
        }
    }
    return divisor == 0 ? problem->budget : problem->budget / divisor * divisor;
}

enum rcx_status rcx_allocate(const struct rcx_allocation_problem *given,
                             const struct rcx_parallel *parallel, struct rcx_allocation *out,
                             struct rcx_error *err)
{
    struct rcx_allocation_problem part = *given;
    const struct rcx_allocation_problem *problem = &part;
    struct rcx_allocation plan = {0};
    check(given);
    part.budget = spendable(given);
    if (problem->customers == 0) {
        *out = (struct rcx_allocation){.optimal = true};
        return RCX_OK;
    }
    plan.options = rcx_calloc(problem->customers, 1);
    if (!plan.options)
        return rcx_fail_nomem(err, "campaign plan", problem->customers);
    enum rcx_status status = allocate(problem, parallel, &plan, err);
    if (status != RCX_OK) {
        rcx_allocation_release(&plan);
        return status;
    }
    *out = plan;
    return RCX_OK;
}
