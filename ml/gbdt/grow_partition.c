/* The records of a leaf to its children, in order. */
#include <string.h>

#include "ml/gbdt/grow.h"
#include "ml/gbdt/histogram.h"

/* Below ALONE records a second thread costs more than it brings. */
enum { PIECE = 8192, ALONE = 16384 };

struct parting {
    const struct rcx_grower *grower;
    uint64_t *records, *scratch;
    size_t count, pieces;
    const uint8_t *bins, *go_left;
    size_t *lefts; /* of each piece; then where its left ones go */
    size_t total_left;
};

static size_t piece_count(const struct parting *parting, size_t piece)
{
    size_t begin = piece * PIECE;
    return parting->count - begin < PIECE ? parting->count - begin : PIECE;
}

/* Each piece into its own place of the scratch: left ones from the front, then the right ones. */
static void part_piece(void *context, size_t piece, unsigned worker)
{
    struct parting *parting = context;
    (void)worker;
    size_t begin = piece * PIECE, count = piece_count(parting, piece);
    uint64_t right[PIECE];
    uint64_t *to = parting->scratch + begin;
    size_t lefts = RCX_KERNEL_CALL(rcx_records_partition)(
        parting->records + begin, count, parting->bins, parting->go_left, to, right);
    memcpy(to + lefts, right, (count - lefts) * sizeof *right);
    parting->lefts[piece] = lefts;
}

static void join_piece(void *context, size_t piece, unsigned worker)
{
    struct parting *parting = context;
    (void)worker;
    size_t begin = piece * PIECE, count = piece_count(parting, piece);
    size_t left_at = parting->lefts[piece], left_end = parting->lefts[piece + 1];
    size_t lefts = left_end - left_at, right_at = parting->total_left + begin - left_at;
    const uint64_t *from = parting->scratch + begin;
    memcpy(parting->records + left_at, from, lefts * sizeof *from);
    memcpy(parting->records + right_at, from + lefts, (count - lefts) * sizeof *from);
}

size_t rcx_grow_partition(struct rcx_grower *grower, const struct rcx_grown_leaf *leaf,
                          const uint8_t *bins, const uint8_t *go_left)
{
    struct parting parting = {.grower = grower,
                              .records = grower->records + leaf->begin,
                              .scratch = grower->scratch + leaf->begin,
                              .count = leaf->rows,
                              .pieces = (leaf->rows + PIECE - 1) / PIECE,
                              .bins = bins,
                              .go_left = go_left,
                              .lefts = grower->piece_lefts};
    if (leaf->rows < ALONE || rcx_team_size(grower->team) == 1) {
        size_t lefts = RCX_KERNEL_CALL(rcx_records_partition)(
            parting.records, parting.count, bins, go_left, parting.records, parting.scratch);
        memcpy(parting.records + lefts, parting.scratch,
               (parting.count - lefts) * sizeof *parting.scratch);
        return lefts;
    }
    rcx_team_for(grower->team, parting.pieces, part_piece, &parting);
    for (size_t piece = 0; piece < parting.pieces; piece++) {
        size_t here = parting.lefts[piece];
        parting.lefts[piece] = parting.total_left;
        parting.total_left += here;
    }
    parting.lefts[parting.pieces] = parting.total_left;
    rcx_team_for(grower->team, parting.pieces, join_piece, &parting);
    return parting.total_left;
}
