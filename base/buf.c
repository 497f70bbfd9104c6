#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void rcx_buf_release(struct rcx_buf *buf)
{
    if (buf == NULL)
        return;
    rcx_free(buf->data);
    *buf = (struct rcx_buf){0};
}

void rcx_buf_clear(struct rcx_buf *buf)
{
    buf->length = 0;
    buf->failed = false;
}

bool rcx_buf_reserve(struct rcx_buf *buf, size_t extra)
{
    if (buf->failed)
        return false;
    if (extra <= buf->capacity - buf->length)
        return true;
    size_t need;
    if (__builtin_add_overflow(buf->length, extra, &need) ||
        !rcx_array_reserve(&buf->data, &buf->capacity, need < 64 ? 64 : need, 1)) {
        buf->failed = true;
        return false;
    }
    return true;
}

bool rcx_buf_append(struct rcx_buf *buf, const void *bytes, size_t length)
{
    if (!rcx_buf_reserve(buf, length))
        return false;
    if (length > 0)
        memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    return true;
}

bool rcx_buf_append_text(struct rcx_buf *buf, const char *text)
{
    return rcx_buf_append(buf, text, strlen(text));
}

bool rcx_buf_append_byte(struct rcx_buf *buf, uint8_t byte)
{
    if (!rcx_buf_reserve(buf, 1))
        return false;
    buf->data[buf->length++] = byte;
    return true;
}

bool rcx_buf_append_zeros(struct rcx_buf *buf, size_t length)
{
    if (!rcx_buf_reserve(buf, length))
        return false;
    if (length > 0)
        memset(buf->data + buf->length, 0, length);
    buf->length += length;
    return true;
}

bool rcx_buf_printf(struct rcx_buf *buf, const char *format, ...)
{
    if (!rcx_buf_reserve(buf, 1))
        return false;
    for (;;) {
        size_t room = buf->capacity - buf->length;
        va_list arguments;
        va_start(arguments, format);
        int wanted = vsnprintf((char *)buf->data + buf->length, room, format, arguments);
        va_end(arguments);
        if (wanted < 0) {
            buf->failed = true;
            return false;
        }
        if ((size_t)wanted < room) {
            buf->length += (size_t)wanted;
            return true;
        }
        if (!rcx_buf_reserve(buf, (size_t)wanted + 1)) /* vsnprintf ends with a NUL */
            return false;
    }
}

/* `count` low bytes of `value`, lowest first. */
static bool append_little_endian(struct rcx_buf *buf, uint64_t value, unsigned count)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return rcx_buf_append(buf, bytes, count);
}

bool rcx_buf_append_u16(struct rcx_buf *buf, uint16_t value)
{
    return append_little_endian(buf, value, 2);
}

bool rcx_buf_append_u32(struct rcx_buf *buf, uint32_t value)
{
    return append_little_endian(buf, value, 4);
}

bool rcx_buf_append_u64(struct rcx_buf *buf, uint64_t value)
{
    return append_little_endian(buf, value, 8);
}

bool rcx_buf_append_varint(struct rcx_buf *buf, uint64_t value)
{
    uint8_t bytes[10];
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (uint8_t)(value | 0x80);
    bytes[length++] = (uint8_t)value;
    return rcx_buf_append(buf, bytes, length);
}

const char *rcx_buf_text(struct rcx_buf *buf)
{
    if (!rcx_buf_reserve(buf, 1))
        return "";
    buf->data[buf->length] = '\0';
    return (const char *)buf->data;
}
