#include <string.h>

#include "base/memory.h"
#include "config/value.h"

void *rcx_cfg_arena_alloc(struct rcx_cfg_arena *arena, size_t bytes)
{
    if (!rcx_array_reserve(&arena->blocks, &arena->capacity, arena->count + 1,
                           sizeof *arena->blocks))
        return NULL;
    void *block = rcx_calloc(1, bytes > 0 ? bytes : 1);
    if (block != NULL)
        arena->blocks[arena->count++] = block;
    return block;
}

const char *rcx_cfg_arena_text(struct rcx_cfg_arena *arena, const char *data, size_t length)
{
    char *text = rcx_cfg_arena_alloc(arena, length + 1);
    if (text != NULL && length > 0)
        memcpy(text, data, length);
    return text;
}

void rcx_cfg_arena_release(struct rcx_cfg_arena *arena)
{
    for (size_t i = 0; i < arena->count; i++)
        rcx_free(arena->blocks[i]);
    rcx_free(arena->blocks);
    *arena = (struct rcx_cfg_arena){0};
}
