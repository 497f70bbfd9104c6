#pragma once
/* A reader for the Thrift compact protocol: the counterpart of parquet_thrift.h, for bytes that come
 * from outside.
 *
 *     rcx_thrift_enter(&reader);
 *     for (struct rcx_thrift_field field; rcx_thrift_next(&reader, &field);)
 *         switch (field.id) {
 *         case 3: rows = rcx_thrift_get_int(&reader, &field); break;
 *         default: rcx_thrift_skip(&reader, &field);
 *         }
 *
 * Every field is either read by the function of its kind or skipped. A read past the end, a field of
 * another kind, or nesting beyond RCX_THRIFT_MAX_DEPTH sets `cursor.failed`; then every read returns
 * zero and rcx_thrift_next false, so a parser checks once, at the end. */
#include "base/cursor.h"
#include "base/text.h"
#include "storage/format/parquet_thrift.h"

struct rcx_thrift_reader {
    struct rcx_cursor cursor;
    unsigned depth;
    int last[RCX_THRIFT_MAX_DEPTH]; /* id of the last field of each open struct */
};

struct rcx_thrift_field {
    int id;
    unsigned type; /* enum rcx_thrift_type, or a kind that only rcx_thrift_skip knows */
};

struct rcx_thrift_elements {
    unsigned type; /* of the elements */
    size_t count;  /* at most the bytes that are left */
};

struct rcx_thrift_reader rcx_thrift_reader_of(const void *data, size_t length);

/* Begins a struct: the outermost one, a field of that type, or an element of a list. It ends where
 * rcx_thrift_next returns false. */
void rcx_thrift_enter(struct rcx_thrift_reader *reader);
/* As rcx_thrift_enter for a field, which must be a struct. */
void rcx_thrift_enter_field(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field);
bool rcx_thrift_next(struct rcx_thrift_reader *reader, struct rcx_thrift_field *out);

/* Fields. */
bool rcx_thrift_get_bool(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field);
int64_t rcx_thrift_get_int(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field);
int32_t rcx_thrift_get_i32(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field);
/* An integer that counts something: negative is a failure. */
uint64_t rcx_thrift_get_size(struct rcx_thrift_reader *reader,
                             const struct rcx_thrift_field *field);
/* A view into the data. */
struct rcx_text rcx_thrift_get_binary(struct rcx_thrift_reader *reader,
                                      const struct rcx_thrift_field *field);
/* A list; its elements follow. `type` is what they must be. */
struct rcx_thrift_elements rcx_thrift_get_list(struct rcx_thrift_reader *reader,
                                               const struct rcx_thrift_field *field,
                                               enum rcx_thrift_type type);
void rcx_thrift_skip(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field);

/* Elements of a list. */
bool rcx_thrift_take_bool(struct rcx_thrift_reader *reader);
int64_t rcx_thrift_take_int(struct rcx_thrift_reader *reader);
struct rcx_text rcx_thrift_take_binary(struct rcx_thrift_reader *reader);
