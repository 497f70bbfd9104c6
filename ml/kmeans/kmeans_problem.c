#include "ml/kmeans/kmeans_problem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { SUM_LANES = 8, MOST_BITS = 61, MOST_EXPONENT = 900 };
#define LARGEST 1e150 /* squares of differences stay finite */

/* What is learned of one column, or of the weights. */
struct column_facts {
    double sum, spread, squares; /* of x; of w |x - offset|; of (x - offset)^2 */
    size_t bad;                  /* first row that cannot be; rows when there is none */
};

static double tree(const double lane[SUM_LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static double sum_of(const double *x, size_t rows)
{
    double lane[SUM_LANES] = {0};
    size_t i = 0;
    for (; i + SUM_LANES <= rows; i += SUM_LANES)
        for (size_t l = 0; l < SUM_LANES; l++)
            lane[l] += x[i + l];
    for (; i < rows; i++)
        lane[i % SUM_LANES] += x[i];
    return tree(lane);
}

static void spread_of(const double *x, const double *weights, double offset, size_t rows,
                      struct column_facts *out)
{
    double spread[SUM_LANES] = {0}, squares[SUM_LANES] = {0};
    for (size_t i = 0; i < rows; i++) {
        double difference = x[i] - offset;
        spread[i % SUM_LANES] += (weights ? weights[i] : 1.0) * fabs(difference);
        squares[i % SUM_LANES] += difference * difference;
    }
    out->spread = tree(spread);
    out->squares = tree(squares);
}

static size_t first_bad(const double *x, size_t rows, double least)
{
    bool all_good = true;
    for (size_t i = 0; i < rows; i++)
        all_good &= x[i] >= least && x[i] <= LARGEST;
    for (size_t i = 0; !all_good && i < rows; i++)
        if (!(x[i] >= least && x[i] <= LARGEST))
            return i;
    return rows;
}

static enum rcx_status fail_cell(const struct rcx_matrix *matrix, size_t column, size_t row,
                                 struct rcx_error *err)
{
    double x = matrix->columns[column][row];
    char number[32] = "";
    if (!matrix->names)
        snprintf(number, sizeof number, "column %zu", column + 1);
    return rcx_fail(err, RCX_E_INPUT,
                    "k-means: %s%s%s%s, row %zu: found %s, expected a number within +-1e150; leave "
                    "out such rows, or fill them in",
                    number, matrix->names ? "'" : "", matrix->names ? matrix->names[column] : "",
                    matrix->names ? "'" : "", row + 1,
                    isnan(x)   ? "no value (NaN)"
                    : isinf(x) ? "infinity"
                               : "a larger one");
}

enum rcx_status rcx_kmeans_check(const struct rcx_matrix *matrix, struct rcx_error *err)
{
    for (size_t j = 0; j < matrix->column_count; j++) {
        size_t bad = first_bad(matrix->columns[j], matrix->rows, -LARGEST);
        if (bad < matrix->rows)
            return fail_cell(matrix, j, bad, err);
    }
    return RCX_OK;
}

struct learning {
    struct rcx_kmeans_problem *problem;
    struct column_facts *facts; /* [dimensions + 1]: the columns, the weights */
};

static enum rcx_status learn_column(void *context, size_t j, unsigned worker, struct rcx_error *err)
{
    const struct learning *learning = context;
    struct rcx_kmeans_problem *problem = learning->problem;
    const struct rcx_matrix *matrix = problem->matrix;
    struct column_facts *facts = &learning->facts[j];
    (void)worker;
    (void)err;
    if (j == matrix->column_count) {
        facts->bad = first_bad(problem->weights, matrix->rows, 0);
        facts->sum = sum_of(problem->weights, matrix->rows);
        return RCX_OK;
    }
    const double *x = matrix->columns[j];
    facts->bad = first_bad(x, matrix->rows, -LARGEST);
    if (facts->bad < matrix->rows)
        return RCX_OK;
    problem->offsets[j] = sum_of(x, matrix->rows) / (double)matrix->rows;
    spread_of(x, problem->weights, problem->offsets[j], matrix->rows, facts);
    return RCX_OK;
}

/* The largest power of two that keeps sums of `magnitude` within 62 bits. */
static double unit_for(double magnitude)
{
    int exponent = 0;
    if (!(magnitude > 0))
        return 1;
    (void)frexp(magnitude, &exponent);
    int shift = MOST_BITS - exponent;
    return ldexp(1.0, shift > MOST_EXPONENT ? MOST_EXPONENT : shift);
}

static enum rcx_status conclude(struct rcx_kmeans_problem *problem,
                                const struct column_facts *facts, struct rcx_error *err)
{
    const struct rcx_matrix *matrix = problem->matrix;
    size_t d = matrix->column_count;
    for (size_t j = 0; j < d; j++)
        if (facts[j].bad < matrix->rows)
            return fail_cell(matrix, j, facts[j].bad, err);
    problem->weight_scale = 1;
    problem->total_weight = (double)matrix->rows;
    if (problem->weights) {
        if (facts[d].bad < matrix->rows)
            return rcx_fail(err, RCX_E_INPUT,
                            "k-means: weight of row %zu: found %g, expected a number from 0 on",
                            facts[d].bad + 1, problem->weights[facts[d].bad]);
        if (!(facts[d].sum > 0))
            return rcx_fail(err, RCX_E_INPUT, "k-means: the weights of all rows are 0");
        problem->total_weight = facts[d].sum;
        problem->weight_scale = unit_for(facts[d].sum);
    }
    double squares = 0;
    for (size_t j = 0; j < d; j++) {
        problem->scales[j] = unit_for(facts[j].spread);
        squares += facts[j].squares / (double)matrix->rows;
    }
    problem->mean_variance = squares / (double)d;
    return RCX_OK;
}

enum rcx_status rcx_kmeans_problem_init(const struct rcx_matrix *matrix,
                                        const struct rcx_kmeans_options *options,
                                        struct rcx_kmeans_problem *out, struct rcx_error *err)
{
    size_t d = matrix->column_count;
    struct rcx_kmeans_problem problem = {
        .matrix = matrix,
        .weights = options->weights,
        .chunks = rcx_kmeans_chunks(matrix->rows),
        .parallel = options->parallel,
        .seed = options->seed,
        .stream = options->stream,
        .offsets = rcx_calloc(d, sizeof(double)),
        .scales = rcx_calloc(d, sizeof(double)),
    };
    struct column_facts *facts = rcx_calloc(d + 1, sizeof *facts);
    enum rcx_status status;
    if (problem.offsets && problem.scales && facts) {
        struct learning learning = {&problem, facts};
        status = rcx_parallel_for(&problem.parallel, d + (problem.weights != NULL), learn_column,
                                  &learning, err);
        if (status == RCX_OK)
            status = conclude(&problem, facts, err);
        if (status == RCX_OK)
            status = rcx_kmeans_tiles(&problem, options, err);
    } else {
        status = rcx_fail_nomem(err, "k-means", d * sizeof *facts);
    }
    rcx_free(facts);
    if (status == RCX_OK)
        *out = problem;
    else
        rcx_kmeans_problem_release(&problem);
    return status;
}

void rcx_kmeans_problem_release(struct rcx_kmeans_problem *problem)
{
    rcx_free(problem->offsets);
    rcx_free(problem->scales);
    rcx_pages_free(problem->tiles, problem->tile_bytes);
    *problem = (struct rcx_kmeans_problem){0};
}

struct rcx_kmeans_scratch *rcx_kmeans_scratch_new(size_t dimensions, size_t workers)
{
    struct rcx_kmeans_scratch *scratch = rcx_calloc(workers, sizeof *scratch);
    bool ok = scratch != NULL;
    for (size_t w = 0; ok && w < workers; w++) {
        scratch[w].columns = rcx_calloc(dimensions, sizeof *scratch[w].columns);
        scratch[w].values = rcx_malloc_array(dimensions, RCX_KMEANS_CHUNK * sizeof(double));
        ok = scratch[w].columns && scratch[w].values;
    }
    if (ok)
        return scratch;
    rcx_kmeans_scratch_free(scratch, workers);
    return NULL;
}

void rcx_kmeans_scratch_free(struct rcx_kmeans_scratch *scratch, size_t workers)
{
    for (size_t w = 0; scratch && w < workers; w++) {
        rcx_free(scratch[w].columns);
        rcx_free(scratch[w].values);
    }
    rcx_free(scratch);
}

struct rcx_kmeans_block rcx_kmeans_chunk_block(const struct rcx_matrix *matrix, size_t chunk,
                                               struct rcx_kmeans_scratch *scratch)
{
    size_t first = chunk * RCX_KMEANS_CHUNK, rows = rcx_kmeans_chunk_rows(matrix, chunk);
    size_t padded = (rows + RCX_KMEANS_LANES - 1) / RCX_KMEANS_LANES * RCX_KMEANS_LANES;
    for (size_t j = 0; j < matrix->column_count; j++) {
        scratch->columns[j] = matrix->columns[j] + first;
        if (padded == rows)
            continue;
        double *copy = scratch->values + j * RCX_KMEANS_CHUNK;
        memcpy(copy, matrix->columns[j] + first, rows * sizeof *copy);
        memset(copy + rows, 0, (padded - rows) * sizeof *copy);
        scratch->columns[j] = copy;
    }
    return (struct rcx_kmeans_block){scratch->columns, matrix->column_count, padded};
}

const double *rcx_kmeans_chunk_weights(const struct rcx_kmeans_problem *problem, size_t chunk,
                                       struct rcx_kmeans_scratch *scratch)
{
    size_t first = chunk * RCX_KMEANS_CHUNK;
    size_t rows = rcx_kmeans_chunk_rows(problem->matrix, chunk);
    if (rows % RCX_KMEANS_LANES == 0)
        return problem->weights ? problem->weights + first : NULL;
    memset(scratch->weights, 0, sizeof scratch->weights);
    for (size_t i = 0; i < rows; i++)
        scratch->weights[i] = problem->weights ? problem->weights[first + i] : 1.0;
    return scratch->weights;
}
