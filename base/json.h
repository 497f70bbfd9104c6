#pragma once
/* JSON writer (RFC 8259): commas, indentation and escapes are its business, nesting is the caller's
 * (asserted). Text that is not valid UTF-8 is written with U+FFFD. NaN and infinities become null. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/decimal.h"

enum { RCX_JSON_MAX_DEPTH = 32 };

struct rcx_json {
    struct rcx_buf *out; /* borrowed */
    bool compact;        /* one line, no spaces */
    unsigned depth;
    bool has_items[RCX_JSON_MAX_DEPTH];
    bool after_key;
};

struct rcx_json rcx_json_begin(struct rcx_buf *out, bool compact);
void rcx_json_object(struct rcx_json *json);
void rcx_json_object_end(struct rcx_json *json);
void rcx_json_array(struct rcx_json *json);
void rcx_json_array_end(struct rcx_json *json);
void rcx_json_key(struct rcx_json *json, const char *key);
void rcx_json_text(struct rcx_json *json, const char *text); /* NULL: null */
void rcx_json_text_n(struct rcx_json *json, const char *text, size_t length);
void rcx_json_i64(struct rcx_json *json, int64_t value);
void rcx_json_u64(struct rcx_json *json, uint64_t value);
void rcx_json_real(struct rcx_json *json, double value); /* shortest round trip */
void rcx_json_bool(struct rcx_json *json, bool value);
void rcx_json_null(struct rcx_json *json);
void rcx_json_decimal_text(struct rcx_json *json, rcx_i128 value, unsigned places); /* "12.3400" */
/* key + value in one call */
void rcx_json_put_text(struct rcx_json *json, const char *key, const char *value);
void rcx_json_put_i64(struct rcx_json *json, const char *key, int64_t value);
void rcx_json_put_u64(struct rcx_json *json, const char *key, uint64_t value);
void rcx_json_put_real(struct rcx_json *json, const char *key, double value);
void rcx_json_put_bool(struct rcx_json *json, const char *key, bool value);
void rcx_json_put_reals(struct rcx_json *json, const char *key, const double *values, size_t count);
void rcx_json_put_decimal(struct rcx_json *json, const char *key, rcx_i128 value, unsigned places);
