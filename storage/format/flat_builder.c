#include "storage/format/flat_builder.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_BYTES = 1024 };

void rcx_flat_release(struct rcx_flat *flat)
{
    rcx_free(flat->data);
    *flat = (struct rcx_flat){0};
}

void rcx_flat_clear(struct rcx_flat *flat)
{
    *flat = (struct rcx_flat){.data = flat->data, .capacity = flat->capacity};
}

/* Room for `bytes` more in front; NULL when there is none. */
static uint8_t *push(struct rcx_flat *flat, size_t bytes)
{
    if (bytes > flat->capacity - flat->length && !flat->failed) {
        size_t capacity = flat->capacity ? 2 * flat->capacity : FIRST_BYTES;
        while (capacity - flat->length < bytes)
            capacity *= 2;
        uint8_t *data = rcx_malloc(capacity);
        if (data && flat->length > 0)
            memcpy(data + capacity - flat->length, flat->data + flat->capacity - flat->length,
                   flat->length);
        flat->failed = data == NULL;
        if (data) {
            rcx_free(flat->data);
            flat->data = data;
            flat->capacity = capacity;
        }
    }
    if (flat->failed)
        return NULL;
    flat->length += bytes;
    return flat->data + flat->capacity - flat->length;
}

/* Pads so that after `bytes` more the front is a multiple of `alignment`. */
static void align(struct rcx_flat *flat, size_t alignment, size_t bytes)
{
    size_t padding = (0 - (flat->length + bytes)) & (alignment - 1);
    uint8_t *at = push(flat, padding);
    if (at)
        memset(at, 0, padding);
    if (alignment > flat->alignment)
        flat->alignment = alignment;
}

static void push_number(struct rcx_flat *flat, size_t bytes, uint64_t value)
{
    uint8_t *at = push(flat, bytes);
    for (size_t i = 0; at && i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void push_ref(struct rcx_flat *flat, size_t item)
{
    align(flat, 4, 0);
    push_number(flat, 4, flat->length + 4 - item);
}

size_t rcx_flat_text(struct rcx_flat *flat, const char *text)
{
    size_t length = strlen(text);
    align(flat, 4, length + 1);
    uint8_t *at = push(flat, length + 1);
    if (at)
        memcpy(at, text, length + 1);
    push_number(flat, 4, length);
    return flat->length;
}

size_t rcx_flat_refs(struct rcx_flat *flat, const size_t *items, size_t count)
{
    align(flat, 4, 4 * count);
    for (size_t i = count; i > 0; i--)
        push_ref(flat, items[i - 1]);
    push_number(flat, 4, count);
    return flat->length;
}

size_t rcx_flat_structs(struct rcx_flat *flat, const uint64_t *words, size_t struct_words,
                        size_t count)
{
    size_t total = struct_words * count;
    align(flat, 4, 8 * total);
    align(flat, 8, 8 * total);
    for (size_t i = total; i > 0; i--)
        push_number(flat, 8, words[i - 1]);
    push_number(flat, 4, count);
    return flat->length;
}

void rcx_flat_table(struct rcx_flat *flat)
{
    memset(flat->slots, 0, sizeof flat->slots);
    flat->slot_count = 0;
    flat->table_begin = flat->length;
}

static void set_slot(struct rcx_flat *flat, unsigned slot)
{
    assert(slot < RCX_FLAT_SLOTS);
    flat->slots[slot] = flat->length;
    if (slot >= flat->slot_count)
        flat->slot_count = slot + 1;
}

void rcx_flat_scalar(struct rcx_flat *flat, unsigned slot, size_t bytes, int64_t value,
                     int64_t assumed)
{
    if (value == assumed)
        return;
    align(flat, bytes, 0);
    push_number(flat, bytes, (uint64_t)value);
    set_slot(flat, slot);
}

void rcx_flat_ref(struct rcx_flat *flat, unsigned slot, size_t item)
{
    if (item == 0)
        return;
    push_ref(flat, item);
    set_slot(flat, slot);
}

/* The table begins with how far before it its list of slots lies; that is put in front of it, once
 * its place is known. */
size_t rcx_flat_end(struct rcx_flat *flat)
{
    align(flat, 4, 0);
    push_number(flat, 4, 0);
    size_t table = flat->length;
    for (size_t i = flat->slot_count; i > 0; i--)
        push_number(flat, 2, flat->slots[i - 1] ? table - flat->slots[i - 1] : 0);
    push_number(flat, 2, table - flat->table_begin);
    push_number(flat, 2, 2 * (flat->slot_count + 2));
    size_t distance = flat->length - table;
    for (size_t i = 0; !flat->failed && i < 4; i++)
        flat->data[flat->capacity - table + i] = (uint8_t)(distance >> 8 * i);
    return table;
}

const uint8_t *rcx_flat_finish(struct rcx_flat *flat, size_t root, size_t *out_length)
{
    align(flat, flat->alignment, 4);
    push_ref(flat, root);
    *out_length = flat->length;
    return flat->failed ? NULL : flat->data + flat->capacity - flat->length;
}
