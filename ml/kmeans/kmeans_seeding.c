/* Where k-means begins: greedy k-means++ and k-means||. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/kmeans_problem.h"

enum { TRIALS_MOST = 16, ROUNDS = 5, STREAM_PLUSPLUS = 0x6B2B2B, STREAM_PARALLEL = 0x6B7C7C };

/* A pass over all rows with candidates: the sum over rows of weight x squared distance to the nearest
 * of the centres so far and the candidate. */
struct seeding {
    const struct rcx_kmeans_problem *problem;
    double *nearest;          /* [chunks x CHUNK] squared distance to the nearest centre so far */
    double *sums;             /* [TRIALS_MOST][chunks] */
    const double *candidates; /* [count][dimensions] */
    size_t count;
    int update; /* the one candidate is taken */
    struct rcx_kmeans_scratch *scratch;
    size_t workers;
};

static void seeding_release(struct seeding *seeding)
{
    rcx_free(seeding->nearest);
    rcx_free(seeding->sums);
    rcx_kmeans_scratch_free(seeding->scratch, seeding->workers);
}

static enum rcx_status seeding_init(const struct rcx_kmeans_problem *problem, struct seeding *out,
                                    struct rcx_error *err)
{
    size_t padded = problem->chunks * RCX_KMEANS_CHUNK;
    struct seeding seeding = {
        .problem = problem,
        .nearest = rcx_malloc_array(padded, sizeof(double)),
        .sums = rcx_malloc_array(problem->chunks * TRIALS_MOST, sizeof(double)),
        .workers = problem->parallel.threads ? problem->parallel.threads : 1,
    };
    seeding.scratch = rcx_kmeans_scratch_new(problem->matrix->column_count, seeding.workers);
    if (!seeding.nearest || !seeding.sums || !seeding.scratch) {
        seeding_release(&seeding);
        return rcx_fail_nomem(err, "k-means", padded * sizeof(double));
    }
    for (size_t i = 0; i < padded; i++)
        seeding.nearest[i] = i < problem->matrix->rows ? INFINITY : 0;
    *out = seeding;
    return RCX_OK;
}

static enum rcx_status pass_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct seeding *seeding = context;
    const struct rcx_kmeans_problem *problem = seeding->problem;
    struct rcx_kmeans_scratch *scratch = &seeding->scratch[worker];
    const struct rcx_kmeans_block block = rcx_kmeans_chunk_block(problem->matrix, chunk, scratch);
    const double *weights = rcx_kmeans_chunk_weights(problem, chunk, scratch);
    (void)err;
    for (size_t c = 0; c < seeding->count; c++)
        seeding->sums[c * problem->chunks + chunk] = RCX_KERNEL_CALL(kmeans_potential)(
            &block, seeding->candidates + c * block.dimensions, weights,
            seeding->nearest + chunk * RCX_KMEANS_CHUNK, seeding->update);
    return RCX_OK;
}

static enum rcx_status pass(struct seeding *seeding, const double *candidates, size_t count,
                            int update, struct rcx_error *err)
{
    seeding->candidates = candidates;
    seeding->count = count;
    seeding->update = update;
    return rcx_parallel_for(&seeding->problem->parallel, seeding->problem->chunks, pass_chunk,
                            seeding, err);
}

static double total_of(const struct seeding *seeding, size_t candidate)
{
    double total = 0;
    for (size_t chunk = 0; chunk < seeding->problem->chunks; chunk++)
        total += seeding->sums[candidate * seeding->problem->chunks + chunk];
    return total;
}

static double share_of(const struct seeding *seeding, size_t row)
{
    double weight = seeding->problem->weights ? seeding->problem->weights[row] : 1;
    return weight * seeding->nearest[row];
}

/* A row drawn in proportion to weight x squared distance; sums[0] are those of the chunks. */
static size_t draw_row(const struct seeding *seeding, double total, struct rcx_random *random)
{
    const struct rcx_matrix *matrix = seeding->problem->matrix;
    double aim = rcx_random_unit(random) * total;
    size_t chunk = 0, last = 0;
    for (; chunk + 1 < seeding->problem->chunks && aim >= seeding->sums[chunk]; chunk++)
        aim -= seeding->sums[chunk];
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    last = first + (size_t)rcx_random_below(random, rows);
    for (size_t row = first; row < first + rows; row++) {
        double share = share_of(seeding, row);
        if (share > 0)
            last = row;
        if (share > aim)
            break;
        aim -= share;
    }
    return last;
}

/* The first row, in proportion to the weights. */
static size_t draw_first(const struct rcx_kmeans_problem *problem, struct rcx_random *random)
{
    size_t rows = problem->matrix->rows, last = 0;
    if (!problem->weights)
        return (size_t)rcx_random_below(random, rows);
    double aim = rcx_random_unit(random) * problem->total_weight;
    for (size_t row = 0; row < rows; row++) {
        if (problem->weights[row] > 0)
            last = row;
        if (problem->weights[row] > aim)
            break;
        aim -= problem->weights[row];
    }
    return last;
}

static void copy_row(const struct rcx_matrix *matrix, size_t row, double *out)
{
    for (size_t j = 0; j < matrix->column_count; j++)
        out[j] = matrix->columns[j][row];
}

/* Takes centres `taken` to k - 1 one by one: of a few rows drawn the one that leaves the least. */
static enum rcx_status add_greedily(struct seeding *seeding, size_t taken, size_t k,
                                    struct rcx_random *random, double *out, struct rcx_error *err)
{
    const struct rcx_matrix *matrix = seeding->problem->matrix;
    size_t d = matrix->column_count, trials = 2 + (size_t)log((double)k);
    enum rcx_status status = RCX_OK;
    double *candidates;
    if (trials > TRIALS_MOST)
        trials = TRIALS_MOST;
    candidates = rcx_malloc_array(trials * d, sizeof(double));
    if (!candidates)
        return rcx_fail_nomem(err, "k-means", trials * d * sizeof(double));
    for (size_t c = taken; status == RCX_OK && c < k; c++) {
        double total = total_of(seeding, 0), least = INFINITY;
        size_t chosen = 0;
        for (size_t t = 0; t < trials; t++)
            copy_row(matrix, draw_row(seeding, total, random), candidates + t * d);
        status = pass(seeding, candidates, trials, 0, err);
        for (size_t t = 0; status == RCX_OK && t < trials; t++) {
            double left = total_of(seeding, t);
            if (left < least) {
                least = left;
                chosen = t;
            }
        }
        memcpy(out + c * d, candidates + chosen * d, d * sizeof *out);
        if (status == RCX_OK)
            status = pass(seeding, out + c * d, 1, 1, err);
    }
    rcx_free(candidates);
    return status;
}

enum rcx_status rcx_kmeans_plusplus(const struct rcx_kmeans_problem *problem, size_t k,
                                    size_t restart, double *out, struct rcx_error *err)
{
    struct rcx_random random = rcx_random_of(problem->seed ^ rcx_mix64(problem->stream),
                                             STREAM_PLUSPLUS, restart);
    struct seeding seeding;
    enum rcx_status status = seeding_init(problem, &seeding, err);
    if (status != RCX_OK)
        return status;
    copy_row(problem->matrix, draw_first(problem, &random), out);
    status = pass(&seeding, out, 1, 1, err);
    if (status == RCX_OK)
        status = add_greedily(&seeding, 1, k, &random, out, err);
    seeding_release(&seeding);
    return status;
}

/* --- k-means|| --------------------------------------------------------------------------------- */

struct oversampling {
    struct seeding seeding;
    uint64_t seed;
    size_t round;
    double rate;      /* rows wanted / potential */
    uint8_t *chosen;  /* [rows] */
    uint32_t *labels; /* [rows] of the candidates, at the end */
};

/* Every row decides for itself, with a random number of its own. */
static enum rcx_status sample_chunk(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    struct oversampling *over = context;
    const struct rcx_matrix *matrix = over->seeding.problem->matrix;
    size_t first = chunk * RCX_KMEANS_CHUNK;
    (void)worker;
    (void)err;
    for (size_t row = first; row < first + rcx_kmeans_chunk_rows(matrix, chunk); row++) {
        struct rcx_random random = rcx_random_of(over->seed, STREAM_PARALLEL + over->round, row);
        over->chosen[row] = rcx_random_unit(&random) < over->rate * share_of(&over->seeding, row);
    }
    return RCX_OK;
}

struct candidates {
    double *values; /* [count][dimensions] */
    size_t count, capacity;
};

/* The rows chosen in this round become candidates, in the order of the rows. */
static enum rcx_status take_chosen(struct oversampling *over, struct candidates *candidates,
                                   struct rcx_error *err)
{
    const struct rcx_matrix *matrix = over->seeding.problem->matrix;
    size_t d = matrix->column_count, before = candidates->count;
    enum rcx_status status = RCX_OK;
    for (size_t row = 0; row < matrix->rows; row++) {
        if (!over->chosen[row])
            continue;
        if (!rcx_array_reserve(&candidates->values, &candidates->capacity,
                               (candidates->count + 1) * d, sizeof(double)))
            return rcx_fail_nomem(err, "k-means", candidates->count * d * sizeof(double));
        copy_row(matrix, row, candidates->values + candidates->count++ * d);
    }
    for (size_t c = before; status == RCX_OK && c < candidates->count; c++)
        status = pass(&over->seeding, candidates->values + c * d, 1, 1, err);
    return status;
}

/* The candidates, each with the weight of the rows nearest to it, are clustered in turn. */
static enum rcx_status reduce(struct oversampling *over, const struct candidates *candidates,
                              size_t k, size_t restart, double *out, struct rcx_error *err)
{
    const struct rcx_kmeans_problem *problem = over->seeding.problem;
    size_t d = problem->matrix->column_count, count = candidates->count;
    double *columns = rcx_malloc_array(count * d, sizeof(double));
    double *weights = rcx_calloc(count, sizeof(double));
    const double **views = rcx_calloc(d, sizeof *views);
    struct rcx_kmeans fit = {0};
    enum rcx_status status = RCX_E_NOMEM;
    if (!columns || !weights || !views) {
        rcx_fail_nomem(err, "k-means", count * d * sizeof(double));
        goto done;
    }
    status = rcx_kmeans_assign(problem->matrix, candidates->values, count, &problem->parallel,
                               over->labels, NULL, NULL, err);
    if (status != RCX_OK)
        goto done;
    for (size_t row = 0; row < problem->matrix->rows; row++)
        weights[over->labels[row]] += problem->weights ? problem->weights[row] : 1;
    for (size_t j = 0; j < d; j++) {
        views[j] = columns + j * count;
        for (size_t c = 0; c < count; c++)
            columns[j * count + c] = candidates->values[c * d + j];
    }
    const struct rcx_matrix matrix = {.rows = count, .column_count = d, .columns = views};
    const struct rcx_kmeans_options options = {.k = k,
                                               .restarts = 3,
                                               .start = RCX_KMEANS_START_PLUSPLUS,
                                               .weights = weights,
                                               .seed = problem->seed,
                                               .stream = rcx_mix64(problem->stream + restart + 1),
                                               .parallel = problem->parallel};
    status = rcx_kmeans_fit(&matrix, &options, &fit, err);
    if (status == RCX_OK)
        memcpy(out, fit.centres, k * d * sizeof *out);
done:
    rcx_kmeans_release(&fit);
    rcx_free(columns);
    rcx_free(weights);
    rcx_free(views);
    return status;
}

enum rcx_status rcx_kmeans_oversample(const struct rcx_kmeans_problem *problem, size_t k,
                                      size_t restart, double *out, struct rcx_error *err)
{
    struct oversampling over = {
        .seed = rcx_mix64(problem->seed ^ rcx_mix64(problem->stream)) + restart,
        .chosen = rcx_calloc(problem->matrix->rows, 1),
        .labels = rcx_malloc_array(problem->matrix->rows, sizeof(uint32_t)),
    };
    struct rcx_random random = rcx_random_of(over.seed, STREAM_PARALLEL, 0);
    struct candidates candidates = {0};
    enum rcx_status status = RCX_E_NOMEM;
    if (!over.chosen || !over.labels)
        rcx_fail_nomem(err, "k-means", problem->matrix->rows * 5);
    else
        status = seeding_init(problem, &over.seeding, err);
    if (status == RCX_OK) {
        over.chosen[draw_first(problem, &random)] = 1;
        status = take_chosen(&over, &candidates, err);
    }
    for (over.round = 1; status == RCX_OK && over.round <= ROUNDS; over.round++) {
        double potential = total_of(&over.seeding, 0);
        if (!(potential > 0))
            break;
        over.rate = (double)k / potential;
        status = rcx_parallel_for(&problem->parallel, problem->chunks, sample_chunk, &over, err);
        if (status == RCX_OK)
            status = take_chosen(&over, &candidates, err);
    }
    if (status == RCX_OK && candidates.count >= k)
        status = reduce(&over, &candidates, k, restart, out, err);
    else if (status == RCX_OK) /* few different rows: the plain way copes */
        status = rcx_kmeans_plusplus(problem, k, restart, out, err);
    seeding_release(&over.seeding);
    rcx_free(candidates.values);
    rcx_free(over.chosen);
    rcx_free(over.labels);
    return status;
}
