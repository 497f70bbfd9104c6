#pragma once
/* Which column of an input holds which field: by name, ignoring case, spaces, '_' and '-', from the
 * alias lists of the configuration (earlier aliases win) or as told. */
#include <stddef.h>

#include "base/status.h"
#include "config/config.h"
#include "storage/format/source.h"
#include "storage/store/schema.h"

enum { RCX_NO_COLUMN = -1 };

struct rcx_ingest_map {
    enum rcx_field field;
    const char *column; /* name in the file, compared like the aliases; or #3 for the third */
};

struct rcx_mapping {
    size_t column_count; /* of the input */
    int column[RCX_FIELD_COUNT];
    bool utc_dates;                    /* dates come as times of UTC */
    const char *name[RCX_FIELD_COUNT]; /* as in the file; the field's name when absent */
};

/* Parses "customer_id=Kunde" (field names as in schema.h, case and separators ignored).
 * Errors: RCX_E_USAGE with a suggestion. `out->column` points into `text`. */
enum rcx_status rcx_ingest_map_parse(const char *text, struct rcx_ingest_map *out,
                                     struct rcx_error *err);

/* Errors: RCX_E_INPUT naming the missing column, the columns seen, and --map; also when two columns
 * have the name that was found. The names point into `info`. */
enum rcx_status rcx_mapping_find(const char *input, const struct rcx_source_info *info,
                                 const struct rcx_cfg_ingest *config,
                                 const struct rcx_ingest_map *maps, size_t map_count,
                                 struct rcx_mapping *out, struct rcx_error *err);
