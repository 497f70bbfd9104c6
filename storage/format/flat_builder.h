#pragma once
/* A writer for FlatBuffers (flatbuffers.dev, Internals), in which Arrow keeps its metadata: as much of
 * them as that needs. A buffer is built from its end to its beginning, children before parents; what
 * has been built is named by its distance from the end.
 *
 *     size_t name = rcx_flat_text(&flat, "x");
 *     rcx_flat_table(&flat);
 *     rcx_flat_ref(&flat, 0, name);
 *     rcx_flat_scalar(&flat, 1, 8, rows, 0);
 *     size_t root = rcx_flat_end(&flat);
 *     rcx_flat_finish(&flat, root);
 *
 * Tables and vectors are not begun within one another. Memory errors stay in `failed`. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RCX_FLAT_SLOTS = 8 };

struct rcx_flat {
    uint8_t *data; /* the last `length` bytes of `capacity` */
    size_t length, capacity;
    size_t alignment; /* largest so far */
    size_t slots[RCX_FLAT_SLOTS], slot_count, table_begin;
    bool failed;
};

void rcx_flat_release(struct rcx_flat *flat); /* leaves a valid empty one */
void rcx_flat_clear(struct rcx_flat *flat);   /* empty, memory kept */

size_t rcx_flat_text(struct rcx_flat *flat, const char *text);
/* A vector of references. */
size_t rcx_flat_refs(struct rcx_flat *flat, const size_t *items, size_t count);
/* A vector of structs of `words` 64-bit numbers each. */
size_t rcx_flat_structs(struct rcx_flat *flat, const uint64_t *words, size_t struct_words,
                        size_t count);

void rcx_flat_table(struct rcx_flat *flat); /* until rcx_flat_end */
/* A field of `bytes` bytes; not written when it equals what readers assume. */
void rcx_flat_scalar(struct rcx_flat *flat, unsigned slot, size_t bytes, int64_t value,
                     int64_t assumed);
void rcx_flat_ref(struct rcx_flat *flat, unsigned slot, size_t item); /* 0: not written */
size_t rcx_flat_end(struct rcx_flat *flat);

/* Completes the buffer: *out is a view of it, NULL when memory ran out. */
const uint8_t *rcx_flat_finish(struct rcx_flat *flat, size_t root, size_t *out_length);
