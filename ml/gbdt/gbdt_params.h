#pragma once
/* The parameters of training as one struct with LightGBM's names and defaults. The table is
 * ml/gbdt/gbdt_params.def; setting by name knows the aliases and suggests when a name is unknown.
 *
 *     struct rcx_gbdt_params params;
 *     rcx_gbdt_params_init(&params);
 *     params.num_leaves = 15;                                    directly, or
 *     rcx_gbdt_params_set(&params, "max_leaves", "15", err);     from text
 *     ...
 *     rcx_gbdt_params_release(&params);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"

struct rcx_gbdt_signs {
    int8_t *items; /* owned */
    size_t count;  /* 0: none */
};

struct rcx_gbdt_params {
#define INT(name, fallback, min, max, aliases, help) int64_t name;
#define REAL(name, fallback, min, max, aliases, help) double name;
#define FLAG(name, fallback, aliases, help) bool name;
#define NAMES(name, bytes, aliases, help) char name[bytes];
#define SIGNS(name, aliases, help) struct rcx_gbdt_signs name;
#define OBJECTIVE(name, fallback, aliases, help) enum rcx_gbdt_objective name;
#include "ml/gbdt/gbdt_params.def"
#undef INT
#undef REAL
#undef FLAG
#undef NAMES
#undef SIGNS
#undef OBJECTIVE
};

/* The defaults. */
void rcx_gbdt_params_init(struct rcx_gbdt_params *params);
void rcx_gbdt_params_release(struct rcx_gbdt_params *params); /* zero is fine */
/* *out is independent of `params`. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_params_copy(const struct rcx_gbdt_params *params,
                                     struct rcx_gbdt_params *out, struct rcx_error *err);

/* One parameter from text. Lists are written "1,0,-1".
 * Errors: RCX_E_CONFIG (unknown name, with the nearest one; a value that does not fit), RCX_E_NOMEM;
 * the parameter is then as it was. */
enum rcx_status rcx_gbdt_params_set(struct rcx_gbdt_params *params, const char *name,
                                    const char *value, struct rcx_error *err);
/* Whether all fields are in their ranges (who sets fields directly may be wrong). The trainer calls it.
 * Errors: RCX_E_CONFIG. */
enum rcx_status rcx_gbdt_params_check(const struct rcx_gbdt_params *params, struct rcx_error *err);

/* Lines "[name: value]\n" in the order of the table: the parameters of a model file. False: no memory. */
bool rcx_gbdt_params_print(const struct rcx_gbdt_params *params, struct rcx_buf *out);

/* The table, for documentation and completion. */
struct rcx_gbdt_param_row {
    const char *name;
    const char *type;    /* "whole number", "number", "true or false", ... */
    const char *initial; /* default as text */
    const char *aliases; /* parted by blanks; may be empty */
    const char *help;
};
size_t rcx_gbdt_params_count(void);
struct rcx_gbdt_param_row rcx_gbdt_params_at(size_t index);
