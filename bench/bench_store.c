/* Benchmarks of the store: decoding sets of columns, and encoding rows. */
#include <string.h>

#include "base/memory.h"
#include "bench/benchmark.h"
#include "storage/store/scan.h"
#include "storage/store/segment.h"

enum { MOST_ENCODED = 1 << 20 }; /* rows held at 48 bytes each */

/* ---- scan ---- */

struct scan_state {
    const struct rcx_bench_data_options *options;
    struct rcx_scan *scan;
    unsigned columns;
    struct scan_worker {
        struct rcx_scan_buffer *buffer;
        uint64_t rows, receipts;
    } * workers;
};

static enum rcx_status open_scan(struct rcx_bench_data *data, unsigned columns, void **out_state,
                                 struct rcx_error *err)
{
    const struct rcx_bench_store *from;
    struct scan_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->options = rcx_bench_options(data);
    state->columns = columns;
    unsigned threads = state->options->parallel.threads;
    state->workers = rcx_calloc(threads, sizeof *state->workers);
    bool ok = state->workers != NULL;
    for (unsigned i = 0; ok && i < threads; i++)
        ok = (state->workers[i].buffer = rcx_scan_buffer_new()) != NULL;
    if (!ok)
        return rcx_fail_nomem(err, "benchmark", threads * sizeof *state->workers);
    enum rcx_status status = rcx_bench_store(data, &from, err);
    if (status == RCX_OK)
        status = rcx_scan_open(from->store, columns, &state->scan, err);
    return status;
}

enum rcx_status rcx_bench_scan_receipts_setup(struct rcx_bench_data *data, void **out_state,
                                              struct rcx_error *err)
{
    return open_scan(data, 0, out_state, err);
}

enum rcx_status rcx_bench_scan_values_setup(struct rcx_bench_data *data, void **out_state,
                                            struct rcx_error *err)
{
    return open_scan(data, RCX_SCAN_STOCK | RCX_SCAN_QUANTITY | RCX_SCAN_PRICE, out_state, err);
}

enum rcx_status rcx_bench_scan_setup(struct rcx_bench_data *data, void **out_state,
                                     struct rcx_error *err)
{
    return open_scan(data, RCX_SCAN_ALL, out_state, err);
}

static enum rcx_status scan_morsel(void *context, size_t morsel, unsigned index,
                                   struct rcx_error *err)
{
    struct scan_state *state = context;
    struct scan_worker *worker = &state->workers[index];
    struct rcx_batch batch;
    enum rcx_status status = rcx_scan_read(state->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK) {
        worker->rows += batch.rows;
        worker->receipts += batch.receipts;
    }
    return status;
}

/* Bytes of a row in the arrays of a batch. */
static uint64_t row_bytes(unsigned columns)
{
    unsigned wide = columns & (RCX_SCAN_QUANTITY | RCX_SCAN_PRICE);
    unsigned codes = columns & (RCX_SCAN_STOCK | RCX_SCAN_DESCRIPTION | RCX_SCAN_COUNTRY);
    return 8 * (uint64_t)__builtin_popcount(wide) + 4 * (uint64_t)__builtin_popcount(codes);
}

enum rcx_status rcx_bench_scan_run(void *context, struct rcx_bench_work *out, struct rcx_error *err)
{
    enum { RECEIPT_BYTES = 8 + 8 + 4 + 4 };
    struct scan_state *state = context;
    uint64_t rows = 0, receipts = 0;
    unsigned threads = state->options->parallel.threads;
    for (unsigned i = 0; i < threads; i++)
        state->workers[i].rows = state->workers[i].receipts = 0;
    enum rcx_status status = rcx_parallel_for(
        &state->options->parallel, rcx_scan_morsels(state->scan), scan_morsel, state, err);
    for (unsigned i = 0; i < threads; i++) {
        rows += state->workers[i].rows;
        receipts += state->workers[i].receipts;
    }
    *out = (struct rcx_bench_work){
        .items = rows, .bytes = rows * row_bytes(state->columns) + receipts * RECEIPT_BYTES};
    return status;
}

void rcx_bench_scan_teardown(void *context)
{
    struct scan_state *state = context;
    if (!state)
        return;
    for (unsigned i = 0; state->workers && i < state->options->parallel.threads; i++)
        rcx_scan_buffer_release(state->workers[i].buffer);
    rcx_scan_close(state->scan);
    rcx_free(state->workers);
    rcx_free(state);
}

/* ---- encode ---- */

struct encode_state {
    struct rcx_row *rows;
    size_t count;
    uint32_t stock_limit;
    int zstd_level;
    struct rcx_chunk_encoder encoder;
};

/* Appends the rows of a batch of all columns, as many as there is room for. */
static void take_rows(struct encode_state *state, const struct rcx_batch *b, size_t most)
{
    for (size_t r = 0; r < b->receipts; r++) {
        for (uint32_t i = b->first_row[r]; i < b->first_row[r + 1] && state->count < most; i++)
            state->rows[state->count++] = (struct rcx_row){
                .customer = b->customer[r],
                .time = b->time[r],
                .quantity = b->quantity[i],
                .unit_price = b->unit_price[i],
                .invoice = b->invoice[r],
                .stock = b->stock[i],
                .description = b->description[i],
                .country = b->country[i],
            };
    }
}

static enum rcx_status load_rows(struct encode_state *state, const struct rcx_store *store,
                                 struct rcx_error *err)
{
    size_t most = rcx_store_summary(store)->rows < MOST_ENCODED
                      ? (size_t)rcx_store_summary(store)->rows
                      : MOST_ENCODED;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_scan *scan = NULL;
    struct rcx_batch batch;
    state->rows = rcx_malloc_array(most, sizeof *state->rows);
    enum rcx_status status = state->rows && buffer
                                 ? rcx_scan_open(store, RCX_SCAN_ALL, &scan, err)
                                 : rcx_fail_nomem(err, "benchmark", most * sizeof *state->rows);
    for (size_t m = 0; status == RCX_OK && state->count < most; m++) {
        status = rcx_scan_read(scan, m, buffer, &batch, err);
        if (status == RCX_OK)
            take_rows(state, &batch, most);
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    return status;
}

enum rcx_status rcx_bench_encode_setup(struct rcx_bench_data *data, void **out_state,
                                       struct rcx_error *err)
{
    const struct rcx_bench_store *from;
    struct encode_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->zstd_level = (int)rcx_bench_options(data)->config->store.zstd_level;
    enum rcx_status status = rcx_bench_store(data, &from, err);
    if (status != RCX_OK)
        return status;
    state->stock_limit = rcx_store_strings(from->store, RCX_TEXT_STOCK)->count;
    return load_rows(state, from->store, err);
}

enum rcx_status rcx_bench_encode_run(void *context, struct rcx_bench_work *out,
                                     struct rcx_error *err)
{
    struct encode_state *state = context;
    struct rcx_chunk_info info;
    enum rcx_status status = RCX_OK;
    for (size_t at = 0; at < state->count && status == RCX_OK; at += RCX_CHUNK_ROWS) {
        size_t count = state->count - at < RCX_CHUNK_ROWS ? state->count - at : RCX_CHUNK_ROWS;
        status = rcx_chunk_encode(&state->encoder, state->rows + at, (uint32_t)count,
                                  at ? &state->rows[at - 1] : NULL, state->stock_limit,
                                  state->zstd_level, &info, err);
    }
    *out = (struct rcx_bench_work){.items = state->count,
                                   .bytes = state->count * sizeof *state->rows};
    return status;
}

void rcx_bench_encode_teardown(void *context)
{
    struct encode_state *state = context;
    if (!state)
        return;
    rcx_chunk_encoder_release(&state->encoder);
    rcx_free(state->rows);
    rcx_free(state);
}
