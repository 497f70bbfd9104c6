#include "ml/btyd/btyd_groups.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"
#include "ml/btyd/lanes.h"

static const double MOST_FREQUENCY = 1e9;

void rcx_btyd_groups_release(struct rcx_btyd_groups *groups)
{
    if (!groups)
        return;
    rcx_free(groups->t_x);
    rcx_free(groups->age);
    rcx_free(groups->weight);
    rcx_free(groups->lane_of);
    rcx_free(groups->runs);
    rcx_free(groups->pieces);
    rcx_free(groups);
}

size_t rcx_btyd_groups_customers(const struct rcx_btyd_groups *groups)
{
    return groups->customers;
}

size_t rcx_btyd_groups_distinct(const struct rcx_btyd_groups *groups)
{
    return groups->distinct;
}

/* --- checking and sorting ---------------------------------------------------------------------- */

static enum rcx_status check(const struct rcx_btyd_customers *customers, double *out_oldest,
                             struct rcx_error *err)
{
    double oldest = 0;
    if (customers->count >= UINT32_MAX)
        return rcx_fail(err, RCX_E_INPUT, "%zu customers; at most %" PRIu32 " are possible",
                        customers->count, UINT32_MAX - 1);
    for (size_t i = 0; i < customers->count; i++) {
        double x = customers->frequency[i];
        double t_x = customers->recency[i];
        double age = customers->age[i];
        if (!(x >= 0 && x <= MOST_FREQUENCY) || x != floor(x))
            return rcx_fail(err, RCX_E_INPUT,
                            "customer %zu: frequency %g; expected a whole number from 0 to 10^9", i,
                            x);
        if (!(t_x >= 0 && t_x <= age && age < 1e9))
            return rcx_fail(err, RCX_E_INPUT,
                            "customer %zu: recency %g and T %g; expected 0 <= recency <= T < 10^9",
                            i, t_x, age);
        if (x == 0 && t_x != 0)
            return rcx_fail(err, RCX_E_INPUT,
                            "customer %zu: recency %g without a repeat purchase; expected 0", i,
                            t_x);
        oldest = age > oldest ? age : oldest;
    }
    *out_oldest = oldest;
    return RCX_OK;
}

/* Orders as (x, T, t_x) as far as 64 bits go: whole days up to 2^21 and frequencies below 2^22 are
 * told apart. */
static uint64_t sort_key(double x, double t_x, double age, double scale)
{
    uint64_t first = x < 0x3FFFFF ? (uint64_t)x : 0x3FFFFF;
    return first << 42 | (uint64_t)(age * scale) << 21 | (uint64_t)(t_x * scale);
}

struct triple {
    double x, age, t_x;
    uint32_t customer;
};

static struct triple triple_of(const struct rcx_btyd_customers *customers, uint32_t i)
{
    return (struct triple){customers->frequency[i], customers->age[i], customers->recency[i], i};
}

static int compare_triples(const void *left, const void *right)
{
    const struct triple *a = left;
    const struct triple *b = right;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    if (a->age != b->age)
        return a->age < b->age ? -1 : 1;
    if (a->t_x != b->t_x)
        return a->t_x < b->t_x ? -1 : 1;
    return (a->customer > b->customer) - (a->customer < b->customer);
}

static bool same_triple(const struct triple *a, const struct triple *b)
{
    return a->x == b->x && a->age == b->age && a->t_x == b->t_x;
}

/* Items of one key may differ behind the bits of the key: puts those into order. */
static enum rcx_status settle_ties(const struct rcx_btyd_customers *customers,
                                   struct rcx_radix_item *items, size_t count,
                                   struct rcx_error *err)
{
    for (size_t first = 0, end; first < count; first = end) {
        struct triple one = triple_of(customers, items[first].payload);
        bool same = true;
        for (end = first + 1; end < count && items[end].key == items[first].key; end++) {
            struct triple other = triple_of(customers, items[end].payload);
            same &= same_triple(&one, &other);
        }
        if (same)
            continue;
        struct triple *triples = rcx_malloc_array(end - first, sizeof *triples);
        if (!triples)
            return rcx_fail_nomem(err, "customers", (end - first) * sizeof *triples);
        for (size_t i = first; i < end; i++)
            triples[i - first] = triple_of(customers, items[i].payload);
        qsort(triples, end - first, sizeof *triples, compare_triples);
        for (size_t i = first; i < end; i++)
            items[i].payload = triples[i - first].customer;
        rcx_free(triples);
    }
    return RCX_OK;
}

/* --- lanes ------------------------------------------------------------------------------------- */

static bool allocate(struct rcx_btyd_groups *groups, size_t lanes, size_t runs)
{
    groups->t_x = rcx_malloc_array(lanes, sizeof *groups->t_x);
    groups->age = rcx_malloc_array(lanes, sizeof *groups->age);
    groups->weight = rcx_malloc_array(lanes, sizeof *groups->weight);
    groups->runs = rcx_malloc_array(runs, sizeof *groups->runs);
    groups->pieces = rcx_malloc_array(runs + lanes / RCX_BTYD_PIECE_LANES, sizeof *groups->pieces);
    return groups->t_x && groups->age && groups->weight && groups->runs && groups->pieces;
}

/* Fills the last vector of a run. */
static void close_run(struct rcx_btyd_groups *groups)
{
    struct rcx_btyd_run *run = &groups->runs[groups->run_count - 1];
    size_t end = groups->lanes;
    while (groups->lanes % RCX_LANES != 0) {
        groups->t_x[groups->lanes] = groups->t_x[end - 1];
        groups->age[groups->lanes] = groups->age[end - 1];
        groups->weight[groups->lanes++] = 0;
    }
    run->lanes = groups->lanes - run->first_lane;
    for (size_t first = 0; first < run->lanes; first += RCX_BTYD_PIECE_LANES) {
        size_t left = run->lanes - first;
        groups->pieces[groups->piece_count++] = (struct rcx_btyd_piece){
            .run = groups->run_count - 1,
            .first_lane = run->first_lane + first,
            .lanes = left < RCX_BTYD_PIECE_LANES ? left : RCX_BTYD_PIECE_LANES};
    }
}

/* Appends a distinct customer; they come in order. */
static void append(struct rcx_btyd_groups *groups, double x, double t_x, double age, double weight)
{
    if (groups->run_count == 0 || groups->runs[groups->run_count - 1].x != x) {
        if (groups->run_count > 0)
            close_run(groups);
        groups->runs[groups->run_count++] = (struct rcx_btyd_run){.x = x,
                                                                  .first_lane = groups->lanes};
    }
    groups->t_x[groups->lanes] = t_x;
    groups->age[groups->lanes] = age;
    groups->weight[groups->lanes++] = weight;
    groups->distinct++;
}

/* Totals once all are there. */
static void finish(struct rcx_btyd_groups *groups)
{
    double weight = 0;
    double age = 0;
    double x = 0;
    if (groups->run_count > 0)
        close_run(groups);
    groups->repeaters = 0;
    for (size_t r = 0; r < groups->run_count; r++) {
        struct rcx_btyd_run *run = &groups->runs[r];
        for (size_t i = run->first_lane; i < run->first_lane + run->lanes; i++) {
            run->weight += groups->weight[i];
            age += groups->weight[i] * groups->age[i];
        }
        weight += run->weight;
        x += run->weight * run->x;
        groups->repeaters += run->x > 0 ? run->weight : 0;
    }
    groups->mean_age = weight > 0 ? age / weight : 0;
    groups->mean_x = weight > 0 ? x / weight : 0;
}

static void fill(struct rcx_btyd_groups *groups, const struct rcx_btyd_customers *customers,
                 const struct rcx_radix_item *items)
{
    struct triple last = {-1, -1, -1, 0};
    for (size_t i = 0; i < groups->customers; i++) {
        struct triple one = triple_of(customers, items[i].payload);
        if (!same_triple(&one, &last))
            append(groups, one.x, one.t_x, one.age, 0);
        last = one;
        groups->weight[groups->lanes - 1]++;
        groups->lane_of[one.customer] = (uint32_t)(groups->lanes - 1);
    }
    finish(groups);
}

static size_t count_runs(const struct rcx_btyd_customers *customers,
                         const struct rcx_radix_item *items)
{
    size_t runs = 0;
    double last = -1;
    for (size_t i = 0; i < customers->count; i++) {
        double x = customers->frequency[items[i].payload];
        runs += x != last;
        last = x;
    }
    return runs;
}

enum rcx_status rcx_btyd_groups_build(const struct rcx_btyd_customers *customers,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_btyd_groups **out, struct rcx_error *err)
{
    double oldest = 0;
    size_t n = customers->count;
    (void)parallel;
    enum rcx_status status = check(customers, &oldest, err);
    if (status != RCX_OK)
        return status;
    struct rcx_btyd_groups *groups = rcx_calloc(1, sizeof *groups);
    struct rcx_radix_item *items = rcx_malloc_array(n + 1, 2 * sizeof *items);
    uint32_t *lane_of = rcx_malloc_array(n + 1, sizeof *lane_of);
    if (!groups || !items || !lane_of) {
        rcx_free(groups);
        rcx_free(items);
        rcx_free(lane_of);
        return rcx_fail_nomem(err, "customers", n * 2 * sizeof *items);
    }
    groups->customers = n;
    groups->lane_of = lane_of;
    /* Ages in days become whole numbers, which keeps different days apart and most digits zero. */
    double scale = oldest * 7 < 0x1FFFFF ? 7 : 0x1FFFFF / oldest;
    for (size_t i = 0; i < n; i++)
        items[i] = (struct rcx_radix_item){
            sort_key(customers->frequency[i], customers->recency[i], customers->age[i], scale),
            (uint32_t)i, 0};
    rcx_radix_sort(items, items + n, n);
    status = settle_ties(customers, items, n, err);
    size_t runs = status == RCX_OK ? count_runs(customers, items) : 0;
    if (status == RCX_OK && !allocate(groups, n + runs * RCX_LANES + 1, runs + 1))
        status = rcx_fail_nomem(err, "customers", n * 3 * sizeof(double));
    if (status == RCX_OK)
        fill(groups, customers, items);
    rcx_free(items);
    if (status != RCX_OK) {
        rcx_btyd_groups_release(groups);
        return status;
    }
    *out = groups;
    return RCX_OK;
}

enum rcx_status rcx_btyd_groups_thin(const struct rcx_btyd_groups *groups, size_t distinct,
                                     struct rcx_btyd_groups **out, struct rcx_error *err)
{
    size_t step = groups->distinct / distinct + 1;
    struct rcx_btyd_groups *thin = rcx_calloc(1, sizeof *thin);
    if (!thin || !allocate(thin, groups->distinct / step + (groups->run_count + 1) * RCX_LANES,
                           groups->run_count + 1)) {
        rcx_btyd_groups_release(thin);
        return rcx_fail_nomem(err, "customers", distinct * 3 * sizeof(double));
    }
    size_t seen = 0;
    for (size_t r = 0; r < groups->run_count; r++) {
        const struct rcx_btyd_run *run = &groups->runs[r];
        for (size_t i = run->first_lane; i < run->first_lane + run->lanes; i++) {
            if (groups->weight[i] > 0 && seen++ % step == 0)
                append(thin, run->x, groups->t_x[i], groups->age[i], groups->weight[i]);
        }
    }
    finish(thin);
    for (size_t r = 0; r < thin->run_count; r++)
        thin->customers += (size_t)thin->runs[r].weight;
    *out = thin;
    return RCX_OK;
}
