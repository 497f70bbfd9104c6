/* Errors of the vector functions against the C library in long double. */
#include "ml/btyd/lanes.h"

#include <math.h>

#include "tests/support/check.h"

static double ulps(double got, long double want)
{
    double size = fabs((double)want);
    return fabs((double)((long double)got - want)) / (nextafter(size, INFINITY) - size);
}

/* Spread over all magnitudes, and around 1 and 0. */
static double sample(struct check_random *random, double low, double high, int i)
{
    double uniform = low + (high - low) * check_unit(random);
    return i % 3 == 0 ? ldexp(uniform, -(i % 50)) : uniform;
}

static void logarithm_is_within_one_unit(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (int i = 0; i < 400000; i++) {
        double x = i % 2 ? exp(sample(&random, -700, 700, i)) : 1 + sample(&random, -.4, .5, i);
        if (x == 1)
            continue;
        assert_true(ulps(rcx_lanes_log(rcx_lanes_all(x))[i % 8], logl(x)) < 1);
    }
    assert_true(rcx_lanes_log(rcx_lanes_all(1))[0] == 0);
}

static void exponential_is_within_two_units(void **state)
{
    struct check_random random = {2};
    (void)state;
    for (int i = 0; i < 400000; i++) {
        double x = sample(&random, -700, 700, i);
        assert_true(ulps(rcx_lanes_exp(rcx_lanes_all(x))[i % 8], expl(x)) < 2);
    }
    assert_true(rcx_lanes_exp(rcx_lanes_all(0))[0] == 1);
    assert_true(rcx_lanes_exp(rcx_lanes_all(-1e9))[0] < 1e-300);
}

static void log1p_is_within_two_units(void **state)
{
    struct check_random random = {3};
    (void)state;
    for (int i = 0; i < 400000; i++) {
        double x = sample(&random, 1e-12, i % 2 ? 1 : 1e6, i);
        assert_true(ulps(rcx_lanes_log1p(rcx_lanes_all(x))[i % 8], log1pl(x)) < 2);
    }
    assert_true(rcx_lanes_log1p(rcx_lanes_all(0))[0] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithm_is_within_one_unit),
        cmocka_unit_test(exponential_is_within_two_units),
        cmocka_unit_test(log1p_is_within_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
