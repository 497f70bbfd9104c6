/* Benchmarks of writing a table: the cleaned rows, as Parquet. */
#include "base/memory.h"
#include "bench/benchmark.h"
#include "engine/exec/clean_run.h"
#include "engine/exec/clean_table.h"
#include "storage/format/sink.h"

enum { MOST_ROWS = 1 << 21 }; /* of 110 bytes each */

struct parquet_state {
    const struct rcx_bench_data_options *options;
    const struct rcx_bench_store *from;
    struct rcx_table table;
    uint64_t bytes; /* of its values */
    char *path;
};

/* Copies delivered rows; the rest of a large shop is let go. */
static enum rcx_status take(void *context, const struct rcx_table *rows, struct rcx_error *err)
{
    struct parquet_state *state = context;
    if (state->table.rows > 0 && state->table.rows + rows->rows > MOST_ROWS)
        return RCX_OK;
    return rcx_clean_table_concat(&state->table, rows, err);
}

enum rcx_status rcx_bench_parquet_setup(struct rcx_bench_data *data, void **out_state,
                                        struct rcx_error *err)
{
    struct parquet_state *state = rcx_calloc(1, sizeof *state);
    struct rcx_clean_stats stats = {0};
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->options = rcx_bench_options(data);
    state->path = rcx_bench_path(data, "rows.parquet");
    enum rcx_status status = state->path ? rcx_bench_store(data, &state->from, err)
                                         : rcx_fail_nomem(err, "benchmark", 0);
    if (status == RCX_OK)
        status = rcx_clean_table_init(&state->from->plan, rcx_store_summary(state->from->store),
                                      state->from->store, &state->table, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_clean_run run = {.store = state->from->store,
                                      .plan = &state->from->plan,
                                      .parallel = state->options->parallel,
                                      .rows = take,
                                      .rows_context = state};
    status = rcx_clean_run(&run, &stats, err);
    rcx_clean_stats_release(&stats);
    for (size_t c = 0; c < state->table.column_count; c++)
        state->bytes += state->table.rows * rcx_type_bytes(state->table.columns[c].type);
    return status;
}

static enum rcx_status write_table(const struct parquet_state *state, const char *codec,
                                   struct rcx_bench_work *out, struct rcx_error *err)
{
    const struct rcx_sink_options options = {
        .format = "parquet", .codec = codec, .parallel = state->options->parallel, .no_sync = true};
    *out = (struct rcx_bench_work){.items = state->table.rows, .bytes = state->bytes};
    return rcx_sink_write_table(state->path, &options, &state->table, err);
}

enum rcx_status rcx_bench_parquet_run(void *context, struct rcx_bench_work *out,
                                      struct rcx_error *err)
{
    return write_table(context, "snappy", out, err);
}

enum rcx_status rcx_bench_parquet_zstd_run(void *context, struct rcx_bench_work *out,
                                           struct rcx_error *err)
{
    return write_table(context, "zstd", out, err);
}

void rcx_bench_parquet_teardown(void *context)
{
    struct parquet_state *state = context;
    if (!state)
        return;
    rcx_table_release(&state->table);
    if (state->path)
        (void)rcx_bench_remove(state->path, NULL);
    rcx_free(state->path);
    rcx_free(state);
}
