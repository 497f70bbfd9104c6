#include "storage/format/csv_text.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"

static const char pairs[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static char *put_pair(char *out, unsigned value) /* 0..99 */
{
    memcpy(out, pairs + 2 * value, 2);
    return out + 2;
}

static char *put_unsigned(char *out, uint64_t value)
{
    char digits[20];
    size_t begin = sizeof digits;
    while (value >= 100) {
        begin -= 2;
        memcpy(digits + begin, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        begin -= 2;
        memcpy(digits + begin, pairs + 2 * value, 2);
    } else {
        digits[--begin] = (char)('0' + value);
    }
    memcpy(out, digits + begin, sizeof digits - begin);
    return out + (sizeof digits - begin);
}

/* Exactly `places` digits, leading zeros included. */
static char *put_places(char *out, uint64_t value, unsigned places)
{
    for (unsigned i = places; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + places;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

char *rcx_csv_put_integer(char *out, int64_t value)
{
    if (value < 0)
        *out++ = '-';
    return put_unsigned(out, magnitude(value));
}

char *rcx_csv_put_decimal(char *out, int64_t value, unsigned scale)
{
    if (scale == 0)
        return rcx_csv_put_integer(out, value);
    uint64_t unit = (uint64_t)rcx_pow10(scale), rest = magnitude(value);
    if (value < 0)
        *out++ = '-';
    out = put_unsigned(out, rest / unit);
    *out++ = '.';
    return put_places(out, rest % unit, scale);
}

/* Money and ratios of small numbers: a value equal to m / 10^4 with at most 15 digits. No two decimals
 * of up to 15 digits share a double, so the digits of m without trailing zeros are the shortest text
 * that reads back; and m / 10^4, both exact, is correctly rounded, so the test is exact. */
char *rcx_csv_put_real(char *out, double value)
{
    enum { UNIT = 10000, PLACES = 4 };
    double size = fabs(value);
    if (!(size < 1e11) || size == 0) /* -0.0 keeps its sign below */
        return out + rcx_format_real(value, out);
    uint64_t scaled = (uint64_t)(size * UNIT + 0.5);
    if (scaled == 0 || (double)scaled / UNIT != size)
        return out + rcx_format_real(value, out);
    if (value < 0)
        *out++ = '-';
    out = put_unsigned(out, scaled / UNIT);
    *out++ = '.';
    out = put_places(out, scaled % UNIT, PLACES);
    for (unsigned i = 1; i < PLACES && out[-1] == '0'; i++)
        out--;
    return out;
}

char *rcx_csv_put_day(char *out, rcx_day day)
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    if (civil.year < 0 || civil.year > 9999)
        return out + strlen(rcx_format_day(day, out));
    out = put_pair(out, (unsigned)civil.year / 100);
    out = put_pair(out, (unsigned)civil.year % 100);
    *out++ = '-';
    out = put_pair(out, civil.month);
    *out++ = '-';
    return put_pair(out, civil.day);
}

char *rcx_csv_put_time(char *out, rcx_time time)
{
    /* Years 0 to 9999; a day beyond does not fit rcx_day for every time. */
    const rcx_time first = INT64_C(-62167219200), last = INT64_C(253402300799);
    if (time < first || time > last)
        return out + strlen(rcx_format_time(time, out));
    rcx_day day = rcx_day_of_time(time);
    unsigned second = (unsigned)(time - (rcx_time)day * RCX_DAY_SECONDS);
    out = rcx_csv_put_day(out, day);
    *out++ = ' ';
    out = put_pair(out, second / 3600);
    *out++ = ':';
    out = put_pair(out, second / 60 % 60);
    *out++ = ':';
    return put_pair(out, second % 60);
}

/* The high bit of each byte that is zero, and perhaps of bytes above one. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return zero_bytes(word ^ ones * ',') | zero_bytes(word ^ ones * '"') |
           zero_bytes(word ^ ones * '\n') | zero_bytes(word ^ ones * '\r');
}

static char *put_quoted(char *out, struct rcx_text text)
{
    *out++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            *out++ = '"';
        *out++ = text.data[i];
    }
    *out++ = '"';
    return out;
}

char *rcx_csv_put_text(char *out, struct rcx_text text)
{
    uint64_t special = text.length == 0, word;
    size_t i = 0;
    for (; i + 8 <= text.length; i += 8) {
        memcpy(&word, text.data + i, 8);
        special |= special_bytes(word);
        memcpy(out + i, &word, 8);
    }
    word = 0;
    for (; i < text.length; i++) {
        word = word << 8 | (uint8_t)text.data[i];
        out[i] = text.data[i];
    }
    special |= special_bytes(word);
    return special ? put_quoted(out, text) : out + text.length;
}
