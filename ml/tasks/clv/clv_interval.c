#include "ml/tasks/clv/clv_interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"

const double rcx_clv_quantiles[RCX_CLV_QUANTILES] = {.1, .5, .9};

enum { GROUP_ROWS = 100, FEWEST_ROWS = 30 }; /* fewest scores of a group; of a model */

bool rcx_clv_mostly_zero(const double *target, size_t count)
{
    size_t zero = 0;
    for (size_t i = 0; i < count; i++)
        zero += target[i] <= 0;
    return 2 * zero > count;
}

enum rcx_status rcx_clv_quantiles_train(const struct rcx_clv_data *data, size_t train_rows,
                                        size_t horizon, const struct rcx_parallel *parallel,
                                        struct rcx_gbdt_model *out, struct rcx_error *err)
{
    struct rcx_gbdt_params params;
    double *label = rcx_malloc_array(train_rows + 1, sizeof *label);
    bool constant = true;
    if (!label)
        return rcx_fail_nomem(err, "clv quantiles", train_rows * sizeof *label);
    for (size_t i = 0; i < train_rows; i++) {
        label[i] = fmax(data->target[horizon][i], 0);
        constant = constant && label[i] == label[0];
    }
    rcx_clv_params(data->cfg, &params);
    params.objective = RCX_GBDT_QUANTILE;
    params.num_iterations = data->cfg->interval_trees;
    params.learning_rate = .1;
    const struct rcx_clv_boost boost = {.params = &params,
                                        .count = train_rows,
                                        .label = label,
                                        .quantiles = rcx_clv_quantiles,
                                        .quantile_count = RCX_CLV_QUANTILES,
                                        .parallel = *parallel};
    enum rcx_status status = RCX_OK;
    if (!constant && train_rows >= FEWEST_ROWS)
        status = rcx_clv_boost(data, &boost, out, err);
    rcx_gbdt_params_release(&params);
    rcx_free(label);
    return status;
}

void rcx_clv_ranges_release(struct rcx_clv_ranges *ranges)
{
    rcx_free(ranges->quantile[0]);
    *ranges = (struct rcx_clv_ranges){0};
}

static double width_of(const struct rcx_clv_ranges *ranges, double unit, size_t i)
{
    return ranges->quantile[2][i] - ranges->quantile[0][i] + unit;
}

static size_t group_of(const struct rcx_clv_conformal *conformal, double upper)
{
    size_t group = conformal->groups - 1;
    while (group > 0 && upper < conformal->upper_from[group])
        group--;
    return group;
}

void rcx_clv_ranges_move(const struct rcx_clv_conformal *conformal, struct rcx_clv_ranges *ranges)
{
    for (size_t i = 0; i < ranges->rows; i++) {
        double low = ranges->quantile[0][i], middle = ranges->quantile[1][i];
        double high = ranges->quantile[2][i], by = 0;
        if (conformal->rows > 0)
            by = conformal->moved[group_of(conformal, high)] * width_of(ranges, conformal->unit, i);
        ranges->low[i] = low > 0 ? fmin(fmax(low - by, 0), middle) : low;
        ranges->high[i] = fmax(high + by, middle);
    }
}

enum rcx_status rcx_clv_ranges_predict(const struct rcx_gbdt_model *models,
                                       const struct rcx_clv_conformal *conformal,
                                       const struct rcx_clv_view *view,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_clv_ranges *out, struct rcx_error *err)
{
    size_t rows = view->matrix.rows;
    struct rcx_clv_ranges ranges = {.rows = rows};
    enum { COLUMNS = RCX_CLV_QUANTILES + 2 };
    double *block = rcx_calloc(COLUMNS * rows + 1, sizeof *block);
    if (!block)
        return rcx_fail_nomem(err, "clv intervals", COLUMNS * rows * sizeof *block);
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        ranges.quantile[q] = block + q * rows;
    ranges.low = block + RCX_CLV_QUANTILES * rows;
    ranges.high = ranges.low + rows;
    enum rcx_status status = RCX_OK;
    for (size_t q = 0; status == RCX_OK && q < RCX_CLV_QUANTILES; q++) {
        if (models[q].tree_count > 0)
            status = rcx_gbdt_predict(&models[q], &view->matrix,
                                      &(struct rcx_gbdt_predict_options){0}, parallel,
                                      ranges.quantile[q], err);
        for (size_t i = 0; status == RCX_OK && i < rows; i++) /* trees may go below 0 a little */
            ranges.quantile[q][i] = fmax(ranges.quantile[q][i], 0);
    }
    rcx_clv_ranges_move(conformal, &ranges);
    if (status == RCX_OK)
        *out = ranges;
    else
        rcx_clv_ranges_release(&ranges);
    return status;
}

/* --- conformal ---------------------------------------------------------------------------------- */

struct score {
    double upper, score;
};

static int by_upper(const void *a, const void *b)
{
    double x = ((const struct score *)a)->upper, y = ((const struct score *)b)->upper;
    return (x > y) - (x < y);
}

static int by_score(const void *a, const void *b)
{
    double x = ((const struct score *)a)->score, y = ((const struct score *)b)->score;
    return (x > y) - (x < y);
}

/* Of the scores of one group (which it sorts). */
static double conformal_quantile(struct score *scores, size_t count, double coverage)
{
    double rank = ceil(coverage * (double)(count + 1));
    size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    qsort(scores, count, sizeof *scores, by_score);
    return scores[at < count ? at : count - 1].score;
}

enum rcx_status rcx_clv_conformal_fit(const struct rcx_clv_ranges *ranges, const double *target,
                                      double coverage, struct rcx_clv_conformal *out,
                                      struct rcx_error *err)
{
    size_t rows = ranges->rows, groups = rows / GROUP_ROWS;
    struct rcx_clv_conformal conformal = {.rows = rows};
    struct score *scores = rcx_malloc_array(rows + 1, sizeof *scores);
    double sum = 0;
    if (!scores)
        return rcx_fail_nomem(err, "clv intervals", rows * sizeof *scores);
    for (size_t i = 0; i < rows; i++)
        sum += fmax(target[i], 0);
    conformal.unit = fmax(sum / (double)rows, 1) / 100;
    for (size_t i = 0; i < rows; i++) {
        double low = ranges->quantile[0][i], high = ranges->quantile[2][i];
        double y = fmax(target[i], 0), outside = y - high;
        if (low > 0)
            outside = fmax(outside, low - y);
        scores[i] = (struct score){high, outside / width_of(ranges, conformal.unit, i)};
    }
    qsort(scores, rows, sizeof *scores, by_upper);
    conformal.groups = groups < 1 ? 1 : groups < RCX_CLV_GROUPS ? groups : RCX_CLV_GROUPS;
    for (size_t g = 0, first = 0; g < conformal.groups; g++) {
        size_t end = rows * (g + 1) / conformal.groups;
        while (end > first && end < rows && scores[end].upper == scores[end - 1].upper)
            end++; /* equal ones stay together */
        conformal.upper_from[g] = g == 0         ? -INFINITY
                                  : first < rows ? scores[first].upper
                                                 : INFINITY;
        if (end > first)
            conformal.moved[g] = conformal_quantile(scores + first, end - first, coverage);
        first = end > first ? end : first;
    }
    rcx_free(scores);
    *out = conformal;
    return RCX_OK;
}
