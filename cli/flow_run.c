#include "cli/flow_run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/run_manifest.h"
#include "cli/run_stages.h"
#include "cli/sink_options.h"

void rcx_run_report_release(struct rcx_run_report *report)
{
    rcx_free(report->inputs);
    *report = (struct rcx_run_report){0};
}

const char *rcx_run_stage_name(size_t index)
{
    return index < rcx_run_stage_count ? rcx_run_stages[index].name : NULL;
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static enum rcx_status find_last(const char *until, size_t *out, struct rcx_error *err)
{
    const char *names[RCX_RUN_STAGES_MOST];
    char list[256] = "the stages are";

    *out = rcx_run_stage_count - 1;
    if (!until)
        return RCX_OK;
    for (size_t i = 0; i < rcx_run_stage_count; i++) {
        size_t length = strlen(list);

        names[i] = rcx_run_stages[i].name;
        if (strcmp(names[i], until) == 0) {
            *out = i;
            return RCX_OK;
        }
        snprintf(list + length, sizeof list - length, "%s %s", i ? "," : "", names[i]);
    }
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "stage", until,
                                rcx_suggest(until, names, rcx_run_stage_count), list);
}

/* Names and sizes of the inputs, when all of them are regular files; standard input and patterns are
 * read once only, by the ingest, so a run on them never skips it. The digests are taken now when there
 * is an earlier run to compare with; else the ingest, which reads the files anyway, fills them in. */
static enum rcx_status list_inputs(const struct rcx_flow_run *flow, bool digest,
                                   struct rcx_run_report *report, struct rcx_error *err)
{
    struct rcx_run_input *inputs = rcx_calloc(flow->input_count + 1, sizeof *inputs);
    enum rcx_status status = RCX_OK;
    size_t count = 0;

    if (!inputs)
        return rcx_fail_nomem(err, "inputs", flow->input_count);
    for (; status == RCX_OK && count < flow->input_count; count++) {
        struct rcx_run_input *input = &inputs[count];
        struct stat file;

        input->path = flow->inputs[count];
        if (stat(input->path, &file) != 0 || !S_ISREG(file.st_mode))
            break;
        input->bytes = (uint64_t)file.st_size;
        if (digest)
            status = rcx_run_file_digest(input->path, &input->digest, &input->bytes, err);
    }
    report->inputs = inputs;
    report->input_count = count == flow->input_count ? count : 0;
    return status;
}

/* A file that a key of the stage's sections names: its content counts, too. "": none. */
static const char *file_behind(const struct rcx_run_stage_row *row, const struct rcx_config *config)
{
    for (size_t i = 0; row->sections[i]; i++)
        if (strcmp(row->sections[i], "segments") == 0)
            return config->segments.strategies;
    return "";
}

/* *out_known is false when the stage must run in any case. */
static enum rcx_status fingerprint(struct rcx_run_state *run, const struct rcx_run_stage_row *row,
                                   const struct rcx_run_report *report, struct rcx_digest *out,
                                   bool *out_known, struct rcx_error *err)
{
    struct rcx_buf text = {0};
    struct rcx_digest keys;
    size_t sections = 0;
    enum rcx_status status;

    while (row->sections[sections])
        sections++;
    status = rcx_settings_digest(run->flow->settings, row->sections, sections, &keys, err);
    if (status == RCX_OK && !row->reads_inputs)
        status = rcx_run_open_store(run, err);
    if (status != RCX_OK)
        return status;
    rcx_buf_printf(&text, "rcx %s, stage %s", RCX_VERSION, row->name);
    rcx_buf_append(&text, &keys, sizeof keys);
    if (row->reads_inputs) {
        for (size_t i = 0; i < report->input_count; i++)
            rcx_buf_append(&text, &report->inputs[i].digest, sizeof(struct rcx_digest));
    } else {
        rcx_buf_append(&text, &rcx_store_summary(run->store.store)->digest,
                       sizeof(struct rcx_digest));
    }
    const char *file = file_behind(row, run->config);
    if (file[0] != '\0') {
        struct rcx_digest digest;
        uint64_t bytes;
        status = rcx_run_file_digest(file, &digest, &bytes, err);
        if (status == RCX_OK)
            rcx_buf_append(&text, &digest, sizeof digest);
    }
    for (size_t s = 0; row->reads_outputs && s < report->stage_count; s++)
        for (size_t i = 0; i < report->stages[s].output_count; i++)
            rcx_buf_append(&text, &report->stages[s].outputs[i].digest, sizeof(struct rcx_digest));
    *out_known = !text.failed && (!row->reads_inputs || report->input_count > 0);
    *out = rcx_hash128(text.data, text.length);
    rcx_buf_release(&text);
    return status;
}

/* The stage ran to its end. Without a fingerprint it is never taken for unchanged, so that the next
 * run fails, too. */
static enum rcx_status note_failed_check(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                         const struct rcx_error *err)
{
    stage->failed = true;
    stage->fingerprint = (struct rcx_digest){0};
    if (run->check.status == RCX_OK && err)
        run->check = *err;
    run->check.status = RCX_E_CHECK;
    return RCX_OK;
}

static enum rcx_status run_stage(struct rcx_run_state *run, const struct rcx_run_stage_row *row,
                                 const struct rcx_json_document *before,
                                 struct rcx_run_report *report, struct rcx_error *err)
{
    const struct rcx_flow_run *flow = run->flow;
    struct rcx_run_stage *stage = &report->stages[report->stage_count];
    double begin = now_seconds();
    bool known = false;

    stage->name = row->name;
    stage->also = rcx_flow_run_also(&run->config->export);
    enum rcx_status status = fingerprint(run, row, report, &stage->fingerprint, &known, err);
    if (status != RCX_OK)
        return status;
    stage->skipped = known && before && rcx_run_manifest_unchanged(before, flow->directory, stage);
    if (!stage->skipped) {
        if (flow->progress)
            flow->progress(flow->progress_context, row->name, "", 0, 0);
        rcx_log_write(flow->log, RCX_LOG_INFO, row->name, "begins");
        status = row->run(run, stage, err);
        if (status == RCX_E_CHECK)
            status = note_failed_check(run, stage, err);
        if (status == RCX_OK && before)
            rcx_run_remove_former_copies(before, flow->directory, stage);
        if (status == RCX_OK && row->reads_inputs && !before) /* only now the digests are known */
            status = fingerprint(run, row, report, &stage->fingerprint, &known, err);
    }
    stage->seconds = now_seconds() - begin;
    if (status == RCX_OK) {
        report->stage_count++;
        rcx_log_write(flow->log, RCX_LOG_INFO, row->name, "%s%s, %.3f s",
                      stage->skipped ? "unchanged, skipped: " : "", stage->note, stage->seconds);
    }
    return status;
}

/* What a killed run did not finish writing. */
static void remove_leftovers(const struct rcx_flow_run *flow)
{
    static const char *const folders[] = {"",       "data/features", "data/processed",
                                          "models", "outputs",       "outputs/business_reports"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *path = rcx_path_join(flow->directory, folders[i]);
        if (path)
            rcx_directory_remove_leftovers(path, "");
        rcx_free(path);
    }
}

enum rcx_status rcx_flow_run(const struct rcx_flow_run *flow, struct rcx_run_report *out,
                             struct rcx_error *err)
{
    struct rcx_run_state run = {
        .flow = flow, .config = rcx_settings_config(flow->settings), .report = out};
    char created[RCX_TIME_TEXT_BYTES];
    double start = now_seconds();
    size_t last;

    *out = (struct rcx_run_report){0};
    enum rcx_status status = find_last(flow->until, &last, err);
    if (status == RCX_OK)
        status = rcx_directory_make(flow->directory, err);
    if (status != RCX_OK)
        return status;
    remove_leftovers(flow);
    run.store_directory = rcx_path_join(flow->directory, "store");
    if (!run.store_directory)
        return rcx_fail_nomem(err, flow->directory, 0);
    struct rcx_json_document *before = flow->force ? NULL : rcx_run_manifest_load(flow->directory);
    status = list_inputs(flow, before != NULL, out, err);
    rcx_format_time((rcx_time)time(NULL), created);
    for (size_t i = 0; status == RCX_OK && i <= last; i++) {
        status = run_stage(&run, &rcx_run_stages[i], before, out, err);
        out->seconds = now_seconds() - start;
        out->peak_bytes = rcx_memory_peak();
        if (status == RCX_OK)
            status = rcx_run_manifest_write(flow, out, created, err);
    }
    if (status == RCX_OK && run.check.status != RCX_OK)
        status = rcx_fail(err, run.check.status, "%s", run.check.text);
    if (status != RCX_OK)
        rcx_log_write(flow->log, RCX_LOG_ERROR, "run", "%s", err ? err->text : "failed");
    rcx_json_close(before);
    rcx_flow_store_close(&run.store);
    rcx_free(run.store_directory);
    return status;
}
