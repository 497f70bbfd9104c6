#include "ml/btyd/gamma_gamma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/support/check.h"

enum { N = 3 };
static const struct rcx_parallel PARALLEL = {2};

struct values {
    size_t count;
    double *x, *m;
};

static struct values draw(size_t count, const double parameters[N], uint64_t seed)
{
    struct values values = {count, malloc(count * sizeof(double)), malloc(count * sizeof(double))};
    for (size_t i = 0; i < count; i++) {
        struct rcx_random random = rcx_random_of(seed, 78, i);
        double rate = rcx_random_gamma(&random, parameters[1]) / parameters[2];
        values.x[i] = (double)rcx_random_below(&random, 12);
        values.m[i] = values.x[i] > 0 ? rcx_random_gamma(&random, parameters[0] * values.x[i]) /
                                            rate / values.x[i]
                                      : (double)NAN;
    }
    return values;
}

static void release(struct values *values)
{
    free(values->x);
    free(values->m);
}

static double likelihood(const struct values *values, const double *parameters, double *gradient,
                         double *hessian)
{
    double value = NAN;
    assert_int_equal(rcx_gamma_gamma_log_likelihood(values->x, values->m, values->count, parameters,
                                                    &PARALLEL, &value, gradient, hessian, NULL),
                     RCX_OK);
    return value;
}

static void likelihood_is_the_textbook_formula(void **state)
{
    static const double p[N] = {6.25, 3.74, 15.44};
    struct values values = draw(3000, p, 1);
    long double want = 0;
    (void)state;
    for (size_t i = 0; i < values.count; i++) {
        long double x = values.x[i], m = values.m[i];
        if (x == 0)
            continue;
        want += lgammal(p[0] * x + p[1]) - lgammal(p[0] * x) - lgammal(p[1]) + p[1] * logl(p[2]) +
                (p[0] * x - 1) * logl(m) + p[0] * x * logl(x) -
                (p[0] * x + p[1]) * logl(x * m + p[2]);
    }
    assert_true(fabsl(likelihood(&values, p, NULL, NULL) / want - 1) < 1e-12);
    release(&values);
}

static void derivatives_are_those_of_the_value(void **state)
{
    static const double p[N] = {2, 3, 40};
    struct values values = draw(500, p, 2);
    double gradient[N], hessian[N * N];
    (void)state;
    (void)likelihood(&values, p, gradient, hessian);
    for (int i = 0; i < N; i++) {
        double up[N], down[N], slope_up[N], slope_down[N];
        double step = 1e-5 * p[i];
        memcpy(up, p, sizeof up);
        memcpy(down, p, sizeof down);
        up[i] += step;
        down[i] -= step;
        double high = likelihood(&values, up, slope_up, NULL);
        double low = likelihood(&values, down, slope_down, NULL);
        assert_true(fabs((high - low) / (2 * step) - gradient[i]) < 1e-4 / p[i]);
        for (int j = 0; j < N; j++)
            assert_true(fabs((slope_up[j] - slope_down[j]) / (2 * step) - hessian[i * N + j]) <
                        1e-4 / p[i] / p[j]);
    }
    release(&values);
}

static void parameters_are_found_again(void **state)
{
    static const double p[N] = {4, 5, 30};
    struct values values = draw(20000, p, 1);
    struct rcx_gamma_gamma_fit fit;
    (void)state;
    assert_int_equal(rcx_gamma_gamma_fit(values.x, values.m, values.count, &PARALLEL, &fit, NULL),
                     RCX_OK);
    assert_true(fit.converged && fit.has_covariance && !fit.plain_mean);
    assert_int_equal(fit.starts_agreed, fit.starts);
    const double found[N] = {fit.p, fit.q, fit.v};
    for (int i = 0; i < N; i++) { /* q and v are known to some 6 % from so many */
        assert_true(fit.standard_errors[i] < .07 * p[i]);
        assert_true(fabs(found[i] - p[i]) < 3 * fit.standard_errors[i]);
    }
    assert_true(fabs(fit.mean / 30 - 1) < .02);
    release(&values);
}

static void expectations_are_weighted_means(void **state)
{
    const struct rcx_gamma_gamma_fit fit = {.p = 6.25, .q = 3.74, .v = 15.44, .mean = 35.2};
    const double x[] = {2, 0, 3, 1e6}, m[] = {100, NAN, -5, 80};
    double out[4];
    (void)state;
    rcx_gamma_gamma_expect(&fit, x, m, 4, out, NULL, NULL);
    assert_true(fabs(out[0] - 88.35) < .005);
    assert_true(fabs(out[1] - 6.25 * 15.44 / 2.74) < 1e-12);
    assert_true(out[2] == out[1]);
    assert_true(fabs(out[3] - 80) < 1e-3);
}

static void few_customers_get_the_plain_mean(void **state)
{
    const double x[] = {1, 2, 0, 4}, m[] = {10, 20, NAN, -1};
    struct rcx_gamma_gamma_fit fit;
    double out[4];
    (void)state;
    assert_int_equal(rcx_gamma_gamma_fit(x, m, 4, &PARALLEL, &fit, NULL), RCX_OK);
    assert_true(fit.plain_mean && fit.mean == 15);
    assert_int_equal(fit.customers, 2);
    assert_int_equal(fit.left_out, 1);
    rcx_gamma_gamma_expect(&fit, x, m, 4, out, NULL, NULL);
    assert_true(out[0] == 15 && out[3] == 15);
    assert_int_equal(rcx_gamma_gamma_fit(x, m, 0, &PARALLEL, &fit, NULL), RCX_OK);
    assert_true(fit.plain_mean && fit.mean == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood_is_the_textbook_formula),
        cmocka_unit_test(derivatives_are_those_of_the_value),
        cmocka_unit_test(parameters_are_found_again),
        cmocka_unit_test(expectations_are_weighted_means),
        cmocka_unit_test(few_customers_get_the_plain_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
