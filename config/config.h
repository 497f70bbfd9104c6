#pragma once
/* The configuration: every key declared once in config/keys/<section>.def, read as plain structs.
 *
 * The struct of a section has one field per key, named like the key with dots as underscores:
 * cleaning.outliers.fit_days is cfg.cleaning.outliers_fit_days. Functions take their section
 * (`const struct rcx_cfg_cleaning *`), never the whole configuration.
 *
 * Sources, strongest first: command line option, --set, environment (passed in by the caller,
 * RCX_CLEANING__OUTLIERS__FIT_DAYS), file, default. config/settings.h puts them together,
 * config/key.h describes the keys, config/docs.h writes the default file and the documentation.
 *
 * To add a key: 1. a row in config/keys/<section>.def; 2. for an enum its values in
 * config/keys/enums.def; 3. read it; 4. a row in tests/cli/key_effects.py, which shows that it has
 * an effect; 5. `scripts/generate`, which writes config/rcx.yaml and docs/config.md again. To add a
 * section: 1. its .def file; 2. a row in config/keys/sections.def; 3. an #include in
 * config/keys/all.def; 4. its struct below.
 *
 * Ownership: texts, lists and windows belong to the configuration and live as long as it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"

/* `enum rcx_<tag>` of every enum key. */
/* clang-format off */
#define ENUM_BEGIN(tag) enum rcx_##tag {
#define VALUE(constant, text) constant,
#define ENUM_END(tag) };
/* clang-format on */
#include "config/keys/enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END

struct rcx_cfg_list {
    size_t count;
    const char *const *items;
};

struct rcx_cfg_dates {
    size_t count;
    const rcx_day *items; /* ascending, distinct */
};

struct rcx_cfg_window {
    const char *name; /* lower-case identifier */
    int64_t days;
};
struct rcx_cfg_windows {
    size_t count;                       /* always RCX_CFG_WINDOW_COUNT after loading */
    const struct rcx_cfg_window *items; /* shortest first */
};
enum { RCX_CFG_WINDOW_COUNT = 4 };

struct rcx_cfg_tier {
    const char *name;           /* lower-case identifier */
    double cost;                /* money, at most 4 decimal places */
    double save_rate, discount; /* 0..1 */
    int64_t capacity;           /* customers; -1: any number */
    const char *action;         /* what to do, for people; may be "" */
};
enum { RCX_CFG_TIERS_MOST = 16 };
struct rcx_cfg_tiers {
    size_t count; /* 1..RCX_CFG_TIERS_MOST */
    const struct rcx_cfg_tier *items;
};

/* "auto": a number or size of 0, a date of RCX_CFG_AUTO_DAY. */
#define RCX_CFG_AUTO_DAY INT32_MIN
/* Periods that are not a number of days (snapshots.every). */
enum { RCX_CFG_EVERY_MONTH = -1, RCX_CFG_EVERY_WEEK = -2 };

/* The C type of each key type. OFFSET is in seconds east of UTC, PERIOD in days. */
#define RCX_CFG_C_BOOL bool
#define RCX_CFG_C_INT int64_t
#define RCX_CFG_C_AUTO_INT int64_t
#define RCX_CFG_C_REAL double
#define RCX_CFG_C_SIZE uint64_t
#define RCX_CFG_C_AUTO_SIZE uint64_t
#define RCX_CFG_C_TEXT const char *
#define RCX_CFG_C_LIST struct rcx_cfg_list
#define RCX_CFG_C_AUTO_DATE rcx_day
#define RCX_CFG_C_DATES struct rcx_cfg_dates
#define RCX_CFG_C_WINDOWS struct rcx_cfg_windows
#define RCX_CFG_C_TIERS struct rcx_cfg_tiers
#define RCX_CFG_C_OFFSET int64_t
#define RCX_CFG_C_PERIOD int64_t

#define KEY(type, section, field, name, default_text, min, max, unit, meaning)                     \
    RCX_CFG_C_##type field;
#define KEY_ENUM(tag, section, field, name, default_text, meaning) enum rcx_##tag field;

struct rcx_cfg_ingest {
#include "config/keys/ingest.def"
};
struct rcx_cfg_store {
#include "config/keys/store.def"
};
struct rcx_cfg_validation {
#include "config/keys/validation.def"
};
struct rcx_cfg_cleaning {
#include "config/keys/cleaning.def"
};
struct rcx_cfg_snapshots {
#include "config/keys/snapshots.def"
};
struct rcx_cfg_features {
#include "config/keys/features.def"
};
struct rcx_cfg_prove {
#include "config/keys/prove.def"
};
struct rcx_cfg_drift {
#include "config/keys/drift.def"
};
struct rcx_cfg_segments {
#include "config/keys/segments.def"
};
struct rcx_cfg_models {
#include "config/keys/models.def"
};
struct rcx_cfg_churn {
#include "config/keys/churn.def"
};
struct rcx_cfg_btyd {
#include "config/keys/btyd.def"
};
struct rcx_cfg_clv {
#include "config/keys/clv.def"
};
struct rcx_cfg_campaign {
#include "config/keys/campaign.def"
};
struct rcx_cfg_export {
#include "config/keys/export.def"
};
struct rcx_cfg_runtime {
#include "config/keys/runtime.def"
};
struct rcx_cfg_log {
#include "config/keys/log.def"
};
#undef KEY
#undef KEY_ENUM

struct rcx_config {
#define SECTION(name, meaning) struct rcx_cfg_##name name;
#include "config/keys/sections.def"
#undef SECTION
};
