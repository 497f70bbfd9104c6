#pragma once
/* A date as it was written, before anybody knows which number is the month.
 *
 * Dates are judged on the whole column, so every row keeps its three numbers, the separator and the
 * time of day in 64 bits until the verdict. A *reading* is an order of the numbers together with a
 * separator class; a raw date carries the set of readings under which it is a calendar date.
 * Times with a zone are converted to the configured offset at once: that moves the time of day
 * beyond 0..24 h, which the conversion carries into the day.
 *
 * Two-digit years: 00..68 are 2000..2068, 69..99 are 1969..1999 (POSIX). */
#include <stdbool.h>
#include <stdint.h>

#include "base/date.h"
#include "base/text.h"
#include "storage/store/schema.h"

typedef uint64_t rcx_raw_date;

/* Readings: order x separator for the three orders, then the two without separators. */
enum { RCX_SEPARATORS = 3, RCX_READINGS = 3 * RCX_SEPARATORS + 2 };
/* A set of readings: bit r for reading r. */
typedef uint16_t rcx_reading_set;

struct rcx_date_limits {
    int32_t utc_offset_seconds;
    int32_t min_year, max_year;
};

enum rcx_raw_date_result {
    RCX_RAW_DATE_OK,
    RCX_RAW_DATE_SYNTAX, /* not a date and time */
    RCX_RAW_DATE_NONE,   /* no such day, whatever the order */
    RCX_RAW_DATE_YEAR    /* a day of a year outside the limits */
};

/* Parses the whole text (surrounding blanks allowed). On OK fills *out and *out_set, which is not
 * empty. */
enum rcx_raw_date_result rcx_raw_date_parse(struct rcx_text text,
                                            const struct rcx_date_limits *limits, rcx_raw_date *out,
                                            rcx_reading_set *out_set);

/* A time that is known: it fits every reading and is the same under each. False: its year is out of
 * the limits. */
bool rcx_raw_date_of(rcx_time time, const struct rcx_date_limits *limits, rcx_raw_date *out);

unsigned rcx_reading(enum rcx_date_order order, unsigned separator);
enum rcx_date_order rcx_reading_order(unsigned reading);
/* "D/M/Y", "Y-M-D", "YYYYMMDD", "Excel serial"; static. */
const char *rcx_reading_name(unsigned reading);
/* All readings of an order. */
rcx_reading_set rcx_readings_of_order(enum rcx_date_order order);
const char *rcx_date_order_name(enum rcx_date_order order); /* "dmy" as for --date-format */

/* The time under an order that the date fits. */
rcx_time rcx_raw_date_time(rcx_raw_date raw, enum rcx_date_order order);
