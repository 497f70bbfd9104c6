/* Histograms of new leaves, and the search in them. */
#include <string.h>

#include "ml/gbdt/grow.h"

enum {
    ALONE_WORK = 6000,  /* row x feature updates, or bins, below which one thread does it all */
    SHARED_ROWS = 8192, /* from here on threads share the rows, not the groups */
    LEAST_CHUNK = 1024, /* rows that a thread takes at once */
    MOST_CHUNK = 32768,
    CHUNKS = 16
};

static uint64_t *slot_at(const struct rcx_grower *grower, int32_t slot)
{
    return grower->pool + (size_t)slot * grower->slot_size;
}

static const uint64_t *records_of(const struct rcx_grower *grower,
                                  const struct rcx_grown_leaf *leaf)
{
    return grower->records[leaf->buffer] + leaf->begin;
}

/* ---- large leaves: threads share the rows ---- */

struct sharing {
    struct rcx_grower *grower;
    const struct rcx_grown_leaf *leaf;
    size_t chunk_rows;
};

/* Where this worker adds; the body's, number 0, adds to the leaf's own slot. */
static uint64_t *share_of(const struct rcx_grower *grower, const struct rcx_grown_leaf *leaf,
                          unsigned worker)
{
    return worker == 0 ? slot_at(grower, leaf->slot)
                       : grower->shares + (worker - 1) * grower->slot_size;
}

static void add_chunk(void *context, size_t chunk, unsigned worker)
{
    struct sharing *sharing = context;
    struct rcx_grower *grower = sharing->grower;
    uint64_t *slot = share_of(grower, sharing->leaf, worker);
    if (!grower->takes_part[worker]) {
        grower->takes_part[worker] = true;
        memset(slot, 0, grower->slot_size * sizeof *slot);
    }
    size_t begin = chunk * sharing->chunk_rows, rows = sharing->leaf->rows;
    size_t count = rows - begin < sharing->chunk_rows ? rows - begin : sharing->chunk_rows;
    rcx_histogram_rows(grower->dataset, records_of(grower, sharing->leaf) + begin, count, 0,
                       grower->dataset->group_count, grower->offset, slot,
                       &grower->scratch[worker]);
}

static void share_rows(struct rcx_grower *grower, const struct rcx_grown_leaf *leaf)
{
    size_t chunk = (leaf->rows / CHUNKS + LEAST_CHUNK - 1) / LEAST_CHUNK * LEAST_CHUNK;
    chunk = chunk < LEAST_CHUNK ? LEAST_CHUNK : chunk > MOST_CHUNK ? MOST_CHUNK : chunk;
    struct sharing sharing = {.grower = grower, .leaf = leaf, .chunk_rows = chunk};
    memset(grower->takes_part, 0, grower->threads * sizeof *grower->takes_part);
    rcx_team_for(grower->team, (leaf->rows + chunk - 1) / chunk, add_chunk, &sharing);
}

/* Adds the sums begin..end-1 of all shares up in the leaf's slot. */
static void add_shares(const struct rcx_grower *grower, const struct rcx_grown_leaf *leaf,
                       size_t begin, size_t end)
{
    uint64_t *slot = slot_at(grower, leaf->slot) + begin;
    if (!grower->takes_part[0])
        memset(slot, 0, (end - begin) * sizeof *slot);
    for (unsigned worker = 1; worker < grower->threads; worker++) {
        if (grower->takes_part[worker])
            RCX_KERNEL_CALL(rcx_histogram_merge)
        (slot, share_of(grower, leaf, worker) + begin, end - begin);
    }
}

/* ---- one group of features ---- */

struct work {
    const struct rcx_grow_expansion *expansion;
    bool shared; /* the rows of the first leaf: they are in the shares */
};

static void build_group(const struct rcx_grower *grower, const struct rcx_grown_leaf *leaf,
                        size_t group, unsigned worker)
{
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    uint64_t *slot = slot_at(grower, leaf->slot);
    size_t begin = grower->offset[dataset->group_begin[group]];
    size_t end = grower->offset[dataset->group_begin[group + 1]];
    memset(slot + begin, 0, (end - begin) * sizeof *slot);
    rcx_histogram_rows(dataset, records_of(grower, leaf), leaf->rows, group, group + 1,
                       grower->offset, slot, &grower->scratch[worker]);
}

static void search_group(struct rcx_grower *grower, const struct rcx_grown_leaf *leaf, size_t group,
                         struct rcx_split *candidates)
{
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    const uint64_t *slot = slot_at(grower, leaf->slot);
    for (size_t f = dataset->group_begin[group]; f < dataset->group_begin[group + 1]; f++) {
        uint32_t feature = dataset->feature[f];
        const struct rcx_gbdt_signs *signs = &grower->params->monotone_constraints;
        candidates[f].gain = 0;
        candidates[f].feature = (uint32_t)f;
        if (grower->use_feature && !grower->use_feature[f])
            continue;
        rcx_split_find(&grower->rules, &dataset->bins->maps[feature],
                       signs->count > 0 ? signs->items[feature] : 0, &leaf->node,
                       slot + grower->offset[f], &candidates[f]);
    }
}

static void expand_group(void *context, size_t group, unsigned worker)
{
    const struct work *work = context;
    const struct rcx_grow_expansion *expansion = work->expansion;
    struct rcx_grower *grower = expansion->grower;
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    size_t begin = grower->offset[dataset->group_begin[group]];
    size_t end = grower->offset[dataset->group_begin[group + 1]];
    if (work->shared)
        add_shares(grower, expansion->leaf[0], begin, end);
    else
        build_group(grower, expansion->leaf[0], group, worker);
    if (expansion->leaf[1] && expansion->subtract)
        RCX_KERNEL_CALL(rcx_histogram_subtract)
    (slot_at(grower, expansion->leaf[1]->slot) + begin,
     slot_at(grower, expansion->leaf[0]->slot) + begin, end - begin);
    else if (expansion->leaf[1]) build_group(grower, expansion->leaf[1], group, worker);
    for (unsigned i = 0; i < 2; i++) {
        if (expansion->leaf[i] && expansion->search[i])
            search_group(grower, expansion->leaf[i], group, grower->candidates + i * dataset->used);
    }
}

static void choose_best(struct rcx_grower *grower, struct rcx_grown_leaf *leaf,
                        const struct rcx_split *candidates)
{
    leaf->best.gain = 0;
    for (size_t f = 0; f < grower->dataset->used; f++) {
        if (candidates[f].gain > leaf->best.gain)
            leaf->best = candidates[f];
    }
}

void rcx_grow_expand(struct rcx_grow_expansion *expansion)
{
    struct rcx_grower *grower = expansion->grower;
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    struct work work = {.expansion = expansion,
                        .shared = grower->threads > 1 && expansion->leaf[0]->rows >= SHARED_ROWS};
    uint64_t updates = (uint64_t)expansion->leaf[0]->rows * dataset->used + grower->slot_size;
    if (work.shared)
        share_rows(grower, expansion->leaf[0]);
    if (updates < ALONE_WORK) {
        for (size_t group = 0; group < dataset->group_count; group++)
            expand_group(&work, group, 0);
    } else {
        rcx_team_for(grower->team, dataset->group_count, expand_group, &work);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (expansion->search[i])
            choose_best(grower, expansion->leaf[i], grower->candidates + i * dataset->used);
    }
}
