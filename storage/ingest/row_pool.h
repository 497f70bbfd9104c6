#pragma once
/* Rows in fixed blocks that are used again: while rows are parsed they fill blocks, while they are
 * sorted the emptied blocks take the sorted ones, so that sorting needs hardly more memory than the
 * rows. Blocks that are not in use can be given back to the system.
 * Threads: get and put are thread-safe. */
#include <stddef.h>
#include <stdint.h>

#include "storage/store/schema.h"

enum { RCX_BLOCK_ROWS = 8192 };

struct rcx_row_area;

struct rcx_row_block {
    struct rcx_row_block *next; /* for lists of whoever holds it */
    struct rcx_row_area *area;  /* the pool's */
    uint32_t count;
    uint32_t group; /* which translation of codes its rows need */
    struct rcx_row rows[RCX_BLOCK_ROWS];
};

struct rcx_row_pool;
struct rcx_row_pool *rcx_row_pool_new(void); /* NULL: out of memory */
/* Blocks that are out are gone, too. Accepts NULL. */
void rcx_row_pool_release(struct rcx_row_pool *pool);
struct rcx_row_block *rcx_row_pool_get(struct rcx_row_pool *pool); /* empty; NULL: out of memory */
void rcx_row_pool_put(struct rcx_row_pool *pool, struct rcx_row_block *block);
void rcx_row_pool_trim(struct rcx_row_pool *pool); /* gives unused blocks back to the system */
size_t rcx_row_pool_bytes(const struct rcx_row_pool *pool); /* of the blocks that are out */
