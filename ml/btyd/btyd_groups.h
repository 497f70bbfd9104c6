#pragma once
/* The inside of struct rcx_btyd_groups: distinct customers in lanes. Private to ml/btyd.
 *
 * Ordered by x, then T, then t_x. A run is all customers of one x, from a multiple of RCX_LANES on,
 * filled up with copies of its last one of weight 0; a piece is a part of a run, the unit of
 * parallel work and of the order in which sums are formed. */
#include "ml/btyd/btyd.h"

struct rcx_btyd_run {
    double x;
    double weight; /* customers */
    size_t first_lane;
    size_t lanes;
};

struct rcx_btyd_piece {
    size_t run;
    size_t first_lane, lanes;
};

enum { RCX_BTYD_PIECE_LANES = 8192 };

struct rcx_btyd_groups {
    size_t customers, distinct, lanes;
    double *t_x, *age, *weight; /* [lanes] */
    uint32_t *lane_of;          /* [customers] */
    size_t run_count, piece_count;
    struct rcx_btyd_run *runs;
    struct rcx_btyd_piece *pieces;
    double mean_age, mean_x; /* of customers */
    double repeaters;        /* customers with x > 0 */
};

/* A thinned copy for first guesses: about `distinct` groups, evenly spaced in the order.
 * lane_of stays NULL. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_btyd_groups_thin(const struct rcx_btyd_groups *groups, size_t distinct,
                                     struct rcx_btyd_groups **out, struct rcx_error *err);
