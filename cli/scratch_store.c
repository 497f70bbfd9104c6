#include "cli/scratch_store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_store.h"
#include "cli/ingest_bar.h"
#include "storage/ingest/ingest.h"

/* Named as the temporary files of base/file.h, so that leftovers are known by their names. */
static char *store_path(const char *output, const char *temporary)
{
    char name[64];
    snprintf(name, sizeof name, "rcx-store.tmp-%ld-0", (long)getpid());
    if (output)
        return rcx_flow_beside(output, name);
    return rcx_path_join(temporary, name);
}

static void warn_of_rejects(struct rcx_cli *cli, const struct rcx_ingest_report *report,
                            const char *output)
{
    struct rcx_buf reasons = {0};
    char count[32];
    if (report->rejected == 0)
        return;
    rcx_reject_counts_describe(&report->rejects, &reasons);
    rcx_log_write(cli->log, RCX_LOG_WARNING, "ingest", "%s row%s rejected%s%s: %s",
                  rcx_format_count(report->rejected, count), report->rejected == 1 ? "" : "s",
                  output ? ", see " : "", output ? report->rejects_path : "",
                  rcx_buf_text(&reasons));
    rcx_buf_release(&reasons);
}

static enum rcx_status load(struct rcx_cli *cli, const struct rcx_texts *files, const char *output,
                            const char *directory, const char *rejects, struct rcx_error *err)
{
    struct rcx_ingest_report report = {0};
    struct rcx_ingest_bar bar = {.cli = cli};
    const struct rcx_ingest_options options = {
        .inputs = (const char *const *)files->items,
        .input_count = files->count,
        .store = directory,
        .rejects = rejects,
        .memory_limit = cli->memory_bytes,
        .parallel = cli->parallel,
        .zstd_level = 0, /* it is read once, from memory */
        .no_sync = true,
        .temp_directory = cli->config->runtime.temp_dir,
        .log = cli->log,
        .progress = rcx_ingest_bar_advance,
        .progress_context = &bar,
    };
    enum rcx_status status = rcx_ingest(&cli->config->ingest, &options, &report, err);
    rcx_ingest_bar_end(&bar);
    if (status == RCX_OK)
        warn_of_rejects(cli, &report, output);
    rcx_ingest_report_release(&report);
    return status;
}

static void remove_leftovers(const char *directory)
{
    char *parent = rcx_flow_beside(directory, ".");
    if (parent)
        rcx_directory_remove_leftovers(parent);
    rcx_free(parent);
}

enum rcx_status rcx_scratch_store_make(struct rcx_cli *cli, const struct rcx_texts *files,
                                       const char *output, struct rcx_scratch_store *out,
                                       struct rcx_error *err)
{
    const char *temporary = cli->config->runtime.temp_dir;
    const char *file = output && strcmp(output, "-") != 0 ? output : NULL;
    struct rcx_scratch_store scratch = {
        store_path(file, temporary && temporary[0] ? temporary : P_tmpdir)};
    char *rejects = NULL;
    if (scratch.directory)
        rejects = file ? rcx_flow_beside(file, "rejects.csv")
                       : rcx_path_join(scratch.directory, "rejects.csv");
    enum rcx_status status = rejects ? RCX_OK : rcx_fail_nomem(err, "path of a store", 0);
    if (status == RCX_OK) {
        remove_leftovers(scratch.directory);
        status = rcx_directory_make(scratch.directory, err);
    }
    if (status == RCX_OK)
        status = load(cli, files, file, scratch.directory, rejects, err);
    rcx_free(rejects);
    if (status == RCX_OK)
        *out = scratch;
    else
        rcx_scratch_store_remove(&scratch);
    return status;
}

void rcx_scratch_store_remove(struct rcx_scratch_store *scratch)
{
    if (scratch->directory)
        (void)rcx_directory_remove(scratch->directory, NULL); /* the next command tries again */
    rcx_free(scratch->directory);
    scratch->directory = NULL;
}
