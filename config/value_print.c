#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/tiers.h"
#include "config/value.h"

static const void *field_of(const struct rcx_key *key, const struct rcx_config *config)
{
    return (const char *)config + key->offset;
}

static void print_i64(int64_t value, struct rcx_buf *out)
{
    char text[RCX_I64_TEXT_BYTES];
    (void)rcx_buf_append(out, text, rcx_format_i64(value, text));
}

/* Whole numbers without the ".0" that tables print. */
void rcx_value_print_real(double value, struct rcx_buf *out)
{
    char text[RCX_REAL_TEXT_BYTES];
    size_t length = rcx_format_real(value, text);
    if (length > 2 && memcmp(text + length - 2, ".0", 2) == 0)
        length -= 2;
    (void)rcx_buf_append(out, text, length);
}

void rcx_size_print(uint64_t value, struct rcx_buf *out)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    while (value != 0 && value % 1024 == 0 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    (void)rcx_buf_printf(out, "%" PRIu64 "%s", value, units[unit]);
}

static void print_day(rcx_day day, struct rcx_buf *out)
{
    char text[RCX_DATE_TEXT_BYTES];
    (void)rcx_buf_append_text(out, day == RCX_CFG_AUTO_DAY ? "auto" : rcx_format_day(day, text));
}

static void print_offset(int64_t seconds, struct rcx_buf *out)
{
    int64_t minutes = (seconds < 0 ? -seconds : seconds) / 60;
    (void)rcx_buf_printf(out, "%c%02d:%02d", seconds < 0 ? '-' : '+', (int)(minutes / 60),
                         (int)(minutes % 60));
}

static void print_period(int64_t value, struct rcx_buf *out)
{
    if (value == RCX_CFG_EVERY_MONTH)
        (void)rcx_buf_append_text(out, "month");
    else if (value == RCX_CFG_EVERY_WEEK)
        (void)rcx_buf_append_text(out, "week");
    else
        print_i64(value, out);
}

/* Values of one scalar, but for texts. */
static void print_scalar(const struct rcx_key *key, const void *field, struct rcx_buf *out)
{
    switch (key->type) {
    case RCX_KEY_BOOL:
        (void)rcx_buf_append_text(out, *(const bool *)field ? "true" : "false");
        break;
    case RCX_KEY_AUTO_INT:
    case RCX_KEY_INT:
        if (key->type == RCX_KEY_AUTO_INT && *(const int64_t *)field == 0)
            (void)rcx_buf_append_text(out, "auto");
        else
            print_i64(*(const int64_t *)field, out);
        break;
    case RCX_KEY_REAL:
        rcx_value_print_real(*(const double *)field, out);
        break;
    case RCX_KEY_AUTO_SIZE:
    case RCX_KEY_SIZE:
        if (key->type == RCX_KEY_AUTO_SIZE && *(const uint64_t *)field == 0)
            (void)rcx_buf_append_text(out, "auto");
        else
            rcx_size_print(*(const uint64_t *)field, out);
        break;
    case RCX_KEY_ENUM:
        (void)rcx_buf_append_text(out, key->values[*(const int *)field]);
        break;
    case RCX_KEY_AUTO_DATE:
        print_day(*(const rcx_day *)field, out);
        break;
    case RCX_KEY_OFFSET:
        print_offset(*(const int64_t *)field, out);
        break;
    case RCX_KEY_PERIOD:
        print_period(*(const int64_t *)field, out);
        break;
    case RCX_KEY_TEXT:
    case RCX_KEY_LIST:
    case RCX_KEY_DATES:
    case RCX_KEY_WINDOWS:
    case RCX_KEY_TIERS:
    case RCX_KEY_TYPE_COUNT:
        break;
    }
}

static bool is_word_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rcx_text_equal_nocase(rcx_text_of(text), words[i]))
            return true;
    return false;
}

/* Whether YAML would read the bare text as this very text. */
static bool yaml_is_plain(const char *text)
{
    static const char *const special[] = {"true", "false", "yes", "no",   "on",
                                          "off",  "y",     "n",   "null", "nan"};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (text[0] == '\0' || strchr(letters, text[0]) == NULL ||
        is_word_of(text, special, sizeof special / sizeof special[0]))
        return false;
    size_t length = strlen(text);
    const char *p = text;
    while (*p != '\0' && (strchr(letters, *p) != NULL || strchr("0123456789_ ", *p) != NULL))
        p++;
    return *p == '\0' && text[length - 1] != ' ';
}

void rcx_value_print_yaml_text(const char *text, struct rcx_buf *out)
{
    if (yaml_is_plain(text)) {
        (void)rcx_buf_append_text(out, text);
        return;
    }
    (void)rcx_buf_append_byte(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            (void)rcx_buf_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            (void)rcx_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*c);
        else
            (void)rcx_buf_append_byte(out, (uint8_t)*c);
    }
    (void)rcx_buf_append_byte(out, '"');
}

/* "a, b, c" through `text` for each item. */
static void print_items(const struct rcx_key *key, const void *field, bool yaml,
                        struct rcx_buf *out)
{
    const struct rcx_cfg_list *list = field;
    const struct rcx_cfg_dates *dates = field;
    const struct rcx_cfg_windows *windows = field;
    if (key->type == RCX_KEY_TIERS) {
        (yaml ? rcx_tiers_print_yaml : rcx_tiers_print)(field, out);
        return;
    }
    size_t count = key->type == RCX_KEY_LIST    ? list->count
                   : key->type == RCX_KEY_DATES ? dates->count
                                                : windows->count;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            (void)rcx_buf_append_text(out, ", ");
        if (key->type == RCX_KEY_DATES)
            print_day(dates->items[i], out);
        else if (key->type == RCX_KEY_WINDOWS)
            (void)rcx_buf_printf(out, "%s: %" PRId64, windows->items[i].name,
                                 windows->items[i].days);
        else if (yaml)
            rcx_value_print_yaml_text(list->items[i], out);
        else
            (void)rcx_buf_append_text(out, list->items[i]);
    }
}

static bool is_items(enum rcx_key_type type)
{
    return type == RCX_KEY_LIST || type == RCX_KEY_DATES || type == RCX_KEY_WINDOWS ||
           type == RCX_KEY_TIERS;
}

bool rcx_value_print(const struct rcx_key *key, const struct rcx_config *config,
                     struct rcx_buf *out)
{
    const void *field = field_of(key, config);
    if (is_items(key->type))
        print_items(key, field, false, out);
    else if (key->type == RCX_KEY_TEXT)
        (void)rcx_buf_append_text(out, *(const char *const *)field);
    else
        print_scalar(key, field, out);
    return !out->failed;
}

bool rcx_value_print_yaml(const struct rcx_key *key, const struct rcx_config *config,
                          struct rcx_buf *out)
{
    const void *field = field_of(key, config);
    if (is_items(key->type)) {
        bool mapping = key->type == RCX_KEY_WINDOWS || key->type == RCX_KEY_TIERS;
        (void)rcx_buf_append_byte(out, mapping ? '{' : '[');
        print_items(key, field, true, out);
        (void)rcx_buf_append_byte(out, mapping ? '}' : ']');
    } else if (key->type == RCX_KEY_TEXT) {
        rcx_value_print_yaml_text(*(const char *const *)field, out);
    } else if (key->type == RCX_KEY_OFFSET) {
        (void)rcx_buf_append_byte(out, '"');
        print_scalar(key, field, out);
        (void)rcx_buf_append_byte(out, '"');
    } else {
        print_scalar(key, field, out);
    }
    return !out->failed;
}

static void print_json_items(const struct rcx_key *key, const void *field, struct rcx_json *json)
{
    const struct rcx_cfg_list *list = field;
    const struct rcx_cfg_dates *dates = field;
    const struct rcx_cfg_windows *windows = field;
    char text[RCX_DATE_TEXT_BYTES];
    if (key->type == RCX_KEY_TIERS) {
        rcx_tiers_print_json(field, json);
        return;
    }
    if (key->type == RCX_KEY_WINDOWS) {
        rcx_json_object(json);
        for (size_t i = 0; i < windows->count; i++)
            rcx_json_put_i64(json, windows->items[i].name, windows->items[i].days);
        rcx_json_object_end(json);
        return;
    }
    rcx_json_array(json);
    for (size_t i = 0; key->type == RCX_KEY_LIST && i < list->count; i++)
        rcx_json_text(json, list->items[i]);
    for (size_t i = 0; key->type == RCX_KEY_DATES && i < dates->count; i++)
        rcx_json_text(json, rcx_format_day(dates->items[i], text));
    rcx_json_array_end(json);
}

static bool is_json_number(const struct rcx_key *key, const void *field)
{
    if (key->type == RCX_KEY_AUTO_INT || key->type == RCX_KEY_PERIOD)
        return *(const int64_t *)field > 0;
    if (key->type == RCX_KEY_AUTO_SIZE)
        return *(const uint64_t *)field > 0;
    return key->type == RCX_KEY_INT || key->type == RCX_KEY_SIZE;
}

void rcx_value_print_json(const struct rcx_key *key, const struct rcx_config *config,
                          struct rcx_json *json)
{
    const void *field = field_of(key, config);
    struct rcx_buf text = {0};
    if (is_items(key->type)) {
        print_json_items(key, field, json);
    } else if (key->type == RCX_KEY_BOOL) {
        rcx_json_bool(json, *(const bool *)field);
    } else if (key->type == RCX_KEY_REAL) {
        rcx_json_real(json, *(const double *)field);
    } else if (is_json_number(key, field)) {
        rcx_json_i64(json, *(const int64_t *)field); /* sizes are below 2^53 */
    } else if (key->type == RCX_KEY_TEXT) {
        rcx_json_text(json, *(const char *const *)field);
    } else {
        print_scalar(key, field, &text);
        rcx_json_text(json, rcx_buf_text(&text));
    }
    rcx_buf_release(&text);
}
