#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/tiers.h"
#include "config/value.h"

/* What a parser of one type sees. */
struct parse {
    const struct rcx_key *key;
    const struct rcx_raw *raw;
    struct rcx_cfg_arena *arena;
    void *field;
    struct rcx_buf *problem;
};

static void *field_of(const struct rcx_key *key, struct rcx_config *config)
{
    return (char *)config + key->offset;
}

/* Appends "; expected ..." and returns the status, so that `return refuse(p)` reads well. */
static enum rcx_status refuse(const struct parse *p)
{
    (void)rcx_buf_append_text(p->problem, "; expected ");
    return rcx_key_describe(p->key, p->problem) ? RCX_E_CONFIG : RCX_E_NOMEM;
}

static bool is_null(const struct rcx_raw_scalar *scalar)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (scalar->quoted || scalar->loose)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        if (strcmp(scalar->text, nulls[i]) == 0)
            return true;
    return false;
}

static enum rcx_status refuse_form(const struct parse *p, const struct rcx_raw_scalar *scalar)
{
    (void)rcx_buf_printf(p->problem, "'%s' does not fit%s", scalar->text,
                         scalar->quoted ? " (a quoted text; remove the quotes)" : "");
    return refuse(p);
}

static enum rcx_status refuse_range(const struct parse *p, const struct rcx_raw_scalar *scalar)
{
    (void)rcx_buf_printf(p->problem, "%s is out of range", scalar->text);
    return refuse(p);
}

static bool in_range(const struct rcx_key *key, double value)
{
    return value >= key->min && value <= key->max;
}

/* Numbers and truth values must not be quoted: "12" in quotes is a text in YAML. */
static bool is_plain(const struct rcx_raw_scalar *scalar)
{
    return !scalar->quoted;
}

static bool is_auto(const struct rcx_raw_scalar *scalar)
{
    return strcmp(scalar->text, "auto") == 0;
}

static enum rcx_status parse_bool(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    bool is_true = strcmp(scalar->text, "true") == 0;
    if (!is_plain(scalar) || (!is_true && strcmp(scalar->text, "false") != 0))
        return refuse_form(p, scalar);
    *(bool *)p->field = is_true;
    return RCX_OK;
}

static enum rcx_status parse_int(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    int64_t value = 0;
    if (p->key->type == RCX_KEY_AUTO_INT && is_auto(scalar)) {
        *(int64_t *)p->field = 0;
        return RCX_OK;
    }
    if (!is_plain(scalar) || !rcx_parse_i64(rcx_text_of(scalar->text), &value))
        return refuse_form(p, scalar);
    if (!in_range(p->key, (double)value))
        return refuse_range(p, scalar);
    *(int64_t *)p->field = value;
    return RCX_OK;
}

static enum rcx_status parse_real(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    double value = 0;
    if (!is_plain(scalar) || !rcx_parse_real(rcx_text_of(scalar->text), &value) || !isfinite(value))
        return refuse_form(p, scalar);
    if (!in_range(p->key, value))
        return refuse_range(p, scalar);
    *(double *)p->field = value;
    return RCX_OK;
}

static enum rcx_status parse_size(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    uint64_t value = 0;
    if (p->key->type == RCX_KEY_AUTO_SIZE && is_auto(scalar)) {
        *(uint64_t *)p->field = 0;
        return RCX_OK;
    }
    if (!rcx_parse_size(rcx_text_of(scalar->text), &value))
        return refuse_form(p, scalar);
    if (!in_range(p->key, (double)value))
        return refuse_range(p, scalar);
    *(uint64_t *)p->field = value;
    return RCX_OK;
}

static enum rcx_status parse_text(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    size_t length = strlen(scalar->text);
    if (!in_range(p->key, (double)length)) {
        (void)rcx_buf_printf(p->problem, "a text of %zu bytes", length);
        return refuse(p);
    }
    const char *copy = rcx_cfg_arena_text(p->arena, scalar->text, length);
    if (copy == NULL)
        return RCX_E_NOMEM;
    *(const char **)p->field = copy;
    return RCX_OK;
}

static enum rcx_status parse_enum(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    for (size_t i = 0; i < p->key->value_count; i++) {
        if (strcmp(scalar->text, p->key->values[i]) != 0)
            continue;
        *(int *)p->field = (int)i;
        return RCX_OK;
    }
    const char *near = rcx_suggest(scalar->text, p->key->values, p->key->value_count);
    (void)rcx_buf_printf(p->problem, "'%s' is not a value of this key", scalar->text);
    if (near != NULL)
        (void)rcx_buf_printf(p->problem, " (did you mean '%s'?)", near);
    return refuse(p);
}

static enum rcx_status parse_list(const struct parse *p)
{
    const char **items = rcx_cfg_arena_alloc(p->arena, p->raw->count * sizeof *items);
    if (items == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < p->raw->count; i++) {
        const struct rcx_raw_scalar *scalar = &p->raw->items[i];
        if (is_null(scalar) || scalar->text[0] == '\0') {
            (void)rcx_buf_printf(
                p->problem, "item %zu is empty%s", i + 1,
                scalar->text[0] != '\0' ? " (put 'null' in quotes to mean the word)" : "");
            return refuse(p);
        }
        items[i] = rcx_cfg_arena_text(p->arena, scalar->text, strlen(scalar->text));
        if (items[i] == NULL)
            return RCX_E_NOMEM;
    }
    *(struct rcx_cfg_list *)p->field = (struct rcx_cfg_list){p->raw->count, items};
    return RCX_OK;
}

static enum rcx_status parse_auto_date(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    rcx_day day = RCX_CFG_AUTO_DAY;
    if (!is_auto(scalar) && !rcx_parse_day(rcx_text_of(scalar->text), &day))
        return refuse_form(p, scalar);
    *(rcx_day *)p->field = day;
    return RCX_OK;
}

/* Insertion into a sorted run; lists of dates are short. */
static bool insert_day(rcx_day *days, size_t count, rcx_day day)
{
    size_t at = count;
    while (at > 0 && days[at - 1] > day)
        at--;
    if (at > 0 && days[at - 1] == day)
        return false;
    memmove(days + at + 1, days + at, (count - at) * sizeof *days);
    days[at] = day;
    return true;
}

static enum rcx_status parse_dates(const struct parse *p)
{
    rcx_day *days = rcx_cfg_arena_alloc(p->arena, p->raw->count * sizeof *days);
    if (days == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < p->raw->count; i++) {
        rcx_day day = 0;
        if (!rcx_parse_day(rcx_text_of(p->raw->items[i].text), &day))
            return refuse_form(p, &p->raw->items[i]);
        if (!insert_day(days, i, day)) {
            (void)rcx_buf_printf(p->problem, "%s is there twice", p->raw->items[i].text);
            return refuse(p);
        }
    }
    *(struct rcx_cfg_dates *)p->field = (struct rcx_cfg_dates){p->raw->count, days};
    return RCX_OK;
}

static bool is_identifier(const char *text)
{
    if (text[0] < 'a' || text[0] > 'z' || strlen(text) > 32)
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static enum rcx_status parse_window(const struct parse *p, size_t index,
                                    struct rcx_cfg_window *windows)
{
    const struct rcx_raw_scalar *name = &p->raw->names[index], *item = &p->raw->items[index];
    int64_t days = 0;
    if (!is_identifier(name->text)) {
        (void)rcx_buf_printf(p->problem, "'%s' is not a name of lower-case letters, digits and _",
                             name->text);
        return refuse(p);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(windows[i].name, name->text) == 0) {
            (void)rcx_buf_printf(p->problem, "the name '%s' is there twice", name->text);
            return refuse(p);
        }
    }
    if (!is_plain(item) || !rcx_parse_i64(rcx_text_of(item->text), &days))
        return refuse_form(p, item);
    if (!in_range(p->key, (double)days))
        return refuse_range(p, item);
    if (index > 0 && windows[index - 1].days >= days) {
        (void)rcx_buf_printf(p->problem, "'%s' (%s days) is not longer than the window before it",
                             name->text, item->text);
        return refuse(p);
    }
    const char *copy = rcx_cfg_arena_text(p->arena, name->text, strlen(name->text));
    if (copy == NULL)
        return RCX_E_NOMEM;
    windows[index] = (struct rcx_cfg_window){copy, days};
    return RCX_OK;
}

static enum rcx_status parse_windows(const struct parse *p)
{
    if (p->raw->count != RCX_CFG_WINDOW_COUNT) {
        (void)rcx_buf_printf(p->problem, "%zu windows, not %d", p->raw->count,
                             RCX_CFG_WINDOW_COUNT);
        return refuse(p);
    }
    struct rcx_cfg_window *windows = rcx_cfg_arena_alloc(p->arena, p->raw->count * sizeof *windows);
    if (windows == NULL)
        return RCX_E_NOMEM;
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < p->raw->count && status == RCX_OK; i++)
        status = parse_window(p, i, windows);
    if (status == RCX_OK)
        *(struct rcx_cfg_windows *)p->field = (struct rcx_cfg_windows){p->raw->count, windows};
    return status;
}

static enum rcx_status parse_tiers(const struct parse *p)
{
    return rcx_tiers_parse(p->raw, p->arena, p->field, p->problem);
}

/* +HH:MM or -HH:MM, to seconds. */
static enum rcx_status parse_offset(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    const char *text = scalar->text;
    int64_t hours = 0, minutes = 0;
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        strspn(text + 1, "0123456789") != 2 || strspn(text + 4, "0123456789") != 2 ||
        !rcx_parse_i64((struct rcx_text){text + 1, 2}, &hours) ||
        !rcx_parse_i64((struct rcx_text){text + 4, 2}, &minutes) || minutes > 59)
        return refuse_form(p, scalar);
    int64_t seconds = (hours * 60 + minutes) * 60 * (text[0] == '-' ? -1 : 1);
    if (!in_range(p->key, (double)seconds))
        return refuse_range(p, scalar);
    *(int64_t *)p->field = seconds;
    return RCX_OK;
}

static enum rcx_status parse_period(const struct parse *p)
{
    const struct rcx_raw_scalar *scalar = &p->raw->items[0];
    int64_t value = 0;
    if (strcmp(scalar->text, "month") == 0)
        value = RCX_CFG_EVERY_MONTH;
    else if (strcmp(scalar->text, "week") == 0)
        value = RCX_CFG_EVERY_WEEK;
    else
        return parse_int(p);
    *(int64_t *)p->field = value;
    return RCX_OK;
}

static enum rcx_raw_kind kind_of(enum rcx_key_type type)
{
    if (type == RCX_KEY_LIST || type == RCX_KEY_DATES)
        return RCX_RAW_SEQUENCE;
    return type == RCX_KEY_WINDOWS || type == RCX_KEY_TIERS ? RCX_RAW_MAPPING : RCX_RAW_SCALAR;
}

/* The first item (or its name) that is no text at all; the count when all are. */
static size_t first_non_text(const struct rcx_raw *raw)
{
    size_t i = 0;
    while (i < raw->count && raw->items[i].text != NULL &&
           (raw->kind != RCX_RAW_MAPPING || raw->names[i].text != NULL))
        i++;
    return i;
}

static enum rcx_status parse_kind(const struct parse *p)
{
    static const char *const names[] = {"a single value", "a list", "a mapping"};
    size_t odd = first_non_text(p->raw);
    if (odd < p->raw->count && p->raw->kind == kind_of(p->key->type)) {
        (void)rcx_buf_printf(p->problem, "item %zu is not a single text or number", odd + 1);
        return refuse(p);
    }
    if (p->raw->kind == RCX_RAW_SCALAR && odd == 1 && is_null(&p->raw->items[0])) {
        (void)rcx_buf_append_text(p->problem, "has no value");
        return refuse(p);
    }
    if (p->raw->kind == kind_of(p->key->type)) {
        static enum rcx_status (*const parsers[RCX_KEY_TYPE_COUNT])(const struct parse *) = {
            [RCX_KEY_BOOL] = parse_bool,     [RCX_KEY_INT] = parse_int,
            [RCX_KEY_AUTO_INT] = parse_int,  [RCX_KEY_REAL] = parse_real,
            [RCX_KEY_SIZE] = parse_size,     [RCX_KEY_AUTO_SIZE] = parse_size,
            [RCX_KEY_TEXT] = parse_text,     [RCX_KEY_ENUM] = parse_enum,
            [RCX_KEY_LIST] = parse_list,     [RCX_KEY_AUTO_DATE] = parse_auto_date,
            [RCX_KEY_DATES] = parse_dates,   [RCX_KEY_WINDOWS] = parse_windows,
            [RCX_KEY_TIERS] = parse_tiers,   [RCX_KEY_OFFSET] = parse_offset,
            [RCX_KEY_PERIOD] = parse_period,
        };
        return parsers[p->key->type](p);
    }
    (void)rcx_buf_printf(p->problem, "found %s", names[p->raw->kind]);
    return refuse(p);
}

/* "name: item" (mappings) or "item", both trimmed, into scalars of their own. */
static bool split_part(const struct parse *p, struct rcx_text part, bool mapping,
                       struct rcx_raw_scalar *name, struct rcx_raw_scalar *item)
{
    const char *colon = mapping ? memchr(part.data, ':', part.length) : NULL;
    size_t before = colon != NULL ? (size_t)(colon - part.data) : 0;
    size_t skip = colon != NULL ? before + 1 : 0;
    struct rcx_text left = rcx_text_trim((struct rcx_text){part.data, before});
    struct rcx_text right = rcx_text_trim((struct rcx_text){part.data + skip, part.length - skip});
    *name = (struct rcx_raw_scalar){rcx_cfg_arena_text(p->arena, left.data, left.length), false,
                                    true};
    *item = (struct rcx_raw_scalar){rcx_cfg_arena_text(p->arena, right.data, right.length), false,
                                    true};
    return name->text != NULL && item->text != NULL;
}

/* "a, b" to a sequence, "x: 1, y: 2" to a mapping; blank text has no items. */
static enum rcx_status split_loose(const struct parse *p, struct rcx_raw *out)
{
    struct rcx_text rest = rcx_text_of(p->raw->items[0].text);
    bool mapping = kind_of(p->key->type) == RCX_RAW_MAPPING;
    size_t parts = rcx_text_trim(rest).length > 0;
    for (size_t i = 0; i < rest.length && parts > 0; i++)
        parts += rest.data[i] == ',';
    struct rcx_raw_scalar *items = rcx_cfg_arena_alloc(p->arena, parts * sizeof *items);
    struct rcx_raw_scalar *names = rcx_cfg_arena_alloc(p->arena, parts * sizeof *names);
    if (items == NULL || names == NULL)
        return RCX_E_NOMEM;
    for (size_t i = 0; i < parts; i++) {
        const char *comma = memchr(rest.data, ',', rest.length);
        struct rcx_text part = {rest.data,
                                comma != NULL ? (size_t)(comma - rest.data) : rest.length};
        if (!split_part(p, part, mapping, &names[i], &items[i]))
            return RCX_E_NOMEM;
        if (comma != NULL)
            rest = (struct rcx_text){comma + 1, rest.length - part.length - 1};
    }
    *out = (struct rcx_raw){mapping ? RCX_RAW_MAPPING : RCX_RAW_SEQUENCE, parts, names, items};
    return RCX_OK;
}

enum rcx_status rcx_value_parse(const struct rcx_key *key, const struct rcx_raw *raw,
                                struct rcx_cfg_arena *arena, struct rcx_config *config,
                                struct rcx_buf *problem)
{
    struct parse p = {key, raw, arena, field_of(key, config), problem};
    struct rcx_raw split;
    if (key->type == RCX_KEY_TIERS && raw->kind == RCX_RAW_SCALAR && raw->items[0].text != NULL &&
        !is_null(&raw->items[0]) && raw->items[0].text[0] != '\0' &&
        strchr(raw->items[0].text, '=') == NULL) {
        enum rcx_status status = rcx_tiers_read(raw->items[0].text, arena, &split, problem);
        if (status != RCX_OK)
            return status;
        p.raw = &split;
        return parse_kind(&p);
    }
    if (raw->kind == RCX_RAW_SCALAR && raw->items[0].loose &&
        kind_of(key->type) != RCX_RAW_SCALAR) {
        enum rcx_status status = split_loose(&p, &split);
        if (status != RCX_OK)
            return status;
        p.raw = &split;
    }
    return parse_kind(&p);
}
