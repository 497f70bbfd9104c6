#include "cli/flow_clean.h"

#include "base/file.h"
#include "cli/sink_options.h"

static enum rcx_status write_rows(void *context, const struct rcx_table *rows,
                                  struct rcx_error *err)
{
    return rcx_sink_write(context, rows, err);
}

static enum rcx_status open_sink(const struct rcx_flow_clean *flow, struct rcx_sink **out,
                                 struct rcx_error *err)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    (void)rcx_digest_format(rcx_store_summary(flow->from->store)->digest, digest);
    const struct rcx_sink_metadata metadata[] = {{"rcx.program", RCX_VERSION},
                                                 {"rcx.store_digest", digest}};
    struct rcx_sink_options options = rcx_flow_sink_options(flow->export, flow->parallel);
    options.format = flow->format;
    options.metadata = metadata;
    options.metadata_count = sizeof metadata / sizeof metadata[0];
    options.no_sync = flow->no_sync;
    return rcx_sink_open(flow->output, &options, out, err);
}

static enum rcx_status write_statistics(const struct rcx_flow_clean *flow,
                                        const struct rcx_clean_stats *stats, struct rcx_error *err)
{
    const struct rcx_store_summary *summary = rcx_store_summary(flow->from->store);
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    struct rcx_buf json = {0};
    enum rcx_status status;
    if (rcx_clean_stats_json(stats, &flow->from->plan, &flow->from->fit, summary->first_time,
                             summary->last_time, &json))
        status = rcx_file_replace(flow->statistics, json.data, json.length, &options, err);
    else
        status = rcx_fail_nomem(err, "cleaning statistics", json.length);
    rcx_buf_release(&json);
    return status;
}

enum rcx_status rcx_flow_clean(const struct rcx_flow_clean *flow, struct rcx_clean_stats *out_stats,
                               struct rcx_error *err)
{
    struct rcx_sink *sink = NULL;
    struct rcx_clean_stats stats = {0};
    enum rcx_status status = flow->output ? open_sink(flow, &sink, err) : RCX_OK;
    if (status != RCX_OK)
        return status;
    const struct rcx_clean_run run = {
        .store = flow->from->store,
        .plan = &flow->from->plan,
        .parallel = flow->parallel,
        .rows = sink ? write_rows : NULL,
        .rows_context = sink,
    };
    status = rcx_clean_run(&run, &stats, err);
    if (status == RCX_OK && flow->statistics)
        status = write_statistics(flow, &stats, err);
    if (status == RCX_OK && sink) {
        status = rcx_sink_commit(sink, err);
        sink = NULL;
    }
    rcx_sink_abort(sink);
    if (status != RCX_OK) {
        rcx_clean_stats_release(&stats);
        return status;
    }
    *out_stats = stats;
    return RCX_OK;
}
