/* Benchmarks of the behaviour models: BG/NBD, the customers drawn from it, nearly all different. */
#include "base/memory.h"
#include "base/random.h"
#include "bench/benchmark.h"
#include "ml/btyd/btyd.h"

enum { STREAM = 0xBE7D, QUANTITIES = 4 };

struct btyd_state {
    struct rcx_btyd_customers customers;
    double *values; /* [3][customers]: what `customers` points to; and [QUANTITIES] of results */
    struct rcx_btyd_groups *groups;
    struct rcx_btyd_fit fit;
    struct rcx_parallel parallel;
};

static void draw_customer(struct btyd_state *state, uint64_t seed, size_t i)
{
    size_t count = state->customers.count;
    double *x = &state->values[i];
    double *t_x = &state->values[count + i];
    struct rcx_random random = rcx_random_of(seed, STREAM, i);
    double age = 50 + 50 * rcx_random_unit(&random);
    double rate = rcx_random_gamma(&random, .8) / 6;
    double leave = rcx_random_beta(&random, .8, 2.5), time = 0;
    *x = *t_x = 0;
    state->values[2 * count + i] = age;
    for (bool alive = true; alive && rate > 0;) {
        time += rcx_random_exponential(&random) / rate;
        if (time >= age)
            break;
        ++*x;
        *t_x = time;
        alive = rcx_random_unit(&random) >= leave;
    }
}

static enum rcx_status fit_all(struct btyd_state *state, struct rcx_error *err)
{
    const struct rcx_btyd_fit_options options = {.model = RCX_BTYD_BGNBD,
                                                 .parallel = state->parallel};
    rcx_btyd_groups_release(state->groups);
    state->groups = NULL;
    enum rcx_status status = rcx_btyd_groups_build(&state->customers, &state->parallel,
                                                   &state->groups, err);
    return status == RCX_OK ? rcx_btyd_fit(state->groups, &options, &state->fit, err) : status;
}

enum rcx_status rcx_bench_btyd_setup(struct rcx_bench_data *data, void **out_state,
                                     struct rcx_error *err)
{
    const struct rcx_bench_data_options *options = rcx_bench_options(data);
    size_t count = (size_t)options->rows;
    struct btyd_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->parallel = options->parallel;
    state->values = rcx_malloc_array(count, (3 + QUANTITIES) * sizeof(double));
    if (!state->values)
        return rcx_fail_nomem(err, "benchmark", count * (3 + QUANTITIES) * sizeof(double));
    state->customers = (struct rcx_btyd_customers){count, state->values, state->values + count,
                                                   state->values + 2 * count};
    for (size_t i = 0; i < count; i++)
        draw_customer(state, options->seed, i);
    return fit_all(state, err);
}

enum rcx_status rcx_bench_btyd_run(void *context, struct rcx_bench_work *out, struct rcx_error *err)
{
    struct btyd_state *state = context;
    *out = (struct rcx_bench_work){.items = state->customers.count};
    return fit_all(state, err);
}

enum rcx_status rcx_bench_btyd_predict_run(void *context, struct rcx_bench_work *out,
                                           struct rcx_error *err)
{
    struct btyd_state *state = context;
    size_t count = state->customers.count;
    double *results = state->values + 3 * count;
    const double horizon = 90.0 / 7; /* weeks */
    const struct rcx_btyd_request requests[QUANTITIES] = {
        {.quantity = RCX_BTYD_P_ALIVE, .out = results},
        {.quantity = RCX_BTYD_P_NO_PURCHASE, .horizon = horizon, .out = results + count},
        {.quantity = RCX_BTYD_PURCHASES, .horizon = horizon, .out = results + 2 * count},
        {.quantity = RCX_BTYD_DISCOUNTED,
         .horizon = horizon,
         .discount = .002,
         .out = results + 3 * count},
    };
    *out = (struct rcx_bench_work){.items = count};
    return rcx_btyd_predict(&state->fit, state->groups, requests, QUANTITIES, &state->parallel,
                            err);
}

void rcx_bench_btyd_teardown(void *context)
{
    struct btyd_state *state = context;
    if (state) {
        rcx_btyd_groups_release(state->groups);
        rcx_free(state->values);
    }
    rcx_free(state);
}
