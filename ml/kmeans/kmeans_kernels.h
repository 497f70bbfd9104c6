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

/* Factors that carry a bound outwards: rounding to float, and of the squared distances behind it. */
#define RCX_KMEANS_WIDER (1.0 + 0x1p-20)
#define RCX_KMEANS_NARROWER (1.0 - 0x1p-20)

/* Floats within these have their full precision; bounds beyond say less than they could. */
#define RCX_KMEANS_LEAST_UP 1e-37
#define RCX_KMEANS_LEAST_DOWN 1e-30
#define RCX_KMEANS_MOST_DOWN 1e30

static inline float rcx_kmeans_bound_above(double distance)
{
    double wide = distance * RCX_KMEANS_WIDER;
    return (float)(wide > RCX_KMEANS_LEAST_UP ? wide : RCX_KMEANS_LEAST_UP);
}

static inline float rcx_kmeans_bound_below(double distance)
{
    double narrow = distance * RCX_KMEANS_NARROWER;
    narrow = narrow < RCX_KMEANS_MOST_DOWN ? narrow : RCX_KMEANS_MOST_DOWN;
    return (float)(narrow > RCX_KMEANS_LEAST_DOWN ? narrow : 0);
}

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
/* Bounds from squared distances to the nearest and the second nearest centre: upper[i] is at least the
 * root of best[i], lower[i] at most that of second[i]. */
RCX_KERNEL_DECLARE(void, kmeans_bounds,
                   (const double *best, const double *second, size_t rows, float *upper,
                    float *lower))
/* Sums of distances (not squared) from eight rows to the rows of each cell: rows [ends[c - 1],
 * ends[c]) of the columns are cell c.  eight[j * 8 + l] is column j of row l.
 *  out  [cells][8] */
RCX_KERNEL_DECLARE(void, kmeans_cell_distances,
                   (const double *const *columns, size_t dimensions, const size_t *ends,
                    size_t cells, const double *eight, double *out))
