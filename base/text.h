#pragma once
/* Text: views, locale-free numbers, encodings, suggestions.
 *
 * Reals are printed as the shortest decimal text that reads back to the same double and parsed
 * correctly rounded; both are the C++ standard library's <charconv> (Ryu, Eisel-Lemire), which knows
 * no locale and allocates nothing. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* A borrowed run of bytes, not NUL-terminated. */
struct rcx_text {
    const char *data;
    size_t length;
};

struct rcx_text rcx_text_of(const char *c_string);
bool rcx_text_equal(struct rcx_text a, struct rcx_text b);
bool rcx_text_equal_nocase(struct rcx_text a, const char *c_string); /* ASCII case */
int rcx_text_compare(struct rcx_text a, struct rcx_text b);          /* byte order */
struct rcx_text rcx_text_trim(struct rcx_text text);                 /* ASCII white space */
char rcx_ascii_lower(char c);

/* Each parses the whole text or returns false and leaves *out alone. */
bool rcx_parse_i64(struct rcx_text text, int64_t *out); /* optional sign, digits */
bool rcx_parse_u64(struct rcx_text text, uint64_t *out);
bool rcx_parse_real(struct rcx_text text, double *out); /* 1.5, -2e3, nan, inf */
/* Sizes such as 256MB, 1.5GiB, 4096 (bytes); K M G T are powers of 1024 with or without the i. */
bool rcx_parse_size(struct rcx_text text, uint64_t *out);

enum { RCX_REAL_TEXT_BYTES = 32, RCX_I64_TEXT_BYTES = 24 };
/* Write without NUL into `out` (at least the enum above), return the length. NaN is "nan".
 * Reals: shortest round-trip, always with ".0" or an exponent, so that 1 prints as "1.0"
 * (Python's repr: fixed notation for 1e-4 <= |x| < 1e16, else scientific). */
size_t rcx_format_real(double value, char *out);
size_t rcx_format_i64(int64_t value, char *out);
size_t rcx_format_u64(uint64_t value, char *out);
/* For people: 541,909 and 1.2 MB; NUL-terminated, out has 32 bytes. */
const char *rcx_format_count(uint64_t value, char out[32]);
const char *rcx_format_bytes(uint64_t bytes, char out[32]);

/* Offset of the first byte that is not valid UTF-8 (no surrogates, no overlong forms), or `length`. */
size_t rcx_utf8_check(const void *data, size_t length);
/* Windows-1252 to UTF-8; the five undefined bytes become U+0081 and so on (as browsers do).
 * `out` has room for 3 * length bytes; returns the bytes written. */
size_t rcx_cp1252_to_utf8(const void *data, size_t length, char *out);

/* Damerau-Levenshtein distance of two short texts (at most 63 bytes considered). */
unsigned rcx_edit_distance(const char *a, const char *b);
/* The candidate closest to `word` within a third of its length (at least 1, at most 3 edits), or NULL. */
const char *rcx_suggest(const char *word, const char *const *candidates, size_t count);

/* Puts '?' for each byte of a control character but the line feed, so that a text from outside cannot steer a
 * terminal. U+0080 to U+009F, of two bytes, are such, too. */
void rcx_replace_controls(char *text);
