#pragma once
/* The inner loops of k-means: distances from rows to centres, rows in the lanes.
 *
 * Data come by column, so eight neighbouring rows are one vector and nothing is ever summed across
 * lanes: a squared distance is the sum over columns in their order, whatever the width of the
 * machine's vectors, and all callers get the same bits for the same row and centre. Where distances
 * of many rows are summed, lane l takes rows l, l + 8, ..., and the lanes are added in a fixed tree.
 *
 * Shapes: columns[j] points to the first row of the block; `rows` is a multiple of
 * RCX_KMEANS_LANES; centres are [k][dimensions]. Kernels allocate nothing. */
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

enum { RCX_KMEANS_LANES = 8 };

struct rcx_kmeans_block {
    const double *const *columns; /* [dimensions][rows] */
    size_t dimensions;
    size_t rows;
};

/* Nearest centre of each row (of equally near ones the lowest) and squared distances to it and to the
 * second nearest (+infinity when k is 1). `second` may be NULL. */
RCX_KERNEL_DECLARE(void, kmeans_nearest,
                   (const struct rcx_kmeans_block *block, const double *centres, size_t k,
                    uint32_t *labels, double *best, double *second))
/* Indices of the rows whose labels differ; returns their number, at most `rows`. */
RCX_KERNEL_DECLARE(size_t, kmeans_changed,
                   (const uint32_t *before, const uint32_t *after, size_t rows, uint32_t *out))
/* out[i] = squared distance of row i to `centre`. */
RCX_KERNEL_DECLARE(void, kmeans_distance,
                   (const struct rcx_kmeans_block *block, const double *centre, double *out))
/* Sum over rows of weights[i] * min(nearest[i], squared distance to `centre`); weights may be NULL.
 * With `update` the minimum is stored. */
RCX_KERNEL_DECLARE(double, kmeans_potential,
                   (const struct rcx_kmeans_block *block, const double *centre,
                    const double *weights, double *nearest, int update))
/* Moves the bounds of rows by how far centres moved (kmeans_descent.c) and lists the rows that are
 * not proved to stay: returns their number, indices in `out`. All tables are indexed by label. */
struct rcx_kmeans_drift {
    const float *moved;       /* by which the own centre moved, rounded up */
    const float *others;      /* by which any other centre moved at most, rounded up */
    const float *half_margin; /* half the distance to the next centre, rounded down */
};
RCX_KERNEL_DECLARE(size_t, kmeans_drift,
                   (const struct rcx_kmeans_drift *drift, const uint32_t *labels, size_t rows,
                    float *upper, float *lower, uint32_t *out))
/* Sums of distances (not squared) from eight rows to the rows of each cell: rows [ends[c - 1],
 * ends[c]) of the columns are cell c.  eight[j * 8 + l] is column j of row l.
 *  out  [cells][8] */
RCX_KERNEL_DECLARE(void, kmeans_cell_distances,
                   (const double *const *columns, size_t dimensions, const size_t *ends,
                    size_t cells, const double *eight, double *out))
