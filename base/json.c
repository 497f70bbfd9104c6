#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

struct rcx_json rcx_json_begin(struct rcx_buf *out, bool compact)
{
    return (struct rcx_json){.out = out, .compact = compact};
}

static void new_line(struct rcx_json *json)
{
    if (json->compact)
        return;
    rcx_buf_append_byte(json->out, '\n');
    for (unsigned i = 0; i < json->depth; i++)
        rcx_buf_append(json->out, "  ", 2);
}

/* What goes before an item: nothing after a key, else a comma and a line of its own. */
static void before_item(struct rcx_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->has_items[json->depth])
        rcx_buf_append_byte(json->out, ',');
    json->has_items[json->depth] = true;
    if (json->depth > 0)
        new_line(json);
}

static void open_level(struct rcx_json *json, uint8_t bracket)
{
    before_item(json);
    rcx_buf_append_byte(json->out, bracket);
    assert(json->depth + 1 < RCX_JSON_MAX_DEPTH);
    json->depth++;
    json->has_items[json->depth] = false;
}

static void close_level(struct rcx_json *json, uint8_t bracket)
{
    assert(json->depth > 0 && !json->after_key);
    bool had_items = json->has_items[json->depth];
    json->depth--;
    if (had_items)
        new_line(json);
    rcx_buf_append_byte(json->out, bracket);
}

void rcx_json_object(struct rcx_json *json)
{
    open_level(json, '{');
}

void rcx_json_object_end(struct rcx_json *json)
{
    close_level(json, '}');
}

void rcx_json_array(struct rcx_json *json)
{
    open_level(json, '[');
}

void rcx_json_array_end(struct rcx_json *json)
{
    close_level(json, ']');
}

/* Valid UTF-8 with the escapes of RFC 8259. */
static void append_escaped(struct rcx_buf *out, const char *text, size_t length)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t plain_from = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if ((uint8_t)c >= 0x20 && c != '"' && c != '\\')
            continue;
        rcx_buf_append(out, text + plain_from, i - plain_from);
        plain_from = i + 1;
        const char *form = NULL;
        for (const char *at = short_forms; *at != '\0' && form == NULL; at += 2)
            if (*at == c)
                form = at + 1;
        if (form != NULL) {
            rcx_buf_append_byte(out, '\\');
            rcx_buf_append_byte(out, (uint8_t)*form);
        } else {
            rcx_buf_printf(out, "\\u%04x", (unsigned)(uint8_t)c);
        }
    }
    rcx_buf_append(out, text + plain_from, length - plain_from);
}

static void append_string(struct rcx_buf *out, const char *text, size_t length)
{
    rcx_buf_append_byte(out, '"');
    while (length > 0) {
        size_t valid = rcx_utf8_check(text, length);
        append_escaped(out, text, valid);
        text += valid;
        length -= valid;
        if (length > 0) {
            rcx_buf_append_text(out, "\xEF\xBF\xBD"); /* U+FFFD for the offending byte */
            text++;
            length--;
        }
    }
    rcx_buf_append_byte(out, '"');
}

void rcx_json_key(struct rcx_json *json, const char *key)
{
    assert(json->depth > 0 && !json->after_key);
    before_item(json);
    append_string(json->out, key, strlen(key));
    rcx_buf_append_text(json->out, json->compact ? ":" : ": ");
    json->after_key = true;
}

void rcx_json_text_n(struct rcx_json *json, const char *text, size_t length)
{
    before_item(json);
    append_string(json->out, text, length);
}

void rcx_json_text(struct rcx_json *json, const char *text)
{
    if (text == NULL)
        rcx_json_null(json);
    else
        rcx_json_text_n(json, text, strlen(text));
}

void rcx_json_i64(struct rcx_json *json, int64_t value)
{
    char digits[RCX_I64_TEXT_BYTES];
    before_item(json);
    rcx_buf_append(json->out, digits, rcx_format_i64(value, digits));
}

void rcx_json_u64(struct rcx_json *json, uint64_t value)
{
    char digits[RCX_I64_TEXT_BYTES];
    before_item(json);
    rcx_buf_append(json->out, digits, rcx_format_u64(value, digits));
}

void rcx_json_real(struct rcx_json *json, double value)
{
    char digits[RCX_REAL_TEXT_BYTES];
    if (!isfinite(value)) {
        rcx_json_null(json);
        return;
    }
    before_item(json);
    rcx_buf_append(json->out, digits, rcx_format_real(value, digits));
}

void rcx_json_bool(struct rcx_json *json, bool value)
{
    before_item(json);
    rcx_buf_append_text(json->out, value ? "true" : "false");
}

void rcx_json_null(struct rcx_json *json)
{
    before_item(json);
    rcx_buf_append_text(json->out, "null");
}

void rcx_json_decimal_text(struct rcx_json *json, rcx_i128 value, unsigned places)
{
    char digits[48];
    rcx_json_text_n(json, digits, rcx_format_decimal(value, places, digits));
}

void rcx_json_put_text(struct rcx_json *json, const char *key, const char *value)
{
    rcx_json_key(json, key);
    rcx_json_text(json, value);
}

void rcx_json_put_i64(struct rcx_json *json, const char *key, int64_t value)
{
    rcx_json_key(json, key);
    rcx_json_i64(json, value);
}

void rcx_json_put_u64(struct rcx_json *json, const char *key, uint64_t value)
{
    rcx_json_key(json, key);
    rcx_json_u64(json, value);
}

void rcx_json_put_real(struct rcx_json *json, const char *key, double value)
{
    rcx_json_key(json, key);
    rcx_json_real(json, value);
}

void rcx_json_put_bool(struct rcx_json *json, const char *key, bool value)
{
    rcx_json_key(json, key);
    rcx_json_bool(json, value);
}

void rcx_json_put_reals(struct rcx_json *json, const char *key, const double *values, size_t count)
{
    rcx_json_key(json, key);
    rcx_json_array(json);
    for (size_t i = 0; i < count; i++)
        rcx_json_real(json, values[i]);
    rcx_json_array_end(json);
}

void rcx_json_put_decimal(struct rcx_json *json, const char *key, rcx_i128 value, unsigned places)
{
    rcx_json_key(json, key);
    rcx_json_decimal_text(json, value, places);
}
