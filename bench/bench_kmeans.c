/* Benchmarks of k-means, and of the choice of k with all that judges it. */
#include "base/memory.h"
#include "base/random.h"
#include "bench/benchmark.h"
#include "ml/kmeans/kmeans.h"
#include "ml/tasks/segment_choice.h"

enum { COLUMNS = 8, CENTRES = 16, CHOICE_COLUMNS = 3, CHOICE_ROWS = 3414, STREAM = 0xBE4B };

struct kmeans_state {
    struct rcx_matrix matrix; /* by `columns` */
    const double *columns[COLUMNS];
    double *values; /* [columns][rows] */
    double start[CENTRES * COLUMNS];
    const struct rcx_bench_data_options *options;
};

/* Skewed and correlated, without clear clusters: the hard case (bench/peers/kmeans_peer.py draws the
 * like). */
static enum rcx_status make_rows(struct rcx_bench_data *data, size_t rows, size_t columns,
                                 void **out_state, struct rcx_error *err)
{
    struct kmeans_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->options = rcx_bench_options(data);
    state->values = rcx_malloc_array(rows, columns * sizeof(double));
    if (!state->values)
        return rcx_fail_nomem(err, "benchmark", rows * columns * sizeof(double));
    for (size_t i = 0; i < rows; i++) {
        struct rcx_random random = rcx_random_of(state->options->seed, STREAM, i);
        double common = 0.6 * rcx_random_normal(&random);
        for (size_t j = 0; j < columns; j++)
            state->values[j * rows + i] = common + rcx_random_normal(&random);
        state->values[i] = rcx_portable_exp(state->values[i]) / 2;
    }
    for (size_t j = 0; j < columns; j++)
        state->columns[j] = state->values + j * rows;
    state->matrix = (struct rcx_matrix){rows, columns, state->columns, NULL};
    return RCX_OK;
}

enum rcx_status rcx_bench_kmeans_setup(struct rcx_bench_data *data, void **out_state,
                                       struct rcx_error *err)
{
    size_t rows = (size_t)rcx_bench_options(data)->rows;
    enum rcx_status status = make_rows(data, rows, COLUMNS, out_state, err);
    struct kmeans_state *state = *out_state;
    for (size_t c = 0; status == RCX_OK && c < CENTRES; c++)
        for (size_t j = 0; j < COLUMNS; j++)
            state->start[c * COLUMNS + j] = state->columns[j][c * rows / CENTRES];
    return status;
}

enum rcx_status rcx_bench_kmeans_run(void *context, struct rcx_bench_work *out,
                                     struct rcx_error *err)
{
    const struct kmeans_state *state = context;
    const struct rcx_kmeans_options options = {.k = CENTRES,
                                               .restarts = 1,
                                               .centres = state->start,
                                               .tolerance = 1e-4,
                                               .parallel = state->options->parallel};
    struct rcx_kmeans fit;
    enum rcx_status status = rcx_kmeans_fit(&state->matrix, &options, &fit, err);
    if (status != RCX_OK)
        return status;
    *out = (struct rcx_bench_work){.items = fit.iterations * fit.rows,
                                   .bytes = fit.iterations * fit.rows * COLUMNS * sizeof(double)};
    rcx_kmeans_release(&fit);
    return RCX_OK;
}

void rcx_bench_kmeans_teardown(void *context)
{
    struct kmeans_state *state = context;
    if (state)
        rcx_free(state->values);
    rcx_free(state);
}

enum rcx_status rcx_bench_segments_setup(struct rcx_bench_data *data, void **out_state,
                                         struct rcx_error *err)
{
    return make_rows(data, CHOICE_ROWS, CHOICE_COLUMNS, out_state, err);
}

enum rcx_status rcx_bench_segments_run(void *context, struct rcx_bench_work *out,
                                       struct rcx_error *err)
{
    const struct kmeans_state *state = context;
    struct rcx_segment_choice choice;
    enum rcx_status status = rcx_segment_choose(&state->matrix, &state->options->config->segments,
                                                state->options->seed, &state->options->parallel,
                                                &choice, err);
    if (status != RCX_OK)
        return status;
    rcx_segment_choice_release(&choice);
    *out = (struct rcx_bench_work){.items = CHOICE_ROWS};
    return RCX_OK;
}
