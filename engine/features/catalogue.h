#pragma once
/* The catalogue of the features, derived from features.def: ids, names, groups, types, texts. */
#include <stddef.h>

#include "base/buf.h"
#include "config/config.h"

enum rcx_feature {
#define FEATURE(id, name, group, type, unit, definition, undefined, original) RCX_FEATURE_##id,
#define WINDOW(id, name, group, type, unit, definition, undefined, original, window)               \
    RCX_FEATURE_##id,
#include "engine/features/features.def"
#undef FEATURE
#undef WINDOW
    RCX_FEATURE_COUNT
};

enum rcx_feature_type { RCX_FEATURE_INT, RCX_FEATURE_REAL };

struct rcx_feature_info {
    const char *name; /* of a window feature the part before the window */
    const char *group;
    enum rcx_feature_type type;
    const char *unit;
    const char *definition;
    const char *undefined; /* "": never */
    const char *original;  /* "": as standard */
    int window;            /* index into features.windows, or -1 */
};
const struct rcx_feature_info *rcx_feature_info(enum rcx_feature feature);
const char *rcx_feature_type_name(enum rcx_feature_type type); /* "int", "real" */

enum { RCX_FEATURE_NAME_BYTES = 128 };
/* The column name with the windows of `cfg`: revenue_short_30d. Returns `out`. */
const char *rcx_feature_name(enum rcx_feature feature, const struct rcx_cfg_features *cfg,
                             char out[RCX_FEATURE_NAME_BYTES]);

/* The catalogue as a Markdown document (docs/features.md), with the windows of `cfg`. */
bool rcx_feature_document(const struct rcx_cfg_features *cfg, struct rcx_buf *out);
