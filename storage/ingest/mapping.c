#include "storage/ingest/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static bool ignored(char c)
{
    return c == ' ' || c == '_' || c == '-' || c == '\t';
}

/* Whether two names are equal but for case, spaces, '_' and '-'. */
static bool same_name(const char *a, const char *b)
{
    for (;;) {
        while (ignored(*a))
            a++;
        while (ignored(*b))
            b++;
        if (*a == '\0' || rcx_ascii_lower(*a) != rcx_ascii_lower(*b))
            return *a == *b;
        a++;
        b++;
    }
}

static const struct rcx_cfg_list *aliases(const struct rcx_cfg_ingest *config, enum rcx_field field)
{
    switch (field) {
    case RCX_FIELD_INVOICE_NO:
        return &config->columns_invoice_no;
    case RCX_FIELD_STOCK_CODE:
        return &config->columns_stock_code;
    case RCX_FIELD_DESCRIPTION:
        return &config->columns_description;
    case RCX_FIELD_QUANTITY:
        return &config->columns_quantity;
    case RCX_FIELD_INVOICE_DATE:
        return &config->columns_invoice_date;
    case RCX_FIELD_UNIT_PRICE:
        return &config->columns_unit_price;
    case RCX_FIELD_CUSTOMER_ID:
        return &config->columns_customer_id;
    case RCX_FIELD_COUNTRY:
    case RCX_FIELD_COUNT:
    default:
        return &config->columns_country;
    }
}

enum rcx_status rcx_ingest_map_parse(const char *text, struct rcx_ingest_map *out,
                                     struct rcx_error *err)
{
    const char *equals = strchr(text, '=');
    char word[64];
    if (!equals || equals[1] == '\0' || (size_t)(equals - text) >= sizeof word)
        return rcx_fail(err, RCX_E_USAGE,
                        "'%s': expected FIELD=COLUMN, for instance "
                        "customer_id=Kunde",
                        text);
    memcpy(word, text, (size_t)(equals - text));
    word[equals - text] = '\0';
    const char *names[RCX_FIELD_COUNT];
    for (int field = 0; field < RCX_FIELD_COUNT; field++) {
        names[field] = rcx_field_name((enum rcx_field)field);
        if (same_name(word, names[field])) {
            *out = (struct rcx_ingest_map){(enum rcx_field)field, equals + 1};
            return RCX_OK;
        }
    }
    const char *close = rcx_suggest(word, names, RCX_FIELD_COUNT);
    return rcx_fail(err, RCX_E_USAGE,
                    "'%s' is not a field%s%s%s; fields are invoice_no, stock_code, "
                    "description, quantity, invoice_date, unit_price, "
                    "customer_id, country",
                    word, close ? "; did you mean '" : "", close ? close : "", close ? "'" : "");
}

static void append_columns(struct rcx_buf *text, const struct rcx_source_info *info)
{
    enum { SHOWN = 40 };
    for (size_t i = 0; i < info->column_count && i < SHOWN; i++)
        rcx_buf_printf(text, "%s'%s'", i == 0 ? "" : ", ", info->columns[i].name);
    if (info->column_count > SHOWN)
        rcx_buf_printf(text, ", and %zu more", info->column_count - SHOWN);
}

/* Finds the one column of that name; -1 when there is none, -2 when there are several. */
static int find_column(const struct rcx_source_info *info, const char *name)
{
    int found = RCX_NO_COLUMN;
    for (size_t i = 0; i < info->column_count; i++) {
        if (!same_name(info->columns[i].name, name))
            continue;
        if (found >= 0)
            return -2;
        found = (int)i;
    }
    return found;
}

static enum rcx_status fail_column(const char *input, const struct rcx_source_info *info,
                                   enum rcx_field field, const char *what, struct rcx_error *err)
{
    struct rcx_buf seen = {0};
    append_columns(&seen, info);
    enum rcx_status status = rcx_fail(
        err, RCX_E_INPUT, "%s: %s %s; the file has the columns %s; say --map %s=COLUMN", input,
        what, rcx_field_name(field), rcx_buf_text(&seen), rcx_field_name(field));
    rcx_buf_release(&seen);
    return status;
}

static enum rcx_status find_told(const char *input, const struct rcx_source_info *info,
                                 const struct rcx_ingest_map *map, int *out, struct rcx_error *err)
{
    int found = RCX_NO_COLUMN;
    if (map->column[0] == '#') {
        int64_t number = 0;
        if (rcx_parse_i64(rcx_text_of(map->column + 1), &number) && number >= 1 &&
            (uint64_t)number <= info->column_count)
            found = (int)number - 1;
    }
    if (found < 0)
        found = find_column(info, map->column);
    if (found < 0) {
        struct rcx_buf seen = {0};
        append_columns(&seen, info);
        enum rcx_status status = rcx_fail(
            err, RCX_E_INPUT, "%s: %s column '%s' for %s; the file has the columns %s", input,
            found == RCX_NO_COLUMN ? "no" : "more than one", map->column,
            rcx_field_name(map->field), rcx_buf_text(&seen));
        rcx_buf_release(&seen);
        return status;
    }
    *out = found;
    return RCX_OK;
}

/* All required fields without a column at once, so that nobody has to try one after the other. */
static enum rcx_status fail_missing(const char *input, const struct rcx_source_info *info,
                                    const struct rcx_mapping *mapping, struct rcx_error *err)
{
    struct rcx_buf fields = {0}, options = {0}, seen = {0};
    bool any = false;
    for (int f = 0; f < RCX_FIELD_COUNT; f++) {
        any = any || mapping->column[f] >= 0;
        if (mapping->column[f] >= 0 || !rcx_field_required((enum rcx_field)f))
            continue;
        const char *name = rcx_field_name((enum rcx_field)f);
        rcx_buf_printf(&fields, "%s%s", fields.length > 0 ? ", " : "", name);
        rcx_buf_printf(&options, " --map %s=COLUMN", name);
    }
    append_columns(&seen, info);
    enum rcx_status status = rcx_fail(
        err, RCX_E_INPUT, "%s: no column found for %s; %s %s; say%s", input, rcx_buf_text(&fields),
        any ? "the file has the columns"
            : "no name in the first line is known, it must name the columns and has",
        rcx_buf_text(&seen), rcx_buf_text(&options));
    rcx_buf_release(&fields);
    rcx_buf_release(&options);
    rcx_buf_release(&seen);
    return status;
}

static enum rcx_status find_field(const char *input, const struct rcx_source_info *info,
                                  const struct rcx_cfg_ingest *config,
                                  const struct rcx_ingest_map *maps, size_t map_count,
                                  enum rcx_field field, int *out, struct rcx_error *err)
{
    *out = RCX_NO_COLUMN;
    for (size_t i = map_count; i > 0; i--) /* the last one said wins */
        if (maps[i - 1].field == field)
            return find_told(input, info, &maps[i - 1], out, err);
    const struct rcx_cfg_list *names = aliases(config, field);
    for (size_t i = 0; i < names->count; i++) {
        int found = find_column(info, names->items[i]);
        if (found == -2)
            return fail_column(input, info, field, "more than one column can be", err);
        if (found >= 0) {
            *out = found;
            return RCX_OK;
        }
    }
    return RCX_OK;
}

enum rcx_status rcx_mapping_find(const char *input, const struct rcx_source_info *info,
                                 const struct rcx_cfg_ingest *config,
                                 const struct rcx_ingest_map *maps, size_t map_count,
                                 struct rcx_mapping *out, struct rcx_error *err)
{
    struct rcx_mapping mapping = {.column_count = info->column_count};
    bool missing = false;
    for (int f = 0; f < RCX_FIELD_COUNT; f++) {
        enum rcx_field field = (enum rcx_field)f;
        enum rcx_status status = find_field(input, info, config, maps, map_count, field,
                                            &mapping.column[field], err);
        if (status != RCX_OK)
            return status;
        int column = mapping.column[field];
        missing = missing || (column < 0 && rcx_field_required(field));
        mapping.name[field] = column >= 0 ? info->columns[column].name : rcx_field_name(field);
    }
    if (missing)
        return fail_missing(input, info, &mapping, err);
    int date = mapping.column[RCX_FIELD_INVOICE_DATE];
    mapping.utc_dates = date >= 0 && info->columns[date].utc;
    *out = mapping;
    return RCX_OK;
}
