#include "storage/format/parquet_thrift_reader.h"

/* Kinds that Parquet's metadata does not use, but a newer version might. */
enum { THRIFT_DOUBLE = 7, THRIFT_SET = 10, THRIFT_MAP = 11, THRIFT_UUID = 13 };

static int64_t take_zigzag(struct rcx_thrift_reader *reader)
{
    uint64_t value = rcx_cursor_varint(&reader->cursor);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void fail(struct rcx_thrift_reader *reader)
{
    reader->cursor.failed = true;
}

struct rcx_thrift_reader rcx_thrift_reader_of(const void *data, size_t length)
{
    return (struct rcx_thrift_reader){.cursor = rcx_cursor_of(data, length)};
}

void rcx_thrift_enter(struct rcx_thrift_reader *reader)
{
    if (reader->depth == RCX_THRIFT_MAX_DEPTH)
        fail(reader);
    else
        reader->last[reader->depth++] = 0;
}

void rcx_thrift_enter_field(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    if (field->type != RCX_THRIFT_STRUCT)
        fail(reader);
    else
        rcx_thrift_enter(reader);
}

bool rcx_thrift_next(struct rcx_thrift_reader *reader, struct rcx_thrift_field *out)
{
    if (reader->cursor.failed || reader->depth == 0)
        return false;
    int *last = &reader->last[reader->depth - 1];
    uint8_t head = rcx_cursor_u8(&reader->cursor);
    if (reader->cursor.failed)
        return false;
    if (head == 0) {
        reader->depth--;
        return false;
    }
    int64_t id = head >> 4 ? *last + (head >> 4) : take_zigzag(reader);
    if (id <= *last || id > INT16_MAX) /* ids only rise, and are i16 */
        fail(reader);
    if (reader->cursor.failed)
        return false;
    *last = (int)id;
    *out = (struct rcx_thrift_field){.id = (int)id, .type = head & 0x0F};
    return true;
}

bool rcx_thrift_get_bool(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    if (field->type != RCX_THRIFT_TRUE && field->type != RCX_THRIFT_FALSE)
        fail(reader);
    return field->type == RCX_THRIFT_TRUE;
}

int64_t rcx_thrift_get_int(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    if (field->type == RCX_THRIFT_I8)
        return (int8_t)rcx_cursor_u8(&reader->cursor);
    if (field->type >= RCX_THRIFT_I16 && field->type <= RCX_THRIFT_I64)
        return take_zigzag(reader);
    fail(reader);
    return 0;
}

int32_t rcx_thrift_get_i32(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    int64_t value = rcx_thrift_get_int(reader, field);
    if (value < INT32_MIN || value > INT32_MAX) {
        fail(reader);
        return 0;
    }
    return (int32_t)value;
}

uint64_t rcx_thrift_get_size(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    int64_t value = rcx_thrift_get_int(reader, field);
    if (value < 0) {
        fail(reader);
        return 0;
    }
    return (uint64_t)value;
}

struct rcx_text rcx_thrift_get_binary(struct rcx_thrift_reader *reader,
                                      const struct rcx_thrift_field *field)
{
    if (field->type != RCX_THRIFT_BINARY)
        fail(reader);
    return rcx_thrift_take_binary(reader);
}

static struct rcx_thrift_elements take_list(struct rcx_thrift_reader *reader)
{
    uint8_t head = rcx_cursor_u8(&reader->cursor);
    uint64_t count = head >> 4;
    if (count == 15)
        count = rcx_cursor_varint(&reader->cursor);
    if (count > rcx_cursor_left(&reader->cursor)) /* an element takes a byte at least */
        fail(reader);
    if (reader->cursor.failed)
        return (struct rcx_thrift_elements){0};
    return (struct rcx_thrift_elements){.type = head & 0x0F, .count = (size_t)count};
}

struct rcx_thrift_elements rcx_thrift_get_list(struct rcx_thrift_reader *reader,
                                               const struct rcx_thrift_field *field,
                                               enum rcx_thrift_type type)
{
    struct rcx_thrift_elements list = {0};
    if (field->type != RCX_THRIFT_LIST)
        fail(reader);
    else
        list = take_list(reader);
    /* Elements that are booleans: writers mark them with either of the two types. */
    bool fits = list.type == type || (type == RCX_THRIFT_TRUE && list.type == RCX_THRIFT_FALSE);
    if (list.count > 0 && !fits)
        fail(reader);
    return reader->cursor.failed ? (struct rcx_thrift_elements){0} : list;
}

bool rcx_thrift_take_bool(struct rcx_thrift_reader *reader)
{
    uint8_t value = rcx_cursor_u8(&reader->cursor);
    if (value != RCX_THRIFT_TRUE && value != RCX_THRIFT_FALSE)
        fail(reader);
    return value == RCX_THRIFT_TRUE;
}

int64_t rcx_thrift_take_int(struct rcx_thrift_reader *reader)
{
    return take_zigzag(reader);
}

struct rcx_text rcx_thrift_take_binary(struct rcx_thrift_reader *reader)
{
    uint64_t length = rcx_cursor_varint(&reader->cursor);
    if (length > rcx_cursor_left(&reader->cursor)) {
        fail(reader);
        return (struct rcx_text){0};
    }
    const uint8_t *bytes = rcx_cursor_bytes(&reader->cursor, (size_t)length);
    return (struct rcx_text){(const char *)bytes, bytes ? (size_t)length : 0};
}

/* --- what is not known --------------------------------------------------------------------- */

static void skip_value(struct rcx_thrift_reader *reader, unsigned type, unsigned depth);

static void skip_elements(struct rcx_thrift_reader *reader, struct rcx_thrift_elements list,
                          unsigned depth)
{
    for (size_t i = 0; i < list.count && !reader->cursor.failed; i++) {
        if (list.type == RCX_THRIFT_TRUE || list.type == RCX_THRIFT_FALSE)
            (void)rcx_cursor_u8(&reader->cursor);
        else
            skip_value(reader, list.type, depth);
    }
}

static void skip_map(struct rcx_thrift_reader *reader, unsigned depth)
{
    uint64_t count = rcx_cursor_varint(&reader->cursor);
    if (count == 0)
        return;
    uint8_t types = rcx_cursor_u8(&reader->cursor);
    for (uint64_t i = 0; i < count && !reader->cursor.failed; i++) {
        skip_elements(reader, (struct rcx_thrift_elements){types >> 4, 1}, depth);
        skip_elements(reader, (struct rcx_thrift_elements){types & 0x0F, 1}, depth);
    }
}

static void skip_struct(struct rcx_thrift_reader *reader, unsigned depth)
{
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);)
        skip_value(reader, field.type, depth);
}

static void skip_value(struct rcx_thrift_reader *reader, unsigned type, unsigned depth)
{
    if (depth == RCX_THRIFT_MAX_DEPTH) {
        fail(reader);
        return;
    }
    switch (type) {
    case RCX_THRIFT_TRUE:
    case RCX_THRIFT_FALSE:
        break;
    case RCX_THRIFT_I8:
        (void)rcx_cursor_u8(&reader->cursor);
        break;
    case RCX_THRIFT_I16:
    case RCX_THRIFT_I32:
    case RCX_THRIFT_I64:
        (void)rcx_cursor_varint(&reader->cursor);
        break;
    case THRIFT_DOUBLE:
        (void)rcx_cursor_bytes(&reader->cursor, 8);
        break;
    case RCX_THRIFT_BINARY:
        (void)rcx_thrift_take_binary(reader);
        break;
    case RCX_THRIFT_LIST:
    case THRIFT_SET:
        skip_elements(reader, take_list(reader), depth + 1);
        break;
    case THRIFT_MAP:
        skip_map(reader, depth + 1);
        break;
    case RCX_THRIFT_STRUCT:
        skip_struct(reader, depth + 1);
        break;
    case THRIFT_UUID:
        (void)rcx_cursor_bytes(&reader->cursor, 16);
        break;
    default:
        fail(reader);
    }
}

void rcx_thrift_skip(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field)
{
    skip_value(reader, field->type, 0);
}
