#include "ml/kmeans/kmeans.h"

#include <string.h>

#include "base/memory.h"
#include "ml/kmeans/kmeans_problem.h"

enum {
    RESTARTS = 10,
    OVERSAMPLED_ROWS = 1 << 20, /* passes over this many rows cost more than computing */
    OVERSAMPLED_CENTRES = 8,
    PARALLEL_ROWS = 1 << 16 /* below, restarts run side by side, else one after the other */
};

void rcx_kmeans_release(struct rcx_kmeans *kmeans)
{
    rcx_free(kmeans->centres);
    rcx_free(kmeans->labels);
    rcx_free(kmeans->distances);
    rcx_free(kmeans->sizes);
    *kmeans = (struct rcx_kmeans){0};
}

/* --- assignment -------------------------------------------------------------------------------- */

struct assignment {
    const struct rcx_matrix *matrix;
    const double *centres;
    size_t k;
    uint32_t *labels;
    double *distances, *second;
    const struct rcx_kmeans_problem *problem; /* with sums: of the weights; else NULL */
    double *sums;                             /* [chunks] weight x squared distance, or NULL */
    struct rcx_kmeans_scratch *scratch;
};

static enum rcx_status assign_chunk(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    struct assignment *job = context;
    struct rcx_kmeans_scratch *scratch = &job->scratch[worker];
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(job->matrix, chunk);
    const struct rcx_kmeans_block block = rcx_kmeans_chunk_block(job->matrix, chunk, scratch);
    (void)err;
    RCX_KERNEL_CALL(kmeans_nearest)
    (&block, job->centres, job->k, scratch->labels, scratch->best,
     job->second ? scratch->second : NULL);
    if (job->labels)
        memcpy(job->labels + first, scratch->labels, rows * sizeof *job->labels);
    if (job->distances)
        memcpy(job->distances + first, scratch->best, rows * sizeof *job->distances);
    if (job->second)
        memcpy(job->second + first, scratch->second, rows * sizeof *job->second);
    if (job->sums) {
        const double *weights = job->problem->weights;
        double sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += (weights ? weights[first + i] : 1.0) * scratch->best[i];
        job->sums[chunk] = sum;
    }
    return RCX_OK;
}

static enum rcx_status run_assignment(struct assignment *job, const struct rcx_parallel *parallel,
                                      struct rcx_error *err)
{
    size_t workers = parallel && parallel->threads ? parallel->threads : 1;
    job->scratch = rcx_kmeans_scratch_new(job->matrix->column_count, workers);
    if (!job->scratch)
        return rcx_fail_nomem(err, "k-means", workers * sizeof *job->scratch);
    enum rcx_status status = rcx_parallel_for(parallel, rcx_kmeans_chunks(job->matrix->rows),
                                              assign_chunk, job, err);
    rcx_kmeans_scratch_free(job->scratch, workers);
    return status;
}

enum rcx_status rcx_kmeans_assign(const struct rcx_matrix *matrix, const double *centres, size_t k,
                                  const struct rcx_parallel *parallel, uint32_t *labels,
                                  double *distances, double *second, struct rcx_error *err)
{
    struct assignment job = {.matrix = matrix,
                             .centres = centres,
                             .k = k,
                             .labels = labels,
                             .distances = distances,
                             .second = second};
    return run_assignment(&job, parallel, err);
}

enum rcx_status rcx_kmeans_inertia(const struct rcx_kmeans_problem *problem, const double *centres,
                                   size_t k, double *out, struct rcx_error *err)
{
    struct assignment job = {.matrix = problem->matrix,
                             .centres = centres,
                             .k = k,
                             .problem = problem,
                             .sums = rcx_malloc_array(problem->chunks, sizeof(double))};
    double inertia = 0;
    if (!job.sums)
        return rcx_fail_nomem(err, "k-means", problem->chunks * sizeof(double));
    enum rcx_status status = run_assignment(&job, &problem->parallel, err);
    for (size_t chunk = 0; status == RCX_OK && chunk < problem->chunks; chunk++)
        inertia += job.sums[chunk];
    rcx_free(job.sums);
    if (status == RCX_OK)
        *out = inertia;
    return status;
}

/* --- restarts ---------------------------------------------------------------------------------- */

struct restarts {
    const struct rcx_kmeans_problem *problem;
    const struct rcx_kmeans_options *options;
    size_t count;
    double *centres;             /* [count][k][dimensions] */
    struct rcx_kmeans_end *ends; /* [count] */
};

static enum rcx_status run_restart(void *context, size_t restart, unsigned worker,
                                   struct rcx_error *err)
{
    struct restarts *all = context;
    const struct rcx_kmeans_options *options = all->options;
    const struct rcx_matrix *matrix = all->problem->matrix;
    size_t values = options->k * matrix->column_count;
    double *centres = all->centres + restart * values;
    enum rcx_status status = RCX_OK;
    bool oversample = options->start == RCX_KMEANS_START_PARALLEL ||
                      (options->start == RCX_KMEANS_START_AUTO &&
                       matrix->rows >= OVERSAMPLED_ROWS && options->k >= OVERSAMPLED_CENTRES);
    (void)worker;
    if (options->centres)
        memcpy(centres, options->centres, values * sizeof *centres);
    else if (oversample)
        status = rcx_kmeans_oversample(all->problem, options->k, restart, centres, err);
    else
        status = rcx_kmeans_plusplus(all->problem, options->k, restart, centres, err);
    if (status != RCX_OK)
        return status;
    if (options->algorithm == RCX_KMEANS_MINI_BATCH)
        return rcx_kmeans_mini_batch(all->problem, options, restart, centres, &all->ends[restart],
                                     err);
    return rcx_kmeans_descend(all->problem, options, centres, &all->ends[restart], err);
}

static enum rcx_status run_restarts(struct restarts *all, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (all->problem->matrix->rows < PARALLEL_ROWS)
        return rcx_parallel_for(&all->problem->parallel, all->count, run_restart, all, err);
    for (size_t restart = 0; status == RCX_OK && restart < all->count; restart++)
        status = run_restart(all, restart, 0, err);
    return status;
}

/* Labels, sizes and the rest of the restart that ended lowest. */
static enum rcx_status finish(const struct restarts *all, size_t winner, struct rcx_kmeans *out,
                              struct rcx_error *err)
{
    const struct rcx_matrix *matrix = all->problem->matrix;
    const struct rcx_kmeans_end *end = &all->ends[winner];
    size_t k = all->options->k, d = matrix->column_count;
    struct rcx_kmeans made = {
        .k = k,
        .dimensions = d,
        .rows = matrix->rows,
        .centres = rcx_malloc_array(k * d, sizeof(double)),
        .labels = rcx_malloc_array(matrix->rows, sizeof(uint32_t)),
        .distances = rcx_malloc_array(matrix->rows, sizeof(double)),
        .sizes = rcx_calloc(k, sizeof(double)),
        .inertia = end->inertia,
        .iterations = end->iterations,
        .restart = winner,
        .reseeded = end->reseeded,
        .converged = end->converged,
    };
    enum rcx_status status = RCX_E_NOMEM;
    if (made.centres && made.labels && made.distances && made.sizes) {
        memcpy(made.centres, all->centres + winner * k * d, k * d * sizeof *made.centres);
        status = rcx_kmeans_assign(matrix, made.centres, k, &all->problem->parallel, made.labels,
                                   made.distances, NULL, err);
    } else {
        rcx_fail_nomem(err, "k-means", matrix->rows * 12);
    }
    if (status != RCX_OK) {
        rcx_kmeans_release(&made);
        return status;
    }
    for (size_t row = 0; row < matrix->rows; row++)
        made.sizes[made.labels[row]] += all->problem->weights ? all->problem->weights[row] : 1;
    *out = made;
    return RCX_OK;
}

static enum rcx_status check_request(const struct rcx_matrix *matrix,
                                     const struct rcx_kmeans_options *options,
                                     struct rcx_error *err)
{
    if (options->k == 0 || options->k > RCX_KMEANS_CENTRES_MOST)
        return rcx_fail(err, RCX_E_USAGE, "k-means: k is %zu, expected 1 to %d", options->k,
                        RCX_KMEANS_CENTRES_MOST);
    if (matrix->column_count == 0)
        return rcx_fail(err, RCX_E_INPUT, "k-means: there is no column to cluster by");
    if (matrix->rows < options->k)
        return rcx_fail(
            err, RCX_E_INPUT,
            "k-means: %zu row%s for k = %zu; expected at least as many rows as clusters",
            matrix->rows, matrix->rows == 1 ? "" : "s", options->k);
    return RCX_OK;
}

enum rcx_status rcx_kmeans_fit(const struct rcx_matrix *matrix,
                               const struct rcx_kmeans_options *options, struct rcx_kmeans *out,
                               struct rcx_error *err)
{
    struct rcx_kmeans_problem problem = {0};
    size_t values = options->k * matrix->column_count, winner = 0;
    enum rcx_status status = check_request(matrix, options, err);
    if (status == RCX_OK)
        status = rcx_kmeans_problem_init(matrix, options, &problem, err);
    if (status != RCX_OK)
        return status;
    struct restarts all = {.problem = &problem,
                           .options = options,
                           .count = options->centres    ? 1
                                    : options->restarts ? options->restarts
                                                        : RESTARTS};
    all.centres = rcx_malloc_array(all.count * values, sizeof(double));
    all.ends = rcx_calloc(all.count, sizeof *all.ends);
    status = all.centres && all.ends
                 ? run_restarts(&all, err)
                 : rcx_fail_nomem(err, "k-means", all.count * values * sizeof(double));
    for (size_t restart = 1; status == RCX_OK && restart < all.count; restart++)
        if (all.ends[restart].inertia < all.ends[winner].inertia)
            winner = restart;
    if (status == RCX_OK && options->swap && options->k > 1 && !options->centres &&
        options->algorithm != RCX_KMEANS_MINI_BATCH)
        status = rcx_kmeans_swap(&problem, options, matrix->rows < PARALLEL_ROWS,
                                 all.centres + winner * values, &all.ends[winner], err);
    if (status == RCX_OK)
        status = finish(&all, winner, out, err);
    rcx_free(all.centres);
    rcx_free(all.ends);
    rcx_kmeans_problem_release(&problem);
    return status;
}
