#include "engine/features/feature_plan.h"

#include "base/decimal.h"
#include "base/memory.h"

void rcx_feature_plan_release(struct rcx_feature_plan *plan)
{
    rcx_free(plan->boundaries);
    rcx_free(plan->bucket_boundary);
    *plan = (struct rcx_feature_plan){0};
}

static void add_boundary(struct rcx_feature_plan *plan, int32_t days)
{
    size_t at = plan->boundary_count;
    for (size_t i = 0; i < plan->boundary_count; i++) {
        if (plan->boundaries[i] == days)
            return;
    }
    for (; at > 0 && plan->boundaries[at - 1] > days; at--)
        plan->boundaries[at] = plan->boundaries[at - 1];
    plan->boundaries[at] = days;
    plan->boundary_count++;
}

static size_t find_boundary(const struct rcx_feature_plan *plan, int32_t days)
{
    size_t i = 0;
    while (plan->boundaries[i] != days)
        i++;
    return i;
}

static void set_boundaries(struct rcx_feature_plan *plan)
{
    for (size_t b = 0; b <= plan->bucket_count; b++)
        add_boundary(plan, (int32_t)b * RCX_BUCKET_DAYS);
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++)
        add_boundary(plan, plan->window_days[w]);
    add_boundary(plan, plan->observation_days);

    for (size_t b = 0; b <= plan->bucket_count; b++)
        plan->bucket_boundary[b] = find_boundary(plan, (int32_t)b * RCX_BUCKET_DAYS);
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++)
        plan->window_boundary[w] = find_boundary(plan, plan->window_days[w]);
    plan->observation_boundary = find_boundary(plan, plan->observation_days);
}

static enum rcx_status check(const struct rcx_cfg_features *cfg, struct rcx_error *err)
{
    if (cfg->observation_days % RCX_BUCKET_DAYS != 0 || cfg->observation_days <= 0)
        return rcx_fail(err, RCX_E_CONFIG,
                        "features.observation_days: %lld is not a multiple of %d",
                        (long long)cfg->observation_days, RCX_BUCKET_DAYS);
    for (size_t w = 0; w < cfg->windows.count; w++) {
        const struct rcx_cfg_window *window = &cfg->windows.items[w];
        if (window->days > cfg->observation_days)
            return rcx_fail(err, RCX_E_CONFIG,
                            "features.windows: '%s' of %lld days is longer than "
                            "features.observation_days (%lld)",
                            window->name, (long long)window->days,
                            (long long)cfg->observation_days);
    }
    return RCX_OK;
}

enum rcx_status rcx_feature_plan_init(const struct rcx_cfg_features *cfg,
                                      const struct rcx_clean_plan *clean,
                                      struct rcx_data_range range,
                                      const struct rcx_snapshots *snapshots,
                                      struct rcx_feature_plan *out, struct rcx_error *err)
{
    enum rcx_status status = check(cfg, err);
    if (status != RCX_OK)
        return status;
    struct rcx_feature_plan plan = {
        .definitions = cfg->definitions,
        .observation_days = (int32_t)cfg->observation_days,
        .min_lifetime_days = (int32_t)cfg->min_lifetime_days,
        .revenue_unit = rcx_pow10(rcx_clean_revenue_decimals(clean)),
        .item_unit = rcx_pow10(clean->quantity_decimals),
        .min_rows = clean->min_rows,
        .range = range,
        .snapshot_count = snapshots->count,
        .snapshots = snapshots->days,
        .bucket_count = (size_t)(cfg->observation_days / RCX_BUCKET_DAYS),
        .clean = clean,
    };
    for (size_t w = 0; w < RCX_CFG_WINDOW_COUNT; w++)
        plan.window_days[w] = (int32_t)cfg->windows.items[w].days;
    size_t most = plan.bucket_count + RCX_CFG_WINDOW_COUNT + 2;
    plan.boundaries = rcx_malloc_array(most, sizeof *plan.boundaries);
    plan.bucket_boundary = rcx_malloc_array(plan.bucket_count + 1, sizeof *plan.bucket_boundary);
    if (!plan.boundaries || !plan.bucket_boundary) {
        rcx_feature_plan_release(&plan);
        return rcx_fail_nomem(err, "feature plan", most * sizeof *plan.boundaries);
    }
    set_boundaries(&plan);
    *out = plan;
    return RCX_OK;
}

size_t rcx_feature_plan_buckets(const struct rcx_feature_plan *plan, rcx_day snapshot)
{
    int64_t covered = rcx_history_days(plan->range, snapshot) / RCX_BUCKET_DAYS;
    if (covered < 0)
        covered = 0;
    return (size_t)covered < plan->bucket_count ? (size_t)covered : plan->bucket_count;
}
