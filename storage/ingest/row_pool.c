#include "storage/ingest/row_pool.h"

#include <pthread.h>

#include "base/memory.h"

struct rcx_row_pool {
    pthread_mutex_t lock;
    struct rcx_row_block *unused;
    size_t blocks;
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
    rcx_row_pool_trim(pool);
    pthread_mutex_destroy(&pool->lock);
    rcx_free(pool);
}

struct rcx_row_block *rcx_row_pool_get(struct rcx_row_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct rcx_row_block *block = pool->unused;
    if (block)
        pool->unused = block->next;
    else
        pool->blocks++;
    pthread_mutex_unlock(&pool->lock);
    if (!block)
        block = rcx_pages_alloc(sizeof *block);
    if (!block) {
        pthread_mutex_lock(&pool->lock);
        pool->blocks--;
        pthread_mutex_unlock(&pool->lock);
        return NULL;
    }
    block->next = NULL;
    block->count = 0;
    block->group = 0;
    return block;
}

void rcx_row_pool_put(struct rcx_row_pool *pool, struct rcx_row_block *block)
{
    pthread_mutex_lock(&pool->lock);
    block->next = pool->unused;
    pool->unused = block;
    pthread_mutex_unlock(&pool->lock);
}

void rcx_row_pool_trim(struct rcx_row_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct rcx_row_block *block = pool->unused;
    pool->unused = NULL;
    while (block) {
        struct rcx_row_block *next = block->next;
        rcx_pages_free(block, sizeof *block);
        pool->blocks--;
        block = next;
    }
    pthread_mutex_unlock(&pool->lock);
}

size_t rcx_row_pool_bytes(const struct rcx_row_pool *pool)
{
    return pool->blocks * sizeof(struct rcx_row_block);
}
