/* The tables of the value stage. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/importance.h"
#include "ml/metrics/ranking.h"
#include "ml/tasks/clv/clv_report.h"
#include "ml/tasks/table_filling.h"

static void add_ids(struct rcx_filling *filling, const struct rcx_column *id)
{
    rcx_filling_add(filling, "customer_id", id->type);
    if (!filling->failed && id->type == RCX_TYPE_TEXT)
        filling->table.columns[0].dictionary = rcx_strings_retain(id->dictionary);
}

/* --- backtest ----------------------------------------------------------------------------------- */

enum { BACKTEST_FIXED = 10 };

static void put_backtest(struct rcx_filling *filling, const struct rcx_clv_origin *origin,
                         size_t judged, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    columns[0].i32[row] = origin->at.day;
    columns[1].codes[row] = (uint32_t)judged;
    columns[2].codes[row] = (uint32_t)(judged == RCX_CLV_DELIVERED ? (size_t)origin->chosen
                                                                   : judged);
    columns[3].booleans[row] = origin->at.counts;
    columns[4].i32[row] = (int32_t)origin->at.train_snapshots;
    columns[5].i64[row] = (int64_t)origin->at.train_rows;
    columns[6].i64[row] = (int64_t)origin->at.rows;
    columns[7].i64[row] = (int64_t)origin->negative;
    columns[8].i64[row] = (int64_t)origin->zero;
    columns[9].reals[row] = origin->mean_target;
    for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
        columns[BACKTEST_FIXED + m].reals[row] = origin->metrics[judged][m];
    columns[BACKTEST_FIXED + RCX_CLV_METRIC_COUNT].reals[row] = origin->calibrated_total;
    columns[BACKTEST_FIXED + RCX_CLV_METRIC_COUNT + 1].reals[row] = origin->coverage;
}

/* The rows of means have no date. */
static void put_means(struct rcx_filling *filling, const struct rcx_clv_evaluation *evaluation,
                      size_t judged, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    columns[1].codes[row] = (uint32_t)judged;
    columns[2].codes[row] = (uint32_t)(judged == RCX_CLV_DELIVERED ? (size_t)evaluation->chosen
                                                                   : judged);
    columns[3].booleans[row] = true;
    columns[0].i32[row] = columns[4].i32[row] = 0;
    columns[9].reals[row] = NAN;
    rcx_filling_set_null(filling, 0, row);
    rcx_filling_set_null(filling, 4, row);
    for (size_t c = 5; c <= 8; c++) {
        columns[c].i64[row] = 0;
        rcx_filling_set_null(filling, c, row);
    }
    for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
        columns[BACKTEST_FIXED + m].reals[row] = evaluation->mean[judged][m];
    columns[BACKTEST_FIXED + RCX_CLV_METRIC_COUNT].reals[row] = NAN;
    columns[BACKTEST_FIXED + RCX_CLV_METRIC_COUNT + 1].reals[row] = evaluation->mean_coverage;
}

enum rcx_status rcx_clv_backtest_table(const struct rcx_clv_evaluation *evaluation,
                                       struct rcx_table *out, struct rcx_error *err)
{
    static const char *const counts[] = {"train_rows", "rows", "negative", "zero"};
    const char *names[RCX_CLV_JUDGED];
    struct rcx_filling filling = {0};
    for (size_t c = 0; c < RCX_CLV_JUDGED; c++)
        names[c] = rcx_clv_judged_name(c);
    rcx_filling_add(&filling, "origin", RCX_TYPE_DATE);
    rcx_filling_add(&filling, "model", RCX_TYPE_TEXT);
    rcx_filling_add(&filling, "candidate", RCX_TYPE_TEXT);
    rcx_filling_add(&filling, "counts", RCX_TYPE_BOOL);
    rcx_filling_add(&filling, "train_snapshots", RCX_TYPE_INT32);
    for (size_t k = 0; k < 4; k++)
        rcx_filling_add(&filling, counts[k], RCX_TYPE_INT64);
    rcx_filling_add(&filling, "mean_target", RCX_TYPE_REAL);
    for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
        rcx_filling_add(&filling, rcx_clv_metric_name((enum rcx_clv_metric)m), RCX_TYPE_REAL);
    rcx_filling_add(&filling, "calibrated_total_error_pct", RCX_TYPE_REAL);
    rcx_filling_add(&filling, "interval_coverage", RCX_TYPE_REAL);
    rcx_filling_set_texts(&filling, 1, names, RCX_CLV_JUDGED);
    rcx_filling_set_texts(&filling, 2, names, RCX_CLV_JUDGED);
    if (rcx_filling_resize(&filling, (evaluation->origin_count + 1) * RCX_CLV_JUDGED)) {
        for (size_t row = 0; row < filling.table.rows; row++) {
            size_t origin = row / RCX_CLV_JUDGED, judged = row % RCX_CLV_JUDGED;
            if (origin < evaluation->origin_count)
                put_backtest(&filling, &evaluation->origins[origin], judged, row);
            else
                put_means(&filling, evaluation, judged, row);
        }
    }
    return rcx_filling_finish(&filling, "clv backtest", out, err);
}

/* --- deciles ------------------------------------------------------------------------------------ */

enum { DECILES = 10 };

struct decile {
    double rows, from, to, predicted, actual, covered, width;
};

static struct decile sum_decile(const struct rcx_clv_evaluation *evaluation, const double *target,
                                const uint32_t *order, size_t first, size_t end)
{
    const double *value = rcx_clv_test(evaluation)->value[RCX_CLV_DELIVERED];
    const struct rcx_clv_ranges *ranges = &rcx_clv_test(evaluation)->ranges;
    struct decile sum = {.rows = (double)(end - first)};
    sum.to = end > first ? value[order[first]] : (double)NAN;
    sum.from = end > first ? value[order[end - 1]] : (double)NAN;
    for (size_t k = first; k < end; k++) {
        size_t i = order[k];
        double y = fmax(target[i], 0);
        sum.predicted += value[i];
        sum.actual += target[i];
        sum.covered += y >= ranges->low[i] && y <= ranges->high[i];
        sum.width += ranges->high[i] - ranges->low[i];
    }
    return sum;
}

static void put_decile(struct rcx_filling *filling, struct decile sum, double total, double *so_far,
                       size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    *so_far += sum.actual;
    const double values[] = {sum.from,
                             sum.to,
                             sum.predicted,
                             sum.actual,
                             sum.predicted / sum.rows,
                             sum.actual / sum.rows,
                             sum.actual > 0 ? 100 * (sum.predicted / sum.actual - 1) : (double)NAN,
                             sum.actual / total,
                             *so_far / total,
                             sum.covered / sum.rows,
                             sum.width / sum.rows};
    columns[0].i32[row] = (int32_t)row + 1;
    columns[1].i64[row] = (int64_t)sum.rows;
    for (size_t c = 0; c < sizeof values / sizeof values[0]; c++)
        columns[2 + c].reals[row] = values[c];
}

enum rcx_status rcx_clv_decile_table(const struct rcx_clv_evaluation *evaluation,
                                     const struct rcx_clv_data *data, struct rcx_table *out,
                                     struct rcx_error *err)
{
    static const char *const reals[] = {"value_from",      "value_to",           "predicted",
                                        "actual",          "mean_predicted",     "mean_actual",
                                        "total_error_pct", "share_of_revenue",   "cumulative_share",
                                        "coverage",        "mean_interval_width"};
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    const double *target = data->target[evaluation->horizon] + test->at.first;
    struct rcx_ranking ranking = {0};
    struct rcx_filling filling = {0};
    double so_far = 0;
    enum rcx_status status = rcx_ranking_build(test->value[RCX_CLV_DELIVERED], test->at.rows, NULL,
                                               &ranking, err);
    if (status != RCX_OK)
        return status;
    rcx_filling_add(&filling, "decile", RCX_TYPE_INT32);
    rcx_filling_add(&filling, "customers", RCX_TYPE_INT64);
    rcx_filling_add_reals(&filling, reals, sizeof reals / sizeof reals[0]);
    if (rcx_filling_resize(&filling, DECILES)) {
        for (size_t d = 0; d < DECILES; d++)
            put_decile(&filling,
                       sum_decile(evaluation, target, ranking.order, test->at.rows * d / DECILES,
                                  test->at.rows * (d + 1) / DECILES),
                       test->mean_target * (double)test->at.rows, &so_far, d);
    }
    rcx_ranking_release(&ranking);
    return rcx_filling_finish(&filling, "clv deciles", out, err);
}

/* --- what was judged ---------------------------------------------------------------------------- */

enum { RANGES = RCX_CLV_QUANTILES + 2 };

static void put_judged(struct rcx_filling *filling, const struct rcx_clv_evaluation *evaluation,
                       const struct rcx_clv_data *data, const struct rcx_clv_origin *origin,
                       size_t target_row, size_t at)
{
    struct rcx_column *columns = filling->table.columns;
    const struct rcx_column *id = &data->targets.columns[0];
    const struct rcx_clv_ranges *ranges = &origin->ranges;
    bool test = origin == rcx_clv_test(evaluation);
    size_t width = rcx_type_bytes(id->type);
    memcpy((char *)columns[0].values + at * width, (const char *)id->values + target_row * width,
           origin->at.rows * width);
    for (size_t i = 0; i < origin->at.rows; i++) {
        columns[1].i32[at + i] = origin->at.day;
        columns[2].booleans[at + i] = test;
        columns[3].reals[at + i] = data->target[evaluation->horizon][origin->at.first + i];
        columns[4].reals[at + i] = data->last_revenue[origin->at.first + i];
        for (size_t c = 0; c < RCX_CLV_JUDGED; c++)
            columns[5 + c].reals[at + i] = origin->value[c][i];
        for (size_t q = 0; q < RANGES; q++) {
            const double *from = q < RCX_CLV_QUANTILES    ? ranges->quantile[q]
                                 : q == RCX_CLV_QUANTILES ? ranges->low
                                                          : ranges->high;
            columns[5 + RCX_CLV_JUDGED + q].reals[at + i] = from[i];
        }
    }
}

/* First row of a snapshot in `targets`, which holds all snapshots. */
static size_t target_row(const struct rcx_clv_data *data, size_t snapshot)
{
    size_t row = 0;
    for (size_t s = 0; s < snapshot; s++)
        row += data->snapshots[s].table_rows;
    return row;
}

enum rcx_status rcx_clv_judged_table(const struct rcx_clv_evaluation *evaluation,
                                     const struct rcx_clv_data *data, struct rcx_table *out,
                                     struct rcx_error *err)
{
    static const char *const ranges[RANGES] = {"q10", "q50", "q90", "interval_low",
                                               "interval_high"};
    struct rcx_filling filling = {0};
    size_t rows = 0;
    add_ids(&filling, &data->targets.columns[0]);
    rcx_filling_add(&filling, "snapshot_date", RCX_TYPE_DATE);
    rcx_filling_add(&filling, "test", RCX_TYPE_BOOL);
    rcx_filling_add(&filling, "target", RCX_TYPE_REAL);
    rcx_filling_add(&filling, "window_revenue", RCX_TYPE_REAL);
    for (size_t c = 0; c < RCX_CLV_JUDGED; c++)
        rcx_filling_add(&filling, rcx_clv_judged_name(c), RCX_TYPE_REAL);
    rcx_filling_add_reals(&filling, ranges, RANGES);
    for (size_t o = 0; o < evaluation->origin_count; o++)
        rows += evaluation->origins[o].at.rows;
    if (rcx_filling_resize(&filling, rows)) {
        rows = 0;
        for (size_t o = 0; o < evaluation->origin_count; o++) {
            const struct rcx_clv_origin *origin = &evaluation->origins[o];
            put_judged(&filling, evaluation, data, origin, target_row(data, origin->at.snapshot),
                       rows);
            rows += origin->at.rows;
        }
    }
    return rcx_filling_finish(&filling, "clv evaluation", out, err);
}

/* --- importance --------------------------------------------------------------------------------- */

enum rcx_status rcx_clv_importance_table(const struct rcx_clv_model *model, struct rcx_table *out,
                                         struct rcx_error *err)
{
    static const char *const reals[] = {"gain", "gain_share", "splits"};
    const struct rcx_gbdt_model *trees = rcx_clv_fit_trees(&model->fit, model->trees);
    size_t inputs = model->inputs.count;
    struct rcx_filling filling = {0};
    double *gain = rcx_calloc(2 * inputs, sizeof *gain), *splits = gain ? gain + inputs : NULL;
    double sum = 0;
    size_t *order = rcx_malloc_array(inputs, sizeof *order);
    filling.failed = !gain || !order;
    if (!filling.failed && trees) {
        rcx_gbdt_importance_gain(trees, gain);
        rcx_gbdt_importance_split(trees, splits);
    }
    rcx_filling_add(&filling, "feature", RCX_TYPE_TEXT);
    rcx_filling_add_reals(&filling, reals, 3);
    rcx_filling_add(&filling, "delivered", RCX_TYPE_BOOL);
    rcx_filling_set_texts(&filling, 0, (const char *const *)model->inputs.names, inputs);
    if (rcx_filling_resize(&filling, inputs) && gain && order) {
        struct rcx_column *columns = filling.table.columns;
        rcx_gbdt_importance_order(gain, inputs, order);
        for (size_t i = 0; i < inputs; i++)
            sum += gain[i];
        for (size_t i = 0; i < inputs; i++) {
            columns[0].codes[i] = (uint32_t)order[i];
            columns[1].reals[i] = gain[order[i]];
            columns[2].reals[i] = sum > 0 ? gain[order[i]] / sum : 0;
            columns[3].reals[i] = splits[order[i]];
            columns[4].booleans[i] = model->chosen == model->trees;
        }
    }
    rcx_free(gain);
    rcx_free(order);
    return rcx_filling_finish(&filling, "clv importance", out, err);
}

/* --- holdout of the behaviour model ------------------------------------------------------------- */

enum { FREQUENCIES = 8, HOLDOUT_SUMS = 5 }; /* 0..6, 7 and more */

enum rcx_status rcx_clv_holdout_table(const struct rcx_clv_evaluation *evaluation,
                                      const struct rcx_clv_data *data, struct rcx_table *out,
                                      struct rcx_error *err)
{
    static const char *const reals[] = {"mean_expected_value", "mean_actual_value",
                                        "mean_p_no_purchase", "share_silent"};
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    const size_t at = data->inputs.without_behaviour;
    const double *frequency = data->columns[at] + test->at.first;
    const double *silence = data->columns[at + 3] + test->at.first;
    double sums[FREQUENCIES][HOLDOUT_SUMS] = {{0}}, silent[FREQUENCIES][2] = {{0}};
    struct rcx_filling filling = {0};
    for (size_t i = 0; i < test->at.rows; i++) {
        size_t f = frequency[i] < FREQUENCIES - 1 ? (size_t)frequency[i] : FREQUENCIES - 1;
        double churned = data->churned[test->at.first + i];
        sums[f][0]++;
        sums[f][1] += test->value[RCX_CLV_BEHAVIOUR][i];
        sums[f][2] += data->target[evaluation->horizon][test->at.first + i];
        sums[f][3] += silence[i];
        silent[f][0] += !isnan(churned);
        silent[f][1] += isnan(churned) ? 0 : churned;
    }
    rcx_filling_add(&filling, "repeat_purchases", RCX_TYPE_INT32);
    rcx_filling_add(&filling, "and_more", RCX_TYPE_BOOL);
    rcx_filling_add(&filling, "customers", RCX_TYPE_INT64);
    rcx_filling_add_reals(&filling, reals, 4);
    if (rcx_filling_resize(&filling, FREQUENCIES)) {
        struct rcx_column *columns = filling.table.columns;
        for (size_t f = 0; f < FREQUENCIES; f++) {
            double rows = sums[f][0] > 0 ? sums[f][0] : (double)NAN;
            columns[0].i32[f] = (int32_t)f;
            columns[1].booleans[f] = f == FREQUENCIES - 1;
            columns[2].i64[f] = (int64_t)sums[f][0];
            for (size_t k = 1; k <= 3; k++)
                columns[2 + k].reals[f] = sums[f][k] / rows;
            columns[6].reals[f] = silent[f][0] > 0 ? silent[f][1] / silent[f][0] : (double)NAN;
        }
    }
    return rcx_filling_finish(&filling, "behaviour holdout", out, err);
}
