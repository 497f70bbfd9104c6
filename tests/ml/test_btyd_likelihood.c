/* Likelihoods against the textbook formulas, derivatives against differences, extremes, sameness. */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/gauss_rules.h"
#include "tests/support/btyd_shop.h"
#include "tests/support/check.h"

static const enum rcx_btyd_model MODELS[] = {RCX_BTYD_BGNBD, RCX_BTYD_MBGNBD, RCX_BTYD_PARETO,
                                             RCX_BTYD_NBD};
enum { MODEL_COUNT = 4, N = 4 };

static struct rcx_btyd_groups *groups_of(const struct btyd_shop *shop)
{
    const struct rcx_btyd_customers customers = {shop->count, shop->x, shop->t_x, shop->age};
    const struct rcx_parallel parallel = {1};
    struct rcx_btyd_groups *groups = NULL;
    assert_int_equal(rcx_btyd_groups_build(&customers, &parallel, &groups, NULL), RCX_OK);
    return groups;
}

static double likelihood(const struct rcx_btyd_groups *groups, enum rcx_btyd_model model,
                         const double *parameters, double *gradient, double *hessian)
{
    const struct rcx_parallel parallel = {2};
    double value = NAN;
    assert_int_equal(rcx_btyd_log_likelihood(groups, model, parameters, &parallel, &value, gradient,
                                             hessian, NULL),
                     RCX_OK);
    return value;
}

static long double log_beta(long double a, long double b)
{
    return lgammal(a) + lgammal(b) - lgammal(a + b);
}

static long double dropout_reference(enum rcx_btyd_model model, const double *p, double x,
                                     double t_x, double age)
{
    long double r = p[0], alpha = p[1], a = p[2], b = p[3];
    long double rate = lgammal(r + x) - lgammal(r) + r * logl(alpha);
    long double k = model == RCX_BTYD_MBGNBD ? x + 1 : x;
    if (model == RCX_BTYD_NBD)
        return rate - (r + x) * logl(alpha + age);
    long double stay = log_beta(a, b + k) - log_beta(a, b) - (r + x) * logl(alpha + age);
    if (k <= 0)
        return rate + stay;
    long double leave = log_beta(a + 1, b + k - 1) - log_beta(a, b) - (r + x) * logl(alpha + t_x);
    long double top = stay > leave ? stay : leave;
    return rate + top + logl(expl(stay - top) + expl(leave - top));
}

/* The integral over the moment of death on panels that double in length. */
static long double pareto_reference(const double *p, double x, double t_x, double age)
{
    enum { PANELS = 60, NODES = 40 };
    long double r = p[0], alpha = p[1], s = p[2], beta = p[3];
    struct rcx_gauss_rule rule = rcx_gauss_rule_of(NODES);
    long double scale = (r + x) * logl(alpha + t_x) + (s + 1) * logl(beta + t_x);
    long double sum = expl(scale - (r + x) * logl(alpha + age) - s * logl(beta + age));
    long double length = age - t_x;
    for (int panel = 0; panel < PANELS; panel++) {
        long double from = panel == 0 ? 0 : ldexpl(length, panel - PANELS);
        long double to = ldexpl(length, panel + 1 - PANELS);
        for (int j = 0; j < NODES; j++) {
            long double y = t_x + from + (to - from) * rule.nodes[j];
            sum += s * (to - from) * rule.weights[j] *
                   expl(scale - (r + x) * logl(alpha + y) - (s + 1) * logl(beta + y));
        }
    }
    return lgammal(r + x) - lgammal(r) + r * logl(alpha) + s * logl(beta) + logl(sum) - scale;
}

static double random_parameter(struct check_random *random, double low, double high)
{
    return low * exp(check_unit(random) * log(high / low));
}

static void likelihood_is_the_textbook_formula(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (int i = 0; i < 3000; i++) {
        double p[N] = {random_parameter(&random, .05, 20), random_parameter(&random, .1, 200),
                       random_parameter(&random, .01, 20), random_parameter(&random, .05, 200)};
        double x = (double)check_below(&random, i % 3 ? 12 : 900);
        double age = random_parameter(&random, .2, 2000);
        double t_x = x > 0 ? age * check_unit(&random) : 0;
        struct btyd_shop one = {1, &x, &t_x, &age};
        struct rcx_btyd_groups *groups = groups_of(&one);
        for (int m = 0; m < MODEL_COUNT; m++) {
            long double want = MODELS[m] == RCX_BTYD_PARETO
                                   ? pareto_reference(p, x, t_x, age)
                                   : dropout_reference(MODELS[m], p, x, t_x, age);
            double got = likelihood(groups, MODELS[m], p, NULL, NULL);
            double tolerance = 1e-11 * (1 + x);
            if (!(fabsl(got - want) < tolerance * (1 + fabsl(want) / (1 + x))))
                fail_msg("%s x %g t_x %g T %g (%g %g %g %g): %.15g instead of %.15Lg",
                         rcx_btyd_model_name(MODELS[m]), x, t_x, age, p[0], p[1], p[2], p[3], got,
                         want);
        }
        rcx_btyd_groups_release(groups);
    }
}

static void derivatives_are_those_of_the_value(void **state)
{
    static const double shops[][N] = {{.24, 4.4, .79, 2.4}, {2, 10, .05, 1.2}, {.6, 1, 3, 30}};
    (void)state;
    for (size_t c = 0; c < sizeof shops / sizeof shops[0]; c++) {
        struct btyd_shop shop = btyd_shop_make(BTYD_AFTER_REPEATS, shops[c], 500, 10, 60, c);
        struct rcx_btyd_groups *groups = groups_of(&shop);
        for (int m = 0; m < MODEL_COUNT; m++) {
            double gradient[N], hessian[N * N];
            (void)likelihood(groups, MODELS[m], shops[c], gradient, hessian);
            for (unsigned i = 0; i < rcx_btyd_parameter_count(MODELS[m]); i++) {
                double up[N], down[N], slope_up[N], slope_down[N];
                double step = 1e-5 * shops[c][i];
                memcpy(up, shops[c], sizeof up);
                memcpy(down, shops[c], sizeof down);
                up[i] += step;
                down[i] -= step;
                double high = likelihood(groups, MODELS[m], up, slope_up, NULL);
                double low = likelihood(groups, MODELS[m], down, slope_down, NULL);
                double size = 500 / shops[c][i];
                assert_true(fabs((high - low) / (2 * step) - gradient[i]) < 1e-6 * size);
                for (unsigned j = 0; j < rcx_btyd_parameter_count(MODELS[m]); j++) {
                    double second = (slope_up[j] - slope_down[j]) / (2 * step);
                    assert_true(fabs(second - hessian[i * N + j]) < 1e-6 * size / shops[c][j]);
                    assert_true(hessian[i * N + j] == hessian[j * N + i]);
                }
            }
        }
        rcx_btyd_groups_release(groups);
        btyd_shop_release(&shop);
    }
}

/* x and T up to 10,000, also where the two 2F1 of Pareto/NBD cancel. */
static void extremes_are_finite(void **state)
{
    static const double parameters[][N] = {{.5143, 2.8845, .2856, 14.1087},
                                           {.01, .01, 1e-4, .01},
                                           {50, 1e3, 50, 1e3},
                                           {1e4, 1e-3, 1e4, 1e-3},
                                           {1e-5, 1e5, 1e-4, 1e5}};
    static const double xs[] = {0, 1, 3, 221, 10000};
    static const double ages[] = {0, .01, 103.57, 10000};
    static const double shares[] = {0, 1e-9, .5, 103.43 / 103.57, 1};
    (void)state;
    for (size_t c = 0; c < 5 * 5 * 4 * 5; c++) {
        const double *p = parameters[c % 5];
        double x = xs[c / 5 % 5];
        double age = ages[c / 25 % 4];
        double t_x = x > 0 ? age * shares[c / 100] : 0;
        struct btyd_shop one = {1, &x, &t_x, &age};
        struct rcx_btyd_groups *groups = groups_of(&one);
        for (int m = 0; m < MODEL_COUNT; m++) {
            double gradient[N], hessian[N * N];
            assert_true(isfinite(likelihood(groups, MODELS[m], p, gradient, hessian)));
            for (int i = 0; i < N; i++)
                assert_true(isfinite(gradient[i]));
            for (int i = 0; i < N * N; i++)
                assert_true(isfinite(hessian[i]));
        }
        rcx_btyd_groups_release(groups);
    }
}

/* Same bits for any number of threads and instruction set; groups count equal customers once. */
static void nothing_depends_on_threads_or_machine(void **state)
{
    static const double p[N] = {.8, 6, .8, 2.5};
    struct btyd_shop shop = btyd_shop_make(BTYD_AFTER_REPEATS, p, 60000, 20, 60, 4);
    enum rcx_cpu_level before = rcx_cpu_level();
    (void)state;
    for (size_t i = 0; i < shop.count; i++) {
        shop.t_x[i] = floor(shop.t_x[i]);
        shop.age[i] = floor(shop.age[i]);
    }
    struct rcx_btyd_groups *groups = groups_of(&shop);
    assert_true(rcx_btyd_groups_distinct(groups) < shop.count / 3);
    assert_int_equal(rcx_btyd_groups_customers(groups), shop.count);
    for (int m = 0; m < MODEL_COUNT; m++) {
        double want = NAN;
        for (int c = 0; c < 6; c++) {
            const struct rcx_parallel parallel = {c < 3 ? 1 : 3};
            double value, gradient[N], hessian[N * N];
            if (c % 3 > (int)rcx_cpu_detect())
                continue;
            rcx_cpu_set((enum rcx_cpu_level)(c % 3));
            assert_int_equal(rcx_btyd_log_likelihood(groups, MODELS[m], p, &parallel, &value,
                                                     gradient, hessian, NULL),
                             RCX_OK);
            double digest = value + gradient[0] + gradient[1] + hessian[0] + hessian[1];
            assert_true(c == 0 || digest == want);
            want = digest;
        }
    }
    rcx_cpu_set(before);
    rcx_btyd_groups_release(groups);
    btyd_shop_release(&shop);
}

static void customers_out_of_range_are_refused(void **state)
{
    static const double bad[][3] = {{-1, 0, 1}, {.5, 0, 1},  {2, 3, 2},        {0, 1, 2},
                                    {1, -1, 2}, {NAN, 0, 1}, {1, 1, INFINITY}, {1, NAN, 2}};
    const struct rcx_parallel parallel = {1};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double x[2] = {0, bad[i][0]}, t_x[2] = {0, bad[i][1]}, age[2] = {1, bad[i][2]};
        const struct rcx_btyd_customers customers = {2, x, t_x, age};
        struct rcx_btyd_groups *groups = NULL;
        struct rcx_error err = {0};
        assert_int_equal(rcx_btyd_groups_build(&customers, &parallel, &groups, &err), RCX_E_INPUT);
        assert_non_null(strstr(err.text, "customer 1"));
        assert_null(groups);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood_is_the_textbook_formula),
        cmocka_unit_test(derivatives_are_those_of_the_value),
        cmocka_unit_test(extremes_are_finite),
        cmocka_unit_test(nothing_depends_on_threads_or_machine),
        cmocka_unit_test(customers_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
