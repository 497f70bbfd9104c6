/* Plans for many budgets, and what a plain ranking would bring. */
#include <stdlib.h>

#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

int64_t rcx_allocation_saturation(const struct rcx_allocation_problem *problem)
{
    struct rcx_hull hull;
    int64_t cost = 0;
    for (size_t i = 0; i < problem->customers; i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, NULL, &hull);
        cost += hull.cost[hull.steps];
    }
    return cost;
}

/* --- corners of the relaxation ------------------------------------------------------------------- */

/* Steps by the upper bits of their efficiency: classes of 2^(1/32) and narrower. */
enum { SHIFT = 47, BINS = 65536 };

struct bin {
    rcx_i128 value;
    int64_t cost;
    int64_t customers; /* who get a first tier here */
    uint64_t lowest;   /* key */
};

struct tally {
    const struct rcx_allocation_problem *problem;
    struct bin *bins;       /* [threads][BINS] */
    struct bin *free_tiers; /* [threads] what costs nothing */
};

static enum rcx_status tally_chunk(void *context, size_t chunk, unsigned worker,
                                   struct rcx_error *err)
{
    const struct tally *tally = context;
    const struct rcx_allocation_problem *problem = tally->problem;
    struct bin *bins = tally->bins + (size_t)worker * BINS;
    struct bin *without = &tally->free_tiers[worker];
    struct rcx_hull hull;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, NULL, &hull);
        without->value += hull.value[0];
        without->customers += hull.option[0] > 0;
        for (unsigned s = 1; s <= hull.steps; s++) {
            uint64_t key = rcx_step_key(&hull, s);
            struct bin *bin = &bins[key >> SHIFT & (BINS - 1)];
            bin->value += hull.value[s] - hull.value[s - 1];
            bin->cost += hull.cost[s] - hull.cost[s - 1];
            bin->customers += s == 1 && hull.option[0] == 0;
            bin->lowest = bin->lowest == 0 || key < bin->lowest ? key : bin->lowest;
        }
    }
    return RCX_OK;
}

/* Adds the bins of all threads up in those of the first. */
static void gather(const struct tally *tally, unsigned threads)
{
    for (unsigned worker = 1; worker < threads; worker++) {
        for (size_t b = 0; b < BINS; b++) {
            const struct bin *from = &tally->bins[(size_t)worker * BINS + b];
            struct bin *to = &tally->bins[b];
            to->value += from->value;
            to->cost += from->cost;
            to->customers += from->customers;
            if (from->lowest > 0 && (to->lowest == 0 || from->lowest < to->lowest))
                to->lowest = from->lowest;
        }
        tally->free_tiers[0].value += tally->free_tiers[worker].value;
        tally->free_tiers[0].customers += tally->free_tiers[worker].customers;
    }
}

/* Walks down the efficiencies; the plan that takes all steps down to a bin has no gap. */
static size_t corners(const struct tally *tally, size_t count, struct rcx_frontier_point *out)
{
    struct rcx_frontier_point at = {.value = tally->free_tiers[0].value,
                                    .bound = tally->free_tiers[0].value,
                                    .customers = (uint64_t)tally->free_tiers[0].customers};
    int64_t saturation = 0;
    size_t points = 0, target = 1;
    for (size_t b = 0; b < BINS; b++)
        saturation += tally->bins[b].cost;
    out[points++] = at;
    for (size_t b = BINS; b-- > 0 && count > 0;) {
        const struct bin *bin = &tally->bins[b];
        if (bin->cost == 0)
            continue;
        at.value = at.bound = at.value + bin->value;
        at.cost += bin->cost;
        at.customers += (uint64_t)bin->customers;
        memcpy(&at.shadow_price, &bin->lowest, sizeof at.shadow_price);
        if (out[points - 1].shadow_price <= 0 && points == 1)
            out[0].shadow_price = at.shadow_price;
        if ((rcx_i128)at.cost * (int64_t)count < (rcx_i128)saturation * (int64_t)target)
            continue;
        out[points++] = at;
        while (target < count &&
               (rcx_i128)at.cost * (int64_t)count >= (rcx_i128)saturation * (int64_t)target)
            target++;
    }
    return points;
}

static enum rcx_status frontier_of_corners(const struct rcx_allocation_problem *problem,
                                           const struct rcx_parallel *parallel, size_t count,
                                           struct rcx_frontier_point *out, size_t *out_count,
                                           struct rcx_error *err)
{
    struct tally tally = {.problem = problem};
    enum rcx_status status = RCX_OK;
    tally.bins = rcx_calloc((size_t)parallel->threads * BINS, sizeof *tally.bins);
    tally.free_tiers = rcx_calloc(parallel->threads, sizeof *tally.free_tiers);
    if (!tally.bins || !tally.free_tiers)
        status = rcx_fail_nomem(err, "campaign frontier", BINS * sizeof *tally.bins);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, rcx_allocation_chunks(problem), tally_chunk, &tally,
                                  err);
    if (status == RCX_OK) {
        gather(&tally, parallel->threads);
        *out_count = corners(&tally, count, out);
    }
    rcx_free(tally.bins);
    rcx_free(tally.free_tiers);
    return status;
}

static enum rcx_status plan_for(const struct rcx_allocation_problem *problem, int64_t budget,
                                const struct rcx_parallel *parallel, struct rcx_frontier_point *out,
                                struct rcx_error *err)
{
    struct rcx_allocation_problem part = *problem;
    struct rcx_allocation plan;
    part.budget = budget;
    enum rcx_status status = rcx_allocate(&part, parallel, &plan, err);
    if (status != RCX_OK)
        return status;
    *out = (struct rcx_frontier_point){.cost = plan.cost,
                                       .value = plan.value,
                                       .bound = plan.bound,
                                       .shadow_price = plan.shadow_price};
    for (size_t k = 0; k < problem->tiers; k++)
        out->customers += plan.counts[k];
    rcx_allocation_release(&plan);
    return RCX_OK;
}

static enum rcx_status frontier_of_plans(const struct rcx_allocation_problem *problem,
                                         const struct rcx_parallel *parallel, size_t count,
                                         struct rcx_frontier_point *out, size_t *out_count,
                                         struct rcx_error *err)
{
    struct rcx_frontier_point last, at;
    size_t points = 0;
    enum rcx_status status = plan_for(problem, RCX_CAMPAIGN_BUDGET_MOST, parallel, &last, err);
    for (size_t p = 0; p <= count && status == RCX_OK; p++) {
        int64_t parts = count > 0 ? (int64_t)count : 1;
        int64_t budget = (int64_t)((rcx_i128)last.cost * (int64_t)p / parts);
        status = plan_for(problem, budget, parallel, &at, err);
        if (status == RCX_OK &&
            (points == 0 || (at.cost > out[points - 1].cost && at.value > out[points - 1].value)))
            out[points++] = at;
    }
    *out_count = points;
    return status;
}

enum rcx_status rcx_allocation_frontier(const struct rcx_allocation_problem *problem,
                                        const struct rcx_parallel *parallel, size_t count,
                                        struct rcx_frontier_point *out_points, size_t *out_count,
                                        struct rcx_error *err)
{
    return rcx_has_capacities(problem)
               ? frontier_of_plans(problem, parallel, count, out_points, out_count, err)
               : frontier_of_corners(problem, parallel, count, out_points, out_count, err);
}

/* --- a plain ranking ------------------------------------------------------------------------------ */

struct ranked {
    int64_t value;
    uint32_t customer;
    uint8_t tier;
};

static int by_falling_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->customer > y->customer) - (x->customer < y->customer);
}

static rcx_i128 serve(const struct rcx_allocation_problem *problem, const struct ranked *ranking,
                      size_t count, int64_t budget)
{
    int64_t served[RCX_TIERS_MOST] = {0};
    rcx_i128 value = 0;
    for (size_t r = 0; r < count; r++) {
        size_t tier = ranking[r].tier;
        if (problem->costs[tier] > budget ||
            (rcx_has_capacity(problem, tier) && served[tier] == problem->capacities[tier]))
            continue;
        budget -= problem->costs[tier];
        served[tier]++;
        value += ranking[r].value;
    }
    return value;
}

enum rcx_status rcx_allocation_by_value(const struct rcx_allocation_problem *problem,
                                        const int64_t *budgets, size_t budget_count,
                                        rcx_i128 *out_values, struct rcx_error *err)
{
    struct ranked *ranking = rcx_malloc_array(problem->customers + 1, sizeof *ranking);
    size_t count = 0;
    if (!ranking)
        return rcx_fail_nomem(err, "campaign ranking", problem->customers * sizeof *ranking);
    for (size_t i = 0; i < problem->customers; i++) {
        struct ranked best = {0, (uint32_t)i, 0};
        for (size_t k = 0; k < problem->tiers; k++) {
            int64_t value = problem->values[i * problem->tiers + k];
            if (value > best.value) {
                best.value = value;
                best.tier = (uint8_t)k;
            }
        }
        if (best.value > 0)
            ranking[count++] = best;
    }
    qsort(ranking, count, sizeof *ranking, by_falling_value);
    for (size_t b = 0; b < budget_count; b++)
        out_values[b] = serve(problem, ranking, count, budgets[b]);
    rcx_free(ranking);
    return RCX_OK;
}
