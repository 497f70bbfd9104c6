#pragma once
/* Civil time without zones. A day is a count of days since 1970-01-01, a time a count of seconds
 * since 1970-01-01 00:00:00 wall clock (proleptic Gregorian).
 * Algorithms: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef int32_t rcx_day;  /* days since 1970-01-01 */
typedef int64_t rcx_time; /* seconds since 1970-01-01 00:00:00 */

enum { RCX_DAY_SECONDS = 86400, RCX_YEAR_MIN = 1900, RCX_YEAR_MAX = 2200 };

struct rcx_civil {
    int32_t year;
    uint32_t month; /* 1..12 */
    uint32_t day;   /* 1..31 */
};

rcx_day rcx_day_from_civil(int32_t year, uint32_t month, uint32_t day); /* a valid date */
struct rcx_civil rcx_civil_from_day(rcx_day day);
bool rcx_civil_valid(int32_t year, uint32_t month, uint32_t day);
uint32_t rcx_days_in_month(int32_t year, uint32_t month);
rcx_day rcx_month_end(rcx_day day);     /* the last day of the month that holds `day` */
unsigned rcx_weekday(rcx_day day);      /* Monday 0 .. Sunday 6 */
rcx_day rcx_day_of_time(rcx_time time); /* floor */

enum { RCX_DATE_TEXT_BYTES = 16, RCX_TIME_TEXT_BYTES = 32 };
/* YYYY-MM-DD and YYYY-MM-DD HH:MM:SS, NUL-terminated; return `out`. */
const char *rcx_format_day(rcx_day day, char out[RCX_DATE_TEXT_BYTES]);
const char *rcx_format_time(rcx_time time, char out[RCX_TIME_TEXT_BYTES]);
bool rcx_parse_day(struct rcx_text text, rcx_day *out); /* exactly YYYY-MM-DD */
