#pragma once
/* The feature table of one snapshot (features.md section 5): customer_id, snapshot_date, the 33
 * features, observation_start_date, observation_window_days, then the labels when asked for. */
#include "base/table.h"
#include "engine/features/feature_row.h"
#include "storage/store/store.h"

/* Index of the first feature's column. */
enum { RCX_FEATURE_FIRST_COLUMN = 2 };

/* An empty table with the columns and room for `rows` rows; pages never written cost nothing, unless
 * `dense` says that most rows will be. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_feature_table_init(const struct rcx_cfg_features *cfg,
                                       const struct rcx_feature_plan *plan,
                                       const struct rcx_store *store, size_t rows, bool dense,
                                       struct rcx_table *out, struct rcx_error *err);

/* Writes computed rows into the feature columns of the table at row `at` on; the table has
 * at + count rows or more.
 *  rows, picks  the rows rows[picks[0]], rows[picks[1]], ...; all of this snapshot
 * Threads: calls for different row ranges of a table may run at the same time. */
void rcx_feature_table_put(struct rcx_table *table, size_t at, const struct rcx_feature_row *rows,
                           const uint32_t *picks, size_t count);

/* What needs the whole snapshot: dates, engagement_score_normalized. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_feature_table_finish(const struct rcx_feature_plan *plan, size_t snapshot,
                                         struct rcx_table *table, struct rcx_error *err);

/* Bytes of one row of the table, for estimates. */
size_t rcx_feature_table_row_bytes(bool with_labels);
