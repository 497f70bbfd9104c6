#include "ml/btyd/btyd_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json_read.h"

static const char SCHEMA[] = "rcx.btyd/1";
static const char *const BOUNDARIES[] = {"none",      "no_dropout",   "same_dropout",
                                         "same_rate", "no_purchases", "end_of_range"};
enum { BOUNDARY_COUNT = sizeof BOUNDARIES / sizeof BOUNDARIES[0] };
static const char *const MONEY_NAMES[] = {"p", "q", "v"};

/* --- writing ----------------------------------------------------------------------------------- */

static void put_matrix(struct rcx_json *json, const char *key, const double *values, unsigned n,
                       bool known)
{
    rcx_json_key(json, key);
    if (!known) {
        rcx_json_null(json);
        return;
    }
    rcx_json_array(json);
    for (unsigned i = 0; i < n * n; i++)
        rcx_json_real(json, values[i]);
    rcx_json_array_end(json);
}

void rcx_btyd_put_fit(struct rcx_json *json, const struct rcx_btyd_fit *fit)
{
    unsigned n = rcx_btyd_parameter_count(fit->model);
    char words[RCX_BTYD_WORDS_BYTES];
    rcx_json_put_text(json, "model", rcx_btyd_model_name(fit->model));
    rcx_json_put_text(json, "requested", rcx_btyd_model_name(fit->requested));
    rcx_json_put_text(json, "replaced",
                      fit->replaced == RCX_BTYD_AUTO ? NULL : rcx_btyd_model_name(fit->replaced));
    rcx_json_put_text(json, "words", rcx_btyd_words(fit, words));
    rcx_json_key(json, "parameters");
    rcx_json_object(json);
    for (unsigned i = 0; i < n; i++)
        rcx_json_put_real(json, rcx_btyd_parameter_name(fit->model, i), fit->parameters[i]);
    rcx_json_object_end(json);
    rcx_json_key(json, "standard_errors");
    rcx_json_object(json);
    for (unsigned i = 0; i < n; i++)
        rcx_json_put_real(json, rcx_btyd_parameter_name(fit->model, i), fit->standard_errors[i]);
    rcx_json_object_end(json);
    put_matrix(json, "log_covariance", fit->log_covariance, n, fit->has_covariance);
    rcx_json_put_real(json, "log_likelihood", fit->log_likelihood);
    rcx_json_put_real(json, "other_log_likelihood", fit->other_log_likelihood);
    rcx_json_put_u64(json, "customers", fit->customers);
    rcx_json_put_u64(json, "distinct", fit->distinct);
    rcx_json_put_bool(json, "converged", fit->converged);
    rcx_json_put_text(json, "boundary", BOUNDARIES[fit->boundary]);
    rcx_json_put_real(json, "gradient_norm", fit->gradient_norm);
    rcx_json_put_real(json, "condition", fit->condition);
    rcx_json_put_u64(json, "starts", fit->starts);
    rcx_json_put_u64(json, "starts_agreed", fit->starts_agreed);
    rcx_json_put_u64(json, "iterations", fit->iterations);
    rcx_json_put_bool(json, "derivative_free", fit->derivative_free);
}

void rcx_gamma_gamma_put_fit(struct rcx_json *json, const struct rcx_gamma_gamma_fit *fit)
{
    enum { N = RCX_GAMMA_GAMMA_PARAMETERS };
    const double parameters[N] = {fit->p, fit->q, fit->v};
    rcx_json_put_bool(json, "plain_mean", fit->plain_mean);
    rcx_json_put_real(json, "mean", fit->mean);
    rcx_json_key(json, "parameters");
    rcx_json_object(json);
    for (unsigned i = 0; i < N; i++)
        rcx_json_put_real(json, MONEY_NAMES[i], parameters[i]);
    rcx_json_object_end(json);
    rcx_json_key(json, "standard_errors");
    rcx_json_object(json);
    for (unsigned i = 0; i < N; i++)
        rcx_json_put_real(json, MONEY_NAMES[i], fit->standard_errors[i]);
    rcx_json_object_end(json);
    put_matrix(json, "log_covariance", fit->log_covariance, N, fit->has_covariance);
    rcx_json_put_real(json, "log_likelihood", fit->log_likelihood);
    rcx_json_put_u64(json, "customers", fit->customers);
    rcx_json_put_u64(json, "left_out", fit->left_out);
    rcx_json_put_bool(json, "converged", fit->converged);
    rcx_json_put_real(json, "gradient_norm", fit->gradient_norm);
    rcx_json_put_real(json, "condition", fit->condition);
    rcx_json_put_u64(json, "starts", fit->starts);
    rcx_json_put_u64(json, "starts_agreed", fit->starts_agreed);
    rcx_json_put_u64(json, "iterations", fit->iterations);
    rcx_json_put_bool(json, "derivative_free", fit->derivative_free);
}

static void put_content(struct rcx_json *json, const struct rcx_btyd_file *file)
{
    rcx_json_put_text(json, "time_unit", file->time_unit);
    rcx_json_key(json, "purchases");
    rcx_json_object(json);
    rcx_btyd_put_fit(json, &file->purchases);
    rcx_json_object_end(json);
    rcx_json_key(json, "money");
    if (!file->has_money) {
        rcx_json_null(json);
        return;
    }
    rcx_json_object(json);
    rcx_gamma_gamma_put_fit(json, &file->money);
    rcx_json_object_end(json);
}

static bool find_digest(const struct rcx_btyd_file *file, char out[RCX_DIGEST_TEXT_BYTES])
{
    struct rcx_buf text = {0};
    struct rcx_json json = rcx_json_begin(&text, true);
    rcx_json_object(&json);
    put_content(&json, file);
    rcx_json_object_end(&json);
    bool ok = !text.failed;
    (void)rcx_digest_format(rcx_hash128(text.data, text.length), out);
    rcx_buf_release(&text);
    return ok;
}

bool rcx_btyd_file_json(const struct rcx_btyd_file *file, struct rcx_buf *out)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    if (!find_digest(file, digest))
        return false;
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", SCHEMA);
    rcx_json_put_text(&json, "digest", digest);
    put_content(&json, file);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}

/* --- reading ----------------------------------------------------------------------------------- */

/* The first member that is missing or of another kind; reading goes on with zeros. */
struct reader {
    const char *bad;
};

static const struct rcx_json_value *member(struct reader *reader,
                                           const struct rcx_json_value *object, const char *key)
{
    const struct rcx_json_value *value = rcx_json_member(object, key);
    if (!value && !reader->bad)
        reader->bad = key;
    return value;
}

/* null is NaN */
static double get_real(struct reader *reader, const struct rcx_json_value *object, const char *key)
{
    double value = NAN;
    (void)rcx_json_as_real(member(reader, object, key), &value);
    return value;
}

static uint64_t get_count(struct reader *reader, const struct rcx_json_value *object,
                          const char *key)
{
    int64_t value = -1;
    if ((!rcx_json_as_i64(member(reader, object, key), &value) || value < 0) && !reader->bad)
        reader->bad = key;
    return value < 0 ? 0 : (uint64_t)value;
}

static bool get_bool(struct reader *reader, const struct rcx_json_value *object, const char *key)
{
    bool value = false;
    if (!rcx_json_as_bool(member(reader, object, key), &value) && !reader->bad)
        reader->bad = key;
    return value;
}

static enum rcx_btyd_model get_model(struct reader *reader, const struct rcx_json_value *object,
                                     const char *key)
{
    enum rcx_btyd_model model = RCX_BTYD_AUTO;
    const char *name = rcx_json_as_text(member(reader, object, key));
    if (name && !rcx_btyd_model_of(name, &model) && !reader->bad)
        reader->bad = key;
    return model;
}

static bool get_matrix(struct reader *reader, const struct rcx_json_value *object, double *out,
                       unsigned n)
{
    const struct rcx_json_value *values = member(reader, object, "log_covariance");
    size_t count = rcx_json_count(values);
    if (count == 0)
        return false;
    if (count != (size_t)n * n && !reader->bad)
        reader->bad = "log_covariance";
    for (unsigned i = 0; i < n * n; i++) {
        if (!rcx_json_as_real(rcx_json_item(values, i), &out[i]) && !reader->bad)
            reader->bad = "log_covariance";
    }
    return true;
}

static void get_purchases(struct reader *reader, const struct rcx_json_value *object,
                          struct rcx_btyd_fit *fit)
{
    fit->model = get_model(reader, object, "model");
    fit->requested = get_model(reader, object, "requested");
    fit->replaced = get_model(reader, object, "replaced");
    if (fit->model == RCX_BTYD_AUTO && !reader->bad)
        reader->bad = "model";
    unsigned n = rcx_btyd_parameter_count(fit->model);
    const struct rcx_json_value *parameters = member(reader, object, "parameters");
    const struct rcx_json_value *errors = member(reader, object, "standard_errors");
    for (unsigned i = 0; i < n; i++) {
        const char *name = rcx_btyd_parameter_name(fit->model, i);
        fit->parameters[i] = get_real(reader, parameters, name);
        fit->standard_errors[i] = get_real(reader, errors, name);
        if (!(fit->parameters[i] > 0 && isfinite(fit->parameters[i])) && !reader->bad)
            reader->bad = "parameters";
    }
    fit->has_covariance = get_matrix(reader, object, fit->log_covariance, n);
    fit->log_likelihood = get_real(reader, object, "log_likelihood");
    fit->other_log_likelihood = get_real(reader, object, "other_log_likelihood");
    fit->customers = get_count(reader, object, "customers");
    fit->distinct = get_count(reader, object, "distinct");
    fit->converged = get_bool(reader, object, "converged");
    const char *boundary = rcx_json_as_text(member(reader, object, "boundary"));
    for (unsigned i = 0; i < BOUNDARY_COUNT; i++) {
        if (boundary && strcmp(boundary, BOUNDARIES[i]) == 0)
            fit->boundary = (enum rcx_btyd_boundary)i;
    }
    fit->gradient_norm = get_real(reader, object, "gradient_norm");
    fit->condition = get_real(reader, object, "condition");
    fit->starts = (unsigned)get_count(reader, object, "starts");
    fit->starts_agreed = (unsigned)get_count(reader, object, "starts_agreed");
    fit->iterations = (unsigned)get_count(reader, object, "iterations");
    fit->derivative_free = get_bool(reader, object, "derivative_free");
}

static void get_money(struct reader *reader, const struct rcx_json_value *object,
                      struct rcx_gamma_gamma_fit *fit)
{
    enum { N = RCX_GAMMA_GAMMA_PARAMETERS };
    double *const parameters[N] = {&fit->p, &fit->q, &fit->v};
    fit->plain_mean = get_bool(reader, object, "plain_mean");
    fit->mean = get_real(reader, object, "mean");
    for (unsigned i = 0; i < N; i++) {
        *parameters[i] = get_real(reader, member(reader, object, "parameters"), MONEY_NAMES[i]);
        fit->standard_errors[i] = get_real(reader, member(reader, object, "standard_errors"),
                                           MONEY_NAMES[i]);
        if (!fit->plain_mean && !(*parameters[i] > 0 && isfinite(*parameters[i])) && !reader->bad)
            reader->bad = "money";
    }
    fit->has_covariance = get_matrix(reader, object, fit->log_covariance, N);
    fit->log_likelihood = get_real(reader, object, "log_likelihood");
    fit->customers = get_count(reader, object, "customers");
    fit->left_out = get_count(reader, object, "left_out");
    fit->converged = get_bool(reader, object, "converged");
    fit->gradient_norm = get_real(reader, object, "gradient_norm");
    fit->condition = get_real(reader, object, "condition");
    fit->starts = (unsigned)get_count(reader, object, "starts");
    fit->starts_agreed = (unsigned)get_count(reader, object, "starts_agreed");
    fit->iterations = (unsigned)get_count(reader, object, "iterations");
    fit->derivative_free = get_bool(reader, object, "derivative_free");
}

static enum rcx_status read_file(const char *path, const struct rcx_json_value *root,
                                 struct rcx_btyd_file *out, struct rcx_error *err)
{
    struct rcx_btyd_file file = {0};
    struct reader reader = {NULL};
    char digest[RCX_DIGEST_TEXT_BYTES];
    const char *schema = rcx_json_as_text(rcx_json_member(root, "schema"));
    if (!schema || strcmp(schema, SCHEMA) != 0)
        return rcx_fail(err, schema ? RCX_E_VERSION : RCX_E_CORRUPT,
                        "%s: schema '%s'; expected '%s'", path, schema ? schema : "", SCHEMA);
    const char *unit = rcx_json_as_text(member(&reader, root, "time_unit"));
    snprintf(file.time_unit, sizeof file.time_unit, "%s", unit ? unit : "");
    get_purchases(&reader, member(&reader, root, "purchases"), &file.purchases);
    const struct rcx_json_value *money = member(&reader, root, "money");
    file.has_money = rcx_json_member(money, "mean") != NULL;
    if (file.has_money)
        get_money(&reader, money, &file.money);
    if (reader.bad)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: member '%s' is missing or not what it should be",
                        path, reader.bad);
    const char *expected = rcx_json_as_text(rcx_json_member(root, "digest"));
    if (!find_digest(&file, digest))
        return rcx_fail_nomem(err, path, 0);
    if (!expected || strcmp(expected, digest) != 0)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: the digest of its content is %s, but it says %s",
                        path, digest, expected ? expected : "nothing");
    *out = file;
    return RCX_OK;
}

enum rcx_status rcx_btyd_file_read(const char *path, struct rcx_btyd_file *out,
                                   struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    enum rcx_status status = rcx_json_read_file(path, &document, err);
    if (status == RCX_OK)
        status = read_file(path, rcx_json_root(document), out, err);
    rcx_json_close(document);
    return status;
}
