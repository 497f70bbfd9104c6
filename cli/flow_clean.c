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
    options.also = flow->also_format;
    options.no_sync = flow->no_sync;
    return rcx_sink_open(flow->output, &options, out, err);
}

static enum rcx_status write_statistics(const struct rcx_flow_clean *flow,
                                        const struct rcx_flow_clean_result *result,
                                        struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    const struct rcx_clean_report report = {
        .stats = &result->stats,
        .plan = &flow->from->plan,
        .fit = &flow->from->fit,
        .store = rcx_store_summary(flow->from->store),
        .relearned = result->relearned[0] ? result->relearned : NULL,
    };
    struct rcx_buf json = {0};
    enum rcx_status status;
    if (rcx_clean_stats_json(&report, &json))
        status = rcx_file_replace(flow->statistics, json.data, json.length, &options, err);
    else
        status = rcx_fail_nomem(err, "cleaning statistics", json.length);
    rcx_buf_release(&json);
    return status;
}

static void compare_model(const struct rcx_flow_clean *flow, struct rcx_flow_clean_result *result)
{
    struct rcx_clean_model before = {0};
    if (rcx_clean_model_read(flow->model, &before, NULL) == RCX_OK)
        (void)rcx_clean_model_relearned(&before, &flow->from->plan, &flow->from->fit,
                                        result->relearned);
}

static enum rcx_status write_model(const struct rcx_flow_clean *flow, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    struct rcx_buf json = {0};
    enum rcx_status status;
    if (rcx_clean_model_json(&flow->from->plan, &flow->from->fit,
                             rcx_store_summary(flow->from->store), &json))
        status = rcx_file_replace(flow->model, json.data, json.length, &options, err);
    else
        status = rcx_fail_nomem(err, "thresholds", json.length);
    rcx_buf_release(&json);
    return status;
}

enum rcx_status rcx_flow_clean(const struct rcx_flow_clean *flow, struct rcx_flow_clean_result *out,
                               struct rcx_error *err)
{
    struct rcx_sink *sink = NULL;
    struct rcx_flow_clean_result result = {0};
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
    if (flow->model)
        compare_model(flow, &result);
    status = rcx_clean_run(&run, &result.stats, err);
    if (status == RCX_OK && flow->statistics)
        status = write_statistics(flow, &result, err);
    if (status == RCX_OK && flow->model)
        status = write_model(flow, err);
    if (status == RCX_OK && sink) {
        status = rcx_sink_commit(sink, err);
        sink = NULL;
    }
    rcx_sink_abort(sink);
    if (status != RCX_OK) {
        rcx_clean_stats_release(&result.stats);
        return status;
    }
    *out = result;
    return RCX_OK;
}
