#include "storage/ingest/row_sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    PART_ROWS = 6144, /* about; with scratch and output they fit a second-level cache of 1 MiB */
    SAMPLE_PER_PART = 24,
    SLAB_ROWS = 64,
    BATCH_ROWS = 1 << 18
};

struct bound {
    int64_t customer;
    rcx_time time;
};

/* Rows of one part from one worker. Slabs are cut from blocks of the pool. */
struct slab {
    struct slab *next;
    uint64_t count;
    struct rcx_row rows[SLAB_ROWS];
};

struct part {
    struct slab *first, *last;
    size_t rows;
};

struct worker {
    struct part *parts;
    struct rcx_row_block *blocks; /* that slabs are cut from */
    size_t used;                  /* bytes of the first one */
    struct rcx_part_sorter *sorter;
    struct rcx_row *gathered;
    size_t gathered_capacity;
    struct rcx_convert_counts counts;
};

struct state {
    const struct rcx_row_sort *sort;
    size_t block_count;
    struct rcx_row_block **blocks; /* NULL: consumed */
    size_t bound_count;            /* parts - 1 */
    struct bound *bounds;
    size_t part_count;
    unsigned worker_count;
    struct worker *workers;
    /* The batch of parts being sorted. */
    size_t first_part;
    size_t *offsets; /* of the parts in `batch` */
    struct rcx_row *batch;
    size_t batch_capacity;
};

static int compare_bounds(const void *a, const void *b)
{
    const struct bound *left = a, *right = b;
    if (left->customer != right->customer)
        return left->customer < right->customer ? -1 : 1;
    return (left->time > right->time) - (left->time < right->time);
}

/* Bounds from rows taken at regular distances and converted on the side. */
static bool choose_bounds(struct state *state, size_t rows)
{
    state->part_count = rows / PART_ROWS + 1;
    state->bound_count = state->part_count - 1;
    if (state->bound_count == 0)
        return true;
    size_t wanted = state->part_count * SAMPLE_PER_PART, count = 0;
    size_t stride = rows / wanted + 1;
    struct bound *sample = rcx_malloc_array(rows / stride + 1, sizeof *sample);
    state->bounds = rcx_malloc_array(state->bound_count, sizeof *state->bounds);
    if (!sample || !state->bounds) {
        rcx_free(sample);
        return false;
    }
    size_t at = 0; /* of the next sampled row, from the start of the block */
    struct rcx_convert_counts ignored = {0};
    for (size_t b = 0; b < state->block_count; b++) {
        const struct rcx_row_block *block = state->blocks[b];
        for (; at < block->count; at += stride) {
            struct rcx_row row = block->rows[at];
            rcx_convert_rows(state->sort->convert, block->group, &row, 1, &ignored);
            sample[count++] = (struct bound){row.customer, row.time};
        }
        at -= block->count;
    }
    qsort(sample, count, sizeof *sample, compare_bounds);
    for (size_t i = 0; i < state->bound_count; i++)
        state->bounds[i] = sample[(i + 1) * count / state->part_count];
    rcx_free(sample);
    return true;
}

/* The number of bounds that are not above the row. */
static inline size_t part_of(const struct state *state, const struct rcx_row *row)
{
    const struct bound *base = state->bounds;
    size_t count = state->bound_count;
    while (count > 0) {
        size_t half = (count + 1) / 2;
        const struct bound *middle = &base[half - 1];
        bool above = middle->customer > row->customer ||
                     (middle->customer == row->customer && middle->time > row->time);
        base = above ? base : base + half;
        count = above ? half - 1 : count - half;
    }
    return (size_t)(base - state->bounds);
}

static struct slab *new_slab(struct state *state, struct worker *worker)
{
    if (!worker->blocks || worker->used + sizeof(struct slab) > sizeof(worker->blocks->rows)) {
        struct rcx_row_block *block = rcx_row_pool_get(state->sort->pool);
        if (!block)
            return NULL;
        block->next = worker->blocks;
        worker->blocks = block;
        worker->used = 0;
    }
    struct slab *slab = (struct slab *)(void *)((char *)worker->blocks->rows + worker->used);
    worker->used += sizeof(struct slab);
    slab->next = NULL;
    slab->count = 0;
    return slab;
}

static bool put_row(struct state *state, struct worker *worker, struct part *part,
                    const struct rcx_row *row)
{
    if (!part->last || part->last->count == SLAB_ROWS) {
        struct slab *slab = new_slab(state, worker);
        if (!slab)
            return false;
        if (part->last)
            part->last->next = slab;
        else
            part->first = slab;
        part->last = slab;
    }
    part->last->rows[part->last->count++] = *row;
    part->rows++;
    return true;
}

static enum rcx_status scatter_block(void *context, size_t chunk, unsigned worker_index,
                                     struct rcx_error *err)
{
    struct state *state = context;
    struct worker *worker = &state->workers[worker_index];
    struct rcx_row_block *block = state->blocks[chunk];
    rcx_convert_rows(state->sort->convert, block->group, block->rows, block->count,
                     &worker->counts);
    struct part *part = NULL;
    const struct rcx_row *last = NULL;
    for (size_t i = 0; i < block->count; i++) {
        const struct rcx_row *row = &block->rows[i];
        if (!last || row->customer != last->customer || row->time != last->time)
            part = &worker->parts[part_of(state, row)];
        last = row;
        if (!put_row(state, worker, part, row))
            return rcx_fail_nomem(err, "sorting rows", sizeof *block);
    }
    state->blocks[chunk] = NULL;
    rcx_row_pool_put(state->sort->pool, block);
    return RCX_OK;
}

static size_t rows_of_part(const struct state *state, size_t part)
{
    size_t rows = 0;
    for (unsigned w = 0; w < state->worker_count; w++)
        rows += state->workers[w].parts[part].rows;
    return rows;
}

static enum rcx_status sort_part(void *context, size_t chunk, unsigned worker_index,
                                 struct rcx_error *err)
{
    struct state *state = context;
    struct worker *worker = &state->workers[worker_index];
    size_t part = state->first_part + chunk, count = 0, rows = rows_of_part(state, part);
    if (!rcx_array_reserve(&worker->gathered, &worker->gathered_capacity, rows,
                           sizeof *worker->gathered))
        return rcx_fail_nomem(err, "sorting rows", rows * sizeof(struct rcx_row));
    for (unsigned w = 0; w < state->worker_count; w++) {
        for (const struct slab *slab = state->workers[w].parts[part].first; slab;
             slab = slab->next) {
            memcpy(worker->gathered + count, slab->rows, slab->count * sizeof(struct rcx_row));
            count += slab->count;
        }
    }
    if (!rcx_part_sort(worker->sorter, worker->gathered, count,
                       state->batch + state->offsets[chunk]))
        return rcx_fail_nomem(err, "sorting rows", count * sizeof(struct rcx_row));
    return RCX_OK;
}

/* Sorts the parts from first_part on that make a batch behind the `held` rows at its front. */
static enum rcx_status sort_batch(struct state *state, size_t held, size_t *out_parts,
                                  size_t *out_rows, struct rcx_error *err)
{
    size_t wanted = state->sort->batch_rows ? state->sort->batch_rows : BATCH_ROWS;
    size_t rows = held, parts = 0;
    while (state->first_part + parts < state->part_count && (parts == 0 || rows < wanted)) {
        state->offsets[parts] = rows;
        rows += rows_of_part(state, state->first_part + parts);
        parts++;
    }
    if (!rcx_array_reserve(&state->batch, &state->batch_capacity, rows, sizeof *state->batch))
        return rcx_fail_nomem(err, "sorting rows", rows * sizeof(struct rcx_row));
    *out_parts = parts;
    *out_rows = rows;
    return rcx_parallel_for(&state->sort->parallel, parts, sort_part, state, err);
}

static enum rcx_status hand_on(struct state *state, struct rcx_error *err)
{
    size_t held = 0;
    while (state->first_part < state->part_count) {
        size_t parts = 0, rows = 0, consumed = 0;
        enum rcx_status status = sort_batch(state, held, &parts, &rows, err);
        if (status != RCX_OK)
            return status;
        state->first_part += parts;
        bool last = state->first_part == state->part_count;
        status = state->sort->sink(state->sort->context, state->batch, rows, last, &consumed, err);
        if (status != RCX_OK)
            return status;
        held = rows - consumed;
        if (held > 0 && consumed > 0)
            memmove(state->batch, state->batch + consumed, held * sizeof *state->batch);
    }
    assert(held == 0);
    return RCX_OK;
}

static enum rcx_status list_blocks(struct state *state, struct rcx_row_block *blocks,
                                   size_t *out_rows, struct rcx_error *err)
{
    size_t count = 0;
    for (const struct rcx_row_block *block = blocks; block; block = block->next)
        count++;
    state->blocks = rcx_malloc_array(count ? count : 1, sizeof *state->blocks);
    if (!state->blocks)
        return rcx_fail_nomem(err, "sorting rows", count);
    for (; blocks; blocks = blocks->next) {
        state->blocks[state->block_count++] = blocks;
        *out_rows += blocks->count;
    }
    return RCX_OK;
}

static enum rcx_status prepare(struct state *state, size_t rows, struct rcx_error *err)
{
    bool ok = choose_bounds(state, rows);
    if (ok)
        state->offsets = rcx_malloc_array(state->part_count, sizeof *state->offsets);
    state->workers = rcx_calloc(state->worker_count, sizeof *state->workers);
    ok = ok && state->offsets && state->workers;
    for (unsigned w = 0; ok && w < state->worker_count; w++) {
        struct worker *worker = &state->workers[w];
        worker->parts = rcx_calloc(state->part_count, sizeof *worker->parts);
        worker->sorter = rcx_part_sorter_new();
        ok = worker->parts && worker->sorter;
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "sorting rows", state->part_count);
}

static void put_blocks(struct rcx_row_pool *pool, struct rcx_row_block *block)
{
    while (block) {
        struct rcx_row_block *next = block->next;
        rcx_row_pool_put(pool, block);
        block = next;
    }
}

static void release(struct state *state)
{
    for (size_t i = 0; i < state->block_count; i++)
        if (state->blocks[i])
            rcx_row_pool_put(state->sort->pool, state->blocks[i]);
    for (unsigned w = 0; state->workers && w < state->worker_count; w++) {
        struct worker *worker = &state->workers[w];
        put_blocks(state->sort->pool, worker->blocks);
        rcx_part_sorter_release(worker->sorter);
        rcx_free(worker->parts);
        rcx_free(worker->gathered);
    }
    rcx_free(state->workers);
    rcx_free(state->blocks);
    rcx_free(state->bounds);
    rcx_free(state->offsets);
    rcx_free(state->batch);
}

enum rcx_status rcx_row_sort_run(const struct rcx_row_sort *sort, struct rcx_row_block *blocks,
                                 struct rcx_convert_counts *counts, struct rcx_error *err)
{
    struct state state = {.sort = sort, .worker_count = sort->parallel.threads};
    size_t rows = 0;
    enum rcx_status status = list_blocks(&state, blocks, &rows, err);
    if (status != RCX_OK) {
        put_blocks(sort->pool, blocks);
        return status;
    }
    status = prepare(&state, rows, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&sort->parallel, state.block_count, scatter_block, &state, err);
    if (status == RCX_OK)
        status = hand_on(&state, err);
    for (unsigned w = 0; state.workers && w < state.worker_count; w++) {
        counts->rounded_prices += state.workers[w].counts.rounded_prices;
        counts->decoded_rows += state.workers[w].counts.decoded_rows;
    }
    release(&state);
    return status;
}
