#include "storage/format/xlsx_cell.h"

#include <math.h>
#include <string.h>

#include "base/date.h"
#include "storage/format/csv_text.h"

enum {
    SURE_DIGITS = 15, /* decimals of up to so many digits are all different doubles */
    RAW_BYTES = 64,   /* a longer number is not one that a program wrote */
    /* Days from serial 0 to 1970-01-01. The calendar of 1900 has a 29 February, so the days before it
     * count from one day later. */
    EPOCH_1900 = 25569,
    EPOCH_1904 = 24107,
    FIRST_TRUE_SERIAL = 61
};

/* Digits with at most one point, of which trailing zeros behind the point are no part: the text that
 * would be printed, when it is short enough to be sure of that. 0: not sure. */
static size_t copy_plain(struct rcx_text raw, char *out)
{
    size_t digits = 0, at = 0, point = SIZE_MAX;
    if (raw.length == 0 || raw.length > SURE_DIGITS + 2)
        return 0;
    if (raw.data[0] == '-')
        out[at++] = '-';
    size_t begin = at;
    for (; at < raw.length; at++) {
        char c = raw.data[at];
        if (c == '.' && point == SIZE_MAX)
            point = at;
        else if (c >= '0' && c <= '9')
            digits++;
        else
            return 0;
        out[at] = c;
    }
    bool leading_zero = out[begin] == '0' && at > begin + 1 && out[begin + 1] != '.';
    if (digits == 0 || digits > SURE_DIGITS || leading_zero || out[begin] == '.' ||
        (begin > 0 && out[begin] == '0'))
        return 0;
    if (point == SIZE_MAX)
        return at;
    while (out[at - 1] == '0')
        at--;
    if (at == point + 1)
        return point;
    if (at == point + 4)
        out[at++] = '0';
    return at;
}

static size_t print_number(double value, char *out)
{
    if (fabs(value) < 9e18 && value == trunc(value)) /* also -0 */
        return rcx_format_i64((int64_t)value, out);
    size_t length = rcx_format_real(value, out);
    const char *point = memchr(out, '.', length);
    bool fixed = point && !memchr(out, 'e', length);
    if (fixed && (size_t)(point - out) + 4 == length)
        out[length++] = '0';
    return length;
}

/* What is blank in XML: form feeds, for instance, are not. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool parse_number(struct rcx_text raw, double *out)
{
    while (raw.length > 0 && is_blank(raw.data[0]))
        raw = (struct rcx_text){raw.data + 1, raw.length - 1};
    while (raw.length > 0 && is_blank(raw.data[raw.length - 1]))
        raw.length--;
    if (raw.length == 0 || raw.length > RAW_BYTES)
        return false;
    if (raw.data[0] == '+')
        raw = (struct rcx_text){raw.data + 1, raw.length - 1};
    return rcx_parse_real(raw, out) && isfinite(*out);
}

size_t rcx_xlsx_number(struct rcx_text raw, char out[RCX_XLSX_CELL_BYTES])
{
    size_t length = copy_plain(raw, out);
    double value;
    if (length > 0)
        return length;
    return parse_number(raw, &value) ? print_number(value, out) : 0;
}

size_t rcx_xlsx_date(struct rcx_text raw, bool date1904, char out[RCX_XLSX_CELL_BYTES])
{
    enum { MOST_SERIAL = 2958466 }; /* 9999-12-31 and a day */
    double serial;
    if (!parse_number(raw, &serial))
        return 0;
    if (serial < 0 || serial >= MOST_SERIAL)
        return print_number(serial, out);
    int64_t days = (int64_t)serial;
    int64_t seconds = (int64_t)((serial - (double)days) * RCX_DAY_SECONDS + 0.5);
    int64_t second = days * RCX_DAY_SECONDS + seconds;
    days = second / RCX_DAY_SECONDS;
    if (days == 0 && !date1904) {
        char text[RCX_CSV_CELL_BYTES]; /* a time of day */
        (void)rcx_csv_put_time(text, second);
        memcpy(out, text + 11, 8);
        return 8;
    }
    int64_t epoch = date1904 ? EPOCH_1904 : EPOCH_1900;
    if (!date1904 && days < FIRST_TRUE_SERIAL)
        epoch--;
    return (size_t)(rcx_csv_put_time(out, second - epoch * RCX_DAY_SECONDS) - out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = rcx_ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The code of "_xHHHH_", or -1; surrogates and NUL are left as they stand. */
static int32_t escaped_code(const char *text, size_t length)
{
    if (length < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_')
        return -1;
    int32_t code = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code == 0 || (code >= 0xD800 && code <= 0xDFFF) ? -1 : code;
}

static size_t put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

size_t rcx_xlsx_unescape(char *text, size_t length)
{
    size_t written = 0;
    if (!memmem(text, length, "_x", 2))
        return length;
    for (size_t at = 0; at < length;) {
        int32_t code = escaped_code(text + at, length - at);
        if (code < 0) {
            text[written++] = text[at++];
        } else {
            written += put_utf8(text + written, (uint32_t)code);
            at += 7;
        }
    }
    return written;
}

bool rcx_xlsx_needs_quotes(struct rcx_text text)
{
    return text.length > 0 && (text.data[0] == '"' || text.data[text.length - 1] == '\r');
}

bool rcx_xlsx_append_text(struct rcx_buf *out, struct rcx_text text)
{
    if (!rcx_xlsx_needs_quotes(text))
        return rcx_buf_append(out, text.data, text.length);
    if (!rcx_buf_reserve(out, 2 * text.length + 2))
        return false;
    rcx_buf_append_byte(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            rcx_buf_append_byte(out, '"');
        rcx_buf_append_byte(out, (uint8_t)text.data[i]);
    }
    return rcx_buf_append_byte(out, '"');
}
