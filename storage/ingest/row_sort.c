#include "storage/ingest/row_sort.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    PART_ROWS = 6144, /* about; what sorting them touches fits a second-level cache of 1 MiB */
    SAMPLE_PER_PART = 24,
    SLAB_RECEIPTS = 30,
    BATCH_ROWS = 1 << 18
};

struct bound {
    int64_t customer;
    rcx_time time;
};

/* Receipts of one part from one worker. Slabs are cut from blocks of the pool. */
struct slab {
    struct slab *next;
    uint64_t count;
    struct rcx_receipt *receipts[SLAB_RECEIPTS];
};

struct part {
    struct slab *first, *last;
    size_t receipts, rows;
};

struct worker {
    struct part *parts;
    struct rcx_block *blocks; /* that slabs are cut from; `used` counts bytes */
    struct rcx_part_sorter *sorter;
    struct rcx_receipt **gathered;
    size_t gathered_capacity;
    struct rcx_convert_counts counts;
};

struct state {
    const struct rcx_row_sort *sort;
    size_t block_count;
    struct rcx_block **blocks; /* of receipts */
    size_t bound_count;        /* parts - 1 */
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

/* Bounds from receipts that hold rows at regular distances, converted on the side. */
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
    size_t at = 0; /* of the next sampled row, from the start of the receipt */
    for (size_t b = 0; b < state->block_count; b++) {
        const struct rcx_receipt *receipts = rcx_block_receipts(state->blocks[b]);
        for (size_t i = 0; i < state->blocks[b]->used; i++) {
            struct rcx_receipt receipt = receipts[i];
            if (at < receipt.lines)
                rcx_convert_receipt(state->sort->convert, &receipt);
            for (; at < receipt.lines; at += stride)
                sample[count++] = (struct bound){receipt.customer, receipt.time};
            at -= receipt.lines;
        }
    }
    qsort(sample, count, sizeof *sample, compare_bounds);
    for (size_t i = 0; i < state->bound_count; i++)
        state->bounds[i] = sample[(i + 1) * count / state->part_count];
    rcx_free(sample);
    return true;
}

/* The number of bounds that are not above the receipt. */
static inline size_t part_of(const struct state *state, const struct rcx_receipt *receipt)
{
    const struct bound *base = state->bounds;
    size_t count = state->bound_count;
    while (count > 0) {
        size_t half = (count + 1) / 2;
        const struct bound *middle = &base[half - 1];
        bool above = middle->customer > receipt->customer ||
                     (middle->customer == receipt->customer && middle->time > receipt->time);
        base = above ? base : base + half;
        count = above ? half - 1 : count - half;
    }
    return (size_t)(base - state->bounds);
}

static struct slab *new_slab(struct state *state, struct worker *worker)
{
    if (!worker->blocks ||
        worker->blocks->used + sizeof(struct slab) > sizeof worker->blocks->bytes) {
        struct rcx_block *block = rcx_block_pool_get(state->sort->pool);
        if (!block)
            return NULL;
        block->next = worker->blocks;
        worker->blocks = block;
    }
    struct slab *slab = (struct slab *)(void *)(worker->blocks->bytes + worker->blocks->used);
    worker->blocks->used += sizeof(struct slab);
    slab->next = NULL;
    slab->count = 0;
    return slab;
}

static bool put_receipt(struct state *state, struct worker *worker, struct part *part,
                        struct rcx_receipt *receipt)
{
    if (!part->last || part->last->count == SLAB_RECEIPTS) {
        struct slab *slab = new_slab(state, worker);
        if (!slab)
            return false;
        if (part->last)
            part->last->next = slab;
        else
            part->first = slab;
        part->last = slab;
    }
    part->last->receipts[part->last->count++] = receipt;
    part->receipts++;
    part->rows += receipt->lines;
    return true;
}

static enum rcx_status scatter_block(void *context, size_t chunk, unsigned worker_index,
                                     struct rcx_error *err)
{
    struct state *state = context;
    struct worker *worker = &state->workers[worker_index];
    struct rcx_receipt *receipts = rcx_block_receipts(state->blocks[chunk]);
    for (size_t i = 0; i < state->blocks[chunk]->used; i++) {
        rcx_convert_receipt(state->sort->convert, &receipts[i]);
        if (!put_receipt(state, worker, &worker->parts[part_of(state, &receipts[i])], &receipts[i]))
            return rcx_fail_nomem(err, "sorting rows", sizeof(struct rcx_block));
    }
    return RCX_OK;
}

static size_t rows_of_part(const struct state *state, size_t part)
{
    size_t rows = 0;
    for (unsigned w = 0; w < state->worker_count; w++)
        rows += state->workers[w].parts[part].rows;
    return rows;
}

/* All receipts of a part in worker->gathered. false: out of memory */
static bool gather_part(const struct state *state, struct worker *worker, size_t part,
                        size_t *out_count)
{
    size_t count = 0;
    for (unsigned w = 0; w < state->worker_count; w++)
        count += state->workers[w].parts[part].receipts;
    if (!rcx_array_reserve(&worker->gathered, &worker->gathered_capacity, count,
                           sizeof *worker->gathered))
        return false;
    size_t done = 0;
    for (unsigned w = 0; w < state->worker_count; w++) {
        for (const struct slab *slab = state->workers[w].parts[part].first; slab;
             slab = slab->next) {
            memcpy(worker->gathered + done, slab->receipts, slab->count * sizeof *slab->receipts);
            done += slab->count;
        }
    }
    *out_count = count;
    return true;
}

static enum rcx_status sort_part(void *context, size_t chunk, unsigned worker_index,
                                 struct rcx_error *err)
{
    struct state *state = context;
    struct worker *worker = &state->workers[worker_index];
    size_t count = 0;
    if (!gather_part(state, worker, state->first_part + chunk, &count) ||
        !rcx_part_sort(worker->sorter, state->sort->convert, worker->gathered, count,
                       state->batch + state->offsets[chunk], &worker->counts))
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

static enum rcx_status list_blocks(struct state *state, const struct rcx_receipts *receipts,
                                   struct rcx_error *err)
{
    size_t count = 0;
    for (const struct rcx_block *block = receipts->receipts; block; block = block->next)
        count++;
    state->blocks = rcx_malloc_array(count ? count : 1, sizeof *state->blocks);
    if (!state->blocks)
        return rcx_fail_nomem(err, "sorting rows", count);
    for (struct rcx_block *block = receipts->receipts; block; block = block->next)
        state->blocks[state->block_count++] = block;
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

static void release(struct state *state)
{
    for (unsigned w = 0; state->workers && w < state->worker_count; w++) {
        struct worker *worker = &state->workers[w];
        rcx_block_pool_put_list(state->sort->pool, worker->blocks);
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

enum rcx_status rcx_row_sort_run(const struct rcx_row_sort *sort, struct rcx_receipts *receipts,
                                 struct rcx_convert_counts *counts, struct rcx_error *err)
{
    struct state state = {.sort = sort, .worker_count = sort->parallel.threads};
    enum rcx_status status = list_blocks(&state, receipts, err);
    if (status == RCX_OK)
        status = prepare(&state, receipts->rows, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&sort->parallel, state.block_count, scatter_block, &state, err);
    if (status == RCX_OK)
        status = hand_on(&state, err);
    for (unsigned w = 0; state.workers && w < state.worker_count; w++) {
        counts->rounded_prices += state.workers[w].counts.rounded_prices;
        counts->decoded_rows += state.workers[w].counts.decoded_rows;
    }
    release(&state);
    rcx_receipts_clear(receipts, sort->pool);
    return status;
}
