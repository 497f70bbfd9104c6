#pragma once
/* The keys as data: what the .def files of config/keys declare, for everything that handles keys
 * without knowing them (loading, listing, documentation, digests). */
#include <stddef.h>

#include "config/config.h"

enum rcx_key_type {
    RCX_KEY_BOOL,
    RCX_KEY_INT,
    RCX_KEY_AUTO_INT, /* "auto" or a whole number */
    RCX_KEY_REAL,
    RCX_KEY_SIZE,
    RCX_KEY_AUTO_SIZE,
    RCX_KEY_TEXT,
    RCX_KEY_ENUM,
    RCX_KEY_LIST, /* of texts */
    RCX_KEY_AUTO_DATE,
    RCX_KEY_DATES,
    RCX_KEY_WINDOWS, /* name: days, ... */
    RCX_KEY_TIERS,   /* name: fields of a campaign tier, ... (tiers.h) */
    RCX_KEY_OFFSET,  /* +HH:MM */
    RCX_KEY_PERIOD,  /* month, week, or days */
    RCX_KEY_TYPE_COUNT
};

struct rcx_key {
    const char *section; /* "cleaning" */
    const char *name;    /* "cleaning.outliers.fit_days" */
    const char *field;   /* "outliers_fit_days" */
    enum rcx_key_type type;
    size_t offset;             /* of the field in struct rcx_config */
    const char *default_text;  /* as for --set */
    double min, max;           /* numbers; for TEXT the length in bytes */
    const char *unit;          /* may be "" */
    const char *meaning;       /* one sentence without a final stop */
    const char *const *values; /* ENUM: texts of its constants 0, 1, ...; else NULL */
    size_t value_count;
};

struct rcx_section {
    const char *name;
    const char *meaning;
};

size_t rcx_key_count(void);
const struct rcx_key *rcx_key_at(size_t index);
size_t rcx_key_index(const struct rcx_key *key);
/* NULL when there is none. */
const struct rcx_key *rcx_key_find(const char *name);
/* The key of that name, or else the most similar one: of all names, or of all last parts of names
 * ("observation_day" finds features.observation_days); NULL when nothing is near. */
const struct rcx_key *rcx_key_suggest(const char *name);
/* The most similar name of a section; NULL when nothing is near. */
const char *rcx_section_suggest(const char *name);
/* Whether `name` is a proper prefix of keys ("cleaning", "cleaning.outliers"). */
bool rcx_key_is_group(const char *name);

size_t rcx_section_count(void);
const struct rcx_section *rcx_section_at(size_t index);

/* What a value of the key looks like, for messages and documents: "whole number, 30 to 3600 days".
 */
struct rcx_buf;
bool rcx_key_describe(const struct rcx_key *key, struct rcx_buf *out);
