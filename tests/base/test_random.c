#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>

#include "base/random.h"

static bool near(double value, double expected, double relative)
{
    return fabs(value - expected) <= relative * fabs(expected);
}

/* Against the C library, on both sides of every reduction. */
static void log_and_exp_equal_the_library(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 1e300; x *= 1.37)
        assert_true(near(rcx_portable_log(x), log(x), 1e-14));
    for (double x = 0.4; x < 2.2; x += 0.00037)
        assert_true(fabs(rcx_portable_log(x) - log(x)) <= 1e-14 * fabs(log(x)) + 1e-18);
    assert_true(rcx_portable_log(1) == 0);
    for (double x = -690; x < 690; x += 0.173)
        assert_true(near(rcx_portable_exp(x), exp(x), 1e-14));
    assert_true(rcx_portable_exp(0) == 1);
}

/* The published first outputs of SplitMix64 started at 1234567. */
static void generator_is_splitmix64(void **state)
{
    (void)state;
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u,
                                        16408922859458223821u};
    struct rcx_random random = {1234567};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(rcx_random_u64(&random) == expected[i]);
}

static void streams_differ_in_every_argument(void **state)
{
    (void)state;
    uint64_t base = rcx_random_of(1, 2, 3).state;
    assert_true(base == rcx_random_of(1, 2, 3).state);
    assert_true(base != rcx_random_of(2, 2, 3).state);
    assert_true(base != rcx_random_of(1, 3, 3).state);
    assert_true(base != rcx_random_of(1, 2, 4).state);
    assert_true(rcx_random_of(0, 0, 0).state != rcx_random_of(0, 0, 1).state);
}

enum { DRAWS = 200000 };

struct moments {
    double mean, variance;
};

static struct moments moments_of(double (*draw)(struct rcx_random *, double, double), double a,
                                 double b)
{
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        struct rcx_random random = rcx_random_of(7, 8, i);
        double x = draw(&random, a, b);
        sum += x;
        squares += x * x;
    }
    double mean = sum / DRAWS;
    return (struct moments){mean, squares / DRAWS - mean * mean};
}

static double draw_unit(struct rcx_random *random, double a, double b)
{
    (void)a;
    (void)b;
    return rcx_random_unit(random);
}

static double draw_below(struct rcx_random *random, double a, double b)
{
    (void)b;
    return (double)rcx_random_below(random, (uint64_t)a);
}

static double draw_exponential(struct rcx_random *random, double a, double b)
{
    (void)a;
    (void)b;
    return rcx_random_exponential(random);
}

static double draw_normal(struct rcx_random *random, double a, double b)
{
    (void)a;
    (void)b;
    return rcx_random_normal(random);
}

static double draw_gamma(struct rcx_random *random, double a, double b)
{
    (void)b;
    return rcx_random_gamma(random, a);
}

/* Within five standard errors of the mean, and 5 % of the variance. */
static void expect_moments(struct moments found, double mean, double variance)
{
    assert_true(fabs(found.mean - mean) < 5 * sqrt(variance / DRAWS));
    assert_true(near(found.variance, variance, 0.05));
}

static void first_two_moments_are_those_of_the_distributions(void **state)
{
    (void)state;
    expect_moments(moments_of(draw_unit, 0, 0), 0.5, 1.0 / 12);
    expect_moments(moments_of(draw_below, 10, 0), 4.5, 99.0 / 12);
    expect_moments(moments_of(draw_exponential, 0, 0), 1, 1);
    expect_moments(moments_of(draw_normal, 0, 0), 0, 1);
    static const double shapes[] = {0.05, 0.3, 0.85, 1, 2.1, 6.25, 100};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        expect_moments(moments_of(draw_gamma, shapes[i], 0), shapes[i], shapes[i]);
    static const double pairs[][2] = {{0.5, 4.5}, {0.793, 2.426}, {1, 1}, {6, 2}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        double a = pairs[i][0], b = pairs[i][1];
        expect_moments(moments_of(rcx_random_beta, a, b), a / (a + b),
                       a * b / ((a + b) * (a + b) * (a + b + 1)));
    }
}

static void ranges_hold(void **state)
{
    (void)state;
    struct rcx_random random = rcx_random_of(1, 1, 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        double unit = rcx_random_unit(&random);
        assert_true(unit >= 0 && unit < 1);
        assert_true(rcx_random_below(&random, 3) < 3);
        assert_true(rcx_random_below(&random, 1) == 0);
        assert_true(rcx_random_exponential(&random) >= 0);
        double beta = rcx_random_beta(&random, 0.01, 0.01);
        assert_true(beta >= 0 && beta <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_and_exp_equal_the_library),
        cmocka_unit_test(generator_is_splitmix64),
        cmocka_unit_test(streams_differ_in_every_argument),
        cmocka_unit_test(first_two_moments_are_those_of_the_distributions),
        cmocka_unit_test(ranges_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
