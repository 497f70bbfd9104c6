#include "ml/tasks/clv/clv_totals.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ml/split/split.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_usable(const struct rcx_clv_data *data, const struct rcx_clv_snapshot *snapshot,
                      size_t horizon, rcx_day day)
{
    const struct rcx_split_rule rule = {.horizon_days = data->horizon_days[horizon]};
    return snapshot->rows > 0 && snapshot->behaviour_fitted &&
           snapshot->data_days >= data->cfg->min_data_days &&
           !isnan(data->target[horizon][snapshot->first]) &&
           (day == INT32_MAX || rcx_split_may_train(&rule, snapshot->day, day));
}

/* NaN when the behaviour model expects nothing, or nothing came. */
static double ratio_at(const struct rcx_clv_data *data, const struct rcx_clv_snapshot *snapshot,
                       size_t horizon, double *expected)
{
    const double *anchors[RCX_CLV_ANCHORS];
    double target = 0, sum = 0;
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
        anchors[a] = data->anchor[a] + snapshot->first;
    rcx_clv_expected(data->anchor_days, anchors, data->order_value + snapshot->first,
                     snapshot->rows, data->horizon_days[horizon], expected);
    for (size_t i = 0; i < snapshot->rows; i++) {
        target += data->target[horizon][snapshot->first + i];
        sum += expected[i];
    }
    return sum > 0 && target > 0 ? target / sum : (double)NAN;
}

enum rcx_status rcx_clv_total_ratio(const struct rcx_clv_data *data, size_t horizon, rcx_day day,
                                    double *out, struct rcx_error *err)
{
    size_t count = 0, most = 1;
    for (size_t s = 0; s < data->snapshot_count; s++)
        most = data->snapshots[s].rows > most ? data->snapshots[s].rows : most;
    double *ratios = rcx_malloc_array(data->snapshot_count + most, sizeof *ratios);
    if (!ratios)
        return rcx_fail_nomem(err, "clv totals", most * sizeof *ratios);
    for (size_t s = 0; s < data->snapshot_count; s++) {
        const struct rcx_clv_snapshot *snapshot = &data->snapshots[s];
        if (!is_usable(data, snapshot, horizon, day))
            continue;
        ratios[count] = ratio_at(data, snapshot, horizon, ratios + data->snapshot_count);
        count += isnan(ratios[count]) ? 0 : 1;
    }
    qsort(ratios, count, sizeof *ratios, by_value);
    *out = count > 0 ? (ratios[(count - 1) / 2] + ratios[count / 2]) / 2 : (double)NAN;
    rcx_free(ratios);
    return RCX_OK;
}
