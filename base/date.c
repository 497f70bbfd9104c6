#include "base/date.h"

#include <stdio.h>

enum {
    ERA_YEARS = 400,
    ERA_DAYS = 146097,
    EPOCH_SHIFT_DAYS = 719468 /* 0000-03-01 to 1970-01-01 */
};

static bool leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The year is counted from March, so that the leap day comes last. */
rcx_day rcx_day_from_civil(int32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
    int64_t year_of_era = y - era * ERA_YEARS;
    int64_t march_month = month > 2 ? (int64_t)month - 3 : (int64_t)month + 9;
    int64_t day_of_year = (153 * march_month + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (rcx_day)(era * ERA_DAYS + day_of_era - EPOCH_SHIFT_DAYS);
}

struct rcx_civil rcx_civil_from_day(rcx_day day)
{
    int64_t shifted = (int64_t)day + EPOCH_SHIFT_DAYS;
    int64_t era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = shifted - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct rcx_civil){
        .year = (int32_t)(year_of_era + era * ERA_YEARS + (month <= 2)),
        .month = (uint32_t)month,
        .day = (uint32_t)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

uint32_t rcx_days_in_month(int32_t year, uint32_t month)
{
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    return month == 2 && leap(year) ? 29 : days[month];
}

bool rcx_civil_valid(int32_t year, uint32_t month, uint32_t day)
{
    return day >= 1 && day <= rcx_days_in_month(year, month);
}

rcx_day rcx_month_end(rcx_day day)
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    return day + (rcx_day)(rcx_days_in_month(civil.year, civil.month) - civil.day);
}

unsigned rcx_weekday(rcx_day day)
{
    int64_t since_monday = ((int64_t)day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (unsigned)(since_monday < 0 ? since_monday + 7 : since_monday);
}

rcx_day rcx_day_of_time(rcx_time time)
{
    int64_t day = time / RCX_DAY_SECONDS - (time % RCX_DAY_SECONDS < 0);
    if (day < INT32_MIN)
        return INT32_MIN;
    return day > INT32_MAX ? INT32_MAX : (rcx_day)day;
}

const char *rcx_format_day(rcx_day day, char out[RCX_DATE_TEXT_BYTES])
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    snprintf(out, RCX_DATE_TEXT_BYTES, "%04d-%02u-%02u", civil.year, civil.month, civil.day);
    return out;
}

const char *rcx_format_time(rcx_time time, char out[RCX_TIME_TEXT_BYTES])
{
    char day[RCX_DATE_TEXT_BYTES];
    int64_t second = time % RCX_DAY_SECONDS;
    unsigned of_day = (unsigned)(second < 0 ? second + RCX_DAY_SECONDS : second);
    snprintf(out, RCX_TIME_TEXT_BYTES, "%s %02u:%02u:%02u",
             rcx_format_day(rcx_day_of_time(time), day), of_day / 3600, of_day / 60 % 60,
             of_day % 60);
    return out;
}

/* `count` digits at `text`, or -1. */
static int32_t digits(const char *text, int count)
{
    int32_t value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool rcx_parse_day(struct rcx_text text, rcx_day *out)
{
    if (text.length != 10 || text.data[4] != '-' || text.data[7] != '-')
        return false;
    int32_t year = digits(text.data, 4);
    int32_t month = digits(text.data + 5, 2);
    int32_t day = digits(text.data + 8, 2);
    if (year < 0 || month < 0 || day < 0 || !rcx_civil_valid(year, (uint32_t)month, (uint32_t)day))
        return false;
    *out = rcx_day_from_civil(year, (uint32_t)month, (uint32_t)day);
    return true;
}
