#include "cli/flow_segment.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/sink_options.h"
#include "engine/exec/feature_file.h"

enum file_id { ASSIGNMENTS, SUMMARY, STRATEGIES, QUALITY, MIGRATION, MODEL };

static const char *const outputs[RCX_SEGMENT_FILES] = {
    [ASSIGNMENTS] = "outputs/segment_assignments.parquet",
    [SUMMARY] = "outputs/segment_summary.csv",
    [STRATEGIES] = "outputs/segment_strategies.json",
    [QUALITY] = "outputs/segment_quality.csv",
    [MIGRATION] = "outputs/segment_migration.csv",
    [MODEL] = "models/segments.json",
};

const char *rcx_flow_segment_output(size_t index)
{
    return index < RCX_SEGMENT_FILES ? outputs[index] : NULL;
}

void rcx_flow_segment_result_release(struct rcx_flow_segment_result *result)
{
    rcx_segmentation_release(&result->segmentation);
    rcx_table_release(&result->summary);
}

/* What one run of the flow holds. */
struct work {
    const struct rcx_flow_segment *flow;
    struct rcx_feature_file features;
    struct rcx_strategies *strategies;
    char *paths[RCX_SEGMENT_FILES];
    struct rcx_sink_options sink;
    struct rcx_table migration, quality;
    struct rcx_flow_segment_result *result;
    bool nobody;
};

static enum rcx_status make_paths(struct work *work, struct rcx_error *err)
{
    static const char *const folders[] = {"outputs", "models"};
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; status == RCX_OK && f < sizeof folders / sizeof folders[0]; f++) {
        char *folder = rcx_path_join(work->flow->directory, folders[f]);
        status = folder ? rcx_directory_make(folder, err)
                        : rcx_fail_nomem(err, work->flow->directory, 0);
        rcx_free(folder);
    }
    for (size_t f = 0; status == RCX_OK && f < RCX_SEGMENT_FILES; f++) {
        work->paths[f] = rcx_path_join(work->flow->directory, outputs[f]);
        if (!work->paths[f])
            status = rcx_fail_nomem(err, work->flow->directory, 0);
    }
    return status;
}

static enum rcx_status open_features(struct work *work, struct rcx_error *err)
{
    static const char name[] = "data/features/customer_features.parquet";
    char *path = rcx_path_join(work->flow->directory, name);
    enum rcx_status status;
    if (!path)
        return rcx_fail_nomem(err, name, 0);
    if (!rcx_file_exists(path))
        status = rcx_fail(err, RCX_E_IO,
                          "%s: there is no feature table; 'rcx run DATA -o %s' makes one", path,
                          work->flow->directory);
    else
        status = rcx_feature_file_open(path, &work->features, err);
    rcx_free(path);
    return status;
}

static enum rcx_status fit(struct work *work, struct rcx_error *err)
{
    const struct rcx_flow_segment *flow = work->flow;
    struct rcx_flow_segment_result *result = work->result;
    size_t last = work->features.lineage.count - 1;
    rcx_day day = work->features.lineage.snapshots[last].day;
    struct rcx_table table = {0}, assigned = {0};
    enum rcx_status status = rcx_feature_file_snapshot(&work->features, last, &flow->parallel,
                                                       &table, err);
    if (status == RCX_OK && table.rows == 0) {
        char text[RCX_DATE_TEXT_BYTES];
        work->nobody = true;
        status = rcx_fail(err, RCX_E_INPUT,
                          "segments: nobody to group: no customer bought in the %d days before %s",
                          (int)flow->config->features.observation_days, rcx_format_day(day, text));
    }
    if (status == RCX_OK)
        status = rcx_segments_fit(&table, day, &flow->config->segments, work->strategies,
                                  (uint64_t)flow->config->runtime.seed, &flow->parallel,
                                  &result->segmentation, err);
    if (status == RCX_OK)
        status = rcx_segment_assign(&result->segmentation.model, &table, day, &flow->parallel,
                                    &assigned, err);
    if (status == RCX_OK)
        status = rcx_segment_summary(&result->segmentation, &table, &assigned, &result->summary,
                                     err);
    if (status == RCX_OK)
        status = rcx_segment_quality(&result->segmentation, &work->quality, err);
    rcx_table_release(&assigned);
    rcx_table_release(&table);
    return status;
}

/* The next snapshot: into the sink, and against the one before, whose place it takes. */
static enum rcx_status add_snapshot(struct work *work, size_t s, struct rcx_sink *sink,
                                    struct rcx_table *before, struct rcx_error *err)
{
    rcx_day day = work->features.lineage.snapshots[s].day;
    struct rcx_table table = {0}, assigned = {0};
    enum rcx_status status = rcx_feature_file_snapshot(&work->features, s, &work->flow->parallel,
                                                       &table, err);
    if (status == RCX_OK)
        status = rcx_segment_assign(&work->result->segmentation.model, &table, day,
                                    &work->flow->parallel, &assigned, err);
    rcx_table_release(&table);
    if (status == RCX_OK)
        status = rcx_sink_write(sink, &assigned, err);
    if (status == RCX_OK && s > 0) {
        const struct rcx_segment_snapshot from = {work->features.lineage.snapshots[s - 1].day,
                                                  before};
        const struct rcx_segment_snapshot to = {day, &assigned};
        status = rcx_segment_migration(&from, &to, &work->migration, err);
    }
    if (status != RCX_OK) {
        rcx_table_release(&assigned);
        return status;
    }
    work->result->rows += assigned.rows;
    work->result->snapshots++;
    rcx_table_release(before);
    *before = assigned;
    return RCX_OK;
}

static enum rcx_status assign_all(struct work *work, struct rcx_error *err)
{
    static const char *const order[] = {"snapshot_date", "customer_id"};
    struct rcx_sink_options options = work->sink;
    struct rcx_sink *sink = NULL;
    struct rcx_table before = {0};
    options.sorted_by = order;
    options.sorted_by_count = sizeof order / sizeof order[0];
    options.nulls_as_in_first = 1;
    enum rcx_status status = rcx_sink_open(work->paths[ASSIGNMENTS], &options, &sink, err);
    for (size_t s = 0; status == RCX_OK && s < work->features.lineage.count; s++)
        status = add_snapshot(work, s, sink, &before, err);
    if (status == RCX_OK)
        status = rcx_sink_commit(sink, err);
    else
        rcx_sink_abort(sink);
    rcx_table_release(&before);
    return status;
}

static enum rcx_status write_text(const struct work *work, enum file_id file, bool made,
                                  struct rcx_buf *text, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = work->flow->no_sync};
    enum rcx_status status = made ? rcx_file_replace(work->paths[file], text->data, text->length,
                                                     &options, err)
                                  : rcx_fail_nomem(err, work->paths[file], text->length);
    rcx_buf_release(text);
    return status;
}

static enum rcx_status write_rest(struct work *work, struct rcx_error *err)
{
    const struct rcx_flow_segment_result *result = work->result;
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_sink_write_table(work->paths[SUMMARY], &work->sink,
                                                  &result->summary, err);
    if (status == RCX_OK)
        status = write_text(work, STRATEGIES,
                            rcx_segment_strategies_json(&result->segmentation, work->strategies,
                                                        &result->summary, &text),
                            &text, err);
    if (status == RCX_OK)
        status = rcx_sink_write_table(work->paths[QUALITY], &work->sink, &work->quality, err);
    if (status == RCX_OK)
        status = rcx_sink_write_table(work->paths[MIGRATION], &work->sink, &work->migration, err);
    if (status == RCX_OK)
        status = write_text(work, MODEL, rcx_segment_model_json(&result->segmentation.model, &text),
                            &text, err);
    return status;
}

enum rcx_status rcx_flow_segment(const struct rcx_flow_segment *flow,
                                 struct rcx_flow_segment_result *out, bool *out_nobody,
                                 struct rcx_error *err)
{
    struct rcx_flow_segment_result result = {0};
    struct work work = {
        .flow = flow,
        .sink = rcx_flow_run_sink_options(&flow->config->export, flow->parallel),
        .result = &result,
    };
    work.sink.no_sync = flow->no_sync;
    enum rcx_status status = rcx_strategies_load(flow->config->segments.strategies,
                                                 &work.strategies, err);
    if (status == RCX_OK)
        status = open_features(&work, err);
    if (status == RCX_OK && work.features.lineage.count == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: the feature table has no snapshot",
                          flow->directory);
    if (status == RCX_OK)
        status = make_paths(&work, err);
    if (status == RCX_OK)
        status = fit(&work, err);
    if (status == RCX_OK)
        status = rcx_segment_migration_begin(&work.migration, err);
    if (status == RCX_OK)
        status = assign_all(&work, err);
    if (status == RCX_OK)
        status = write_rest(&work, err);
    for (size_t f = 0; f < RCX_SEGMENT_FILES; f++)
        rcx_free(work.paths[f]);
    rcx_table_release(&work.migration);
    rcx_table_release(&work.quality);
    rcx_strategies_release(work.strategies);
    rcx_feature_file_close(&work.features);
    if (out_nobody)
        *out_nobody = work.nobody;
    if (status == RCX_OK)
        *out = result;
    else
        rcx_flow_segment_result_release(&result);
    return status;
}
