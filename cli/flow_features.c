#include "cli/flow_features.h"

#include "base/file.h"
#include "base/memory.h"
#include "cli/sink_options.h"

struct delivery {
    const struct rcx_flow_features *flow;
    struct rcx_feature_metadata *metadata;
    struct rcx_sink *sink; /* or NULL */
};

void rcx_flow_features_result_release(struct rcx_flow_features_result *result)
{
    rcx_snapshots_release(&result->snapshots);
    rcx_feature_metadata_release(&result->metadata);
    rcx_free(result->counts);
    *result = (struct rcx_flow_features_result){0};
}

static enum rcx_status deliver(void *context, size_t snapshot, struct rcx_table *table,
                               struct rcx_error *err)
{
    struct delivery *delivery = context;
    const struct rcx_flow_features *flow = delivery->flow;
    enum rcx_status status = rcx_feature_metadata_add(delivery->metadata, snapshot, table,
                                                      flow->from->store, &flow->parallel, err);
    if (status == RCX_OK && delivery->sink)
        status = rcx_sink_write(delivery->sink, table, err);
    if (status == RCX_OK && flow->also)
        status = flow->also(flow->also_context, snapshot, table, err);
    return status;
}

static enum rcx_status open_sink(const struct rcx_flow_features *flow, struct rcx_sink **out,
                                 struct rcx_error *err)
{
    static const char *const sorted_by[] = {"snapshot_date", "customer_id"};
    /* Nothing of how the rows came into the store: the same rows give the same bytes. Version and
     * digest of the store are in the metadata file beside the table. */
    const struct rcx_sink_metadata metadata[] = {
        {"rcx.program", RCX_VERSION},
        {"rcx.config_digest", flow->config_digest ? flow->config_digest : ""}};
    struct rcx_sink_options options = rcx_flow_sink_options(&flow->config->export, flow->parallel);
    options.format = flow->format;
    options.metadata = metadata;
    options.metadata_count = sizeof metadata / sizeof metadata[0];
    options.sorted_by = sorted_by;
    options.sorted_by_count = sizeof sorted_by / sizeof sorted_by[0];
    options.no_sync = flow->no_sync;
    return rcx_sink_open(flow->output, &options, out, err);
}

static enum rcx_status write_metadata(const struct rcx_flow_features *flow,
                                      const struct rcx_label_plan *labels,
                                      const struct rcx_flow_features_result *result,
                                      struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    const struct rcx_feature_origin origin = {
        .cfg = &flow->config->features,
        .store = flow->from->store,
        .clean = &flow->from->plan,
        .snapshots = &result->snapshots,
        .counts = result->counts,
        .labels = flow->with_labels ? labels : NULL,
        .config_digest = flow->config_digest,
        .created = flow->created,
    };
    struct rcx_buf json = {0};
    enum rcx_status status;
    if (rcx_feature_metadata_json(&result->metadata, &origin, &json))
        status = rcx_file_replace(flow->metadata, json.data, json.length, &options, err);
    else
        status = rcx_fail_nomem(err, "feature metadata", json.length);
    rcx_buf_release(&json);
    return status;
}

/* The dates, and room for what is counted at each. */
static enum rcx_status prepare(const struct rcx_flow_features *flow,
                               struct rcx_flow_features_result *result, struct rcx_error *err)
{
    const struct rcx_clean_plan *clean = &flow->from->plan;
    enum rcx_status status = rcx_snapshots_plan(&flow->config->snapshots, clean->fit_days,
                                                clean->fit == RCX_OUTLIERS_FIT_FIRST_DAYS,
                                                flow->from->range, &result->snapshots, err);
    if (status != RCX_OK)
        return status;
    size_t count = result->snapshots.count;
    result->counts = rcx_calloc(count, sizeof *result->counts);
    if (!result->counts)
        return rcx_fail_nomem(err, "snapshots", count * sizeof *result->counts);
    return rcx_feature_metadata_init(&result->metadata, count, err);
}

static enum rcx_status compute(const struct rcx_flow_features *flow,
                               const struct rcx_label_plan *labels, struct rcx_sink *sink,
                               struct rcx_flow_features_result *result, struct rcx_error *err)
{
    struct delivery delivery = {flow, &result->metadata, sink};
    struct rcx_feature_run_stats stats = {.snapshots = result->counts};
    const struct rcx_feature_run run = {
        .store = flow->from->store,
        .cfg = &flow->config->features,
        .clean = &flow->from->plan,
        .snapshots = &result->snapshots,
        .labels = flow->with_labels ? labels : NULL,
        .parallel = flow->parallel,
        .table_bytes = flow->table_bytes,
        .sink = deliver,
        .sink_context = &delivery,
    };
    enum rcx_status status = rcx_feature_run(&run, &stats, err);
    result->rows = stats.rows;
    result->passes = stats.passes;
    return status;
}

enum rcx_status rcx_flow_features_config_digest(const struct rcx_settings *settings,
                                                struct rcx_digest *out, struct rcx_error *err)
{
    static const char *const sections[] = {"ingest",   "cleaning", "snapshots",
                                           "features", "churn",    "clv"};

    return rcx_settings_digest(settings, sections, sizeof sections / sizeof sections[0], out, err);
}

enum rcx_status rcx_flow_features(const struct rcx_flow_features *flow,
                                  struct rcx_flow_features_result *out, struct rcx_error *err)
{
    struct rcx_flow_features_result result = {0};
    struct rcx_sink *sink = NULL;
    struct rcx_label_plan labels = rcx_label_plan_of(&flow->config->churn, &flow->config->clv,
                                                     flow->from->range);
    enum rcx_status status = prepare(flow, &result, err);
    if (status == RCX_OK && flow->output)
        status = open_sink(flow, &sink, err);
    if (status == RCX_OK)
        status = compute(flow, &labels, sink, &result, err);
    if (status == RCX_OK && flow->metadata)
        status = write_metadata(flow, &labels, &result, err);
    if (status == RCX_OK && sink) {
        status = rcx_sink_commit(sink, err);
        sink = NULL;
    }
    rcx_sink_abort(sink);
    if (status != RCX_OK) {
        rcx_flow_features_result_release(&result);
        return status;
    }
    *out = result;
    return RCX_OK;
}
