/* Radix selection of the step at which the money ends: the exponents of the efficiencies first, then
 * their digits, each time only among the steps that are still in question. */
#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

/* Keys are bits of positive doubles: 63 of them, 11 at a time from the top. */
enum { BITS = 11, BINS = 1 << BITS, TOP_SHIFT = 52 };

struct step {
    uint64_t key;
    uint32_t customer;
    uint8_t number; /* of the customer's hull */
    uint8_t from, to;
};

struct select {
    const struct rcx_allocation_problem *problem;
    const int64_t *prices;
    struct step *steps; /* [chunks][steps_most], then one list */
    size_t steps_most;  /* of a chunk */
    size_t *counts;     /* [chunks] */
    uint64_t *costs;    /* [threads][BINS] of the steps with each exponent */
    uint64_t digit;     /* the exponent in question */
};

static int64_t cost_of(const struct rcx_allocation_problem *problem, const struct step *step)
{
    return rcx_option_cost(problem, step->to) - rcx_option_cost(problem, step->from);
}

static enum rcx_status list_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct select *select = context;
    const struct rcx_allocation_problem *problem = select->problem;
    uint64_t *costs = select->costs + (size_t)worker * BINS;
    struct step *steps = select->steps + chunk * select->steps_most;
    struct rcx_hull hull;
    size_t count = 0;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, select->prices, &hull);
        for (unsigned s = 1; s <= hull.steps; s++) {
            uint64_t key = rcx_step_key(&hull, s);
            steps[count++] = (struct step){.key = key,
                                           .customer = (uint32_t)i,
                                           .number = (uint8_t)s,
                                           .from = hull.option[s - 1],
                                           .to = hull.option[s]};
            costs[key >> TOP_SHIFT] += (uint64_t)(hull.cost[s] - hull.cost[s - 1]);
        }
    }
    select->counts[chunk] = count;
    return RCX_OK;
}

/* Keeps the steps with the exponent in question. */
static enum rcx_status keep_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct select *select = context;
    struct step *steps = select->steps + chunk * select->steps_most;
    size_t kept = 0;
    (void)worker;
    (void)err;
    for (size_t s = 0; s < select->counts[chunk]; s++)
        if (steps[s].key >> TOP_SHIFT == select->digit)
            steps[kept++] = steps[s];
    select->counts[chunk] = kept;
    return RCX_OK;
}

/* The bin in which the money ends, from the top; *left is then the money for its steps. False: it
 * suffices for all bins. */
static bool find_bin(const uint64_t *costs, int64_t *left, uint64_t *out_bin)
{
    for (size_t bin = BINS; bin-- > 0;) {
        if (costs[bin] > (uint64_t)*left) {
            *out_bin = bin;
            return true;
        }
        *left -= (int64_t)costs[bin];
    }
    return false;
}

/* Narrows the list down to the steps with the very key; they stay in order of customer and step. */
static size_t narrow(struct select *select, size_t count, int64_t *left)
{
    for (unsigned shift = TOP_SHIFT; shift > 0 && count > 1;) {
        uint64_t bin = 0;
        size_t kept = 0;
        unsigned bits = shift < BITS ? shift : BITS;
        shift -= bits;
        uint64_t mask = (1u << bits) - 1;
        memset(select->costs, 0, BINS * sizeof *select->costs);
        for (size_t s = 0; s < count; s++)
            select->costs[select->steps[s].key >> shift & mask] += (uint64_t)cost_of(
                select->problem, &select->steps[s]);
        (void)find_bin(select->costs, left, &bin); /* all of them cost more than is left */
        for (size_t s = 0; s < count; s++)
            if ((select->steps[s].key >> shift & mask) == bin)
                select->steps[kept++] = select->steps[s];
        count = kept;
    }
    return count;
}

/* Among equals the first customers come first. */
static void find_end(struct select *select, size_t count, int64_t left, struct rcx_break *out)
{
    const struct step *step = select->steps;
    count = narrow(select, count, &left);
    for (size_t s = 0; s + 1 < count && cost_of(select->problem, step) <= left; s++, step++)
        left -= cost_of(select->problem, step);
    *out = (struct rcx_break){.key = step->key, .customer = step->customer, .step = step->number};
    memcpy(&out->price, &out->key, sizeof out->price);
}

static enum rcx_status search(struct select *select, const struct rcx_parallel *parallel,
                              struct rcx_break *out, struct rcx_error *err)
{
    size_t chunks = rcx_allocation_chunks(select->problem), count = 0;
    int64_t left = select->problem->budget;
    enum rcx_status status = rcx_parallel_for(parallel, chunks, list_chunk, select, err);
    if (status != RCX_OK)
        return status;
    for (size_t at = BINS; at < (size_t)parallel->threads * BINS; at++)
        select->costs[at % BINS] += select->costs[at];
    if (!find_bin(select->costs, &left, &select->digit)) {
        *out = (struct rcx_break){.saturated = true};
        return RCX_OK;
    }
    status = rcx_parallel_for(parallel, chunks, keep_chunk, select, err);
    for (size_t chunk = 0; chunk < chunks && status == RCX_OK; chunk++) {
        memmove(select->steps + count, select->steps + chunk * select->steps_most,
                select->counts[chunk] * sizeof *select->steps);
        count += select->counts[chunk];
    }
    if (status == RCX_OK)
        find_end(select, count, left, out);
    return status;
}

enum rcx_status rcx_allocation_break(const struct rcx_allocation_problem *problem,
                                     const int64_t *prices, const struct rcx_parallel *parallel,
                                     struct rcx_break *out, struct rcx_error *err)
{
    struct select select = {.problem = problem, .prices = prices};
    size_t chunks = rcx_allocation_chunks(problem);
    size_t chunk = problem->customers < RCX_ALLOCATION_CHUNK ? problem->customers
                                                             : RCX_ALLOCATION_CHUNK;
    enum rcx_status status = RCX_OK;
    select.steps_most = chunk * problem->tiers;
    select.costs = rcx_calloc((size_t)parallel->threads * BINS, sizeof *select.costs);
    select.counts = rcx_malloc_array(chunks + 1, sizeof *select.counts);
    /* what is not used of it stays untouched and takes no memory */
    select.steps = rcx_malloc_array(chunks * select.steps_most + 1, sizeof *select.steps);
    if (!select.costs || !select.counts || !select.steps)
        status = rcx_fail_nomem(err, "campaign plan",
                                chunks * select.steps_most * sizeof *select.steps);
    if (status == RCX_OK)
        status = search(&select, parallel, out, err);
    rcx_free(select.costs);
    rcx_free(select.counts);
    rcx_free(select.steps);
    return status;
}
