#pragma once
/* Parameters of training from a file: one "name: value" (YAML) or "name = value" (as in LightGBM's
 * configuration files) per line, lists as [1, 0, -1], comments from # on, empty lines. */
#include "base/status.h"
#include "base/text.h"
#include "ml/gbdt/gbdt_params.h"

/* Errors: RCX_E_CONFIG with file and line (unknown name, with the nearest one; a value that does not
 * fit; no name and value), RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_params_read(struct rcx_gbdt_params *params, const char *path,
                                     struct rcx_error *err);
/* The same from text; `name` is for messages. */
enum rcx_status rcx_gbdt_params_parse(struct rcx_gbdt_params *params, const char *name,
                                      struct rcx_text text, struct rcx_error *err);
/* One "name=value" or "name: value". */
enum rcx_status rcx_gbdt_params_set_pair(struct rcx_gbdt_params *params, struct rcx_text pair,
                                         struct rcx_error *err);
