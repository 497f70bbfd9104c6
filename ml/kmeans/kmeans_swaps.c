/* Out of a local optimum: a centre that is missed least moves to a row far from all centres, and the
 * iterations run again; what ends lower is kept (after Lattanzi and Sohler 2019, A better k-means++
 * algorithm via local search). */
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/kmeans_problem.h"

enum { REMOVED = 3, ROWS = 3, TRIALS = REMOVED * ROWS, ROUNDS = 3, STREAM_SWAP = 0x6B5A };

struct swaps {
    const struct rcx_kmeans_problem *problem;
    const struct rcx_kmeans_options *options;
    size_t removed[TRIALS], rows[TRIALS];
    const double *from; /* [k][dimensions] */
    double *centres;    /* [TRIALS][k][dimensions] */
    struct rcx_kmeans_end ends[TRIALS];
    uint32_t *labels;                /* [rows] */
    double *nearest, *second, *loss; /* [rows], [rows], [k] */
};

static enum rcx_status try_swap(void *context, size_t trial, unsigned worker, struct rcx_error *err)
{
    struct swaps *swaps = context;
    const struct rcx_matrix *matrix = swaps->problem->matrix;
    size_t d = matrix->column_count, values = swaps->options->k * d;
    double *centres = swaps->centres + trial * values;
    (void)worker;
    memcpy(centres, swaps->from, values * sizeof *centres);
    for (size_t j = 0; j < d; j++)
        centres[swaps->removed[trial] * d + j] = matrix->columns[j][swaps->rows[trial]];
    return rcx_kmeans_descend(swaps->problem, swaps->options, centres, &swaps->ends[trial], err);
}

static double weight_of(const struct swaps *swaps, size_t row)
{
    return swaps->problem->weights ? swaps->problem->weights[row] : 1;
}

/* A row in proportion to its squared distance. */
static size_t draw_far_row(const struct swaps *swaps, double total, struct rcx_random *random)
{
    double aim = rcx_random_unit(random) * total;
    size_t last = 0;
    for (size_t row = 0; row < swaps->problem->matrix->rows; row++) {
        double share = weight_of(swaps, row) * swaps->nearest[row];
        last = share > 0 ? row : last;
        if (share > aim)
            break;
        aim -= share;
    }
    return last;
}

/* Which centres go: those whose rows lose least by going to the second nearest. */
static enum rcx_status propose(struct swaps *swaps, struct rcx_random *random,
                               struct rcx_error *err)
{
    size_t k = swaps->options->k, rows = swaps->problem->matrix->rows;
    double total = 0;
    enum rcx_status status = rcx_kmeans_assign(swaps->problem->matrix, swaps->from, k,
                                               &swaps->problem->parallel, swaps->labels,
                                               swaps->nearest, swaps->second, err);
    if (status != RCX_OK)
        return status;
    memset(swaps->loss, 0, k * sizeof *swaps->loss);
    for (size_t row = 0; row < rows; row++) {
        total += weight_of(swaps, row) * swaps->nearest[row];
        swaps->loss[swaps->labels[row]] += weight_of(swaps, row) *
                                           (swaps->second[row] - swaps->nearest[row]);
    }
    for (size_t r = 0; r < REMOVED; r++) {
        size_t least = 0;
        for (size_t c = 1; c < k; c++)
            if (swaps->loss[c] < swaps->loss[least])
                least = c;
        for (size_t t = r * ROWS; t < (r + 1) * ROWS; t++) {
            swaps->removed[t] = least;
            swaps->rows[t] = draw_far_row(swaps, total, random);
        }
        if (r + 1 < k) /* with fewer centres the last one is tried again */
            swaps->loss[least] = 1e308;
    }
    return RCX_OK;
}

static enum rcx_status improve(struct swaps *swaps, bool side_by_side, double *centres,
                               struct rcx_kmeans_end *end, struct rcx_error *err)
{
    const struct rcx_kmeans_problem *problem = swaps->problem;
    const struct rcx_parallel one = {1};
    size_t values = swaps->options->k * problem->matrix->column_count;
    struct rcx_random random = rcx_random_of(problem->seed ^ rcx_mix64(problem->stream),
                                             STREAM_SWAP, 0);
    for (size_t round = 0; round < ROUNDS && end->inertia > 0; round++) {
        size_t best = 0;
        swaps->from = centres;
        enum rcx_status status = propose(swaps, &random, err);
        if (status == RCX_OK)
            status = rcx_parallel_for(side_by_side ? &problem->parallel : &one, TRIALS, try_swap,
                                      swaps, err);
        if (status != RCX_OK)
            return status;
        for (size_t t = 1; t < TRIALS; t++)
            if (swaps->ends[t].inertia < swaps->ends[best].inertia)
                best = t;
        if (!(swaps->ends[best].inertia < end->inertia))
            break;
        memcpy(centres, swaps->centres + best * values, values * sizeof *centres);
        *end = swaps->ends[best];
    }
    return RCX_OK;
}

enum rcx_status rcx_kmeans_swap(const struct rcx_kmeans_problem *problem,
                                const struct rcx_kmeans_options *options, bool side_by_side,
                                double *centres, struct rcx_kmeans_end *end, struct rcx_error *err)
{
    size_t rows = problem->matrix->rows, values = options->k * problem->matrix->column_count;
    struct swaps swaps = {
        .problem = problem,
        .options = options,
        .centres = rcx_malloc_array(TRIALS * values, sizeof(double)),
        .labels = rcx_malloc_array(rows, sizeof(uint32_t)),
        .nearest = rcx_malloc_array(rows, sizeof(double)),
        .second = rcx_malloc_array(rows, sizeof(double)),
        .loss = rcx_malloc_array(options->k, sizeof(double)),
    };
    enum rcx_status status = RCX_E_NOMEM;
    if (swaps.centres && swaps.labels && swaps.nearest && swaps.second && swaps.loss)
        status = improve(&swaps, side_by_side, centres, end, err);
    else
        rcx_fail_nomem(err, "k-means", rows * 20);
    rcx_free(swaps.centres);
    rcx_free(swaps.labels);
    rcx_free(swaps.nearest);
    rcx_free(swaps.second);
    rcx_free(swaps.loss);
    return status;
}
