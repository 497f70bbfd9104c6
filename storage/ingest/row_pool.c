#include "storage/ingest/row_pool.h"

#include <pthread.h>

#include "base/memory.h"

/* Blocks are cut from areas large enough for huge pages: far fewer page faults. */
enum { AREA_BLOCKS = 22 };

struct rcx_row_area {
    struct rcx_row_area *next;
    size_t used; /* blocks that are out */
    size_t cut;  /* blocks that have been out once; the others have never been touched */
    struct rcx_row_block blocks[AREA_BLOCKS];
};

struct rcx_row_pool {
    pthread_mutex_t lock;
    struct rcx_row_block *unused;
    struct rcx_row_area *areas;
    size_t used; /* blocks that are out */
};

struct rcx_row_pool *rcx_row_pool_new(void)
{
    struct rcx_row_pool *pool = rcx_calloc(1, sizeof *pool);
    if (pool)
        pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void rcx_row_pool_release(struct rcx_row_pool *pool)
{
    if (!pool)
        return;
    while (pool->areas) {
        struct rcx_row_area *next = pool->areas->next;
        rcx_pages_free(pool->areas, sizeof *pool->areas);
        pool->areas = next;
    }
    pthread_mutex_destroy(&pool->lock);
    rcx_free(pool);
}

/* The next block that has never been out; NULL: out of memory. */
static struct rcx_row_block *cut_block(struct rcx_row_pool *pool)
{
    if (!pool->areas || pool->areas->cut == AREA_BLOCKS) {
        struct rcx_row_area *area = rcx_pages_alloc(sizeof *area);
        if (!area)
            return NULL;
        area->next = pool->areas;
        pool->areas = area;
    }
    struct rcx_row_block *block = &pool->areas->blocks[pool->areas->cut++];
    block->area = pool->areas;
    return block;
}

struct rcx_row_block *rcx_row_pool_get(struct rcx_row_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct rcx_row_block *block = pool->unused;
    if (block)
        pool->unused = block->next;
    else
        block = cut_block(pool);
    if (block) {
        pool->used++;
        block->area->used++;
        block->next = NULL;
        block->count = 0;
        block->group = 0;
    }
    pthread_mutex_unlock(&pool->lock);
    return block;
}

void rcx_row_pool_put(struct rcx_row_pool *pool, struct rcx_row_block *block)
{
    pthread_mutex_lock(&pool->lock);
    block->next = pool->unused;
    pool->unused = block;
    pool->used--;
    block->area->used--;
    pthread_mutex_unlock(&pool->lock);
}

void rcx_row_pool_trim(struct rcx_row_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (struct rcx_row_block **at = &pool->unused; *at;) {
        if ((*at)->area->used == 0)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    for (struct rcx_row_area **at = &pool->areas; *at;) {
        struct rcx_row_area *area = *at;
        if (area->used > 0) {
            at = &area->next;
            continue;
        }
        *at = area->next;
        rcx_pages_free(area, sizeof *area);
    }
    pthread_mutex_unlock(&pool->lock);
}

size_t rcx_row_pool_bytes(const struct rcx_row_pool *pool)
{
    return pool->used * sizeof(struct rcx_row_block);
}
