/* Prices of places in tiers with a capacity, by turns with the price of money.
 *
 * The bound is a convex function of the prices. Newton's method on all prices at once comes near its
 * lowest point; turns along one price after the other take it to the last customer. Along the price of one tier its lowest point is known:
 * the customers who gain most by the tier get its places, and the price is the gain of the first one
 * who gets none. The turns end when the bound no longer falls. They can end above the lowest bound,
 * where only several prices together would lower it; the bound is valid all the same. */
#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

enum { TURNS_MOST = 64 };

struct gains {
    const struct rcx_allocation_problem *problem;
    const struct rcx_prices *prices;
    size_t tier;
    double *gains; /* [customers] */
};

static enum rcx_status gains_chunk(void *context, size_t chunk, unsigned worker,
                                   struct rcx_error *err)
{
    const struct gains *gains = context;
    const struct rcx_allocation_problem *problem = gains->problem;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        const int64_t *row = problem->values + i * problem->tiers;
        double other = 0;
        for (unsigned k = 0; k < problem->tiers; k++) {
            double value = rcx_reduced_value(problem, gains->prices, row, k + 1);
            if (k != gains->tier && value > other)
                other = value;
        }
        gains->gains[i] =
            rcx_reduced_value(problem, gains->prices, row, (unsigned)gains->tier + 1) - other;
    }
    return RCX_OK;
}

/* The value of rank `rank` (0: the largest); reorders. Hoare's selection. */
static double select_largest(double *values, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i >= j)
                break;
            double swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        if (rank <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[low];
}

/* The price of places in `tier` at which no more customers than its capacity want one. */
static enum rcx_status price_of_tier(struct gains *gains, const struct rcx_parallel *parallel,
                                     int64_t *out, struct rcx_error *err)
{
    const struct rcx_allocation_problem *problem = gains->problem;
    int64_t capacity = problem->capacities[gains->tier];
    *out = 0;
    if ((uint64_t)capacity >= problem->customers)
        return RCX_OK;
    enum rcx_status status = rcx_parallel_for(parallel, rcx_allocation_chunks(problem), gains_chunk,
                                              gains, err);
    if (status != RCX_OK)
        return status;
    double gain = select_largest(gains->gains, problem->customers, (size_t)capacity);
    *out = gain > 0 ? (int64_t)ceil(gain) : 0;
    return RCX_OK;
}

/* One turn: every tier with a capacity, then the money. */
static enum rcx_status take_turn(struct gains *gains, const struct rcx_parallel *parallel,
                                 struct rcx_prices *prices, struct rcx_break *end,
                                 struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    gains->prices = prices;
    for (size_t k = 0; k < gains->problem->tiers && status == RCX_OK; k++) {
        if (!rcx_has_capacity(gains->problem, k))
            continue;
        prices->places[k] = 0;
        gains->tier = k;
        status = price_of_tier(gains, parallel, &prices->places[k], err);
    }
    if (status == RCX_OK)
        status = rcx_allocation_break(gains->problem, prices->places, parallel, end, err);
    prices->money = end->price;
    return status;
}

/* What turns begin at: `prices`, or lower down by Newton's method. */
static enum rcx_status first_prices(const struct rcx_allocation_problem *problem,
                                    const struct rcx_parallel *parallel, struct rcx_prices *prices,
                                    struct rcx_break *end, rcx_i128 *best, struct rcx_error *err)
{
    struct rcx_prices lower = *prices;
    struct rcx_break lower_end;
    rcx_i128 bound = 0;
    enum rcx_status status = rcx_allocation_bound(problem, prices, parallel, best, err);
    if (status == RCX_OK)
        status = rcx_allocation_newton(problem, parallel, &lower, NULL, err);
    if (status == RCX_OK)
        status = rcx_allocation_break(problem, lower.places, parallel, &lower_end, err);
    if (status != RCX_OK)
        return status;
    lower.money = lower_end.price;
    status = rcx_allocation_bound(problem, &lower, parallel, &bound, err);
    if (status == RCX_OK && bound < *best) {
        *best = bound;
        *prices = lower;
        *end = lower_end;
    }
    return status;
}

static enum rcx_status take_turns(const struct rcx_allocation_problem *problem, double *room,
                                  const struct rcx_parallel *parallel, rcx_i128 best,
                                  struct rcx_prices *out, struct rcx_break *out_break,
                                  struct rcx_error *err)
{
    const rcx_i128 enough = 100000000; /* a turn that gains less of the bound is the last */
    struct gains gains = {.problem = problem, .gains = room};
    struct rcx_prices prices = *out;
    struct rcx_break end = *out_break;
    rcx_i128 bound = 0;
    for (int turn = 0; turn < TURNS_MOST; turn++) {
        enum rcx_status status = take_turn(&gains, parallel, &prices, &end, err);
        if (status == RCX_OK)
            status = rcx_allocation_bound(problem, &prices, parallel, &bound, err);
        if (status != RCX_OK)
            return status;
        if (bound > best)
            return RCX_OK;
        *out = prices;
        *out_break = end;
        if (best - bound <= best / enough)
            return RCX_OK;
        best = bound;
    }
    return RCX_OK;
}

enum rcx_status rcx_allocation_prices(const struct rcx_allocation_problem *problem,
                                      const struct rcx_prices *start,
                                      const struct rcx_parallel *parallel, struct rcx_prices *out,
                                      struct rcx_break *out_break, struct rcx_error *err)
{
    struct rcx_prices prices = {0};
    struct rcx_break end;
    rcx_i128 best = 0;
    bool limited = rcx_has_capacities(problem);
    if (limited && start)
        prices = *start;
    enum rcx_status status = rcx_allocation_break(problem, limited ? prices.places : NULL, parallel,
                                                  &end, err);
    prices.money = end.price;
    if (status == RCX_OK && limited)
        status = first_prices(problem, parallel, &prices, &end, &best, err);
    if (status == RCX_OK && limited) {
        double *room = rcx_malloc_array(problem->customers, sizeof *room);
        status = room ? take_turns(problem, room, parallel, best, &prices, &end, err)
                      : rcx_fail_nomem(err, "campaign plan", problem->customers * sizeof *room);
        rcx_free(room);
    }
    if (status != RCX_OK)
        return status;
    *out = prices;
    *out_break = end;
    return RCX_OK;
}
