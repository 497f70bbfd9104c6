/* PSI and KS against definitions written out plainly. (Against scipy: tests/golden/test_drift_peer.py.) */
#include "engine/quality/drift.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

enum { MOST = 300 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double random_value(struct check_random *random, uint64_t kind)
{
    if (check_below(random, 6) == 0)
        return NAN;
    if (kind == 0)
        return (double)check_below(random, 5) - 2; /* many ties, zeros */
    if (kind == 1)
        return check_unit(random) * 1e300 - 5e299;
    return check_below(random, 2) ? -0.0 : (check_unit(random) - 0.5) * DBL_MIN;
}

static void test_sort(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (size_t n = 0; n <= 257; n++) {
        double values[MOST], expected[MOST];
        uint64_t scratch[2 * MOST];
        size_t known = 0;
        for (size_t i = 0; i < n; i++) {
            values[i] = i == 7 ? INFINITY : i == 11 ? -INFINITY : random_value(&random, n % 3);
            if (values[i] == values[i])
                expected[known++] = values[i];
        }
        qsort(expected, known, sizeof *expected, compare);
        assert_int_equal(rcx_drift_sort(values, n, scratch), known);
        for (size_t i = 0; i < known; i++) {
            assert_true(values[i] == expected[i]);
            assert_false(values[i] == 0 && signbit(values[i]));
        }
    }
}

/* Counts of a value in the bins of the definition, one value at a time. */
static double plain_psi(const double *reference, size_t n, size_t rows, const double *sample,
                        size_t m, size_t sample_rows, size_t bins, double min_share)
{
    double bounds[MOST], psi = 0;
    size_t bound_count = 0;
    for (size_t k = 1; k < bins && n > 0; k++) {
        size_t rank = 1; /* the smallest with rank / n >= k / bins */
        while (rank * bins < k * n)
            rank++;
        if (bound_count == 0 || bounds[bound_count - 1] != reference[rank - 1])
            bounds[bound_count++] = reference[rank - 1];
    }
    for (size_t bin = 0; bin <= bound_count + 1; bin++) {
        size_t a = 0, b = 0;
        for (size_t i = 0; i < n && bin <= bound_count; i++)
            a += (bin == 0 || reference[i] > bounds[bin - 1]) &&
                 (bin == bound_count || reference[i] <= bounds[bin]);
        for (size_t i = 0; i < m && bin <= bound_count; i++)
            b += (bin == 0 || sample[i] > bounds[bin - 1]) &&
                 (bin == bound_count || sample[i] <= bounds[bin]);
        if (bin > bound_count) {
            a = rows - n;
            b = sample_rows - m;
        }
        double p = fmax((double)a / (double)rows, min_share);
        double q = fmax((double)b / (double)sample_rows, min_share);
        psi += (q - p) * log(q / p);
    }
    return psi;
}

static double plain_ks(const double *reference, size_t n, const double *sample, size_t m)
{
    double largest = 0;
    for (size_t i = 0; i < n + m; i++) {
        double at = i < n ? reference[i] : sample[i - n];
        size_t a = 0, b = 0;
        for (size_t j = 0; j < n; j++)
            a += reference[j] <= at;
        for (size_t j = 0; j < m; j++)
            b += sample[j] <= at;
        largest = fmax(largest, fabs((double)a / (double)n - (double)b / (double)m));
    }
    return largest;
}

static void test_against_the_definitions(void **state)
{
    struct check_random random = {2};
    (void)state;
    for (int round = 0; round < 400; round++) {
        double a[MOST], b[MOST];
        uint64_t scratch[2 * MOST];
        size_t rows = 1 + check_below(&random, 120), sample_rows = 1 + check_below(&random, 120);
        size_t bins = 2 + check_below(&random, 12);
        uint64_t kind = check_below(&random, 3);
        for (size_t i = 0; i < rows; i++)
            a[i] = random_value(&random, kind);
        for (size_t i = 0; i < sample_rows; i++)
            b[i] = random_value(&random, kind) + (round % 2 ? 0.25 : 0);
        size_t n = rcx_drift_sort(a, rows, scratch), m = rcx_drift_sort(b, sample_rows, scratch);
        const struct rcx_drift_sample x = {a, n, rows}, y = {b, m, sample_rows};
        double psi = rcx_drift_psi(&x, &y, bins, 0.001);
        double expected = plain_psi(a, n, rows, b, m, sample_rows, bins, 0.001);
        assert_true(fabs(psi - expected) <= 1e-12 * (1 + fabs(expected)));
        assert_true(psi >= 0);
        assert_true(rcx_drift_psi(&x, &x, bins, 0.001) == 0);
        double ks = rcx_drift_ks(&x, &y);
        if (n == 0 || m == 0)
            assert_true(isnan(ks));
        else
            assert_true(fabs(ks - plain_ks(a, n, b, m)) < 1e-15);
        if (n > 0)
            assert_true(rcx_drift_ks(&x, &x) == 0);
    }
}

static void test_known_values(void **state)
{
    (void)state;
    double reference[10], shifted[10];
    for (int i = 0; i < 10; i++) {
        reference[i] = i;
        shifted[i] = i + 5;
    }
    const struct rcx_drift_sample a = {reference, 10, 10}, b = {shifted, 10, 10};
    assert_true(rcx_drift_ks(&a, &b) == 0.5);
    /* Two bins, bound 4: half and half against none and all. */
    double expected = (0.0001 - 0.5) * log(0.0001 / 0.5) + (1 - 0.5) * log(1 / 0.5);
    assert_true(fabs(rcx_drift_psi(&a, &b, 2, 0.0001) - expected) < 1e-15);
    /* No values at all against values: only the bin of nulls and the open one count. */
    const struct rcx_drift_sample none = {reference, 0, 10}, nobody = {reference, 0, 0};
    expected = 2 * (1 - 0.0001) * log(1 / 0.0001);
    assert_true(fabs(rcx_drift_psi(&none, &b, 10, 0.0001) - expected) < 1e-12);
    assert_true(isnan(rcx_drift_psi(&nobody, &b, 10, 0.0001)));
    assert_true(isnan(rcx_drift_psi(&b, &nobody, 10, 0.0001)));
    assert_true(isnan(rcx_drift_ks(&none, &b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_against_the_definitions),
        cmocka_unit_test(test_known_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
