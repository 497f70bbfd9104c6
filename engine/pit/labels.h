#pragma once
/* What happened after a snapshot: the lengths of the label windows and whether the data cover them.
 *
 * churn looks at [C + gap, C + gap + horizon), clv at [C, C + horizon). A label is known only when
 * the data reach the end of its window; the data end with the last second of the last row's day.
 *
 * The same labels for other lengths of the windows are made beside them when asked for: real columns
 * churn_<days>d and value_<days>d, null where the data do not reach. */
#include <stdbool.h>

#include "config/config.h"
#include "engine/pit/snapshots.h"

enum { RCX_MORE_HORIZONS = 12 };

/* Other lengths of the windows, in days. */
struct rcx_more_horizons {
    size_t churn_count, value_count; /* together at most RCX_MORE_HORIZONS */
    int32_t days[RCX_MORE_HORIZONS]; /* those of churn, then those of the value */
};

struct rcx_label_plan {
    int32_t churn_gap_days, churn_days; /* the window's begin after C, and its length */
    int32_t min_tenure_days;
    int32_t clv_days;
    struct rcx_data_range range;
    struct rcx_more_horizons more; /* none unless set by the caller */
};

struct rcx_label_plan rcx_label_plan_of(const struct rcx_cfg_churn *churn,
                                        const struct rcx_cfg_clv *clv, struct rcx_data_range range);
bool rcx_churn_known(const struct rcx_label_plan *plan, rcx_day snapshot);
bool rcx_clv_known(const struct rcx_label_plan *plan, rcx_day snapshot);

static inline size_t rcx_more_horizons_count(const struct rcx_more_horizons *more)
{
    return more->churn_count + more->value_count;
}
/* First day after the window of a further horizon, and whether the data reach it. */
rcx_day rcx_more_window_end(const struct rcx_label_plan *plan, size_t index, rcx_day snapshot);
bool rcx_more_known(const struct rcx_label_plan *plan, size_t index, rcx_day snapshot);
