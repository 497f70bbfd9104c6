#include "cli/scratch_store.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_store.h"
#include "cli/ingest_bar.h"
#include "cli/ingest_maps.h"
#include "storage/ingest/ingest.h"

static const char NAME[] = "rcx-store"; /* and what makes it a temporary one */

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

static enum rcx_status load(struct rcx_cli *cli, const struct rcx_texts *files,
                            const struct rcx_texts *columns, const char *output,
                            const char *directory, const char *rejects, struct rcx_error *err)
{
    struct rcx_ingest_report report = {0};
    struct rcx_ingest_bar bar = {.cli = cli};
    struct rcx_ingest_map *maps = NULL;
    enum rcx_status status = rcx_cli_ingest_maps(columns, &maps, err);
    const struct rcx_ingest_options options = {
        .inputs = (const char *const *)files->items,
        .input_count = files->count,
        .store = directory,
        .rejects = rejects,
        .maps = maps,
        .map_count = columns->count,
        .memory_limit = cli->memory_bytes,
        .parallel = cli->parallel,
        .zstd_level = 0, /* it is read once, from memory */
        .no_sync = true,
        .temp_directory = cli->config->runtime.temp_dir,
        .log = cli->log,
        .progress = rcx_ingest_bar_advance,
        .progress_context = &bar,
    };
    if (status == RCX_OK)
        status = rcx_ingest(&cli->config->ingest, &options, &report, err);
    rcx_ingest_bar_end(&bar);
    if (status == RCX_OK)
        warn_of_rejects(cli, &report, output);
    rcx_ingest_report_release(&report);
    rcx_free(maps);
    return status;
}

static enum rcx_status make_directory(const char *parent, struct rcx_scratch_store *out,
                                      struct rcx_error *err)
{
    char *name = rcx_path_join(parent, NAME);
    if (!name)
        return rcx_fail_nomem(err, parent, sizeof NAME);
    rcx_directory_remove_leftovers(parent, NAME);
    enum rcx_status status = rcx_directory_make_temporary(name, &out->directory, err);
    rcx_free(name);
    return status;
}

enum rcx_status rcx_scratch_store_make(struct rcx_cli *cli, const struct rcx_texts *files,
                                       const struct rcx_texts *maps, const char *output,
                                       struct rcx_scratch_store *out, struct rcx_error *err)
{
    const char *temporary = cli->config->runtime.temp_dir;
    const char *file = output && strcmp(output, "-") != 0 ? output : NULL;
    struct rcx_scratch_store scratch = {NULL};
    char *rejects = NULL;
    char *parent = file                        ? rcx_flow_beside(file, ".")
                   : temporary && temporary[0] ? rcx_strdup(temporary)
                                               : rcx_strdup(P_tmpdir);
    enum rcx_status status = parent ? make_directory(parent, &scratch, err)
                                    : rcx_fail_nomem(err, "path of a store", 0);
    if (status == RCX_OK) {
        rejects = file ? rcx_flow_beside(file, "rejects.csv")
                       : rcx_path_join(scratch.directory, "rejects.csv");
        status = rejects ? load(cli, files, maps, file, scratch.directory, rejects, err)
                         : rcx_fail_nomem(err, "path of a store", 0);
    }
    rcx_free(parent);
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
