/* The tables of the churn stage. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/importance.h"
#include "ml/tasks/churn/churn_report.h"
#include "ml/tasks/table_filling.h"

/* --- statistics of the labels ------------------------------------------------------------------- */

enum { CLASSES = 3 };

/* Of class 0: all, 1: retained, 2: churned. */
static double mean_of(const double sums[2], size_t class, const size_t counts[2])
{
    double sum = class == 0 ? sums[0] + sums[1] : sums[class - 1];
    size_t count = class == 0 ? counts[0] + counts[1] : counts[class - 1];
    return count > 0 ? sum / (double)count : (double)NAN;
}

static void put_statistics(struct rcx_filling *filling, const struct rcx_churn_snapshot *snapshot,
                           size_t class, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    const size_t counts[2] = {snapshot->rows - snapshot->positives, snapshot->positives};
    size_t rows = class == 0 ? snapshot->rows : counts[class - 1];
    columns[0].i32[row] = snapshot->day;
    columns[1].codes[row] = (uint32_t) class;
    columns[2].i64[row] = (int64_t)rows;
    columns[3].i64[row] = (int64_t)snapshot->table_rows;
    columns[4].i64[row] = (int64_t)snapshot->eligible;
    columns[5].i32[row] = snapshot->covered_days;
    columns[6].reals[row] = snapshot->rows > 0 ? (double)rows / (double)snapshot->rows
                                               : (double)NAN;
    columns[7].reals[row] = mean_of(snapshot->recency, class, counts);
    columns[8].reals[row] = mean_of(snapshot->frequency, class, counts);
    columns[9].reals[row] = mean_of(snapshot->revenue, class, counts);
    for (size_t k = 0; k < RCX_CHURN_SENSITIVITY; k++)
        columns[10 + k].reals[row] = class == 0 && snapshot->known[k] > 0
                                         ? snapshot->churned[k] / (double)snapshot->known[k]
                                         : (double)NAN;
}

enum rcx_status rcx_churn_statistics_table(const struct rcx_churn_data *data, struct rcx_table *out,
                                           struct rcx_error *err)
{
    static const char *const classes[CLASSES] = {"all", "retained", "churned"};
    static const char *const reals[] = {"share", "mean_recency_days", "mean_frequency",
                                        "mean_revenue"};
    struct rcx_filling filling = {0};
    char name[32];
    (void)rcx_filling_add(&filling, "snapshot_date", RCX_TYPE_DATE);
    (void)rcx_filling_add(&filling, "class", RCX_TYPE_TEXT);
    (void)rcx_filling_add(&filling, "customers", RCX_TYPE_INT64);
    (void)rcx_filling_add(&filling, "feature_rows", RCX_TYPE_INT64);
    (void)rcx_filling_add(&filling, "eligible", RCX_TYPE_INT64);
    (void)rcx_filling_add(&filling, "window_days_covered", RCX_TYPE_INT32);
    rcx_filling_add_reals(&filling, reals, 4);
    for (size_t k = 0; k < RCX_CHURN_SENSITIVITY; k++) {
        snprintf(name, sizeof name, "churn_rate_%" PRId32 "d", rcx_churn_sensitivity_days[k]);
        (void)rcx_filling_add(&filling, name, RCX_TYPE_REAL);
    }
    rcx_filling_set_texts(&filling, 1, classes, CLASSES);
    if (rcx_filling_resize(&filling, data->snapshot_count * CLASSES)) {
        for (size_t row = 0; row < filling.table.rows; row++)
            put_statistics(&filling, &data->snapshots[row / CLASSES], row % CLASSES, row);
    }
    return rcx_filling_finish(&filling, "churn statistics", out, err);
}

/* --- backtest ----------------------------------------------------------------------------------- */

static void put_backtest(struct rcx_filling *filling, const struct rcx_churn_data *data,
                         const struct rcx_churn_origin *origin, size_t judged, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    size_t positives = data->snapshots[origin->at.snapshot].positives;
    bool trees = judged == RCX_CHURN_TREES || judged == RCX_CHURN_BLEND ||
                 judged == RCX_CHURN_TREES_PLAIN;
    columns[0].i32[row] = origin->at.day;
    columns[1].codes[row] = (uint32_t)judged;
    columns[2].codes[row] = (uint32_t)(judged == RCX_CHURN_DELIVERED ? (size_t)origin->chosen
                                                                     : judged);
    columns[3].codes[row] = (uint32_t)(judged == RCX_CHURN_DELIVERED ? origin->calibration.kind
                                                                     : 0);
    columns[4].booleans[row] = origin->at.counts;
    columns[5].i32[row] = (int32_t)origin->at.train_snapshots;
    columns[6].i64[row] = (int64_t)origin->at.train_rows;
    columns[7].i64[row] = (int64_t)origin->at.rows;
    columns[8].reals[row] = (double)positives / (double)origin->at.rows;
    columns[9].i32[row] = (int32_t)origin->tree_count;
    if (!trees)
        rcx_filling_set_null(filling, 9, row);
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        columns[10 + m].reals[row] = origin->metrics[judged][m];
}

/* The row of means has no date: null. */
static void put_means(struct rcx_filling *filling, const struct rcx_churn_evaluation *evaluation,
                      size_t judged, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    columns[0].i32[row] = 0;
    columns[1].codes[row] = (uint32_t)judged;
    columns[2].codes[row] = (uint32_t)(judged == RCX_CHURN_DELIVERED ? (size_t)evaluation->chosen
                                                                     : judged);
    columns[3].codes[row] = 0;
    columns[4].booleans[row] = true;
    columns[5].i32[row] = 0;
    columns[6].i64[row] = columns[7].i64[row] = 0;
    columns[8].reals[row] = NAN;
    columns[9].i32[row] = 0;
    for (size_t c = 0; c < 10; c++) {
        if (c == 0 || c == 3 || c == 5 || c == 6 || c == 7 || c == 9)
            rcx_filling_set_null(filling, c, row);
    }
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        columns[10 + m].reals[row] = evaluation->mean[judged][m];
}

enum rcx_status rcx_churn_backtest_table(const struct rcx_churn_evaluation *evaluation,
                                         const struct rcx_churn_data *data, struct rcx_table *out,
                                         struct rcx_error *err)
{
    const char *names[RCX_CHURN_JUDGED], *kinds[3];
    struct rcx_filling filling = {0};
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++)
        names[c] = rcx_churn_judged_name(c);
    for (int k = 0; k < 3; k++)
        kinds[k] = rcx_calibration_name((enum rcx_calibration_kind)k);
    (void)rcx_filling_add(&filling, "origin", RCX_TYPE_DATE);
    (void)rcx_filling_add(&filling, "model", RCX_TYPE_TEXT);
    (void)rcx_filling_add(&filling, "candidate", RCX_TYPE_TEXT);
    (void)rcx_filling_add(&filling, "calibration", RCX_TYPE_TEXT);
    (void)rcx_filling_add(&filling, "counts", RCX_TYPE_BOOL);
    (void)rcx_filling_add(&filling, "train_snapshots", RCX_TYPE_INT32);
    (void)rcx_filling_add(&filling, "train_rows", RCX_TYPE_INT64);
    (void)rcx_filling_add(&filling, "rows", RCX_TYPE_INT64);
    (void)rcx_filling_add(&filling, "churn_rate", RCX_TYPE_REAL);
    (void)rcx_filling_add(&filling, "trees", RCX_TYPE_INT32);
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        (void)rcx_filling_add(&filling, rcx_binary_metric_name((enum rcx_binary_metric)m),
                              RCX_TYPE_REAL);
    rcx_filling_set_texts(&filling, 1, names, RCX_CHURN_JUDGED);
    rcx_filling_set_texts(&filling, 2, names, RCX_CHURN_JUDGED);
    rcx_filling_set_texts(&filling, 3, kinds, 3);
    if (rcx_filling_resize(&filling, (evaluation->origin_count + 1) * RCX_CHURN_JUDGED)) {
        for (size_t row = 0; row < filling.table.rows; row++) {
            size_t origin = row / RCX_CHURN_JUDGED, judged = row % RCX_CHURN_JUDGED;
            if (origin < evaluation->origin_count)
                put_backtest(&filling, data, &evaluation->origins[origin], judged, row);
            else
                put_means(&filling, evaluation, judged, row);
        }
    }
    return rcx_filling_finish(&filling, "churn backtest", out, err);
}

/* --- threshold ---------------------------------------------------------------------------------- */

enum curve_kind { OF_THRESHOLD, OF_TEST, CURVES };
enum { CURVE_TEXTS = 2, CURVE_REALS = 12, CURVE_BEST = 4 };

static void put_curve(const struct rcx_threshold_curve *curve, rcx_day day, enum curve_kind kind,
                      struct rcx_column *columns, size_t at)
{
    const size_t best[CURVE_BEST] = {curve->best_profit, curve->best_f1, curve->best_f2,
                                     curve->best_youden};
    for (size_t k = 0; k < RCX_THRESHOLD_POINTS; k++) {
        const struct rcx_threshold_point *p = &curve->points[k];
        const double values[CURVE_REALS] = {p->threshold,
                                            p->true_positives + p->false_positives,
                                            p->true_positives,
                                            p->false_positives,
                                            p->false_negatives,
                                            p->true_negatives,
                                            p->precision,
                                            p->recall,
                                            p->f1,
                                            p->f2,
                                            p->youden,
                                            p->profit};
        columns[0].codes[at + k] = (uint32_t)kind;
        columns[1].i32[at + k] = day;
        for (size_t c = 0; c < CURVE_REALS; c++)
            columns[CURVE_TEXTS + c].reals[at + k] = values[c];
        for (size_t b = 0; b < CURVE_BEST; b++)
            columns[CURVE_TEXTS + CURVE_REALS + b].booleans[at + k] = best[b] == k;
    }
}

enum rcx_status rcx_churn_threshold_table(const struct rcx_churn_evaluation *evaluation,
                                          struct rcx_table *out, struct rcx_error *err)
{
    static const char *const kinds[CURVES] = {"threshold", "test"};
    static const char *const reals[CURVE_REALS] = {"threshold",
                                                   "contacted",
                                                   "true_positives",
                                                   "false_positives",
                                                   "false_negatives",
                                                   "true_negatives",
                                                   "precision",
                                                   "recall",
                                                   "f1",
                                                   "f2",
                                                   "youden",
                                                   "profit"};
    static const char *const best[CURVE_BEST] = {"best_profit", "best_f1", "best_f2",
                                                 "best_youden"};
    const struct rcx_churn_threshold *threshold = &evaluation->threshold;
    size_t of_threshold = threshold->chosen ? RCX_THRESHOLD_POINTS : 0;
    struct rcx_filling filling = {0};
    (void)rcx_filling_add(&filling, "curve", RCX_TYPE_TEXT);
    rcx_filling_set_texts(&filling, 0, kinds, CURVES);
    (void)rcx_filling_add(&filling, "snapshot_date", RCX_TYPE_DATE);
    rcx_filling_add_reals(&filling, reals, CURVE_REALS);
    for (size_t b = 0; b < CURVE_BEST; b++)
        (void)rcx_filling_add(&filling, best[b], RCX_TYPE_BOOL);
    if (rcx_filling_resize(&filling, of_threshold + RCX_THRESHOLD_POINTS)) {
        if (threshold->chosen)
            put_curve(&threshold->curve, threshold->day, OF_THRESHOLD, filling.table.columns, 0);
        put_curve(&threshold->test_curve, rcx_churn_test(evaluation)->at.day, OF_TEST,
                  filling.table.columns, of_threshold);
    }
    return rcx_filling_finish(&filling, "threshold curves", out, err);
}

/* --- what was judged ---------------------------------------------------------------------------- */

static void put_judged(struct rcx_filling *filling, const struct rcx_churn_data *data,
                       const struct rcx_churn_origin *origin, size_t at)
{
    struct rcx_column *columns = filling->table.columns;
    const struct rcx_column *id = &data->labels.columns[0];
    size_t labels = data->snapshots[origin->at.snapshot].label_first;
    for (size_t i = 0; i < origin->at.rows; i++) {
        size_t row = origin->at.first + i, label = labels + data->table_row[row];
        if (id->type == RCX_TYPE_TEXT)
            columns[0].codes[at + i] = id->codes[label];
        else
            columns[0].i64[at + i] = id->i64[label];
        columns[1].i32[at + i] = origin->at.day;
        columns[2].i32[at + i] = data->label[row] != 0;
        columns[3].reals[at + i] = data->offset[row];
        for (size_t c = 0; c < RCX_CHURN_JUDGED; c++)
            columns[4 + c].reals[at + i] = origin->probability[c][i];
    }
}

enum rcx_status rcx_churn_judged_table(const struct rcx_churn_evaluation *evaluation,
                                       const struct rcx_churn_data *data, struct rcx_table *out,
                                       struct rcx_error *err)
{
    const struct rcx_column *id = &data->labels.columns[0];
    struct rcx_filling filling = {0};
    size_t rows = 0;
    (void)rcx_filling_add(&filling, "customer_id", id->type);
    if (!filling.failed && id->type == RCX_TYPE_TEXT)
        filling.table.columns[0].dictionary = rcx_strings_retain(id->dictionary);
    (void)rcx_filling_add(&filling, "snapshot_date", RCX_TYPE_DATE);
    (void)rcx_filling_add(&filling, "churn", RCX_TYPE_INT32);
    (void)rcx_filling_add(&filling, "initial_score", RCX_TYPE_REAL);
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++)
        (void)rcx_filling_add(&filling, rcx_churn_judged_name(c), RCX_TYPE_REAL);
    for (size_t o = 0; o < evaluation->origin_count; o++)
        rows += evaluation->origins[o].at.rows;
    if (rcx_filling_resize(&filling, rows)) {
        rows = 0;
        for (size_t o = 0; o < evaluation->origin_count; o++) {
            put_judged(&filling, data, &evaluation->origins[o], rows);
            rows += evaluation->origins[o].at.rows;
        }
    }
    return rcx_filling_finish(&filling, "churn evaluation", out, err);
}

/* --- importance --------------------------------------------------------------------------------- */

static enum rcx_status permute(const struct rcx_churn_evaluation *evaluation,
                               const struct rcx_churn_data *data, uint64_t seed,
                               const struct rcx_parallel *parallel,
                               struct rcx_gbdt_permutation_result *out, struct rcx_error *err)
{
    const struct rcx_churn_origin *test = rcx_churn_test(evaluation);
    const double **columns = rcx_malloc_array(data->inputs.count, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "importance", data->inputs.count * sizeof *columns);
    struct rcx_churn_view view = rcx_churn_view_of(data, test->at.first, test->at.rows, columns);
    view.matrix.column_count = evaluation->test_fit.tree_inputs;
    const struct rcx_gbdt_permutation job = {
        .matrix = &view.matrix,
        .label = data->label + test->at.first,
        .start = evaluation->test_fit.trees_from_offset ? view.offset : NULL,
        .metric = rcx_metric_find("binary_logloss"),
        .repetitions = 1,
        .seed = seed};
    enum rcx_status status = rcx_gbdt_importance_permutation(&evaluation->test_fit.trees, &job,
                                                             parallel, out, err);
    rcx_free(columns);
    return status;
}

static void put_importance(struct rcx_filling *filling, const struct rcx_churn_model *model,
                           const double *gain, const double *splits, const double *permutation,
                           const double *effects, const size_t *order)
{
    struct rcx_column *columns = filling->table.columns;
    for (size_t row = 0; row < model->inputs.count; row++) {
        size_t input = order[row];
        bool used = input < model->fit.tree_inputs;
        columns[0].codes[row] = (uint32_t)input;
        columns[1].reals[row] = effects[input];
        columns[2].reals[row] = used ? gain[input] : 0;
        columns[3].reals[row] = used ? splits[input] : 0;
        columns[4].reals[row] = used ? permutation[input] : 0;
    }
}

enum rcx_status rcx_churn_importance_table(const struct rcx_churn_model *model,
                                           const struct rcx_churn_evaluation *evaluation,
                                           const struct rcx_churn_data *data, const double *effects,
                                           uint64_t seed, const struct rcx_parallel *parallel,
                                           struct rcx_table *out, struct rcx_error *err)
{
    static const char *const reals[] = {"mean_abs_effect", "gain", "splits", "permutation"};
    size_t inputs = model->inputs.count;
    const struct rcx_gbdt_model *trees = model->chosen == RCX_CHURN_TREES_PLAIN
                                             ? &model->fit.trees_plain
                                             : &model->fit.trees;
    struct rcx_gbdt_permutation_result permutation = {0};
    struct rcx_filling filling = {0};
    double *gain = rcx_calloc(2 * inputs, sizeof *gain);
    size_t *order = rcx_calloc(inputs, sizeof *order);
    enum rcx_status status = gain && order ? RCX_OK : rcx_fail_nomem(err, "importance", inputs);
    if (status == RCX_OK)
        status = permute(evaluation, data, seed, parallel, &permutation, err);
    if (status == RCX_OK) {
        rcx_gbdt_importance_gain(trees, gain);
        rcx_gbdt_importance_split(trees, gain + inputs);
        rcx_gbdt_importance_order(effects, inputs, order);
        (void)rcx_filling_add(&filling, "feature", RCX_TYPE_TEXT);
        rcx_filling_add_reals(&filling, reals, 4);
        rcx_filling_set_texts(&filling, 0, (const char *const *)model->inputs.names, inputs);
        if (rcx_filling_resize(&filling, inputs))
            put_importance(&filling, model, gain, gain + inputs, permutation.mean, effects, order);
        status = rcx_filling_finish(&filling, "importance", out, err);
    }
    rcx_gbdt_permutation_release(&permutation);
    rcx_free(gain);
    rcx_free(order);
    return status;
}
