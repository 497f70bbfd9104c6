/* The records of a leaf to its children, in order. */
#include <string.h>

#include "ml/gbdt/grow.h"
#include "ml/gbdt/histogram.h"

/* Below ALONE records a second thread costs more than it brings. Neither depends on the number of
 * threads, though the order would be the same. */
enum { PIECE = RCX_GROW_PIECE, ALONE = 6144 };

struct parting {
    const uint64_t *from;
    uint64_t *to;
    uint8_t *go;
    size_t count, pieces;
    const uint8_t *bins, *go_left;
    size_t *lefts; /* [pieces + 1] of each piece; then how many before it */
    size_t total_left;
};

static size_t piece_count(const struct parting *parting, size_t piece)
{
    size_t begin = piece * PIECE;
    return parting->count - begin < PIECE ? parting->count - begin : PIECE;
}

static void judge_piece(void *context, size_t piece, unsigned worker)
{
    struct parting *parting = context;
    (void)worker;
    size_t begin = piece * PIECE;
    parting->lefts[piece] = RCX_KERNEL_CALL(rcx_records_judge)(
        parting->from + begin, piece_count(parting, piece), parting->bins, parting->go_left,
        parting->go + begin);
}

static void part_piece(void *context, size_t piece, unsigned worker)
{
    struct parting *parting = context;
    (void)worker;
    size_t begin = piece * PIECE, count = piece_count(parting, piece);
    size_t left = parting->lefts[piece], lefts = parting->lefts[piece + 1] - left;
    size_t right = parting->total_left + begin - left;
    struct rcx_parted to = {.left = parting->to + left,
                            .left_end = parting->to + left + lefts,
                            .right = parting->to + right,
                            .right_end = parting->to + right + count - lefts};
    RCX_KERNEL_CALL(rcx_records_part)(parting->from + begin, count, parting->go + begin, &to);
}

size_t rcx_grow_partition(struct rcx_grower *grower, struct rcx_grown_leaf *leaf,
                          const uint8_t *bins, const uint8_t *go_left)
{
    uint64_t *here = grower->records[leaf->buffer] + leaf->begin;
    uint64_t *there = grower->records[!leaf->buffer] + leaf->begin;
    if (leaf->rows < ALONE) {
        uint8_t *go = grower->go + leaf->begin;
        size_t lefts = RCX_KERNEL_CALL(rcx_records_judge)(here, leaf->rows, bins, go_left, go);
        struct rcx_parted to = {here, here + leaf->rows, there, there + leaf->rows};
        RCX_KERNEL_CALL(rcx_records_part)(here, leaf->rows, go, &to);
        memcpy(here + lefts, there, (leaf->rows - lefts) * sizeof *there);
        return lefts;
    }
    struct parting parting = {.from = here,
                              .to = there,
                              .go = grower->go + leaf->begin,
                              .count = leaf->rows,
                              .pieces = (leaf->rows + PIECE - 1) / PIECE,
                              .bins = bins,
                              .go_left = go_left,
                              .lefts = grower->piece_lefts};
    rcx_team_for(grower->team, parting.pieces, judge_piece, &parting);
    for (size_t piece = 0; piece < parting.pieces; piece++) {
        size_t lefts = parting.lefts[piece];
        parting.lefts[piece] = parting.total_left;
        parting.total_left += lefts;
    }
    parting.lefts[parting.pieces] = parting.total_left;
    rcx_team_for(grower->team, parting.pieces, part_piece, &parting);
    leaf->buffer = !leaf->buffer;
    return parting.total_left;
}
