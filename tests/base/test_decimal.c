#include "base/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static const rcx_i128 i128_max = (rcx_i128)(~(rcx_u128)0 >> 1);

/* 512-bit numbers in sixteen words, lowest first: enough to compare a ratio with a double exactly.
 */
struct wide {
    uint32_t words[16];
};

static struct wide wide_of(rcx_u128 value)
{
    struct wide wide = {{0}};
    for (unsigned i = 0; i < 4; i++)
        wide.words[i] = (uint32_t)(value >> (32 * i));
    return wide;
}

static struct wide wide_times(struct wide a, uint64_t factor)
{
    uint32_t halves[2] = {(uint32_t)factor, (uint32_t)(factor >> 32)};
    struct wide product = {{0}};
    for (unsigned h = 0; h < 2; h++) {
        uint64_t carry = 0;
        for (unsigned i = 0; i + h < 16; i++) {
            uint64_t sum = (uint64_t)a.words[i] * halves[h] + product.words[i + h] + carry;
            product.words[i + h] = (uint32_t)sum;
            carry = sum >> 32;
        }
        assert_int_equal(carry, 0);
    }
    return product;
}

static struct wide wide_shift(struct wide a, unsigned bits)
{
    for (; bits >= 32; bits -= 31)
        a = wide_times(a, (uint64_t)1 << 31);
    return wide_times(a, (uint64_t)1 << bits);
}

static int wide_compare(struct wide a, struct wide b)
{
    for (unsigned i = 16; i-- > 0;)
        if (a.words[i] != b.words[i])
            return a.words[i] < b.words[i] ? -1 : 1;
    return 0;
}

/* Compares a / b with (2 * m + 1) * 2^(e - 1), the midpoint above the double m * 2^e. */
static int against_midpoint(rcx_u128 a, rcx_u128 b, uint64_t m, int e)
{
    struct wide left = wide_of(a);
    struct wide right = wide_times(wide_of(b), 2 * m + 1);
    if (e - 1 < 0)
        left = wide_shift(left, (unsigned)(1 - e));
    else
        right = wide_shift(right, (unsigned)(e - 1));
    return wide_compare(left, right);
}

/* Right when a / b lies between the midpoints to both neighbours; on one, the mantissa is even. */
static bool correctly_rounded(rcx_u128 a, rcx_u128 b, double ratio)
{
    int e;
    double fraction = frexp(ratio, &e);
    uint64_t m = (uint64_t)ldexp(fraction, 53);
    e -= 53;
    int above = against_midpoint(a, b, m, e);
    int below = m == (uint64_t)1 << 52 ? against_midpoint(a, b, 2 * m - 1, e - 1)
                                       : against_midpoint(a, b, m - 1, e);
    bool even = m % 2 == 0;
    return (above < 0 || (above == 0 && even)) && (below > 0 || (below == 0 && even));
}

static rcx_u128 random_u127(struct check_random *random)
{
    rcx_u128 value = (rcx_u128)check_next(random) << 64 | check_next(random);
    return (value >> 1) >> check_below(random, 127);
}

static void check_ratio(rcx_u128 a, rcx_u128 b)
{
    if (a == 0 || b == 0)
        return;
    double ratio = rcx_ratio((rcx_i128)a, (rcx_i128)b);
    if (!correctly_rounded(a, b, ratio)) {
        char text[2][48];
        rcx_format_decimal((rcx_i128)a, 0, text[0]);
        rcx_format_decimal((rcx_i128)b, 0, text[1]);
        fail_msg("%s / %s became %a", text[0], text[1], ratio);
    }
    double negative = rcx_ratio(-(rcx_i128)a, (rcx_i128)b);
    assert_true(negative <= -ratio && negative >= -ratio);
}

static void ratios_of_any_size_are_correctly_rounded(void **state)
{
    (void)state;
    struct check_random random = {8};
    for (unsigned i = 0; i < 200000; i++)
        check_ratio(random_u127(&random), random_u127(&random));
}

/* Numerators at, one below and one above the midpoint of two doubles times the denominator. */
static void ties_go_to_even_and_their_neighbours_do_not(void **state)
{
    (void)state;
    struct check_random random = {9};
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t m = (uint64_t)1 << 52 | check_next(&random) >> 12;
        m = i % 16 == 0 ? ((uint64_t)1 << 53) - 1 - check_below(&random, 2) : m;
        rcx_u128 den =
            ((check_next(&random) >> check_below(&random, 64)) & (((uint64_t)1 << 60) - 1)) + 1;
        unsigned room = 127 - 54 - 61;
        rcx_u128 midpoint = ((rcx_u128)(2 * m + 1) * den) << check_below(&random, room);
        check_ratio(midpoint, den);
        check_ratio(midpoint - 1, den);
        check_ratio(midpoint + 1, den);
        /* the same far below one, where the division goes digit by digit */
        rcx_u128 small = check_below(&random, 1000) + 1;
        midpoint = (2 * m + 1) * small;
        den = small << (60 + check_below(&random, 56));
        check_ratio(midpoint, den);
        check_ratio(midpoint - 1, den);
        check_ratio(midpoint + 1, den);
    }
    /* 2^53 + 1 is the midpoint of 2^53 and 2^53 + 2 */
    assert_true(rcx_ratio(((rcx_i128)1 << 53) + 1, 1) == 0x1p53);
    assert_true(rcx_ratio(((rcx_i128)1 << 53) + 3, 1) == 0x1p53 + 4);
    assert_true(rcx_ratio((((rcx_i128)1 << 53) + 1) * 3 + 1, 3) == 0x1p53 + 2);
}

static void extremes(void **state)
{
    (void)state;
    assert_true(rcx_ratio(0, i128_max) == 0 && !signbit(rcx_ratio(0, i128_max)));
    assert_true(rcx_ratio(i128_max, 1) == 0x1p127);
    assert_true(rcx_ratio(-i128_max - 1, 1) == -0x1p127);
    assert_true(rcx_ratio(-i128_max - 1, i128_max) == -1);
    assert_true(rcx_ratio(1, i128_max) == 0x1p-127);
    assert_true(rcx_ratio(i128_max, i128_max) == 1);
    assert_true(rcx_ratio(i128_max, i128_max - 1) == 1);
    assert_true(rcx_ratio(-7, 2) == -3.5);
    for (unsigned bits = 0; bits < 127; bits++) {
        check_ratio((rcx_u128)1 << bits, 3);
        check_ratio(((rcx_u128)1 << bits) + 1, (rcx_u128)i128_max);
        check_ratio((rcx_u128)i128_max, ((rcx_u128)1 << bits) + 1);
        check_ratio((rcx_u128)i128_max, (rcx_u128)1 << bits);
    }
}

static void small_ratios_equal_the_machines_division(void **state)
{
    (void)state;
    struct check_random random = {10};
    for (unsigned i = 0; i < 100000; i++) {
        int64_t a = (int64_t)check_next(&random) >> (11 + check_below(&random, 50));
        int64_t b = (int64_t)(check_next(&random) >> (11 + check_below(&random, 50))) + 1;
        double ratio = rcx_ratio(a, b);
        assert_true(ratio == (double)a / (double)b);
        check_ratio((rcx_u128)(a < 0 ? -a : a), (rcx_u128)b);
    }
}

static void powers_of_ten(void **state)
{
    (void)state;
    int64_t power = 1;
    for (unsigned places = 0; places <= 18; places++) {
        assert_true(rcx_pow10(places) == power);
        power = places < 18 ? power * 10 : power;
    }
}

static void decimals_are_printed_exactly(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        unsigned places;
        const char *text;
    } decimals[] = {
        {-123400, 4, "-12.3400"},
        {0, 0, "0"},
        {0, 4, "0.0000"},
        {5, 4, "0.0005"},
        {-5, 4, "-0.0005"},
        {12, 0, "12"},
        {10000, 4, "1.0000"},
        {-9, 1, "-0.9"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {INT64_MAX, 9, "9223372036.854775807"},
    };
    char text[48];
    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        size_t length = rcx_format_decimal(decimals[i].value, decimals[i].places, text);
        assert_string_equal(text, decimals[i].text);
        assert_int_equal(length, strlen(text));
    }
    rcx_format_decimal(-i128_max - 1, 9, text);
    assert_string_equal(text, "-170141183460469231731687303715.884105728");
    assert_true(rcx_format_decimal(-i128_max - 1, 38, text) < 48);
    assert_string_equal(text, "-1.70141183460469231731687303715884105728");
}

static void money_is_grouped_and_rounded_half_away_from_zero(void **state)
{
    (void)state;
    char text[64];
    assert_string_equal(rcx_format_money(80869769900, 4, 2, text), "8,086,976.99");
    assert_string_equal(rcx_format_money(12345, 4, 2, text), "1.23");
    assert_string_equal(rcx_format_money(12350, 4, 2, text), "1.24");
    assert_string_equal(rcx_format_money(-12350, 4, 2, text), "-1.24");
    assert_string_equal(rcx_format_money(12349, 4, 2, text), "1.23");
    assert_string_equal(rcx_format_money(9999999, 4, 2, text), "1,000.00");
    assert_string_equal(rcx_format_money(-49, 4, 2, text), "0.00"); /* no minus before nothing */
    assert_string_equal(rcx_format_money(-50, 4, 2, text), "-0.01");
    assert_string_equal(rcx_format_money(15, 1, 0, text), "2");
    assert_string_equal(rcx_format_money(7, 0, 3, text), "7.000");
    assert_string_equal(rcx_format_money(999, 0, 0, text), "999");
    assert_string_equal(rcx_format_money(1000, 0, 0, text), "1,000");
    assert_string_equal(rcx_format_money(-i128_max - 1, 0, 9, text),
                        "-170,141,183,460,469,231,731,687,303,715,884,105,728.000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_of_any_size_are_correctly_rounded),
        cmocka_unit_test(ties_go_to_even_and_their_neighbours_do_not),
        cmocka_unit_test(extremes),
        cmocka_unit_test(small_ratios_equal_the_machines_division),
        cmocka_unit_test(powers_of_ten),
        cmocka_unit_test(decimals_are_printed_exactly),
        cmocka_unit_test(money_is_grouped_and_rounded_half_away_from_zero),
    };
    return cmocka_run_group_tests_name("base/decimal", tests, NULL, NULL);
}
