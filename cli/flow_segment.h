#pragma once
/* Segments of a run directory: reads its feature table, fits on the latest snapshot, assigns the
 * customers of all, and writes
 *
 *     outputs/segment_assignments.parquet, segment_summary.csv, segment_strategies.json,
 *     outputs/segment_quality.csv, segment_migration.csv, models/segments.json
 *
 * Prints nothing. One snapshot is in memory at a time, and the segments of the one before. */
#include "config/config.h"
#include "ml/tasks/segments.h"

struct rcx_flow_segment {
    const char *directory; /* of the run */
    const struct rcx_config *config;
    struct rcx_parallel parallel;
    bool no_sync;
};

struct rcx_flow_segment_result {
    uint64_t rows; /* of all snapshots */
    size_t snapshots;
    struct rcx_segmentation segmentation;
    struct rcx_table summary;
};
void rcx_flow_segment_result_release(struct rcx_flow_segment_result *result);

/* The files, relative to the directory, in the order above; NULL past the end. */
enum { RCX_SEGMENT_FILES = 6 };
const char *rcx_flow_segment_output(size_t index);

/*  out_nobody  NULL, or whether it failed because the latest snapshot has no customer
 * Errors: RCX_E_INPUT (no feature table there, an unfit one, nobody in it), those of rcx_strategies_load,
 * rcx_segments_fit and the sinks. Files that are complete stay when a later one fails. */
enum rcx_status rcx_flow_segment(const struct rcx_flow_segment *flow,
                                 struct rcx_flow_segment_result *out, bool *out_nobody,
                                 struct rcx_error *err);
