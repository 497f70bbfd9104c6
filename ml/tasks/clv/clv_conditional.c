#include "ml/tasks/clv/clv_conditional.h"

#include <math.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"

enum { FEWEST_ROWS = 100, FEWEST_POSITIVE = 20 };

void rcx_clv_conditional_release(struct rcx_clv_conditional *conditional)
{
    rcx_gbdt_model_release(&conditional->trees[0]);
    rcx_gbdt_model_release(&conditional->trees[1]);
    *conditional = (struct rcx_clv_conditional){0};
}

static bool is_constant(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[0])
            return false;
    }
    return true;
}

/* Rows of the group, their labels, its means. */
static size_t pick(const struct rcx_clv_data *data, size_t train_rows, size_t horizon,
                   const double *expected, int group, uint32_t *picks, double *label,
                   struct rcx_clv_conditional *out)
{
    double sum = 0, sum_expected = 0, with_expected = 0;
    size_t count = 0;
    for (size_t i = 0; i < train_rows; i++) {
        double y = fmax(data->target[horizon][i], 0), churned = data->churned[i];
        if (isnan(churned) || isnan(data->target[horizon][i]) ||
            (churned != 0) != (group == RCX_CLV_LAPSED))
            continue;
        picks[count] = (uint32_t)i;
        label[count++] = y;
        sum += y;
        out->positive[group] += y > 0;
        if (!isnan(expected[i])) {
            sum_expected += expected[i];
            with_expected += y;
        }
    }
    out->rows[group] = count;
    out->mean[group] = count > 0 ? sum / (double)count : 0;
    out->ratio[group] = sum_expected > 0 ? with_expected / sum_expected : 0;
    return count;
}

static enum rcx_status train_group(const struct rcx_clv_data *data,
                                   const struct rcx_parallel *parallel, int group,
                                   const uint32_t *picks, const double *label,
                                   struct rcx_clv_conditional *out, struct rcx_error *err)
{
    struct rcx_gbdt_params params;
    size_t count = out->rows[group];
    if (count < FEWEST_ROWS || out->positive[group] < FEWEST_POSITIVE || is_constant(label, count))
        return RCX_OK;
    rcx_clv_plain_params(data->cfg, &params);
    params.objective = RCX_GBDT_TWEEDIE;
    const struct rcx_clv_boost boost = {
        .params = &params, .count = count, .picks = picks, .label = label, .parallel = *parallel};
    enum rcx_status status = rcx_clv_boost(data, &boost, &out->trees[group], err);
    rcx_gbdt_params_release(&params);
    return status;
}

enum rcx_status rcx_clv_conditional_train(const struct rcx_clv_data *data, size_t train_rows,
                                          size_t horizon, const struct rcx_parallel *parallel,
                                          struct rcx_clv_conditional *out, struct rcx_error *err)
{
    struct rcx_clv_conditional conditional = {0};
    uint32_t *picks = rcx_malloc_array(train_rows + 1, sizeof *picks);
    double *label = rcx_malloc_array(2 * train_rows + 1, sizeof *label);
    enum rcx_status status = RCX_OK;
    if (!picks || !label)
        status = rcx_fail_nomem(err, "clv training", 2 * train_rows * sizeof *label);
    else
        rcx_clv_expected(data->anchor_days, (const double *const *)data->anchor, data->order_value,
                         train_rows, data->horizon_days[horizon], label + train_rows);
    for (int group = 0; status == RCX_OK && group < 2; group++) {
        (void)pick(data, train_rows, horizon, label + train_rows, group, picks, label,
                   &conditional);
        status = train_group(data, parallel, group, picks, label, &conditional, err);
    }
    rcx_free(picks);
    rcx_free(label);
    if (status == RCX_OK)
        *out = conditional;
    else
        rcx_clv_conditional_release(&conditional);
    return status;
}

enum rcx_status rcx_clv_conditional_predict(const struct rcx_clv_conditional *conditional,
                                            const struct rcx_clv_view *view,
                                            const struct rcx_parallel *parallel, double *out_active,
                                            double *out_lapsed, size_t *out_limited,
                                            struct rcx_error *err)
{
    double *const out[2] = {[RCX_CLV_LAPSED] = out_lapsed, [RCX_CLV_ACTIVE] = out_active};
    enum rcx_status status = RCX_OK;
    size_t limited = 0;
    for (int group = 0; status == RCX_OK && group < 2; group++) {
        const struct rcx_gbdt_model *model = &conditional->trees[group];
        for (size_t i = 0; model->tree_count == 0 && i < view->matrix.rows; i++)
            out[group][i] = conditional->mean[group];
        if (model->tree_count > 0)
            status = rcx_gbdt_predict(model, &view->matrix,
                                      &(struct rcx_gbdt_predict_options){.transform = true},
                                      parallel, out[group], err);
    }
    for (size_t i = 0; status == RCX_OK && i < view->matrix.rows; i++) {
        limited += out_lapsed[i] > out_active[i];
        out_lapsed[i] = fmin(out_lapsed[i], out_active[i]);
    }
    if (status == RCX_OK && out_limited)
        *out_limited = limited;
    return status;
}
