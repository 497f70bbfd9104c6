/* What involves several keys at once. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "config/settings_internal.h"

/* Where the user can change it: the origin of the first of the two keys that is not a default. */
static const char *origin_of(const struct rcx_settings *settings, const char *a, const char *b)
{
    const char *first = rcx_settings_origin(settings, rcx_key_find(a));
    return strcmp(first, "default") != 0 ? first : rcx_settings_origin(settings, rcx_key_find(b));
}

static void check_features(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    const struct rcx_cfg_features *features = &settings->config.features;
    const char *key = "features.observation_days";
    if (features->observation_days % 30 != 0)
        rcx_cfg_problem(problems, rcx_settings_origin(settings, rcx_key_find(key)),
                        "%s: %" PRId64 " is not a multiple of 30; the nearest are %" PRId64
                        " and %" PRId64,
                        key, features->observation_days, features->observation_days / 30 * 30,
                        features->observation_days / 30 * 30 + 30);
    for (size_t i = 0; i < features->windows.count; i++) {
        const struct rcx_cfg_window *window = &features->windows.items[i];
        if (window->days > features->observation_days)
            rcx_cfg_problem(problems, origin_of(settings, "features.windows", key),
                            "features.windows: '%s' is %" PRId64
                            " days, longer than the observation window (%s: %" PRId64
                            "); shorten it or lengthen the observation window",
                            window->name, window->days, key, features->observation_days);
    }
}

static void check_snapshots(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    const struct rcx_cfg_snapshots *snapshots = &settings->config.snapshots;
    char first[RCX_DATE_TEXT_BYTES], last[RCX_DATE_TEXT_BYTES];
    if (snapshots->first != RCX_CFG_AUTO_DAY && snapshots->last != RCX_CFG_AUTO_DAY &&
        snapshots->first > snapshots->last)
        rcx_cfg_problem(problems, origin_of(settings, "snapshots.first", "snapshots.last"),
                        "snapshots.first (%s) is later than snapshots.last (%s)",
                        rcx_format_day(snapshots->first, first),
                        rcx_format_day(snapshots->last, last));
}

/* Column names are compared without regard to case, spaces, underscores and hyphens. */
static bool same_column(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " _-");
        b += strspn(b, " _-");
        if (*a == '\0' || rcx_ascii_lower(*a) != rcx_ascii_lower(*b))
            return *a == *b;
        a++;
        b++;
    }
}

static const struct rcx_cfg_list *list_of(const struct rcx_settings *settings,
                                          const struct rcx_key *key)
{
    return (const struct rcx_cfg_list *)(const void *)((const char *)&settings->config +
                                                       key->offset);
}

static bool has_column(const struct rcx_cfg_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (same_column(list->items[i], name))
            return true;
    return false;
}

static void check_columns(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    for (size_t a = 0; a < rcx_key_count(); a++) {
        const struct rcx_key *one = rcx_key_at(a);
        if (strncmp(one->name, "ingest.columns.", 15) != 0)
            continue;
        for (size_t b = a + 1; b < rcx_key_count(); b++) {
            const struct rcx_key *other = rcx_key_at(b);
            if (strncmp(other->name, "ingest.columns.", 15) != 0)
                continue;
            const struct rcx_cfg_list *list = list_of(settings, one);
            for (size_t i = 0; i < list->count; i++)
                if (has_column(list_of(settings, other), list->items[i]))
                    rcx_cfg_problem(problems, origin_of(settings, one->name, other->name),
                                    "the column name '%s' is in both %s and %s; take it out of one",
                                    list->items[i], one->name, other->name);
        }
    }
}

static void check_ingest(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    const struct rcx_cfg_ingest *ingest = &settings->config.ingest;
    if (ingest->min_year > ingest->max_year)
        rcx_cfg_problem(problems, origin_of(settings, "ingest.min_year", "ingest.max_year"),
                        "ingest.min_year (%" PRId64 ") is after ingest.max_year (%" PRId64 ")",
                        ingest->min_year, ingest->max_year);
    check_columns(settings, problems);
}

static void check_segments(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    const struct rcx_cfg_segments *segments = &settings->config.segments;
    if (segments->k_min > segments->k_max)
        rcx_cfg_problem(problems, origin_of(settings, "segments.k_min", "segments.k_max"),
                        "segments.k_min (%" PRId64 ") is above segments.k_max (%" PRId64 ")",
                        segments->k_min, segments->k_max);
    if (segments->k_least > segments->k_max)
        rcx_cfg_problem(problems, origin_of(settings, "segments.k_least", "segments.k_max"),
                        "segments.k_least (%" PRId64 ") is above segments.k_max (%" PRId64 ")",
                        segments->k_least, segments->k_max);
    if (segments->inputs.count == 0)
        rcx_cfg_problem(problems, rcx_settings_origin(settings, rcx_key_find("segments.inputs")),
                        "segments.inputs is empty; expected names of features");
}

void rcx_cfg_check(const struct rcx_settings *settings, struct rcx_cfg_problems *problems)
{
    check_ingest(settings, problems);
    check_snapshots(settings, problems);
    check_features(settings, problems);
    check_segments(settings, problems);
}
