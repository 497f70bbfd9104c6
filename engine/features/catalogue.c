#include "engine/features/catalogue.h"

#include <assert.h>
#include <stdio.h>

const struct rcx_feature_info *rcx_feature_info(enum rcx_feature feature)
{
    static const struct rcx_feature_info infos[RCX_FEATURE_COUNT] = {
#define FEATURE(id, name, group, type, unit, definition, undefined, original)                      \
    {name, group, RCX_FEATURE_##type, unit, definition, undefined, original, -1},
#define WINDOW(id, name, group, type, unit, definition, undefined, original, window)               \
    {name, group, RCX_FEATURE_##type, unit, definition, undefined, original, window},
#include "engine/features/features.def"
#undef FEATURE
#undef WINDOW
    };
    assert(feature < RCX_FEATURE_COUNT);
    return &infos[feature];
}

const char *rcx_feature_type_name(enum rcx_feature_type type)
{
    return type == RCX_FEATURE_INT ? "int" : "real";
}

const char *rcx_feature_name(enum rcx_feature feature, const struct rcx_cfg_features *cfg,
                             char out[RCX_FEATURE_NAME_BYTES])
{
    const struct rcx_feature_info *info = rcx_feature_info(feature);
    if (info->window < 0) {
        snprintf(out, RCX_FEATURE_NAME_BYTES, "%s", info->name);
        return out;
    }
    const struct rcx_cfg_window *window = &cfg->windows.items[info->window];
    snprintf(out, RCX_FEATURE_NAME_BYTES, "%s_%.64s_%lldd", info->name, window->name,
             (long long)window->days);
    return out;
}

static const char *const preamble =
    "# The features\n"
    "\n"
    "Generated from `engine/features/features.def`; `rcx features list` prints the same.\n"
    "\n"
    "A snapshot S sees the rows before its cutoff, the first second of the next day. The window "
    "is\n"
    "the last %lld days up to the cutoff. A *purchase* is an invoice of a customer, made of its "
    "rows\n"
    "inside the window, whose net quantity is positive; its instant is its earliest row. Every "
    "other\n"
    "invoice is a *return transaction*. Net revenue counts all cleaned rows, returns included; in "
    "a\n"
    "shorter window a purchase counts by its instant, revenue by its rows. Days are calendar "
    "days.\n"
    "Undefined values are null. A customer has a row when it has a purchase in the window and at\n"
    "least `cleaning.customers.min_rows` cleaned rows before the cutoff.\n"
    "\n"
    "With `features.definitions: original` every row of the window counts as a purchase of its "
    "own,\n"
    "days are elapsed days (86,400 seconds), undefined values are 0, and a customer has a row when "
    "it\n"
    "has a cleaned row in the window; the last column says what else differs.\n"
    "\n"
    "| # | name | group | type | unit | definition | undefined when | original |\n"
    "|---|---|---|---|---|---|---|---|\n";

bool rcx_feature_document(const struct rcx_cfg_features *cfg, struct rcx_buf *out)
{
    char name[RCX_FEATURE_NAME_BYTES];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)rcx_buf_printf(out, preamble, (long long)cfg->observation_days);
#pragma GCC diagnostic pop
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++) {
        const struct rcx_feature_info *info = rcx_feature_info(f);
        (void)rcx_buf_printf(out, "| %d | %s | %s | %s | %s | %s | %s | %s |\n", (int)f + 1,
                             rcx_feature_name(f, cfg, name), info->group,
                             rcx_feature_type_name(info->type), info->unit, info->definition,
                             info->undefined, info->original);
    }
    return !out->failed;
}
