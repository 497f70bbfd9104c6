#pragma once
/* A writer for the Thrift compact protocol, in which Parquet keeps its metadata
 * (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md).
 *
 * Fields of a struct must be written in increasing order of their ids. Lists are a header followed
 * by their elements. Nesting is the caller's, asserted here. Memory errors stay in the buffer's
 * `failed`. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum rcx_thrift_type {
    RCX_THRIFT_TRUE = 1, /* as the type of a field: the value too */
    RCX_THRIFT_FALSE = 2,
    RCX_THRIFT_I8 = 3,
    RCX_THRIFT_I16 = 4,
    RCX_THRIFT_I32 = 5,
    RCX_THRIFT_I64 = 6,
    RCX_THRIFT_BINARY = 8,
    RCX_THRIFT_LIST = 9,
    RCX_THRIFT_STRUCT = 12
};

enum { RCX_THRIFT_MAX_DEPTH = 12 };

struct rcx_thrift {
    struct rcx_buf *out; /* borrowed */
    unsigned depth;
    int last[RCX_THRIFT_MAX_DEPTH]; /* id of the last field of each open struct */
};

/* Begins the outermost struct; rcx_thrift_end closes it. */
struct rcx_thrift rcx_thrift_begin(struct rcx_buf *out);
void rcx_thrift_end(struct rcx_thrift *thrift);

void rcx_thrift_bool(struct rcx_thrift *thrift, int field, bool value);
void rcx_thrift_i8(struct rcx_thrift *thrift, int field, int8_t value);
void rcx_thrift_i16(struct rcx_thrift *thrift, int field, int16_t value);
void rcx_thrift_i32(struct rcx_thrift *thrift, int field, int32_t value);
void rcx_thrift_i64(struct rcx_thrift *thrift, int field, int64_t value);
void rcx_thrift_binary(struct rcx_thrift *thrift, int field, const void *data, size_t length);
void rcx_thrift_text(struct rcx_thrift *thrift, int field, const char *text);
void rcx_thrift_struct(struct rcx_thrift *thrift, int field); /* until rcx_thrift_end */
/* A struct without fields: how Parquet writes the members of its unions that say nothing more. */
void rcx_thrift_empty(struct rcx_thrift *thrift, int field);

void rcx_thrift_list(struct rcx_thrift *thrift, int field, enum rcx_thrift_type element,
                     size_t count);
/* Elements, after rcx_thrift_list. */
void rcx_thrift_element_struct(struct rcx_thrift *thrift); /* until rcx_thrift_end */
void rcx_thrift_element_bool(struct rcx_thrift *thrift, bool value);
void rcx_thrift_element_int(struct rcx_thrift *thrift, int64_t value); /* I16, I32, I64 */
void rcx_thrift_element_binary(struct rcx_thrift *thrift, const void *data, size_t length);
