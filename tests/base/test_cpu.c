#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"

static void the_level_can_only_be_lowered(void **state)
{
    (void)state;
    enum rcx_cpu_level have = rcx_cpu_detect();
    assert_int_equal(rcx_cpu_level(), have);
    for (unsigned wanted = 0; wanted < RCX_CPU_LEVELS; wanted++) {
        rcx_cpu_set((enum rcx_cpu_level)wanted);
        assert_int_equal(rcx_cpu_level(), wanted < have ? wanted : have);
    }
}

static void names_parse_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RCX_CPU_LEVELS; i++) {
        enum rcx_cpu_level level = RCX_CPU_LEVELS;
        assert_true(rcx_cpu_parse(rcx_cpu_name((enum rcx_cpu_level)i), &level));
        assert_int_equal(level, i);
    }
    enum rcx_cpu_level level = RCX_CPU_V3;
    assert_false(rcx_cpu_parse("v2", &level));
    assert_false(rcx_cpu_parse("", &level));
    assert_false(rcx_cpu_parse(NULL, &level));
    assert_int_equal(level, RCX_CPU_V3);
}

static bool has_flag(const char *flags, const char *name)
{
    char padded[64];
    snprintf(padded, sizeof padded, " %s ", name);
    return strstr(flags, padded) != NULL;
}

/* Against what the kernel says of the first processor. */
static void detection_agrees_with_the_kernel(void **state)
{
    (void)state;
    static const char *const v3[] = {"avx", "avx2",  "bmi1",   "bmi2",   "f16c", "fma",
                                     "abm", "movbe", "popcnt", "sse4_2", "ssse3"};
    static const char *const v4[] = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};
    static char line[65536];
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        skip();
    bool found = false;
    while (!found && fgets(line, sizeof line, file))
        found = strncmp(line, "flags", 5) == 0;
    fclose(file);
    if (!found)
        skip();
    line[strcspn(line, "\n")] = ' ';
    bool is_v3 = true, is_v4 = true;
    for (size_t i = 0; i < sizeof v3 / sizeof *v3; i++)
        is_v3 = is_v3 && has_flag(line, v3[i]);
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
        is_v4 = is_v4 && has_flag(line, v4[i]);
    enum rcx_cpu_level expected = RCX_CPU_V1;
    if (is_v3)
        expected = is_v4 ? RCX_CPU_V4 : RCX_CPU_V3;
    assert_int_equal(rcx_cpu_detect(), expected);
}

static void the_model_is_a_text_that_fits(void **state)
{
    char all[64], cut[5];
    (void)state;
    assert_ptr_equal(rcx_cpu_model(all, sizeof all), all);
    assert_true(strlen(all) > 0 && strlen(all) < 49);
    assert_true(all[0] != ' ' && all[strlen(all) - 1] != ' ');
    rcx_cpu_model(cut, sizeof cut);
    assert_int_equal(strncmp(cut, all, 4), 0);
    assert_true(strlen(cut) <= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_can_only_be_lowered),
        cmocka_unit_test(names_parse_back),
        cmocka_unit_test(detection_agrees_with_the_kernel),
        cmocka_unit_test(the_model_is_a_text_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
