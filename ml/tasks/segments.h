#pragma once
/* Segments of the customers of a snapshot: fitted, named, described.
 *
 * Names: every cluster gets a different one of the eleven, so that the sum of squared distances between
 * the clusters' mean percentile ranks in recency, frequency and value and the names' prototypes is
 * least (ml/tasks/hungarian.h). Champions can only be the cluster with the highest mean rank in value,
 * Lost only the one with the longest mean recency. Clusters are numbered in the order of their names. */
#include "ml/tasks/segment_choice.h"
#include "ml/tasks/segment_model.h"

struct rcx_segmentation {
    struct rcx_segment_model model;
    struct rcx_segment_choice choice;
    double ranks[RCX_SEGMENT_COUNT][RCX_RFM_COUNT]; /* [cluster] mean percentile ranks, 1 is best */
};
void rcx_segmentation_release(struct rcx_segmentation *segmentation);

/* `table` has the columns of segments.inputs, of recency, frequency and value.
 * Errors: RCX_E_INPUT, RCX_E_CONFIG, RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_segments_fit(const struct rcx_table *table, rcx_day snapshot,
                                 const struct rcx_cfg_segments *cfg,
                                 const struct rcx_strategies *strategies, uint64_t seed,
                                 const struct rcx_parallel *parallel, struct rcx_segmentation *out,
                                 struct rcx_error *err);

/* The names as the texts of a column: code = enum rcx_segment_id. NULL: out of memory. */
struct rcx_strings *rcx_segment_texts(void);

/* --- tables (docs/segments.md) ------------------------------------------------------------------- */

/* One row for each segment. `assigned` is what rcx_segment_assign made of `table`, the snapshot of the
 * fit. Errors: RCX_E_INPUT (a column of the profile is missing), RCX_E_NOMEM. */
enum rcx_status rcx_segment_summary(const struct rcx_segmentation *segmentation,
                                    const struct rcx_table *table, const struct rcx_table *assigned,
                                    struct rcx_table *out, struct rcx_error *err);
/* One row for each k that was tried. */
enum rcx_status rcx_segment_quality(const struct rcx_segmentation *segmentation,
                                    struct rcx_table *out, struct rcx_error *err);
/* Strategy and size of each segment, as JSON. False: out of memory. */
bool rcx_segment_strategies_json(const struct rcx_segmentation *segmentation,
                                 const struct rcx_strategies *strategies,
                                 const struct rcx_table *summary, struct rcx_buf *out);

/* Who went where between two snapshots. Rows of both tables are in the order of the customers. Adds a
 * row for each pair of segments that occurs to `out`, which `begin` made; a null segment
 * stands for customers who are in one snapshot only. Errors: RCX_E_INTERNAL (ids of two kinds),
 * RCX_E_NOMEM. */
enum rcx_status rcx_segment_migration_begin(struct rcx_table *out, struct rcx_error *err);
struct rcx_segment_snapshot {
    rcx_day day;
    const struct rcx_table *assigned; /* by rcx_segment_assign */
};
enum rcx_status rcx_segment_migration(const struct rcx_segment_snapshot *before,
                                      const struct rcx_segment_snapshot *after,
                                      struct rcx_table *out, struct rcx_error *err);
