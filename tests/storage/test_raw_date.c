#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

#include "storage/ingest/raw_date.h"

static const struct rcx_date_limits utc = {0, 1900, 2200};

/* Parses and formats under an order; "" when the text does not fit it. */
static const char *read_as(const char *text, enum rcx_date_order order, char out[32])
{
    rcx_raw_date raw = 0;
    rcx_reading_set set = 0;
    out[0] = '\0';
    if (rcx_raw_date_parse(rcx_text_of(text), &utc, &raw, &set) == RCX_RAW_DATE_OK &&
        (set & rcx_readings_of_order(order)))
        rcx_format_time(rcx_raw_date_time(raw, order), out);
    return out;
}

static void reads_every_format(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rcx_date_order order;
        const char *time;
    } cases[] = {
        {"01/12/2010", RCX_DATE_DMY, "2010-12-01 00:00:00"},
        {"1/12/2010 8:26", RCX_DATE_DMY, "2010-12-01 08:26:00"},
        {"01-12-10 08:26", RCX_DATE_DMY, "2010-12-01 08:26:00"},
        {"1.12.2010 8:26:59", RCX_DATE_DMY, "2010-12-01 08:26:59"},
        {"12/1/2010 8:26", RCX_DATE_MDY, "2010-12-01 08:26:00"},
        {"12/1/10 8:26", RCX_DATE_MDY, "2010-12-01 08:26:00"},
        {"12-31-99", RCX_DATE_MDY, "1999-12-31 00:00:00"},
        {"12-31-68", RCX_DATE_MDY, "2068-12-31 00:00:00"},
        {"2010-12-01", RCX_DATE_YMD, "2010-12-01 00:00:00"},
        {"2010/2/1", RCX_DATE_YMD, "2010-02-01 00:00:00"},
        {"2010.12.01 23:59", RCX_DATE_YMD, "2010-12-01 23:59:00"},
        {"10-12-01", RCX_DATE_YMD, "2010-12-01 00:00:00"},
        {"2010-12-01T08:26:00", RCX_DATE_YMD, "2010-12-01 08:26:00"},
        {"2010-12-01T08:26:00.999", RCX_DATE_YMD, "2010-12-01 08:26:00"},
        {"2010-12-01T08:26:00Z", RCX_DATE_YMD, "2010-12-01 08:26:00"},
        {"2010-12-01T08:26:00.5+02:00", RCX_DATE_YMD, "2010-12-01 06:26:00"},
        {"2010-12-01 00:26:00+0200", RCX_DATE_YMD, "2010-11-30 22:26:00"},
        {"2010-12-31 23:26:00 -05", RCX_DATE_YMD, "2011-01-01 04:26:00"},
        {"2010-12-01T08:26Z", RCX_DATE_YMD, "2010-12-01 08:26:00"},
        {" 2010-12-01 08:26:00 ", RCX_DATE_YMD, "2010-12-01 08:26:00"},
        {"12/1/2010 8:26 AM", RCX_DATE_MDY, "2010-12-01 08:26:00"},
        {"12/1/2010 12:26:01 pm", RCX_DATE_MDY, "2010-12-01 12:26:01"},
        {"12/1/2010 12:26AM", RCX_DATE_MDY, "2010-12-01 00:26:00"},
        {"20101201", RCX_DATE_COMPACT, "2010-12-01 00:00:00"},
        {"20101201 08:26", RCX_DATE_COMPACT, "2010-12-01 08:26:00"},
        {"20101201T082659", RCX_DATE_COMPACT, "2010-12-01 08:26:59"},
        {"201012010826", RCX_DATE_COMPACT, "2010-12-01 08:26:00"},
        {"20101201082659", RCX_DATE_COMPACT, "2010-12-01 08:26:59"},
        {"40513", RCX_DATE_SERIAL, "2010-12-01 00:00:00"},
        {"40513.351388888889", RCX_DATE_SERIAL, "2010-12-01 08:26:00"},
        {"40513,351388888889", RCX_DATE_SERIAL, "2010-12-01 08:26:00"},
        {"40513.3513888888867", RCX_DATE_SERIAL, "2010-12-01 08:26:00"},
        {"40513.999999", RCX_DATE_SERIAL, "2010-12-02 00:00:00"},
        {"29/02/2012", RCX_DATE_DMY, "2012-02-29 00:00:00"},
    };
    char out[32];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(read_as(cases[i].text, cases[i].order, out), cases[i].time);
}

static void tells_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rcx_raw_date_result result;
    } cases[] = {
        {"", RCX_RAW_DATE_SYNTAX},
        {"yesterday", RCX_RAW_DATE_SYNTAX},
        {"1/2", RCX_RAW_DATE_SYNTAX},
        {"1/2/", RCX_RAW_DATE_SYNTAX},
        {"1/2-2010", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010x", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010 25", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010 8:6", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010 24:00", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010 8:60", RCX_RAW_DATE_SYNTAX},
        {"1/2/2010 13:00 PM", RCX_RAW_DATE_SYNTAX},
        {"2010-12-01T08:26+2", RCX_RAW_DATE_SYNTAX},
        {"2010-12-01T08:26:00.Z", RCX_RAW_DATE_SYNTAX},
        {"40513.", RCX_RAW_DATE_SYNTAX},
        {"12345.5x", RCX_RAW_DATE_SYNTAX},
        {"30/02/2010", RCX_RAW_DATE_NONE},
        {"13/13/2010", RCX_RAW_DATE_NONE},
        {"0/1/2010", RCX_RAW_DATE_NONE},
        {"2010-13-01", RCX_RAW_DATE_NONE},
        {"1/2/3", RCX_RAW_DATE_NONE},
        {"1/2/010", RCX_RAW_DATE_NONE},
        {"20101301", RCX_RAW_DATE_NONE},
        {"29/02/2011", RCX_RAW_DATE_NONE},
        {"1/2/0010", RCX_RAW_DATE_YEAR},
        {"1/2/2201", RCX_RAW_DATE_YEAR},
        {"1899-12-31", RCX_RAW_DATE_YEAR},
        {"18991231", RCX_RAW_DATE_YEAR},
        {"999999", RCX_RAW_DATE_YEAR},
        {"0", RCX_RAW_DATE_YEAR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rcx_raw_date raw = 0;
        rcx_reading_set set = 0;
        int got = (int)rcx_raw_date_parse(rcx_text_of(cases[i].text), &utc, &raw, &set);
        if (got != (int)cases[i].result)
            print_error("%s\n", cases[i].text);
        assert_int_equal(got, cases[i].result);
    }
}

static rcx_reading_set readings_of(const char *text)
{
    rcx_raw_date raw = 0;
    rcx_reading_set set = 0;
    assert_int_equal(rcx_raw_date_parse(rcx_text_of(text), &utc, &raw, &set), RCX_RAW_DATE_OK);
    return set;
}

static rcx_reading_set set_of(enum rcx_date_order order, unsigned separator)
{
    return (rcx_reading_set)(1u << rcx_reading(order, separator));
}

static void knows_all_readings(void **state)
{
    (void)state;
    enum { SLASH, DASH, DOT };
    assert_int_equal(readings_of("01/12/2010"),
                     set_of(RCX_DATE_DMY, SLASH) | set_of(RCX_DATE_MDY, SLASH));
    assert_int_equal(readings_of("13/12/2010"), set_of(RCX_DATE_DMY, SLASH));
    assert_int_equal(readings_of("12-13-2010"), set_of(RCX_DATE_MDY, DASH));
    assert_int_equal(readings_of("2010.01.02"), set_of(RCX_DATE_YMD, DOT));
    assert_int_equal(readings_of("01-12-10"), set_of(RCX_DATE_DMY, DASH) |
                                                  set_of(RCX_DATE_MDY, DASH) |
                                                  set_of(RCX_DATE_YMD, DASH));
    assert_int_equal(readings_of("1-12-10"),
                     set_of(RCX_DATE_DMY, DASH) | set_of(RCX_DATE_MDY, DASH));
    assert_int_equal(readings_of("32-12-10"), set_of(RCX_DATE_YMD, DASH));
    assert_int_equal(readings_of("20101201"), set_of(RCX_DATE_COMPACT, 0));
    assert_int_equal(readings_of("40513.5"), set_of(RCX_DATE_SERIAL, 0));
}

/* Every day of the allowed years, written in each order, comes back. */
static void every_day_round_trips(void **state)
{
    (void)state;
    for (rcx_day day = rcx_day_from_civil(1900, 1, 1); day <= rcx_day_from_civil(2200, 12, 31);
         day += 3) {
        struct rcx_civil c = rcx_civil_from_day(day);
        char text[32], want[32], out[32];
        rcx_format_time((rcx_time)day * RCX_DAY_SECONDS + 3661, want);
        snprintf(text, sizeof text, "%u/%u/%04d 1:01:01", c.day, c.month, c.year);
        assert_string_equal(read_as(text, RCX_DATE_DMY, out), want);
        snprintf(text, sizeof text, "%02u.%02u.%04d 01:01:01", c.month, c.day, c.year);
        assert_string_equal(read_as(text, RCX_DATE_MDY, out), want);
        snprintf(text, sizeof text, "%04d-%02u-%02uT01:01:01", c.year, c.month, c.day);
        assert_string_equal(read_as(text, RCX_DATE_YMD, out), want);
        snprintf(text, sizeof text, "%04d%02u%02u 01:01:01", c.year, c.month, c.day);
        assert_string_equal(read_as(text, RCX_DATE_COMPACT, out), want);
        rcx_format_time((rcx_time)day * RCX_DAY_SECONDS, want);
        snprintf(text, sizeof text, "%d", day + 25569);
        assert_string_equal(read_as(text, RCX_DATE_SERIAL, out), want);
    }
}

static void converts_zones_to_the_offset(void **state)
{
    (void)state;
    static const struct rcx_date_limits berlin = {7200, 1900, 2200};
    rcx_raw_date raw = 0;
    rcx_reading_set set = 0;
    char out[32];
    rcx_raw_date_parse(rcx_text_of("2010-12-31T23:30:00Z"), &berlin, &raw, &set);
    assert_string_equal(rcx_format_time(rcx_raw_date_time(raw, RCX_DATE_YMD), out),
                        "2011-01-01 01:30:00");
    rcx_raw_date_parse(rcx_text_of("2010-12-31T23:30:00"), &berlin, &raw, &set);
    assert_string_equal(rcx_format_time(rcx_raw_date_time(raw, RCX_DATE_YMD), out),
                        "2010-12-31 23:30:00");
    rcx_raw_date_parse(rcx_text_of("2010-12-31T23:30:00-14:00"), &berlin, &raw, &set);
    assert_string_equal(rcx_format_time(rcx_raw_date_time(raw, RCX_DATE_YMD), out),
                        "2011-01-01 15:30:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_format),           cmocka_unit_test(tells_why_not),
        cmocka_unit_test(knows_all_readings),           cmocka_unit_test(every_day_round_trips),
        cmocka_unit_test(converts_zones_to_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
