#include "config/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/settings_internal.h"

void rcx_cfg_problem(struct rcx_cfg_problems *problems, const char *where, const char *format, ...)
{
    if (problems->count++ >= RCX_CFG_PROBLEMS_SHOWN)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)rcx_buf_printf(&problems->text, "%s%s: %s", problems->count > 1 ? "\n" : "", where, line);
}

void rcx_cfg_problem_unknown(struct rcx_cfg_problems *problems, const char *where, const char *name)
{
    if (rcx_key_is_group(name)) {
        rcx_cfg_problem(problems, where,
                        "'%s' is a group of keys, not a key; give one of its keys a value", name);
        return;
    }
    const struct rcx_key *near = rcx_key_suggest(name);
    const char *section = strchr(name, '.') == NULL ? rcx_section_suggest(name) : NULL;
    bool is_last_part = near != NULL && strcmp(strrchr(near->name, '.') + 1, name) == 0;
    if (section != NULL && !is_last_part)
        rcx_cfg_problem(problems, where, "there is no key '%s'; did you mean the group '%s'?", name,
                        section);
    else if (near != NULL)
        rcx_cfg_problem(problems, where, "there is no key '%s'; did you mean '%s'?", name,
                        near->name);
    else
        rcx_cfg_problem(problems, where, "there is no key '%s'; 'rcx config list' shows all keys",
                        name);
}

enum rcx_status rcx_cfg_assign(struct rcx_settings *settings, const struct rcx_key *key,
                               const struct rcx_raw *raw, const char *where, const char *origin,
                               struct rcx_cfg_problems *problems)
{
    struct rcx_buf problem = {0};
    enum rcx_status status = rcx_value_parse(key, raw, &settings->arena, &settings->config,
                                             &problem);
    if (status == RCX_OK)
        settings->origins[rcx_key_index(key)] = origin;
    if (status == RCX_E_CONFIG)
        rcx_cfg_problem(problems, where, "%s: %s (default %s)", key->name, rcx_buf_text(&problem),
                        key->default_text[0] != '\0' ? key->default_text : "empty");
    rcx_buf_release(&problem);
    return status == RCX_E_NOMEM ? RCX_E_NOMEM : RCX_OK;
}

/* A value given as one text: default, environment, --set, option. */
static enum rcx_status assign_text(struct rcx_settings *settings, const char *name,
                                   const char *text, const char *origin,
                                   struct rcx_cfg_problems *problems)
{
    const struct rcx_key *key = rcx_key_find(name);
    if (key == NULL) {
        rcx_cfg_problem_unknown(problems, origin, name);
        return RCX_OK;
    }
    struct rcx_raw_scalar scalar = {.text = text, .loose = true};
    struct rcx_raw raw = {.kind = RCX_RAW_SCALAR, .count = 1, .items = &scalar};
    return rcx_cfg_assign(settings, key, &raw, origin, origin, problems);
}

static enum rcx_status assign_defaults(struct rcx_settings *settings,
                                       struct rcx_cfg_problems *problems)
{
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < rcx_key_count() && status == RCX_OK; i++)
        status = assign_text(settings, rcx_key_at(i)->name, rcx_key_at(i)->default_text, "default",
                             problems);
    return status;
}

/* RCX_CLEANING__OUTLIERS__FIT_DAYS to cleaning.outliers.fit_days; false when it does not name a
 * key. */
static bool name_of_variable(const char *variable, size_t length, char *out, size_t room)
{
    if (length < 4 || strncmp(variable, "RCX_", 4) != 0 || length - 4 >= room)
        return false;
    size_t used = 0;
    bool has_dot = false;
    for (size_t i = 4; i < length; i++) {
        bool dot = variable[i] == '_' && i + 1 < length && variable[i + 1] == '_';
        out[used++] = dot ? '.' : rcx_ascii_lower(variable[i]);
        has_dot |= dot;
        i += dot;
    }
    out[used] = '\0';
    return has_dot;
}

/* A variable without "__" is none of ours, unless it is a key but for the underscores: then it was
 * meant to be one. */
static void check_underscores(const char *variable, size_t length,
                              struct rcx_cfg_problems *problems)
{
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const char *name = rcx_key_at(i)->name;
        size_t at = 0;
        while (name[at] != '\0' && at + 4 < length &&
               (name[at] == '.' ? '_' : name[at]) == rcx_ascii_lower(variable[at + 4]))
            at++;
        if (name[at] != '\0' || at + 4 != length || strncmp(variable, "RCX_", 4) != 0)
            continue;
        char where[160];
        (void)snprintf(where, sizeof where, "environment %.*s", (int)length, variable);
        rcx_cfg_problem(problems, where, "a dot of a key is written as two underscores: '%s'",
                        name);
    }
}

static enum rcx_status assign_variables(struct rcx_settings *settings,
                                        const struct rcx_config_sources *sources,
                                        struct rcx_cfg_problems *problems)
{
    for (size_t i = 0; i < sources->variable_count; i++) {
        const char *variable = sources->variables[i], *equals = strchr(variable, '=');
        char name[128], origin[160];
        size_t length = equals != NULL ? (size_t)(equals - variable) : 0;
        if (!name_of_variable(variable, length, name, sizeof name)) {
            check_underscores(variable, length, problems);
            continue;
        }
        (void)snprintf(origin, sizeof origin, "environment %.*s", (int)length, variable);
        const char *kept = rcx_cfg_arena_text(&settings->arena, origin, strlen(origin));
        if (kept == NULL || assign_text(settings, name, equals + 1, kept, problems) != RCX_OK)
            return RCX_E_NOMEM;
    }
    return RCX_OK;
}

static enum rcx_status assign_sets(struct rcx_settings *settings,
                                   const struct rcx_config_sources *sources,
                                   struct rcx_cfg_problems *problems)
{
    for (size_t i = 0; i < sources->set_count; i++) {
        const char *set = sources->sets[i], *equals = strchr(set, '=');
        char name[128];
        size_t length = equals != NULL ? (size_t)(equals - set) : 0;
        if (equals == NULL || length == 0 || length >= sizeof name) {
            rcx_cfg_problem(problems, "--set", "'%s' is not of the form section.key=value", set);
            continue;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)length, set);
        if (assign_text(settings, name, equals + 1, "--set", problems) != RCX_OK)
            return RCX_E_NOMEM;
    }
    return RCX_OK;
}

static enum rcx_status assign_options(struct rcx_settings *settings,
                                      const struct rcx_config_sources *sources,
                                      struct rcx_cfg_problems *problems)
{
    for (size_t i = 0; i < sources->option_count; i++) {
        const struct rcx_option_value *option = &sources->options[i];
        const char *origin = rcx_cfg_arena_text(&settings->arena, option->option,
                                                strlen(option->option));
        if (origin == NULL ||
            assign_text(settings, option->key, option->value, origin, problems) != RCX_OK)
            return RCX_E_NOMEM;
    }
    return RCX_OK;
}

/* All sources, weakest first. */
static enum rcx_status assign_all(struct rcx_settings *settings,
                                  const struct rcx_config_sources *sources,
                                  struct rcx_cfg_problems *problems, struct rcx_error *err)
{
    enum rcx_status status = assign_defaults(settings, problems);
    bool has_file = sources->file != NULL &&
                    (!sources->file_may_miss || rcx_file_exists(sources->file));
    if (status == RCX_OK && has_file) {
        status = rcx_cfg_read_yaml(settings, sources->file, problems, err);
        if (status != RCX_OK)
            return status;
    }
    if (status == RCX_OK)
        status = assign_variables(settings, sources, problems);
    if (status == RCX_OK)
        status = assign_sets(settings, sources, problems);
    if (status == RCX_OK)
        status = assign_options(settings, sources, problems);
    return status == RCX_OK ? RCX_OK : rcx_fail_nomem(err, "configuration", 0);
}

static enum rcx_status report(struct rcx_cfg_problems *problems, struct rcx_error *err)
{
    if (problems->count == 0)
        return RCX_OK;
    if (problems->count > RCX_CFG_PROBLEMS_SHOWN)
        (void)rcx_buf_printf(&problems->text, "\n%zu more problems",
                             problems->count - RCX_CFG_PROBLEMS_SHOWN);
    return rcx_fail(err, RCX_E_CONFIG, "%s", rcx_buf_text(&problems->text));
}

enum rcx_status rcx_settings_load(const struct rcx_config_sources *sources,
                                  struct rcx_settings **out, struct rcx_error *err)
{
    struct rcx_cfg_problems problems = {0};
    struct rcx_settings *settings = rcx_calloc(1, sizeof *settings);
    if (settings == NULL)
        return rcx_fail_nomem(err, "configuration", sizeof *settings);
    enum rcx_status status = RCX_OK;
    settings->origins = rcx_calloc(rcx_key_count(), sizeof *settings->origins);
    if (settings->origins == NULL)
        status = rcx_fail_nomem(err, "configuration", rcx_key_count() * sizeof *settings->origins);
    if (status == RCX_OK)
        status = assign_all(settings, sources, &problems, err);
    if (status == RCX_OK && problems.count == 0)
        rcx_cfg_check(settings, &problems);
    if (status == RCX_OK)
        status = report(&problems, err);
    rcx_buf_release(&problems.text);
    if (status == RCX_OK)
        *out = settings;
    else
        rcx_settings_release(settings);
    return status;
}

void rcx_settings_release(struct rcx_settings *settings)
{
    if (settings == NULL)
        return;
    rcx_cfg_arena_release(&settings->arena);
    rcx_free(settings->origins);
    rcx_free(settings);
}

const struct rcx_config *rcx_settings_config(const struct rcx_settings *settings)
{
    return &settings->config;
}

const char *rcx_settings_origin(const struct rcx_settings *settings, const struct rcx_key *key)
{
    return settings->origins[rcx_key_index(key)];
}

static bool digest_covers(const struct rcx_key *key, const char *const *sections, size_t count)
{
    if (sections == NULL)
        return strcmp(key->name, "runtime.seed") == 0 ||
               (strcmp(key->section, "runtime") != 0 && strcmp(key->section, "log") != 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(sections[i], key->section) == 0 || strcmp(sections[i], key->name) == 0)
            return true;
    return false;
}

enum rcx_status rcx_settings_digest(const struct rcx_settings *settings,
                                    const char *const *sections, size_t section_count,
                                    struct rcx_digest *out, struct rcx_error *err)
{
    struct rcx_buf text = {0};
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const struct rcx_key *key = rcx_key_at(i);
        if (!digest_covers(key, sections, section_count))
            continue;
        (void)rcx_buf_printf(&text, "%s: ", key->name);
        (void)rcx_value_print_yaml(key, &settings->config, &text);
        (void)rcx_buf_append_byte(&text, '\n');
    }
    enum rcx_status status = RCX_OK;
    if (text.failed)
        status = rcx_fail_nomem(err, "configuration digest", text.length);
    else
        *out = rcx_hash128(text.data, text.length);
    rcx_buf_release(&text);
    return status;
}
