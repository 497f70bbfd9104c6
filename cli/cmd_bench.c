/* rcx bench: how fast this build is on this machine */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "bench/bench_report.h"
#include "cli/cli.h"
#include "cli/commands.h"

struct bench_options {
    uint64_t rows, repetitions;
    const char *save, *against, *work;
    double max_slowdown;
    bool list;
};

enum { LEAST_ROWS = 1000, MOST_ROWS = 1000000000, COLUMNS = 10, CELL_BYTES = 32 };
enum { MOST_BENCHMARKS = 64 };

/* ---- which ---- */

/* "scan" means every benchmark whose name is that or begins with "scan-". */
static bool matches(const char *name, const char *word)
{
    size_t length = strlen(word);
    return strncmp(name, word, length) == 0 && (name[length] == '\0' || name[length] == '-');
}

static bool is_asked_for(const struct rcx_cli *cli, const struct rcx_benchmark *benchmark)
{
    for (size_t i = 0; i < cli->operand_count; i++)
        if (matches(benchmark->name, cli->operands[i]))
            return true;
    return cli->operand_count == 0;
}

static enum rcx_status check_names(const struct rcx_cli *cli, struct rcx_error *err)
{
    const char *names[MOST_BENCHMARKS];
    size_t count = rcx_bench_count();
    assert(count <= MOST_BENCHMARKS);
    for (size_t b = 0; b < count; b++)
        names[b] = rcx_bench_at(b)->name;
    for (size_t i = 0; i < cli->operand_count; i++) {
        bool found = false;
        for (size_t b = 0; b < count && !found; b++)
            found = matches(names[b], cli->operands[i]);
        if (!found)
            return rcx_cli_fail_unknown(err, RCX_E_USAGE, "benchmark", cli->operands[i],
                                        rcx_suggest(cli->operands[i], names, count),
                                        "'rcx bench --list' names all");
    }
    return RCX_OK;
}

static enum rcx_status check_options(const struct bench_options *given, struct rcx_error *err)
{
    if (given->rows < LEAST_ROWS || given->rows > MOST_ROWS)
        return rcx_fail(err, RCX_E_USAGE, "--rows is %" PRIu64 "; expected 1,000 to 1,000,000,000",
                        given->rows);
    if (given->repetitions < 1 || given->repetitions > RCX_BENCH_MOST_REPETITIONS)
        return rcx_fail(err, RCX_E_USAGE, "--reps is %" PRIu64 "; expected 1 to %d",
                        given->repetitions, RCX_BENCH_MOST_REPETITIONS);
    if (given->max_slowdown != 0 && !given->against)
        return rcx_fail(err, RCX_E_USAGE, "--max-slowdown needs --against FILE");
    if (given->max_slowdown < 0)
        return rcx_fail(err, RCX_E_USAGE, "--max-slowdown is %g; expected a positive number",
                        given->max_slowdown);
    return RCX_OK;
}

static void print_list(struct rcx_cli *cli)
{
    if (!cli->json) {
        for (size_t i = 0; i < rcx_bench_count(); i++)
            rcx_cli_print(cli, "%-18s %s\n", rcx_bench_at(i)->name, rcx_bench_at(i)->what);
        return;
    }
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.bench_list/1");
    rcx_json_key(&json, "benchmarks");
    rcx_json_array(&json);
    for (size_t i = 0; i < rcx_bench_count(); i++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "name", rcx_bench_at(i)->name);
        rcx_json_put_text(&json, "what", rcx_bench_at(i)->what);
        rcx_json_put_text(&json, "unit", rcx_bench_at(i)->unit);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

/* ---- measuring ---- */

static enum rcx_status measure_all(struct rcx_cli *cli, struct rcx_bench_data *data,
                                   struct rcx_bench_result *results,
                                   struct rcx_bench_report *report, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < rcx_bench_count() && status == RCX_OK; i++) {
        const struct rcx_benchmark *benchmark = rcx_bench_at(i);
        if (!is_asked_for(cli, benchmark))
            continue;
        rcx_log_write(cli->log, RCX_LOG_DEBUG, "bench", "%s: %s", benchmark->name, benchmark->what);
        status = rcx_bench_measure(benchmark, data, report->repetitions, &results[report->count],
                                   err);
        report->count += status == RCX_OK;
    }
    return status;
}

static const char *scratch_home(const struct rcx_cli *cli, const struct bench_options *given)
{
    if (given->work)
        return given->work;
    return cli->config->runtime.temp_dir[0] ? cli->config->runtime.temp_dir : P_tmpdir;
}

/* ---- telling ---- */

static void fill_cells(const struct rcx_bench_result *result, const struct rcx_bench_saved *against,
                       char text[COLUMNS][CELL_BYTES], const char **cells)
{
    double slowdown = against ? rcx_bench_slowdown(against, result) : 0;
    cells[0] = result->benchmark->name;
    cells[1] = rcx_format_count(result->work.items, text[1]);
    cells[2] = result->benchmark->unit;
    snprintf(text[3], CELL_BYTES, "%.3f", 1e3 * result->median);
    snprintf(text[4], CELL_BYTES, "%.3f", 1e3 * result->min);
    snprintf(text[5], CELL_BYTES, "%.0f %%", 100 * rcx_bench_spread(result));
    snprintf(text[6], CELL_BYTES, "%.3g", rcx_bench_ns_per_item(result));
    snprintf(text[7], CELL_BYTES, "%.2f", rcx_bench_gb_per_second(result));
    snprintf(text[8], CELL_BYTES, "%.0f", (double)result->peak_bytes / 1e6);
    snprintf(text[9], CELL_BYTES, "%.2f", slowdown);
    for (size_t c = 3; c < COLUMNS; c++)
        cells[c] = text[c];
    if (result->work.bytes == 0)
        cells[7] = NULL;
    if (slowdown <= 0)
        cells[9] = NULL;
}

static void print_results(struct rcx_cli *cli, const struct rcx_bench_report *report,
                          const struct rcx_bench_saved *against)
{
    static const struct rcx_cli_column columns[COLUMNS] = {
        {"benchmark", false}, {"items", true},  {"unit", false},   {"median ms", true},
        {"min ms", true},     {"spread", true}, {"ns each", true}, {"GB/s", true},
        {"peak MB", true},    {"against", true}};
    const struct rcx_bench_machine *machine = &report->machine;
    char text[MOST_BENCHMARKS][COLUMNS][CELL_BYTES], count[32], memory[32];
    const char *row[COLUMNS], *cells[MOST_BENCHMARKS * COLUMNS];
    size_t shown = against ? COLUMNS : COLUMNS - 1;
    for (size_t i = 0; i < report->count; i++) {
        fill_cells(&report->results[i], against, text[i], row);
        memcpy(&cells[i * shown], row, shown * sizeof *row);
    }
    rcx_cli_table(cli, columns, shown, cells, report->count);
    rcx_cli_print(
        cli, "%s rows, %u threads, medians of %zu runs; %s, %u cores, kernels of %s, %s\n",
        rcx_format_count(report->rows, count), report->threads, report->repetitions, machine->cpu,
        machine->cores, machine->isa, rcx_format_bytes(machine->memory_bytes, memory));
}

/* The benchmark that lost most against the saved run. */
static enum rcx_status judge(const struct rcx_bench_report *report,
                             const struct rcx_bench_saved *against, double most,
                             struct rcx_error *err)
{
    const struct rcx_bench_result *worst = NULL;
    double slowdown = most;
    for (size_t i = 0; i < report->count; i++) {
        double found = rcx_bench_slowdown(against, &report->results[i]);
        if (found > slowdown) {
            worst = &report->results[i];
            slowdown = found;
        }
    }
    if (!worst)
        return RCX_OK;
    return rcx_fail(err, RCX_E_CHECK,
                    "%s takes %.2f times as long as in the saved run (--max-slowdown %g)",
                    worst->benchmark->name, slowdown, most);
}

static enum rcx_status tell(struct rcx_cli *cli, const struct bench_options *given,
                            const struct rcx_bench_report *report,
                            const struct rcx_bench_saved *against, struct rcx_error *err)
{
    char difference[RCX_BENCH_DIFFERENCE_BYTES];
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, rcx_bench_schema);
        rcx_bench_report_json(&json, report, against);
        rcx_cli_json_end(cli, &json);
    } else {
        print_results(cli, report, against);
    }
    if (against && rcx_bench_difference(against, report, difference)[0])
        rcx_log_write(cli->log, RCX_LOG_WARNING, "bench", "the saved run was made %s", difference);
    enum rcx_status status = given->save ? rcx_bench_report_save(report, given->save, err) : RCX_OK;
    if (status == RCX_OK && against && given->max_slowdown > 0)
        status = judge(report, against, given->max_slowdown, err);
    return status;
}

static enum rcx_status measure_and_tell(struct rcx_cli *cli, const struct bench_options *given,
                                        const struct rcx_bench_saved *against,
                                        struct rcx_error *err)
{
    const struct rcx_bench_data_options options = {
        .rows = given->rows,
        .seed = (uint64_t)cli->config->runtime.seed,
        .parallel = cli->parallel,
        .config = cli->config,
        .directory = scratch_home(cli, given),
    };
    struct rcx_bench_result *results = rcx_calloc(rcx_bench_count(), sizeof *results);
    struct rcx_bench_data *data = NULL;
    struct rcx_bench_report report = {
        .machine = rcx_bench_machine(),
        .rows = given->rows,
        .seed = options.seed,
        .threads = cli->parallel.threads,
        .repetitions = (size_t)given->repetitions,
        .results = results,
    };
    enum rcx_status status = results ? rcx_bench_data_open(&options, &data, err)
                                     : rcx_fail_nomem(err, "benchmarks", sizeof *results);
    if (status == RCX_OK)
        status = measure_all(cli, data, results, &report, err);
    rcx_bench_data_close(data);
    if (status == RCX_OK)
        status = tell(cli, given, &report, against, err);
    rcx_free(results);
    return status;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct bench_options *given = values;
    struct rcx_bench_saved against = {0};
    enum rcx_status status = check_options(given, err);
    if (status == RCX_OK)
        status = check_names(cli, err);
    if (status == RCX_OK && given->list) {
        print_list(cli);
        return RCX_OK;
    }
    if (status == RCX_OK && given->against)
        status = rcx_bench_saved_read(given->against, &against, err);
    if (status == RCX_OK)
        status = measure_and_tell(cli, given, given->against ? &against : NULL, err);
    rcx_bench_saved_release(&against);
    return status;
}

static const struct bench_options defaults = {.rows = 1000000, .repetitions = 5};

static const struct rcx_option options_of_bench[] = {
    RCX_OPTION(U64, struct bench_options, rows, "rows", 0, "N",
               "rows of the generated shop (default 1,000,000)"),
    RCX_OPTION(U64, struct bench_options, repetitions, "reps", 0, "N",
               "timed runs of each, after one that is thrown away (default 5)"),
    RCX_OPTION(TEXT, struct bench_options, save, "save", 0, "FILE", "keep the results as JSON"),
    RCX_OPTION(TEXT, struct bench_options, against, "against", 0, "FILE",
               "compare with a saved run, by the time for one item"),
    RCX_OPTION(REAL, struct bench_options, max_slowdown, "max-slowdown", 0, "FACTOR",
               "with --against: end with exit code 5 when a benchmark takes longer by this factor"),
    RCX_OPTION(TEXT, struct bench_options, work, "work", 0, "DIR",
               "where the data go meanwhile (default runtime.temp_dir, else /tmp)"),
    RCX_OPTION(FLAG, struct bench_options, list, "list", 'l', NULL, "only name the benchmarks"),
};

const struct rcx_command rcx_cmd_bench = {
    .name = "bench",
    .summary = "measure how fast this build is on this machine",
    .operands = "[NAME...]",
    .operands_min = 0,
    .operands_max = RCX_OPERANDS_ANY,
    .details =
        "NAME is a benchmark or the beginning of several: 'scan' is scan-receipts, scan-values\n"
        "and scan-all. Times never make it fail, unless --max-slowdown asks for that.\n"
        "\n"
        "    rcx bench --save before.json\n"
        "    rcx bench features --rows 10000000 --against before.json",
    .values_initial = &defaults,
    RCX_OPTIONS(options_of_bench, struct bench_options),
    .run = run,
};
