#include "ml/btyd/gamma_functions.h"

#include <math.h>

#include "tests/support/check.h"

static void assert_near(double got, long double want, double tolerance)
{
    long double size = fabsl(want) > 1 ? fabsl(want) : 1;
    if (!(fabsl(got - want) <= tolerance * size))
        fail_msg("%.17g instead of %.17Lg", got, want);
}

static void log_gamma_is_that_of_the_c_library(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double z = exp(log(1e-6) + check_unit(&random) * log(1e15));
        assert_near(rcx_gamma_values(z).log, lgammal(z), 2e-14);
    }
}

/* psi(z + 1) = psi(z) + 1 / z, and known values at 1. */
static void derivatives_obey_their_recurrences(void **state)
{
    struct check_random random = {2};
    (void)state;
    assert_near(rcx_gamma_values(1).first, -0.57721566490153286061L, 4e-15);
    assert_near(rcx_gamma_values(1).second, 1.64493406684822643647L, 4e-15);
    for (int i = 0; i < 20000; i++) {
        double z = exp(log(.25) + check_unit(&random) * log(1e6));
        struct rcx_gamma_values low = rcx_gamma_values(z);
        struct rcx_gamma_values high = rcx_gamma_values(z + 1);
        assert_near(high.first, (long double)low.first + 1 / (long double)z, 8e-15);
        assert_near(high.second, (long double)low.second - 1 / ((long double)z * z), 8e-15);
    }
}

static void rises_are_sums(void **state)
{
    struct check_random random = {3};
    (void)state;
    for (int i = 0; i < 4000; i++) {
        double z = exp(log(1e-6) + check_unit(&random) * log(1e15));
        double k = (double)check_below(&random, i % 2 ? 30 : 2000);
        struct rcx_gamma_values rise = rcx_gamma_rise(z, k);
        long double sums[3] = {0};
        for (int j = 0; j < k; j++) {
            sums[0] += logl((long double)z + j);
            sums[1] += 1 / ((long double)z + j);
            sums[2] -= 1 / (((long double)z + j) * ((long double)z + j));
        }
        assert_near(rise.log, sums[0], 4e-15);
        assert_near(rise.first, sums[1], 4e-15);
        assert_near(rise.second, sums[2], 4e-15);
    }
    assert_true(rcx_gamma_rise(3, 0).log == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_gamma_is_that_of_the_c_library),
        cmocka_unit_test(derivatives_obey_their_recurrences),
        cmocka_unit_test(rises_are_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
