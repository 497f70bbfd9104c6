#pragma once
/* The effective configuration: sources put together by precedence, each value with its origin.
 *
 *     weakest   default            config/keys/<section>.def
 *               file               -c FILE, or ./rcx.yaml when present
 *               environment        RCX_CLEANING__OUTLIERS__FIT_DAYS=30
 *               --set              cleaning.outliers.fit_days=30
 *     strongest option             --threads 2
 *
 * Every problem of every source is found before loading fails, so that one run shows all of them:
 * one line each, with the place, what was found and what is expected.
 * This library reads no environment: the caller passes the variables in. */
#include "base/hash.h"
#include "base/json.h"
#include "base/status.h"
#include "config/key.h"

struct rcx_settings; /* opaque; owns the texts and lists of the configuration; immutable */

/* A value given on the command line by an option of its own. */
struct rcx_option_value {
    const char *option; /* as typed, for messages: "--threads" */
    const char *key;    /* of the table, or the load is an internal error */
    const char *value;
};

struct rcx_config_sources {
    const char *file;   /* NULL: none */
    bool file_may_miss; /* a file that does not exist is no error */
    const char *const *
        variables; /* "NAME=value"; those that do not begin with RCX_ or have no "__" are ignored */
    size_t variable_count;
    const char *const *sets; /* "section.key=value", in the order given: the last one wins */
    size_t set_count;
    const struct rcx_option_value *options;
    size_t option_count;
};

/* Borrows the sources for the call. *out is released with rcx_settings_release (NULL is fine).
 * Errors: RCX_E_CONFIG (all problems, one a line), RCX_E_IO (the file cannot be read), RCX_E_NOMEM.
 */
enum rcx_status rcx_settings_load(const struct rcx_config_sources *sources,
                                  struct rcx_settings **out, struct rcx_error *err);
void rcx_settings_release(struct rcx_settings *settings);

/* Borrowed; valid as long as the settings. */
const struct rcx_config *rcx_settings_config(const struct rcx_settings *settings);

/* Where the effective value of a key came from: "default", "rcx.yaml:12:5", "environment
 * RCX_STORE__ZSTD_LEVEL", "--set", "--threads". Borrowed. */
const char *rcx_settings_origin(const struct rcx_settings *settings, const struct rcx_key *key);

/* Digest of the names and effective values of all keys of the given sections, among which names of
 * single keys may be ("runtime.seed") (NULL: all sections but runtime and log, which change no result; the seed does and is included). Same values, same
 * digest, wherever they came from. */
enum rcx_status rcx_settings_digest(const struct rcx_settings *settings,
                                    const char *const *sections, size_t section_count,
                                    struct rcx_digest *out, struct rcx_error *err);

/* The version of libyaml, "0.2.5". Static storage. */
const char *rcx_settings_yaml_version(void);
