#include "base/decimal.h"

#include <assert.h>
#include <string.h>

enum { MANTISSA_BITS = 53 };

int64_t rcx_pow10(unsigned places)
{
    static const int64_t powers[19] = {
        1,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
    };
    assert(places <= 18);
    return powers[places];
}

static rcx_u128 magnitude(rcx_i128 value)
{
    return value < 0 ? (rcx_u128)0 - (rcx_u128)value : (rcx_u128)value;
}

static int bit_length(rcx_u128 value)
{
    uint64_t high = (uint64_t)(value >> 64);
    uint64_t low = (uint64_t)value;
    if (high != 0)
        return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* m * 2^exponent without rounding: m <= 2^53, the result is a normal number. */
static double scale(uint64_t m, int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return (double)m * power;
}

/* a / b in integers. The quotient carries at least two bits more than a double holds, and the
 * remainder says whether anything follows, so that rounding to nearest even happens once. */
static double exact_ratio(rcx_u128 a, rcx_u128 b)
{
    const int want = MANTISSA_BITS + 2;
    int a_bits = bit_length(a);
    int b_bits = bit_length(b);
    int shift = b_bits + want - a_bits; /* (a << shift) / b has `want` bits or one more */
    rcx_u128 quotient;
    rcx_u128 remainder;
    if (shift < 0)
        shift = 0;
    if (a_bits + shift <= 128) {
        rcx_u128 scaled = a << shift;
        quotient = scaled / b;
        remainder = scaled - quotient * b;
    } else { /* digit by digit; remainder < b <= 2^127, so doubling it does not overflow */
        quotient = a / b;
        remainder = a % b;
        for (int i = 0; i < shift; i++) {
            remainder <<= 1;
            bool one = remainder >= b;
            if (one)
                remainder -= b;
            quotient = quotient << 1 | one;
        }
    }
    int drop = bit_length(quotient) - MANTISSA_BITS;
    assert(drop > 0);
    uint64_t mantissa = (uint64_t)(quotient >> drop);
    rcx_u128 rest = quotient & (((rcx_u128)1 << drop) - 1);
    rcx_u128 half = (rcx_u128)1 << (drop - 1);
    if (rest > half || (rest == half && (remainder != 0 || (mantissa & 1) != 0)))
        mantissa++;
    return scale(mantissa, drop - shift);
}

double rcx_ratio(rcx_i128 num, rcx_i128 den)
{
    assert(den > 0);
    rcx_u128 a = magnitude(num);
    if ((a | (rcx_u128)den) >> MANTISSA_BITS == 0) /* both exact in a double: one rounding */
        return (double)(int64_t)num / (double)(int64_t)den;
    if (a == 0)
        return 0.0;
    double ratio = exact_ratio(a, (rcx_u128)den);
    return num < 0 ? -ratio : ratio;
}

/* The digits of `value`, at least `least` of them, filled from the end; returns the first. */
static char *digits_before(char *end, rcx_u128 value, unsigned least)
{
    char *first = end;
    for (; value != 0 || (size_t)(end - first) < least; value /= 10)
        *--first = (char)('0' + (int)(value % 10));
    return first;
}

size_t rcx_format_decimal(rcx_i128 value, unsigned places, char out[48])
{
    assert(places <= 38);
    char digits[48] = {0};
    char *end = digits + sizeof digits;
    const char *first = digits_before(end, magnitude(value), places + 1);
    size_t whole = (size_t)(end - first) - places;
    size_t length = 0;
    if (value < 0)
        out[length++] = '-';
    memcpy(out + length, first, whole);
    length += whole;
    if (places > 0) {
        out[length++] = '.';
        memcpy(out + length, first + whole, places);
        length += places;
    }
    out[length] = '\0';
    return length;
}

const char *rcx_format_money(rcx_i128 value, unsigned places, unsigned shown, char out[64])
{
    assert(places <= 18 && shown <= RCX_DECIMAL_MAX_PLACES);
    rcx_u128 rounded = magnitude(value);
    unsigned kept = places < shown ? places : shown; /* digits after the point that exist */
    if (places > kept) {
        rcx_u128 unit = (rcx_u128)rcx_pow10(places - kept);
        rounded = rounded / unit + (rounded % unit >= unit - unit / 2);
    }
    char digits[48] = {0};
    char *end = digits + sizeof digits;
    const char *first = digits_before(end, rounded, kept + 1);
    size_t whole = (size_t)(end - first) - kept;
    size_t length = 0;
    if (value < 0 && rounded != 0)
        out[length++] = '-';
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            out[length++] = ',';
        out[length++] = first[i];
    }
    if (shown > 0)
        out[length++] = '.';
    for (unsigned i = 0; i < shown; i++)
        out[length++] = i < kept ? first[whole + i] : '0';
    out[length] = '\0';
    return out;
}
