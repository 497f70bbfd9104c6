#pragma once
/* The bounded reader: every byte that comes from outside is read through one of these.
 * A read past the end (or a malformed varint) returns zero, sets `failed`, and every later read
 * returns zero too, so a parser reads a whole structure and checks `failed` once before use. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcx_cursor {
    const uint8_t *data;
    size_t length;
    size_t position;
    bool failed;
};

struct rcx_cursor rcx_cursor_of(const void *data, size_t length);
size_t rcx_cursor_left(const struct rcx_cursor *cursor);
uint8_t rcx_cursor_u8(struct rcx_cursor *cursor);
uint16_t rcx_cursor_u16(struct rcx_cursor *cursor); /* little-endian */
uint32_t rcx_cursor_u32(struct rcx_cursor *cursor);
uint64_t rcx_cursor_u64(struct rcx_cursor *cursor);
uint64_t rcx_cursor_varint(struct rcx_cursor *cursor); /* LEB128, at most 10 bytes */
/* A view of the next `length` bytes, NULL (and failed) when they are not there. */
const uint8_t *rcx_cursor_bytes(struct rcx_cursor *cursor, size_t length);
void rcx_cursor_seek(struct rcx_cursor *cursor, size_t position);
