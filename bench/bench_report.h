#pragma once
/* What a run of benchmarks says of itself as JSON, and reading that back to compare with it.
 *
 * Runs are compared by the time for one item, so a saved run of another size can be looked at; whether
 * it may be compared (same rows, threads, machine) is told, not enforced. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "bench/suite.h"

enum { RCX_BENCH_CPU_BYTES = 64, RCX_BENCH_NAME_BYTES = 48 };

struct rcx_bench_machine {
    char cpu[RCX_BENCH_CPU_BYTES]; /* model */
    unsigned cores;                /* that the process may use */
    const char *isa;               /* the level that kernels run at: "v3" */
    uint64_t memory_bytes;
    double load; /* average of the last minute, before the run */
};
struct rcx_bench_machine rcx_bench_machine(void);

struct rcx_bench_report {
    struct rcx_bench_machine machine;
    uint64_t rows, seed;
    unsigned threads;
    size_t repetitions;
    const struct rcx_bench_result *results;
    size_t count;
};

/* A saved run; `struct rcx_bench_saved s = {0}` is a valid empty one. */
struct rcx_bench_saved {
    char cpu[RCX_BENCH_CPU_BYTES];
    int64_t rows, threads;
    struct rcx_bench_saved_result {
        char name[RCX_BENCH_NAME_BYTES];
        double ns_per_item;
    } * results; /* owned */
    size_t count;
};
void rcx_bench_saved_release(struct rcx_bench_saved *saved);
/* Errors: RCX_E_IO; RCX_E_CORRUPT when it is no saved run; RCX_E_NOMEM. */
enum rcx_status rcx_bench_saved_read(const char *path, struct rcx_bench_saved *out,
                                     struct rcx_error *err);

/* Time for an item now, divided by that of the saved run: above 1 is slower. 0: not in it. */
double rcx_bench_slowdown(const struct rcx_bench_saved *saved,
                          const struct rcx_bench_result *result);
/* What differs between the two runs in words, "" when they may be compared. Returns `out`. */
enum { RCX_BENCH_DIFFERENCE_BYTES = 256 };
const char *rcx_bench_difference(const struct rcx_bench_saved *saved,
                                 const struct rcx_bench_report *report,
                                 char out[RCX_BENCH_DIFFERENCE_BYTES]);

/* The name of the schema, and the members after it; `against` NULL: not compared. */
extern const char rcx_bench_schema[];
void rcx_bench_report_json(struct rcx_json *json, const struct rcx_bench_report *report,
                           const struct rcx_bench_saved *against);
/* Writes the report as a file that rcx_bench_saved_read reads. Errors: RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_bench_report_save(const struct rcx_bench_report *report, const char *path,
                                      struct rcx_error *err);
