#include "cli/flow_features.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/flow_append.h"
#include "cli/sink_options.h"

/* A table on its way from the engine to the files. */
struct delivery {
    const struct rcx_flow_features *flow;
    struct rcx_flow_features_result *result;
    struct rcx_label_plan labels;
    struct rcx_buf definitions;
    struct rcx_flow_append append;
    bool in_doubt; /* snapshots of the file are computed again and compared */
    const struct rcx_snapshots *computed; /* result->added, or all when in doubt */
    struct rcx_snapshot_counts *counts;   /* [computed] */
    struct rcx_sink *sink;                /* or NULL */
    size_t next;                          /* snapshot of the table, those of the file included */
};

void rcx_flow_features_result_release(struct rcx_flow_features_result *result)
{
    rcx_snapshots_release(&result->snapshots);
    rcx_snapshots_release(&result->added);
    rcx_feature_metadata_release(&result->metadata);
    rcx_free(result->counts);
    *result = (struct rcx_flow_features_result){0};
}

static enum rcx_status deliver(void *context, size_t snapshot, struct rcx_table *table,
                               struct rcx_error *err)
{
    struct delivery *delivery = context;
    const struct rcx_flow_features *flow = delivery->flow;
    struct rcx_feature_metadata *metadata = &delivery->result->metadata;
    rcx_day day = delivery->computed->days[snapshot];
    size_t old;
    if (rcx_feature_file_find(&delivery->append.file, day, &old))
        return rcx_flow_append_compare(&delivery->append, old, table, &flow->parallel, err);
    enum rcx_status status = rcx_flow_append_before(&delivery->append, day, flow, delivery->sink,
                                                    metadata, &delivery->next, err);
    if (status == RCX_OK)
        status = rcx_feature_metadata_add(metadata, delivery->next++, table, &flow->parallel, err);
    if (status == RCX_OK && delivery->sink)
        status = rcx_sink_write(delivery->sink, table, err);
    if (status == RCX_OK && flow->also)
        status = flow->also(flow->also_context, snapshot, table, err);
    return status;
}

static enum rcx_status deliver_summary(void *context, size_t snapshot, struct rcx_table *table,
                                       struct rcx_error *err)
{
    const struct rcx_flow_features *flow = ((const struct delivery *)context)->flow;
    return flow->summary(flow->summary_context, snapshot, table, err);
}

static enum rcx_status work_on_summary(void *context, size_t snapshot, struct rcx_table *table,
                                       struct rcx_error *err)
{
    const struct rcx_flow_features *flow = ((const struct delivery *)context)->flow;
    return flow->summary_work(flow->summary_context, snapshot, table, err);
}

static enum rcx_status open_sink(struct delivery *delivery, struct rcx_error *err)
{
    static const char *const sorted_by[] = {"snapshot_date", "customer_id"};
    const struct rcx_flow_features *flow = delivery->flow;
    const struct rcx_sink_metadata metadata[] = {
        {"rcx.program", RCX_VERSION}, {"rcx.config_digest", delivery->result->config_digest}};
    struct rcx_sink_options options = rcx_flow_sink_options(&flow->config->export, flow->parallel);
    options.format = flow->format;
    options.metadata = metadata;
    options.metadata_count = sizeof metadata / sizeof metadata[0];
    options.sorted_by = sorted_by;
    options.sorted_by_count = sizeof sorted_by / sizeof sorted_by[0];
    options.groups_by_table = 1;
    options.also = flow->also_format;
    options.no_sync = flow->no_sync;
    return rcx_sink_open(flow->output, &options, &delivery->sink, err);
}

/* The lineage of all snapshots, in the order of the table. */
static enum rcx_status put_lineage(struct delivery *delivery, struct rcx_error *err)
{
    const struct rcx_flow_features *flow = delivery->flow;
    const struct rcx_flow_features_result *result = delivery->result;
    const struct rcx_store_summary *store = rcx_store_summary(flow->from->store);
    struct rcx_feature_lineage lineage = {
        .with_labels = flow->with_labels,
        .money_places = rcx_clean_revenue_decimals(&flow->from->plan),
        .definitions = delivery->definitions};
    struct rcx_buf text = {0};
    bool ok = true;
    for (size_t s = 0, old; s < result->snapshots.count && ok; s++) {
        struct rcx_feature_lineage_snapshot snapshot = {.day = result->snapshots.days[s],
                                                        .data_end = flow->from->range.last,
                                                        .store_version = store->version,
                                                        .program = RCX_VERSION,
                                                        .counts = result->counts[s]};
        (void)rcx_digest_format(store->digest, snapshot.store_digest);
        if (rcx_feature_file_find(&delivery->append.file, snapshot.day, &old))
            snapshot = delivery->append.file.lineage.snapshots[old];
        ok = rcx_feature_lineage_add(&lineage, &snapshot);
    }
    ok = ok && rcx_feature_lineage_write(&lineage, true, &text) && rcx_buf_append_byte(&text, 0);
    enum rcx_status status = ok ? rcx_sink_set_metadata(delivery->sink, RCX_FEATURE_LINEAGE_KEY,
                                                        (const char *)text.data, err)
                                : rcx_fail_nomem(err, "lineage", text.length);
    lineage.definitions = (struct rcx_buf){0}; /* the delivery's */
    rcx_feature_lineage_release(&lineage);
    rcx_buf_release(&text);
    return status;
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
        .config_digest = result->config_digest,
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

/* The dates, those of the file included, and room for what is counted at each. */
static enum rcx_status prepare(struct delivery *delivery, struct rcx_error *err)
{
    const struct rcx_flow_features *flow = delivery->flow;
    struct rcx_flow_features_result *result = delivery->result;
    const struct rcx_clean_plan *clean = &flow->from->plan;
    enum rcx_status status = rcx_flow_feature_definitions(flow, &delivery->definitions, err);
    if (status == RCX_OK && flow->append && flow->output)
        status = rcx_flow_append_open(flow, &delivery->definitions, &delivery->labels,
                                      &delivery->append, err);
    if (status == RCX_OK)
        status = rcx_snapshots_plan(&flow->config->snapshots, clean->fit_days,
                                    clean->fit == RCX_OUTLIERS_FIT_FIRST_DAYS, flow->from->range,
                                    &result->snapshots, err);
    if (status == RCX_OK)
        status = rcx_flow_append_dates(&delivery->append, &result->snapshots, &result->added, err);
    if (status != RCX_OK)
        return status;
    (void)rcx_digest_format(rcx_hash128(delivery->definitions.data, delivery->definitions.length),
                            result->config_digest);
    size_t count = result->snapshots.count;
    result->counts = rcx_calloc(count, sizeof *result->counts);
    delivery->in_doubt = rcx_flow_append_in_doubt(&delivery->append, flow->from->store);
    delivery->computed = delivery->in_doubt ? &result->snapshots : &result->added;
    delivery->counts = rcx_calloc(delivery->computed->count, sizeof *delivery->counts);
    if (!result->counts || !delivery->counts)
        return rcx_fail_nomem(err, "snapshots", count * sizeof *result->counts);
    return rcx_feature_metadata_init(&result->metadata, count, flow->metadata != NULL, err);
}

/* What was counted at the new snapshots, and at those of the file when they were computed. */
static void merge_counts(const struct delivery *delivery)
{
    struct rcx_flow_features_result *result = delivery->result;
    const struct rcx_feature_file *file = &delivery->append.file;
    for (size_t s = 0, computed = 0, old; s < result->snapshots.count; s++) {
        bool from_file = rcx_feature_file_find(file, result->snapshots.days[s], &old);
        if (from_file)
            result->counts[s] = file->lineage.snapshots[old].counts;
        else
            result->counts[s] = delivery->counts[computed];
        computed += !from_file || delivery->in_doubt;
        result->rows += result->counts[s].customers;
    }
}

static enum rcx_status compute(struct delivery *delivery, struct rcx_error *err)
{
    const struct rcx_flow_features *flow = delivery->flow;
    struct rcx_feature_run_stats stats = {.snapshots = delivery->counts};
    const struct rcx_feature_run run = {
        .store = flow->from->store,
        .cfg = &flow->config->features,
        .clean = &flow->from->plan,
        .snapshots = delivery->computed,
        .labels = flow->with_labels ? &delivery->labels : NULL,
        .parallel = flow->parallel,
        .table_bytes = flow->table_bytes,
        .sink = deliver,
        .summary_sink = flow->summary ? deliver_summary : NULL,
        .summary_work = flow->summary_work ? work_on_summary : NULL,
        .sink_context = delivery,
    };
    enum rcx_status status = rcx_feature_run(&run, &stats, err);
    if (status == RCX_OK)
        status = rcx_flow_append_before(&delivery->append, INT64_MAX, flow, delivery->sink,
                                        &delivery->result->metadata, &delivery->next, err);
    delivery->result->passes = stats.passes;
    merge_counts(delivery);
    return status;
}

static enum rcx_status run(struct delivery *delivery, struct rcx_error *err)
{
    const struct rcx_flow_features *flow = delivery->flow;
    enum rcx_status status = prepare(delivery, err);
    if (status == RCX_OK && flow->output)
        status = open_sink(delivery, err);
    if (status == RCX_OK)
        status = compute(delivery, err);
    if (status == RCX_OK && delivery->sink)
        status = put_lineage(delivery, err);
    if (status == RCX_OK && flow->metadata)
        status = write_metadata(flow, &delivery->labels, delivery->result, err);
    if (status == RCX_OK && delivery->sink) {
        status = rcx_sink_commit(delivery->sink, err);
        delivery->sink = NULL;
    }
    return status;
}

enum rcx_status rcx_flow_features(const struct rcx_flow_features *flow,
                                  struct rcx_flow_features_result *out, struct rcx_error *err)
{
    struct rcx_flow_features_result result = {0};
    struct delivery delivery = {
        .flow = flow,
        .result = &result,
        .labels = rcx_label_plan_of(&flow->config->churn, &flow->config->clv, flow->from->range)};
    if (flow->more_horizons)
        delivery.labels.more = *flow->more_horizons;
    enum rcx_status status = run(&delivery, err);
    rcx_sink_abort(delivery.sink);
    rcx_flow_append_close(&delivery.append);
    rcx_buf_release(&delivery.definitions);
    rcx_free(delivery.counts);
    if (status != RCX_OK) {
        rcx_flow_features_result_release(&result);
        return status;
    }
    *out = result;
    return RCX_OK;
}
