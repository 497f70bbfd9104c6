#pragma once
/* The lines of a model's text: where the reader stands, lists of numbers, errors that name the line.
 * Used by model_text_read.c and model_text_tree.c only. */
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

struct rcx_model_lines {
    const char *name; /* of the file, for messages */
    const char *data;
    size_t length, position; /* of the next line */
    size_t line;             /* number of the last line that was read, from 1 */
};

/* The next line without its end; false at the end of the text. */
bool rcx_model_lines_next(struct rcx_model_lines *lines, struct rcx_text *out);
/* "key=value" at the first '='; false without one. */
bool rcx_model_lines_split(struct rcx_text line, struct rcx_text *out_key,
                           struct rcx_text *out_value);

/* A value with the line where it stands. */
struct rcx_model_value {
    struct rcx_text text;
    size_t line; /* 0: not there */
};

/* "<file>:<line>: <text>" */
enum rcx_status rcx_model_fail(const struct rcx_model_lines *lines, size_t line,
                               struct rcx_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The next word of a list parted by blanks; false at its end. */
bool rcx_model_word(struct rcx_text *list, struct rcx_text *out);
/* Exactly `count` numbers. `key` is for messages. Errors: RCX_E_CORRUPT. */
enum rcx_status rcx_model_reals(const struct rcx_model_lines *lines,
                                const struct rcx_model_value *value, const char *key, size_t count,
                                double *out, struct rcx_error *err);
/* Whole numbers in [least, most]. */
enum rcx_status rcx_model_integers(const struct rcx_model_lines *lines,
                                   const struct rcx_model_value *value, const char *key,
                                   size_t count, int64_t least, int64_t most, int64_t *out,
                                   struct rcx_error *err);
enum rcx_status rcx_model_integer(const struct rcx_model_lines *lines,
                                  const struct rcx_model_value *value, const char *key,
                                  int64_t least, int64_t most, int64_t *out, struct rcx_error *err);

struct rcx_gbdt_tree;
/* Reads the lines of one tree behind "Tree=<number>" up to its blank line (model_text_tree.c).
 * Errors: RCX_E_CORRUPT, RCX_E_INPUT (linear), RCX_E_NOMEM; then *out is empty. */
enum rcx_status rcx_model_read_tree(struct rcx_model_lines *lines, size_t feature_count,
                                    struct rcx_gbdt_tree *out, struct rcx_error *err);
