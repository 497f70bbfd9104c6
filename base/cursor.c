#include "base/cursor.h"

struct rcx_cursor rcx_cursor_of(const void *data, size_t length)
{
    return (struct rcx_cursor){.data = data, .length = length};
}

size_t rcx_cursor_left(const struct rcx_cursor *cursor)
{
    return cursor->failed ? 0 : cursor->length - cursor->position;
}

const uint8_t *rcx_cursor_bytes(struct rcx_cursor *cursor, size_t length)
{
    /* An empty view of an empty source has no address of its own; lend one that is not NULL. */
    static const uint8_t nothing[1] = {0};
    if (cursor->failed || length > cursor->length - cursor->position) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *bytes = length == 0 && cursor->data == NULL ? nothing
                                                               : cursor->data + cursor->position;
    cursor->position += length;
    return bytes;
}

static uint64_t little_endian(struct rcx_cursor *cursor, unsigned count)
{
    const uint8_t *bytes = rcx_cursor_bytes(cursor, count);
    uint64_t value = 0;
    if (bytes != NULL)
        for (unsigned i = 0; i < count; i++)
            value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t rcx_cursor_u8(struct rcx_cursor *cursor)
{
    return (uint8_t)little_endian(cursor, 1);
}

uint16_t rcx_cursor_u16(struct rcx_cursor *cursor)
{
    return (uint16_t)little_endian(cursor, 2);
}

uint32_t rcx_cursor_u32(struct rcx_cursor *cursor)
{
    return (uint32_t)little_endian(cursor, 4);
}

uint64_t rcx_cursor_u64(struct rcx_cursor *cursor)
{
    return little_endian(cursor, 8);
}

uint64_t rcx_cursor_varint(struct rcx_cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = rcx_cursor_u8(cursor);
        if (cursor->failed)
            return 0;
        if (shift == 63 && byte > 1) /* the tenth byte holds bit 63 alone */
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    cursor->failed = true;
    return 0;
}

void rcx_cursor_seek(struct rcx_cursor *cursor, size_t position)
{
    if (cursor->failed || position > cursor->length)
        cursor->failed = true;
    else
        cursor->position = position;
}
