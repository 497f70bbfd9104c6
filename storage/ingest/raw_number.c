#include "storage/ingest/raw_number.h"

#include <string.h>

#include "base/decimal.h"

enum { CLASS_BITS = 3, SCALE_BITS = 4, MOST_SCALE = (1 << SCALE_BITS) - 1 };

/* A further digit still fits in 56 bits. */
#define ROOM_FOR_DIGIT INT64_C(7000000000000000)
/* Values above cannot be packed. */
#define MOST_VALUE ((INT64_C(1) << 56) - 1)

struct number {
    int64_t value; /* without sign */
    unsigned scale;
    bool negative;
    enum rcx_number_class class;
};

static rcx_raw_number pack(const struct number *number)
{
    int64_t value = number->negative ? -number->value : number->value;
    return (int64_t)((uint64_t)value << (CLASS_BITS + SCALE_BITS)) |
           (int64_t)(number->scale << CLASS_BITS) | (int64_t)number->class;
}

bool rcx_raw_number_of(int64_t value, unsigned scale, rcx_raw_number *out)
{
    for (; scale > MOST_SCALE || (scale > 0 && value % 10 == 0); scale--) {
        if (value % 10 != 0)
            return false;
        value /= 10;
    }
    if (value > MOST_VALUE || value < -MOST_VALUE)
        return false;
    struct number number = {value < 0 ? -value : value, scale, value < 0, RCX_NUMBER_PLAIN};
    *out = pack(&number);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_group_mark(char c)
{
    return c == '.' || c == ',' || c == ' ' || c == '\'';
}

/* Appends a digit of the integer part; false: too large. */
static bool push_digit(struct number *number, char c)
{
    if (number->value > ROOM_FOR_DIGIT)
        return false;
    number->value = number->value * 10 + (c - '0');
    return true;
}

/* Appends a digit behind the mark. Beyond the room digits are dropped; that something other than
 * zeros was dropped is remembered by making the last digit odd and not five ("round to odd"), so
 * that a later rounding half to even cannot see an exact half that is none. */
static void push_decimal(struct number *number, char c)
{
    if (number->value <= ROOM_FOR_DIGIT && number->scale < MOST_SCALE) {
        number->value = number->value * 10 + (c - '0');
        number->scale++;
    } else if (c != '0' && number->value % 5 == 0) {
        number->value++;
    }
}

/* The integer part, which may be grouped by `*out_group`. Returns the position behind it. */
static const char *parse_integer(const char *at, const char *end, struct number *number,
                                 char *out_group, unsigned *out_groups, unsigned *out_lead,
                                 bool *out_overflow)
{
    unsigned run = 0;
    *out_group = 0;
    *out_groups = 0;
    *out_lead = 0;
    while (at < end) {
        if (is_digit(*at)) {
            if (!push_digit(number, *at))
                *out_overflow = true;
            run++;
            at++;
            continue;
        }
        bool groups = is_group_mark(*at) && end - at > 3 && is_digit(at[1]) && is_digit(at[2]) &&
                      is_digit(at[3]) && (end - at == 4 || !is_digit(at[4]));
        if (!groups || (*out_group && *at != *out_group) || run == 0 ||
            (*out_groups == 0 && run > 3))
            break;
        if (*out_groups == 0)
            *out_lead = run;
        *out_group = *at++;
        (*out_groups)++;
        run = 0;
    }
    return at;
}

static bool parse_exponent(const char **at, const char *end, int *out)
{
    const char *p = *at + 1;
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || end - p > 2)
        return false;
    int value = 0;
    for (; p < end; p++) {
        if (!is_digit(*p))
            return false;
        value = value * 10 + (*p - '0');
    }
    *at = p;
    *out = negative ? -value : value;
    return true;
}

static enum rcx_number_result apply_exponent(struct number *number, int exponent)
{
    for (; exponent > 0; exponent--) {
        if (number->scale > 0)
            number->scale--;
        else if (number->value > ROOM_FOR_DIGIT)
            return RCX_NUMBER_OVERFLOW;
        else
            number->value *= 10;
    }
    for (; exponent < 0; exponent++) {
        if (number->scale < MOST_SCALE) {
            number->scale++;
        } else {
            int64_t dropped = number->value % 10;
            number->value /= 10;
            if (dropped != 0 && number->value % 5 == 0)
                number->value++;
        }
    }
    return RCX_NUMBER_OK;
}

/* What a number whose integer part was grouped tells about the decimal mark. */
static enum rcx_number_class class_of_groups(char group, unsigned groups, bool leading_zero,
                                             bool has_decimals, char mark)
{
    if (group == ' ' || group == '\'')
        return has_decimals ? (mark == '.' ? RCX_NUMBER_POINT : RCX_NUMBER_COMMA)
                            : RCX_NUMBER_PLAIN;
    if (groups > 1 || has_decimals)
        return group == ',' ? RCX_NUMBER_POINT : RCX_NUMBER_COMMA;
    if (leading_zero) /* 0.125 */
        return group == '.' ? RCX_NUMBER_POINT : RCX_NUMBER_COMMA;
    return group == '.' ? RCX_NUMBER_POINT_OR_GROUP : RCX_NUMBER_COMMA_OR_GROUP;
}

static enum rcx_number_result parse_any(const char *at, const char *end, struct number *number)
{
    if (at < end && (*at == '-' || *at == '+'))
        number->negative = *at++ == '-';
    const char *digits = at;
    char group = 0, mark = 0;
    unsigned groups = 0, lead = 0;
    bool overflow = false;
    at = parse_integer(at, end, number, &group, &groups, &lead, &overflow);
    bool any = at > digits;
    bool leading_zero = any && *digits == '0' && groups > 0;
    if (leading_zero && (groups > 1 || lead > 1))
        return RCX_NUMBER_SYNTAX;
    const char *decimals = at;
    if (at < end && (*at == '.' || *at == ',') && *at != group) {
        mark = *at++;
        decimals = at;
        for (; at < end && is_digit(*at); at++)
            push_decimal(number, *at);
        any |= at > decimals;
    }
    if (!any)
        return RCX_NUMBER_SYNTAX;
    if (groups > 0) {
        number->class = class_of_groups(group, groups, leading_zero, mark != 0, mark);
        bool one_mark = groups == 1 && !mark && (group == '.' || group == ',');
        if (one_mark)
            number->scale = 3; /* as a decimal mark; the conversion knows the other reading */
    } else if (mark) {
        number->class = mark == '.' ? RCX_NUMBER_POINT : RCX_NUMBER_COMMA;
    }
    int exponent = 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        if (!parse_exponent(&at, end, &exponent))
            return RCX_NUMBER_SYNTAX;
        if (number->class == RCX_NUMBER_POINT_OR_GROUP)
            number->class = RCX_NUMBER_POINT;
        if (number->class == RCX_NUMBER_COMMA_OR_GROUP)
            number->class = RCX_NUMBER_COMMA;
    }
    if (at != end)
        return RCX_NUMBER_SYNTAX;
    return overflow ? RCX_NUMBER_OVERFLOW : apply_exponent(number, exponent);
}

/* Nearly all numbers: a sign, up to nine digits, perhaps a point among them that is not followed by
 * three digits. Returns false when it is something else. */
static inline bool parse_common(const char *at, const char *end, rcx_raw_number *out)
{
    size_t length = (size_t)(end - at);
    if (length == 0 || length > 10)
        return false;
    int64_t negative = *at == '-';
    at += negative;
    int64_t value = 0;
    const char *mark = NULL;
    const char *begin = at;
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit <= 9)
            value = value * 10 + digit;
        else if (*at == '.' && !mark)
            mark = at;
        else
            return false;
    }
    if (mark ? mark == begin || end - mark == 4 || end - mark == 1 : begin == end)
        return false;
    struct number number = {value, mark ? (unsigned)(end - mark - 1) : 0, negative,
                            mark ? RCX_NUMBER_POINT : RCX_NUMBER_PLAIN};
    *out = pack(&number);
    return true;
}

enum rcx_number_result rcx_raw_number_parse(struct rcx_text text, rcx_raw_number *out)
{
    if (parse_common(text.data, text.data + text.length, out))
        return RCX_NUMBER_OK;
    text = rcx_text_trim(text);
    struct number number = {0};
    enum rcx_number_result result = parse_any(text.data, text.data + text.length, &number);
    if (result != RCX_NUMBER_OK)
        return result;
    if (number.value > MOST_VALUE)
        return RCX_NUMBER_OVERFLOW;
    *out = pack(&number);
    return RCX_NUMBER_OK;
}

bool rcx_raw_number_fits(rcx_raw_number raw, char decimal_mark)
{
    enum rcx_number_class class = rcx_raw_number_class(raw);
    return class != (decimal_mark == '.' ? RCX_NUMBER_COMMA : RCX_NUMBER_POINT);
}

enum rcx_number_conversion rcx_raw_number_value(rcx_raw_number raw, char decimal_mark,
                                                unsigned places, int64_t *out)
{
    int64_t value = raw >> (CLASS_BITS + SCALE_BITS);
    unsigned scale = (unsigned)(raw >> CLASS_BITS) & MOST_SCALE;
    enum rcx_number_class class = rcx_raw_number_class(raw);
    if (class == (decimal_mark == '.' ? RCX_NUMBER_COMMA_OR_GROUP : RCX_NUMBER_POINT_OR_GROUP))
        scale = 0; /* the mark separates thousands */
    /* 0.125 with a decimal comma is no number: such texts are of one class only. */
    if (scale <= places) {
        return __builtin_mul_overflow(value, rcx_pow10(places - scale), out) ? RCX_NUMBER_TOO_LARGE
                                                                             : RCX_NUMBER_EXACT;
    }
    int64_t unit = rcx_pow10(scale - places);
    int64_t quotient = value / unit, rest = value % unit;
    if (rest == 0) {
        *out = quotient;
        return RCX_NUMBER_EXACT;
    }
    int64_t twice = 2 * (rest < 0 ? -rest : rest);
    if (twice > unit || (twice == unit && (quotient & 1)))
        quotient += value < 0 ? -1 : 1;
    *out = quotient;
    return RCX_NUMBER_ROUNDED;
}
