#include "storage/ingest/choices.h"

#include "base/memory.h"

char rcx_chosen_delimiter(const struct rcx_cfg_ingest *config)
{
    switch (config->delimiter) {
    case RCX_DELIMITER_COMMA:
        return ',';
    case RCX_DELIMITER_SEMICOLON:
        return ';';
    case RCX_DELIMITER_TAB:
        return '\t';
    case RCX_DELIMITER_PIPE:
        return '|';
    case RCX_DELIMITER_AUTO:
    default:
        return 0;
    }
}

static enum rcx_date_order order_of(enum rcx_ingest_date_format format)
{
    switch (format) {
    case RCX_DATE_FORMAT_DMY:
        return RCX_DATE_DMY;
    case RCX_DATE_FORMAT_MDY:
        return RCX_DATE_MDY;
    case RCX_DATE_FORMAT_YMD:
        return RCX_DATE_YMD;
    case RCX_DATE_FORMAT_YYYYMMDD:
        return RCX_DATE_COMPACT;
    case RCX_DATE_FORMAT_EXCEL:
        return RCX_DATE_SERIAL;
    case RCX_DATE_FORMAT_AUTO:
    default:
        return RCX_DATE_UNDECIDED;
    }
}

struct rcx_verdict_given rcx_chosen_verdict(const struct rcx_cfg_ingest *config)
{
    struct rcx_verdict_given given = {.date_order = order_of(config->date_format)};
    if (config->decimal_mark == RCX_DECIMAL_MARK_POINT)
        given.decimal_mark = '.';
    else if (config->decimal_mark == RCX_DECIMAL_MARK_COMMA)
        given.decimal_mark = ',';
    return given;
}

bool rcx_chosen_columns_found(void *columns, const char *const *names, size_t count)
{
    const struct rcx_chosen_columns *chosen = columns;
    struct rcx_source_column *seen = rcx_malloc_array(count, sizeof *seen);
    for (size_t i = 0; seen && i < count; i++)
        seen[i].name = (char *)(uintptr_t)names[i];
    const struct rcx_source_info info = {.column_count = count, .columns = seen};
    struct rcx_mapping mapping;
    bool found = seen && rcx_mapping_find("", &info, chosen->config, chosen->maps,
                                          chosen->map_count, &mapping, NULL) == RCX_OK;
    rcx_free(seen);
    return found;
}
