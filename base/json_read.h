#pragma once
/* Reading JSON (RFC 8259) that this program or another one wrote: a tree of values, by Jansson.
 * Duplicate keys, text that is not UTF-8 and numbers out of range are errors with line and column.
 *
 * A document owns all its values; values and texts are borrowed until it is closed. Look-ups accept
 * NULL and then return NULL (or the default), so a path can be followed without checks in between. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

struct rcx_json_document;
struct rcx_json_value;

/* `name` is for messages. Errors: RCX_E_CORRUPT naming line and column, RCX_E_NOMEM. */
enum rcx_status rcx_json_parse(const char *name, const void *data, size_t length,
                               struct rcx_json_document **out, struct rcx_error *err);
/* Errors: also RCX_E_IO. */
enum rcx_status rcx_json_read_file(const char *path, struct rcx_json_document **out,
                                   struct rcx_error *err);
/* Appends the document on one line, without the member `omit` of its root (NULL: all of it). Reals
 * keep 17 digits. False: out of memory. */
bool rcx_json_dump(struct rcx_json_document *document, const char *omit, struct rcx_buf *out);
void rcx_json_close(struct rcx_json_document *document); /* NULL is fine */

const struct rcx_json_value *rcx_json_root(const struct rcx_json_document *document);
/* NULL when `value` is no object or has no such key. */
const struct rcx_json_value *rcx_json_member(const struct rcx_json_value *value, const char *key);
/* Items of an array, 0 of anything else; NULL past the end. */
size_t rcx_json_count(const struct rcx_json_value *value);
const struct rcx_json_value *rcx_json_item(const struct rcx_json_value *value, size_t index);
/* NULL when `value` is no text. */
const char *rcx_json_as_text(const struct rcx_json_value *value);
/* False (and *out left alone) when `value` is not of that kind. */
bool rcx_json_as_i64(const struct rcx_json_value *value, int64_t *out);
bool rcx_json_as_real(const struct rcx_json_value *value, double *out);
bool rcx_json_as_bool(const struct rcx_json_value *value, bool *out);
