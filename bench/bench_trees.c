/* Benchmarks of the tree learner on generated rows: 28 quantities, classes that differ in some of them,
 * in products and in thresholds, as the Higgs data do (bench/peers/gbdt_data.py draws the like). */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "bench/benchmark.h"
#include "ml/gbdt/gbdt.h"
#include "ml/gbdt/histogram_rows.h"

enum { COLUMNS = 28, TREES = 10, PIECE = 4096, LEAVES = 32 };

struct trees_state {
    size_t rows;
    struct rcx_parallel parallel;
    double *values, *label; /* [COLUMNS][rows], [rows] */
    const double *columns[COLUMNS];
    struct rcx_matrix matrix;
    struct rcx_gbdt_params params;
    struct rcx_gbdt_bins bins;
    struct rcx_gbdt_dataset dataset;
    /* of the histogram benchmarks */
    uint64_t *records, *dealt, *sums; /* dealt: the same records, leaf by leaf */
    uint32_t offset[COLUMNS + 1];
    struct rcx_histogram_scratch scratch;
};

static void draw_row(const struct trees_state *state, uint64_t seed, size_t r)
{
    struct rcx_random random = rcx_random_of(seed, 3, r);
    double x[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++) {
        x[c] = rcx_random_normal(&random);
        if (c % 7 == 5)
            x[c] = rcx_random_exponential(&random);
        else if (c % 7 == 6)
            x[c] = round(2 * x[c]);
        state->values[c * state->rows + r] = x[c];
    }
    double score = x[0] * x[1] + fabs(x[2]) - 0.8 + 0.5 * x[3] * (x[4] > 0) + 0.4 * x[5] - 0.4 +
                   0.2 * (x[8] + x[9] + x[10] + x[11]);
    double u = rcx_random_unit(&random);
    state->label[r] = score + rcx_portable_log((u + 1e-12) / (1 - u)) > 0;
}

static enum rcx_status draw_piece(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct trees_state *state = context;
    (void)worker, (void)err;
    for (size_t r = chunk * PIECE; r < state->rows && r < (chunk + 1) * PIECE; r++)
        draw_row(state, 1, r);
    return RCX_OK;
}

static void forget_bins(struct trees_state *state)
{
    rcx_gbdt_dataset_release(&state->dataset);
    rcx_gbdt_bins_release(&state->bins);
}

static enum rcx_status make_bins(struct trees_state *state, struct rcx_error *err)
{
    struct rcx_gbdt_rows rows = {.matrix = &state->matrix, .label = state->label};
    forget_bins(state);
    enum rcx_status status = rcx_gbdt_bins_build(&state->matrix, NULL, &state->params,
                                                 &state->parallel, &state->bins, err);
    if (status == RCX_OK)
        status = rcx_gbdt_dataset_build(&state->bins, &rows, &state->parallel, &state->dataset,
                                        err);
    return status;
}

static size_t leaf_of(uint32_t row)
{
    struct rcx_random random = rcx_random_of(1, 4, row);
    return (size_t)rcx_random_below(&random, LEAVES);
}

/* Records of all rows in order, and dealt at random to leaves of the same size but for chance. */
static void deal_records(struct trees_state *state)
{
    size_t begin[LEAVES + 1] = {0};
    for (uint32_t r = 0; r < state->rows; r++) {
        state->records[r] = rcx_record(r, (int32_t)(r % 1000) - 500, r % 700);
        begin[leaf_of(r) + 1]++;
    }
    for (size_t leaf = 0; leaf < LEAVES; leaf++)
        begin[leaf + 1] += begin[leaf];
    for (uint32_t r = 0; r < state->rows; r++)
        state->dealt[begin[leaf_of(r)]++] = state->records[r];
    for (uint32_t f = 0; f <= COLUMNS; f++)
        state->offset[f] = f * RCX_GBDT_MOST_BINS;
}

enum rcx_status rcx_bench_trees_setup(struct rcx_bench_data *data, void **out_state,
                                      struct rcx_error *err)
{
    struct trees_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->rows = (size_t)rcx_bench_options(data)->rows;
    state->parallel = rcx_bench_options(data)->parallel;
    rcx_gbdt_params_init(&state->params);
    state->params.objective = RCX_GBDT_BINARY;
    state->params.num_iterations = TREES;
    state->values = rcx_malloc_array(state->rows, COLUMNS * sizeof *state->values);
    state->label = rcx_malloc_array(state->rows, sizeof *state->label);
    state->records = rcx_malloc_array(state->rows, sizeof *state->records);
    state->dealt = rcx_malloc_array(state->rows, sizeof *state->dealt);
    state->sums = rcx_calloc((size_t)COLUMNS * RCX_GBDT_MOST_BINS, sizeof *state->sums);
    if (!state->values || !state->label || !state->records || !state->dealt || !state->sums)
        return rcx_fail_nomem(err, "benchmark", state->rows * COLUMNS * sizeof *state->values);
    for (size_t c = 0; c < COLUMNS; c++)
        state->columns[c] = state->values + c * state->rows;
    state->matrix = (struct rcx_matrix){
        .rows = state->rows, .column_count = COLUMNS, .columns = state->columns};
    enum rcx_status status = rcx_parallel_for(&state->parallel, (state->rows + PIECE - 1) / PIECE,
                                              draw_piece, state, err);
    deal_records(state);
    return status == RCX_OK ? make_bins(state, err) : status;
}

enum rcx_status rcx_bench_trees_bin_run(void *context, struct rcx_bench_work *out,
                                        struct rcx_error *err)
{
    struct trees_state *state = context;
    *out = (struct rcx_bench_work){.items = state->rows * COLUMNS,
                                   .bytes = state->rows * COLUMNS * sizeof(double)};
    return make_bins(state, err);
}

/* The histograms of all rows, one thread: what the training of large leaves is made of. */
enum rcx_status rcx_bench_trees_histogram_run(void *context, struct rcx_bench_work *out,
                                              struct rcx_error *err)
{
    struct trees_state *state = context;
    const struct rcx_gbdt_dataset *dataset = &state->dataset;
    (void)err;
    rcx_histogram_rows(dataset, state->records, state->rows, 0, dataset->group_count, state->offset,
                       state->sums, &state->scratch);
    *out = (struct rcx_bench_work){.items = state->rows * dataset->used};
    return RCX_OK;
}

/* The histograms of 32 leaves of one row in 32 each: what smaller leaves cost. */
enum rcx_status rcx_bench_trees_leaves_run(void *context, struct rcx_bench_work *out,
                                           struct rcx_error *err)
{
    struct trees_state *state = context;
    const struct rcx_gbdt_dataset *dataset = &state->dataset;
    (void)err;
    for (size_t leaf = 0; leaf < LEAVES; leaf++) {
        size_t begin = state->rows * leaf / LEAVES, end = state->rows * (leaf + 1) / LEAVES;
        rcx_histogram_rows(dataset, state->dealt + begin, end - begin, 0, dataset->group_count,
                           state->offset, state->sums, &state->scratch);
    }
    *out = (struct rcx_bench_work){.items = state->rows * dataset->used};
    return RCX_OK;
}

enum rcx_status rcx_bench_trees_run(void *context, struct rcx_bench_work *out,
                                    struct rcx_error *err)
{
    struct trees_state *state = context;
    struct rcx_gbdt_model model = {0};
    struct rcx_gbdt_job job = {
        .params = &state->params, .train = &state->dataset, .parallel = &state->parallel};
    enum rcx_status status = rcx_gbdt_train(&job, &model, NULL, err);
    rcx_gbdt_model_release(&model);
    *out = (struct rcx_bench_work){.items = state->rows * TREES};
    return status;
}

void rcx_bench_trees_teardown(void *context)
{
    struct trees_state *state = context;
    if (state) {
        forget_bins(state);
        rcx_free(state->values);
        rcx_free(state->label);
        rcx_free(state->records);
        rcx_free(state->dealt);
        rcx_free(state->sums);
    }
    rcx_free(state);
}
