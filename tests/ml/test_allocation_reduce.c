/* Many customers: the plan of those whose choice is open against the plan of all at once. */
#include "ml/tasks/campaign/allocation_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"

enum { CUSTOMERS = 270001, TIERS = 4 };

static const struct rcx_parallel one = {1}, three = {3};
static const int64_t costs[TIERS] = {20000, 100000, 100000, 250000};

enum kind { SHOP, SORTED, COARSE, SAME, RARE, EMPTY, KINDS };

static int by_falling_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (x[3] < y[3]) - (x[3] > y[3]);
}

/* Skewed values; as they come, in order, in few distinct numbers, all the same, worth something to one
 * in 20,000, or to nobody. */
static int64_t *make_values(enum kind kind, uint64_t seed)
{
    static const double saved[TIERS] = {.15, .30, .28, .45}, discount[TIERS] = {.05, .10, .05, .15};
    struct check_random random = {seed};
    int64_t *values = malloc(CUSTOMERS * sizeof *values * TIERS);
    assert_non_null(values);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        double p = check_unit(&random), v = 300 * exp(4 * (check_unit(&random) - .5)), a = v / 5;
        bool without = kind == EMPTY || (kind == RARE && check_below(&random, 20000) > 0);
        for (size_t k = 0; k < TIERS; k++) {
            int64_t value = llround(1e4 * (p * saved[k] * (.3 * v - discount[k] * a) -
                                           (1 - p) * .3 * discount[k] * a)) -
                            costs[k];
            value = kind == COARSE ? value / 200000 * 200000 : value;
            value = kind == SAME ? 3 * costs[k] - (int64_t)k * 60000 : value;
            values[i * TIERS + k] = without ? -1 : value;
        }
    }
    if (kind == SORTED)
        qsort(values, CUSTOMERS, sizeof *values * TIERS, by_falling_value);
    return values;
}

/* Sums of the options, and the bound of the prices, computed otherwise. */
static void check_plan(const struct rcx_allocation_problem *p, const struct rcx_allocation *plan)
{
    int64_t cost = 0;
    rcx_i128 value = 0;
    uint64_t counts[TIERS] = {0};
    long double bound = (long double)plan->shadow_price * (long double)p->budget;
    for (size_t k = 0; k < TIERS; k++)
        if (p->capacities && p->capacities[k] >= 0)
            bound += (long double)plan->capacity_prices[k] * (long double)p->capacities[k];
    for (size_t i = 0; i < CUSTOMERS; i++) {
        const int64_t *row = p->values + i * TIERS;
        unsigned option = plan->options[i];
        long double best = 0;
        assert_true(option <= TIERS && (option == 0 || row[option - 1] > 0));
        for (size_t k = 0; k < TIERS; k++) {
            long double worth = (long double)(row[k] - plan->capacity_prices[k]) -
                                (long double)plan->shadow_price * (long double)costs[k];
            best = row[k] > 0 && worth > best ? worth : best;
        }
        bound += best;
        if (option == 0)
            continue;
        cost += costs[option - 1];
        value += row[option - 1];
        counts[option - 1]++;
    }
    assert_true(cost == plan->cost && cost <= p->budget && value == plan->value);
    for (size_t k = 0; k < TIERS; k++) {
        assert_int_equal(counts[k], plan->counts[k]);
        assert_true(!p->capacities || p->capacities[k] < 0 ||
                    (int64_t)counts[k] <= p->capacities[k]);
    }
    assert_true(plan->bound >= plan->value);
    assert_true(fabsl((long double)plan->bound - bound) <= 2 + 1e-12L * bound);
}

/* All customers at once. */
static void solve_directly(const struct rcx_allocation_problem *p, struct rcx_allocation *out)
{
    struct rcx_prices prices;
    struct rcx_break end;
    *out = (struct rcx_allocation){.options = calloc(CUSTOMERS, 1)};
    assert_int_equal(rcx_allocation_prices(p, NULL, &three, &prices, &end, NULL), RCX_OK);
    assert_int_equal(rcx_allocation_plan(p, &prices, &end, INFINITY, &three, out, NULL), RCX_OK);
}

static void compare(const struct rcx_allocation_problem *p, bool varied)
{
    struct rcx_allocation plan, again, direct;
    assert_int_equal(rcx_allocate(p, &one, &plan, NULL), RCX_OK);
    assert_int_equal(rcx_allocate(p, &three, &again, NULL), RCX_OK);
    check_plan(p, &plan);
    assert_true(!varied || (double)(plan.bound - plan.value) <= 1e-4 * (double)plan.bound);
    assert_memory_equal(plan.options, again.options, CUSTOMERS);
    assert_true(plan.bound == again.bound && plan.optimal == again.optimal);
    solve_directly(p, &direct);
    if (!p->capacities) {
        assert_memory_equal(plan.options, direct.options, CUSTOMERS);
        assert_true(plan.bound == direct.bound && plan.optimal <= direct.optimal);
    } else {
        double bound = (double)direct.bound;
        double allowed = varied ? 1e-6 : 0.02; /* both may stop at different corners among ties */
        assert_true((double)plan.bound <= bound + allowed * bound);
        assert_true((double)plan.value >= (double)direct.value - allowed * bound);
    }
    rcx_allocation_release(&plan);
    rcx_allocation_release(&again);
    free(direct.options);
}

static void test_as_good_as_all_at_once(void **state)
{
    enum { SETS = 5, SHARES = 5 };
    static const double places[SETS][TIERS] = {{-1, -1, -1, -1},
                                               {-1, .02, -1, .01},
                                               {.3, 0, .05, .05},
                                               {-1, -1, 1e-4, 1e-5},
                                               {.01, .01, .01, .01}};
    static const double shares[SHARES] = {0, .001, .25, .9, 1.2};
    bool full = getenv("RCX_FULL") != NULL;
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        int64_t *values = make_values((enum kind)kind, kind), capacities[TIERS];
        struct rcx_allocation_problem p = {CUSTOMERS, TIERS, values, costs, NULL, 0};
        int64_t saturation = rcx_allocation_saturation(&p);
        for (size_t run = 0; run < SETS * SHARES; run++) {
            size_t set = run / SHARES, share = run % SHARES;
            if (!full && share != 2 && (set + share + kind) % SHARES > 0)
                continue;
            for (size_t k = 0; k < TIERS; k++)
                capacities[k] = places[set][k] < 0 ? RCX_CAPACITY_NONE
                                                   : (int64_t)(places[set][k] * CUSTOMERS);
            p.capacities = set > 0 ? capacities : NULL;
            p.budget = (int64_t)(shares[share] * (double)saturation) / 10000 * 10000;
            compare(&p, kind <= SORTED && share >= 2);
        }
        free(values);
    }
}

static bool attempt(void *context)
{
    struct rcx_allocation plan;
    if (rcx_allocate(context, &one, &plan, NULL) != RCX_OK)
        return false;
    rcx_allocation_release(&plan);
    return true;
}

static void test_out_of_memory(void **state)
{
    int64_t *values = make_values(SHOP, 5);
    const int64_t capacities[TIERS] = {-1, 5000, -1, 500};
    struct rcx_allocation_problem p = {CUSTOMERS, TIERS, values, costs, capacities, 3000000000};
    (void)state;
    (void)check_allocation_failures(attempt, &p);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_good_as_all_at_once),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
