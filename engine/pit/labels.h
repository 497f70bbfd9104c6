#pragma once
/* What happened after a snapshot: the lengths of the label windows and whether the data cover them.
 *
 * churn looks at [C + gap, C + gap + horizon), clv at [C, C + horizon). A label is known only when
 * the data reach the end of its window; the data end with the last second of the last row's day. */
#include <stdbool.h>

#include "config/config.h"
#include "engine/pit/snapshots.h"

struct rcx_label_plan {
    int32_t churn_gap_days, churn_days; /* the window's begin after C, and its length */
    int32_t min_tenure_days;
    int32_t clv_days;
    struct rcx_data_range range;
};

struct rcx_label_plan rcx_label_plan_of(const struct rcx_cfg_churn *churn,
                                        const struct rcx_cfg_clv *clv, struct rcx_data_range range);
bool rcx_churn_known(const struct rcx_label_plan *plan, rcx_day snapshot);
bool rcx_clv_known(const struct rcx_label_plan *plan, rcx_day snapshot);
