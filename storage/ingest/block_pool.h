#pragma once
/* Blocks of memory of one size that are used again. Rows that wait to be sorted live in them
 * (receipts.h), as do the lists that sorting makes. Blocks that are not in use can be given back to
 * the system.
 * Threads: get and put are thread-safe. */
#include <stddef.h>
#include <stdint.h>

struct rcx_block_area;

struct rcx_block {
    struct rcx_block *next;      /* for lists of whoever holds it */
    struct rcx_block_area *area; /* the pool's */
    uint64_t used;               /* of whatever the holder counts; 0 at first */
    uint64_t reserved;
    _Alignas(16) unsigned char bytes[(256 << 10) - 32];
};

struct rcx_block_pool;
struct rcx_block_pool *rcx_block_pool_new(void); /* NULL: out of memory */
/* Blocks that are out are gone, too. Accepts NULL. */
void rcx_block_pool_release(struct rcx_block_pool *pool);
struct rcx_block *rcx_block_pool_get(struct rcx_block_pool *pool); /* empty; NULL: out of memory */
void rcx_block_pool_put(struct rcx_block_pool *pool, struct rcx_block *block);
void rcx_block_pool_put_list(struct rcx_block_pool *pool, struct rcx_block *blocks);
void rcx_block_pool_trim(struct rcx_block_pool *pool); /* gives unused blocks back to the system */
size_t rcx_block_pool_bytes(const struct rcx_block_pool *pool); /* of the blocks that are out */
