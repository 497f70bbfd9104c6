/* Many customers: the choice of most is the same at all prices near the right ones.
 *
 * Prices and their errors are estimated from a sample. A customer whose best option stays the best
 * wherever the prices lie within a few errors of that keeps it and hands its money and its place over;
 * the problem of the others, with what is left, is solved as any. When its prices lie within those
 * ranges, its solution and the options kept are one of the whole relaxation; else it starts again from
 * the better prices, with wider ranges. The bound is computed over all customers in any case. */
#include "base/memory.h"
#include "base/random.h"
#include "ml/tasks/campaign/allocation_parts.h"

enum { SAMPLE = 1 << 17, ERRORS = 5, ATTEMPTS = 6, WIDER = 3, OPEN = 255 };

/* --- estimate ------------------------------------------------------------------------------------- */

/* One customer of each run of `stride`, at a place that does not follow any pattern of the rows. */
static void take_sample(const struct rcx_allocation_problem *problem, size_t stride,
                        struct rcx_allocation_problem *out, int64_t *values, int64_t *capacities)
{
    size_t width = problem->tiers;
    *out = *problem;
    out->customers = problem->customers / stride;
    for (size_t i = 0; i < out->customers; i++) {
        size_t from = i * stride + (size_t)(rcx_mix64(i) % stride);
        memcpy(values + i * width, problem->values + from * width, width * sizeof *values);
    }
    for (size_t k = 0; k < width; k++)
        capacities[k] = rcx_has_capacity(problem, k) ? problem->capacities[k] / (int64_t)stride
                                                     : RCX_CAPACITY_NONE;
    out->values = values;
    out->capacities = capacities;
    out->budget = problem->budget / (int64_t)stride;
}

static enum rcx_status estimate(const struct rcx_allocation_problem *problem,
                                const struct rcx_parallel *parallel, struct rcx_prices *out,
                                double *out_ranges, struct rcx_error *err)
{
    size_t stride = problem->customers / SAMPLE;
    int64_t capacities[RCX_TIERS_MOST];
    struct rcx_allocation_problem sample;
    struct rcx_break end;
    int64_t *values = rcx_malloc_array(problem->customers / stride + 1,
                                       problem->tiers * sizeof *values);
    if (!values)
        return rcx_fail_nomem(err, "campaign sample", SAMPLE * problem->tiers * sizeof *values);
    take_sample(problem, stride, &sample, values, capacities);
    *out = (struct rcx_prices){0};
    enum rcx_status status = rcx_allocation_break(&sample, NULL, parallel, &end, err);
    out->money = end.price;
    if (status == RCX_OK)
        status = rcx_allocation_newton(&sample, parallel, out, out_ranges, err);
    for (size_t a = 0; a <= problem->tiers; a++)
        out_ranges[a] *= ERRORS;
    rcx_free(values);
    return status;
}

/* --- who is open ---------------------------------------------------------------------------------- */

struct sums {
    rcx_i128 value;
    int64_t cost;
    uint64_t counts[RCX_TIERS_MOST];
    size_t open;
};

struct reduce {
    const struct rcx_allocation_problem *problem;
    struct rcx_prices prices;          /* estimated */
    double ranges[RCX_TIERS_MOST + 1]; /* of the prices of money and places, to either side */
    double charges[RCX_TIERS_MOST];
    double spreads[RCX_TIERS_MOST + 1][RCX_TIERS_MOST + 1]; /* how far options move apart in them */
    uint8_t *options;                                       /* [customers] OPEN: not kept */
    struct sums *sums;                                      /* [chunks] */
    size_t *first;    /* [chunks] index of the first open customer */
    uint32_t *open;   /* the open customers, in order */
    int64_t *values;  /* theirs */
    struct sums kept; /* of all */
    int64_t capacities[RCX_TIERS_MOST];
};

/* Whether some other option can become the best. */
static inline bool is_open(const struct reduce *reduce, const int64_t *row,
                           const struct rcx_choice *choice)
{
    const double *spread = reduce->spreads[choice->option];
    bool open = !(choice->best > spread[0]) && choice->option > 0;
    for (size_t k = 0; k < reduce->problem->tiers; k++) {
        double value = row[k] > 0 ? (double)row[k] - reduce->charges[k] : -INFINITY;
        open |= k + 1 != choice->option && !(choice->best - value > spread[k + 1]);
    }
    return open;
}

static enum rcx_status keep_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct reduce *reduce = context;
    const struct rcx_allocation_problem *problem = reduce->problem;
    struct sums sums = {0};
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        const int64_t *row = problem->values + i * problem->tiers;
        struct rcx_choice choice = rcx_choice_at(problem, reduce->charges, row);
        bool open = is_open(reduce, row, &choice);
        reduce->options[i] = open ? OPEN : (uint8_t)choice.option;
        sums.open += open;
        if (!open && choice.option > 0) {
            sums.value += row[choice.option - 1];
            sums.counts[choice.option - 1]++;
        }
    }
    for (size_t k = 0; k < problem->tiers; k++)
        sums.cost += problem->costs[k] * (int64_t)sums.counts[k];
    reduce->sums[chunk] = sums;
    return RCX_OK;
}

static enum rcx_status list_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct reduce *reduce = context;
    const struct rcx_allocation_problem *problem = reduce->problem;
    size_t at = reduce->first[chunk], width = problem->tiers;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        if (reduce->options[i] != OPEN)
            continue;
        memcpy(reduce->values + at * width, problem->values + i * width,
               width * sizeof *reduce->values);
        reduce->open[at++] = (uint32_t)i;
    }
    return RCX_OK;
}

static void add_up(struct reduce *reduce)
{
    reduce->kept = (struct sums){0};
    for (size_t chunk = 0; chunk < rcx_allocation_chunks(reduce->problem); chunk++) {
        const struct sums *sums = &reduce->sums[chunk];
        reduce->first[chunk] = reduce->kept.open;
        reduce->kept.open += sums->open;
        reduce->kept.value += sums->value;
        reduce->kept.cost += sums->cost;
        for (size_t k = 0; k < reduce->problem->tiers; k++)
            reduce->kept.counts[k] += sums->counts[k];
    }
}

static void set_spreads(struct reduce *reduce)
{
    /* rounding of reals must not make an option that is kept seem better than it is */
    const double slack = 2;
    const struct rcx_allocation_problem *problem = reduce->problem;
    rcx_charges_at(problem, &reduce->prices, reduce->charges);
    for (unsigned a = 0; a <= problem->tiers; a++)
        for (unsigned b = 0; b <= problem->tiers; b++) {
            int64_t cost = rcx_option_cost(problem, a) - rcx_option_cost(problem, b);
            reduce->spreads[a][b] = slack + reduce->ranges[0] * fabs((double)cost) +
                                    (a > 0 ? reduce->ranges[a] : 0) +
                                    (b > 0 ? reduce->ranges[b] : 0);
        }
}

/* The open customers as a problem of its own; *out_overspent: those who keep their options take more
 * than there is. */
static enum rcx_status open_problem(struct reduce *reduce, const struct rcx_parallel *parallel,
                                    struct rcx_allocation_problem *out, bool *out_overspent,
                                    struct rcx_error *err)
{
    const struct rcx_allocation_problem *problem = reduce->problem;
    size_t chunks = rcx_allocation_chunks(problem);
    set_spreads(reduce);
    enum rcx_status status = rcx_parallel_for(parallel, chunks, keep_chunk, reduce, err);
    if (status != RCX_OK)
        return status;
    add_up(reduce);
    *out = *problem;
    out->customers = reduce->kept.open;
    out->capacities = reduce->capacities;
    out->budget = problem->budget - reduce->kept.cost;
    if (out->budget < 0)
        reduce->ranges[0] *= WIDER;
    *out_overspent = out->budget < 0;
    for (size_t k = 0; k < problem->tiers; k++) {
        bool limited = rcx_has_capacity(problem, k);
        reduce->capacities[k] = limited ? problem->capacities[k] - (int64_t)reduce->kept.counts[k]
                                        : RCX_CAPACITY_NONE;
        if (!limited || reduce->capacities[k] >= 0)
            continue;
        reduce->ranges[k + 1] *= WIDER;
        *out_overspent = true;
    }
    if (*out_overspent)
        return RCX_OK;
    rcx_free(reduce->open);
    rcx_free(reduce->values);
    reduce->open = rcx_malloc_array(out->customers + 1, sizeof *reduce->open);
    reduce->values = rcx_malloc_array(out->customers + 1, problem->tiers * sizeof *reduce->values);
    if (!reduce->open || !reduce->values)
        return rcx_fail_nomem(err, "campaign plan",
                              out->customers * problem->tiers * sizeof *reduce->values);
    out->values = reduce->values;
    return rcx_parallel_for(parallel, chunks, list_chunk, reduce, err);
}

/* --- one plan of both ----------------------------------------------------------------------------- */

/* Whether the prices lie within the ranges; those that do not become wider. *out_least is then what
 * kept options are better by than any other, at least. */
static bool is_within(struct reduce *reduce, const struct rcx_prices *prices, double *out_least)
{
    double charges[RCX_TIERS_MOST + 1] = {0}, moved[RCX_TIERS_MOST + 1] = {0};
    size_t tiers = reduce->problem->tiers;
    bool within = true;
    double *ranges = reduce->ranges;
    *out_least = INFINITY;
    if (!(fabs(prices->money - reduce->prices.money) <= ranges[0])) {
        within = false;
        ranges[0] = WIDER * fmax(ranges[0], fabs(prices->money - reduce->prices.money));
    }
    rcx_charges_at(reduce->problem, prices, charges);
    for (size_t k = 0; k < tiers; k++) {
        double change = fabs((double)(prices->places[k] - reduce->prices.places[k]));
        moved[k + 1] = charges[k] - reduce->charges[k];
        if (!(change <= ranges[k + 1])) {
            within = false;
            ranges[k + 1] = WIDER * fmax(ranges[k + 1], change);
        }
    }
    for (size_t a = 0; a <= tiers; a++)
        for (size_t b = 0; b <= tiers; b++)
            if (a != b)
                *out_least = fmin(*out_least, reduce->spreads[a][b] - fabs(moved[a] - moved[b]));
    *out_least = fmax(0, *out_least - 1);
    return within;
}

static enum rcx_status finish(const struct reduce *reduce, const struct rcx_prices *prices,
                              const struct rcx_parallel *parallel, struct rcx_allocation *part,
                              struct rcx_allocation *plan, struct rcx_error *err)
{
    const struct sums *kept = &reduce->kept;
    uint8_t *options = plan->options;
    for (size_t i = 0; i < kept->open; i++)
        options[reduce->open[i]] = part->options[i];
    *plan = *part;
    plan->options = options;
    plan->cost += kept->cost;
    plan->value += kept->value;
    for (size_t k = 0; k < reduce->problem->tiers; k++)
        plan->counts[k] += kept->counts[k];
    enum rcx_status status = rcx_allocation_bound(reduce->problem, prices, parallel, &plan->bound,
                                                  err);
    plan->optimal |= status == RCX_OK && plan->value == plan->bound;
    return status;
}

static enum rcx_status solve(const struct reduce *reduce,
                             const struct rcx_allocation_problem *problem,
                             const struct rcx_prices *prices, const struct rcx_break *end,
                             double outside, const struct rcx_parallel *parallel,
                             struct rcx_allocation *plan, struct rcx_error *err)
{
    struct rcx_allocation part = {.options = rcx_calloc(problem->customers + 1, 1)};
    if (!part.options)
        return rcx_fail_nomem(err, "campaign plan", problem->customers);
    enum rcx_status status = rcx_allocation_plan(problem, prices, end, outside, parallel, &part,
                                                 err);
    if (status == RCX_OK)
        status = finish(reduce, prices, parallel, &part, plan, err);
    rcx_allocation_release(&part);
    return status;
}

/* Tries the estimated prices; *out_done is false when they were too far off. */
static enum rcx_status attempt(struct reduce *reduce, const struct rcx_parallel *parallel,
                               struct rcx_allocation *plan, bool *out_done, struct rcx_error *err)
{
    struct rcx_allocation_problem part;
    struct rcx_prices prices;
    struct rcx_break end;
    bool overspent = false;
    double least = 0;
    enum rcx_status status = open_problem(reduce, parallel, &part, &overspent, err);
    if (status != RCX_OK || overspent)
        return status;
    status = rcx_allocation_prices(&part, &reduce->prices, parallel, &prices, &end, err);
    if (status != RCX_OK)
        return status;
    if (part.customers == reduce->problem->customers)
        least = INFINITY; /* nobody was kept */
    else if (!is_within(reduce, &prices, &least)) {
        reduce->prices = prices;
        return RCX_OK;
    }
    *out_done = true;
    return solve(reduce, &part, &prices, &end, least, parallel, plan, err);
}

static enum rcx_status reduced(struct reduce *reduce, const struct rcx_parallel *parallel,
                               struct rcx_allocation *plan, struct rcx_error *err)
{
    size_t chunks = rcx_allocation_chunks(reduce->problem);
    bool done = false;
    reduce->sums = rcx_malloc_array(chunks, sizeof *reduce->sums);
    reduce->first = rcx_malloc_array(chunks, sizeof *reduce->first);
    if (!reduce->sums || !reduce->first)
        return rcx_fail_nomem(err, "campaign plan", chunks * sizeof *reduce->sums);
    enum rcx_status status = estimate(reduce->problem, parallel, &reduce->prices, reduce->ranges,
                                      err);
    for (int number = 0; number < ATTEMPTS && status == RCX_OK && !done; number++) {
        for (size_t a = 0; a <= reduce->problem->tiers && number == ATTEMPTS - 1; a++)
            reduce->ranges[a] = INFINITY; /* all are open */
        status = attempt(reduce, parallel, plan, &done, err);
    }
    return status;
}

enum rcx_status rcx_allocation_reduced(const struct rcx_allocation_problem *problem,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_allocation *plan, struct rcx_error *err)
{
    struct reduce reduce = {.problem = problem, .options = plan->options};
    enum rcx_status status = reduced(&reduce, parallel, plan, err);
    rcx_free(reduce.sums);
    rcx_free(reduce.first);
    rcx_free(reduce.open);
    rcx_free(reduce.values);
    return status;
}
