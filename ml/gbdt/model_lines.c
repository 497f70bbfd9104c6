#include "ml/gbdt/model_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

bool rcx_model_lines_next(struct rcx_model_lines *lines, struct rcx_text *out)
{
    if (lines->position >= lines->length)
        return false;
    const char *begin = lines->data + lines->position;
    size_t left = lines->length - lines->position;
    const char *end = memchr(begin, '\n', left);
    size_t length = end ? (size_t)(end - begin) : left;
    lines->position += end ? length + 1 : length;
    lines->line++;
    if (length > 0 && begin[length - 1] == '\r')
        length--;
    *out = (struct rcx_text){begin, length};
    return true;
}

bool rcx_model_lines_split(struct rcx_text line, struct rcx_text *out_key,
                           struct rcx_text *out_value)
{
    const char *equals = memchr(line.data, '=', line.length);
    if (!equals)
        return false;
    size_t length = (size_t)(equals - line.data);
    *out_key = (struct rcx_text){line.data, length};
    *out_value = (struct rcx_text){equals + 1, line.length - length - 1};
    return true;
}

enum rcx_status rcx_model_fail(const struct rcx_model_lines *lines, size_t line,
                               struct rcx_error *err, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return rcx_fail(err, RCX_E_CORRUPT, "%s:%zu: %s", lines->name, line, text);
}

bool rcx_model_word(struct rcx_text *list, struct rcx_text *out)
{
    size_t begin = 0, end;
    *out = (struct rcx_text){list->data, 0};
    if (list->length == 0)
        return false; /* and perhaps no bytes at all */
    while (begin < list->length && list->data[begin] == ' ')
        begin++;
    end = begin;
    while (end < list->length && list->data[end] != ' ')
        end++;
    *out = (struct rcx_text){list->data + begin, end - begin};
    *list = (struct rcx_text){list->data + end, list->length - end};
    return end > begin;
}

/* What another program prints for not a number may have a sign. */
static bool parse_real(struct rcx_text word, double *out)
{
    if (word.length == 4 && memcmp(word.data, "-nan", 4) == 0) {
        *out = NAN;
        return true;
    }
    return rcx_parse_real(word, out);
}

static int shown(struct rcx_text word)
{
    enum { MOST = 40 };
    return word.length < MOST ? (int)word.length : MOST;
}

static enum rcx_status fail_number(const struct rcx_model_lines *lines,
                                   const struct rcx_model_value *value, const char *key,
                                   struct rcx_text word, const char *expected,
                                   struct rcx_error *err)
{
    return rcx_model_fail(lines, value->line, err, "'%s' holds '%.*s', expected %s", key,
                          shown(word), word.data, expected);
}

static enum rcx_status fail_count(const struct rcx_model_lines *lines,
                                  const struct rcx_model_value *value, const char *key,
                                  size_t found, size_t expected, struct rcx_error *err)
{
    return rcx_model_fail(lines, value->line, err, "'%s' holds %s%zu values, expected %zu", key,
                          found > expected ? "more than " : "", found > expected ? expected : found,
                          expected);
}

enum rcx_status rcx_model_reals(const struct rcx_model_lines *lines,
                                const struct rcx_model_value *value, const char *key, size_t count,
                                double *out, struct rcx_error *err)
{
    struct rcx_text list = value->text, word;
    size_t found = 0;
    for (; rcx_model_word(&list, &word); found++) {
        if (found == count)
            return fail_count(lines, value, key, found + 1, count, err);
        if (!parse_real(word, &out[found]))
            return fail_number(lines, value, key, word, "a number", err);
    }
    return found == count ? RCX_OK : fail_count(lines, value, key, found, count, err);
}

enum rcx_status rcx_model_integers(const struct rcx_model_lines *lines,
                                   const struct rcx_model_value *value, const char *key,
                                   size_t count, int64_t least, int64_t most, int64_t *out,
                                   struct rcx_error *err)
{
    struct rcx_text list = value->text, word;
    char expected[80];
    size_t found = 0;
    for (; rcx_model_word(&list, &word); found++) {
        if (found == count)
            return fail_count(lines, value, key, found + 1, count, err);
        if (!rcx_parse_i64(word, &out[found]) || out[found] < least || out[found] > most) {
            (void)snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64,
                           least, most);
            return fail_number(lines, value, key, word, expected, err);
        }
    }
    return found == count ? RCX_OK : fail_count(lines, value, key, found, count, err);
}

enum rcx_status rcx_model_integer(const struct rcx_model_lines *lines,
                                  const struct rcx_model_value *value, const char *key,
                                  int64_t least, int64_t most, int64_t *out, struct rcx_error *err)
{
    return rcx_model_integers(lines, value, key, 1, least, most, out, err);
}
