#pragma once
/* The built-in benchmarks: which there are, running one, and what came of it.
 *
 * A measurement is one run that is thrown away (it warms caches and grows buffers), then `repetitions`
 * timed ones. Reported is the median; minimum and spread tell how quiet the machine was. Time is
 * wall clock, beside it the CPU time of all threads. Peak memory is that of the process while the
 * benchmark runs, its data included. */
#include "bench/benchmark.h"

enum { RCX_BENCH_MOST_REPETITIONS = 1000 };

size_t rcx_bench_count(void);
const struct rcx_benchmark *rcx_bench_at(size_t index); /* NULL past the end */

struct rcx_bench_sample {
    double seconds, cpu_seconds;
};

/* A value; samples are in the order of the runs. */
struct rcx_bench_result {
    const struct rcx_benchmark *benchmark;
    struct rcx_bench_work work;
    struct rcx_bench_sample samples[RCX_BENCH_MOST_REPETITIONS];
    size_t repetitions;
    double median, min, max; /* seconds */
    double cpu_median;
    uint64_t peak_bytes; /* 0: the system does not tell */
};

/* Fills the summary of result->samples. */
void rcx_bench_summarize(struct rcx_bench_result *result);

/* What comes of dividing; 0 when there is nothing to divide by. */
double rcx_bench_items_per_second(const struct rcx_bench_result *result);
double rcx_bench_ns_per_item(const struct rcx_bench_result *result);
double rcx_bench_gb_per_second(const struct rcx_bench_result *result); /* 10^9 bytes; 0: no bytes */
double rcx_bench_spread(const struct rcx_bench_result *result);        /* (max - min) / median */

/* Measures one. `repetitions` is 1..RCX_BENCH_MOST_REPETITIONS.
 * Errors: of the benchmark; RCX_E_INTERRUPTED. */
enum rcx_status rcx_bench_measure(const struct rcx_benchmark *benchmark,
                                  struct rcx_bench_data *data, size_t repetitions,
                                  struct rcx_bench_result *out, struct rcx_error *err);
