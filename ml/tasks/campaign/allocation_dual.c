/* All prices at once: Newton's method on the bound.
 *
 * The bound is a convex function of the prices, a sum of one piecewise linear function for each
 * customer. Its slope is what is left of budget and places when everyone takes the best option. Its
 * curvature is how many customers change between two options when prices move, which one pass counts:
 * the customers whose second option is nearly as good as the best. A step goes to the lowest point of
 * the parabola with that slope and curvature (no price below 0), and is shortened until the bound
 * falls. With many customers ten passes come as near as a few customers' worth. */
#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

/* Dimension 0 is the price of money, 1 + k that of a place in tier k. */
enum { DIMENSIONS = RCX_TIERS_MOST + 1, OPTIONS = RCX_TIERS_MOST + 1, CLASSES = 64 };

/* What a pass counts. */
struct tally {
    uint64_t best[OPTIONS];
    uint32_t near[OPTIONS][OPTIONS]
                 [CLASSES]; /* by the two best options and log2 of their difference */
};

struct evaluate {
    const struct rcx_allocation_problem *problem;
    double charges[RCX_TIERS_MOST];
    struct tally *tallies; /* [threads] */
    double *sums;          /* [chunks] */
};

struct point {
    double prices[DIMENSIONS];
    double bound;
    double slope[DIMENSIONS];
    double curvature[DIMENSIONS][DIMENSIONS];
};

/* 0 below one unit, else 1 + log2. */
static inline unsigned class_of(double difference)
{
    uint64_t bits;
    if (difference < 1)
        return 0;
    memcpy(&bits, &difference, sizeof bits);
    unsigned class = (unsigned)(bits >> 52) - 1022;
    return class < CLASSES ? class : CLASSES - 1;
}

static enum rcx_status evaluate_chunk(void *context, size_t chunk, unsigned worker,
                                      struct rcx_error *err)
{
    const struct evaluate *evaluate = context;
    const struct rcx_allocation_problem *problem = evaluate->problem;
    struct tally *tally = &evaluate->tallies[worker];
    double sum = 0;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        struct rcx_choice choice = rcx_choice_at(problem, evaluate->charges,
                                                 problem->values + i * problem->tiers);
        sum += choice.best;
        tally->best[choice.option]++;
        if (choice.second > -INFINITY) {
            unsigned class = class_of(choice.best - choice.second);
            tally->near[choice.option][choice.other][class]++;
        }
    }
    evaluate->sums[chunk] = sum;
    return RCX_OK;
}

/* Customers who change between two options, for each unit by which prices move their difference. They
 * are counted within a band: the narrowest with `most` of them, or with about as many as there are on
 * the thinner side when these are fewer. */
static double density(const uint32_t *one, const uint32_t *other, uint64_t most)
{
    enum { LEAST = 8 };
    uint64_t ones = 0, others = 0, count = 0;
    unsigned last = 0;
    for (unsigned class = 0; class < CLASSES; class ++) {
        ones += one[class];
        others += other[class];
    }
    uint64_t enough = 2 * (ones < others ? ones : others);
    enough = enough < LEAST ? LEAST : enough < most ? enough : most;
    for (unsigned class = 0; class < CLASSES && count < enough; class ++) {
        count += one[class] + other[class];
        last = one[class] + other[class] > 0 ? class : last;
    }
    return (double)count / ldexp(2, (int)last);
}

static void add_curvature(const struct evaluate *evaluate, unsigned low, unsigned high,
                          double change, struct point *out)
{
    const struct rcx_allocation_problem *problem = evaluate->problem;
    double along[DIMENSIONS] = {0};
    along[0] = (double)(rcx_option_cost(problem, high) - rcx_option_cost(problem, low));
    along[high] = rcx_has_capacity(problem, high - 1) ? 1 : 0;
    if (low > 0 && rcx_has_capacity(problem, low - 1))
        along[low] = -1;
    for (size_t a = 0; a <= problem->tiers; a++)
        for (size_t b = 0; b <= problem->tiers; b++)
            out->curvature[a][b] += change * along[a] * along[b];
}

/* Adds the tallies of all threads up in that of the first. */
static void add_up(struct tally *tallies, unsigned threads, size_t options)
{
    for (unsigned worker = 1; worker < threads; worker++)
        for (size_t a = 0; a < options; a++) {
            tallies[0].best[a] += tallies[worker].best[a];
            for (size_t b = 0; b < options; b++)
                for (size_t class = 0; class < CLASSES; class ++)
                    tallies[0].near[a][b][class] += tallies[worker].near[a][b][class];
        }
}

static void gather(struct evaluate *evaluate, unsigned threads, struct point *out)
{
    const struct rcx_allocation_problem *problem = evaluate->problem;
    const struct tally *all = &evaluate->tallies[0];
    uint64_t most = 8 + 4 * (uint64_t)sqrt((double)problem->customers);
    add_up(evaluate->tallies, threads, problem->tiers + 1);
    out->slope[0] = (double)problem->budget;
    for (size_t k = 0; k < problem->tiers; k++) {
        double taken = (double)all->best[k + 1];
        out->slope[0] -= taken * (double)problem->costs[k];
        out->slope[k + 1] = rcx_has_capacity(problem, k) ? (double)problem->capacities[k] - taken
                                                         : 0;
    }
    for (unsigned low = 0; low <= problem->tiers; low++)
        for (unsigned high = low + 1; high <= problem->tiers; high++)
            add_curvature(evaluate, low, high,
                          density(all->near[low][high], all->near[high][low], most), out);
}

/* Bound, slope and curvature at out->prices. */
static enum rcx_status evaluate_at(struct evaluate *evaluate, const struct rcx_parallel *parallel,
                                   struct point *out, struct rcx_error *err)
{
    const struct rcx_allocation_problem *problem = evaluate->problem;
    size_t chunks = rcx_allocation_chunks(problem);
    memset(evaluate->tallies, 0, (size_t)parallel->threads * sizeof *evaluate->tallies);
    memset(out->curvature, 0, sizeof out->curvature);
    out->bound = out->prices[0] * (double)problem->budget;
    for (size_t k = 0; k < problem->tiers; k++) {
        evaluate->charges[k] = out->prices[k + 1] + out->prices[0] * (double)problem->costs[k];
        if (rcx_has_capacity(problem, k))
            out->bound += out->prices[k + 1] * (double)problem->capacities[k];
    }
    enum rcx_status status = rcx_parallel_for(parallel, chunks, evaluate_chunk, evaluate, err);
    for (size_t chunk = 0; chunk < chunks && status == RCX_OK; chunk++)
        out->bound += evaluate->sums[chunk];
    if (status == RCX_OK)
        gather(evaluate, parallel->threads, out);
    return status;
}

/* The lowest point of the parabola with prices >= 0, by turns along each price. */
static void newton_step(const struct point *at, size_t dimensions, double *step)
{
    enum { TURNS = 200 };
    memset(step, 0, DIMENSIONS * sizeof *step);
    for (int turn = 0; turn < TURNS; turn++)
        for (size_t a = 0; a < dimensions; a++) {
            double slope = at->slope[a], curvature = at->curvature[a][a];
            if (!(curvature > 0))
                continue; /* nobody changes: turns of price_of_tier find what to do */
            for (size_t b = 0; b < dimensions; b++)
                slope += at->curvature[a][b] * step[b];
            double moved = step[a] - slope / curvature;
            step[a] = moved > -at->prices[a] ? moved : -at->prices[a];
        }
}

static double along(const struct point *at, const double *step, size_t dimensions)
{
    double sum = 0;
    for (size_t a = 0; a < dimensions; a++)
        sum += at->slope[a] * step[a];
    return sum;
}

/* Moves `at` along the step to where the bound is lower; *out_moved is false when it is nowhere. */
static enum rcx_status move(struct evaluate *evaluate, const struct rcx_parallel *parallel,
                            const double *step, struct point *at, bool *out_moved,
                            struct rcx_error *err)
{
    enum { TRIES = 12 };
    size_t dimensions = evaluate->problem->tiers + 1;
    double down = along(at, step, dimensions), length = 1;
    enum rcx_status status = RCX_OK;
    *out_moved = false;
    for (int attempt = 0; attempt < TRIES && down < 0 && status == RCX_OK; attempt++) {
        struct point next = *at;
        for (size_t a = 0; a < dimensions; a++)
            next.prices[a] = fmax(0, at->prices[a] + length * step[a]);
        status = evaluate_at(evaluate, parallel, &next, err);
        if (status == RCX_OK && next.bound < at->bound) {
            *at = next;
            *out_moved = true;
            return status;
        }
        double up = along(&next, step, dimensions); /* where a parabola between the two turns */
        double shorter = up > 0 ? down / (down - up) : 0.5;
        length *= shorter > 0.1 && shorter < 0.5 ? shorter : shorter <= 0.1 ? 0.1 : 0.5;
    }
    return status;
}

/* --- how far off --------------------------------------------------------------------------------- */

/* Variances of what customers drawn at random take of budget and places, all of them together. */
static void usage_noise(const struct evaluate *evaluate, double out[DIMENSIONS][DIMENSIONS])
{
    const struct rcx_allocation_problem *problem = evaluate->problem;
    double customers = (double)problem->customers, spent = 0;
    memset(out, 0, DIMENSIONS * sizeof *out);
    for (size_t k = 0; k < problem->tiers; k++)
        spent += (double)evaluate->tallies[0].best[k + 1] * (double)problem->costs[k];
    for (size_t k = 0; k < problem->tiers; k++) {
        double taken = (double)evaluate->tallies[0].best[k + 1] + 1;
        double cost = (double)problem->costs[k];
        out[0][0] += taken * cost * (cost - spent / customers);
        out[0][k + 1] = out[k + 1][0] = taken * (cost - spent / customers);
        for (size_t j = 0; j < problem->tiers; j++)
            out[k + 1][j + 1] = (j == k ? taken : 0) -
                                taken * (double)evaluate->tallies[0].best[j + 1] / customers;
    }
}

/* Inverse of the positive definite part of the curvature that belongs to `free` prices, 0 elsewhere;
 * Gauss and Jordan, after adding a thousandth to the diagonal. */
static void invert(const struct point *at, const bool *free, size_t dimensions,
                   double out[DIMENSIONS][DIMENSIONS])
{
    double left[DIMENSIONS][DIMENSIONS];
    memset(out, 0, DIMENSIONS * sizeof *out);
    for (size_t a = 0; a < dimensions; a++) {
        for (size_t b = 0; b < dimensions; b++)
            left[a][b] = free[a] && free[b] ? at->curvature[a][b] * (a == b ? 1.001 : 1) : 0;
        out[a][a] = free[a];
    }
    for (size_t p = 0; p < dimensions; p++) {
        if (!free[p])
            continue;
        double pivot = left[p][p];
        for (size_t b = 0; b < dimensions; b++) {
            left[p][b] /= pivot;
            out[p][b] /= pivot;
        }
        for (size_t a = 0; a < dimensions; a++) {
            double factor = left[a][p];
            for (size_t b = 0; b < dimensions && a != p; b++) {
                left[a][b] -= factor * left[p][b];
                out[a][b] -= factor * out[p][b];
            }
        }
    }
}

/* Standard errors of the prices, by what the usage of a sample is off. A price of 0 that would stay 0
 * with five times the error has none. */
static void errors_of(const struct evaluate *evaluate, const struct point *at, double *out)
{
    enum { SURE = 5 };
    double noise[DIMENSIONS][DIMENSIONS], inverse[DIMENSIONS][DIMENSIONS];
    size_t dimensions = evaluate->problem->tiers + 1;
    bool free[DIMENSIONS];
    usage_noise(evaluate, noise);
    for (size_t a = 0; a < dimensions; a++)
        free[a] = at->curvature[a][a] > 0 &&
                  (at->prices[a] > 0 || at->slope[a] < SURE * sqrt(fmax(0, noise[a][a])));
    invert(at, free, dimensions, inverse);
    for (size_t a = 0; a < dimensions; a++) {
        double variance = 0;
        for (size_t b = 0; b < dimensions; b++)
            for (size_t c = 0; c < dimensions; c++)
                variance += inverse[a][b] * noise[b][c] * inverse[a][c];
        out[a] = sqrt(fmax(0, variance));
    }
}

enum rcx_status rcx_allocation_newton(const struct rcx_allocation_problem *problem,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_prices *prices, double *out_errors,
                                      struct rcx_error *err)
{
    enum { STEPS = 40 };
    const double enough = 1e-9; /* a step that lowers the bound by less of it is the last */
    struct evaluate evaluate = {.problem = problem};
    struct point at = {.prices = {[0] = prices->money}};
    bool moved = true;
    size_t chunks = rcx_allocation_chunks(problem);
    enum rcx_status status = RCX_OK;
    evaluate.tallies = rcx_malloc_array(parallel->threads, sizeof *evaluate.tallies);
    evaluate.sums = rcx_malloc_array(chunks + 1, sizeof *evaluate.sums);
    if (!evaluate.tallies || !evaluate.sums)
        status = rcx_fail_nomem(err, "campaign prices", sizeof *evaluate.tallies);
    for (size_t k = 0; k < problem->tiers; k++)
        at.prices[k + 1] = (double)prices->places[k];
    if (status == RCX_OK)
        status = evaluate_at(&evaluate, parallel, &at, err);
    for (int number = 0; number < STEPS && moved && status == RCX_OK; number++) {
        double step[DIMENSIONS], before = at.bound;
        newton_step(&at, problem->tiers + 1, step);
        status = move(&evaluate, parallel, step, &at, &moved, err);
        moved = moved && before - at.bound > enough * before;
    }
    if (status == RCX_OK) {
        prices->money = at.prices[0];
        for (size_t k = 0; k < problem->tiers; k++)
            prices->places[k] = llround(at.prices[k + 1]);
        if (out_errors)
            errors_of(&evaluate, &at, out_errors);
    }
    rcx_free(evaluate.tallies);
    rcx_free(evaluate.sums);
    return status;
}
