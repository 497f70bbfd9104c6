#pragma once
/* A benchmark as data: what it is called, what it measures, the functions that do it.
 *
 *     setup    once, untimed: makes what the runs need, into a state of its own
 *     before   untimed, before every run: puts back what a run uses up; may be NULL
 *     run      timed: the work, the same every time; tells how much it did
 *     teardown once, also when setup failed half-way (state may be NULL)
 *
 * Data come from bench/bench_data.h, which makes them once for all benchmarks.
 *
 * To add a benchmark: 1. its functions in bench/bench_<part>.c; 2. their declaration at the end of
 * this header; 3. its row in bench/suite.c; 4. its line in bench/README.md (a test compares). */
#include <stddef.h>
#include <stdint.h>

#include "bench/bench_data.h"

struct rcx_bench_work {
    uint64_t items; /* of the benchmark's unit */
    uint64_t bytes; /* read or written, for GB/s; 0: that would say nothing */
};

struct rcx_benchmark {
    const char *name;
    const char *what; /* one phrase */
    const char *unit; /* what an item is, in the plural: "rows" */
    enum rcx_status (*setup)(struct rcx_bench_data *data, void **out_state, struct rcx_error *err);
    enum rcx_status (*before)(void *state, struct rcx_error *err);
    enum rcx_status (*run)(void *state, struct rcx_bench_work *out, struct rcx_error *err);
    void (*teardown)(void *state);
};

#define RCX_BENCH_DECLARE(name)                                                                    \
    enum rcx_status rcx_##name##_setup(struct rcx_bench_data *data, void **out_state,              \
                                       struct rcx_error *err);                                     \
    enum rcx_status rcx_##name##_run(void *state, struct rcx_bench_work *out,                      \
                                     struct rcx_error *err);                                       \
    void rcx_##name##_teardown(void *state);

/* bench_base.c */
RCX_BENCH_DECLARE(bench_hash)
RCX_BENCH_DECLARE(bench_radix)
RCX_BENCH_DECLARE(bench_intern)
/* bench_input.c */
RCX_BENCH_DECLARE(bench_csv)
RCX_BENCH_DECLARE(bench_ingest)
enum rcx_status rcx_bench_ingest_before(void *state, struct rcx_error *err);
/* bench_store.c */
RCX_BENCH_DECLARE(bench_scan)
enum rcx_status rcx_bench_scan_receipts_setup(struct rcx_bench_data *data, void **out_state,
                                              struct rcx_error *err);
enum rcx_status rcx_bench_scan_values_setup(struct rcx_bench_data *data, void **out_state,
                                            struct rcx_error *err);
RCX_BENCH_DECLARE(bench_encode)
/* bench_engine.c */
RCX_BENCH_DECLARE(bench_stage)
enum rcx_status rcx_bench_validate_run(void *state, struct rcx_bench_work *out,
                                       struct rcx_error *err);
enum rcx_status rcx_bench_learn_run(void *state, struct rcx_bench_work *out, struct rcx_error *err);
enum rcx_status rcx_bench_features_run(void *state, struct rcx_bench_work *out,
                                       struct rcx_error *err);
/* bench_table.c */
RCX_BENCH_DECLARE(bench_parquet)
enum rcx_status rcx_bench_parquet_zstd_run(void *state, struct rcx_bench_work *out,
                                           struct rcx_error *err);
/* bench_trees.c */
RCX_BENCH_DECLARE(bench_trees)
enum rcx_status rcx_bench_trees_bin_run(void *state, struct rcx_bench_work *out,
                                        struct rcx_error *err);
enum rcx_status rcx_bench_trees_histogram_run(void *state, struct rcx_bench_work *out,
                                              struct rcx_error *err);
enum rcx_status rcx_bench_trees_leaves_run(void *state, struct rcx_bench_work *out,
                                           struct rcx_error *err);
/* bench_kmeans.c */
RCX_BENCH_DECLARE(bench_kmeans)
enum rcx_status rcx_bench_segments_setup(struct rcx_bench_data *data, void **out_state,
                                         struct rcx_error *err);
enum rcx_status rcx_bench_segments_run(void *state, struct rcx_bench_work *out,
                                       struct rcx_error *err);
/* bench_btyd.c */
RCX_BENCH_DECLARE(bench_btyd)
enum rcx_status rcx_bench_btyd_predict_run(void *state, struct rcx_bench_work *out,
                                           struct rcx_error *err);
/* bench_campaign.c */
RCX_BENCH_DECLARE(bench_campaign)
enum rcx_status rcx_bench_campaign_places_setup(struct rcx_bench_data *data, void **out_state,
                                                struct rcx_error *err);
