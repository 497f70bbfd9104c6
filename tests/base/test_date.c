#include "base/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/check.h"

static bool reference_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Walks the calendar one day at a time, by the rules of a schoolbook. */
static void every_day_from_1900_to_2200(void **state)
{
    (void)state;
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    rcx_day day = -25567; /* 1900-01-01, a Monday */
    unsigned weekday = 0;
    for (int year = RCX_YEAR_MIN; year <= RCX_YEAR_MAX; year++)
        for (unsigned month = 1; month <= 12; month++) {
            unsigned length = lengths[month - 1] + (month == 2 && reference_leap(year));
            assert_int_equal(rcx_days_in_month(year, month), length);
            for (unsigned d = 1; d <= length; d++, day++, weekday = (weekday + 1) % 7) {
                char expected[32];
                char text[RCX_DATE_TEXT_BYTES];
                struct rcx_civil civil = rcx_civil_from_day(day);
                rcx_day parsed = 0;
                snprintf(expected, sizeof expected, "%04d-%02u-%02u", year, month, d);
                assert_int_equal(rcx_day_from_civil(year, month, d), day);
                assert_true(civil.year == year && civil.month == month && civil.day == d);
                assert_true(rcx_civil_valid(year, month, d));
                assert_int_equal(rcx_month_end(day), day + (rcx_day)(length - d));
                assert_int_equal(rcx_weekday(day), weekday);
                assert_string_equal(rcx_format_day(day, text), expected);
                assert_true(rcx_parse_day(rcx_text_of(text), &parsed));
                assert_int_equal(parsed, day);
            }
            assert_false(rcx_civil_valid(year, month, length + 1));
            assert_false(rcx_civil_valid(year, month, 0));
        }
    assert_int_equal(day, rcx_day_from_civil(2201, 1, 1));
}

static void far_days_agree_with_the_system(void **state)
{
    (void)state;
    struct check_random random = {2};
    for (unsigned i = 0; i < 100000; i++) {
        rcx_time time = (rcx_time)(check_next(&random) >> 20) - ((rcx_time)1 << 43);
        time_t system_time = time;
        struct tm tm;
        char expected[80];
        char text[RCX_TIME_TEXT_BYTES];
        assert_non_null(gmtime_r(&system_time, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(rcx_format_time(time, text), expected);
        rcx_day day = rcx_day_of_time(time);
        assert_int_equal(rcx_weekday(day), (unsigned)(tm.tm_wday + 6) % 7);
        struct rcx_civil civil = rcx_civil_from_day(day);
        assert_int_equal(rcx_day_from_civil(civil.year, civil.month, civil.day), day);
    }
}

static void the_day_of_a_time_is_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(rcx_day_of_time(0), 0);
    assert_int_equal(rcx_day_of_time(RCX_DAY_SECONDS - 1), 0);
    assert_int_equal(rcx_day_of_time(RCX_DAY_SECONDS), 1);
    assert_int_equal(rcx_day_of_time(-1), -1);
    assert_int_equal(rcx_day_of_time(-RCX_DAY_SECONDS), -1);
    assert_int_equal(rcx_day_of_time(-RCX_DAY_SECONDS - 1), -2);
    assert_int_equal(rcx_day_of_time(INT64_MAX), INT32_MAX);
    assert_int_equal(rcx_day_of_time(INT64_MIN), INT32_MIN);
    char text[RCX_TIME_TEXT_BYTES];
    assert_string_equal(rcx_format_time(1322092799, text), "2011-11-23 23:59:59");
    assert_true(strlen(rcx_format_time(INT64_MIN, text)) < sizeof text);
}

static void only_year_month_day_is_parsed(void **state)
{
    (void)state;
    static const char *const refused[] = {"",           "2011-1-01",  "2011-13-01",  "2011-00-01",
                                          "2011-02-29", "2011/01/01", "2011-01-32",  "2011-01-00",
                                          "01-01-2011", "+011-01-01", "2011-01-01 ", " 011-01-01",
                                          "2100-02-29", "2011-01-0x", "2011-1-001",  "1900-02-29"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        rcx_day day = 77;
        assert_false(rcx_parse_day(rcx_text_of(refused[i]), &day));
        assert_int_equal(day, 77);
    }
    assert_int_equal(rcx_days_in_month(2011, 0), 0);
    assert_int_equal(rcx_days_in_month(2011, 13), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_from_1900_to_2200),
        cmocka_unit_test(far_days_agree_with_the_system),
        cmocka_unit_test(the_day_of_a_time_is_rounded_down),
        cmocka_unit_test(only_year_month_day_is_parsed),
    };
    return cmocka_run_group_tests_name("base/date", tests, NULL, NULL);
}
