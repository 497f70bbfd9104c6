#pragma once
/* How good a clustering is, from rows and labels alone; no measure knows how the labels came about.
 *
 * Labels are 0..k-1; clusters without a row are left out, as if the others were numbered anew. All
 * results are the same for any number of threads. Where scikit-learn has the measure its definition is
 * used, special cases included. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/matrix.h"

struct rcx_labelling {
    const uint32_t *labels; /* [rows] */
    size_t k;
};

/* Mean silhouette (Rousseeuw 1987): (b - a) / max(a, b), a the mean distance to the other rows of the
 * own cluster, b the least mean distance to the rows of another one; 0 for rows that are alone.
 *
 * Several labellings of the same rows share the distances, which are most of the work: rows are
 * sorted by the tuple of their labels, and distances to each such cell are summed once.
 *
 * Up to `most_rows` rows it is exact. Beyond, a sample of about that many, stratified by cell (at
 * least two rows of each, if it has them), stands for the rest: sums over a cell are expanded to its
 * size. rows^2 distances, rows x columns memory. */
struct rcx_silhouette {
    double mean; /* NaN when there are fewer than two clusters */
    size_t rows; /* looked at */
};
enum rcx_status rcx_silhouettes(const struct rcx_matrix *matrix,
                                const struct rcx_labelling *labellings, size_t count,
                                size_t most_rows, uint64_t seed,
                                const struct rcx_parallel *parallel, struct rcx_silhouette *out,
                                struct rcx_error *err);

/* The same with centres instead of clusters (Hruschka et al. 2004): a and b are the distances to the
 * nearest and the second nearest centre. `nearest` and `second` are squared, as rcx_kmeans_assign
 * gives them. NaN when there is no second. */
double rcx_simplified_silhouette(const double *nearest, const double *second, size_t rows);

struct rcx_separation {
    double davies_bouldin;    /* less is better; NaN when there are fewer than two clusters */
    double calinski_harabasz; /* more is better; NaN when there are fewer than two clusters */
    double within;            /* sum of squared distances to the mean of the cluster */
    double smallest_share;    /* rows of the smallest of all k clusters / rows */
};
enum rcx_status rcx_cluster_separation(const struct rcx_matrix *matrix,
                                       const struct rcx_labelling *labelling,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_separation *out, struct rcx_error *err);

/* Adjusted Rand index (Hubert and Arabie 1985): 1 for the same partition, about 0 for unrelated ones.
 * Exact but for the last rounding; fewer than 2^32 rows.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_adjusted_rand(const struct rcx_labelling *a, const struct rcx_labelling *b,
                                  size_t rows, double *out, struct rcx_error *err);
