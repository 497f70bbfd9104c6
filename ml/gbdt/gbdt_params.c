#include "ml/gbdt/gbdt_params.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum kind { KIND_INT, KIND_REAL, KIND_FLAG, KIND_NAMES, KIND_SIGNS, KIND_OBJECTIVE };

struct param {
    const char *name, *initial, *aliases, *help;
    enum kind kind;
    size_t offset, bytes;
    double min, max;
};

#define FIELD(name) offsetof(struct rcx_gbdt_params, name)
static const struct param table[] = {
#define INT(name, fallback, min, max, aliases, help)                                               \
    {#name, #fallback, aliases, help, KIND_INT, FIELD(name), 0, (double)(min), (double)(max)},
#define REAL(name, fallback, min, max, aliases, help)                                              \
    {#name, #fallback, aliases, help, KIND_REAL, FIELD(name), 0, min, max},
#define FLAG(name, fallback, aliases, help)                                                        \
    {#name, (fallback) ? "true" : "false", aliases, help, KIND_FLAG, FIELD(name), 0, 0, 0},
#define NAMES(name, bytes, aliases, help)                                                          \
    {#name, "", aliases, help, KIND_NAMES, FIELD(name), bytes, 0, 0},
#define SIGNS(name, aliases, help) {#name, "", aliases, help, KIND_SIGNS, FIELD(name), 0, 0, 0},
#define OBJECTIVE(name, fallback, aliases, help)                                                   \
    {#name, "regression", aliases, help, KIND_OBJECTIVE, FIELD(name), 0, 0, 0},
#include "ml/gbdt/gbdt_params.def"
#undef INT
#undef REAL
#undef FLAG
#undef NAMES
#undef SIGNS
#undef OBJECTIVE
};
enum { PARAMS = sizeof table / sizeof *table };

/* Objectives that this trainer minimises, by every name that LightGBM has for them. */
static const struct {
    const char *name;
    enum rcx_gbdt_objective objective;
} objectives[] = {
    {"regression", RCX_GBDT_REGRESSION},
    {"binary", RCX_GBDT_BINARY},
    {"tweedie", RCX_GBDT_TWEEDIE},
    {"quantile", RCX_GBDT_QUANTILE},
    {"regression_l2", RCX_GBDT_REGRESSION},
    {"l2", RCX_GBDT_REGRESSION},
    {"mean_squared_error", RCX_GBDT_REGRESSION},
    {"mse", RCX_GBDT_REGRESSION},
    {"l2_root", RCX_GBDT_REGRESSION},
    {"root_mean_squared_error", RCX_GBDT_REGRESSION},
    {"rmse", RCX_GBDT_REGRESSION},
};
enum { OBJECTIVE_NAMES = sizeof objectives / sizeof *objectives };

void rcx_gbdt_params_init(struct rcx_gbdt_params *params)
{
    *params = (struct rcx_gbdt_params){
#define INT(name, fallback, min, max, aliases, help) .name = (fallback),
#define REAL(name, fallback, min, max, aliases, help) .name = (fallback),
#define FLAG(name, fallback, aliases, help) .name = (fallback) != 0,
#define NAMES(name, bytes, aliases, help) .name = "",
#define SIGNS(name, aliases, help) .name = {0},
#define OBJECTIVE(name, fallback, aliases, help) .name = RCX_GBDT_##fallback,
#include "ml/gbdt/gbdt_params.def"
#undef INT
#undef REAL
#undef FLAG
#undef NAMES
#undef SIGNS
#undef OBJECTIVE
    };
}

void rcx_gbdt_params_release(struct rcx_gbdt_params *params)
{
    rcx_free(params->monotone_constraints.items);
    params->monotone_constraints = (struct rcx_gbdt_signs){0};
}

enum rcx_status rcx_gbdt_params_copy(const struct rcx_gbdt_params *params,
                                     struct rcx_gbdt_params *out, struct rcx_error *err)
{
    struct rcx_gbdt_params copy = *params;
    size_t count = params->monotone_constraints.count;
    copy.monotone_constraints.items = NULL;
    if (count > 0) {
        copy.monotone_constraints.items = rcx_malloc(count);
        if (!copy.monotone_constraints.items)
            return rcx_fail_nomem(err, "parameters", count);
        memcpy(copy.monotone_constraints.items, params->monotone_constraints.items, count);
    }
    *out = copy;
    return RCX_OK;
}

/* ---- names ---- */

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; length > 0 && (at = strstr(at, word)) != NULL; at += length) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

static const struct param *find(const char *name)
{
    for (size_t i = 0; i < PARAMS; i++) {
        if (strcmp(table[i].name, name) == 0 || has_word(table[i].aliases, name))
            return &table[i];
    }
    return NULL;
}

static enum rcx_status fail_unknown(const char *name, struct rcx_error *err)
{
    const char *names[PARAMS];
    for (size_t i = 0; i < PARAMS; i++)
        names[i] = table[i].name;
    const char *near = rcx_suggest(name, names, PARAMS);
    if (near)
        return rcx_fail(err, RCX_E_CONFIG, "unknown training parameter '%s'; did you mean '%s'?",
                        name, near);
    return rcx_fail(err, RCX_E_CONFIG,
                    "unknown training parameter '%s'; `rcx gbdt train --help` lists them", name);
}

/* ---- values ---- */

static void *field_of(struct rcx_gbdt_params *params, const struct param *param)
{
    return (char *)params + param->offset;
}

static enum rcx_status fail_value(const struct param *param, const char *value,
                                  struct rcx_error *err)
{
    switch (param->kind) {
    case KIND_INT:
        return rcx_fail(err, RCX_E_CONFIG,
                        "training parameter %s: '%s'; expected a whole number from %.0f to %.0f",
                        param->name, value, param->min, param->max);
    case KIND_REAL:
        return rcx_fail(err, RCX_E_CONFIG,
                        "training parameter %s: '%s'; expected a number from %g to %g", param->name,
                        value, param->min, param->max);
    case KIND_FLAG:
        return rcx_fail(err, RCX_E_CONFIG, "training parameter %s: '%s'; expected true or false",
                        param->name, value);
    case KIND_NAMES:
        return rcx_fail(err, RCX_E_CONFIG,
                        "training parameter %s: '%s'; expected fewer than %zu bytes", param->name,
                        value, param->bytes);
    case KIND_SIGNS:
        return rcx_fail(err, RCX_E_CONFIG,
                        "training parameter %s: '%s'; expected -1, 0 or 1 for each feature, "
                        "parted by commas",
                        param->name, value);
    case KIND_OBJECTIVE:
    default:
        return rcx_fail(err, RCX_E_CONFIG,
                        "training parameter %s: '%s'; expected regression, binary, tweedie or "
                        "quantile",
                        param->name, value);
    }
}

static bool parse_flag(struct rcx_text text, bool *out)
{
    static const char *const yes[] = {"true", "1", "+", "yes", "on"};
    static const char *const no[] = {"false", "0", "-", "no", "off"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        bool is_yes = rcx_text_equal_nocase(text, yes[i]);
        if (is_yes || rcx_text_equal_nocase(text, no[i])) {
            *out = is_yes;
            return true;
        }
    }
    return false;
}

/* A number of the list at *rest, which moves behind its comma; false: not -1, 0, 1. */
static bool next_sign(struct rcx_text *rest, int8_t *out)
{
    const char *comma = memchr(rest->data, ',', rest->length);
    size_t length = comma ? (size_t)(comma - rest->data) : rest->length;
    int64_t value = 0;
    if (!rcx_parse_i64(rcx_text_trim((struct rcx_text){rest->data, length}), &value) ||
        value < -1 || value > 1)
        return false;
    *out = (int8_t)value;
    size_t used = comma ? length + 1 : length;
    *rest = (struct rcx_text){rest->data + used, rest->length - used};
    return !comma || rest->length > 0;
}

static enum rcx_status set_signs(const struct param *param, const char *value,
                                 struct rcx_gbdt_signs *signs, struct rcx_error *err)
{
    struct rcx_text rest = rcx_text_trim(rcx_text_of(value));
    if (rest.length >= 2 && rest.data[0] == '[' && rest.data[rest.length - 1] == ']')
        rest = rcx_text_trim((struct rcx_text){rest.data + 1, rest.length - 2});
    struct rcx_gbdt_signs found = {.items = rcx_malloc(rest.length + 1)};
    if (!found.items)
        return rcx_fail_nomem(err, param->name, rest.length + 1);
    while (rest.length > 0) {
        if (!next_sign(&rest, &found.items[found.count])) {
            rcx_free(found.items);
            return fail_value(param, value, err);
        }
        found.count++;
    }
    rcx_free(signs->items);
    *signs = found;
    return RCX_OK;
}

static bool set_objective(struct rcx_text text, enum rcx_gbdt_objective *out)
{
    for (size_t i = 0; i < OBJECTIVE_NAMES; i++) {
        if (rcx_text_equal_nocase(text, objectives[i].name)) {
            *out = objectives[i].objective;
            return true;
        }
    }
    return false;
}

static bool set_scalar(struct rcx_gbdt_params *params, const struct param *param,
                       struct rcx_text text)
{
    void *field = field_of(params, param);
    int64_t whole = 0;
    double real = 0;
    switch (param->kind) {
    case KIND_INT:
        if (!rcx_parse_i64(text, &whole) || (double)whole < param->min ||
            (double)whole > param->max)
            return false;
        *(int64_t *)field = whole;
        return true;
    case KIND_REAL:
        if (!rcx_parse_real(text, &real) || !(real >= param->min && real <= param->max))
            return false;
        *(double *)field = real;
        return true;
    case KIND_FLAG:
        return parse_flag(text, field);
    case KIND_NAMES:
        if (text.length >= param->bytes)
            return false;
        memcpy(field, text.data, text.length);
        ((char *)field)[text.length] = '\0';
        return true;
    case KIND_OBJECTIVE:
        return set_objective(text, field);
    case KIND_SIGNS:
    default:
        return false;
    }
}

enum rcx_status rcx_gbdt_params_set(struct rcx_gbdt_params *params, const char *name,
                                    const char *value, struct rcx_error *err)
{
    const struct param *param = find(name);
    if (!param)
        return fail_unknown(name, err);
    if (param->kind == KIND_SIGNS)
        return set_signs(param, value, field_of(params, param), err);
    if (!set_scalar(params, param, rcx_text_trim(rcx_text_of(value))))
        return fail_value(param, value, err);
    return RCX_OK;
}

enum rcx_status rcx_gbdt_params_check(const struct rcx_gbdt_params *params, struct rcx_error *err)
{
    for (size_t i = 0; i < PARAMS; i++) {
        const struct param *param = &table[i];
        const void *field = (const char *)params + param->offset;
        double value = 0;
        if (param->kind == KIND_INT)
            value = (double)*(const int64_t *)field;
        else if (param->kind == KIND_REAL)
            value = *(const double *)field;
        else
            continue;
        char text[RCX_REAL_TEXT_BYTES + 1];
        text[rcx_format_real(value, text)] = '\0';
        if (!(value >= param->min && value <= param->max))
            return fail_value(param, text, err);
    }
    for (size_t i = 0; i < OBJECTIVE_NAMES; i++) {
        if (objectives[i].objective == params->objective)
            return RCX_OK;
    }
    return fail_value(find("objective"), rcx_gbdt_objective_name(params->objective), err);
}

static bool print_value(const struct param *param, const void *field, struct rcx_buf *out)
{
    char text[RCX_REAL_TEXT_BYTES];
    switch (param->kind) {
    case KIND_INT:
        return rcx_buf_append(out, text, rcx_format_i64(*(const int64_t *)field, text));
    case KIND_REAL:
        return rcx_buf_append(out, text, rcx_format_real(*(const double *)field, text));
    case KIND_FLAG:
        return rcx_buf_append(out, *(const bool *)field ? "1" : "0", 1);
    case KIND_NAMES:
        return rcx_buf_append(out, field, strlen(field));
    case KIND_SIGNS: {
        const struct rcx_gbdt_signs *signs = field;
        bool ok = true;
        for (size_t i = 0; i < signs->count && ok; i++) {
            ok = (i == 0 || rcx_buf_append(out, ",", 1)) &&
                 rcx_buf_append(out, text, rcx_format_i64(signs->items[i], text));
        }
        return ok;
    }
    case KIND_OBJECTIVE:
    default: {
        const char *name = rcx_gbdt_objective_name(*(const enum rcx_gbdt_objective *)field);
        return rcx_buf_append(out, name, strlen(name));
    }
    }
}

bool rcx_gbdt_params_print(const struct rcx_gbdt_params *params, struct rcx_buf *out)
{
    for (size_t i = 0; i < PARAMS; i++) {
        const char *name = table[i].name;
        if (!rcx_buf_append(out, "[", 1) || !rcx_buf_append(out, name, strlen(name)) ||
            !rcx_buf_append(out, ": ", 2) ||
            !print_value(&table[i], (const char *)params + table[i].offset, out) ||
            !rcx_buf_append(out, "]\n", 2))
            return false;
    }
    return true;
}

size_t rcx_gbdt_params_count(void)
{
    return PARAMS;
}

struct rcx_gbdt_param_row rcx_gbdt_params_at(size_t index)
{
    static const char *const types[] = {
        [KIND_INT] = "whole number",    [KIND_REAL] = "number",
        [KIND_FLAG] = "true or false",  [KIND_NAMES] = "names",
        [KIND_SIGNS] = "list of signs", [KIND_OBJECTIVE] = "objective"};
    const struct param *param = &table[index];
    return (struct rcx_gbdt_param_row){param->name, types[param->kind], param->initial,
                                       param->aliases, param->help};
}
