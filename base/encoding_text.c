/* Character encodings: is it UTF-8, and Windows-1252 into UTF-8. */
#include <string.h>

#include "base/text.h"

/* The length of the valid character at `at`, 0 when there is none (RFC 3629, table 3-7 of Unicode).
 */
static size_t character_length(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4) /* continuations, overlong C0 and C1, beyond U+10FFFF */
        return 0;
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (left < length)
        return 0;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;  /* no overlong forms */
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF; /* no surrogates */
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

size_t rcx_utf8_check(const void *data, size_t length)
{
    const uint8_t *bytes = data;
    size_t at = 0;
    while (at < length) {
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, bytes + at, sizeof word);
            if ((word & 0x8080808080808080U) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t step = character_length(bytes + at, length - at);
        if (step == 0)
            return at;
        at += step;
    }
    return length;
}

size_t rcx_cp1252_to_utf8(const void *data, size_t length, char *out)
{
    /* 0x80..0x9F; the rest equals Unicode. 0x81, 0x8D, 0x8F, 0x90 and 0x9D are undefined. */
    static const uint16_t high[32] = {
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
    };
    const uint8_t *bytes = data;
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned code = bytes[i];
        if (code >= 0x80 && code < 0xA0)
            code = high[code - 0x80];
        if (code < 0x80) {
            out[written++] = (char)code;
        } else if (code < 0x800) {
            out[written++] = (char)(0xC0 | code >> 6);
            out[written++] = (char)(0x80 | (code & 0x3F));
        } else {
            out[written++] = (char)(0xE0 | code >> 12);
            out[written++] = (char)(0x80 | (code >> 6 & 0x3F));
            out[written++] = (char)(0x80 | (code & 0x3F));
        }
    }
    return written;
}
