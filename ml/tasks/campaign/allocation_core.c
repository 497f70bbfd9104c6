/* Dynamic programming over the customers whose choice is least clear.
 *
 * The loss of an option is what the bound loses when the customer gets it instead of the best one at
 * the prices. A plan is worth the bound less all losses, less the price of money and places left over;
 * so a partial plan whose losses exceed the gap between the bound and the plan at hand is left out.
 * States are kept in order of cost; options shift a list of states by a constant, so the next list is
 * a merge. */
#include <stdlib.h>

#include "base/memory.h"
#include "ml/tasks/campaign/allocation_parts.h"

enum { CORE = 96, WIDTH = 2048 }; /* customers (below 256: counts are bytes), states of a layer */

struct candidate {
    double loss; /* smallest of an option that is not the best */
    uint32_t customer;
};

struct find {
    const struct rcx_allocation_problem *problem;
    const struct rcx_prices *prices;
    struct candidate *found; /* [chunks][CORE + 1] heaps, the largest loss first */
    size_t *counts;          /* [chunks] */
};

static bool is_less(const struct candidate *a, const struct candidate *b)
{
    return a->loss != b->loss ? a->loss < b->loss : a->customer < b->customer;
}

static void sift_down(struct candidate *heap, size_t count, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && is_less(&heap[child], &heap[child + 1]))
            child++;
        if (!is_less(&heap[at], &heap[child]))
            return;
        struct candidate swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

/* Keeps the CORE + 1 smallest. */
static void heap_offer(struct candidate *heap, size_t *count, struct candidate item)
{
    if (*count == CORE + 1) {
        if (!is_less(&item, &heap[0]))
            return;
        heap[0] = item;
        sift_down(heap, *count, 0);
        return;
    }
    size_t at = (*count)++;
    for (; at > 0 && is_less(&heap[(at - 1) / 2], &item); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static enum rcx_status find_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct find *find = context;
    const struct rcx_allocation_problem *problem = find->problem;
    struct candidate *heap = find->found + chunk * (CORE + 1);
    size_t count = 0;
    (void)worker;
    (void)err;
    for (size_t i = chunk * RCX_ALLOCATION_CHUNK; i < rcx_allocation_chunk_end(problem, chunk);
         i++) {
        const int64_t *row = problem->values + i * problem->tiers;
        double best = 0, second = -INFINITY;
        for (unsigned k = 1; k <= problem->tiers; k++) {
            double value = rcx_reduced_value(problem, find->prices, row, k);
            if (value > best) {
                second = best;
                best = value;
            } else if (value > second) {
                second = value;
            }
        }
        if (second > -INFINITY)
            heap_offer(heap, &count, (struct candidate){best - second, (uint32_t)i});
    }
    find->counts[chunk] = count;
    return RCX_OK;
}

struct core {
    struct candidate customers[CORE + 1]; /* the largest loss first; count of them are the core */
    size_t count;
    double outside; /* smallest loss of an option of a customer outside; INFINITY: none has any */
};

static int by_falling_loss(const void *a, const void *b)
{
    return is_less(a, b) ? 1 : -1;
}

static enum rcx_status find_core(struct find *find, const struct rcx_parallel *parallel,
                                 struct core *core, struct rcx_error *err)
{
    size_t chunks = rcx_allocation_chunks(find->problem);
    enum rcx_status status = RCX_OK;
    find->found = rcx_malloc_array(chunks * (CORE + 1), sizeof *find->found);
    find->counts = rcx_malloc_array(chunks, sizeof *find->counts);
    if (!find->found || !find->counts)
        status = rcx_fail_nomem(err, "campaign plan", chunks * CORE * sizeof *find->found);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, chunks, find_chunk, find, err);
    core->count = 0;
    for (size_t chunk = 0; chunk < chunks && status == RCX_OK; chunk++)
        for (size_t i = 0; i < find->counts[chunk]; i++)
            heap_offer(core->customers, &core->count, find->found[chunk * (CORE + 1) + i]);
    rcx_free(find->found);
    rcx_free(find->counts);
    if (status != RCX_OK)
        return status;
    qsort(core->customers, core->count, sizeof core->customers[0], by_falling_loss);
    core->outside = INFINITY;
    if (core->count == CORE + 1) { /* the first one only tells what lies outside */
        core->outside = core->customers[0].loss;
        core->count = CORE;
        memmove(core->customers, core->customers + 1, CORE * sizeof core->customers[0]);
    }
    return RCX_OK;
}

struct state {
    unsigned __int128 use; /* a byte for each tier with a capacity */
    int64_t cost, value;
    double loss;
    uint32_t parent; /* index into the layer before */
    uint8_t option;
};

struct search {
    const struct rcx_allocation_problem *problem;
    const struct rcx_prices *prices;
    int64_t budget;                 /* for the core */
    int64_t places[RCX_TIERS_MOST]; /* for the core; INT64_MAX: any number */
    bool has_places;                /* some are limited */
    double gap;                     /* states that lose so much cannot win */
    struct state *states;           /* layers one after the other; owned */
    size_t capacity, count;
    size_t layers[CORE + 2]; /* where each begins */
    bool cut;                /* states were dropped that might have won */
};

/* One option of a customer of the core, and how far the merge is with it. */
struct cursor {
    size_t at;
    int64_t cost, value;
    double loss;
    uint8_t option;
};

static bool admits(const struct search *search, const struct state *from,
                   const struct cursor *cursor)
{
    if (from->cost > search->budget - cursor->cost || !(from->loss + cursor->loss < search->gap))
        return false;
    if (cursor->option == 0 || search->places[cursor->option - 1] == INT64_MAX)
        return true;
    unsigned tier = cursor->option - 1u;
    return (int64_t)(from->use >> (8 * tier) & 255) < search->places[tier];
}

static struct state follow(const struct search *search, const struct state *from, uint32_t parent,
                           const struct cursor *cursor)
{
    struct state next = *from;
    next.cost += cursor->cost;
    next.value += cursor->value;
    next.loss += cursor->loss;
    next.parent = parent;
    next.option = cursor->option;
    if (cursor->option != 0 && search->places[cursor->option - 1] != INT64_MAX)
        next.use += (unsigned __int128)1 << (8 * (cursor->option - 1u));
    return next;
}

/* Appends to the layer that begins at `begin`, in order of cost, then use; leaves out what another
 * state beats. */
static bool push(struct search *search, size_t begin, const struct state *state)
{
    if (search->count > begin) {
        struct state *last = &search->states[search->count - 1];
        bool same = last->cost == state->cost && last->use == state->use;
        if ((same || !search->has_places) && state->value <= last->value)
            return true;
        if (same) {
            *last = *state;
            return true;
        }
    }
    if (!rcx_array_reserve(&search->states, &search->capacity, search->count + 1,
                           sizeof *search->states))
        return false;
    search->states[search->count++] = *state;
    return true;
}

static bool precedes(const struct state *a, const struct state *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->use < b->use;
}

/* The next layer from the one at [begin, end). */
static bool merge(struct search *search, struct cursor *cursors, size_t count, size_t begin,
                  size_t end)
{
    size_t next = search->count;
    for (;;) {
        struct state best = {0};
        size_t chosen = count;
        for (size_t c = 0; c < count; c++) {
            struct cursor *cursor = &cursors[c];
            while (begin + cursor->at < end &&
                   !admits(search, &search->states[begin + cursor->at], cursor))
                cursor->at++;
            if (begin + cursor->at == end)
                continue;
            struct state state = follow(search, &search->states[begin + cursor->at],
                                        (uint32_t)cursor->at, cursor);
            if (chosen == count || precedes(&state, &best)) {
                best = state;
                chosen = c;
            }
        }
        if (chosen == count)
            return true;
        cursors[chosen].at++;
        if (!push(search, next, &best))
            return false;
    }
}

static int by_loss(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Keeps the WIDTH states of the last layer that lose least. */
static bool narrow(struct search *search, size_t begin)
{
    size_t count = search->count - begin, kept = begin;
    if (count <= WIDTH)
        return true;
    double *losses = rcx_malloc_array(count, sizeof *losses);
    if (!losses)
        return false;
    for (size_t i = 0; i < count; i++)
        losses[i] = search->states[begin + i].loss;
    qsort(losses, count, sizeof *losses, by_loss);
    double most = losses[WIDTH - 1];
    rcx_free(losses);
    for (size_t i = begin; i < search->count; i++)
        if (search->states[i].loss <= most && kept < begin + WIDTH)
            search->states[kept++] = search->states[i];
    search->count = kept;
    search->cut = true;
    return true;
}

static size_t options_of(const struct search *search, size_t customer, struct cursor *cursors)
{
    const struct rcx_allocation_problem *problem = search->problem;
    const int64_t *row = problem->values + customer * problem->tiers;
    size_t count = 0;
    double best = 0;
    for (unsigned option = 0; option <= problem->tiers; option++) {
        double value = rcx_reduced_value(problem, search->prices, row, option);
        if (!(value > -INFINITY))
            continue;
        best = value > best ? value : best;
        cursors[count++] = (struct cursor){.option = (uint8_t)option,
                                           .cost = rcx_option_cost(problem, option),
                                           .value = rcx_option_value(problem, customer, option),
                                           .loss = value};
    }
    for (size_t c = 0; c < count; c++)
        cursors[c].loss = best - cursors[c].loss;
    return count;
}

/* Fills the layers; false: out of memory. */
static bool run_search(struct search *search, const struct core *core, double loss)
{
    struct cursor cursors[RCX_TIERS_MOST + 1];
    const struct state start = {.loss = loss};
    if (!push(search, 0, &start))
        return false;
    for (size_t i = 0; i < core->count; i++) {
        size_t begin = search->layers[i], end = search->count;
        size_t count = options_of(search, core->customers[i].customer, cursors);
        search->layers[i + 1] = end;
        if (!merge(search, cursors, count, begin, end) || !narrow(search, end))
            return false;
    }
    search->layers[core->count + 1] = search->count;
    return true;
}

/* Follows the best state back into plan->options when it beats what the core had. */
static bool adopt(const struct search *search, const struct core *core, int64_t before,
                  struct rcx_allocation *plan)
{
    size_t begin = search->layers[core->count], end = search->layers[core->count + 1];
    const struct state *best = NULL;
    for (size_t i = begin; i < end; i++)
        if (search->states[i].value > (best ? best->value : before))
            best = &search->states[i];
    if (!best)
        return false;
    for (size_t layer = core->count; layer > 0; layer--) {
        plan->options[core->customers[layer - 1].customer] = best->option;
        best = &search->states[search->layers[layer - 1] + best->parent];
    }
    return true;
}

/* What is left for the core when it gives back what it has. */
static int64_t free_core(struct search *search, const struct core *core,
                         const struct rcx_allocation *plan)
{
    const struct rcx_allocation_problem *problem = search->problem;
    int64_t value = 0;
    search->budget = problem->budget - plan->cost;
    for (size_t k = 0; k < problem->tiers; k++) {
        bool limited = rcx_has_capacity(problem, k);
        search->places[k] = limited ? problem->capacities[k] - (int64_t)plan->counts[k] : INT64_MAX;
        search->has_places |= limited;
    }
    for (size_t i = 0; i < core->count; i++) {
        size_t customer = core->customers[i].customer;
        unsigned option = plan->options[customer];
        search->budget += rcx_option_cost(problem, option);
        value += rcx_option_value(problem, customer, option);
        if (option > 0 && search->places[option - 1] != INT64_MAX)
            search->places[option - 1]++;
    }
    return value;
}

/* What the plan loses by options of customers outside the core: of the gap, what neither the core's
 * options nor leftovers explain. */
static double loss_outside(const struct search *search, const struct core *core,
                           const struct rcx_allocation *plan)
{
    const struct rcx_allocation_problem *problem = search->problem;
    struct cursor cursors[RCX_TIERS_MOST + 1];
    double loss = (double)(plan->bound - plan->value) -
                  search->prices->money * (double)(problem->budget - plan->cost);
    for (size_t k = 0; k < problem->tiers; k++)
        if (rcx_has_capacity(problem, k))
            loss -= (double)search->prices->places[k] *
                    (double)(problem->capacities[k] - (int64_t)plan->counts[k]);
    for (size_t i = 0; i < core->count; i++) {
        size_t count = options_of(search, core->customers[i].customer, cursors);
        for (size_t c = 0; c < count; c++)
            if (cursors[c].option == plan->options[core->customers[i].customer])
                loss -= cursors[c].loss;
    }
    return loss > 0 ? loss : 0;
}

enum rcx_status rcx_allocation_improve(const struct rcx_allocation_problem *problem,
                                       const struct rcx_prices *prices, double outside,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_allocation *plan, struct rcx_error *err)
{
    struct find find = {.problem = problem, .prices = prices};
    struct search search = {.problem = problem, .prices = prices};
    struct core core;
    enum rcx_status status = find_core(&find, parallel, &core, err);
    if (status != RCX_OK)
        return status;
    int64_t before = free_core(&search, &core, plan);
    double lost = loss_outside(&search, &core, plan);
    /* losses are sums of rounded reals; a state is left out only when it is worse beyond that */
    search.gap = (double)(plan->bound - plan->value) + 1 + 1e-12 * (double)plan->bound;
    if (!run_search(&search, &core, lost)) {
        rcx_free(search.states);
        return rcx_fail_nomem(err, "campaign plan", search.capacity * sizeof *search.states);
    }
    if (adopt(&search, &core, before, plan))
        rcx_allocation_sum(problem, plan);
    outside = core.outside < outside ? core.outside : outside;
    plan->optimal = plan->value == plan->bound || (!search.cut && outside >= search.gap);
    rcx_free(search.states);
    return RCX_OK;
}
