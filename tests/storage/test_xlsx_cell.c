/* Cells as text: numbers, dates of both systems, escapes; and which formats are dates. */
#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/text.h"
#include "storage/format/xlsx_cell.h"
#include "storage/format/xlsx_sheet.h"
#include "storage/format/xlsx_workbook.h"

static void assert_number(const char *raw, const char *want)
{
    char out[RCX_XLSX_CELL_BYTES + 1];
    size_t length = rcx_xlsx_number(rcx_text_of(raw), out);
    out[length] = '\0';
    assert_string_equal(out, want);
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const same[] = {
        "0", "6", "-12", "2.55", "17850", "0.5", "123456789012345", "-0.0012"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_number(same[i], same[i]);
    assert_number("2.5499999999999998", "2.55");
    assert_number("17850.0", "17850");
    assert_number("2.500", "2.5");
    assert_number("1.125", "1.1250"); /* 1.125 alone could be 1125 */
    assert_number("-1.125", "-1.1250");
    assert_number("1.1250", "1.1250");
    assert_number("007", "7");
    assert_number("+7", "7");
    assert_number("-0", "0");
    assert_number("-0.0", "0");
    assert_number(".5", "0.5");
    assert_number("5.", "5");
    assert_number("1E-2", "0.01");
    assert_number("1.5e3", "1500");
    assert_number("1e17", "100000000000000000");
    assert_number(" 42 ", "42");
    assert_number("0.30000000000000004", "0.30000000000000004");
    static const char *const none[] = {"",    ".",   "-",   "x",     "1x",
                                       "1,5", "nan", "inf", "1e999", "0x10"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_number(none[i], "");
}

/* Every number that is printed reads back as the same double. */
static void test_numbers_round_trip(void **state)
{
    (void)state;
    struct check_random random = {5};
    for (int i = 0; i < 100000; i++) {
        char raw[40], out[RCX_XLSX_CELL_BYTES];
        uint64_t digits = check_next(&random) >> check_below(&random, 60);
        int places = (int)check_below(&random, 12);
        double value = (double)digits, back = -1, want;
        for (int k = 0; k < places; k++)
            value /= 10;
        size_t length = rcx_format_real(value, raw);
        if (check_below(&random, 2))
            length = (size_t)snprintf(raw, sizeof raw, "%.17g", value);
        assert_true(rcx_parse_real((struct rcx_text){raw, length}, &want));
        size_t printed = rcx_xlsx_number((struct rcx_text){raw, length}, out);
        assert_true(printed > 0 && printed <= RCX_XLSX_CELL_BYTES);
        assert_true(rcx_parse_real((struct rcx_text){out, printed}, &back));
        assert_true(back == want);
    }
}

static void assert_date(const char *raw, bool date1904, const char *want)
{
    char out[RCX_XLSX_CELL_BYTES + 1];
    size_t length = rcx_xlsx_date(rcx_text_of(raw), date1904, out);
    out[length] = '\0';
    assert_string_equal(out, want);
}

static void test_dates(void **state)
{
    (void)state;
    assert_date("40513.351388888892", false, "2010-12-01 08:26:00");
    assert_date("40513.35138888889", false, "2010-12-01 08:26:00");
    assert_date("39051.351388888892", true, "2010-12-01 08:26:00");
    assert_date("1", false, "1900-01-01 00:00:00");
    assert_date("59", false, "1900-02-28 00:00:00");
    assert_date("61", false, "1900-03-01 00:00:00"); /* 60 is a day that never was */
    assert_date("0", true, "1904-01-01 00:00:00");
    assert_date("0.5", false, "12:00:00");
    assert_date("0.99999999", false, "1900-01-01 00:00:00");
    assert_date("40513.999999999", false, "2010-12-02 00:00:00");
    assert_date("2958465.999988426", false, "9999-12-31 23:59:59");
    assert_date("2958466", false, "2958466");
    assert_date("-1", false, "-1");
    assert_date("x", false, "");
}

static void test_unescape(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"plain", "plain"},      {"a_x000D_\nb", "a\r\nb"},   {"_x005F_x0041_", "_x0041_"},
        {"_x00e9_", "\xC3\xA9"}, {"_x20AC_", "\xE2\x82\xAC"}, {"_xD800_", "_xD800_"},
        {"_x0000_", "_x0000_"},  {"_x12_", "_x12_"},          {"_x12345_", "_x12345_"},
        {"_x0041", "_x0041"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", pairs[i][0]);
        size_t length = rcx_xlsx_unescape(text, strlen(text));
        text[length] = '\0';
        assert_string_equal(text, pairs[i][1]);
    }
}

static void test_formats(void **state)
{
    (void)state;
    static const char *const dates[] = {"yyyy-mm-dd", "d/m/yy",  "[$-407]d. mmmm yyyy",
                                        "h:mm AM/PM", "mm:ss.0", "\"on\" dd",
                                        "yyyy;0",     "YYYY"};
    static const char *const others[] = {
        "General", "0.00", "#,##0.00 \"days\"", "[Red]0", "[h]:mm", "@",
        "0_d",     "0\\d", "0.00E+00",          "0;yyyy", "\"open", "[open",
        "",        "\\"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        assert_true(rcx_xlsx_format_is_date(dates[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(rcx_xlsx_format_is_date(others[i]));
}

static void test_references(void **state)
{
    (void)state;
    uint32_t row = 0;
    assert_int_equal(rcx_xlsx_cell_column("A1", &row), 0);
    assert_int_equal(rcx_xlsx_cell_column("AB12", &row), 27);
    assert_int_equal(row, 12);
    assert_int_equal(rcx_xlsx_cell_column("XFD1048576", &row), RCX_XLSX_MOST_COLUMNS - 1);
    static const char *const bad[] = {"",   "A",        "1",     "A0",  "XFE1",
                                      "a1", "A1048577", "AAAA1", "A1B", "A99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(rcx_xlsx_cell_column(bad[i], &row) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_numbers_round_trip),
        cmocka_unit_test(test_dates),   cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_formats), cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
