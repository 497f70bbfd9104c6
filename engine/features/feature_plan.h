#pragma once
/* What is asked for, compiled once per run: windows, boundaries, snapshots, scales.
 *
 * Every window and trend bucket ends or begins a whole number of days before a cutoff. The distinct
 * distances are the plan's boundaries; a customer's sums at each boundary give every window by
 * subtraction. */
#include <stdbool.h>
#include <stddef.h>

#include "engine/features/catalogue.h"
#include "engine/pit/labels.h"
#include "engine/quality/clean_plan.h"

enum { RCX_BUCKET_DAYS = 30 };

struct rcx_feature_plan {
    enum rcx_definitions definitions;
    int32_t observation_days, min_lifetime_days;
    int32_t window_days[RCX_CFG_WINDOW_COUNT]; /* shortest first */
    int64_t revenue_unit;                      /* 10^places: units of money */
    int64_t item_unit;
    int64_t min_rows; /* cleaned rows before the cutoff that a customer must have */
    struct rcx_data_range range;
    bool with_labels;
    struct rcx_label_plan labels;

    size_t snapshot_count;
    const rcx_day *snapshots; /* ascending; borrowed */

    size_t boundary_count;
    int32_t *boundaries;         /* distinct days before the cutoff, ascending, [0] = 0; owned */
    size_t observation_boundary; /* indices into boundaries */
    size_t window_boundary[RCX_CFG_WINDOW_COUNT];
    size_t bucket_count;     /* that fit into the observation window */
    size_t *bucket_boundary; /* [bucket_count + 1]: bucket b is [b + 1, b) days back; owned */

    const struct rcx_clean_plan *clean; /* borrowed */
};

/* Errors: RCX_E_CONFIG (a window longer than the observation window, not a multiple of 30 days),
 * RCX_E_NOMEM. Borrows `clean` and the snapshot days. The caller releases *out. */
enum rcx_status rcx_feature_plan_init(const struct rcx_cfg_features *cfg,
                                      const struct rcx_clean_plan *clean,
                                      struct rcx_data_range range,
                                      const struct rcx_snapshots *snapshots,
                                      struct rcx_feature_plan *out, struct rcx_error *err);
void rcx_feature_plan_release(struct rcx_feature_plan *plan);

/* Trend buckets at a snapshot: those that begin on or after the first day of the data. */
size_t rcx_feature_plan_buckets(const struct rcx_feature_plan *plan, rcx_day snapshot);
