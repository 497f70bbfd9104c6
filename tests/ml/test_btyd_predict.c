/* Expectations against sums of positive terms, extremes, probabilities that add up. */
#include <math.h>

#include "base/random.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/dropout_kernels.h"
#include "ml/btyd/gauss_rules.h"
#include "tests/support/check.h"

static const enum rcx_btyd_model MODELS[] = {RCX_BTYD_BGNBD, RCX_BTYD_MBGNBD, RCX_BTYD_PARETO,
                                             RCX_BTYD_NBD};
enum { MODEL_COUNT = 4, N = 4 };

static double predict(enum rcx_btyd_model model, const double *parameters, double x, double t_x,
                      double age, struct rcx_btyd_request request)
{
    const struct rcx_btyd_customers customers = {1, &x, &t_x, &age};
    const struct rcx_parallel parallel = {1};
    struct rcx_btyd_fit fit = {.model = model};
    struct rcx_btyd_groups *groups = NULL;
    double value = NAN;
    for (int i = 0; i < N; i++)
        fit.parameters[i] = parameters[i];
    request.out = &value;
    assert_int_equal(rcx_btyd_groups_build(&customers, &parallel, &groups, NULL), RCX_OK);
    assert_int_equal(rcx_btyd_predict(&fit, groups, &request, 1, &parallel, NULL), RCX_OK);
    rcx_btyd_groups_release(groups);
    return value;
}

static double random_parameter(struct check_random *random, double low, double high)
{
    return low * exp(check_unit(random) * log(high / low));
}

/* Sum over j of P(N > j) (b)_j / (a + b)_j, N negative binomial: the (j + 1)-th purchase happens when
 * there is one and the customer has stayed after j. */
static long double positive_sum(long double shape, long double end, long double a, long double b,
                                long double horizon)
{
    long double z = horizon / (end + horizon);
    long double mass = shape * logl(1 - z); /* ln P(N = j) */
    long double above = 1;
    long double stay = 1;
    long double sum = 0;
    for (int j = 0; j < 2000000; j++) {
        above -= expl(mass);
        if (above * stay < 1e-15L * sum || above <= 0)
            break;
        sum += above * stay;
        mass += logl((shape + j) / (j + 1) * z);
        stay *= (b + j) / (a + b + j);
    }
    return sum;
}

static double by_rule(double shape, double age, double alpha, double a, double b, double horizon)
{
    struct rcx_dropout_run run = {.shape = shape, .alpha = alpha};
    struct rcx_beta_rule rule;
    double ages[8];
    double out[8];
    for (int i = 0; i < 8; i++)
        ages[i] = age;
    rcx_beta_rule_make(a, b, &rule);
    RCX_KERNEL_CALL(dropout_mean_purchases)(ages, 8, &run, &rule, horizon, out);
    return out[0];
}

static void purchases_are_those_of_the_sum(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        double p[N] = {random_parameter(&random, .05, 10), random_parameter(&random, .1, 50),
                       i % 7 ? random_parameter(&random, .01, 10) : 1,
                       random_parameter(&random, .05, 100)};
        double x = (double)check_below(&random, i % 3 ? 8 : 300);
        double age = random_parameter(&random, .2, 300);
        double horizon = random_parameter(&random, .1, 60);
        double t_x = x > 0 ? age * .99 : 0;
        for (int m = 0; m < 2; m++) {
            double b = p[3] + x + (MODELS[m] == RCX_BTYD_MBGNBD);
            double alive = predict(MODELS[m], p, x, t_x, age,
                                   (struct rcx_btyd_request){.quantity = RCX_BTYD_P_ALIVE});
            double got = predict(MODELS[m], p, x, t_x, age,
                                 (struct rcx_btyd_request){.quantity = RCX_BTYD_PURCHASES,
                                                           .horizon = horizon}) /
                         alive;
            long double want = positive_sum(p[0] + x, p[1] + age, p[2], b, horizon);
            double integral = by_rule(p[0] + x, age, p[1], p[2], b, horizon);
            if (!(fabsl(got / want - 1) < 1e-10))
                fail_msg("x %g T %g horizon %g (%g %g %g %g): %.12g instead of %.12Lg", x, age,
                         horizon, p[0], p[1], p[2], p[3], got, want);
            if (!(fabsl(integral / want - 1) < 1e-10))
                fail_msg("integral, x %g T %g horizon %g (%g %g %g %g): %.12g instead of %.12Lg", x,
                         age, horizon, p[0], p[1], p[2], p[3], integral, want);
        }
    }
}

static void everything_is_finite_and_in_range(void **state)
{
    static const double parameters[][N] = {{.5143, 2.8845, .2856, 14.1087},
                                           {.2426, 4.4136, .7929, 2.4259},
                                           {.01, .01, 1e-4, .01},
                                           {50, 1e3, 50, 1e3},
                                           {2, .01, 1, 1e5}};
    static const double xs[] = {0, 1, 221, 10000};
    static const double ages[] = {0, 103.57, 10000};
    static const double shares[] = {0, .5, 103.43 / 103.57, 1};
    static const double horizons[] = {0, 1e-3, 26, 10000};
    (void)state;
    for (size_t c = 0; c < 5 * 4 * 3 * 4 * 4; c++) {
        const double *p = parameters[c % 5];
        double x = xs[c / 5 % 4];
        double age = ages[c / 20 % 3];
        double t_x = x > 0 ? age * shares[c / 60 % 4] : 0;
        double horizon = horizons[c / 240];
        for (int m = 0; m < MODEL_COUNT; m++) {
            double most = (p[0] + x) * horizon / (p[1] + age);
            for (int q = RCX_BTYD_P_ALIVE; q <= RCX_BTYD_P_COUNT; q++) {
                struct rcx_btyd_request request = {.quantity = (enum rcx_btyd_quantity)q,
                                                   .horizon = horizon,
                                                   .discount = .002,
                                                   .purchases = 2};
                bool count = q == RCX_BTYD_PURCHASES || q == RCX_BTYD_DISCOUNTED;
                double value = predict(MODELS[m], p, x, t_x, age, request);
                if (!(value >= 0 && value <= (count ? most * (1 + 1e-9) : 1)))
                    fail_msg("%s quantity %d x %g t_x %g T %g horizon %g (%g ...): %g of %g",
                             rcx_btyd_model_name(MODELS[m]), q, x, t_x, age, horizon, p[0], value,
                             most);
            }
        }
    }
}

static void counts_add_up_to_one_and_to_the_mean(void **state)
{
    static const double p[N] = {.8, 6, .9, 12};
    (void)state;
    for (int m = 0; m < MODEL_COUNT; m++) {
        struct rcx_btyd_request request = {.quantity = RCX_BTYD_P_COUNT, .horizon = 20};
        double sum = 0;
        double mean = 0;
        for (request.purchases = 0; request.purchases < 200; request.purchases++) {
            double one = predict(MODELS[m], p, 3, 25, 30, request);
            sum += one;
            mean += request.purchases * one;
            if (request.purchases == 0) {
                request.quantity = RCX_BTYD_P_NO_PURCHASE;
                assert_true(fabs(predict(MODELS[m], p, 3, 25, 30, request) - one) < 1e-10);
                request.quantity = RCX_BTYD_P_COUNT;
            }
        }
        request.quantity = RCX_BTYD_PURCHASES;
        assert_true(fabs(sum - 1) < 1e-8);
        assert_true(fabs(mean - predict(MODELS[m], p, 3, 25, 30, request)) < 1e-7);
    }
}

static long double negative_binomial(long double shape, long double end, long double time,
                                     unsigned n)
{
    return expl(lgammal(shape + n) - lgammal(shape) - lgammal(n + 1) +
                n * logl(time / (end + time)) - shape * log1pl(time / end));
}

/* P(n purchases) of a living customer who may die at any moment, on panels that double in length. */
static long double count_before_death(const double p[N], double x, double age, double horizon,
                                      unsigned n)
{
    enum { PANELS = 60 };
    const struct rcx_gauss_rule rule = rcx_gauss_rule_of(96);
    long double shape = p[0] + x, end = p[1] + age, s = p[2], beta = p[3] + age;
    long double sum = negative_binomial(shape, end, horizon, n) * expl(-s * log1pl(horizon / beta));
    for (int panel = 0; panel < PANELS; panel++) {
        long double from = panel == 0 ? 0 : ldexpl(horizon, panel - PANELS);
        long double to = ldexpl(horizon, panel + 1 - PANELS);
        for (unsigned j = 0; j < rule.count; j++) {
            long double u = from + (to - from) * rule.nodes[j];
            sum += (to - from) * rule.weights[j] * s / (beta + u) *
                   negative_binomial(shape, end, u, n) * expl(-s * log1pl(u / beta));
        }
    }
    return sum;
}

static long double count_of(enum rcx_btyd_model model, const double p[N], double x, double age,
                            double horizon, unsigned n)
{
    long double b = p[3] + x + (model == RCX_BTYD_MBGNBD);
    long double stay = 1, before = 1, at_least = 1;
    if (model == RCX_BTYD_PARETO)
        return count_before_death(p, x, age, horizon, n);
    for (unsigned j = 0; j < n; j++) {
        at_least -= negative_binomial(p[0] + x, p[1] + age, horizon, j);
        before = stay;
        stay *= model == RCX_BTYD_NBD ? 1 : (b + j) / (p[2] + b + j);
    }
    return stay * negative_binomial(p[0] + x, p[1] + age, horizon, n) + (before - stay) * at_least;
}

static void counts_are_those_of_their_formulas(void **state)
{
    static const unsigned counts[] = {0, 1, 2, 5, 20, 100};
    struct check_random random = {7};
    (void)state;
    for (int i = 0; i < 400; i++) {
        double p[N] = {random_parameter(&random, .05, 10), random_parameter(&random, .1, 50),
                       random_parameter(&random, .01, 10), random_parameter(&random, .05, 100)};
        double x = (double)check_below(&random, i % 3 ? 8 : 1000);
        double age = random_parameter(&random, .2, 300);
        double horizon = random_parameter(&random, .1, i % 2 ? 60 : 3000);
        unsigned n = counts[i % 6];
        for (int m = 0; m < MODEL_COUNT; m++) {
            struct rcx_btyd_request request = {
                .quantity = RCX_BTYD_P_COUNT, .horizon = horizon, .purchases = n};
            double alive = predict(MODELS[m], p, x, x > 0 ? age * .99 : 0, age,
                                   (struct rcx_btyd_request){.quantity = RCX_BTYD_P_ALIVE});
            double got = predict(MODELS[m], p, x, x > 0 ? age * .99 : 0, age, request);
            long double want = alive * count_of(MODELS[m], p, x, age, horizon, n) +
                               (n == 0 ? 1 - alive : 0);
            if (!(fabsl(got - want) < 1e-9 * want + 1e-13))
                fail_msg("%s, %u, x %g T %g horizon %g (%g %g %g %g): %.12g instead of %.12Lg",
                         rcx_btyd_model_name(MODELS[m]), n, x, age, horizon, p[0], p[1], p[2], p[3],
                         got, want);
        }
    }
}

/* A purchase by a living customer whose rate and dropout are drawn from what is known of him. */
static bool buys_in_window(enum rcx_btyd_model model, const double p[N], struct rcx_random *random,
                           double gap, double horizon)
{
    const double x = 3, age = 30;
    bool any_moment = model == RCX_BTYD_PARETO;
    double chances = model == RCX_BTYD_MBGNBD ? x + 1 : x;
    double rate = rcx_random_gamma(random, p[0] + x) / (p[1] + age);
    double leave = any_moment ? rcx_random_gamma(random, p[2]) / (p[3] + age)
                              : rcx_random_beta(random, p[2], p[3] + chances);
    double death = any_moment ? rcx_random_exponential(random) / leave : INFINITY;
    for (double time = 0;;) {
        time += rcx_random_exponential(random) / rate;
        if (time >= gap + horizon || time >= death)
            return false;
        if (time >= gap)
            return true;
        if (!any_moment && model != RCX_BTYD_NBD && rcx_random_unit(random) < leave)
            return false;
    }
}

static void a_gap_is_waited_for(void **state)
{
    enum { DRAWS = 200000 };
    static const double p[N] = {.8, 6, .9, 4};
    const double gap = 25, horizon = 12;
    (void)state;
    for (int m = 0; m < MODEL_COUNT; m++) {
        struct rcx_btyd_request request = {.quantity = RCX_BTYD_P_ALIVE};
        struct rcx_random random = rcx_random_of(1, 2, (uint64_t)m);
        double alive = predict(MODELS[m], p, 3, 25, 30, request), bought = 0;
        for (int i = 0; i < DRAWS; i++)
            bought += buys_in_window(MODELS[m], p, &random, gap, horizon);
        request = (struct rcx_btyd_request){
            .quantity = RCX_BTYD_P_NO_PURCHASE, .horizon = horizon, .gap = gap};
        double got = predict(MODELS[m], p, 3, 25, 30, request);
        double want = 1 - alive * bought / DRAWS; /* standard error at most .0012 */
        if (!(fabs(got - want) < .004))
            fail_msg("%s: %g, simulated %g", rcx_btyd_model_name(MODELS[m]), got, want);
        request.gap = 0;
        double at_once = predict(MODELS[m], p, 3, 25, 30, request);
        request.gap = 1e-9;
        assert_true(fabs(predict(MODELS[m], p, 3, 25, 30, request) - at_once) < 1e-8);
    }
}

static void a_gap_is_that_of_the_integral(void **state)
{
    struct check_random random = {9};
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct rcx_dropout_run run = {.shape = random_parameter(&random, .05, i % 3 ? 10 : 2000),
                                      .alpha = random_parameter(&random, .1, 50)};
        double a = random_parameter(&random, .01, 10), b = random_parameter(&random, .05, 300);
        double gap = random_parameter(&random, .1, 60), horizon = random_parameter(&random, .1, 60);
        struct rcx_beta_rule rule;
        double ages[8], series[8], integrals[8];
        for (int k = 0; k < 8; k++)
            ages[k] = random_parameter(&random, .2, 300);
        rcx_beta_rule_make(a, b, &rule);
        RCX_KERNEL_CALL(dropout_returns)(ages, 8, &run, a, b, gap, horizon, series);
        RCX_KERNEL_CALL(dropout_mean_returns)(ages, 8, &run, &rule, gap, horizon, integrals);
        for (int k = 0; k < 8; k++) {
            double ratio = gap / (run.alpha + ages[k]), mean = run.shape * ratio;
            bool too_long = mean + 15 * sqrt(mean * (1 + ratio)) + 30 * ratio > 1000;
            if (!(too_long && isnan(series[k])) && !(fabs(series[k] - integrals[k]) < 1e-10))
                fail_msg("shape %g end %g a %g b %g gap %g horizon %g: %.15g and %.15g", run.shape,
                         run.alpha + ages[k], a, b, gap, horizon, series[k], integrals[k]);
        }
    }
}

/* Discounted purchases as the sum over many short horizons; without end for NBD in closed form, for
 * Pareto/NBD by its integral over the chance to live on. */
static void discounting_is_a_sum_over_time(void **state)
{
    static const double p[N] = {.55, 10.6, .6, 11.7};
    const double rate = .01;
    (void)state;
    for (int m = 0; m < MODEL_COUNT; m++) {
        struct rcx_btyd_request request = {.quantity = RCX_BTYD_PURCHASES};
        enum { STEPS = 1000 };
        double before = 0;
        double sum = 0;
        for (int i = 1; i <= STEPS; i++) {
            request.horizon = 100.0 * i / STEPS;
            double now = predict(MODELS[m], p, 2, 20, 30, request);
            sum += (now - before) * exp(-rate * (request.horizon - 50.0 / STEPS));
            before = now;
        }
        request.quantity = RCX_BTYD_DISCOUNTED;
        request.discount = rate;
        assert_true(fabs(predict(MODELS[m], p, 2, 20, 30, request) / sum - 1) < 1e-5);
        request.discount = 0;
        assert_true(fabs(predict(MODELS[m], p, 2, 20, 30, request) / before - 1) < 1e-12);
        request.discount = rate;
        request.horizon = INFINITY;
        double endless = predict(MODELS[m], p, 2, 20, 30, request);
        assert_true(endless > sum && isfinite(endless));
        if (MODELS[m] == RCX_BTYD_NBD)
            assert_true(fabs(endless / ((p[0] + 2) / (p[1] + 30) / rate) - 1) < 1e-9);
    }
}

/* (r + x) / (alpha + T) times the integral of ((beta + T) / (beta + T + t))^s exp(-rate t), which is
 * Tricomi's function (Fader, Hardie, Lee, J. of Marketing Research 42, 2005). */
static void endless_value_of_pareto_is_its_integral(void **state)
{
    static const double p[N] = {.55, 10.6, .6, 11.7};
    const double rate = .003;
    struct rcx_gauss_rule rule = rcx_gauss_rule_of(64);
    double integral = 0;
    (void)state;
    for (int panel = 0; panel < 16; panel++) {
        double from = panel == 0 ? 0 : ldexp(1, panel - 1);
        double to = ldexp(1, panel);
        for (unsigned j = 0; j < rule.count; j++) {
            double t = from + (to - from) * rule.nodes[j];
            integral += (to - from) * rule.weights[j] * pow(41.7 / (41.7 + t), p[2]) *
                        exp(-rate * t);
        }
    }
    struct rcx_btyd_request request = {
        .quantity = RCX_BTYD_DISCOUNTED, .horizon = INFINITY, .discount = rate};
    double alive = predict(RCX_BTYD_PARETO, p, 2, 20, 30,
                           (struct rcx_btyd_request){.quantity = RCX_BTYD_P_ALIVE});
    double want = alive * (p[0] + 2) / (p[1] + 30) * integral;
    assert_true(fabs(predict(RCX_BTYD_PARETO, p, 2, 20, 30, request) / want - 1) < 1e-8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(purchases_are_those_of_the_sum),
        cmocka_unit_test(everything_is_finite_and_in_range),
        cmocka_unit_test(counts_add_up_to_one_and_to_the_mean),
        cmocka_unit_test(counts_are_those_of_their_formulas),
        cmocka_unit_test(a_gap_is_waited_for),
        cmocka_unit_test(a_gap_is_that_of_the_integral),
        cmocka_unit_test(discounting_is_a_sum_over_time),
        cmocka_unit_test(endless_value_of_pareto_is_its_integral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
