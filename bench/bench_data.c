#include "bench/bench_data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "engine/exec/clean_run.h"
#include "engine/simulate/simulate.h"
#include "storage/ingest/ingest.h"

struct rcx_bench_data {
    struct rcx_bench_data_options options;
    char *scratch;
    char *csv; /* NULL: not made yet */
    uint64_t csv_bytes;
    struct rcx_bench_store store; /* zero: not made yet */
};

enum rcx_status rcx_bench_remove(const char *path, struct rcx_error *err)
{
    struct rcx_names names = {0};
    if (!rcx_directory_exists(path))
        return rcx_file_remove(path, err);
    enum rcx_status status = rcx_directory_list(path, &names, err);
    for (size_t i = 0; i < names.count && status == RCX_OK; i++) {
        char *inside = rcx_path_join(path, names.names[i]);
        status = inside ? rcx_bench_remove(inside, err) : rcx_fail_nomem(err, path, 0);
        rcx_free(inside);
    }
    rcx_names_release(&names);
    if (status == RCX_OK && rmdir(path) != 0)
        status = rcx_fail_errno(err, errno, "%s: cannot remove", path);
    return status;
}

enum rcx_status rcx_bench_data_open(const struct rcx_bench_data_options *options,
                                    struct rcx_bench_data **out, struct rcx_error *err)
{
    char name[64];
    struct rcx_bench_data *data = rcx_calloc(1, sizeof *data);
    if (!data)
        return rcx_fail_nomem(err, "benchmarks", sizeof *data);
    snprintf(name, sizeof name, "rcx-bench-%ld", (long)getpid());
    data->options = *options;
    data->scratch = rcx_path_join(options->directory, name);
    enum rcx_status status = data->scratch ? rcx_directory_make(data->scratch, err)
                                           : rcx_fail_nomem(err, "benchmarks", 0);
    if (status == RCX_OK)
        *out = data;
    else
        rcx_bench_data_close(data);
    return status;
}

void rcx_bench_data_close(struct rcx_bench_data *data)
{
    if (!data)
        return;
    rcx_clean_plan_release(&data->store.plan);
    rcx_store_close(data->store.store);
    if (data->scratch)
        (void)rcx_bench_remove(data->scratch, NULL);
    rcx_free(data->csv);
    rcx_free(data->scratch);
    rcx_free(data);
}

const struct rcx_bench_data_options *rcx_bench_options(const struct rcx_bench_data *data)
{
    return &data->options;
}

char *rcx_bench_path(const struct rcx_bench_data *data, const char *name)
{
    return rcx_path_join(data->scratch, name);
}

static enum rcx_status generate(const struct rcx_bench_data *data, const char *path,
                                struct rcx_error *err)
{
    struct rcx_simulate_options options = rcx_simulate_defaults();
    options.rows = data->options.rows;
    options.seed = data->options.seed;
    options.customers = 0; /* as many as the rows need */
    return rcx_simulate_file(&options, &data->options.parallel, path, err);
}

enum rcx_status rcx_bench_csv(struct rcx_bench_data *data, const char **out_path,
                              uint64_t *out_bytes, struct rcx_error *err)
{
    if (!data->csv) {
        char *path = rcx_bench_path(data, "shop.csv");
        enum rcx_status status = path ? generate(data, path, err)
                                      : rcx_fail_nomem(err, "shop.csv", 0);
        if (status == RCX_OK)
            status = rcx_file_size(path, &data->csv_bytes, err);
        if (status != RCX_OK) {
            rcx_free(path);
            return status;
        }
        data->csv = path;
    }
    *out_path = data->csv;
    *out_bytes = data->csv_bytes;
    return RCX_OK;
}

enum rcx_status rcx_bench_ingest(struct rcx_bench_data *data, const char *path,
                                 struct rcx_error *err)
{
    const struct rcx_config *config = data->options.config;
    struct rcx_ingest_report report = {0};
    const char *csv;
    uint64_t bytes;
    enum rcx_status status = rcx_bench_csv(data, &csv, &bytes, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_ingest_options options = {
        .inputs = &csv,
        .input_count = 1,
        .store = path,
        .replace = true,
        .parallel = data->options.parallel,
        .zstd_level = (int)config->store.zstd_level,
        .no_sync = true,
    };
    status = rcx_ingest(&config->ingest, &options, &report, err);
    rcx_ingest_report_release(&report);
    return status;
}

static enum rcx_status learn(struct rcx_bench_data *data, struct rcx_bench_store *made,
                             struct rcx_error *err)
{
    const struct rcx_config *config = data->options.config;
    const struct rcx_store_summary *summary = rcx_store_summary(made->store);
    enum rcx_status status = rcx_clean_plan_init(
        &config->cleaning, config->features.definitions, &summary->decisions,
        rcx_store_strings(made->store, RCX_TEXT_INVOICE),
        rcx_store_strings(made->store, RCX_TEXT_STOCK), &made->plan, err);
    if (status == RCX_OK)
        status = rcx_outliers_learn(&made->plan, made->store, &data->options.parallel,
                                    rcx_store_range(made->store), &made->fit, err);
    if (status == RCX_OK)
        rcx_clean_plan_set_outliers(&made->plan, &made->fit);
    return status;
}

enum rcx_status rcx_bench_store(struct rcx_bench_data *data, const struct rcx_bench_store **out,
                                struct rcx_error *err)
{
    if (!data->store.store) {
        struct rcx_bench_store made = {0};
        char *path = rcx_bench_path(data, "store");
        enum rcx_status status = path ? rcx_bench_ingest(data, path, err)
                                      : rcx_fail_nomem(err, "store", 0);
        if (status == RCX_OK)
            status = rcx_store_open(path, NULL, &made.store, err);
        if (status == RCX_OK)
            status = learn(data, &made, err);
        rcx_free(path);
        if (status != RCX_OK) {
            rcx_clean_plan_release(&made.plan);
            rcx_store_close(made.store);
            return status;
        }
        data->store = made;
    }
    *out = &data->store;
    return RCX_OK;
}
