#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/support/check.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double random_real(struct check_random *random)
{
    uint64_t bits = check_next(random);
    double value;
    switch (check_below(random, 4)) {
    case 0: /* any bit pattern */
        memcpy(&value, &bits, sizeof value);
        return value;
    case 1: /* money */
        return (double)(int64_t)(bits >> 40) / 100;
    case 2: /* whole numbers around the edges of the mantissa */
        return (double)(bits >> check_below(random, 64));
    default: /* near one */
        return ldexp(check_unit(random), (int)check_below(random, 80) - 40);
    }
}

/* The shortest text by trying: the fewest digits of %.*e that read back to the same double. */
static int reference_digits(double value)
{
    char text[64];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (bits_of(strtod(text, NULL)) == bits_of(value))
            return digits;
    }
    return 17;
}

static int count_digits(const char *text)
{
    int digits = 0;
    bool leading = true;
    int zeros = 0; /* not counted unless another digit follows */
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (leading && *text == '0'))
            continue;
        leading = false;
        if (*text == '0') {
            zeros++;
        } else {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    return digits;
}

static void any_bits_round_trip_in_the_fewest_digits(void **state)
{
    (void)state;
    struct check_random random = {6};
    for (unsigned i = 0; i < 200000; i++) {
        double value = random_real(&random);
        if (isnan(value) || value == 0)
            continue;
        char text[RCX_REAL_TEXT_BYTES + 1];
        size_t length = rcx_format_real(value, text);
        assert_true(length <= RCX_REAL_TEXT_BYTES);
        text[length] = '\0';
        double back = 0;
        assert_true(rcx_parse_real((struct rcx_text){text, length}, &back));
        if (bits_of(back) != bits_of(value) || bits_of(strtod(text, NULL)) != bits_of(value))
            fail_msg("%.17g became %s", value, text);
        if (isinf(value))
            continue;
        if (strpbrk(text, ".e") == NULL)
            fail_msg("%s looks like an integer", text);
        bool fixed = fabs(value) >= 1e-4 && fabs(value) < 1e16;
        if (fixed == (strchr(text, 'e') != NULL))
            fail_msg("%s in the wrong notation", text);
        if (i % 8 == 0 && count_digits(text) != reference_digits(value))
            fail_msg("%s is not the shortest of %.17g", text, value);
    }
}

static void parsing_rounds_like_strtod(void **state)
{
    (void)state;
    struct check_random random = {7};
    for (unsigned i = 0; i < 200000; i++) {
        char text[128];
        double value = random_real(&random);
        double got = 0;
        if (!isfinite(value))
            continue;
        /* few digits, exact ties, many digits */
        int digits = i % 3 == 0 ? (int)check_below(&random, 8) : i % 3 == 1 ? 17 : 60;
        snprintf(text, sizeof text, "%.*e", digits, value);
        assert_true(rcx_parse_real(rcx_text_of(text), &got));
        if (bits_of(got) != bits_of(strtod(text, NULL)))
            fail_msg("%s became %.17g", text, got);
    }
}

static void texts_look_like_pythons_repr(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } reals[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {100.0, "100.0"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e-4, "0.0001"},
        {0.00012345, "0.00012345"},
        {9.9999e-5, "9.9999e-05"},
        {1e15, "1000000000000000.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {12345678901234567.0, "1.2345678901234568e+16"},
        {1e100, "1e+100"},
        {5e-324, "5e-324"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {-DBL_MAX, "-1.7976931348623157e+308"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
        {(double)NAN, "nan"},
        {-(double)NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        char text[RCX_REAL_TEXT_BYTES + 1];
        text[rcx_format_real(reals[i].value, text)] = '\0';
        assert_string_equal(text, reals[i].text);
    }
}

static void accepted(const char *text, double expected)
{
    double value = 77;
    if (!rcx_parse_real(rcx_text_of(text), &value) || bits_of(value) != bits_of(expected))
        fail_msg("'%s' became %.17g, not %.17g", text, value, expected);
}

static void what_is_a_real_and_what_is_not(void **state)
{
    (void)state;
    accepted("1.5", 1.5);
    accepted("-2e3", -2000);
    accepted("+1E+2", 100);
    accepted(".5", 0.5);
    accepted("5.", 5);
    accepted("-0", -0.0);
    accepted("inf", (double)INFINITY);
    accepted("-Infinity", -(double)INFINITY);
    double value = 0;
    assert_true(rcx_parse_real(rcx_text_of("NaN"), &value));
    assert_true(isnan(value));

    static const char *const refused[] = {
        "",       "-",   "+",  ".",  "e5",   "1e",   "1e+", "--1",     "+-1",   "-+1",  "0x1",
        "nan(1)", "1,5", " 1", "1 ", "1.5.", "1.5x", "in",  "infinit", "nan()", "1e5.0"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        value = 77;
        if (rcx_parse_real(rcx_text_of(refused[i]), &value) || value < 77 || value > 77)
            fail_msg("'%s' was taken", refused[i]);
    }
}

static void beyond_the_range_is_infinite_or_zero(void **state)
{
    (void)state;
    accepted("1e309", (double)INFINITY);
    accepted("-1e99999999999999999999", -(double)INFINITY);
    accepted("1e-400", 0.0);
    accepted("-1e-99999999999999999999", -0.0);
    accepted("0e99999999999999999999", 0.0);
    accepted("1.7976931348623159e308", (double)INFINITY);
    accepted("2e-324", 0.0);
    accepted("3e-324", 5e-324);
    char text[800];
    memset(text, '0', sizeof text);
    text[1] = '.';
    strcpy(text + 500, "1e600"); /* 1e-499 * 1e600 */
    accepted(text, strtod(text, NULL));
    strcpy(text + 500, "1e100");
    accepted(text, 0.0);
    memset(text, '9', 400); /* 400 digits */
    text[400] = '\0';
    accepted(text, (double)INFINITY);
    strcpy(text + 400, "e-200");
    accepted(text, strtod(text, NULL));
    strcpy(text + 400, "e-900");
    accepted(text, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bits_round_trip_in_the_fewest_digits),
        cmocka_unit_test(parsing_rounds_like_strtod),
        cmocka_unit_test(texts_look_like_pythons_repr),
        cmocka_unit_test(what_is_a_real_and_what_is_not),
        cmocka_unit_test(beyond_the_range_is_infinite_or_zero),
    };
    return cmocka_run_group_tests_name("base/real", tests, NULL, NULL);
}
