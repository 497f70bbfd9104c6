/* Fits find the parameters that the customers were drawn with, and their intervals hold them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/btyd_json.h"
#include "tests/support/btyd_shop.h"
#include "tests/support/check.h"

enum { N = 4 };

static const struct {
    enum rcx_btyd_model model;
    enum btyd_dropout dropout;
    double parameters[N];
    double least_age, most_age;
} SHOPS[] = {{RCX_BTYD_BGNBD, BTYD_AFTER_REPEATS, {1.5, 6, 1.5, 4}, 50, 100},
             {RCX_BTYD_MBGNBD, BTYD_AFTER_ALL, {1.5, 6, .8, 2.5}, 100, 200},
             {RCX_BTYD_PARETO, BTYD_AT_ANY_MOMENT, {1.2, 6, .8, 20}, 200, 400}};
enum { SHOP_COUNT = 3 };

static struct rcx_btyd_fit fit_shop(const struct btyd_shop *shop, enum rcx_btyd_model model,
                                    unsigned threads)
{
    const struct rcx_btyd_customers customers = {shop->count, shop->x, shop->t_x, shop->age};
    const struct rcx_btyd_fit_options options = {.model = model, .parallel = {threads}};
    struct rcx_btyd_groups *groups = NULL;
    struct rcx_btyd_fit fit;
    assert_int_equal(rcx_btyd_groups_build(&customers, &options.parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_fit(groups, &options, &fit, NULL), RCX_OK);
    rcx_btyd_groups_release(groups);
    return fit;
}

/* Eight shops of 20,000 customers, the seeds 1 to 8: the mean of what they say is within 5 % of the truth,
 * which is more than two of its standard errors, and no shop is off by more than 4 of its own. */
static void parameters_are_found_again(void **state)
{
    enum { SHOPS_DRAWN = 8 };
    (void)state;
    for (int c = 0; c < SHOP_COUNT; c++) {
        double mean[N] = {0}, error[N] = {0};
        for (uint64_t seed = 1; seed <= SHOPS_DRAWN; seed++) {
            struct btyd_shop shop = btyd_shop_make(SHOPS[c].dropout, SHOPS[c].parameters, 20000,
                                                   SHOPS[c].least_age, SHOPS[c].most_age, seed);
            struct rcx_btyd_fit fit = fit_shop(&shop, SHOPS[c].model, 2);
            assert_true(fit.converged && fit.has_covariance);
            assert_int_equal(fit.starts_agreed, fit.starts);
            assert_int_equal(fit.boundary, RCX_BTYD_INSIDE);
            assert_true(fit.gradient_norm < 1e-9 && fit.condition < 1e5);
            for (int i = 0; i < N; i++) {
                double off = log(fit.parameters[i] / SHOPS[c].parameters[i]);
                double own = sqrt(fit.log_covariance[i * N + i]);
                assert_true(fabs(off) < 4 * own);
                mean[i] += off / SHOPS_DRAWN;
                error[i] += own / SHOPS_DRAWN / sqrt(SHOPS_DRAWN);
            }
            btyd_shop_release(&shop);
        }
        for (int i = 0; i < N; i++)
            if (!(2 * error[i] < .05 && fabs(mean[i]) < .05))
                fail_msg("%s %d: off by %g, standard error %g", rcx_btyd_model_name(SHOPS[c].model),
                         i, mean[i], error[i]);
    }
}

/* RCX_FULL: 200 simulations of each model; else fewer and smaller ones, with a wider allowance. */
static void intervals_hold_the_truth(void **state)
{
    bool full = getenv("RCX_FULL") && strcmp(getenv("RCX_FULL"), "1") == 0;
    unsigned simulations = full ? 200 : 30;
    double least = full ? .9 : .8;
    (void)state;
    for (int c = 0; c < SHOP_COUNT; c++) {
        unsigned held[N] = {0};
        for (unsigned s = 0; s < simulations; s++) {
            struct btyd_shop shop = btyd_shop_make(SHOPS[c].dropout, SHOPS[c].parameters,
                                                   full ? 8000 : 2000, SHOPS[c].least_age,
                                                   SHOPS[c].most_age, 100 + s);
            struct rcx_btyd_fit fit = fit_shop(&shop, SHOPS[c].model, 2);
            for (int i = 0; i < N; i++) {
                double truth = log(SHOPS[c].parameters[i]);
                double reach = 1.96 * sqrt(fit.log_covariance[i * N + i]);
                held[i] += fabs(log(fit.parameters[i]) - truth) <= reach;
            }
            btyd_shop_release(&shop);
        }
        for (int i = 0; i < N; i++) {
            double share = (double)held[i] / simulations;
            if (full)
                print_message("%s %s: %.3f\n", rcx_btyd_model_name(SHOPS[c].model),
                              rcx_btyd_parameter_name(SHOPS[c].model, (unsigned)i), share);
            assert_true(share >= least && share <= (full ? .97 : 1));
        }
    }
}

/* Without dropout the models end at their boundary, are replaced by the NBD and say so. */
static void boundary_is_said_in_words(void **state)
{
    static const double never[N] = {.8, 6, 1e-9, 1e9};
    struct btyd_shop shop = btyd_shop_make(BTYD_AT_ANY_MOMENT, never, 4000, 20, 50, 7);
    char words[RCX_BTYD_WORDS_BYTES];
    (void)state;
    struct rcx_btyd_fit fit = fit_shop(&shop, RCX_BTYD_BGNBD, 1);
    struct rcx_btyd_fit nbd = fit_shop(&shop, RCX_BTYD_NBD, 1);
    assert_int_equal(fit.model, RCX_BTYD_NBD);
    assert_int_equal(fit.replaced, RCX_BTYD_BGNBD);
    assert_int_equal(fit.boundary, RCX_BTYD_NO_DROPOUT);
    assert_string_equal(rcx_btyd_words(&fit, words),
                        "BG/NBD at its limit, the NBD: nobody drops out");
    assert_true(fit.log_likelihood == nbd.log_likelihood);
    assert_true(fabs(fit.other_log_likelihood - nbd.log_likelihood) < .5);
    btyd_shop_release(&shop);
}

static void likelier_model_is_chosen(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        struct btyd_shop shop = btyd_shop_make(SHOPS[c].dropout, SHOPS[c].parameters, 5000,
                                               SHOPS[c].least_age, SHOPS[c].most_age, 3);
        struct rcx_btyd_fit fit = fit_shop(&shop, RCX_BTYD_AUTO, 1);
        struct rcx_btyd_fit other = fit_shop(&shop, SHOPS[1 - c].model, 1);
        assert_int_equal(fit.requested, RCX_BTYD_AUTO);
        assert_int_equal(fit.model, SHOPS[c].model);
        assert_true(fit.log_likelihood > fit.other_log_likelihood);
        assert_true(fit.other_log_likelihood == other.log_likelihood);
        btyd_shop_release(&shop);
    }
}

/* The same fit from shuffled customers, other threads and other instruction sets. */
static void fits_are_the_same_everywhere(void **state)
{
    struct btyd_shop shop = btyd_shop_make(SHOPS[0].dropout, SHOPS[0].parameters, 30000, 50, 100,
                                           5);
    enum rcx_cpu_level before = rcx_cpu_level();
    (void)state;
    struct rcx_btyd_fit want = fit_shop(&shop, RCX_BTYD_BGNBD, 1);
    for (size_t i = 0; i + 1 < shop.count; i += 2) {
        double *columns[] = {shop.x, shop.t_x, shop.age};
        for (int k = 0; k < 3; k++) {
            double first = columns[k][i];
            columns[k][i] = columns[k][i + 1];
            columns[k][i + 1] = first;
        }
    }
    for (int level = 0; level <= (int)rcx_cpu_detect(); level++) {
        rcx_cpu_set((enum rcx_cpu_level)level);
        struct rcx_btyd_fit got = fit_shop(&shop, RCX_BTYD_BGNBD, 3);
        assert_memory_equal(got.parameters, want.parameters, sizeof got.parameters);
        assert_true(got.log_likelihood == want.log_likelihood);
    }
    rcx_cpu_set(before);
    btyd_shop_release(&shop);
}

static void nothing_to_learn_is_refused(void **state)
{
    double x[3] = {0}, t_x[3] = {0}, age[3] = {5, 6, 7};
    const struct rcx_btyd_customers customers = {3, x, t_x, age};
    const struct rcx_btyd_fit_options options = {.model = RCX_BTYD_AUTO, .parallel = {1}};
    struct rcx_btyd_groups *groups = NULL;
    struct rcx_btyd_fit fit;
    struct rcx_error err = {0};
    (void)state;
    assert_int_equal(rcx_btyd_groups_build(&customers, &options.parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_fit(groups, &options, &fit, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "3 customers, 0 of them with a repeat purchase"));
    rcx_btyd_groups_release(groups);
}

static bool attempt_fit(void *context)
{
    const struct btyd_shop *shop = context;
    const struct rcx_btyd_customers customers = {shop->count, shop->x, shop->t_x, shop->age};
    const struct rcx_btyd_fit_options options = {.model = RCX_BTYD_NBD, .parallel = {1}};
    struct rcx_btyd_groups *groups = NULL;
    struct rcx_btyd_fit fit;
    bool ok = rcx_btyd_groups_build(&customers, &options.parallel, &groups, NULL) == RCX_OK &&
              rcx_btyd_fit(groups, &options, &fit, NULL) == RCX_OK;
    rcx_btyd_groups_release(groups);
    return ok;
}

static void no_allocation_is_taken_for_granted(void **state)
{
    struct btyd_shop shop = btyd_shop_make(SHOPS[0].dropout, SHOPS[0].parameters, 50, 5, 10, 1);
    (void)state;
    assert_true(check_allocation_failures(attempt_fit, &shop) > 5);
    btyd_shop_release(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_found_again),
        cmocka_unit_test(intervals_hold_the_truth),
        cmocka_unit_test(boundary_is_said_in_words),
        cmocka_unit_test(likelier_model_is_chosen),
        cmocka_unit_test(fits_are_the_same_everywhere),
        cmocka_unit_test(nothing_to_learn_is_refused),
        cmocka_unit_test(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
