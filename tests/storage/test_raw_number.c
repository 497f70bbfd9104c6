#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/decimal.h"
#include "storage/ingest/raw_number.h"

/* The value with `places` under a mark; INT64_MIN when the text does not fit it. */
static int64_t value_of(const char *text, char mark, unsigned places)
{
    rcx_raw_number raw = 0;
    int64_t value = INT64_MIN;
    if (rcx_raw_number_parse(rcx_text_of(text), &raw) != RCX_NUMBER_OK ||
        !rcx_raw_number_fits(raw, mark))
        return INT64_MIN;
    assert_int_not_equal(rcx_raw_number_value(raw, mark, places, &value), RCX_NUMBER_TOO_LARGE);
    return value;
}

static void reads_both_marks(void **state)
{
    (void)state;
    enum { NO = INT32_MIN };
    static const struct {
        const char *text;
        int64_t point, comma; /* in units of 10^-4; NO: does not fit */
    } cases[] = {
        {"0", 0, 0},
        {"6", 60000, 60000},
        {"-12", -120000, -120000},
        {"+7", 70000, 70000},
        {" 7 ", 70000, 70000},
        {"2.55", 25500, NO},
        {"-11062.06", -110620600, NO},
        {".5", 5000, NO},
        {"5.", 50000, NO},
        {"0.001", 10, NO},
        {"0.0001", 1, NO},
        {"1234.567", 12345670, NO},
        {"2,55", NO, 25500},
        {"0,001", NO, 10},
        {"1.250", 12500, 12500000},
        {"1,250", 12500000, 12500},
        {"-1,250", -12500000, -12500},
        {"1,250.75", 12507500, NO},
        {"1.250,75", NO, 12507500},
        {"1,234,567", 12345670000, NO},
        {"1.234.567", NO, 12345670000},
        {"1.234.567,5", NO, 12345675000},
        {"1 234", 12340000, 12340000},
        {"1 234,5", NO, 12345000},
        {"1'234.5", 12345000, NO},
        {"1e3", 10000000, 10000000},
        {"2.5E+2", 2500000, NO},
        {"25e-1", 25000, 25000},
        {"1.250e3", 12500000, NO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t point = value_of(cases[i].text, '.', 4), comma = value_of(cases[i].text, ',', 4);
        if (point != (cases[i].point == NO ? INT64_MIN : cases[i].point) ||
            comma != (cases[i].comma == NO ? INT64_MIN : cases[i].comma))
            print_error("%s\n", cases[i].text);
        assert_int_equal(point, cases[i].point == NO ? INT64_MIN : cases[i].point);
        assert_int_equal(comma, cases[i].comma == NO ? INT64_MIN : cases[i].comma);
    }
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "-",         ".",        ",",        "abc",    "1a",   "1..2", "1.2.3",
        "1,2,3", "12,34,567", "1.234.56", "--1",      "1-",     "0x10", "nan",  "inf",
        "1e",    "1e+",       "1e999",    "1,23.4,5", "00.125", "$5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rcx_raw_number raw = 0;
        int result = (int)rcx_raw_number_parse(rcx_text_of(texts[i]), &raw);
        if (result != RCX_NUMBER_SYNTAX)
            print_error("%s\n", texts[i]);
        assert_int_equal(result, RCX_NUMBER_SYNTAX);
    }
    static const char *const large[] = {"99999999999999999999", "123456789012345678", "9e40"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        rcx_raw_number raw = 0;
        assert_int_equal(rcx_raw_number_parse(rcx_text_of(large[i]), &raw), RCX_NUMBER_OVERFLOW);
    }
}

static void rounds_half_to_even(void **state)
{
    (void)state;
    assert_int_equal(value_of("2.00005", '.', 4), 20000);
    assert_int_equal(value_of("2.00015", '.', 4), 20002);
    assert_int_equal(value_of("-2.00015", '.', 4), -20002);
    assert_int_equal(value_of("2.000050000000000000001", '.', 4), 20001);
    assert_int_equal(value_of("2.5499999999999998", '.', 4), 25500);
    assert_int_equal(value_of("0.84999999999999998", '.', 4), 8500);
    assert_int_equal(value_of("0.000000000000000000001", '.', 4), 0);
    assert_int_equal(value_of("0.5", '.', 0), 0);
    assert_int_equal(value_of("1.5", '.', 0), 2);
    assert_int_equal(value_of("0.500000000000000000000001", '.', 0), 1);
}

static void tells_what_overflows(void **state)
{
    (void)state;
    rcx_raw_number raw = 0;
    int64_t value = 7;
    assert_int_equal(rcx_raw_number_parse(rcx_text_of("9999999999999999"), &raw), RCX_NUMBER_OK);
    assert_int_equal(rcx_raw_number_value(raw, '.', 4, &value), RCX_NUMBER_TOO_LARGE);
    assert_int_equal(rcx_raw_number_value(raw, '.', 0, &value), RCX_NUMBER_EXACT);
    assert_int_equal(value, 9999999999999999);
}

/* Any decimal with up to 9 + 6 digits against arithmetic on integers. */
static void random_numbers_round_trip(void **state)
{
    (void)state;
    struct check_random random = {1};
    for (int i = 0; i < 200000; i++) {
        unsigned places = (unsigned)check_below(&random, 7);
        int64_t number = (int64_t)check_below(
            &random, (uint64_t)rcx_pow10((unsigned)check_below(&random, 12) + 1));
        if (check_below(&random, 2))
            number = -number;
        char text[48];
        size_t length = rcx_format_decimal(number, places, text);
        if (places == 3)
            continue; /* may be thousands */
        assert_int_equal(value_of(text, '.', 6), number * rcx_pow10(6 - places));
        for (size_t k = 0; k < length; k++)
            if (text[k] == '.')
                text[k] = ',';
        assert_int_equal(value_of(text, ',', 6), number * rcx_pow10(6 - places));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_marks),          cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(rounds_half_to_even),       cmocka_unit_test(tells_what_overflows),
        cmocka_unit_test(random_numbers_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
