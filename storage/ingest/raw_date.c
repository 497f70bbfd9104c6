#include "storage/ingest/raw_date.h"

#include <string.h>

/* Layout of a raw date of three numbers, low bits first:
 *   seconds 18 (biased by SECOND_BIAS), third 14, second 7, first 14, separator 2, kind 2
 * and of a compact date or a serial: time + TIME_BIAS in the low 60 bits, kind above. */
enum { SECOND_BITS = 18, THIRD_BITS = 14, SECOND_NUMBER_BITS = 7, FIRST_BITS = 14 };
enum {
    THIRD_SHIFT = SECOND_BITS,
    SECOND_SHIFT = THIRD_SHIFT + THIRD_BITS,
    FIRST_SHIFT = SECOND_SHIFT + SECOND_NUMBER_BITS,
    SEPARATOR_SHIFT = FIRST_SHIFT + FIRST_BITS,
    KIND_SHIFT = 62
};
/* An offset moves the time of day by at most 14 + 14 hours either way. */
enum { SECOND_BIAS = 28 * 3600 + 1800 };
#define TIME_BIAS (INT64_C(1) << 40)

enum kind { KIND_NUMBERS, KIND_COMPACT, KIND_SERIAL };

/* Days from 1899-12-30, day 0 of Excel's serials, to 1970-01-01. */
enum { SERIAL_EPOCH = 25569 };

struct reader {
    const char *at, *end;
};

/* Reads up to `most` digits; returns how many. */
static unsigned digits(struct reader *reader, unsigned most, uint32_t *out)
{
    unsigned count = 0;
    uint32_t value = 0;
    while (count < most && reader->at < reader->end) {
        unsigned digit = (unsigned)(unsigned char)*reader->at - '0';
        if (digit > 9)
            break;
        value = value * 10 + digit;
        reader->at++;
        count++;
    }
    *out = value;
    return count;
}

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
        reader->at++;
}

/* Z, +HH, +HHMM or +HH:MM; *out in seconds east of UTC. */
static bool parse_zone(struct reader *reader, bool *out_found, int32_t *out)
{
    *out_found = false;
    if (take(reader, 'Z') || take(reader, 'z')) {
        *out_found = true;
        *out = 0;
        return true;
    }
    if (reader->at == reader->end || (*reader->at != '+' && *reader->at != '-'))
        return true;
    int32_t sign = *reader->at++ == '-' ? -1 : 1;
    uint32_t hours = 0, minutes = 0;
    if (digits(reader, 2, &hours) != 2)
        return false;
    bool colon = take(reader, ':');
    unsigned count = digits(reader, 2, &minutes);
    if ((colon || count > 0) && count != 2)
        return false;
    if (hours > 14 || minutes > 59)
        return false;
    *out_found = true;
    *out = sign * (int32_t)(hours * 3600 + minutes * 60);
    return true;
}

static bool parse_half_day(struct reader *reader, uint32_t *hours)
{
    struct reader look = *reader;
    skip_blanks(&look);
    if (look.end - look.at < 2)
        return true;
    char half = rcx_ascii_lower(look.at[0]);
    if ((half != 'a' && half != 'p') || rcx_ascii_lower(look.at[1]) != 'm')
        return true;
    if (*hours < 1 || *hours > 12)
        return false;
    *hours = *hours % 12 + (half == 'p' ? 12 : 0);
    look.at += 2;
    *reader = look;
    return true;
}

/* H:MM, HH:MM:SS, a fraction (cut off), AM or PM, a zone; *out in seconds, zone applied. */
static bool parse_time(struct reader *reader, const struct rcx_date_limits *limits, int32_t *out)
{
    uint32_t hours = 0, minutes = 0, seconds = 0, ignored = 0;
    unsigned width = digits(reader, 2, &hours);
    if (width == 0)
        return false;
    if (take(reader, ':')) {
        if (digits(reader, 2, &minutes) != 2)
            return false;
        if (take(reader, ':') && digits(reader, 2, &seconds) != 2)
            return false;
    } else if (width != 2 || digits(reader, 2, &minutes) != 2 ||
               (digits(reader, 2, &seconds) & 1)) {
        return false; /* HHMM or HHMMSS */
    }
    if (reader->at < reader->end && (*reader->at == '.' || *reader->at == ',')) {
        reader->at++;
        unsigned count = 0;
        while (digits(reader, 9, &ignored) > 0)
            count++;
        if (count == 0)
            return false;
    }
    if (!parse_half_day(reader, &hours) || hours > 23 || minutes > 59 || seconds > 59)
        return false;
    bool zoned = false;
    int32_t zone = 0;
    struct reader look = *reader;
    skip_blanks(&look);
    if (!parse_zone(&look, &zoned, &zone))
        return false;
    if (zoned)
        *reader = look;
    *out = (int32_t)(hours * 3600 + minutes * 60 + seconds);
    if (zoned)
        *out += limits->utc_offset_seconds - zone;
    return true;
}

/* Nothing, or blanks or T and a time, up to the end of the text. */
static bool parse_rest(struct reader *reader, const struct rcx_date_limits *limits, int32_t *out)
{
    *out = 0;
    if (reader->at == reader->end)
        return true;
    if (!take(reader, 'T') && !take(reader, 't')) {
        if (!take(reader, ' '))
            return false;
        skip_blanks(reader);
    }
    return parse_time(reader, limits, out) && reader->at == reader->end;
}

static int32_t full_year(uint32_t year)
{
    return (int32_t)(year >= 100 ? year : (year <= 68 ? 2000 + year : 1900 + year));
}

struct numbers {
    uint32_t value[3];
    unsigned width[3];
};

static const struct {
    unsigned year, month, day; /* index of the number */
} orders[] = {[RCX_DATE_DMY] = {2, 1, 0}, [RCX_DATE_MDY] = {2, 0, 1}, [RCX_DATE_YMD] = {0, 1, 2}};

/* The orders (bit o for order o) under which the numbers are a day; *out_year tells that one would
 * be, but for its year. */
static unsigned fitting_orders(const struct numbers *numbers, const struct rcx_date_limits *limits,
                               bool *out_year)
{
    unsigned fits = 0;
    for (unsigned order = RCX_DATE_DMY; order <= RCX_DATE_YMD; order++) {
        unsigned y = orders[order].year, m = orders[order].month, d = orders[order].day;
        bool shape = (numbers->width[y] == 4 || numbers->width[y] == 2) && numbers->width[m] <= 2 &&
                     numbers->width[d] <= 2;
        if (!shape)
            continue;
        int32_t year = numbers->width[y] == 4 ? (int32_t)numbers->value[y]
                                              : full_year(numbers->value[y]);
        bool known_year = year >= limits->min_year && year <= limits->max_year;
        /* A year that is out of bounds has the days of its place in the 400-year cycle. */
        int32_t valid_year = known_year ? year : 2000 + (year % 400);
        if (!rcx_civil_valid(valid_year, numbers->value[m], numbers->value[d]))
            continue;
        if (known_year)
            fits |= 1u << order;
        else
            *out_year = true;
    }
    return fits;
}

static enum rcx_raw_date_result parse_numbers(struct reader *reader, struct numbers *numbers,
                                              unsigned separator,
                                              const struct rcx_date_limits *limits,
                                              rcx_raw_date *out, rcx_reading_set *out_set)
{
    int32_t seconds = 0;
    if (!parse_rest(reader, limits, &seconds))
        return RCX_RAW_DATE_SYNTAX;
    bool year = false;
    unsigned fits = fitting_orders(numbers, limits, &year);
    if (!fits)
        return year ? RCX_RAW_DATE_YEAR : RCX_RAW_DATE_NONE;
    rcx_reading_set set = 0;
    for (unsigned order = RCX_DATE_DMY; order <= RCX_DATE_YMD; order++)
        if (fits >> order & 1)
            set |= (rcx_reading_set)(1u << rcx_reading((enum rcx_date_order)order, separator));
    *out = (uint64_t)(uint32_t)(seconds + SECOND_BIAS) |
           (uint64_t)numbers->value[2] << THIRD_SHIFT |
           (uint64_t)numbers->value[1] << SECOND_SHIFT |
           (uint64_t)numbers->value[0] << FIRST_SHIFT | (uint64_t)separator << SEPARATOR_SHIFT;
    *out_set = set;
    return RCX_RAW_DATE_OK;
}

static enum rcx_raw_date_result pack_day(int64_t day, int64_t seconds, enum kind kind,
                                         enum rcx_date_order order,
                                         const struct rcx_date_limits *limits, rcx_raw_date *out,
                                         rcx_reading_set *out_set)
{
    if (day < rcx_day_from_civil(limits->min_year, 1, 1) ||
        day > rcx_day_from_civil(limits->max_year, 12, 31))
        return RCX_RAW_DATE_YEAR;
    *out = (uint64_t)(day * RCX_DAY_SECONDS + seconds + TIME_BIAS) | (uint64_t)kind << KIND_SHIFT;
    *out_set = (rcx_reading_set)(1u << rcx_reading(order, 0));
    return RCX_RAW_DATE_OK;
}

static enum rcx_raw_date_result parse_compact(struct reader *reader, uint32_t value,
                                              const struct rcx_date_limits *limits,
                                              rcx_raw_date *out, rcx_reading_set *out_set)
{
    int32_t seconds = 0;
    bool digits_follow = reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
    bool ok = digits_follow ? parse_time(reader, limits, &seconds) && reader->at == reader->end
                            : parse_rest(reader, limits, &seconds);
    if (!ok)
        return RCX_RAW_DATE_SYNTAX;
    int32_t year = (int32_t)(value / 10000);
    uint32_t month = value / 100 % 100, day = value % 100;
    if (year < limits->min_year || year > limits->max_year)
        return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? RCX_RAW_DATE_YEAR
                                                                  : RCX_RAW_DATE_NONE;
    if (!rcx_civil_valid(year, month, day))
        return RCX_RAW_DATE_NONE;
    return pack_day(rcx_day_from_civil(year, month, day), seconds, KIND_COMPACT, RCX_DATE_COMPACT,
                    limits, out, out_set);
}

/* Whole days, and a fraction rounded to the nearest second. */
static enum rcx_raw_date_result parse_serial(struct reader *reader, uint32_t value,
                                             const struct rcx_date_limits *limits,
                                             rcx_raw_date *out, rcx_reading_set *out_set)
{
    uint64_t fraction = 0, unit = 1;
    if (take(reader, '.') || take(reader, ',')) {
        const char *begin = reader->at;
        uint32_t digit = 0;
        while (digits(reader, 1, &digit) == 1) {
            if (unit < UINT64_C(100000000000000)) {
                fraction = fraction * 10 + digit;
                unit *= 10;
            }
        }
        if (reader->at == begin)
            return RCX_RAW_DATE_SYNTAX;
    }
    if (reader->at != reader->end)
        return RCX_RAW_DATE_SYNTAX;
    int64_t seconds = (int64_t)(((unsigned __int128)fraction * RCX_DAY_SECONDS + unit / 2) / unit);
    return pack_day((int64_t)value - SERIAL_EPOCH, seconds, KIND_SERIAL, RCX_DATE_SERIAL, limits,
                    out, out_set);
}

bool rcx_raw_date_of(rcx_time time, const struct rcx_date_limits *limits, rcx_raw_date *out)
{
    rcx_time first = (rcx_time)rcx_day_from_civil(limits->min_year, 1, 1) * RCX_DAY_SECONDS;
    rcx_time end = (rcx_time)rcx_day_from_civil(limits->max_year + 1, 1, 1) * RCX_DAY_SECONDS;
    *out = (uint64_t)(time + TIME_BIAS) | (uint64_t)KIND_COMPACT << KIND_SHIFT;
    return time >= first && time < end;
}

static int separator_of(char c)
{
    return c == '/' ? 0 : (c == '-' ? 1 : (c == '.' ? 2 : -1));
}

enum rcx_raw_date_result rcx_raw_date_parse(struct rcx_text text,
                                            const struct rcx_date_limits *limits, rcx_raw_date *out,
                                            rcx_reading_set *out_set)
{
    text = rcx_text_trim(text);
    struct reader reader = {text.data, text.data + text.length};
    struct numbers numbers;
    numbers.width[0] = digits(&reader, 8, &numbers.value[0]);
    if (numbers.width[0] == 8)
        return parse_compact(&reader, numbers.value[0], limits, out, out_set);
    if (numbers.width[0] == 0)
        return RCX_RAW_DATE_SYNTAX;
    struct reader before = reader;
    int separator = reader.at < reader.end ? separator_of(*reader.at) : -1;
    if (separator >= 0 && numbers.width[0] <= 4) {
        reader.at++;
        numbers.width[1] = digits(&reader, 2, &numbers.value[1]);
        if (numbers.width[1] > 0 && reader.at < reader.end &&
            separator_of(*reader.at) == separator) {
            reader.at++;
            numbers.width[2] = digits(&reader, 4, &numbers.value[2]);
            if (numbers.width[2] == 0)
                return RCX_RAW_DATE_SYNTAX;
            return parse_numbers(&reader, &numbers, (unsigned)separator, limits, out, out_set);
        }
        reader = before;
    }
    return parse_serial(&reader, numbers.value[0], limits, out, out_set);
}

unsigned rcx_reading(enum rcx_date_order order, unsigned separator)
{
    if (order == RCX_DATE_COMPACT)
        return 3 * RCX_SEPARATORS;
    if (order == RCX_DATE_SERIAL)
        return 3 * RCX_SEPARATORS + 1;
    return (order - RCX_DATE_DMY) * RCX_SEPARATORS + separator;
}

enum rcx_date_order rcx_reading_order(unsigned reading)
{
    if (reading >= 3 * RCX_SEPARATORS)
        return reading == 3 * RCX_SEPARATORS ? RCX_DATE_COMPACT : RCX_DATE_SERIAL;
    return (enum rcx_date_order)(RCX_DATE_DMY + reading / RCX_SEPARATORS);
}

const char *rcx_reading_name(unsigned reading)
{
    static const char *const names[RCX_READINGS] = {"D/M/Y", "D-M-Y",    "D.M.Y",       "M/D/Y",
                                                    "M-D-Y", "M.D.Y",    "Y/M/D",       "Y-M-D",
                                                    "Y.M.D", "YYYYMMDD", "Excel serial"};
    return names[reading];
}

rcx_reading_set rcx_readings_of_order(enum rcx_date_order order)
{
    rcx_reading_set set = 0;
    for (unsigned reading = 0; reading < RCX_READINGS; reading++)
        if (rcx_reading_order(reading) == order)
            set |= (rcx_reading_set)(1u << reading);
    return set;
}

const char *rcx_date_order_name(enum rcx_date_order order)
{
    static const char *const names[] = {"auto", "dmy", "mdy", "ymd", "yyyymmdd", "excel"};
    return names[order];
}

rcx_time rcx_raw_date_time(rcx_raw_date raw, enum rcx_date_order order)
{
    if (raw >> KIND_SHIFT != KIND_NUMBERS)
        return (rcx_time)(raw & ((UINT64_C(1) << KIND_SHIFT) - 1)) - TIME_BIAS;
    uint32_t value[3] = {
        (uint32_t)(raw >> FIRST_SHIFT) & ((1u << FIRST_BITS) - 1),
        (uint32_t)(raw >> SECOND_SHIFT) & ((1u << SECOND_NUMBER_BITS) - 1),
        (uint32_t)(raw >> THIRD_SHIFT) & ((1u << THIRD_BITS) - 1),
    };
    int32_t seconds = (int32_t)(raw & ((1u << SECOND_BITS) - 1)) - SECOND_BIAS;
    rcx_day day = rcx_day_from_civil(full_year(value[orders[order].year]),
                                     value[orders[order].month], value[orders[order].day]);
    return (rcx_time)day * RCX_DAY_SECONDS + seconds;
}
