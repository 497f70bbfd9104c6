#include "engine/exec/summary_table.h"

#include <math.h>

enum { CUSTOMER, SNAPSHOT, FREQUENCY, RECENCY, AGE, MONETARY };

enum rcx_status rcx_summary_table_init(const struct rcx_store *store, size_t rows,
                                       struct rcx_table *out, struct rcx_error *err)
{
    struct rcx_table table = {0};
    bool text = rcx_store_summary(store)->decisions.customer_is_text;
    struct rcx_column *id = rcx_table_add(&table, "customer_id",
                                          text ? RCX_TYPE_TEXT : RCX_TYPE_INT64);
    if (id && text)
        id->dictionary = rcx_strings_retain(rcx_store_strings(store, RCX_TEXT_CUSTOMER));
    if (!id || !rcx_table_add(&table, "snapshot_date", RCX_TYPE_DATE) ||
        !rcx_table_add(&table, "frequency", RCX_TYPE_INT32) ||
        !rcx_table_add(&table, "recency", RCX_TYPE_REAL) ||
        !rcx_table_add(&table, "T", RCX_TYPE_REAL) ||
        !rcx_table_add(&table, "monetary_value", RCX_TYPE_REAL) ||
        !rcx_table_reserve(&table, rows)) {
        rcx_table_release(&table);
        return rcx_fail_nomem(err, "summary table", rows * RCX_SUMMARY_TABLE_ROW_BYTES);
    }
    *out = table;
    return RCX_OK;
}

void rcx_summary_table_put(const struct rcx_feature_plan *plan, struct rcx_table *table, size_t at,
                           const struct rcx_summary_row *rows, const uint32_t *picks, size_t count)
{
    struct rcx_column *columns = table->columns;
    for (size_t i = 0; i < count; i++) {
        const struct rcx_summary_row *row = &rows[picks[i]];
        rcx_day snapshot = plan->snapshots[row->snapshot];
        if (columns[CUSTOMER].type == RCX_TYPE_TEXT)
            columns[CUSTOMER].codes[at + i] = (uint32_t)row->customer;
        else
            columns[CUSTOMER].i64[at + i] = row->customer;
        columns[SNAPSHOT].i32[at + i] = snapshot;
        columns[FREQUENCY].i32[at + i] = row->frequency;
        columns[RECENCY].reals[at + i] = (row->last - row->first) / 7.0;
        columns[AGE].reals[at + i] = (snapshot - row->first) / 7.0;
        columns[MONETARY].reals[at + i] =
            row->frequency > 0
                ? rcx_ratio(row->repeat_revenue, (rcx_i128)row->frequency * plan->revenue_unit)
                : (double)NAN;
    }
}
