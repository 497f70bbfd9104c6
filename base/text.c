/* Views, integers and sizes for people, spelling suggestions; encodings are in encoding_text.c. */
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct rcx_text rcx_text_of(const char *c_string)
{
    return (struct rcx_text){.data = c_string, .length = strlen(c_string)};
}

bool rcx_text_equal(struct rcx_text a, struct rcx_text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

char rcx_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rcx_text_equal_nocase(struct rcx_text a, const char *c_string)
{
    for (size_t i = 0; i < a.length; i++) /* a NUL within `a` ends at the end of c_string */
        if (c_string[i] == '\0' || rcx_ascii_lower(a.data[i]) != rcx_ascii_lower(c_string[i]))
            return false;
    return c_string[a.length] == '\0';
}

int rcx_text_compare(struct rcx_text a, struct rcx_text b)
{
    size_t shared = a.length < b.length ? a.length : b.length;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.length > b.length) - (a.length < b.length);
}

static bool white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct rcx_text rcx_text_trim(struct rcx_text text)
{
    while (text.length > 0 && white(text.data[text.length - 1]))
        text.length--;
    while (text.length > 0 && white(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

bool rcx_parse_u64(struct rcx_text text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.length == 0)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool rcx_parse_i64(struct rcx_text text, int64_t *out)
{
    bool negative = text.length > 0 && text.data[0] == '-';
    if (negative || (text.length > 0 && text.data[0] == '+')) {
        text.data++;
        text.length--;
    }
    uint64_t size;
    if (!rcx_parse_u64(text, &size) || size > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

/* The power of two of a unit such as "", "B", "K", "kb", "MiB"; -1 when it is none. */
static int unit_shift(struct rcx_text unit)
{
    static const char letters[] = "kmgt";
    if (unit.length == 0 || rcx_text_equal_nocase(unit, "b"))
        return 0;
    const char *letter = memchr(letters, rcx_ascii_lower(unit.data[0]), sizeof letters - 1);
    struct rcx_text rest = {unit.data + 1, unit.length - 1};
    if (letter == NULL || !(rest.length == 0 || rcx_text_equal_nocase(rest, "b") ||
                            rcx_text_equal_nocase(rest, "ib")))
        return -1;
    return 10 * (int)(letter - letters + 1);
}

bool rcx_parse_size(struct rcx_text text, uint64_t *out)
{
    size_t number = 0;
    bool fraction = false;
    while (number < text.length &&
           ((text.data[number] >= '0' && text.data[number] <= '9') || text.data[number] == '.')) {
        fraction = fraction || text.data[number] == '.';
        number++;
    }
    struct rcx_text digits = {text.data, number};
    size_t gap = number < text.length && text.data[number] == ' ';
    int shift = unit_shift((struct rcx_text){text.data + number + gap, text.length - number - gap});
    if (shift < 0 || (gap == 1 && number + gap == text.length))
        return false;
    if (fraction) {
        double size;
        if (!rcx_parse_real(digits, &size) || size * (double)(1ULL << shift) >= 0x1p64)
            return false;
        *out = (uint64_t)(size * (double)(1ULL << shift));
        return true;
    }
    uint64_t whole;
    if (!rcx_parse_u64(digits, &whole) || whole > UINT64_MAX >> shift)
        return false;
    *out = whole << shift;
    return true;
}

size_t rcx_format_u64(uint64_t value, char *out)
{
    char digits[RCX_I64_TEXT_BYTES];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    size_t length = sizeof digits - first;
    memcpy(out, digits + first, length);
    return length;
}

size_t rcx_format_i64(int64_t value, char *out)
{
    if (value >= 0)
        return rcx_format_u64((uint64_t)value, out);
    out[0] = '-';
    return 1 + rcx_format_u64(0 - (uint64_t)value, out + 1);
}

const char *rcx_format_count(uint64_t value, char out[32])
{
    char digits[RCX_I64_TEXT_BYTES];
    size_t count = rcx_format_u64(value, digits);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            out[length++] = ',';
        out[length++] = digits[i];
    }
    out[length] = '\0';
    return out;
}

const char *rcx_format_bytes(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        snprintf(out, 32, "%u B", (unsigned)bytes);
        return out;
    }
    size_t unit = 1;
    uint64_t size = 1000; /* bytes of one unit; 999.95 of one are shown as 1.0 of the next */
    while (unit < 6 && bytes >= size * 1000 - size / 20) {
        unit++;
        size *= 1000;
    }
    uint64_t tenths = bytes / (size / 10) + (bytes % (size / 10) >= size / 20);
    snprintf(out, 32, "%llu.%llu %s", (unsigned long long)(tenths / 10),
             (unsigned long long)(tenths % 10), units[unit]);
    return out;
}

enum { DISTANCE_BYTES = 63 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Three rows of the table of the "optimal string alignment" variant: insertions, deletions,
 * substitutions and swaps of neighbours cost 1 each. */
unsigned rcx_edit_distance(const char *a, const char *b)
{
    unsigned rows[3][DISTANCE_BYTES + 1];
    size_t a_length = strnlen(a, DISTANCE_BYTES);
    size_t b_length = strnlen(b, DISTANCE_BYTES);
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *rcx_suggest(const char *word, const char *const *candidates, size_t count)
{
    size_t third = strlen(word) / 3;
    unsigned best_distance = third < 1 ? 2 : third > 3 ? 4 : (unsigned)third + 1;
    const char *best = NULL;
    size_t length = strnlen(word, DISTANCE_BYTES);
    for (size_t i = 0; i < count; i++) {
        size_t other = strnlen(candidates[i], DISTANCE_BYTES);
        if ((other > length ? other - length : length - other) >= best_distance)
            continue; /* each byte more or less is an edit */
        unsigned distance = rcx_edit_distance(word, candidates[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}

void rcx_replace_controls(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        bool single = ((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7F;
        bool pair = (unsigned char)c[0] == 0xC2 && (unsigned char)c[1] >= 0x80 &&
                    (unsigned char)c[1] < 0xA0;
        if (single || pair)
            *c = '?';
        if (pair)
            *++c = '?';
    }
}
