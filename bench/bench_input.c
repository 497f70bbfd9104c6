/* Benchmarks of reading a shop's file: the scan for fields alone, and the whole way into a store. */
#include "base/memory.h"
#include "bench/benchmark.h"
#include "storage/format/source.h"

struct input_state {
    struct rcx_bench_data *data;
    const char *csv; /* borrowed */
    uint64_t bytes, rows;
    char *store; /* of the ingest */
};

static enum rcx_status open_input(struct rcx_bench_data *data, void **out_state,
                                  struct rcx_error *err)
{
    struct input_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->data = data;
    state->rows = rcx_bench_options(data)->rows;
    return rcx_bench_csv(data, &state->csv, &state->bytes, err);
}

static void close_input(void *context)
{
    struct input_state *state = context;
    if (state)
        rcx_free(state->store);
    rcx_free(state);
}

/* ---- the scan ---- */

enum rcx_status rcx_bench_csv_setup(struct rcx_bench_data *data, void **out_state,
                                    struct rcx_error *err)
{
    return open_input(data, out_state, err);
}

enum rcx_status rcx_bench_csv_run(void *context, struct rcx_bench_work *out, struct rcx_error *err)
{
    const struct input_state *state = context;
    const struct rcx_parallel *parallel = &rcx_bench_options(state->data)->parallel;
    const struct rcx_source_options options = {0};
    struct rcx_source *source = NULL;
    struct rcx_source_window window = {0};
    uint64_t records = 0;
    enum rcx_status status = rcx_source_open(state->csv, &options, &source, err);
    while (status == RCX_OK) {
        status = rcx_source_next(source, parallel, &window, err);
        if (status != RCX_OK || (window.chunk_count == 0 && window.oversized.line == 0))
            break;
        for (size_t c = 0; c < window.chunk_count; c++)
            records += window.chunks[c].records;
    }
    rcx_source_close(source);
    if (status == RCX_OK && records != state->rows)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: %llu records of %llu", state->csv,
                        (unsigned long long)records, (unsigned long long)state->rows);
    *out = (struct rcx_bench_work){.items = records, .bytes = state->bytes};
    return status;
}

void rcx_bench_csv_teardown(void *context)
{
    close_input(context);
}

/* ---- ingest ---- */

enum rcx_status rcx_bench_ingest_setup(struct rcx_bench_data *data, void **out_state,
                                       struct rcx_error *err)
{
    enum rcx_status status = open_input(data, out_state, err);
    struct input_state *state = *out_state;
    if (status != RCX_OK)
        return status;
    state->store = rcx_bench_path(data, "ingest.store");
    return state->store ? RCX_OK : rcx_fail_nomem(err, "benchmark", 0);
}

enum rcx_status rcx_bench_ingest_before(void *context, struct rcx_error *err)
{
    const struct input_state *state = context;
    return rcx_bench_remove(state->store, err);
}

enum rcx_status rcx_bench_ingest_run(void *context, struct rcx_bench_work *out,
                                     struct rcx_error *err)
{
    const struct input_state *state = context;
    *out = (struct rcx_bench_work){.items = state->rows, .bytes = state->bytes};
    return rcx_bench_ingest(state->data, state->store, err);
}

void rcx_bench_ingest_teardown(void *context)
{
    close_input(context);
}
