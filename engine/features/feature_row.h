#pragma once
/* One row of the feature table while it is computed: the customer-major record that kernels write
 * and that engine/exec/feature_table.c spreads into the columns of its snapshot. */
#include <stdint.h>

#include "base/decimal.h"
#include "engine/features/catalogue.h"
#include "engine/features/feature_plan.h"
#include "engine/features/window_totals.h"

union rcx_slot {
    int64_t whole; /* RCX_FEATURE_INT */
    double real;   /* RCX_FEATURE_REAL; NaN is null */
};

struct rcx_labels {
    bool eligible;
    int8_t churn; /* 0, 1, or -1: not known yet */
    double clv;   /* NaN: not known yet */
};

struct rcx_feature_row {
    int64_t customer;
    uint32_t snapshot; /* index into the plan's snapshots */
    struct rcx_labels labels;
    union rcx_slot slots[RCX_FEATURE_COUNT];
    /* Labels of the plan's further horizons; NaN: not known yet. Last, so that rows without them do
     * not touch it. */
    double more[RCX_MORE_HORIZONS];
};

/* Counts over all customers of one snapshot; sums of integers, so parts are added up. */
struct rcx_snapshot_counts {
    uint64_t customers;    /* rows of the table */
    uint64_t window_rows;  /* rows of the cleaned table (stage 4 included) in the window */
    uint64_t history_rows; /* the same before the cutoff */
    uint64_t eligible, churn_known, churned, eligible_known, eligible_churned;
    uint64_t clv_known, clv_zero, clv_negative;
    rcx_i128 clv_total;
};
void rcx_snapshot_counts_merge(struct rcx_snapshot_counts *into,
                               const struct rcx_snapshot_counts *from);

/* Divides: fills row->slots from exact totals. engagement_score_normalized stays NaN until the
 * snapshot is complete. */
void rcx_finish_features(const struct rcx_feature_plan *plan,
                         const struct rcx_window_totals *totals, struct rcx_feature_row *row);

/* Fills row->more[index]: `active` of the churn window, `revenue` of the value window. */
void rcx_finish_more_label(const struct rcx_feature_plan *plan, size_t index, bool active,
                           int64_t revenue, struct rcx_feature_row *row);

/* Fills row->labels and counts the row.
 *  tenure_days  from the first purchase to the snapshot, -1 when there is none
 *  active       makes a purchase in the churn window; revenue: of the value window */
void rcx_finish_labels(const struct rcx_feature_plan *plan, int64_t tenure_days, bool active,
                       int64_t revenue, struct rcx_feature_row *row,
                       struct rcx_snapshot_counts *counts);
