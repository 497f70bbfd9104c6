#pragma once
/* What the benchmarks work on: a generated shop as a CSV file and as a store, made when the first one
 * asks for it, in a scratch directory that goes with it.
 *
 * Threads: one at a time. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "config/config.h"
#include "engine/quality/clean_plan.h"
#include "engine/quality/outlier_fit.h"
#include "storage/store/store.h"

struct rcx_bench_data_options {
    uint64_t rows; /* of the shop */
    uint64_t seed;
    struct rcx_parallel parallel;
    const struct rcx_config *config; /* borrowed for the life of the data */
    const char *directory;           /* existing; the scratch directory is made in it */
};

struct rcx_bench_data;

/* Errors: RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_bench_data_open(const struct rcx_bench_data_options *options,
                                    struct rcx_bench_data **out, struct rcx_error *err);
/* Removes the scratch directory. NULL is fine. */
void rcx_bench_data_close(struct rcx_bench_data *data);

const struct rcx_bench_data_options *rcx_bench_options(const struct rcx_bench_data *data);
/* "<scratch>/<name>", owned by the caller; NULL: out of memory. */
char *rcx_bench_path(const struct rcx_bench_data *data, const char *name);

/* The generated file, and its size. Borrowed. */
enum rcx_status rcx_bench_csv(struct rcx_bench_data *data, const char **out_path,
                              uint64_t *out_bytes, struct rcx_error *err);

/* The store of it, with cleaning compiled and its thresholds learned. Borrowed. */
struct rcx_bench_store {
    struct rcx_store *store;
    struct rcx_clean_plan plan;
    struct rcx_outlier_fit fit;
};
enum rcx_status rcx_bench_store(struct rcx_bench_data *data, const struct rcx_bench_store **out,
                                struct rcx_error *err);

/* Loads the generated file into a new store at `path`, without fsync. */
enum rcx_status rcx_bench_ingest(struct rcx_bench_data *data, const char *path,
                                 struct rcx_error *err);

/* Removes a file, or a directory with all that is in it; missing is fine. Errors: RCX_E_IO. */
enum rcx_status rcx_bench_remove(const char *path, struct rcx_error *err);
