#pragma once
/* k-means: k centres that make the sum of squared distances of the rows to their nearest centre
 * (the inertia) small.
 *
 * Idea: several starts (greedy k-means++: Arthur and Vassilvitskii 2007, with a few candidates per
 * step; or k-means||: Bahmani et al. 2012), each followed by Lloyd's iterations until no row changes
 * its centre; the start that ends lowest wins, of equal ones the first. Up to 256 centres, iterations
 * look at rows in single precision and only where rounding could matter in doubles
 * (kmeans_screen_kernels.h); beyond, they keep an upper bound of the distance to the own centre and a
 * lower bound to all others, so that most rows are not looked at (Hamerly 2010). The result is that of
 * the plain iterations, bit for bit: what is left out is proved, errors of rounding included, and all
 * distances that decide come from the same kernel (kmeans_kernels.h).
 *
 * The sums behind a centre are integers: values times a power of two, less an offset, in 64 bits. So
 * they are exact whatever the order, only rows that moved are added and subtracted, and the result
 * does not depend on threads or instruction set. One unit is below 2^-60 of the sum of all absolute
 * values of the column.
 *
 * A centre that loses its last row gets the row furthest from its own centre. When there are fewer
 * different rows than k, centres stay empty: sizes say so.
 *
 * Cost: rows x k x columns for each iteration, with bounds less once rows settle. Memory: 4 bytes per
 * row (with bounds 12) for each restart that runs at the same time, and the rows in single precision. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/matrix.h"

enum rcx_kmeans_start {
    RCX_KMEANS_START_AUTO, /* k-means|| from 1,048,576 rows and 8 centres on, else k-means++ */
    RCX_KMEANS_START_PLUSPLUS,
    RCX_KMEANS_START_PARALLEL /* k-means|| */
};

enum rcx_kmeans_algorithm {
    RCX_KMEANS_AUTO,
    RCX_KMEANS_LLOYD,     /* looks at every row and centre each time */
    RCX_KMEANS_BOUNDS,    /* the same result with bounds */
    RCX_KMEANS_SCREENED,  /* the same result, screened in single precision (up to 256 centres) */
    RCX_KMEANS_MINI_BATCH /* Sculley 2010: approximate, for data that are too many */
};

enum { RCX_KMEANS_CENTRES_MOST = 65536 };

struct rcx_kmeans_options {
    size_t k;
    size_t restarts; /* 0: 10; with `centres` 1 */
    bool swap;       /* then tries to leave the local optimum of the best start by moving centres
                              elsewhere (kmeans_swaps.c): 9 to 27 descents more */
    size_t max_iterations; /* 0: 300 */
    /* Ends when the centres together moved by at most this, squared, in units of the mean variance of
     * the columns (as scikit-learn's tol). 0: only when no row changes its centre. */
    double tolerance;
    enum rcx_kmeans_start start;
    enum rcx_kmeans_algorithm algorithm;
    const double *centres; /* [k][columns] to start from; NULL: choose */
    const double *weights; /* [rows], >= 0, finite; NULL: all 1 */
    size_t batch_rows;     /* MINI_BATCH; 0: 1024 */
    uint64_t seed, stream; /* `stream` tells several fits with one seed apart */
    struct rcx_parallel parallel;
};

struct rcx_kmeans {
    size_t k, dimensions, rows;
    double *centres;            /* [k][dimensions] owned */
    uint32_t *labels;           /* [rows] owned: nearest centre, of equal ones the lowest */
    double *distances;          /* [rows] owned: squared, to that centre */
    double *sizes;              /* [k] owned: rows (or their weight) of each centre */
    double inertia;             /* sum of weight x squared distance */
    size_t iterations, restart; /* of the restart that won */
    size_t reseeded;            /* how often an empty centre was put somewhere else */
    bool converged;             /* else max_iterations ended it */
};

void rcx_kmeans_release(struct rcx_kmeans *kmeans);

/* Errors: RCX_E_INPUT (fewer rows than k, a value that is NaN, infinite or beyond +-1e150, a bad
 *   weight; names row and column), RCX_E_USAGE (k is 0 or too large), RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * Ownership: borrows everything; the caller releases *out. */
enum rcx_status rcx_kmeans_fit(const struct rcx_matrix *matrix,
                               const struct rcx_kmeans_options *options, struct rcx_kmeans *out,
                               struct rcx_error *err);

/* Nearest centre of each row, and squared distances to it and to the second nearest (+infinity when k
 * is 1); the last two may be NULL. Same bits as the fit gives. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_kmeans_assign(const struct rcx_matrix *matrix, const double *centres, size_t k,
                                  const struct rcx_parallel *parallel, uint32_t *labels,
                                  double *distances, double *second, struct rcx_error *err);

/* RCX_E_INPUT naming the first cell that is no finite number of reasonable size. */
enum rcx_status rcx_kmeans_check(const struct rcx_matrix *matrix, struct rcx_error *err);
