#include "storage/ingest/block_pool.h"

#include <pthread.h>

#include "base/memory.h"

/* Blocks are cut from areas of 4 MiB, too small for huge pages: a worker that has to wait for 2 MiB to
 * be cleared in the middle of a window keeps all others waiting at its end. */
enum { AREA_BLOCKS = 16, AREA_BYTES = AREA_BLOCKS * (int)sizeof(struct rcx_block) };

struct rcx_block_area {
    struct rcx_block_area *next;
    size_t used; /* blocks that are out */
    size_t cut;  /* blocks that have been out once; the others have never been touched */
    struct rcx_block *blocks;
};

struct rcx_block_pool {
    pthread_mutex_t lock;
    struct rcx_block *unused;
    struct rcx_block_area *areas;
    size_t used; /* blocks that are out */
};

struct rcx_block_pool *rcx_block_pool_new(void)
{
    struct rcx_block_pool *pool = rcx_calloc(1, sizeof *pool);
    if (pool)
        pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

static void release_area(struct rcx_block_area *area)
{
    rcx_pages_free(area->blocks, AREA_BYTES);
    rcx_free(area);
}

void rcx_block_pool_release(struct rcx_block_pool *pool)
{
    if (!pool)
        return;
    while (pool->areas) {
        struct rcx_block_area *next = pool->areas->next;
        release_area(pool->areas);
        pool->areas = next;
    }
    pthread_mutex_destroy(&pool->lock);
    rcx_free(pool);
}

/* The next block that has never been out; NULL: out of memory. */
static struct rcx_block *cut_block(struct rcx_block_pool *pool)
{
    if (!pool->areas || pool->areas->cut == AREA_BLOCKS) {
        struct rcx_block_area *area = rcx_calloc(1, sizeof *area);
        if (area)
            area->blocks = rcx_pages_alloc(AREA_BYTES);
        if (!area || !area->blocks) {
            rcx_free(area);
            return NULL;
        }
        area->next = pool->areas;
        pool->areas = area;
    }
    struct rcx_block *block = &pool->areas->blocks[pool->areas->cut++];
    block->area = pool->areas;
    return block;
}

struct rcx_block *rcx_block_pool_get(struct rcx_block_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct rcx_block *block = pool->unused;
    if (block)
        pool->unused = block->next;
    else
        block = cut_block(pool);
    if (block) {
        pool->used++;
        block->area->used++;
        block->next = NULL;
        block->used = 0;
    }
    pthread_mutex_unlock(&pool->lock);
    return block;
}

void rcx_block_pool_put(struct rcx_block_pool *pool, struct rcx_block *block)
{
    pthread_mutex_lock(&pool->lock);
    block->next = pool->unused;
    pool->unused = block;
    pool->used--;
    block->area->used--;
    pthread_mutex_unlock(&pool->lock);
}

void rcx_block_pool_put_list(struct rcx_block_pool *pool, struct rcx_block *blocks)
{
    while (blocks) {
        struct rcx_block *next = blocks->next;
        rcx_block_pool_put(pool, blocks);
        blocks = next;
    }
}

void rcx_block_pool_trim(struct rcx_block_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (struct rcx_block **at = &pool->unused; *at;) {
        if ((*at)->area->used == 0)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    for (struct rcx_block_area **at = &pool->areas; *at;) {
        struct rcx_block_area *area = *at;
        if (area->used > 0) {
            at = &area->next;
            continue;
        }
        *at = area->next;
        release_area(area);
    }
    pthread_mutex_unlock(&pool->lock);
}

size_t rcx_block_pool_bytes(const struct rcx_block_pool *pool)
{
    return pool->used * sizeof(struct rcx_block);
}
