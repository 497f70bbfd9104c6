#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/cluster_quality.h"
#include "ml/kmeans/kmeans_kernels.h"

enum { LANES = RCX_KMEANS_LANES, GROUP = 64, LEAST_OF_CELL = 2, STREAM_SAMPLE = 0x51170 };

/* Rows with the same tuple of labels. */
struct cells {
    size_t count;
    size_t *rows;     /* [count] of the data */
    size_t *ends;     /* [count] in the sample */
    size_t *sampled;  /* [count] */
    uint32_t *labels; /* [labellings][count] */
};

struct silhouettes {
    const struct rcx_matrix *matrix;
    const struct rcx_labelling *labellings;
    size_t count;
    struct cells cells;
    uint32_t *cell_of; /* [rows] */
    size_t *sample;    /* [sample_rows] rows, by cell */
    size_t sample_rows, most_k;
    double *values; /* [columns][sample_rows] */
    const double **columns;
    size_t *sizes;   /* [labellings][most_k] rows of each cluster */
    double *sums;    /* [groups][labellings] */
    double *scratch; /* [workers] of scratch_values */
    size_t scratch_values;
};

static void release(struct silhouettes *job)
{
    rcx_free(job->cells.rows);
    rcx_free(job->cells.ends);
    rcx_free(job->cells.sampled);
    rcx_free(job->cells.labels);
    rcx_free(job->cell_of);
    rcx_free(job->sample);
    rcx_free(job->values);
    rcx_free(job->columns);
    rcx_free(job->sizes);
    rcx_free(job->sums);
    rcx_free(job->scratch);
}

/* Numbers the tuples of labels in ascending order: one labelling after the other splits the cells. */
static bool find_cells(struct silhouettes *job)
{
    size_t rows = job->matrix->rows, count = 1;
    job->cell_of = rcx_calloc(rows, sizeof *job->cell_of);
    if (!job->cell_of)
        return false;
    for (size_t t = 0; t < job->count; t++) {
        const struct rcx_labelling *labelling = &job->labellings[t];
        uint32_t *ids = rcx_calloc(count * labelling->k, sizeof *ids);
        uint32_t next = 0;
        if (!ids)
            return false;
        for (size_t i = 0; i < rows; i++)
            ids[job->cell_of[i] * labelling->k + labelling->labels[i]] = 1;
        for (size_t id = 0; id < count * labelling->k; id++)
            if (ids[id])
                ids[id] = next++;
        for (size_t i = 0; i < rows; i++)
            job->cell_of[i] = ids[job->cell_of[i] * labelling->k + labelling->labels[i]];
        count = next;
        rcx_free(ids);
    }
    job->cells.count = count;
    return true;
}

static bool describe_cells(struct silhouettes *job)
{
    struct cells *cells = &job->cells;
    size_t rows = job->matrix->rows;
    cells->rows = rcx_calloc(cells->count, sizeof *cells->rows);
    cells->ends = rcx_calloc(cells->count, sizeof *cells->ends);
    cells->sampled = rcx_calloc(cells->count, sizeof *cells->sampled);
    cells->labels = rcx_calloc(cells->count * job->count, sizeof *cells->labels);
    job->sizes = rcx_calloc(job->most_k * job->count, sizeof *job->sizes);
    if (!cells->rows || !cells->ends || !cells->sampled || !cells->labels || !job->sizes)
        return false;
    for (size_t i = 0; i < rows; i++)
        cells->rows[job->cell_of[i]]++;
    for (size_t t = 0; t < job->count; t++)
        for (size_t i = 0; i < rows; i++) {
            uint32_t label = job->labellings[t].labels[i];
            cells->labels[t * cells->count + job->cell_of[i]] = label;
            job->sizes[t * job->most_k + label]++;
        }
    return true;
}

/* How many rows each cell gives, and which: evenly spaced ones from a random start. */
static bool draw_sample(struct silhouettes *job, size_t most_rows, uint64_t seed)
{
    struct cells *cells = &job->cells;
    size_t rows = job->matrix->rows, at = 0;
    double share = rows > most_rows ? (double)most_rows / (double)rows : 1;
    size_t *seen = rcx_calloc(cells->count, sizeof *seen);
    size_t *taken = rcx_calloc(cells->count, sizeof *taken);
    for (size_t c = 0; c < cells->count; c++) {
        size_t some = (size_t)(share * (double)cells->rows[c] + 0.5);
        some = some < LEAST_OF_CELL ? LEAST_OF_CELL : some;
        cells->sampled[c] = some < cells->rows[c] && share < 1 ? some : cells->rows[c];
        at += cells->sampled[c];
        cells->ends[c] = at;
    }
    job->sample_rows = at;
    job->sample = rcx_malloc_array(at, sizeof *job->sample);
    bool ok = seen && taken && job->sample;
    for (size_t i = 0; ok && i < rows; i++) {
        size_t c = job->cell_of[i];
        struct rcx_random random = rcx_random_of(seed, STREAM_SAMPLE, c);
        double step = (double)cells->rows[c] / (double)cells->sampled[c];
        double aim = ((double)taken[c] + rcx_random_unit(&random)) * step;
        if (cells->sampled[c] == cells->rows[c] ||
            (taken[c] < cells->sampled[c] && (size_t)aim <= seen[c]))
            job->sample[cells->ends[c] - cells->sampled[c] + taken[c]++] = i;
        seen[c]++;
    }
    rcx_free(seen);
    rcx_free(taken);
    return ok;
}

static bool copy_sample(struct silhouettes *job, size_t workers)
{
    size_t d = job->matrix->column_count, rows = job->sample_rows;
    size_t groups = (rows + GROUP - 1) / GROUP;
    job->values = rcx_malloc_array(d * rows, sizeof(double));
    job->columns = rcx_calloc(d, sizeof *job->columns);
    job->sums = rcx_calloc(groups * job->count, sizeof(double));
    job->scratch_values = LANES * (d + job->cells.count) + job->most_k;
    job->scratch = rcx_malloc_array(workers * job->scratch_values, sizeof(double));
    if (!job->values || !job->columns || !job->sums || !job->scratch)
        return false;
    for (size_t j = 0; j < d; j++) {
        double *to = job->values + j * rows;
        job->columns[j] = to;
        for (size_t i = 0; i < rows; i++)
            to[i] = job->matrix->columns[j][job->sample[i]];
    }
    return true;
}

/* The silhouette of a row under one labelling.
 *  sums   of distances to each cell's rows of the sample; lane 0 of [cells][LANES]
 *  means  room for the clusters */
static double silhouette_of(const struct silhouettes *job, size_t labelling, size_t own,
                            const double *sums, double *means)
{
    const struct cells *cells = &job->cells;
    const size_t *sizes = job->sizes + labelling * job->most_k;
    const uint32_t *labels = cells->labels + labelling * cells->count;
    size_t k = job->labellings[labelling].k, cluster = labels[own];
    if (sizes[cluster] < 2)
        return 0;
    memset(means, 0, k * sizeof *means);
    for (size_t c = 0; c < cells->count; c++) {
        double scale = (double)cells->rows[c] / (double)cells->sampled[c];
        if (c == own && cells->sampled[c] > 1)
            scale = (double)(cells->rows[c] - 1) / (double)(cells->sampled[c] - 1);
        means[labels[c]] += scale * sums[c * LANES];
    }
    double a = means[cluster] / (double)(sizes[cluster] - 1), b = INFINITY;
    for (size_t c = 0; c < k; c++)
        if (c != cluster && sizes[c] > 0)
            b = fmin(b, means[c] / (double)sizes[c]);
    double larger = a > b ? a : b;
    return larger > 0 ? (b - a) / larger : 0;
}

static enum rcx_status look_at_group(void *context, size_t group, unsigned worker,
                                     struct rcx_error *err)
{
    struct silhouettes *job = context;
    const struct cells *cells = &job->cells;
    size_t d = job->matrix->column_count, begin = group * GROUP, own = 0;
    size_t end = begin + GROUP < job->sample_rows ? begin + GROUP : job->sample_rows;
    double *eight = job->scratch + worker * job->scratch_values;
    double *sums = eight + LANES * d, *means = sums + LANES * cells->count;
    (void)err;
    while (cells->ends[own] <= begin)
        own++;
    for (size_t first = begin; first < end; first += LANES) {
        for (size_t j = 0; j < d; j++)
            for (size_t l = 0; l < LANES; l++)
                eight[j * LANES + l] = job->columns[j][first + l < end ? first + l : first];
        RCX_KERNEL_CALL(kmeans_cell_distances)
        (job->columns, d, cells->ends, cells->count, eight, sums);
        for (size_t l = 0; l < LANES && first + l < end; l++) {
            while (cells->ends[own] <= first + l)
                own++;
            double stands_for = (double)cells->rows[own] / (double)cells->sampled[own];
            for (size_t t = 0; t < job->count; t++)
                job->sums[group * job->count + t] += stands_for *
                                                     silhouette_of(job, t, own, sums + l, means);
        }
    }
    return RCX_OK;
}

static size_t clusters_of(const struct silhouettes *job, size_t labelling)
{
    size_t found = 0;
    for (size_t c = 0; c < job->labellings[labelling].k; c++)
        found += job->sizes[labelling * job->most_k + c] > 0;
    return found;
}

enum rcx_status rcx_silhouettes(const struct rcx_matrix *matrix,
                                const struct rcx_labelling *labellings, size_t count,
                                size_t most_rows, uint64_t seed,
                                const struct rcx_parallel *parallel, struct rcx_silhouette *out,
                                struct rcx_error *err)
{
    size_t workers = parallel && parallel->threads ? parallel->threads : 1;
    struct silhouettes job = {.matrix = matrix, .labellings = labellings, .count = count};
    enum rcx_status status = RCX_E_NOMEM;
    for (size_t t = 0; t < count; t++)
        job.most_k = labellings[t].k > job.most_k ? labellings[t].k : job.most_k;
    if (find_cells(&job) && describe_cells(&job) && draw_sample(&job, most_rows, seed) &&
        copy_sample(&job, workers))
        status = rcx_parallel_for(parallel, (job.sample_rows + GROUP - 1) / GROUP, look_at_group,
                                  &job, err);
    else
        rcx_fail_nomem(err, "silhouette", matrix->rows * sizeof(double));
    for (size_t t = 0; status == RCX_OK && t < count; t++) {
        double sum = 0;
        for (size_t group = 0; group * GROUP < job.sample_rows; group++)
            sum += job.sums[group * count + t];
        out[t].mean = clusters_of(&job, t) < 2 ? NAN : sum / (double)matrix->rows;
        out[t].rows = job.sample_rows;
    }
    release(&job);
    return status;
}

double rcx_simplified_silhouette(const double *nearest, const double *second, size_t rows)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double a = sqrt(nearest[i]), b = sqrt(second[i]);
        if (isinf(b))
            return NAN;
        sum += b > 0 ? (b - a) / b : 0;
    }
    return rows > 0 ? sum / (double)rows : NAN;
}
