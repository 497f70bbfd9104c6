#include "engine/pit/labels.h"

struct rcx_label_plan rcx_label_plan_of(const struct rcx_cfg_churn *churn,
                                        const struct rcx_cfg_clv *clv, struct rcx_data_range range)
{
    return (struct rcx_label_plan){
        .churn_gap_days = (int32_t)churn->gap_days,
        .churn_days = (int32_t)churn->horizon_days,
        .min_tenure_days = (int32_t)churn->min_tenure_days,
        .clv_days = (int32_t)clv->horizon_days,
        .range = range,
    };
}

bool rcx_churn_known(const struct rcx_label_plan *plan, rcx_day snapshot)
{
    return snapshot + plan->churn_gap_days + plan->churn_days <= plan->range.last;
}

bool rcx_clv_known(const struct rcx_label_plan *plan, rcx_day snapshot)
{
    return snapshot + plan->clv_days <= plan->range.last;
}

rcx_day rcx_more_window_end(const struct rcx_label_plan *plan, size_t index, rcx_day snapshot)
{
    int32_t gap = index < plan->more.churn_count ? plan->churn_gap_days : 0;
    return snapshot + 1 + gap + plan->more.days[index];
}

bool rcx_more_known(const struct rcx_label_plan *plan, size_t index, rcx_day snapshot)
{
    return rcx_more_window_end(plan, index, snapshot) <= plan->range.last + 1;
}
