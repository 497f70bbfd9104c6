#pragma once
/* What the parts of k-means share: the data cut into chunks of rows, scratch for each worker, and the
 * units of the integer sums. Nobody outside ml/kmeans includes it. */
#include "ml/kmeans/kmeans.h"
#include "ml/kmeans/kmeans_kernels.h"
#include "ml/kmeans/kmeans_screen_kernels.h"

enum { RCX_KMEANS_CHUNK = 1024 }; /* rows; a multiple of the lanes */

struct rcx_kmeans_problem {
    const struct rcx_matrix *matrix; /* borrowed */
    const double *weights;           /* borrowed or NULL */
    size_t chunks;
    struct rcx_parallel parallel;
    uint64_t seed, stream;
    /* A cell x of column j with weight w counts as the integer (w (x - offsets[j])) * scales[j],
     * rounded; its weight as w * weight_scale. Scales are powers of two. */
    double *offsets, *scales;
    double weight_scale;
    double mean_variance; /* of the columns, unweighted */
    double total_weight;
    /* For the screen: (x - offsets[j]) * tile_scale, a power of two that makes lengths about 1, in
     * single precision: [tile][columns][TILE]. NULL: nothing is screened. */
    float *tiles;
    size_t tile_bytes;
    double tile_scale;
};

/* For each worker; columns of the last, shorter chunk are copied into it, padded with zeros. */
struct rcx_kmeans_scratch {
    const double **columns; /* [dimensions] */
    double *values;         /* [dimensions][CHUNK] */
    double weights[RCX_KMEANS_CHUNK];
    double best[RCX_KMEANS_CHUNK], second[RCX_KMEANS_CHUNK];
    float upper[RCX_KMEANS_CHUNK], lower[RCX_KMEANS_CHUNK];
    uint32_t labels[RCX_KMEANS_CHUNK], open[RCX_KMEANS_CHUNK];
};

static inline size_t rcx_kmeans_chunk_rows(const struct rcx_matrix *matrix, size_t chunk)
{
    size_t left = matrix->rows - chunk * RCX_KMEANS_CHUNK;
    return left < RCX_KMEANS_CHUNK ? left : RCX_KMEANS_CHUNK;
}
static inline size_t rcx_kmeans_chunks(size_t rows)
{
    return (rows + RCX_KMEANS_CHUNK - 1) / RCX_KMEANS_CHUNK;
}

/* Checks cells and weights, and learns the units. Errors: RCX_E_INPUT, RCX_E_NOMEM. */
enum rcx_status rcx_kmeans_problem_init(const struct rcx_matrix *matrix,
                                        const struct rcx_kmeans_options *options,
                                        struct rcx_kmeans_problem *out, struct rcx_error *err);
void rcx_kmeans_problem_release(struct rcx_kmeans_problem *problem);

/* One for each of `workers`; NULL: out of memory. */
struct rcx_kmeans_scratch *rcx_kmeans_scratch_new(size_t dimensions, size_t workers);
void rcx_kmeans_scratch_free(struct rcx_kmeans_scratch *scratch, size_t workers);

/* The rows of a chunk as a block of the kernels; views into the matrix or the scratch. */
struct rcx_kmeans_block rcx_kmeans_chunk_block(const struct rcx_matrix *matrix, size_t chunk,
                                               struct rcx_kmeans_scratch *scratch);
/* The weights of those rows, padded with zeros; NULL when there are none and nothing is padded. */
const double *rcx_kmeans_chunk_weights(const struct rcx_kmeans_problem *problem, size_t chunk,
                                       struct rcx_kmeans_scratch *scratch);

/* --- the screen (kmeans_screen_kernels.h) --------------------------------------------------------- */

/* Whether iterations keep bounds. */
bool rcx_kmeans_bounded(const struct rcx_kmeans_options *options);
/* Rounds the rows where iterations are to be screened; not when the variance is so small or large that
 * the squares of differences might not keep their precision. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_kmeans_tiles(struct rcx_kmeans_problem *problem,
                                 const struct rcx_kmeans_options *options, struct rcx_error *err);
/* Rounds k centres, at most RCX_KMEANS_SCREEN_CENTRES; false: one is too far away.
 *  values  [k][dimensions + 1], which *out refers to */
bool rcx_kmeans_screen_centres(const struct rcx_kmeans_problem *problem, const double *centres,
                               size_t k, float *values, struct rcx_kmeans_screen *out);

/* --- the parts -------------------------------------------------------------------------------- */

/* Chooses k centres. `out` is [k][dimensions]. */
enum rcx_status rcx_kmeans_plusplus(const struct rcx_kmeans_problem *problem, size_t k,
                                    size_t restart, double *out, struct rcx_error *err);
enum rcx_status rcx_kmeans_oversample(const struct rcx_kmeans_problem *problem, size_t k,
                                      size_t restart, double *out, struct rcx_error *err);

/* Where a descent ended. */
struct rcx_kmeans_end {
    double inertia;
    size_t iterations, reseeded;
    bool converged;
};
/* Lloyd's iterations from `centres`, in place. */
enum rcx_status rcx_kmeans_descend(const struct rcx_kmeans_problem *problem,
                                   const struct rcx_kmeans_options *options, double *centres,
                                   struct rcx_kmeans_end *out, struct rcx_error *err);
enum rcx_status rcx_kmeans_mini_batch(const struct rcx_kmeans_problem *problem,
                                      const struct rcx_kmeans_options *options, size_t restart,
                                      double *centres, struct rcx_kmeans_end *out,
                                      struct rcx_error *err);
/* Tries to end lower than `centres`, in place, by moving centres elsewhere. */
enum rcx_status rcx_kmeans_swap(const struct rcx_kmeans_problem *problem,
                                const struct rcx_kmeans_options *options, bool side_by_side,
                                double *centres, struct rcx_kmeans_end *end, struct rcx_error *err);
/* Sum of weight x squared distance to the nearest centre. */
enum rcx_status rcx_kmeans_inertia(const struct rcx_kmeans_problem *problem, const double *centres,
                                   size_t k, double *out, struct rcx_error *err);
