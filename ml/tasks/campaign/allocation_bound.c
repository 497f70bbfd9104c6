/* The Lagrangian upper bound, in integers. */
#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

/* The price of money as numerator / 2^shift, from below, with at most 52 bits: any price gives a valid
 * bound, and one that is off by 2^-52 of itself gives one that is hardly worse. */
struct fraction {
    int64_t numerator;
    unsigned shift;
};

static struct fraction fraction_of(double price)
{
    int exponent = 0;
    if (!(price > 0))
        return (struct fraction){0, 0};
    (void)frexp(price, &exponent); /* price < 2^exponent */
    int shift = 52 - exponent;
    shift = shift < 0 ? 0 : shift > 40 ? 40 : shift;
    return (struct fraction){(int64_t)ldexp(price, shift), (unsigned)shift};
}

struct bound {
    const struct rcx_allocation_problem *problem;
    const struct rcx_prices *prices;
    rcx_i128 charge[RCX_TIERS_MOST]; /* price of money x cost, and of the place, scaled */
    unsigned shift;
    rcx_i128 *sums; /* [chunks] */
};

static enum rcx_status bound_chunk(void *context, size_t chunk, unsigned worker,
                                   struct rcx_error *err)
{
    const struct bound *bound = context;
    const struct rcx_allocation_problem *problem = bound->problem;
    rcx_i128 sum = 0;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        const int64_t *row = problem->values + i * problem->tiers;
        rcx_i128 best = 0;
        for (size_t k = 0; k < problem->tiers; k++) {
            if (row[k] <= 0)
                continue;
            rcx_i128 value = ((rcx_i128)row[k] << bound->shift) - bound->charge[k];
            best = value > best ? value : best;
        }
        sum += best;
    }
    bound->sums[chunk] = sum;
    return RCX_OK;
}

enum rcx_status rcx_allocation_bound(const struct rcx_allocation_problem *problem,
                                     const struct rcx_prices *prices,
                                     const struct rcx_parallel *parallel, rcx_i128 *out,
                                     struct rcx_error *err)
{
    struct fraction price = fraction_of(prices->money);
    struct bound bound = {.problem = problem, .prices = prices, .shift = price.shift};
    size_t chunks = rcx_allocation_chunks(problem);
    rcx_i128 sum = (rcx_i128)price.numerator * problem->budget;

    bound.sums = rcx_malloc_array(chunks + 1, sizeof *bound.sums);
    if (!bound.sums)
        return rcx_fail_nomem(err, "campaign plan", chunks * sizeof *bound.sums);
    for (size_t k = 0; k < problem->tiers; k++) {
        rcx_i128 place = (rcx_i128)prices->places[k] << price.shift;
        bound.charge[k] = (rcx_i128)price.numerator * problem->costs[k] + place;
        if (rcx_has_capacity(problem, k))
            sum += place * problem->capacities[k];
    }
    enum rcx_status status = rcx_parallel_for(parallel, chunks, bound_chunk, &bound, err);
    for (size_t chunk = 0; chunk < chunks && status == RCX_OK; chunk++)
        sum += bound.sums[chunk];
    if (status == RCX_OK)
        *out = sum >> price.shift; /* plans are worth whole units */
    rcx_free(bound.sums);
    return status;
}
