#include "storage/format/table_cell.h"

#include <string.h>

#include "base/date.h"

enum {
    MOST_DIGITS = 18,        /* of an int64 whatever they are */
    EXACT_PLACES = 22,       /* 10^22 is the last power of ten that a double holds exactly */
    DAY_TEXT_LENGTH = 10,    /* YYYY-MM-DD */
    MINUTE_TEXT_LENGTH = 16, /* ... HH:MM */
    SECOND_TEXT_LENGTH = 19  /* ... HH:MM:SS */
};

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static enum rcx_cell_kind parse_real(struct rcx_text text, uint64_t *out_bits)
{
    double value;
    if (!rcx_parse_real(text, &value))
        return RCX_CELL_TEXT;
    *out_bits = bits_of(value);
    return RCX_CELL_REAL;
}

/* The last `count` (0..8) of the 8 bytes before `end` as a number; false when one is no digit. The
 * eight are combined in pairs, then fours, then all (Lemire, "Quickly parsing eight digits", 2018).
 */
static inline bool parse_tail(const char *end, size_t count, uint64_t *out)
{
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    uint64_t word;
    memcpy(&word, end - 8, 8);
    word ^= zeros;
    word = count == 0 ? 0 : word & ~UINT64_C(0) << (64 - 8 * count); /* others become 0 */
    if ((word | (word + UINT64_C(0x0606060606060606))) & UINT64_C(0xF0F0F0F0F0F0F0F0))
        return false;
    word = word * 10 + (word >> 8);
    *out = ((word & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
            (word >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
           32;
    return true;
}

/* Digits, a point, digits. Up to 2^53 both the digits and the power of ten are exact doubles, so
 * that one division is the one rounding there is (Clinger, "How to Read Floating Point Numbers
 * Accurately", PLDI 1990); longer ones, exponents and words go to the general parser. */
static enum rcx_cell_kind parse_number(struct rcx_text text, uint64_t *out_bits)
{
    static const double powers[EXACT_PLACES + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text.data, *end = at + text.length;
    bool negative = *at == '-';
    at += negative;
    const char *first = at;
    uint64_t value = 0; /* wraps, then it is not used */
    for (; at < end && is_digit(*at); at++)
        value = value * 10 + (uint64_t)(*at - '0');
    size_t whole = (size_t)(at - first);
    if (at == end) {
        if (whole == 0 || whole > MOST_DIGITS || (whole > 1 && *first == '0'))
            return RCX_CELL_TEXT;
        *out_bits = negative ? 0 - value : value;
        return RCX_CELL_INT64;
    }
    if (*at != '.')
        return parse_real(text, out_bits);
    const char *point = at++;
    size_t places = (size_t)(end - at);
    uint64_t tail;
    if (text.length >= 8 && places <= 8 && parse_tail(end, places, &tail)) {
        value = value * (uint64_t)powers[places] + tail;
        at = end;
    } else {
        for (; at < end && is_digit(*at); at++)
            value = value * 10 + (uint64_t)(*at - '0');
        places = (size_t)(at - point) - 1;
    }
    if (at < end || whole + places > MOST_DIGITS || whole + places == 0 ||
        value > UINT64_C(1) << 53)
        return parse_real(text, out_bits);
    double real = (double)value / powers[places];
    *out_bits = bits_of(real) ^ (uint64_t)negative << 63;
    return RCX_CELL_REAL;
}

static bool two_digits(const char *at, int64_t limit, int64_t *out)
{
    if (!is_digit(at[0]) || !is_digit(at[1]))
        return false;
    *out = (at[0] - '0') * 10 + (at[1] - '0');
    return *out < limit;
}

static bool only_zeros(struct rcx_text fraction)
{
    for (size_t i = 1; i < fraction.length; i++)
        if (fraction.data[i] != '0')
            return false;
    return fraction.data[0] == '.';
}

static enum rcx_cell_kind parse_date(struct rcx_text text, uint64_t *out_bits)
{
    rcx_day day;
    int64_t hours, minutes, seconds = 0;
    const char *at = text.data;
    if (text.length < DAY_TEXT_LENGTH ||
        !rcx_parse_day((struct rcx_text){at, DAY_TEXT_LENGTH}, &day))
        return RCX_CELL_TEXT;
    if (text.length == DAY_TEXT_LENGTH) {
        *out_bits = (uint64_t)(int64_t)day;
        return RCX_CELL_DATE;
    }
    bool form = text.length >= MINUTE_TEXT_LENGTH && (at[10] == ' ' || at[10] == 'T') &&
                at[13] == ':' && two_digits(at + 11, 24, &hours) &&
                two_digits(at + 14, 60, &minutes);
    if (form && text.length > MINUTE_TEXT_LENGTH)
        form = text.length >= SECOND_TEXT_LENGTH && at[16] == ':' &&
               two_digits(at + 17, 60, &seconds);
    if (form && text.length > SECOND_TEXT_LENGTH)
        form = only_zeros(
            (struct rcx_text){at + SECOND_TEXT_LENGTH, text.length - SECOND_TEXT_LENGTH});
    if (!form)
        return RCX_CELL_TEXT;
    *out_bits = (uint64_t)((int64_t)day * RCX_DAY_SECONDS + hours * 3600 + minutes * 60 + seconds);
    return RCX_CELL_TIME;
}

static enum rcx_cell_kind parse_word(struct rcx_text text, uint64_t *out_bits)
{
    bool is_true = rcx_text_equal_nocase(text, "true");
    if (is_true || rcx_text_equal_nocase(text, "false")) {
        *out_bits = is_true;
        return RCX_CELL_BOOL;
    }
    return parse_real(text, out_bits); /* nan and inf */
}

enum rcx_cell_kind rcx_cell_parse(struct rcx_text text, uint64_t *out_bits)
{
    if (text.length == 0)
        return RCX_CELL_NOTHING;
    char first = text.data[0], last = text.data[text.length - 1];
    if ((unsigned char)first <= ' ' || (unsigned char)last <= ' ') {
        text = rcx_text_trim(text);
        if (text.length == 0)
            return RCX_CELL_NOTHING;
        first = text.data[0];
    }
    if (is_digit(first) || first == '-' || first == '.') {
        enum rcx_cell_kind kind = parse_number(text, out_bits);
        if (kind != RCX_CELL_TEXT || text.length < DAY_TEXT_LENGTH || text.data[4] != '-')
            return kind;
        return parse_date(text, out_bits);
    }
    if (first == '+') {
        bool digits_only = true;
        for (size_t i = 1; i < text.length && digits_only; i++)
            digits_only = is_digit(text.data[i]);
        return digits_only ? RCX_CELL_TEXT : parse_real(text, out_bits);
    }
    switch (first) {
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'n':
    case 'N':
    case 'i':
    case 'I':
        return parse_word(text, out_bits);
    default:
        return RCX_CELL_TEXT;
    }
}

enum rcx_cell_kind rcx_cell_join(enum rcx_cell_kind a, enum rcx_cell_kind b)
{
    enum rcx_cell_kind low = a < b ? a : b, high = a < b ? b : a;
    bool widens = (low == RCX_CELL_INT64 && high == RCX_CELL_REAL) ||
                  (low == RCX_CELL_DATE && high == RCX_CELL_TIME);
    return low == high || low == RCX_CELL_NOTHING || widens ? high : RCX_CELL_TEXT;
}

void rcx_cell_widen(uint64_t *bits, size_t count, enum rcx_cell_kind from, enum rcx_cell_kind to)
{
    if (from == RCX_CELL_INT64 && to == RCX_CELL_REAL)
        for (size_t i = 0; i < count; i++)
            bits[i] = bits_of((double)(int64_t)bits[i]);
    else if (from == RCX_CELL_DATE && to == RCX_CELL_TIME)
        for (size_t i = 0; i < count; i++)
            bits[i] = (uint64_t)((int64_t)bits[i] * RCX_DAY_SECONDS);
}
