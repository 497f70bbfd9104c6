#pragma once
/* Shared by the files that put the configuration together; nobody else includes it. */
#include "base/buf.h"
#include "config/settings.h"
#include "config/value.h"

struct rcx_settings {
    struct rcx_config config;
    struct rcx_cfg_arena arena;
    const char **origins; /* one for each key; texts in the arena or static */
};

/* Problems found so far, one line each; the first RCX_CFG_PROBLEMS_SHOWN are kept as text. */
enum { RCX_CFG_PROBLEMS_SHOWN = 8 };
struct rcx_cfg_problems {
    struct rcx_buf text;
    size_t count;
};
void rcx_cfg_problem(struct rcx_cfg_problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "no such key", with the nearest one. */
void rcx_cfg_problem_unknown(struct rcx_cfg_problems *problems, const char *where,
                             const char *name);

/* Gives the key the raw value; what is wrong with it goes to `problems`. `origin` must outlive the
 * settings. Errors: RCX_E_NOMEM only. */
enum rcx_status rcx_cfg_assign(struct rcx_settings *settings, const struct rcx_key *key,
                               const struct rcx_raw *raw, const char *where, const char *origin,
                               struct rcx_cfg_problems *problems);

/* Reads the YAML file into the settings. Errors: RCX_E_IO, RCX_E_NOMEM; problems of the content go
 * to `problems`. */
enum rcx_status rcx_cfg_read_yaml(struct rcx_settings *settings, const char *path,
                                  struct rcx_cfg_problems *problems, struct rcx_error *err);

/* What involves several keys. */
void rcx_cfg_check(const struct rcx_settings *settings, struct rcx_cfg_problems *problems);
