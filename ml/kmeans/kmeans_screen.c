/* What the screen (kmeans_screen_kernels.h) looks at: rows and centres in single precision. */
#include <math.h>

#include "base/memory.h"
#include "ml/kmeans/kmeans_problem.h"

enum { TILE = RCX_KMEANS_TILE };

/* Squares of differences are far from the ends of the range of doubles within these. */
#define LEAST_VARIANCE 1e-200
#define MOST_VARIANCE 1e200
/* The slack (kmeans_screen_kernels.h) stays below 1 / 32. */
enum { MOST_COLUMNS = 100000 };

bool rcx_kmeans_bounded(const struct rcx_kmeans_options *options)
{
    return options->algorithm == RCX_KMEANS_BOUNDS ||
           (options->algorithm == RCX_KMEANS_AUTO && options->k > RCX_KMEANS_SCREEN_CENTRES);
}

static bool wants_screen(const struct rcx_matrix *matrix, const struct rcx_kmeans_options *options)
{
    return (options->algorithm == RCX_KMEANS_AUTO || options->algorithm == RCX_KMEANS_SCREENED) &&
           options->k <= RCX_KMEANS_SCREEN_CENTRES && matrix->column_count <= MOST_COLUMNS;
}

static enum rcx_status round_chunk(void *context, size_t chunk, unsigned worker,
                                   struct rcx_error *err)
{
    struct rcx_kmeans_problem *problem = context;
    const struct rcx_matrix *matrix = problem->matrix;
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    size_t d = matrix->column_count;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < rows; i += TILE) {
        float *tile = problem->tiles + (first + i) * d;
        size_t count = rows - i < TILE ? rows - i : TILE;
        for (size_t j = 0; j < d; j++) {
            const double *x = matrix->columns[j] + first + i;
            for (size_t r = 0; r < TILE; r++)
                tile[j * TILE + r] =
                    r < count ? (float)((x[r] - problem->offsets[j]) * problem->tile_scale) : 0;
        }
    }
    return RCX_OK;
}

enum rcx_status rcx_kmeans_tiles(struct rcx_kmeans_problem *problem,
                                 const struct rcx_kmeans_options *options, struct rcx_error *err)
{
    size_t d = problem->matrix->column_count, rows = problem->matrix->rows;
    double square = problem->mean_variance * (double)d;
    if (!wants_screen(problem->matrix, options) ||
        !(square > LEAST_VARIANCE && square < MOST_VARIANCE))
        return RCX_OK;
    int exponent;
    (void)frexp(sqrt(square), &exponent);
    problem->tile_scale = ldexp(1.0, -exponent);
    problem->tile_bytes = (rows + TILE - 1) / TILE * TILE * d * sizeof(float);
    problem->tiles = rcx_pages_alloc(problem->tile_bytes);
    if (!problem->tiles)
        return rcx_fail_nomem(err, "k-means", problem->tile_bytes);
    return rcx_parallel_for(&problem->parallel, problem->chunks, round_chunk, problem, err);
}

bool rcx_kmeans_screen_centres(const struct rcx_kmeans_problem *problem, const double *centres,
                               size_t k, float *values, struct rcx_kmeans_screen *out)
{
    size_t d = problem->matrix->column_count, most_index = 1;
    float *halves = values + k * d;
    bool near = true;
    while (most_index < k)
        most_index *= 2;
    double slack = (double)(d + 8 + most_index) * 0x1p-23; /* what e says is less */
    for (size_t c = 0; c < k; c++) {
        double square = 0;
        for (size_t j = 0; j < d; j++) {
            double y = (centres[c * d + j] - problem->offsets[j]) * problem->tile_scale;
            values[c * d + j] = (float)y;
            square += y * y;
        }
        halves[c] = (float)(square * (0.5 - slack));
        near &= square < (double)RCX_KMEANS_SCREEN_LONGEST;
    }
    *out = (struct rcx_kmeans_screen){values, halves, k, d, (float)slack};
    return near;
}
