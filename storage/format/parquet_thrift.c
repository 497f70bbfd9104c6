#include "storage/format/parquet_thrift.h"

#include <assert.h>
#include <string.h>

static void put_zigzag(struct rcx_thrift *thrift, int64_t value)
{
    rcx_buf_append_varint(thrift->out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void push(struct rcx_thrift *thrift)
{
    assert(thrift->depth < RCX_THRIFT_MAX_DEPTH);
    thrift->last[thrift->depth++] = 0;
}

/* The type in the low half, the distance to the last id in the high one; 0 there: the id follows.
 */
static void put_field(struct rcx_thrift *thrift, int field, enum rcx_thrift_type type)
{
    assert(thrift->depth > 0);
    int *last = &thrift->last[thrift->depth - 1];
    int distance = field - *last;
    assert(distance > 0);
    if (distance <= 15) {
        rcx_buf_append_byte(thrift->out, (uint8_t)(distance << 4 | (int)type));
    } else {
        rcx_buf_append_byte(thrift->out, (uint8_t)type);
        put_zigzag(thrift, field);
    }
    *last = field;
}

struct rcx_thrift rcx_thrift_begin(struct rcx_buf *out)
{
    struct rcx_thrift thrift = {.out = out};
    push(&thrift);
    return thrift;
}

void rcx_thrift_end(struct rcx_thrift *thrift)
{
    assert(thrift->depth > 0);
    thrift->depth--;
    rcx_buf_append_byte(thrift->out, 0);
}

void rcx_thrift_bool(struct rcx_thrift *thrift, int field, bool value)
{
    put_field(thrift, field, value ? RCX_THRIFT_TRUE : RCX_THRIFT_FALSE);
}

void rcx_thrift_i8(struct rcx_thrift *thrift, int field, int8_t value)
{
    put_field(thrift, field, RCX_THRIFT_I8);
    rcx_buf_append_byte(thrift->out, (uint8_t)value);
}

void rcx_thrift_i16(struct rcx_thrift *thrift, int field, int16_t value)
{
    put_field(thrift, field, RCX_THRIFT_I16);
    put_zigzag(thrift, value);
}

void rcx_thrift_i32(struct rcx_thrift *thrift, int field, int32_t value)
{
    put_field(thrift, field, RCX_THRIFT_I32);
    put_zigzag(thrift, value);
}

void rcx_thrift_i64(struct rcx_thrift *thrift, int field, int64_t value)
{
    put_field(thrift, field, RCX_THRIFT_I64);
    put_zigzag(thrift, value);
}

void rcx_thrift_binary(struct rcx_thrift *thrift, int field, const void *data, size_t length)
{
    put_field(thrift, field, RCX_THRIFT_BINARY);
    rcx_thrift_element_binary(thrift, data, length);
}

void rcx_thrift_text(struct rcx_thrift *thrift, int field, const char *text)
{
    rcx_thrift_binary(thrift, field, text, strlen(text));
}

void rcx_thrift_struct(struct rcx_thrift *thrift, int field)
{
    put_field(thrift, field, RCX_THRIFT_STRUCT);
    push(thrift);
}

void rcx_thrift_empty(struct rcx_thrift *thrift, int field)
{
    rcx_thrift_struct(thrift, field);
    rcx_thrift_end(thrift);
}

void rcx_thrift_list(struct rcx_thrift *thrift, int field, enum rcx_thrift_type element,
                     size_t count)
{
    put_field(thrift, field, RCX_THRIFT_LIST);
    if (count < 15) {
        rcx_buf_append_byte(thrift->out, (uint8_t)(count << 4 | (size_t)element));
    } else {
        rcx_buf_append_byte(thrift->out, (uint8_t)(0xF0 | (int)element));
        rcx_buf_append_varint(thrift->out, count);
    }
}

void rcx_thrift_element_struct(struct rcx_thrift *thrift)
{
    push(thrift);
}

void rcx_thrift_element_bool(struct rcx_thrift *thrift, bool value)
{
    rcx_buf_append_byte(thrift->out, value ? RCX_THRIFT_TRUE : RCX_THRIFT_FALSE);
}

void rcx_thrift_element_int(struct rcx_thrift *thrift, int64_t value)
{
    put_zigzag(thrift, value);
}

void rcx_thrift_element_binary(struct rcx_thrift *thrift, const void *data, size_t length)
{
    rcx_buf_append_varint(thrift->out, length);
    if (length)
        rcx_buf_append(thrift->out, data, length);
}
