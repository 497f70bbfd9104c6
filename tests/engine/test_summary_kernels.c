#include <math.h>

#include "base/cpu.h"
#include "engine/exec/summary_kernels.h"
#include "tests/support/check.h"

enum { MOST = 300 };

static void test_reals_by_every_instruction_set(void **state)
{
    (void)state;
    double values[MOST];
    struct check_random random = {1};
    enum rcx_cpu_level before = rcx_cpu_level();
    for (size_t i = 0; i < MOST; i++)
        values[i] = check_below(&random, 5) == 0 ? (double)NAN : (check_unit(&random) - 0.5) * 1e6;
    for (size_t count = 0; count <= 257; count++) {
        struct rcx_real_summary expected = {INFINITY, -INFINITY, 0, 0};
        for (size_t i = 0; i < count; i++) {
            if (isnan(values[i + 3]))
                continue;
            expected.min = fmin(expected.min, values[i + 3]);
            expected.max = fmax(expected.max, values[i + 3]);
            expected.sum += values[i + 3];
            expected.known++;
        }
        double first_sum = 0;
        for (enum rcx_cpu_level level = RCX_CPU_V1; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set(level);
            struct rcx_real_summary found = RCX_KERNEL_CALL(rcx_summarise_real)(values + 3, count);
            assert_true(found.min == expected.min && found.max == expected.max);
            assert_int_equal(found.known, expected.known);
            assert_true(fabs(found.sum - expected.sum) <= 1e-9 * 1e6);
            if (level == RCX_CPU_V1)
                first_sum = found.sum;
            assert_true(found.sum == first_sum);
        }
        rcx_cpu_set(before);
    }
}

static void test_wholes_by_every_instruction_set(void **state)
{
    (void)state;
    int32_t values[MOST];
    struct check_random random = {2};
    enum rcx_cpu_level before = rcx_cpu_level();
    for (size_t i = 0; i < MOST; i++)
        values[i] = (int32_t)(uint32_t)check_next(&random);
    for (size_t count = 1; count <= 257; count++) {
        struct rcx_whole_summary expected = {INT32_MAX, INT32_MIN, 0};
        for (size_t i = 0; i < count; i++) {
            expected.min = values[i] < expected.min ? values[i] : expected.min;
            expected.max = values[i] > expected.max ? values[i] : expected.max;
            expected.sum += values[i];
        }
        for (enum rcx_cpu_level level = RCX_CPU_V1; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set(level);
            struct rcx_whole_summary found = RCX_KERNEL_CALL(rcx_summarise_whole)(values, count);
            assert_int_equal(found.min, expected.min);
            assert_int_equal(found.max, expected.max);
            assert_int_equal(found.sum, expected.sum);
        }
        rcx_cpu_set(before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reals_by_every_instruction_set),
        cmocka_unit_test(test_wholes_by_every_instruction_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
