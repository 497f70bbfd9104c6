/* Coverage of the 95 % intervals of predictions: in simulated shops, how often the interval made from
 * the fit holds what the true parameters say of the same customer. RCX_FULL: 200 shops of 8,000
 * customers for each model, shares printed; else fewer and smaller ones, with a wider allowance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/gamma_gamma.h"
#include "tests/support/btyd_shop.h"
#include "tests/support/check.h"

enum { N = 4, PANEL = 6, QUANTITIES = 5, MONEY = 3 };

static const struct {
    enum rcx_btyd_model model;
    enum btyd_dropout dropout;
    double parameters[N];
    double least_age, most_age;
} SHOPS[] = {{RCX_BTYD_BGNBD, BTYD_AFTER_REPEATS, {1.5, 6, 1.5, 4}, 50, 100},
             {RCX_BTYD_MBGNBD, BTYD_AFTER_ALL, {1.5, 6, .8, 2.5}, 100, 200},
             {RCX_BTYD_PARETO, BTYD_AT_ANY_MOMENT, {1.2, 6, .8, 20}, 200, 400}};
enum { SHOP_COUNT = 3 };

/* Of all kinds: never back, back long ago, back of late, frequent and gone, frequent and there. */
static const double FREQUENCY[PANEL] = {0, 1, 2, 6, 12, 20};
static const double RECENCY[PANEL] = {0, 4, 55, 58, 40, 59};
static const double AGE[PANEL] = {60, 60, 60, 60, 60, 60};

static const struct rcx_btyd_request REQUESTS[QUANTITIES] = {
    {.quantity = RCX_BTYD_P_ALIVE},
    {.quantity = RCX_BTYD_P_NO_PURCHASE, .horizon = 13},
    {.quantity = RCX_BTYD_PURCHASES, .horizon = 26},
    {.quantity = RCX_BTYD_DISCOUNTED, .horizon = 52, .discount = .002},
    {.quantity = RCX_BTYD_P_COUNT, .horizon = 13, .purchases = 1},
};
static const char *const NAMES[QUANTITIES] = {"P(alive)", "P(no purchase)", "purchases",
                                              "discounted", "P(1 purchase)"};

struct predictions {
    double value[QUANTITIES][PANEL], low[QUANTITIES][PANEL], high[QUANTITIES][PANEL];
};

static bool is_full(void)
{
    const char *full = getenv("RCX_FULL");
    return full && strcmp(full, "1") == 0;
}

static void predict(const struct rcx_btyd_fit *fit, bool intervals, struct predictions *out)
{
    const struct rcx_btyd_customers panel = {PANEL, FREQUENCY, RECENCY, AGE};
    const struct rcx_parallel parallel = {1};
    struct rcx_btyd_request requests[QUANTITIES];
    struct rcx_btyd_groups *groups = NULL;
    memcpy(requests, REQUESTS, sizeof requests);
    for (size_t q = 0; q < QUANTITIES; q++) {
        requests[q].out = out->value[q];
        requests[q].low = intervals ? out->low[q] : NULL;
        requests[q].high = intervals ? out->high[q] : NULL;
    }
    assert_int_equal(rcx_btyd_groups_build(&panel, &parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_predict(fit, groups, requests, QUANTITIES, &parallel, NULL), RCX_OK);
    rcx_btyd_groups_release(groups);
}

/* Fits a shop and counts which intervals hold the truth. */
static void count_held(int c, size_t customers, uint64_t seed, const struct predictions *truth,
                       unsigned held[QUANTITIES][PANEL])
{
    struct btyd_shop shop = btyd_shop_make(SHOPS[c].dropout, SHOPS[c].parameters, customers,
                                           SHOPS[c].least_age, SHOPS[c].most_age, seed);
    const struct rcx_btyd_customers known = {shop.count, shop.x, shop.t_x, shop.age};
    const struct rcx_btyd_fit_options options = {.model = SHOPS[c].model, .parallel = {2}};
    struct rcx_btyd_groups *groups = NULL;
    struct rcx_btyd_fit fit;
    struct predictions guess;
    assert_int_equal(rcx_btyd_groups_build(&known, &options.parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_fit(groups, &options, &fit, NULL), RCX_OK);
    predict(&fit, true, &guess);
    for (size_t q = 0; q < QUANTITIES; q++) {
        for (size_t i = 0; i < PANEL; i++) {
            assert_true(guess.low[q][i] <= guess.value[q][i]);
            assert_true(guess.value[q][i] <= guess.high[q][i]);
            held[q][i] += guess.low[q][i] <= truth->value[q][i] &&
                          truth->value[q][i] <= guess.high[q][i];
        }
    }
    rcx_btyd_groups_release(groups);
    btyd_shop_release(&shop);
}

/* The mean over the panel, and each customer of it, whose share has a standard error of .015 (BG/NBD:
 * who never came back is alive for certain, in all shops). */
static void check_shares(const char *model, const char *name, const unsigned *held, size_t count,
                         unsigned simulations)
{
    const bool full = is_full();
    double mean = 0;
    for (size_t i = 0; i < count; i++) {
        double share = (double)held[i] / simulations;
        mean += share / (double)count;
        if (!(share >= (full ? .89 : .75)))
            fail_msg("%s %s: customer %zu is held in %g of the shops", model, name, i, share);
    }
    if (full)
        print_message("%s %s: %.3f\n", model, name, mean);
    if (!(mean >= (full ? .9 : .85) && mean <= (full ? .975 : 1)))
        fail_msg("%s %s: held in %g of the shops", model, name, mean);
}

static void intervals_of_predictions_hold_the_truth(void **state)
{
    const unsigned simulations = is_full() ? 200 : 40;
    (void)state;
    for (int c = 0; c < SHOP_COUNT; c++) {
        struct rcx_btyd_fit true_fit = {.model = SHOPS[c].model};
        struct predictions truth;
        unsigned held[QUANTITIES][PANEL] = {{0}};
        memcpy(true_fit.parameters, SHOPS[c].parameters, sizeof true_fit.parameters);
        predict(&true_fit, false, &truth);
        for (unsigned s = 0; s < simulations; s++)
            count_held(c, is_full() ? 8000 : 2000, 1000 + s, &truth, held);
        for (size_t q = 0; q < QUANTITIES; q++)
            check_shares(rcx_btyd_model_name(SHOPS[c].model), NAMES[q], held[q], PANEL,
                         simulations);
    }
}

static void intervals_of_order_values_hold_the_truth(void **state)
{
    static const double p = 6.25, q = 3.74, v = 15.44;
    static const double frequency[MONEY] = {0, 2, 10}, value[MONEY] = {NAN, 100, 20};
    const unsigned simulations = is_full() ? 200 : 40;
    const struct rcx_parallel parallel = {2};
    enum { CUSTOMERS = 2000 };
    const struct rcx_gamma_gamma_fit truth = {.p = p, .q = q, .v = v};
    double want[MONEY];
    unsigned held[MONEY] = {0};
    static double x[CUSTOMERS], m[CUSTOMERS];
    (void)state;
    rcx_gamma_gamma_expect(&truth, frequency, value, MONEY, want, NULL, NULL);
    for (unsigned s = 0; s < simulations; s++) {
        for (size_t i = 0; i < CUSTOMERS; i++) {
            struct rcx_random random = rcx_random_of(1000 + s, 79, i);
            double rate = rcx_random_gamma(&random, q) / v;
            x[i] = 1 + (double)rcx_random_below(&random, 8);
            m[i] = rcx_random_gamma(&random, p * x[i]) / rate / x[i];
        }
        struct rcx_gamma_gamma_fit fit;
        double out[MONEY], low[MONEY], high[MONEY];
        assert_int_equal(rcx_gamma_gamma_fit(x, m, CUSTOMERS, &parallel, &fit, NULL), RCX_OK);
        rcx_gamma_gamma_expect(&fit, frequency, value, MONEY, out, low, high);
        for (size_t i = 0; i < MONEY; i++)
            held[i] += low[i] <= want[i] && want[i] <= high[i];
    }
    check_shares("gamma-gamma", "order value", held, MONEY, simulations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_of_predictions_hold_the_truth),
        cmocka_unit_test(intervals_of_order_values_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
