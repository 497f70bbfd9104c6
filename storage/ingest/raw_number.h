#pragma once
/* A number as it was written, before anybody knows whether a comma is the decimal mark.
 *
 * The mark is judged on the whole of the quantity and price columns. Until then a row keeps digits
 * and scale as read under the mark that the text itself shows, and its class: whether the text says
 * which mark is meant. Only a single mark followed by exactly three digits does not: 1,250 is
 * either one and a quarter or one thousand two hundred and fifty. */
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef int64_t rcx_raw_number; /* value << 7 | scale << 3 | class: value * 10^-scale */

enum rcx_number_class {
    RCX_NUMBER_PLAIN,          /* no mark: the same either way */
    RCX_NUMBER_POINT,          /* can only be read with a decimal point */
    RCX_NUMBER_COMMA,          /* can only be read with a decimal comma */
    RCX_NUMBER_POINT_OR_GROUP, /* 1.250 */
    RCX_NUMBER_COMMA_OR_GROUP, /* 1,250 */
    RCX_NUMBER_CLASSES
};

enum rcx_number_result { RCX_NUMBER_OK, RCX_NUMBER_SYNTAX, RCX_NUMBER_OVERFLOW };

/* Parses the whole text (surrounding blanks allowed): sign, digits, thousands separators (the other
 * mark, blank or apostrophe, in threes), decimals, exponent. Digits beyond the 16th or so after the
 * mark are cut off so that rounding to fewer places stays right. */
enum rcx_number_result rcx_raw_number_parse(struct rcx_text text, rcx_raw_number *out);

/* value * 10^-scale as a number that is the same under either mark; false: it does not fit. */
bool rcx_raw_number_of(int64_t value, unsigned scale, rcx_raw_number *out);
/* The same number, whatever mark it was written with: of class PLAIN. */
static inline rcx_raw_number rcx_raw_number_settle(rcx_raw_number raw)
{
    return raw & ~(rcx_raw_number)7;
}

static inline unsigned rcx_raw_number_scale(rcx_raw_number raw)
{
    return (unsigned)(raw >> 3) & 15;
}

static inline enum rcx_number_class rcx_raw_number_class(rcx_raw_number raw)
{
    return (enum rcx_number_class)(raw & 7);
}

/* Whether the number can be read with this decimal mark. */
bool rcx_raw_number_fits(rcx_raw_number raw, char decimal_mark);

enum rcx_number_conversion {
    RCX_NUMBER_EXACT,
    RCX_NUMBER_ROUNDED, /* half to even */
    RCX_NUMBER_TOO_LARGE
};
/* The number in units of 10^-places under a mark that it fits. */
enum rcx_number_conversion rcx_raw_number_value(rcx_raw_number raw, char decimal_mark,
                                                unsigned places, int64_t *out);
