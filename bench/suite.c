#include "bench/suite.h"

#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

/* clang-format off */
static const struct rcx_benchmark benchmarks[] = {
    {"hash", "XXH3-64 of 256 KiB pieces, one thread", "bytes",
     rcx_bench_hash_setup, NULL, rcx_bench_hash_run, rcx_bench_hash_teardown},
    {"radix-sort", "sorting 65,536 items by keys of five bytes, again and again, one thread", "items",
     rcx_bench_radix_setup, NULL, rcx_bench_radix_run, rcx_bench_radix_teardown},
    {"dictionary-intern", "texts to codes, 4,096 of them distinct, one thread", "texts",
     rcx_bench_intern_setup, NULL, rcx_bench_intern_run, rcx_bench_intern_teardown},
    {"csv-scan", "finding the fields of a CSV file", "rows",
     rcx_bench_csv_setup, NULL, rcx_bench_csv_run, rcx_bench_csv_teardown},
    {"ingest", "from a CSV file to a committed store, without fsync", "rows",
     rcx_bench_ingest_setup, rcx_bench_ingest_before, rcx_bench_ingest_run, rcx_bench_ingest_teardown},
    {"encode", "sorted rows to compressed chunks, one thread", "rows",
     rcx_bench_encode_setup, NULL, rcx_bench_encode_run, rcx_bench_encode_teardown},
    {"scan-receipts", "decoding customers, times and invoices of a store", "rows",
     rcx_bench_scan_receipts_setup, NULL, rcx_bench_scan_run, rcx_bench_scan_teardown},
    {"scan-values", "and stock codes, quantities and prices: what features read", "rows",
     rcx_bench_scan_values_setup, NULL, rcx_bench_scan_run, rcx_bench_scan_teardown},
    {"scan-all", "and descriptions and countries", "rows",
     rcx_bench_scan_setup, NULL, rcx_bench_scan_run, rcx_bench_scan_teardown},
    {"validate", "all checks of rcx validate", "rows",
     rcx_bench_stage_setup, NULL, rcx_bench_validate_run, rcx_bench_stage_teardown},
    {"thresholds", "learning the outlier thresholds", "rows",
     rcx_bench_stage_setup, NULL, rcx_bench_learn_run, rcx_bench_stage_teardown},
    {"clean", "the rules and accounts of cleaning, no rows written", "rows",
     rcx_bench_stage_setup, NULL, rcx_bench_stage_run, rcx_bench_stage_teardown},
    {"features", "33 features at all monthly snapshots, nothing written", "rows",
     rcx_bench_stage_setup, NULL, rcx_bench_features_run, rcx_bench_stage_teardown},
    {"parquet-snappy", "cleaned rows in memory to a Parquet file, snappy", "rows",
     rcx_bench_parquet_setup, NULL, rcx_bench_parquet_run, rcx_bench_parquet_teardown},
    {"parquet-zstd", "the same, zstd level 3", "rows",
     rcx_bench_parquet_setup, NULL, rcx_bench_parquet_zstd_run, rcx_bench_parquet_teardown},
    {"trees-bin", "28 columns of numbers to bins of 8 bits", "values",
     rcx_bench_trees_setup, NULL, rcx_bench_trees_bin_run, rcx_bench_trees_teardown},
    {"trees-histogram", "gradients of all rows into the histograms of 28 features, one thread", "updates",
     rcx_bench_trees_setup, NULL, rcx_bench_trees_histogram_run, rcx_bench_trees_teardown},
    {"trees-leaves", "the same leaf by leaf, 32 leaves of one row in 32 each", "updates",
     rcx_bench_trees_setup, NULL, rcx_bench_trees_leaves_run, rcx_bench_trees_teardown},
    {"trees-train", "10 trees of 31 leaves", "rows x trees",
     rcx_bench_trees_setup, NULL, rcx_bench_trees_run, rcx_bench_trees_teardown},
    {"kmeans", "k-means, 8 columns, 16 centres, one start", "rows x iterations",
     rcx_bench_kmeans_setup, NULL, rcx_bench_kmeans_run, rcx_bench_kmeans_teardown},
    {"segments", "choosing among 3 to 8 segments of 3,414 customers, with all measures", "customers",
     rcx_bench_segments_setup, NULL, rcx_bench_segments_run, rcx_bench_kmeans_teardown},
    {"btyd-fit", "BG/NBD, grouping included, a customer for each row", "customers",
     rcx_bench_btyd_setup, NULL, rcx_bench_btyd_run, rcx_bench_btyd_teardown},
    {"btyd-predict", "P(alive), P(no purchase), purchases and discounted ones of all", "customers",
     rcx_bench_btyd_setup, NULL, rcx_bench_btyd_predict_run, rcx_bench_btyd_teardown},
    {"campaign", "values of all tiers, allocation and certificate, a customer for each row", "customers",
     rcx_bench_campaign_setup, NULL, rcx_bench_campaign_run, rcx_bench_campaign_teardown},
    {"campaign-places", "the same with few places in all tiers but the cheapest", "customers",
     rcx_bench_campaign_places_setup, NULL, rcx_bench_campaign_run, rcx_bench_campaign_teardown},
};
/* clang-format on */

size_t rcx_bench_count(void)
{
    return sizeof benchmarks / sizeof benchmarks[0];
}

const struct rcx_benchmark *rcx_bench_at(size_t index)
{
    return index < rcx_bench_count() ? &benchmarks[index] : NULL;
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int compare_reals(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values`. */
static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_reals);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void rcx_bench_summarize(struct rcx_bench_result *result)
{
    double seconds[RCX_BENCH_MOST_REPETITIONS], cpu[RCX_BENCH_MOST_REPETITIONS];
    for (size_t i = 0; i < result->repetitions; i++) {
        seconds[i] = result->samples[i].seconds;
        cpu[i] = result->samples[i].cpu_seconds;
    }
    result->median = median_of(seconds, result->repetitions);
    result->min = seconds[0];
    result->max = seconds[result->repetitions - 1];
    result->cpu_median = median_of(cpu, result->repetitions);
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

double rcx_bench_items_per_second(const struct rcx_bench_result *result)
{
    return ratio((double)result->work.items, result->median);
}

double rcx_bench_ns_per_item(const struct rcx_bench_result *result)
{
    return ratio(result->median * 1e9, (double)result->work.items);
}

double rcx_bench_gb_per_second(const struct rcx_bench_result *result)
{
    return ratio((double)result->work.bytes * 1e-9, result->median);
}

double rcx_bench_spread(const struct rcx_bench_result *result)
{
    return ratio(result->max - result->min, result->median);
}

static enum rcx_status run_once(const struct rcx_benchmark *benchmark, void *state,
                                struct rcx_bench_work *work, struct rcx_bench_sample *out,
                                struct rcx_error *err)
{
    enum rcx_status status = benchmark->before ? benchmark->before(state, err) : RCX_OK;
    if (status == RCX_OK && rcx_interrupt_requested())
        status = rcx_fail(err, RCX_E_INTERRUPTED, "%s: interrupted", benchmark->name);
    if (status != RCX_OK)
        return status;
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    status = benchmark->run(state, work, err);
    *out = (struct rcx_bench_sample){.seconds = seconds_of(CLOCK_MONOTONIC) - wall,
                                     .cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu};
    return status;
}

enum rcx_status rcx_bench_measure(const struct rcx_benchmark *benchmark,
                                  struct rcx_bench_data *data, size_t repetitions,
                                  struct rcx_bench_result *out, struct rcx_error *err)
{
    struct rcx_bench_sample thrown_away;
    void *state = NULL;
    enum rcx_status status = benchmark->setup(data, &state, err);
    *out = (struct rcx_bench_result){.benchmark = benchmark, .repetitions = repetitions};
    bool told = rcx_memory_peak_reset();
    if (status == RCX_OK)
        status = run_once(benchmark, state, &out->work, &thrown_away, err);
    for (size_t i = 0; i < repetitions && status == RCX_OK; i++)
        status = run_once(benchmark, state, &out->work, &out->samples[i], err);
    out->peak_bytes = told ? rcx_memory_peak() : 0;
    benchmark->teardown(state);
    if (status == RCX_OK)
        rcx_bench_summarize(out);
    return status;
}
