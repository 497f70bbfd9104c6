#pragma once
/* The summary table of one snapshot, the input of behaviour models: customer_id, snapshot_date,
 * frequency, recency, T (both in weeks of seven days), monetary_value (mean gross value of a repeat
 * purchase day; null without one). Rows by customer. */
#include "base/table.h"
#include "engine/features/summary.h"
#include "storage/store/store.h"

/* An empty table with room for `rows` rows. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_summary_table_init(const struct rcx_store *store, size_t rows,
                                       struct rcx_table *out, struct rcx_error *err);

/* Writes rows of this snapshot from row `at` of the table on; rows[picks[0]], rows[picks[1]], ...
 * Threads: calls for different row ranges of a table may run at the same time. */
void rcx_summary_table_put(const struct rcx_feature_plan *plan, struct rcx_table *table, size_t at,
                           const struct rcx_summary_row *rows, const uint32_t *picks, size_t count);

/* Bytes of one row of the table, for estimates. */
enum { RCX_SUMMARY_TABLE_ROW_BYTES = 8 + 4 + 4 + 3 * 8 };
