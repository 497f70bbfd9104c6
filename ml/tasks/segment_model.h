#pragma once
/* What a segmentation has learned, and its use: transforms, scaling, centres, names, score edges. One
 * model serves all snapshots and customers, so a segment means the same everywhere.
 *
 * The model is kept as JSON (models/segments.json) with a digest over everything else in it; a model
 * that was changed, or is of a newer form, is refused. */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/parallel.h"
#include "base/table.h"
#include "config/config.h"
#include "config/strategies.h"
#include "ml/tasks/segment_scores.h"

enum { RCX_SEGMENT_FEATURES_MOST = 32, RCX_SEGMENT_NAME_BYTES = 128 };

enum rcx_transform { RCX_TRANSFORM_NONE, RCX_TRANSFORM_LOG1P };

struct rcx_segment_input {
    char name[RCX_SEGMENT_NAME_BYTES];
    enum rcx_transform transform;
    double mean, deviation; /* of the transformed values; deviation > 0 */
};

struct rcx_segment_model {
    rcx_day snapshot; /* it was fitted on */
    uint64_t customers;
    size_t input_count;
    struct rcx_segment_input inputs[RCX_SEGMENT_FEATURES_MOST];
    size_t k;
    enum rcx_segment_id names[RCX_SEGMENT_COUNT];                 /* ascending, distinct */
    double centres[RCX_SEGMENT_COUNT][RCX_SEGMENT_FEATURES_MOST]; /* z-scored */
    double edges[RCX_RFM_COUNT][RCX_SCORE_EDGES];
};

/* The columns of recency, frequency and value. */
extern const char *const rcx_rfm_columns[RCX_RFM_COUNT];

/* Parses segments.inputs ("name: transform"). Errors: RCX_E_CONFIG. */
enum rcx_status rcx_segment_inputs(const struct rcx_cfg_segments *cfg,
                                   struct rcx_segment_model *out, struct rcx_error *err);

/* A column of the table as reals. Errors: RCX_E_INPUT (no such column; a customer without a value). */
enum rcx_status rcx_segment_column(const struct rcx_table *table, const char *name, double *out,
                                   struct rcx_error *err);
/* Transforms in place; scaling only with `scaled`. */
void rcx_segment_transform(const struct rcx_segment_input *input, bool scaled, double *values,
                           size_t rows);

/* The segments of the customers of one snapshot. `table` has customer_id and the features; *out gets
 * customer_id, snapshot_date, segment, cluster, distance, margin, r_score, f_score, m_score, rfm_score,
 * rfm_segment, hindsight, one row per row of `table` (docs/segments.md).
 * Errors: RCX_E_INPUT, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_segment_assign(const struct rcx_segment_model *model,
                                   const struct rcx_table *table, rcx_day snapshot,
                                   const struct rcx_parallel *parallel, struct rcx_table *out,
                                   struct rcx_error *err);

/* The JSON document. False: out of memory. */
bool rcx_segment_model_json(const struct rcx_segment_model *model, struct rcx_buf *out);
/* Errors: RCX_E_IO, RCX_E_CORRUPT, RCX_E_VERSION, RCX_E_NOMEM. */
enum rcx_status rcx_segment_model_read(const char *path, struct rcx_segment_model *out,
                                       struct rcx_error *err);
/* The same from bytes; `name` is for messages. */
enum rcx_status rcx_segment_model_parse(const char *name, const void *data, size_t length,
                                        struct rcx_segment_model *out, struct rcx_error *err);
