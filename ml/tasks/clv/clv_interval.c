#include "ml/tasks/clv/clv_interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"

const double rcx_clv_quantiles[RCX_CLV_QUANTILES] = {.1, .5, .9};
static const double ORIGIN_SHARE = .75;

enum {
    GROUP_ROWS = 100,   /* fewest scores of a group */
    FEWEST_SCORES = 20, /* of an origin in a group */
    FEWEST_ROWS = 30,   /* of a model */
    MOST_SCORES = 200000
};

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
    params.learning_rate = data->cfg->interval_learning_rate;
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
    size_t part;
};

static int by_upper(const void *a, const void *b)
{
    double x = ((const struct score *)a)->upper, y = ((const struct score *)b)->upper;
    return (x > y) - (x < y);
}

static int by_part_and_score(const void *a, const void *b)
{
    const struct score *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return (x->score > y->score) - (x->score < y->score);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted scores of one origin, the one that so many hold, one more counted. */
static double conformal_quantile(const struct score *scores, size_t count, double coverage)
{
    double rank = ceil(coverage * (double)(count + 1));
    size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    return scores[at < count ? at : count - 1].score;
}

/* Between two of the sorted values, so that the share `at` of the way is behind. */
static double interpolated(double *values, size_t count, double at)
{
    double place = at * (double)(count - 1);
    size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    qsort(values, count, sizeof *values, by_value);
    return values[below] + (place - (double)below) * (values[above] - values[below]);
}

/* What three of four origins would have done with.
 *  moves  [origins] scratch */
static double fit_group(struct score *scores, size_t count, double coverage, double *moves)
{
    size_t origins = 0;
    qsort(scores, count, sizeof *scores, by_part_and_score);
    for (size_t first = 0, end = 0; first < count; first = end) {
        while (end < count && scores[end].part == scores[first].part)
            end++;
        if (end - first >= FEWEST_SCORES || (end == count && origins == 0))
            moves[origins++] = conformal_quantile(scores + first, end - first, coverage);
    }
    return interpolated(moves, origins, ORIGIN_SHARE);
}

/* Where each group begins and by how much it is moved. */
static void fit_groups(struct score *scores, size_t rows, double coverage, double *moves,
                       struct rcx_clv_conformal *out)
{
    size_t groups = rows / GROUP_ROWS;
    qsort(scores, rows, sizeof *scores, by_upper);
    out->groups = groups < 1 ? 1 : groups < RCX_CLV_GROUPS ? groups : RCX_CLV_GROUPS;
    for (size_t g = 0, first = 0; g < out->groups; g++) {
        size_t end = rows * (g + 1) / out->groups;
        while (end > first && end < rows && scores[end].upper == scores[end - 1].upper)
            end++; /* equal ones stay together */
        out->upper_from[g] = g == 0 ? -INFINITY : first < rows ? scores[first].upper : INFINITY;
        if (end > first)
            out->moved[g] = fit_group(scores + first, end - first, coverage, moves);
        first = end > first ? end : first;
    }
}

/* Every step-th row of a part; returns how many. */
static size_t score_part(const struct rcx_clv_part *parts, size_t p, double unit, size_t step,
                         struct score *out)
{
    const struct rcx_clv_part *part = &parts[p];
    const struct rcx_clv_ranges *ranges = part->ranges;
    size_t count = 0;
    for (size_t i = 0; i < ranges->rows; i += step) {
        double low = ranges->quantile[0][i], high = ranges->quantile[2][i];
        double y = fmax(part->target[i], 0), outside = y - high;
        if (low > 0)
            outside = fmax(outside, low - y);
        out[count++] = (struct score){high, outside / width_of(ranges, unit, i), p};
    }
    return count;
}

enum rcx_status rcx_clv_conformal_fit(const struct rcx_clv_part *parts, size_t count,
                                      double coverage, struct rcx_clv_conformal *out,
                                      struct rcx_error *err)
{
    size_t rows = 0, taken = 0;
    double sum = 0;
    for (size_t p = 0; p < count; p++) {
        rows += parts[p].ranges->rows;
        for (size_t i = 0; i < parts[p].ranges->rows; i++)
            sum += fmax(parts[p].target[i], 0);
    }
    struct rcx_clv_conformal conformal = {.unit = fmax(sum / (double)rows, 1) / 100};
    size_t step = rows / MOST_SCORES + 1;
    struct score *scores = rcx_malloc_array(rows / step + count + 1, sizeof *scores);
    double *moves = rcx_malloc_array(count, sizeof *moves);
    if (!scores || !moves) {
        rcx_free(scores);
        rcx_free(moves);
        return rcx_fail_nomem(err, "clv intervals", rows / step * sizeof *scores);
    }
    for (size_t p = 0; p < count; p++)
        taken += score_part(parts, p, conformal.unit, step, scores + taken);
    conformal.rows = taken;
    fit_groups(scores, taken, coverage, moves, &conformal);
    rcx_free(scores);
    rcx_free(moves);
    *out = conformal;
    return RCX_OK;
}
