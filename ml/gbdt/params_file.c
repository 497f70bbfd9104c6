#include "ml/gbdt/params_file.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { WORD_BYTES = 4096 };

static bool copy_word(struct rcx_text text, char out[WORD_BYTES])
{
    if (text.length >= WORD_BYTES || memchr(text.data, '\0', text.length))
        return false;
    memcpy(out, text.data, text.length);
    out[text.length] = '\0';
    return true;
}

/* Without quotes around it, or the brackets of a list and the blanks in it. */
static struct rcx_text bare_value(struct rcx_text value, char scratch[WORD_BYTES])
{
    char first = value.length > 1 ? value.data[0] : '\0', last = '\0';
    if (first)
        last = value.data[value.length - 1];
    if ((first == '"' && last == '"') || (first == '\'' && last == '\''))
        return (struct rcx_text){value.data + 1, value.length - 2};
    if (first != '[' || last != ']' || value.length >= WORD_BYTES)
        return value;
    size_t length = 0;
    for (size_t i = 1; i + 1 < value.length; i++)
        if (value.data[i] != ' ')
            scratch[length++] = value.data[i];
    return (struct rcx_text){scratch, length};
}

enum rcx_status rcx_gbdt_params_set_pair(struct rcx_gbdt_params *params, struct rcx_text pair,
                                         struct rcx_error *err)
{
    char name[WORD_BYTES], value[WORD_BYTES], scratch[WORD_BYTES];
    size_t at = 0;
    while (at < pair.length && pair.data[at] != ':' && pair.data[at] != '=')
        at++;
    struct rcx_text left = rcx_text_trim((struct rcx_text){pair.data, at});
    if (at == pair.length || left.length == 0)
        return rcx_fail(err, RCX_E_CONFIG, "'%.*s' is no parameter, expected name=value",
                        pair.length < 60 ? (int)pair.length : 60, pair.data);
    struct rcx_text right = {pair.data + at + 1, pair.length - at - 1};
    right = bare_value(rcx_text_trim(right), scratch);
    if (!copy_word(left, name) || !copy_word(right, value))
        return rcx_fail(err, RCX_E_CONFIG, "parameter '%.*s': name or value is too long",
                        left.length < 60 ? (int)left.length : 60, left.data);
    return rcx_gbdt_params_set(params, name, value, err);
}

/* A # begins a comment at the start of a line or behind a blank. */
static struct rcx_text without_comment(struct rcx_text line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] == '#' && (i == 0 || line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
            line.length = i;
    return rcx_text_trim(line);
}

enum rcx_status rcx_gbdt_params_parse(struct rcx_gbdt_params *params, const char *name,
                                      struct rcx_text text, struct rcx_error *err)
{
    struct rcx_error detail = {0};
    size_t number = 0;
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end ? (size_t)(end - text.data) : text.length,
               step = length + (end != NULL);
        struct rcx_text line = without_comment((struct rcx_text){text.data, length});
        text = (struct rcx_text){text.data + step, text.length - step};
        number++;
        if (line.length == 0 || (line.length == 3 && memcmp(line.data, "---", 3) == 0))
            continue;
        enum rcx_status status = rcx_gbdt_params_set_pair(params, line, &detail);
        if (status != RCX_OK)
            return rcx_fail(err, status, "%s:%zu: %s", name, number, detail.text);
    }
    return RCX_OK;
}

enum rcx_status rcx_gbdt_params_read(struct rcx_gbdt_params *params, const char *path,
                                     struct rcx_error *err)
{
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_file_read(path, &text, err);
    if (status == RCX_OK)
        status = rcx_gbdt_params_parse(
            params, path, (struct rcx_text){(const char *)text.data, text.length}, err);
    rcx_buf_release(&text);
    return status;
}
