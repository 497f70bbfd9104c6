/* Radix selection of the step at which the money ends. */
#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

/* Keys are bits of positive doubles: 63 of them, taken 16, 16, 16 and 15 at a time from the top. */
enum { LEVELS = 4, BINS = 65536 };
static const unsigned shifts[LEVELS] = {47, 31, 15, 0};
static const unsigned widths[LEVELS] = {16, 16, 16, 15};

struct select {
    const struct rcx_allocation_problem *problem;
    const int64_t *prices;
    unsigned level;
    uint64_t prefix; /* of the keys still in question: key >> (shift + width) */
    uint64_t *costs; /* [threads][BINS] of the steps in each bin */
    int64_t *tied;   /* [chunks] cost of the steps with exactly the key */
    uint64_t key;
};

static enum rcx_status count_chunk(void *context, size_t chunk, unsigned worker,
                                   struct rcx_error *err)
{
    const struct select *select = context;
    const struct rcx_allocation_problem *problem = select->problem;
    uint64_t *costs = select->costs + (size_t)worker * BINS;
    unsigned shift = shifts[select->level], width = widths[select->level];
    uint64_t mask = (1u << width) - 1;
    struct rcx_hull hull;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, select->prices, &hull);
        for (unsigned s = 1; s <= hull.steps; s++) {
            uint64_t key = rcx_step_key(&hull, s);
            if (key >> (shift + width) == select->prefix)
                costs[key >> shift & mask] += (uint64_t)(hull.cost[s] - hull.cost[s - 1]);
        }
    }
    return RCX_OK;
}

static enum rcx_status tied_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct select *select = context;
    const struct rcx_allocation_problem *problem = select->problem;
    struct rcx_hull hull;
    int64_t cost = 0;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, select->prices, &hull);
        for (unsigned s = 1; s <= hull.steps; s++)
            if (rcx_step_key(&hull, s) == select->key)
                cost += hull.cost[s] - hull.cost[s - 1];
    }
    select->tied[chunk] = cost;
    return RCX_OK;
}

/* Fixes the next digits of the key; *left is the money for the steps in question. */
static enum rcx_status select_level(struct select *select, const struct rcx_parallel *parallel,
                                    int64_t *left, bool *out_saturated, struct rcx_error *err)
{
    memset(select->costs, 0, (size_t)parallel->threads * BINS * sizeof *select->costs);
    enum rcx_status status = rcx_parallel_for(parallel, rcx_allocation_chunks(select->problem),
                                              count_chunk, select, err);
    if (status != RCX_OK)
        return status;
    for (size_t bin = BINS; bin-- > 0;) {
        uint64_t cost = 0;
        for (unsigned worker = 0; worker < parallel->threads; worker++)
            cost += select->costs[(size_t)worker * BINS + bin];
        if (cost > (uint64_t)*left) {
            select->prefix = select->prefix << widths[select->level] | bin;
            return RCX_OK;
        }
        *left -= (int64_t)cost;
    }
    *out_saturated = true; /* on the first level only: later ones look into a bin that costs more */
    return RCX_OK;
}

/* Among equals the first customers come first. */
static void find_tied(const struct select *select, int64_t left, struct rcx_break *out)
{
    const struct rcx_allocation_problem *problem = select->problem;
    struct rcx_hull hull;
    size_t chunk = 0;
    while (select->tied[chunk] <= left)
        left -= select->tied[chunk++];
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK;; i++) {
        rcx_hull_build(problem, problem->values + i * problem->tiers, select->prices, &hull);
        for (unsigned s = 1; s <= hull.steps; s++) {
            if (rcx_step_key(&hull, s) != select->key)
                continue;
            left -= hull.cost[s] - hull.cost[s - 1];
            if (left >= 0)
                continue;
            out->customer = i;
            out->step = s;
            return;
        }
    }
}

enum rcx_status rcx_allocation_break(const struct rcx_allocation_problem *problem,
                                     const int64_t *prices, const struct rcx_parallel *parallel,
                                     struct rcx_break *out, struct rcx_error *err)
{
    struct select select = {.problem = problem, .prices = prices};
    size_t chunks = rcx_allocation_chunks(problem);
    int64_t left = problem->budget;
    enum rcx_status status = RCX_OK;
    bool saturated = false;

    select.costs = rcx_malloc_array((size_t)parallel->threads * BINS, sizeof *select.costs);
    select.tied = rcx_malloc_array(chunks + 1, sizeof *select.tied);
    if (!select.costs || !select.tied) {
        status = rcx_fail_nomem(err, "campaign plan", BINS * sizeof *select.costs);
        goto done;
    }
    for (; select.level < LEVELS && !saturated && status == RCX_OK; select.level++)
        status = select_level(&select, parallel, &left, &saturated, err);
    if (status != RCX_OK)
        goto done;
    *out = (struct rcx_break){.saturated = saturated};
    if (saturated)
        goto done;
    select.key = out->key = select.prefix;
    memcpy(&out->price, &out->key, sizeof out->price);
    status = rcx_parallel_for(parallel, chunks, tied_chunk, &select, err);
    if (status == RCX_OK)
        find_tied(&select, left, out);
done:
    rcx_free(select.costs);
    rcx_free(select.tied);
    return status;
}
