#pragma once
/* A growable byte buffer. `struct rcx_buf b = {0}` is a valid empty one.
 * Appends return false when memory ran out and then leave the buffer unchanged; `failed` stays set,
 * so a writer may append many times and check once. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcx_buf {
    uint8_t *data;
    size_t length;
    size_t capacity;
    bool failed;
};

void rcx_buf_release(struct rcx_buf *buf); /* leaves a valid empty buffer */
void rcx_buf_clear(struct rcx_buf *buf);   /* length 0, failed false, memory kept */
bool rcx_buf_reserve(struct rcx_buf *buf, size_t extra);
bool rcx_buf_append(struct rcx_buf *buf, const void *bytes, size_t length);
bool rcx_buf_append_text(struct rcx_buf *buf, const char *text);
bool rcx_buf_append_byte(struct rcx_buf *buf, uint8_t byte);
bool rcx_buf_append_zeros(struct rcx_buf *buf, size_t length);
bool rcx_buf_printf(struct rcx_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Little-endian integers and LEB128. */
bool rcx_buf_append_u16(struct rcx_buf *buf, uint16_t value);
bool rcx_buf_append_u32(struct rcx_buf *buf, uint32_t value);
bool rcx_buf_append_u64(struct rcx_buf *buf, uint64_t value);
bool rcx_buf_append_varint(struct rcx_buf *buf, uint64_t value);
/* NUL-terminated text of the contents, for printing; "" when memory ran out. */
const char *rcx_buf_text(struct rcx_buf *buf);
