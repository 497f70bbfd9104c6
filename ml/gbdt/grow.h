#pragma once
/* Growing one tree, leaf by leaf.
 *
 * The rows of each leaf are a run of records (histogram.h) in ascending order of rows. A split parts the
 * run, builds the smaller child's histogram from its records and the larger one's by subtraction in the
 * parent's place, and searches both; the leaf with the highest gain is split next. Threads share the
 * groups of features of small nodes; of large ones the rows, each adding to histograms of its own, which are
 * added up when the groups are subtracted and searched. Nodes too small for threads do without.
 * Histograms live in a pool of at most RCX_GROW_POOL_BYTES; when it is full, the leaf with the lowest
 * gain gives up its own, and its children are both built from records. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/team.h"
#include "ml/gbdt/gbdt_dataset.h"
#include "ml/gbdt/gbdt_params.h"
#include "ml/gbdt/histogram_rows.h"
#include "ml/gbdt/split_search.h"

#define RCX_GROW_POOL_BYTES ((size_t)1 << 30)
enum { RCX_GROW_PIECE = 2048 }; /* records of one task of a parting */

struct rcx_grown_leaf {
    size_t begin; /* of its records */
    uint32_t rows;
    int32_t slot; /* of its histogram; -1: none */
    bool buffer;  /* which of the two holds its records */
    uint32_t depth;
    struct rcx_split_node node;
    struct rcx_split best;
    double value; /* set by rcx_leaf_values */
    double hessian;
};

struct rcx_grown_split {
    struct rcx_split split;
    int32_t left, right; /* child split, or ~leaf */
    uint64_t total;
    uint32_t rows;
    double l2;
};

struct rcx_grower {
    const struct rcx_gbdt_params *params;
    const struct rcx_gbdt_dataset *dataset;
    struct rcx_team *team; /* of at most `threads` */
    unsigned threads;
    struct rcx_split_rules rules;
    uint64_t *records[2]; /* [rows] each; a large leaf's children are in the other one than it */
    uint8_t *go;          /* [rows] which side, while a leaf is parted */
    size_t record_count;
    const uint8_t *use_feature; /* [used] 1: may be split on in this tree */
    /* the tree */
    uint32_t leaf_count, most_leaves;
    struct rcx_grown_leaf *leaves;  /* [most_leaves] */
    struct rcx_grown_split *splits; /* [most_leaves - 1] */
    uint32_t *parent; /* [most_leaves] split whose child the leaf is, times 2, plus 1: right */
    uint32_t *heap, heap_count; /* leaves that can be split, best on top */
    /* histograms */
    uint64_t *pool;
    size_t pool_bytes, slot_count, slot_size; /* size in sums */
    int32_t *free_slots;
    size_t free_count;
    uint32_t *offset;             /* [used + 1] of each feature in a slot */
    struct rcx_split *candidates; /* [2][used] */
    uint64_t *shares;             /* [threads - 1] slots: histograms of the threads but the first */
    size_t shares_bytes;
    bool *takes_part;                      /* [threads] has added to its histogram of this node */
    struct rcx_histogram_scratch *scratch; /* [threads] */
    size_t *piece_lefts;                   /* of each piece of a parting */
};

/* Room for trees of the data set. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_grower_init(struct rcx_grower *grower, const struct rcx_gbdt_params *params,
                                const struct rcx_gbdt_dataset *dataset, unsigned threads,
                                struct rcx_error *err);
void rcx_grower_release(struct rcx_grower *grower);

/* Grows a tree from grower->records[0]; `total` is their packed sum. Values are not set yet. */
void rcx_grow(struct rcx_grower *grower, uint64_t total);

/* Parts the leaf's records by the table of its split, maybe into the other buffer; returns how many went
 * left. grow_partition.c */
size_t rcx_grow_partition(struct rcx_grower *grower, struct rcx_grown_leaf *leaf,
                          const uint8_t *bins, const uint8_t *go_left);

/* One or two leaves whose histograms are to be made; the first from records, the second by subtraction
 * from what is in its slot, or from records too. */
struct rcx_grow_expansion {
    struct rcx_grower *grower;
    struct rcx_grown_leaf *leaf[2];
    bool search[2]; /* for the best split */
    bool subtract;
};
/* Makes the histograms and finds the best splits. grow_histograms.c */
void rcx_grow_expand(struct rcx_grow_expansion *expansion);
