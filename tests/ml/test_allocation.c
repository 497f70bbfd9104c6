/* The allocation against dynamic programming over every budget and every use of places. */
#include "ml/tasks/campaign/allocation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

enum { CUSTOMERS = 14, TIERS = 4, BUDGET = 80, PLACES = 4 };

struct instance {
    int64_t values[CUSTOMERS * TIERS], costs[TIERS], capacities[TIERS];
    struct rcx_allocation_problem problem;
};

static const struct rcx_parallel one = {1};

/* Few distinct numbers, so that ties, dominated tiers and equal efficiencies are common. */
static void make(struct instance *instance, struct check_random *random, bool limited)
{
    size_t n = check_below(random, CUSTOMERS + 1), tiers = 1 + check_below(random, TIERS);
    uint64_t kind = check_below(random, 3);
    for (size_t k = 0; k < tiers; k++) {
        int64_t cost = (int64_t)check_below(random, kind == 0 ? 4 : 26);
        size_t at = k;
        for (; at > 0 && instance->costs[at - 1] > cost; at--)
            instance->costs[at] = instance->costs[at - 1];
        instance->costs[at] = cost;
        instance->capacities[k] = limited && check_below(random, 2)
                                      ? (int64_t)check_below(random, PLACES + 1)
                                      : RCX_CAPACITY_NONE;
    }
    for (size_t i = 0; i < n * tiers; i++) {
        int64_t most = kind == 2 ? 1000000 : 12;
        instance->values[i] = (int64_t)check_below(random, (uint64_t)most) - most / 4;
        if (check_below(random, 12) == 0)
            instance->values[i] = RCX_VALUE_NEVER;
    }
    instance->problem = (struct rcx_allocation_problem){
        .customers = n,
        .tiers = tiers,
        .values = instance->values,
        .costs = instance->costs,
        .capacities = limited ? instance->capacities : NULL,
        .budget = (int64_t)check_below(random, check_below(random, 4) ? BUDGET : 6),
    };
}

/* best[b][u]: most value of the customers so far with budget b and u = places left in each tier. */
static int64_t best[BUDGET + 1][625], later[BUDGET + 1][625]; /* (PLACES + 1)^TIERS */

static int64_t exact(const struct rcx_allocation_problem *p)
{
    static const int power[TIERS + 1] = {1, 5, 25, 125, 625};
    memset(best, 0, sizeof best);
    for (size_t i = 0; i < p->customers; i++) {
        memcpy(later, best, sizeof best);
        for (int b = 0; b <= p->budget; b++)
            for (int u = 0; u < (p->capacities ? power[p->tiers] : 1); u++)
                for (size_t k = 0; k < p->tiers; k++) {
                    int64_t value = p->values[i * p->tiers + k];
                    bool limited = p->capacities && p->capacities[k] >= 0;
                    if (value <= 0 || p->costs[k] > b || (limited && u / power[k] % 5 == 0))
                        continue;
                    int64_t sum = value + best[b - p->costs[k]][limited ? u - power[k] : u];
                    later[b][u] = sum > later[b][u] ? sum : later[b][u];
                }
        memcpy(best, later, sizeof best);
    }
    int use = 0;
    for (size_t k = 0; k < p->tiers; k++)
        use += power[k] * (p->capacities && p->capacities[k] >= 0 ? (int)p->capacities[k] : 0);
    return best[p->budget][use];
}

/* What the plan says of itself is true. */
static void check_plan(const struct rcx_allocation_problem *p, const struct rcx_allocation *plan)
{
    int64_t cost = 0, value = 0;
    uint64_t counts[RCX_TIERS_MOST] = {0};
    for (size_t i = 0; i < p->customers; i++) {
        unsigned option = plan->options[i];
        assert_true(option <= p->tiers);
        if (option == 0)
            continue;
        assert_true(p->values[i * p->tiers + option - 1] > 0);
        cost += p->costs[option - 1];
        value += p->values[i * p->tiers + option - 1];
        counts[option - 1]++;
    }
    assert_true(cost == plan->cost && cost <= p->budget && value == (int64_t)plan->value);
    for (size_t k = 0; k < p->tiers; k++) {
        assert_true(counts[k] == plan->counts[k]);
        if (p->capacities && p->capacities[k] >= 0)
            assert_true((int64_t)counts[k] <= p->capacities[k]);
    }
    assert_true(plan->value <= plan->bound);
}

static void compare(uint64_t seed, int instances, bool limited)
{
    struct check_random random = {seed};
    struct instance instance;
    double gaps = 0;
    int misses = 0, unproven = 0;
    for (int round = 0; round < instances; round++) {
        struct rcx_allocation plan;
        make(&instance, &random, limited);
        int64_t optimum = exact(&instance.problem);
        assert_int_equal(rcx_allocate(&instance.problem, &one, &plan, NULL), RCX_OK);
        check_plan(&instance.problem, &plan);
        assert_true(plan.bound >= optimum && plan.value <= optimum);
        assert_true(!plan.optimal || plan.value == optimum);
        gaps += optimum > 0 ? (double)(optimum - (int64_t)plan.value) / (double)optimum : 0;
        misses += plan.value != optimum;
        unproven += !plan.optimal;
        rcx_allocation_release(&plan);
    }
    print_message("%d instances: %d below the optimum, mean gap %.2g, %d not proven\n", instances,
                  misses, gaps / instances, unproven);
    assert_true(gaps / instances < 0.001);
    assert_true(limited || misses == 0);
}

static void test_optimal_without_capacities(void **state)
{
    (void)state;
    compare(1, 4000, false);
}

static void test_near_optimal_with_capacities(void **state)
{
    (void)state;
    compare(2, 1000, true);
}

/* A shop as in the documentation: save rates and discounts of three tiers, lognormal values. */
static struct rcx_allocation_problem shop(size_t n, uint64_t seed)
{
    static const int64_t costs[3] = {20000, 100000, 250000};
    static const double saved[3] = {.15, .30, .45}, discount[3] = {.05, .10, .15};
    struct check_random random = {seed};
    int64_t *values = malloc(n * 3 * sizeof *values);
    for (size_t i = 0; i < n; i++) {
        double p = check_unit(&random), spread = check_unit(&random) + check_unit(&random);
        double v = 800 * exp(2 * (spread - 1)), a = v / 5;
        for (size_t k = 0; k < 3; k++)
            values[i * 3 + k] = llround(1e4 * (p * saved[k] * (.3 * v - discount[k] * a) -
                                               (1 - p) * .3 * discount[k] * a)) -
                                costs[k];
    }
    return (struct rcx_allocation_problem){n, 3, values, costs, NULL, 0};
}

static void test_shop_closes_the_gap_for_any_threads(void **state)
{
    static const size_t sizes[] = {1, 2, 100, 4000, 65536, 140001};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct rcx_allocation_problem p = shop(sizes[s], s);
        int64_t saturation = rcx_allocation_saturation(&p), capacities[3] = {-1, -1, -1};
        for (int part = 0; part <= 9; part += sizes[s] > 5000 ? 3 : 1) {
            struct rcx_allocation plan, again;
            const struct rcx_parallel three = {3};
            p.budget = saturation / 8 * part;
            p.capacities = part % 3 == 2 || part == 3 ? capacities : NULL;
            capacities[0] = (int64_t)sizes[s] / 5;
            capacities[2] = (int64_t)sizes[s] / 20;
            assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
            assert_int_equal(rcx_allocate(&p, &three, &again, NULL), RCX_OK);
            check_plan(&p, &plan);
            if (sizes[s] >= 4000 && plan.value > 0)
                assert_true((double)(plan.bound - plan.value) <= 1e-4 * (double)plan.bound);
            assert_memory_equal(plan.options, again.options, sizes[s]);
            assert_true(plan.bound == again.bound && plan.optimal == again.optimal);
            assert_true(p.capacities || part < 9 || plan.optimal);
            rcx_allocation_release(&plan);
            rcx_allocation_release(&again);
        }
        free((void *)(uintptr_t)p.values);
    }
}

static void test_more_budget_is_never_worse(void **state)
{
    struct rcx_allocation_problem p = shop(300, 9);
    rcx_i128 before = -1;
    (void)state;
    for (p.budget = 0; p.budget < 12000000; p.budget += 20000) {
        struct rcx_allocation plan;
        assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
        assert_true(plan.value >= before);
        before = plan.value;
        rcx_allocation_release(&plan);
    }
    free((void *)(uintptr_t)p.values);
}

static void test_frontier(void **state)
{
    enum { COUNT = 20 };
    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        struct rcx_allocation_problem p = shop(3000, 5);
        const int64_t capacities[3] = {-1, 200, 100};
        struct rcx_frontier_point points[COUNT + 1];
        size_t count = 0;
        p.capacities = limited ? capacities : NULL;
        assert_int_equal(rcx_allocation_frontier(&p, &one, COUNT, points, &count, NULL), RCX_OK);
        assert_true(count > COUNT / 2);
        assert_true(points[0].cost == 0 && points[0].value == 0);
        for (size_t i = 0; i < count; i++) {
            struct rcx_allocation plan;
            uint64_t customers = 0;
            p.budget = points[i].cost;
            assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
            for (size_t k = 0; k < 3; k++)
                customers += plan.counts[k];
            if (!limited) { /* a corner has no gap, so the plan for its budget is it */
                assert_true(plan.value == points[i].value && plan.cost == points[i].cost);
                assert_int_equal(customers, points[i].customers);
            }
            assert_true(i == 0 || points[i].value > points[i - 1].value);
            assert_true(i == 0 || points[i].shadow_price <= points[i - 1].shadow_price);
            rcx_allocation_release(&plan);
        }
        if (!limited)
            assert_true(points[count - 1].cost == rcx_allocation_saturation(&p));
        free((void *)(uintptr_t)p.values);
    }
}

static void test_beats_a_plain_ranking(void **state)
{
    struct rcx_allocation_problem p = shop(4000, 3);
    struct rcx_allocation plan;
    rcx_i128 ranking = 0;
    (void)state;
    p.budget = rcx_allocation_saturation(&p) / 4;
    assert_int_equal(rcx_allocation_by_value(&p, &p.budget, 1, &ranking, NULL), RCX_OK);
    assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
    assert_true(ranking > 0 && plan.value > ranking + ranking / 20);
    for (size_t k = 0; k < 3; k++)
        assert_true(plan.counts[k] > 0);
    rcx_allocation_release(&plan);
    free((void *)(uintptr_t)p.values);
}

/* Everyone the same: the whole plan is one tie. And numbers as large as they may be. */
static void test_ties_and_extremes(void **state)
{
    enum { N = 70000 };
    static int64_t values[N];
    const int64_t cost = RCX_CAMPAIGN_COST_MOST;
    struct rcx_allocation_problem p = {N, 1, values, &cost, NULL, cost * 66000 + 5};
    struct rcx_allocation plan;
    (void)state;
    for (size_t i = 0; i < N; i++)
        values[i] = RCX_CAMPAIGN_VALUE_MOST;
    assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
    assert_true(plan.value == (rcx_i128)RCX_CAMPAIGN_VALUE_MOST * 66000);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(plan.options[i], i < 66000);
    rcx_allocation_release(&plan);
    p.budget = 0;
    assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
    assert_true(plan.value == 0 && plan.cost == 0 && plan.bound == 0 && plan.shadow_price > 0);
    rcx_allocation_release(&plan);
    p.tiers = 0;
    assert_int_equal(rcx_allocate(&p, &one, &plan, NULL), RCX_OK);
    assert_true(plan.value == 0 && plan.optimal);
    rcx_allocation_release(&plan);
}

static bool attempt(void *context)
{
    const struct rcx_allocation_problem *p = context;
    struct rcx_allocation plan;
    struct rcx_frontier_point points[5];
    size_t count = 0;
    rcx_i128 value = 0;
    if (rcx_allocate(p, &one, &plan, NULL) != RCX_OK)
        return false;
    rcx_allocation_release(&plan);
    return rcx_allocation_frontier(p, &one, 4, points, &count, NULL) == RCX_OK &&
           rcx_allocation_by_value(p, &p->budget, 1, &value, NULL) == RCX_OK;
}

static void test_out_of_memory(void **state)
{
    struct rcx_allocation_problem p = shop(50, 3);
    const int64_t capacities[3] = {-1, 7, 5};
    (void)state;
    p.budget = 400000;
    (void)check_allocation_failures(attempt, &p);
    p.capacities = capacities;
    (void)check_allocation_failures(attempt, &p);
    free((void *)(uintptr_t)p.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimal_without_capacities),
        cmocka_unit_test(test_near_optimal_with_capacities),
        cmocka_unit_test(test_shop_closes_the_gap_for_any_threads),
        cmocka_unit_test(test_more_budget_is_never_worse),
        cmocka_unit_test(test_frontier),
        cmocka_unit_test(test_beats_a_plain_ranking),
        cmocka_unit_test(test_ties_and_extremes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
