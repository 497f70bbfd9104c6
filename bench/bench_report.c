#include "bench/bench_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/memory.h"

const char rcx_bench_schema[] = "rcx.bench/1";

struct rcx_bench_machine rcx_bench_machine(void)
{
    struct rcx_bench_machine machine = {
        .cores = rcx_parallel_cpus(),
        .isa = rcx_cpu_name(rcx_cpu_level()),
        .memory_bytes = rcx_memory_physical(),
    };
    (void)rcx_cpu_model(machine.cpu, sizeof machine.cpu);
    if (getloadavg(&machine.load, 1) != 1)
        machine.load = 0;
    return machine;
}

/* ---- writing ---- */

static void put_machine(struct rcx_json *json, const struct rcx_bench_machine *machine)
{
    rcx_json_key(json, "machine");
    rcx_json_object(json);
    rcx_json_put_text(json, "cpu", machine->cpu);
    rcx_json_put_u64(json, "cores", machine->cores);
    rcx_json_put_text(json, "isa", machine->isa);
    rcx_json_put_u64(json, "memory_bytes", machine->memory_bytes);
    rcx_json_put_real(json, "load_before", machine->load);
    rcx_json_object_end(json);
}

static void put_samples(struct rcx_json *json, const struct rcx_bench_result *result)
{
    rcx_json_key(json, "samples");
    rcx_json_array(json);
    for (size_t i = 0; i < result->repetitions; i++)
        rcx_json_real(json, result->samples[i].seconds);
    rcx_json_array_end(json);
}

static void put_result(struct rcx_json *json, const struct rcx_bench_result *result,
                       const struct rcx_bench_saved *against)
{
    rcx_json_object(json);
    rcx_json_put_text(json, "name", result->benchmark->name);
    rcx_json_put_text(json, "what", result->benchmark->what);
    rcx_json_put_text(json, "unit", result->benchmark->unit);
    rcx_json_put_u64(json, "items", result->work.items);
    rcx_json_put_u64(json, "bytes", result->work.bytes);
    rcx_json_put_real(json, "median_seconds", result->median);
    rcx_json_put_real(json, "min_seconds", result->min);
    rcx_json_put_real(json, "max_seconds", result->max);
    rcx_json_put_real(json, "spread", rcx_bench_spread(result));
    rcx_json_put_real(json, "cpu_seconds", result->cpu_median);
    rcx_json_put_real(json, "items_per_second", rcx_bench_items_per_second(result));
    rcx_json_put_real(json, "ns_per_item", rcx_bench_ns_per_item(result));
    rcx_json_key(json, "gb_per_second");
    if (result->work.bytes > 0)
        rcx_json_real(json, rcx_bench_gb_per_second(result));
    else
        rcx_json_null(json);
    rcx_json_put_u64(json, "peak_memory_bytes", result->peak_bytes);
    put_samples(json, result);
    if (against) {
        double slowdown = rcx_bench_slowdown(against, result);
        rcx_json_key(json, "slowdown");
        if (slowdown > 0)
            rcx_json_real(json, slowdown);
        else
            rcx_json_null(json);
    }
    rcx_json_object_end(json);
}

void rcx_bench_report_json(struct rcx_json *json, const struct rcx_bench_report *report,
                           const struct rcx_bench_saved *against)
{
    char difference[RCX_BENCH_DIFFERENCE_BYTES];
    rcx_json_put_text(json, "program", "rcx " RCX_VERSION);
    put_machine(json, &report->machine);
    rcx_json_put_u64(json, "rows", report->rows);
    rcx_json_put_u64(json, "seed", report->seed);
    rcx_json_put_u64(json, "threads", report->threads);
    rcx_json_put_u64(json, "repetitions", report->repetitions);
    if (against)
        rcx_json_put_text(json, "difference", rcx_bench_difference(against, report, difference));
    rcx_json_key(json, "benchmarks");
    rcx_json_array(json);
    for (size_t i = 0; i < report->count; i++)
        put_result(json, &report->results[i], against);
    rcx_json_array_end(json);
}

enum rcx_status rcx_bench_report_save(const struct rcx_bench_report *report, const char *path,
                                      struct rcx_error *err)
{
    struct rcx_buf text = {0};
    struct rcx_json json = rcx_json_begin(&text, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", rcx_bench_schema);
    rcx_bench_report_json(&json, report, NULL);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(&text, '\n');
    enum rcx_status status = text.failed
                                 ? rcx_fail_nomem(err, path, text.length)
                                 : rcx_file_replace(path, text.data, text.length, NULL, err);
    rcx_buf_release(&text);
    return status;
}

/* ---- comparing ---- */

void rcx_bench_saved_release(struct rcx_bench_saved *saved)
{
    rcx_free(saved->results);
    *saved = (struct rcx_bench_saved){0};
}

static bool read_result(const struct rcx_json_value *value, struct rcx_bench_saved_result *out)
{
    const char *name = rcx_json_as_text(rcx_json_member(value, "name"));
    if (!name || strlen(name) >= sizeof out->name)
        return false;
    snprintf(out->name, sizeof out->name, "%s", name);
    return rcx_json_as_real(rcx_json_member(value, "ns_per_item"), &out->ns_per_item);
}

static enum rcx_status read_saved(const char *path, const struct rcx_json_value *root,
                                  struct rcx_bench_saved *out, struct rcx_error *err)
{
    const char *schema = rcx_json_as_text(rcx_json_member(root, "schema"));
    const struct rcx_json_value *list = rcx_json_member(root, "benchmarks");
    const char *cpu = rcx_json_as_text(rcx_json_member(rcx_json_member(root, "machine"), "cpu"));
    bool ok = schema && strcmp(schema, rcx_bench_schema) == 0 && cpu &&
              rcx_json_as_i64(rcx_json_member(root, "rows"), &out->rows) &&
              rcx_json_as_i64(rcx_json_member(root, "threads"), &out->threads);
    if (ok) {
        snprintf(out->cpu, sizeof out->cpu, "%s", cpu);
        out->results = rcx_calloc(rcx_json_count(list) + 1, sizeof *out->results);
        if (!out->results)
            return rcx_fail_nomem(err, path, rcx_json_count(list) * sizeof *out->results);
    }
    for (size_t i = 0; ok && i < rcx_json_count(list); i++)
        ok = read_result(rcx_json_item(list, i), &out->results[out->count++]);
    return ok ? RCX_OK
              : rcx_fail(err, RCX_E_CORRUPT, "%s: this is no run saved by rcx bench --save (%s)",
                         path, rcx_bench_schema);
}

enum rcx_status rcx_bench_saved_read(const char *path, struct rcx_bench_saved *out,
                                     struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    struct rcx_bench_saved saved = {0};
    enum rcx_status status = rcx_json_read_file(path, &document, err);
    if (status != RCX_OK)
        return status;
    status = read_saved(path, rcx_json_root(document), &saved, err);
    rcx_json_close(document);
    if (status == RCX_OK)
        *out = saved;
    else
        rcx_bench_saved_release(&saved);
    return status;
}

double rcx_bench_slowdown(const struct rcx_bench_saved *saved,
                          const struct rcx_bench_result *result)
{
    for (size_t i = 0; i < saved->count; i++) {
        if (strcmp(saved->results[i].name, result->benchmark->name) == 0 &&
            saved->results[i].ns_per_item > 0)
            return rcx_bench_ns_per_item(result) / saved->results[i].ns_per_item;
    }
    return 0;
}

const char *rcx_bench_difference(const struct rcx_bench_saved *saved,
                                 const struct rcx_bench_report *report,
                                 char out[RCX_BENCH_DIFFERENCE_BYTES])
{
    size_t length = 0;
    out[0] = '\0';
    if (strcmp(saved->cpu, report->machine.cpu) != 0)
        length += (size_t)snprintf(out, RCX_BENCH_DIFFERENCE_BYTES, "on '%s', ", saved->cpu);
    if (saved->rows != (int64_t)report->rows)
        length += (size_t)snprintf(out + length, RCX_BENCH_DIFFERENCE_BYTES - length,
                                   "of %" PRId64 " rows, ", saved->rows);
    if (saved->threads != (int64_t)report->threads)
        length += (size_t)snprintf(out + length, RCX_BENCH_DIFFERENCE_BYTES - length,
                                   "with %" PRId64 " threads, ", saved->threads);
    if (length > 0)
        out[length - 2] = '\0';
    return out;
}
