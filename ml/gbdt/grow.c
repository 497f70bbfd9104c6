#include "ml/gbdt/grow.h"

#include <math.h>

#include "base/memory.h"

enum { SLOT_ALIGN = RCX_SCAN_LANES, LEAST_SLOTS = 4 };

/* ---- memory ---- */

static size_t lay_out_slot(struct rcx_grower *grower)
{
    size_t at = 0;
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    for (size_t f = 0; f < dataset->used; f++) {
        grower->offset[f] = (uint32_t)at;
        size_t bins = dataset->bins->maps[dataset->feature[f]].bins;
        at += (bins + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
    }
    grower->offset[dataset->used] = (uint32_t)at;
    return at;
}

static bool allocate(struct rcx_grower *grower)
{
    size_t rows = grower->dataset->rows, used = grower->dataset->used, leaves = grower->most_leaves;
    for (unsigned i = 0; i < 2; i++)
        grower->records[i] = rcx_pages_alloc(rows * sizeof(uint64_t));
    grower->go = rcx_pages_alloc(rows);
    grower->leaves = rcx_calloc(leaves, sizeof *grower->leaves);
    grower->splits = rcx_calloc(leaves, sizeof *grower->splits);
    grower->parent = rcx_calloc(leaves, sizeof *grower->parent);
    grower->heap = rcx_calloc(leaves, sizeof *grower->heap);
    grower->candidates = rcx_calloc(2 * used + 1, sizeof *grower->candidates);
    grower->offset = rcx_calloc(used + 1, sizeof *grower->offset);
    grower->piece_lefts = rcx_calloc(rows / RCX_GROW_PIECE + 2, sizeof *grower->piece_lefts);
    if (!grower->records[0] || !grower->records[1] || !grower->go || !grower->leaves ||
        !grower->splits || !grower->parent || !grower->heap || !grower->candidates ||
        !grower->offset || !grower->piece_lefts)
        return false;
    grower->slot_size = lay_out_slot(grower);
    size_t slot_bytes = grower->slot_size * sizeof *grower->pool;
    size_t most = slot_bytes > 0 ? RCX_GROW_POOL_BYTES / slot_bytes : leaves;
    grower->slot_count = most < leaves ? most : leaves;
    if (grower->slot_count < LEAST_SLOTS)
        grower->slot_count = LEAST_SLOTS;
    grower->pool_bytes = grower->slot_count * slot_bytes;
    grower->pool = rcx_pages_alloc(grower->pool_bytes);
    grower->free_slots = rcx_calloc(grower->slot_count, sizeof *grower->free_slots);
    grower->shares_bytes = (grower->threads - 1) * slot_bytes;
    grower->shares = rcx_pages_alloc(grower->shares_bytes);
    grower->takes_part = rcx_calloc(grower->threads, sizeof *grower->takes_part);
    grower->scratch = rcx_calloc(grower->threads, sizeof *grower->scratch);
    return grower->pool && grower->free_slots && grower->shares && grower->takes_part &&
           grower->scratch;
}

enum rcx_status rcx_grower_init(struct rcx_grower *grower, const struct rcx_gbdt_params *params,
                                const struct rcx_gbdt_dataset *dataset, unsigned threads,
                                struct rcx_error *err)
{
    *grower = (struct rcx_grower){.params = params, .dataset = dataset, .threads = threads};
    size_t most = (size_t)params->num_leaves;
    grower->most_leaves = (uint32_t)(most < dataset->rows ? most : dataset->rows);
    if (!allocate(grower)) {
        rcx_grower_release(grower);
        return rcx_fail_nomem(err, "training", 16 * dataset->rows);
    }
    return RCX_OK;
}

void rcx_grower_release(struct rcx_grower *grower)
{
    size_t rows = grower->dataset ? grower->dataset->rows : 0;
    for (unsigned i = 0; i < 2; i++)
        rcx_pages_free(grower->records[i], rows * sizeof(uint64_t));
    rcx_pages_free(grower->go, rows);
    rcx_pages_free(grower->pool, grower->pool_bytes);
    rcx_pages_free(grower->shares, grower->shares_bytes);
    rcx_free(grower->takes_part);
    rcx_free(grower->scratch);
    rcx_free(grower->leaves);
    rcx_free(grower->splits);
    rcx_free(grower->parent);
    rcx_free(grower->heap);
    rcx_free(grower->candidates);
    rcx_free(grower->offset);
    rcx_free(grower->piece_lefts);
    rcx_free(grower->free_slots);
    *grower = (struct rcx_grower){0};
}

/* ---- histogram slots ---- */

static void give_slot(struct rcx_grower *grower, int32_t slot)
{
    if (slot >= 0)
        grower->free_slots[grower->free_count++] = slot;
}

/* A slot for the children of leaf `busy`, whose own slot is not to be taken. */
static int32_t take_slot(struct rcx_grower *grower, uint32_t busy)
{
    if (grower->free_count > 0)
        return grower->free_slots[--grower->free_count];
    uint32_t worst = UINT32_MAX;
    for (uint32_t l = 0; l < grower->leaf_count; l++) {
        if (l != busy && grower->leaves[l].slot >= 0 &&
            (worst == UINT32_MAX || grower->leaves[l].best.gain < grower->leaves[worst].best.gain))
            worst = l;
    }
    int32_t slot = grower->leaves[worst].slot;
    grower->leaves[worst].slot = -1;
    return slot;
}

/* ---- the heap of leaves by gain ---- */

static bool better(const struct rcx_grower *grower, uint32_t a, uint32_t b)
{
    double x = grower->leaves[a].best.gain, y = grower->leaves[b].best.gain;
    return x > y || (x == y && a < b);
}

static void push(struct rcx_grower *grower, uint32_t leaf)
{
    uint32_t at = grower->heap_count++;
    while (at > 0 && better(grower, leaf, grower->heap[(at - 1) / 2])) {
        grower->heap[at] = grower->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    grower->heap[at] = leaf;
}

static uint32_t pop(struct rcx_grower *grower)
{
    uint32_t top = grower->heap[0], last = grower->heap[--grower->heap_count], at = 0;
    for (uint32_t child; (child = 2 * at + 1) < grower->heap_count; at = child) {
        if (child + 1 < grower->heap_count &&
            better(grower, grower->heap[child + 1], grower->heap[child]))
            child++;
        if (!better(grower, grower->heap[child], last))
            break;
        grower->heap[at] = grower->heap[child];
    }
    grower->heap[at] = last;
    return top;
}

/* ---- the tree ---- */

/* Limits of the children's values: a monotone split puts the middle of both values between them. */
static void set_limits(const struct rcx_grower *grower, const struct rcx_grown_leaf *parent,
                       struct rcx_grown_leaf *left, struct rcx_grown_leaf *right)
{
    const struct rcx_gbdt_signs *signs = &grower->params->monotone_constraints;
    uint32_t feature = grower->dataset->feature[parent->best.feature];
    int sign = signs->count > 0 && !parent->best.categorical ? signs->items[feature] : 0;
    left->node.lower = right->node.lower = parent->node.lower;
    left->node.upper = right->node.upper = parent->node.upper;
    if (sign == 0)
        return;
    double values[2] = {rcx_split_value(&grower->rules, left->node.total, left->node.l2),
                        rcx_split_value(&grower->rules, right->node.total, right->node.l2)};
    for (unsigned i = 0; i < 2; i++) {
        values[i] = values[i] < parent->node.lower ? parent->node.lower : values[i];
        values[i] = values[i] > parent->node.upper ? parent->node.upper : values[i];
    }
    double middle = values[0] + (values[1] - values[0]) / 2;
    if (sign > 0)
        left->node.upper = right->node.lower = middle;
    else
        left->node.lower = right->node.upper = middle;
}

/* Writes the split into the tree; its left child keeps the leaf's number. */
static void record_split(struct rcx_grower *grower, uint32_t leaf, uint32_t split)
{
    const struct rcx_grown_leaf *parent = &grower->leaves[leaf];
    grower->splits[split] = (struct rcx_grown_split){.split = parent->best,
                                                     .left = ~(int32_t)leaf,
                                                     .right = ~(int32_t)(split + 1),
                                                     .total = parent->node.total,
                                                     .rows = parent->rows,
                                                     .l2 = parent->node.l2};
    if (split > 0) {
        struct rcx_grown_split *above = &grower->splits[grower->parent[leaf] / 2];
        *(grower->parent[leaf] % 2 ? &above->right : &above->left) = (int32_t)split;
    }
    grower->parent[leaf] = 2 * split;
    grower->parent[split + 1] = 2 * split + 1;
}

/* Whether the leaf may be split at all. */
static bool may_split(const struct rcx_grower *grower, const struct rcx_grown_leaf *leaf)
{
    const struct rcx_gbdt_params *params = grower->params;
    return leaf->rows >= 2 && leaf->rows >= 2 * (uint64_t)params->min_data_in_leaf &&
           (params->max_depth <= 0 || leaf->depth < (uint64_t)params->max_depth);
}

/* Parts the rows of the leaf to two new leaves: the first in its own place, the second behind. */
static void part(struct rcx_grower *grower, struct rcx_grown_leaf *parent,
                 struct rcx_grown_leaf *left, struct rcx_grown_leaf *right)
{
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    const struct rcx_split *split = &parent->best;
    uint8_t go_left[RCX_GBDT_MOST_BINS];
    rcx_split_table(split, &dataset->bins->maps[dataset->feature[split->feature]], go_left);
    size_t lefts = rcx_grow_partition(grower, parent,
                                      dataset->columns + split->feature * dataset->rows, go_left);
    *left = (struct rcx_grown_leaf){.begin = parent->begin,
                                    .rows = (uint32_t)lefts,
                                    .slot = -1,
                                    .buffer = parent->buffer,
                                    .depth = parent->depth + 1,
                                    .node = {.total = split->left, .l2 = split->l2}};
    *right = *left;
    right->begin += lefts;
    right->rows = parent->rows - left->rows;
    right->node.total = parent->node.total - split->left;
    left->node.rows = left->rows;
    right->node.rows = right->rows;
    set_limits(grower, parent, left, right);
}

static void finish_leaf(struct rcx_grower *grower, uint32_t leaf)
{
    if (grower->leaves[leaf].best.gain > 0) {
        push(grower, leaf);
    } else {
        give_slot(grower, grower->leaves[leaf].slot);
        grower->leaves[leaf].slot = -1;
    }
}

static void split_leaf(struct rcx_grower *grower, uint32_t leaf)
{
    struct rcx_grown_leaf parent = grower->leaves[leaf];
    uint32_t split = grower->leaf_count - 1;
    struct rcx_grown_leaf *left = &grower->leaves[leaf];
    struct rcx_grown_leaf *right = &grower->leaves[split + 1];
    record_split(grower, leaf, split);
    part(grower, &parent, left, right);
    grower->leaf_count++;
    bool left_is_smaller = left->rows <= right->rows;
    struct rcx_grown_leaf *small = left_is_smaller ? left : right;
    struct rcx_grown_leaf *large = left_is_smaller ? right : left;
    struct rcx_grow_expansion expansion = {
        .grower = grower,
        .leaf = {small, large},
        .search = {may_split(grower, small), may_split(grower, large)},
        .subtract = parent.slot >= 0};
    bool last = grower->leaf_count == grower->most_leaves;
    if (last || !(expansion.search[0] || expansion.search[1])) {
        give_slot(grower, parent.slot);
        return;
    }
    large->slot = parent.slot >= 0 ? parent.slot : take_slot(grower, leaf);
    small->slot = take_slot(grower, (uint32_t)(large - grower->leaves));
    rcx_grow_expand(&expansion);
    finish_leaf(grower, leaf);
    finish_leaf(grower, split + 1);
}

void rcx_grow(struct rcx_grower *grower, uint64_t total)
{
    grower->heap_count = 0;
    grower->free_count = 0;
    for (size_t slot = grower->slot_count; slot-- > 0;)
        give_slot(grower, (int32_t)slot);
    struct rcx_grown_leaf *root = &grower->leaves[0];
    *root = (struct rcx_grown_leaf){
        .rows = (uint32_t)grower->record_count,
        .slot = take_slot(grower, 0),
        .node = {.total = total, .rows = (uint32_t)grower->record_count, .l2 = grower->rules.l2}};
    root->node.lower = -INFINITY;
    root->node.upper = INFINITY;
    grower->leaf_count = 1;
    grower->parent[0] = 0;
    struct rcx_grow_expansion expansion = {.grower = grower, .leaf = {root}, .search = {true}};
    if (!may_split(grower, root) || grower->dataset->used == 0 || grower->most_leaves < 2)
        return;
    rcx_grow_expand(&expansion);
    finish_leaf(grower, 0);
    while (grower->heap_count > 0 && grower->leaf_count < grower->most_leaves)
        split_leaf(grower, pop(grower));
}
