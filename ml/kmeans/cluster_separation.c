#include <math.h>

#include "base/memory.h"
#include "ml/kmeans/cluster_quality.h"

struct separation {
    const struct rcx_matrix *matrix;
    const struct rcx_labelling *labelling;
    size_t *sizes;   /* [k] */
    double *means;   /* [columns][k] */
    double *overall; /* [columns] */
    double *scatter; /* [k] sum of distances to the mean */
};

/* Sums in the order of the rows, one column at a time: the same for any number of threads. */
static enum rcx_status average_column(void *context, size_t j, unsigned worker,
                                      struct rcx_error *err)
{
    struct separation *job = context;
    const double *x = job->matrix->columns[j];
    size_t k = job->labelling->k;
    double *means = job->means + j * k, offset = x[0];
    (void)worker;
    (void)err;
    for (size_t i = 0; i < job->matrix->rows; i++) {
        means[job->labelling->labels[i]] += x[i] - offset;
        job->overall[j] += x[i] - offset;
    }
    job->overall[j] = offset + job->overall[j] / (double)job->matrix->rows;
    for (size_t c = 0; c < k; c++)
        means[c] = offset + (job->sizes[c] > 0 ? means[c] / (double)job->sizes[c] : 0);
    return RCX_OK;
}

static double between(const struct separation *job, size_t a, size_t b)
{
    size_t k = job->labelling->k;
    double square = 0;
    for (size_t j = 0; j < job->matrix->column_count; j++) {
        double difference = job->means[j * k + a] - job->means[j * k + b];
        square += difference * difference;
    }
    return sqrt(square);
}

static double davies_bouldin(const struct separation *job, size_t clusters)
{
    size_t k = job->labelling->k;
    double sum = 0;
    for (size_t a = 0; a < k; a++) {
        double worst = 0;
        for (size_t b = 0; b < k; b++) {
            if (b == a || job->sizes[a] == 0 || job->sizes[b] == 0)
                continue;
            double apart = between(job, a, b);
            double both = job->scatter[a] / (double)job->sizes[a] +
                          job->scatter[b] / (double)job->sizes[b];
            worst = apart > 0 ? fmax(worst, both / apart) : worst;
        }
        sum += worst;
    }
    return sum / (double)clusters;
}

/* `within`: sum of squared distances to the means. */
static double calinski_harabasz(const struct separation *job, size_t clusters, double within)
{
    size_t k = job->labelling->k, rows = job->matrix->rows;
    double among = 0;
    for (size_t c = 0; c < k; c++) {
        double square = 0;
        for (size_t j = 0; j < job->matrix->column_count; j++) {
            double difference = job->means[j * k + c] - job->overall[j];
            square += difference * difference;
        }
        among += (double)job->sizes[c] * square;
    }
    return within > 0 ? among * (double)(rows - clusters) / (within * (double)(clusters - 1)) : 1;
}

static double scatter(struct separation *job)
{
    size_t k = job->labelling->k;
    double within = 0;
    for (size_t i = 0; i < job->matrix->rows; i++) {
        uint32_t label = job->labelling->labels[i];
        double square = 0;
        for (size_t j = 0; j < job->matrix->column_count; j++) {
            double difference = job->matrix->columns[j][i] - job->means[j * k + label];
            square += difference * difference;
        }
        job->scatter[label] += sqrt(square);
        within += square;
    }
    return within;
}

static void conclude(struct separation *job, struct rcx_separation *out)
{
    size_t clusters = 0, smallest = job->matrix->rows;
    for (size_t c = 0; c < job->labelling->k; c++) {
        clusters += job->sizes[c] > 0;
        smallest = job->sizes[c] < smallest ? job->sizes[c] : smallest;
    }
    out->within = scatter(job);
    out->smallest_share = (double)smallest / (double)job->matrix->rows;
    out->davies_bouldin = clusters < 2 ? NAN : davies_bouldin(job, clusters);
    out->calinski_harabasz = clusters < 2 || job->matrix->rows <= clusters
                                 ? NAN
                                 : calinski_harabasz(job, clusters, out->within);
}

enum rcx_status rcx_cluster_separation(const struct rcx_matrix *matrix,
                                       const struct rcx_labelling *labelling,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_separation *out, struct rcx_error *err)
{
    size_t d = matrix->column_count, k = labelling->k;
    struct separation job = {.matrix = matrix,
                             .labelling = labelling,
                             .sizes = rcx_calloc(k, sizeof(size_t)),
                             .means = rcx_calloc(d * k, sizeof(double)),
                             .overall = rcx_calloc(d, sizeof(double)),
                             .scatter = rcx_calloc(k, sizeof(double))};
    enum rcx_status status = RCX_OK;
    if (!job.sizes || !job.means || !job.overall || !job.scatter) {
        status = rcx_fail_nomem(err, "cluster quality", d * k * sizeof(double));
        goto done;
    }
    for (size_t i = 0; i < matrix->rows; i++)
        job.sizes[labelling->labels[i]]++;
    status = rcx_parallel_for(parallel, d, average_column, &job, err);
    if (status == RCX_OK)
        conclude(&job, out);
done:
    rcx_free(job.sizes);
    rcx_free(job.means);
    rcx_free(job.overall);
    rcx_free(job.scatter);
    return status;
}

/* From the ordered pairs of different rows that are together in both, in a, in b; whole numbers to the
 * last division. */
static double rand_index(uint64_t rows, uint64_t both, uint64_t in_a, uint64_t in_b)
{
    __int128 only_a = (__int128)in_a - both, only_b = (__int128)in_b - both;
    __int128 neither = (__int128)rows * rows - rows - both - only_a - only_b;
    if (only_a == 0 && only_b == 0)
        return 1;
    __int128 above = both * neither - only_a * only_b;
    __int128 below = in_a * (only_a + neither) + in_b * (only_b + neither);
    return 2.0 * (double)above / (double)below;
}

static uint64_t sum_of_squares(const uint64_t *counts, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counts[i] * counts[i];
    return sum;
}

enum rcx_status rcx_adjusted_rand(const struct rcx_labelling *a, const struct rcx_labelling *b,
                                  size_t rows, double *out, struct rcx_error *err)
{
    uint64_t *both = rcx_calloc(a->k * b->k, sizeof *both);
    uint64_t *margins = rcx_calloc(a->k + b->k, sizeof *margins);
    if (!both || !margins) {
        rcx_free(both);
        rcx_free(margins);
        return rcx_fail_nomem(err, "adjusted Rand index", a->k * b->k * sizeof *both);
    }
    for (size_t i = 0; i < rows; i++) {
        both[a->labels[i] * b->k + b->labels[i]]++;
        margins[a->labels[i]]++;
        margins[a->k + b->labels[i]]++;
    }
    *out = rand_index(rows, sum_of_squares(both, a->k * b->k) - rows,
                      sum_of_squares(margins, a->k) - rows,
                      sum_of_squares(margins + a->k, b->k) - rows);
    rcx_free(both);
    rcx_free(margins);
    return RCX_OK;
}
