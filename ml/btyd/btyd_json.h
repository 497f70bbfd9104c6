#pragma once
/* Fits as JSON: the model file of `rcx btyd`, models/btyd.json, and the entries of
 * btyd_parameters.json.
 *
 *     {"schema": "rcx.btyd/1", "digest": "...", "time_unit": "week",
 *      "purchases": {"model": "bgnbd", "parameters": {"r": .24, ...}, ...},
 *      "money": null or {"p": 6.25, ...}}
 *
 * The digest is that of everything behind it, written without spaces; a file in which a number was
 * changed is refused. */
#include "base/buf.h"
#include "base/json.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/gamma_gamma.h"

struct rcx_btyd_file {
    char time_unit[8]; /* of t_x and T: "day", "week", "year" */
    struct rcx_btyd_fit purchases;
    bool has_money;
    struct rcx_gamma_gamma_fit money;
};

/* The members of one fit, into an open object. */
void rcx_btyd_put_fit(struct rcx_json *json, const struct rcx_btyd_fit *fit);
void rcx_gamma_gamma_put_fit(struct rcx_json *json, const struct rcx_gamma_gamma_fit *fit);

/* The whole file; false: out of memory. */
bool rcx_btyd_file_json(const struct rcx_btyd_file *file, struct rcx_buf *out);
/* Errors: RCX_E_IO, RCX_E_NOMEM, RCX_E_VERSION, RCX_E_CORRUPT naming the file and the member. */
enum rcx_status rcx_btyd_file_read(const char *path, struct rcx_btyd_file *out,
                                   struct rcx_error *err);
