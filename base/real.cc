// The reals of base/text.h: <charconv> knows no locale and allocates nothing.
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

extern "C" {
#include "base/text.h"
}

namespace
{
constexpr int fixed_from = -4; // Python's repr: fixed notation for 1e-4 <= |x| < 1e16
constexpr int fixed_below = 16;

struct scientific {
    char digits[24]; // without the point
    int count;
    int exponent; // of the first digit
};

// The shortest digits of a finite value that is not negative.
scientific shortest(double value)
{
    char text[RCX_REAL_TEXT_BYTES];
    auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    scientific parts = {};
    const char *at = text;
    for (; at < written.ptr && *at != 'e'; at++)
        if (*at != '.')
            parts.digits[parts.count++] = *at;
    at++; // the 'e'; from_chars takes no plus sign
    if (*at == '+')
        at++;
    std::from_chars(at, written.ptr, parts.exponent);
    return parts;
}

char *put(char *out, const char *text, int length)
{
    std::memcpy(out, text, static_cast<size_t>(length));
    return out + length;
}

char *put_zeros(char *out, int count)
{
    for (int i = 0; i < count; i++)
        *out++ = '0';
    return out;
}

char *put_fixed(char *out, const scientific &parts)
{
    int whole = parts.exponent + 1; // digits before the point
    if (whole <= 0) {
        out = put(out, "0.", 2);
        out = put_zeros(out, -whole);
        return put(out, parts.digits, parts.count);
    }
    if (whole >= parts.count) {
        out = put(out, parts.digits, parts.count);
        out = put_zeros(out, whole - parts.count);
        return put(out, ".0", 2);
    }
    out = put(out, parts.digits, whole);
    *out++ = '.';
    return put(out, parts.digits + whole, parts.count - whole);
}

char *put_scientific(char *out, const scientific &parts)
{
    *out++ = parts.digits[0];
    if (parts.count > 1) {
        *out++ = '.';
        out = put(out, parts.digits + 1, parts.count - 1);
    }
    *out++ = 'e';
    *out++ = parts.exponent < 0 ? '-' : '+';
    int exponent = parts.exponent < 0 ? -parts.exponent : parts.exponent;
    if (exponent < 10)
        *out++ = '0';
    return std::to_chars(out, out + 3, exponent).ptr;
}

// What a number beyond the range of a double rounds to: the sign of its decimal exponent tells.
double out_of_range(const char *at, const char *end)
{
    long long magnitude = 0; // of the first digit that is not zero
    long long written = 0;
    bool point = false;
    bool found = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        found = found || *at != '0';
        if (found && !point)
            magnitude++;
        else if (!found && point)
            magnitude--;
    }
    if (at < end) {
        at++;
        bool negative = *at == '-';
        if (negative || *at == '+')
            at++;
        for (; at < end && written < 1'000'000'000'000; at++)
            written = written * 10 + (*at - '0');
        written = negative ? -written : written;
    }
    return magnitude + written > 0 ? HUGE_VAL : 0.0;
}
} // namespace

extern "C" size_t rcx_format_real(double value, char *out)
{
    char *at = out;
    if (std::isnan(value))
        return static_cast<size_t>(put(at, "nan", 3) - out);
    if (std::signbit(value))
        *at++ = '-';
    if (std::isinf(value))
        return static_cast<size_t>(put(at, "inf", 3) - out);
    scientific parts = shortest(std::fabs(value));
    bool fixed = parts.exponent >= fixed_from && parts.exponent < fixed_below;
    at = fixed ? put_fixed(at, parts) : put_scientific(at, parts);
    return static_cast<size_t>(at - out);
}

extern "C" bool rcx_parse_real(struct rcx_text text, double *out)
{
    const char *at = text.data;
    const char *end = text.data + text.length;
    bool negative = at < end && *at == '-';
    if (negative || (at < end && *at == '+'))
        at++;
    // One sign only, and no "nan(...)", which <charconv> would take.
    if (at == end || *at == '-' || end[-1] == ')')
        return false;
    double value = 0;
    auto read = std::from_chars(at, end, value, std::chars_format::general);
    if (read.ptr != end || read.ec == std::errc::invalid_argument)
        return false;
    if (read.ec == std::errc::result_out_of_range)
        value = out_of_range(at, end);
    *out = negative ? -value : value;
    return true;
}
