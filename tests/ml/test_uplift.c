/* Intervals and detectable effects against many simulated campaigns whose effect is known. */
#include "ml/tasks/campaign/uplift.h"

#include <math.h>
#include <stdlib.h>

#include "ml/tasks/campaign/control_group.h"
#include "tests/support/check.h"

enum { CUSTOMERS_MOST = 4000, MEASURES = 4 };

/* A campaign among customers who differ: churn probabilities from a power law, revenue lognormal. */
struct world {
    size_t customers;
    double control;   /* share */
    double save_rate; /* planted */
    double shape;     /* churn probability = u^shape: mean 1 / (1 + shape) */
    double spread;    /* deviation of the logarithm of revenue */
};

struct campaign {
    uint8_t tiers[CUSTOMERS_MOST], contacted[CUSTOMERS_MOST], churned[CUSTOMERS_MOST];
    double revenue[CUSTOMERS_MOST], predicted[CUSTOMERS_MOST], costs[CUSTOMERS_MOST];
};

static double normal(struct check_random *random)
{
    double u = 1 - check_unit(random), v = check_unit(random);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static struct rcx_uplift run_campaign(const struct world *world, struct campaign *campaign,
                                      struct check_random *random)
{
    size_t controls = (size_t)(world->control * (double)world->customers);
    for (size_t i = 0; i < world->customers; i++) {
        double p = pow(check_unit(random), world->shape);
        bool contacted = i >= controls;
        campaign->tiers[i] = 0;
        campaign->contacted[i] = contacted;
        campaign->predicted[i] = p;
        campaign->costs[i] = contacted ? 2 : 0;
        campaign->churned[i] = check_unit(random) < (contacted ? p * (1 - world->save_rate) : p);
        campaign->revenue[i] = campaign->churned[i] ? 0 : exp(4 + world->spread * normal(random));
    }
    const struct rcx_uplift_data data = {world->customers,  campaign->tiers,   campaign->contacted,
                                         campaign->churned, campaign->revenue, campaign->predicted,
                                         campaign->costs};
    return rcx_uplift_of(&data, 0, .3, .95);
}

static bool holds(struct rcx_interval interval, double truth)
{
    return interval.low <= truth && truth <= interval.high;
}

/* Shares of the campaigns in which the interval holds the truth. */
static void coverage(const struct world *world, int campaigns, uint64_t seed, double out[MEASURES])
{
    struct check_random random = {seed};
    struct campaign *campaign = malloc(sizeof *campaign);
    double churn = 1 / (1 + world->shape), fall = churn * world->save_rate;
    double revenue = fall * exp(4 + world->spread * world->spread / 2);
    size_t controls = (size_t)(world->control * (double)world->customers);
    double contacts = (double)(world->customers - controls);
    int held[MEASURES] = {0};
    assert_non_null(campaign);
    for (int c = 0; c < campaigns; c++) {
        struct rcx_uplift u = run_campaign(world, campaign, &random);
        held[0] += holds(u.churn, fall);
        held[1] += holds(u.save_rate, world->save_rate);
        held[2] += holds(u.revenue, revenue);
        held[3] += holds(u.value, .3 * contacts * revenue - 2 * contacts);
    }
    for (size_t m = 0; m < MEASURES; m++)
        out[m] = (double)held[m] / campaigns;
    free(campaign);
}

static int campaigns_of(int quick)
{
    return getenv("RCX_FULL") ? 10 * quick : quick;
}

static void test_intervals_cover_the_planted_effect(void **state)
{
    /* the default share of control; small and large groups; no effect; rare churn; heavy revenue */
    static const struct world worlds[] = {
        {3500, .1, .15, 1, .8}, {600, .1, .3, 1, .8},  {200, .25, .45, .5, .8},
        {1000, .2, 0, 1, .8},   {2000, .1, .3, 5, .8}, {3500, .1, .15, 1, 1.3},
    };
    (void)state;
    for (size_t w = 0; w < sizeof worlds / sizeof worlds[0]; w++) {
        double share[MEASURES];
        int campaigns = campaigns_of(1000);
        coverage(&worlds[w], campaigns, w, share);
        print_message("%zu of %zu, save rate %.2f: churn %.3f, save rate %.3f, revenue %.3f\n",
                      (size_t)(worlds[w].control * (double)worlds[w].customers),
                      worlds[w].customers, worlds[w].save_rate, share[0], share[1], share[2]);
        double error = 3.5 * sqrt(.95 * .05 / campaigns);
        assert_true(fabs(share[0] - .95) < error + .01); /* Newcombe's is a little wide */
        assert_true(fabs(share[1] - .95) < error + .015);
        assert_true(share[2] > .95 - error - .03 && share[2] < .95 + error + .01);
        assert_true(share[3] == share[2]); /* value is revenue, scaled */
    }
}

/* What is said to be detectable is detected as often as asked: the interval leaves out no effect. */
static void test_detectable_effects_are_detected(void **state)
{
    static const struct {
        size_t customers;
        double control, churn, power;
    } cases[] = {{3600, .1, .5, .8}, {2000, .2, .3, .8}, {1500, .5, .5, .9}, {3600, .1, .52, .5}};
    struct campaign *campaign = malloc(sizeof *campaign);
    (void)state;
    assert_non_null(campaign);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct check_random random = {77 + c};
        size_t controls = (size_t)(cases[c].control * (double)cases[c].customers);
        double effect = rcx_detectable_effect(cases[c].churn, cases[c].customers - controls,
                                              controls, .95, cases[c].power);
        const struct world world = {cases[c].customers, cases[c].control, effect / cases[c].churn,
                                    1 / cases[c].churn - 1, .8};
        const struct world nothing = {cases[c].customers, cases[c].control, 0, world.shape, .8};
        int campaigns = campaigns_of(1000), detected = 0, wrong = 0;
        for (int i = 0; i < campaigns; i++) {
            detected += run_campaign(&world, campaign, &random).churn.low > 0;
            wrong += run_campaign(&nothing, campaign, &random).churn.low > 0;
        }
        double power = (double)detected / campaigns, alarm = (double)wrong / campaigns;
        print_message("effect %.4f of %.2f: detected in %.3f (asked %.2f), seen without in %.3f\n",
                      effect, cases[c].churn, power, cases[c].power, alarm);
        assert_true(fabs(power - cases[c].power) <
                    .03 + 3.5 * sqrt(cases[c].power * (1 - cases[c].power) / campaigns));
        assert_true(alarm < .025 + 3.5 * sqrt(.025 * .975 / campaigns) + .005);
    }
    free(campaign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals_cover_the_planted_effect),
        cmocka_unit_test(test_detectable_effects_are_detected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
