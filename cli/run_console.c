#include "cli/run_console.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_run.h"
#include "cli/flow_store.h"
#include "cli/progress.h"
#include "cli/run_traces.h"

/* The step being shown; stages come one after the other. */
struct shown {
    struct rcx_cli *cli;
    struct rcx_progress progress;
    char label[64];
    uint64_t done;
    bool active;
    const char *until;
};

/* The stage's place among those that this run has. */
static void show_stage(const struct shown *shown, const char *stage)
{
    size_t at = 0, count = 0;
    for (const char *name; (name = rcx_run_stage_name(count)) != NULL;) {
        count++;
        if (strcmp(name, stage) == 0)
            at = count;
        if (shown->until && strcmp(name, shown->until) == 0)
            break;
    }
    rcx_progress_part(shown->cli, stage, "stage", at, count);
}

static void end_step(struct shown *shown)
{
    if (shown->active)
        rcx_progress_end(&shown->progress);
    shown->active = false;
}

static void show(void *context, const char *stage, const char *step, uint64_t done, uint64_t total)
{
    struct shown *shown = context;
    char label[sizeof shown->label];

    snprintf(label, sizeof label, "%s%s%s", stage, step[0] ? ": " : "", step);
    if (!shown->active || strcmp(label, shown->label) != 0) {
        end_step(shown);
        memcpy(shown->label, label, sizeof label);
        shown->done = 0;
        shown->active = step[0] != '\0';
        if (shown->active)
            rcx_progress_begin(&shown->progress, shown->cli, shown->label, total, "bytes");
        else
            show_stage(shown, stage);
    }
    if (shown->active && done > shown->done) {
        rcx_progress_add(&shown->progress, done - shown->done);
        shown->done = done;
    }
}

enum { CELLS = 6, CELL_BYTES = RCX_RUN_NOTE_BYTES + 16 };

static void print_table(struct rcx_cli *cli, const struct rcx_run_report *report)
{
    static const struct rcx_cli_column columns[CELLS] = {{"stage", false},   {"rows in", true},
                                                         {"rows out", true}, {"seconds", true},
                                                         {"MB", true},       {"", false}};
    char text[RCX_RUN_STAGES_MOST][5][CELL_BYTES];
    const char *cells[RCX_RUN_STAGES_MOST * CELLS];
    char peak[32];

    for (size_t i = 0; i < report->stage_count; i++) {
        const struct rcx_run_stage *stage = &report->stages[i];

        cells[i * CELLS] = stage->name;
        cells[i * CELLS + 1] = rcx_format_count(stage->rows_in, text[i][0]);
        cells[i * CELLS + 2] = rcx_format_count(stage->rows_out, text[i][1]);
        snprintf(text[i][2], CELL_BYTES, "%.3f", stage->seconds);
        cells[i * CELLS + 3] = text[i][2];
        snprintf(text[i][3], CELL_BYTES, "%.1f", (double)stage->bytes / 1e6);
        cells[i * CELLS + 4] = text[i][3];
        snprintf(text[i][4], sizeof text[i][4], "%s%s",
                 stage->failed    ? "FAILED: "
                 : stage->skipped ? "unchanged: "
                                  : "",
                 stage->note);
        cells[i * CELLS + 5] = text[i][4];
    }
    rcx_cli_table(cli, columns, CELLS, cells, report->stage_count);
    rcx_cli_print(cli, "%.3f s, peak memory %s\n", report->seconds,
                  rcx_format_bytes(report->peak_bytes, peak));
}

static void print_json(struct rcx_cli *cli, const char *directory,
                       const struct rcx_run_report *report)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.run/1");

    rcx_json_put_text(&json, "directory", directory);
    rcx_json_put_text(&json, "looks_ahead", rcx_flow_looks_ahead(cli->config));
    rcx_json_key(&json, "stages");
    rcx_json_array(&json);
    for (size_t i = 0; i < report->stage_count; i++) {
        const struct rcx_run_stage *stage = &report->stages[i];

        rcx_json_object(&json);
        rcx_json_put_text(&json, "stage", stage->name);
        rcx_json_put_bool(&json, "skipped", stage->skipped);
        rcx_json_put_bool(&json, "failed", stage->failed);
        rcx_json_put_u64(&json, "rows_in", stage->rows_in);
        rcx_json_put_u64(&json, "rows_out", stage->rows_out);
        rcx_json_put_real(&json, "seconds", stage->seconds);
        rcx_json_put_u64(&json, "bytes_written", stage->bytes);
        rcx_json_put_text(&json, "note", stage->note);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_json_put_real(&json, "seconds", report->seconds);
    rcx_json_put_u64(&json, "peak_memory_bytes", report->peak_bytes);
    rcx_cli_json_end(cli, &json);
}

/* logs/retention_system.log of the run; the console is silent, it shows the progress. */
static enum rcx_status open_log(const struct rcx_cli *cli, const char *directory,
                                struct rcx_log **out, struct rcx_error *err)
{
    char *folder = rcx_path_join(directory, "logs");
    char *path = folder ? rcx_path_join(folder, "retention_system.log") : NULL;
    const struct rcx_log_options options = {
        .console_level = RCX_LOG_LEVELS,
        .file_level = (enum rcx_log_level)cli->config->log.file_level,
        .file = path,
    };
    enum rcx_status status = path ? rcx_directory_make(folder, err)
                                  : rcx_fail_nomem(err, directory, 0);

    if (status == RCX_OK)
        status = rcx_log_open(&options, out, err);
    rcx_free(path);
    rcx_free(folder);
    return status;
}

enum rcx_status rcx_run_on_console(struct rcx_cli *cli, const char *const *inputs,
                                   size_t input_count, const char *directory, const char *until,
                                   bool force, struct rcx_error *err)
{
    struct shown shown = {.cli = cli, .until = until};
    struct rcx_run_report report = {0};
    struct rcx_log *log = NULL;
    const struct rcx_run_traces before = rcx_run_traces_look(directory);
    enum rcx_status status = open_log(cli, directory, &log, err);

    if (status != RCX_OK)
        return status;
    const struct rcx_flow_run flow = {
        .settings = cli->settings,
        .parallel = cli->parallel,
        .memory_bytes = cli->memory_bytes,
        .log = log,
        .directory = directory,
        .inputs = inputs,
        .input_count = input_count,
        .until = until,
        .force = force,
        .progress = show,
        .progress_context = &shown,
    };
    if (rcx_flow_looks_ahead(cli->config)) {
        rcx_log_write(cli->log, RCX_LOG_WARNING, "run", "%s", rcx_flow_looks_ahead(cli->config));
        rcx_log_write(log, RCX_LOG_WARNING, "run", "%s", rcx_flow_looks_ahead(cli->config));
    }
    status = rcx_flow_run(&flow, &report, err);

    end_step(&shown);
    rcx_progress_erase(cli);
    if ((status == RCX_OK || status == RCX_E_CHECK) && cli->json)
        print_json(cli, directory, &report);
    else if (!cli->quiet && report.stage_count > 0)
        print_table(cli, &report); /* how far it got, also when a stage failed */
    rcx_run_report_release(&report);
    rcx_log_close(log);
    if (status != RCX_OK)
        rcx_run_traces_remove(&before, directory);
    return status;
}
