/* Mini-batch k-means (Sculley, Web-scale k-means clustering, 2010): each step draws rows, assigns them,
 * and moves each centre towards the mean of all rows it ever got. Rows are taken in the order drawn on
 * one thread, so the result does not depend on threads. */
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/kmeans_problem.h"

enum { STREAM_BATCH = 0x6B6D62, BATCH_ROWS = 1024 };

struct batch {
    double *columns;     /* [dimensions][rows] */
    const double **view; /* [dimensions] */
    size_t *drawn;       /* [rows] */
    uint32_t *labels;    /* [rows] */
    double *seen;        /* [k] weight that each centre got so far */
};

static void draw(const struct rcx_kmeans_problem *problem, struct rcx_random *random, size_t rows,
                 struct batch *batch)
{
    const struct rcx_matrix *matrix = problem->matrix;
    for (size_t i = 0; i < rows; i++)
        batch->drawn[i] = (size_t)rcx_random_below(random, matrix->rows);
    for (size_t j = 0; j < matrix->column_count; j++) {
        batch->view[j] = batch->columns + j * rows;
        for (size_t i = 0; i < rows; i++)
            batch->columns[j * rows + i] = matrix->columns[j][batch->drawn[i]];
    }
}

/* Returns the sum of squared moves of the centres. */
static double learn(const struct rcx_kmeans_problem *problem, const struct batch *batch,
                    size_t rows, double *centres)
{
    size_t d = problem->matrix->column_count;
    double moved = 0;
    for (size_t i = 0; i < rows; i++) {
        double weight = problem->weights ? problem->weights[batch->drawn[i]] : 1;
        double *centre = centres + batch->labels[i] * d;
        if (!(weight > 0))
            continue;
        double rate = weight / (batch->seen[batch->labels[i]] += weight);
        for (size_t j = 0; j < d; j++) {
            double step = rate * (batch->view[j][i] - centre[j]);
            centre[j] += step;
            moved += step * step;
        }
    }
    return moved;
}

enum rcx_status rcx_kmeans_mini_batch(const struct rcx_kmeans_problem *problem,
                                      const struct rcx_kmeans_options *options, size_t restart,
                                      double *centres, struct rcx_kmeans_end *out,
                                      struct rcx_error *err)
{
    size_t d = problem->matrix->column_count, k = options->k;
    size_t rows = options->batch_rows ? options->batch_rows : BATCH_ROWS;
    size_t most = options->max_iterations ? options->max_iterations : 300;
    double enough = options->tolerance * problem->mean_variance;
    struct rcx_random random = rcx_random_of(problem->seed ^ rcx_mix64(problem->stream),
                                             STREAM_BATCH, restart);
    struct rcx_kmeans_end end = {0};
    struct batch batch = {.columns = rcx_malloc_array(rows, d * sizeof(double)),
                          .view = rcx_calloc(d, sizeof *batch.view),
                          .drawn = rcx_malloc_array(rows, sizeof(size_t)),
                          .labels = rcx_malloc_array(rows, sizeof(uint32_t)),
                          .seen = rcx_calloc(k, sizeof(double))};
    bool ok = batch.columns && batch.view && batch.drawn && batch.labels && batch.seen;
    enum rcx_status status = ok ? RCX_OK
                                : rcx_fail_nomem(err, "k-means", rows * d * sizeof(double));
    while (status == RCX_OK && end.iterations < most && !end.converged) {
        draw(problem, &random, rows, &batch);
        const struct rcx_matrix matrix = {.rows = rows, .column_count = d, .columns = batch.view};
        status = rcx_kmeans_assign(&matrix, centres, k, &problem->parallel, batch.labels, NULL,
                                   NULL, err);
        if (status != RCX_OK)
            break;
        end.iterations++;
        end.converged = learn(problem, &batch, rows, centres) <= enough;
    }
    if (status == RCX_OK)
        status = rcx_kmeans_inertia(problem, centres, k, &end.inertia, err);
    rcx_free(batch.columns);
    rcx_free(batch.view);
    rcx_free(batch.drawn);
    rcx_free(batch.labels);
    rcx_free(batch.seen);
    if (status == RCX_OK)
        *out = end;
    return status;
}
