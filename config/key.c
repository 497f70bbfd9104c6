#include "config/key.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "config/value.h"

/* The texts of each enum. */
/* clang-format off */
#define ENUM_BEGIN(tag) static const char *const values_##tag[] = {
#define VALUE(constant, text) [constant] = text,
#define ENUM_END(tag) };
/* clang-format on */
#include "config/keys/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct rcx_key keys[] = {
#define KEY(type, section, field, name, default_text, min, max, unit, meaning)                     \
    {#section,                                                                                     \
     #section "." name,                                                                            \
     #field,                                                                                       \
     RCX_KEY_##type,                                                                               \
     offsetof(struct rcx_config, section.field),                                                   \
     default_text,                                                                                 \
     min,                                                                                          \
     max,                                                                                          \
     unit,                                                                                         \
     meaning,                                                                                      \
     NULL,                                                                                         \
     0},
#define KEY_ENUM(tag, section, field, name, default_text, meaning)                                 \
    {#section,                                                                                     \
     #section "." name,                                                                            \
     #field,                                                                                       \
     RCX_KEY_ENUM,                                                                                 \
     offsetof(struct rcx_config, section.field),                                                   \
     default_text,                                                                                 \
     0,                                                                                            \
     0,                                                                                            \
     "",                                                                                           \
     meaning,                                                                                      \
     values_##tag,                                                                                 \
     COUNT_OF(values_##tag)},
#include "config/keys/all.def"
#undef KEY
#undef KEY_ENUM
};

static const struct rcx_section sections[] = {
#define SECTION(name, meaning) {#name, meaning},
#include "config/keys/sections.def"
#undef SECTION
};

size_t rcx_key_count(void)
{
    return COUNT_OF(keys);
}

const struct rcx_key *rcx_key_at(size_t index)
{
    return &keys[index];
}

size_t rcx_key_index(const struct rcx_key *key)
{
    return (size_t)(key - keys);
}

size_t rcx_section_count(void)
{
    return COUNT_OF(sections);
}

const struct rcx_section *rcx_section_at(size_t index)
{
    return &sections[index];
}

const struct rcx_key *rcx_key_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL ? dot + 1 : name;
}

const struct rcx_key *rcx_key_suggest(const char *name)
{
    const char *candidates[COUNT_OF(keys)];
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        candidates[i] = keys[i].name;
    const char *near = rcx_suggest(name, candidates, COUNT_OF(keys));
    if (near != NULL)
        return rcx_key_find(near);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        candidates[i] = last_part(keys[i].name);
    near = rcx_suggest(last_part(name), candidates, COUNT_OF(keys));
    if (near != NULL && strlen(near) == 1 && strcmp(near, last_part(name)) != 0)
        return NULL; /* any letter is one edit away from segments.k */
    for (size_t i = 0; near != NULL && i < COUNT_OF(keys); i++)
        if (strcmp(near, candidates[i]) == 0)
            return &keys[i];
    return NULL;
}

const char *rcx_section_suggest(const char *name)
{
    const char *candidates[COUNT_OF(sections)];
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        candidates[i] = sections[i].name;
    return rcx_suggest(name, candidates, COUNT_OF(sections));
}

bool rcx_key_is_group(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strncmp(keys[i].name, name, length) == 0 && keys[i].name[length] == '.')
            return true;
    return false;
}

/* "whole number" and so on; numbers get their range from describe_range. */
static const char *type_text(enum rcx_key_type type)
{
    switch (type) {
    case RCX_KEY_BOOL:
        return "true or false";
    case RCX_KEY_INT:
        return "whole number";
    case RCX_KEY_AUTO_INT:
        return "auto or a whole number";
    case RCX_KEY_REAL:
        return "number";
    case RCX_KEY_SIZE:
        return "size such as 64KB or 1.5GiB";
    case RCX_KEY_AUTO_SIZE:
        return "auto or a size such as 256MB";
    case RCX_KEY_TEXT:
        return "text";
    case RCX_KEY_LIST:
        return "list of texts";
    case RCX_KEY_AUTO_DATE:
        return "auto or a date YYYY-MM-DD";
    case RCX_KEY_DATES:
        return "list of dates YYYY-MM-DD";
    case RCX_KEY_WINDOWS:
        return "name: days, four of them";
    case RCX_KEY_TIERS:
        return "1 to 16 of name: cost=C; save_rate=S; discount=D; capacity=N; action=TEXT, or a "
               "YAML "
               "file of them";
    case RCX_KEY_OFFSET:
        return "offset such as +02:00";
    case RCX_KEY_PERIOD:
        return "month, week, or a number of days";
    case RCX_KEY_ENUM:
    case RCX_KEY_TYPE_COUNT:
        break;
    }
    return "one of";
}

static void describe_number(double value, struct rcx_buf *out)
{
    char text[RCX_REAL_TEXT_BYTES];
    if (value == (double)(int64_t)value)
        (void)rcx_buf_append(out, text, rcx_format_i64((int64_t)value, text));
    else
        (void)rcx_buf_append(out, text, rcx_format_real(value, text));
}

static void describe_range(const struct rcx_key *key, struct rcx_buf *out)
{
    switch (key->type) {
    case RCX_KEY_INT:
    case RCX_KEY_AUTO_INT:
    case RCX_KEY_REAL:
    case RCX_KEY_WINDOWS:
    case RCX_KEY_PERIOD:
        (void)rcx_buf_append_text(out, ", ");
        describe_number(key->min, out);
        (void)rcx_buf_append_text(out, " to ");
        describe_number(key->max, out);
        break;
    case RCX_KEY_SIZE:
    case RCX_KEY_AUTO_SIZE:
        (void)rcx_buf_append_text(out, ", ");
        rcx_size_print((uint64_t)key->min, out);
        (void)rcx_buf_append_text(out, " to ");
        rcx_size_print((uint64_t)key->max, out);
        break;
    case RCX_KEY_TEXT:
        (void)rcx_buf_append_text(out, key->min > 0 ? ", not empty" : ", may be empty");
        break;
    case RCX_KEY_BOOL:
    case RCX_KEY_ENUM:
    case RCX_KEY_LIST:
    case RCX_KEY_AUTO_DATE:
    case RCX_KEY_DATES:
    case RCX_KEY_TIERS:
    case RCX_KEY_OFFSET:
    case RCX_KEY_TYPE_COUNT:
        break;
    }
}

bool rcx_key_describe(const struct rcx_key *key, struct rcx_buf *out)
{
    (void)rcx_buf_append_text(out, type_text(key->type));
    for (size_t i = 0; i < key->value_count; i++)
        (void)rcx_buf_printf(out, "%s%s", i == 0 ? " " : ", ", key->values[i]);
    describe_range(key, out);
    if (key->unit[0] != '\0' && key->type != RCX_KEY_LIST && key->type != RCX_KEY_PERIOD &&
        key->type != RCX_KEY_WINDOWS)
        (void)rcx_buf_printf(out, " %s", key->unit);
    return !out->failed;
}
