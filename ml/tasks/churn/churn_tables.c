/* The tables of the churn stage. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/importance.h"
#include "ml/tasks/churn/churn_report.h"

/* A table that is filled row by row, or not at all: errors are looked at once, at the end. */
struct filling {
    struct rcx_table table;
    bool failed;
};

static struct rcx_column *add(struct filling *filling, const char *name, enum rcx_type type)
{
    struct rcx_column *column = filling->failed ? NULL : rcx_table_add(&filling->table, name, type);
    filling->failed = filling->failed || !column;
    return column;
}

static void add_reals(struct filling *filling, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)add(filling, names[i], RCX_TYPE_REAL);
}

/* Texts to choose from, for a column of codes. */
static void set_texts(struct filling *filling, size_t column, const char *const *texts,
                      size_t count)
{
    uint64_t bytes = 0, at = 0;
    if (filling->failed)
        return;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    struct rcx_strings *strings = rcx_strings_new((uint32_t)count, bytes);
    filling->failed = !strings;
    if (!strings)
        return;
    strings->offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(strings->bytes + at, texts[i], strlen(texts[i]));
        at += strlen(texts[i]);
        strings->offsets[i + 1] = at;
    }
    filling->table.columns[column].dictionary = strings;
}

static bool resize(struct filling *filling, size_t rows)
{
    filling->failed = filling->failed || !rcx_table_resize(&filling->table, rows);
    return !filling->failed;
}

static void set_null(struct filling *filling, size_t column, size_t row)
{
    if (!rcx_column_set_null(&filling->table.columns[column], row))
        filling->failed = true;
}

static enum rcx_status finish(struct filling *filling, const char *what, struct rcx_table *out,
                              struct rcx_error *err)
{
    if (filling->failed) {
        rcx_table_release(&filling->table);
        return rcx_fail_nomem(err, what, 0);
    }
    *out = filling->table;
    return RCX_OK;
}

/* --- statistics of the labels ------------------------------------------------------------------- */

enum { CLASSES = 3 };

/* Of class 0: all, 1: retained, 2: churned. */
static double mean_of(const double sums[2], size_t class, const size_t counts[2])
{
    double sum = class == 0 ? sums[0] + sums[1] : sums[class - 1];
    size_t count = class == 0 ? counts[0] + counts[1] : counts[class - 1];
    return count > 0 ? sum / (double)count : (double)NAN;
}

static void put_statistics(struct filling *filling, const struct rcx_churn_snapshot *snapshot,
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
    struct filling filling = {0};
    char name[32];
    (void)add(&filling, "snapshot_date", RCX_TYPE_DATE);
    (void)add(&filling, "class", RCX_TYPE_TEXT);
    (void)add(&filling, "customers", RCX_TYPE_INT64);
    (void)add(&filling, "feature_rows", RCX_TYPE_INT64);
    (void)add(&filling, "eligible", RCX_TYPE_INT64);
    (void)add(&filling, "window_days_covered", RCX_TYPE_INT32);
    add_reals(&filling, reals, 4);
    for (size_t k = 0; k < RCX_CHURN_SENSITIVITY; k++) {
        snprintf(name, sizeof name, "churn_rate_%" PRId32 "d", rcx_churn_sensitivity_days[k]);
        (void)add(&filling, name, RCX_TYPE_REAL);
    }
    set_texts(&filling, 1, classes, CLASSES);
    if (resize(&filling, data->snapshot_count * CLASSES)) {
        for (size_t row = 0; row < filling.table.rows; row++)
            put_statistics(&filling, &data->snapshots[row / CLASSES], row % CLASSES, row);
    }
    return finish(&filling, "churn statistics", out, err);
}

/* --- backtest ----------------------------------------------------------------------------------- */

static void put_backtest(struct filling *filling, const struct rcx_churn_data *data,
                         const struct rcx_churn_origin *origin, size_t judged, size_t row)
{
    struct rcx_column *columns = filling->table.columns;
    size_t positives = data->snapshots[origin->snapshot].positives;
    bool trees = judged == RCX_CHURN_TREES || judged == RCX_CHURN_BLEND ||
                 judged == RCX_CHURN_TREES_PLAIN;
    columns[0].i32[row] = origin->day;
    columns[1].codes[row] = (uint32_t)judged;
    columns[2].codes[row] = (uint32_t)(judged == RCX_CHURN_DELIVERED ? (size_t)origin->chosen
                                                                     : judged);
    columns[3].codes[row] = (uint32_t)(judged == RCX_CHURN_DELIVERED ? origin->calibration.kind
                                                                     : 0);
    columns[4].booleans[row] = origin->counts;
    columns[5].i32[row] = (int32_t)origin->train_snapshots;
    columns[6].i64[row] = (int64_t)origin->train_rows;
    columns[7].i64[row] = (int64_t)origin->rows;
    columns[8].reals[row] = (double)positives / (double)origin->rows;
    columns[9].i32[row] = (int32_t)origin->tree_count;
    if (!trees)
        set_null(filling, 9, row);
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        columns[10 + m].reals[row] = origin->metrics[judged][m];
}

/* The row of means has no date: null. */
static void put_means(struct filling *filling, const struct rcx_churn_evaluation *evaluation,
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
            set_null(filling, c, row);
    }
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        columns[10 + m].reals[row] = evaluation->mean[judged][m];
}

enum rcx_status rcx_churn_backtest_table(const struct rcx_churn_evaluation *evaluation,
                                         const struct rcx_churn_data *data, struct rcx_table *out,
                                         struct rcx_error *err)
{
    const char *names[RCX_CHURN_JUDGED], *kinds[3];
    struct filling filling = {0};
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++)
        names[c] = rcx_churn_judged_name(c);
    for (int k = 0; k < 3; k++)
        kinds[k] = rcx_calibration_name((enum rcx_calibration_kind)k);
    (void)add(&filling, "origin", RCX_TYPE_DATE);
    (void)add(&filling, "model", RCX_TYPE_TEXT);
    (void)add(&filling, "candidate", RCX_TYPE_TEXT);
    (void)add(&filling, "calibration", RCX_TYPE_TEXT);
    (void)add(&filling, "counts", RCX_TYPE_BOOL);
    (void)add(&filling, "train_snapshots", RCX_TYPE_INT32);
    (void)add(&filling, "train_rows", RCX_TYPE_INT64);
    (void)add(&filling, "rows", RCX_TYPE_INT64);
    (void)add(&filling, "churn_rate", RCX_TYPE_REAL);
    (void)add(&filling, "trees", RCX_TYPE_INT32);
    for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
        (void)add(&filling, rcx_binary_metric_name((enum rcx_binary_metric)m), RCX_TYPE_REAL);
    set_texts(&filling, 1, names, RCX_CHURN_JUDGED);
    set_texts(&filling, 2, names, RCX_CHURN_JUDGED);
    set_texts(&filling, 3, kinds, 3);
    if (resize(&filling, (evaluation->origin_count + 1) * RCX_CHURN_JUDGED)) {
        for (size_t row = 0; row < filling.table.rows; row++) {
            size_t origin = row / RCX_CHURN_JUDGED, judged = row % RCX_CHURN_JUDGED;
            if (origin < evaluation->origin_count)
                put_backtest(&filling, data, &evaluation->origins[origin], judged, row);
            else
                put_means(&filling, evaluation, judged, row);
        }
    }
    return finish(&filling, "churn backtest", out, err);
}

/* --- threshold ---------------------------------------------------------------------------------- */

enum rcx_status rcx_churn_threshold_table(const struct rcx_churn_threshold *threshold,
                                          struct rcx_table *out, struct rcx_error *err)
{
    static const char *const reals[] = {"threshold",
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
    static const char *const best[] = {"best_profit", "best_f1", "best_f2", "best_youden"};
    enum { REALS = 12, BEST = 4 };
    const struct rcx_threshold_curve *curve = &threshold->curve;
    const size_t at[BEST] = {curve->best_profit, curve->best_f1, curve->best_f2,
                             curve->best_youden};
    struct filling filling = {0};
    add_reals(&filling, reals, REALS);
    for (size_t b = 0; b < BEST; b++)
        (void)add(&filling, best[b], RCX_TYPE_BOOL);
    if (resize(&filling, RCX_THRESHOLD_POINTS)) {
        for (size_t k = 0; k < RCX_THRESHOLD_POINTS; k++) {
            const struct rcx_threshold_point *p = &curve->points[k];
            const double values[REALS] = {p->threshold,
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
            for (size_t c = 0; c < REALS; c++)
                filling.table.columns[c].reals[k] = values[c];
            for (size_t b = 0; b < BEST; b++)
                filling.table.columns[REALS + b].booleans[k] = at[b] == k;
        }
    }
    return finish(&filling, "threshold curve", out, err);
}

/* --- what was judged ---------------------------------------------------------------------------- */

static void put_judged(struct filling *filling, const struct rcx_churn_data *data,
                       const struct rcx_churn_origin *origin, size_t at)
{
    struct rcx_column *columns = filling->table.columns;
    const struct rcx_column *id = &data->labels.columns[0];
    size_t labels = data->snapshots[origin->snapshot].label_first;
    for (size_t i = 0; i < origin->rows; i++) {
        size_t row = origin->first + i, label = labels + data->table_row[row];
        if (id->type == RCX_TYPE_TEXT)
            columns[0].codes[at + i] = id->codes[label];
        else
            columns[0].i64[at + i] = id->i64[label];
        columns[1].i32[at + i] = origin->day;
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
    struct filling filling = {0};
    size_t rows = 0;
    (void)add(&filling, "customer_id", id->type);
    if (!filling.failed && id->type == RCX_TYPE_TEXT)
        filling.table.columns[0].dictionary = rcx_strings_retain(id->dictionary);
    (void)add(&filling, "snapshot_date", RCX_TYPE_DATE);
    (void)add(&filling, "churn", RCX_TYPE_INT32);
    (void)add(&filling, "initial_score", RCX_TYPE_REAL);
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++)
        (void)add(&filling, rcx_churn_judged_name(c), RCX_TYPE_REAL);
    for (size_t o = 0; o < evaluation->origin_count; o++)
        rows += evaluation->origins[o].rows;
    if (resize(&filling, rows)) {
        rows = 0;
        for (size_t o = 0; o < evaluation->origin_count; o++) {
            put_judged(&filling, data, &evaluation->origins[o], rows);
            rows += evaluation->origins[o].rows;
        }
    }
    return finish(&filling, "churn evaluation", out, err);
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
    struct rcx_churn_view view = rcx_churn_view_of(data, test->first, test->rows, columns);
    view.matrix.column_count = evaluation->test_fit.tree_inputs;
    const struct rcx_gbdt_permutation job = {
        .matrix = &view.matrix,
        .label = data->label + test->first,
        .start = evaluation->test_fit.trees_from_offset ? view.offset : NULL,
        .metric = rcx_metric_find("binary_logloss"),
        .repetitions = 1,
        .seed = seed};
    enum rcx_status status = rcx_gbdt_importance_permutation(&evaluation->test_fit.trees, &job,
                                                             parallel, out, err);
    rcx_free(columns);
    return status;
}

static void put_importance(struct filling *filling, const struct rcx_churn_model *model,
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
    struct filling filling = {0};
    double *gain = rcx_calloc(2 * inputs, sizeof *gain);
    size_t *order = rcx_calloc(inputs, sizeof *order);
    enum rcx_status status = gain && order ? RCX_OK : rcx_fail_nomem(err, "importance", inputs);
    if (status == RCX_OK)
        status = permute(evaluation, data, seed, parallel, &permutation, err);
    if (status == RCX_OK) {
        rcx_gbdt_importance_gain(trees, gain);
        rcx_gbdt_importance_split(trees, gain + inputs);
        rcx_gbdt_importance_order(effects, inputs, order);
        (void)add(&filling, "feature", RCX_TYPE_TEXT);
        add_reals(&filling, reals, 4);
        set_texts(&filling, 0, (const char *const *)model->inputs.names, inputs);
        if (resize(&filling, inputs))
            put_importance(&filling, model, gain, gain + inputs, permutation.mean, effects, order);
        status = finish(&filling, "importance", out, err);
    }
    rcx_gbdt_permutation_release(&permutation);
    rcx_free(gain);
    rcx_free(order);
    return status;
}
