/* churn_model_metrics.json */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "ml/metrics/reliability.h"
#include "ml/tasks/churn/churn_report.h"

static void put_day(struct rcx_json *json, const char *key, rcx_day day)
{
    char text[RCX_DATE_TEXT_BYTES];
    rcx_json_put_text(json, key, rcx_format_day(day, text));
}

static void put_interval(struct rcx_json *json, const char *key, double value,
                         struct rcx_interval interval)
{
    rcx_json_key(json, key);
    rcx_json_object(json);
    rcx_json_put_real(json, "value", value);
    rcx_json_put_real(json, "low", interval.low);
    rcx_json_put_real(json, "high", interval.high);
    rcx_json_object_end(json);
}

/* --- the split ---------------------------------------------------------------------------------- */

static void put_split(struct rcx_json *json, const struct rcx_churn_report *report)
{
    const struct rcx_churn_data *data = report->data;
    const struct rcx_churn_evaluation *evaluation = report->evaluation;
    const struct rcx_churn_origin *test = rcx_churn_test(evaluation);
    const struct rcx_cfg_churn *cfg = data->cfg;
    size_t labelled = 0;
    rcx_json_key(json, "split");
    rcx_json_object(json);
    rcx_json_put_i64(json, "horizon_days", cfg->horizon_days);
    rcx_json_put_i64(json, "gap_days", cfg->gap_days);
    put_day(json, "test", test->at.day);
    rcx_json_put_u64(json, "test_rows", test->at.rows);
    rcx_json_put_u64(json, "test_churned", data->snapshots[test->at.snapshot].positives);
    rcx_json_put_u64(json, "train_rows", test->at.train_rows);
    rcx_json_put_bool(json, "choices_on_validation", evaluation->split.has_choice);
    rcx_json_put_u64(json, "delivered_train_rows", report->model->fit.train_rows);
    rcx_json_key(json, "train_snapshots");
    rcx_json_array(json);
    for (size_t s = 0; s < data->snapshot_count; s++) {
        char text[RCX_DATE_TEXT_BYTES];
        const struct rcx_churn_snapshot *snapshot = &data->snapshots[s];
        if (snapshot->labelled && snapshot->rows > 0 && labelled++ < evaluation->split.train)
            rcx_json_text(json, rcx_format_day(snapshot->day, text));
    }
    rcx_json_array_end(json);
    rcx_json_object_end(json);
}

/* --- measures at the test ----------------------------------------------------------------------- */

static enum rcx_status put_models(struct rcx_json *json,
                                  const struct rcx_churn_evaluation *evaluation,
                                  struct rcx_error *err)
{
    const struct rcx_bootstrap *bootstrap = &evaluation->bootstrap;
    enum rcx_status status = RCX_OK;
    rcx_json_key(json, "models");
    rcx_json_object(json);
    for (size_t c = 0; status == RCX_OK && c < RCX_CHURN_JUDGED; c++) {
        rcx_json_key(json, rcx_churn_judged_name(c));
        rcx_json_object(json);
        for (size_t m = 0; status == RCX_OK && m < RCX_BINARY_METRIC_COUNT; m++) {
            enum rcx_binary_metric metric = (enum rcx_binary_metric)m;
            struct rcx_interval interval;
            status = rcx_bootstrap_interval(bootstrap, c, metric, &interval, err);
            if (status == RCX_OK)
                put_interval(json, rcx_binary_metric_name(metric),
                             rcx_bootstrap_point(bootstrap, c, metric), interval);
        }
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
    return status;
}

static enum rcx_status put_differences(struct rcx_json *json,
                                       const struct rcx_churn_evaluation *evaluation,
                                       struct rcx_error *err)
{
    static const enum rcx_binary_metric metrics[] = {RCX_BINARY_AUC, RCX_BINARY_AP,
                                                     RCX_BINARY_LOGLOSS, RCX_BINARY_BRIER};
    const struct rcx_bootstrap *bootstrap = &evaluation->bootstrap;
    enum rcx_status status = RCX_OK;
    rcx_json_key(json, "delivered_less_other");
    rcx_json_object(json);
    for (size_t c = 0; status == RCX_OK && c < RCX_CHURN_CANDIDATES; c++) {
        rcx_json_key(json, rcx_churn_judged_name(c));
        rcx_json_object(json);
        for (size_t k = 0; status == RCX_OK && k < sizeof metrics / sizeof metrics[0]; k++) {
            struct rcx_interval interval;
            status = rcx_bootstrap_difference(bootstrap, RCX_CHURN_DELIVERED, c, metrics[k],
                                              &interval, err);
            if (status == RCX_OK)
                put_interval(json, rcx_binary_metric_name(metrics[k]),
                             rcx_bootstrap_point(bootstrap, RCX_CHURN_DELIVERED, metrics[k]) -
                                 rcx_bootstrap_point(bootstrap, c, metrics[k]),
                             interval);
        }
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
    return status;
}

static void put_reliability(struct rcx_json *json, const struct rcx_scored *rows)
{
    struct rcx_reliability_bin bins[RCX_RELIABILITY_BINS];
    rcx_reliability_table(rows, RCX_RELIABILITY_BINS, bins);
    rcx_json_key(json, "reliability");
    rcx_json_array(json);
    for (size_t b = 0; b < RCX_RELIABILITY_BINS; b++) {
        rcx_json_object(json);
        rcx_json_put_real(json, "from", bins[b].from);
        rcx_json_put_real(json, "to", bins[b].to);
        rcx_json_put_u64(json, "rows", (uint64_t)bins[b].weight);
        rcx_json_put_real(json, "mean_probability", bins[b].mean_score);
        rcx_json_put_real(json, "observed", bins[b].observed);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static enum rcx_status put_gains(struct rcx_json *json, const struct rcx_scored *rows,
                                 struct rcx_error *err)
{
    enum { POINTS = 20 };
    double shares[POINTS];
    struct rcx_top_share top[POINTS];
    struct rcx_ranking ranking = {0};
    enum rcx_status status = rcx_ranking_build(rows->score, rows->count, NULL, &ranking, err);
    if (status != RCX_OK)
        return status;
    for (size_t p = 0; p < POINTS; p++)
        shares[p] = (double)(p + 1) / POINTS;
    rcx_ranking_gains(&ranking, rows->label, rows->weight, shares, POINTS, top);
    rcx_json_key(json, "gains");
    rcx_json_array(json);
    for (size_t p = 0; p < POINTS; p++) {
        rcx_json_object(json);
        rcx_json_put_real(json, "share", shares[p]);
        rcx_json_put_real(json, "precision", top[p].precision);
        rcx_json_put_real(json, "lift", top[p].lift);
        rcx_json_put_real(json, "recall", top[p].recall);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_ranking_release(&ranking);
    return RCX_OK;
}

/* What the blend takes of trees and regression, and what that brought left-out customers. */
static void put_blend(struct rcx_json *json, const struct rcx_churn_blend *blend)
{
    rcx_json_key(json, "blend");
    rcx_json_object(json);
    rcx_json_put_real(json, "trees", blend->trees);
    rcx_json_put_real(json, "regression", blend->regression);
    rcx_json_put_bool(json, "learned", blend->learned);
    rcx_json_put_u64(json, "left_out_rows", blend->rows);
    rcx_json_put_real(json, "least_gain", blend->learned ? blend->gain : (double)NAN);
    rcx_json_object_end(json);
}

static enum rcx_status put_test(struct rcx_json *json, const struct rcx_churn_report *report,
                                struct rcx_error *err)
{
    const struct rcx_churn_evaluation *evaluation = report->evaluation;
    const struct rcx_churn_origin *test = rcx_churn_test(evaluation);
    const struct rcx_scored rows = {.label = report->data->label + test->at.first,
                                    .score = test->probability[RCX_CHURN_DELIVERED],
                                    .count = test->at.rows};
    double sum = 0, positive = 0;
    for (size_t i = 0; i < rows.count; i++) {
        sum += rows.score[i];
        positive += rows.label[i];
    }
    rcx_json_key(json, "test");
    rcx_json_object(json);
    put_day(json, "snapshot", test->at.day);
    rcx_json_put_text(json, "delivered_candidate", rcx_churn_candidate_name(test->chosen));
    rcx_json_put_text(json, "delivered_calibration", rcx_calibration_name(test->calibration.kind));
    rcx_json_put_u64(json, "trees", test->tree_count);
    rcx_json_put_bool(json, "trees_chosen_on_validation", test->trees_chosen);
    rcx_json_put_real(json, "positive_weight", test->positive_weight);
    put_blend(json, &test->blend);
    rcx_json_put_real(json, "mean_probability", sum / (double)rows.count);
    rcx_json_put_real(json, "observed_rate", positive / (double)rows.count);
    rcx_json_put_u64(json, "resamples", evaluation->bootstrap.resamples);
    enum rcx_status status = put_models(json, evaluation, err);
    if (status == RCX_OK)
        status = put_differences(json, evaluation, err);
    if (status == RCX_OK) {
        put_reliability(json, &rows);
        status = put_gains(json, &rows, err);
    }
    rcx_json_object_end(json);
    return status;
}

/* --- the origins and what came of them ---------------------------------------------------------- */

static void put_backtest(struct rcx_json *json, const struct rcx_churn_evaluation *evaluation)
{
    rcx_json_key(json, "rolling_origins");
    rcx_json_object(json);
    rcx_json_put_u64(json, "count", evaluation->counted);
    rcx_json_key(json, "origins");
    rcx_json_array(json);
    for (size_t o = 0; o < evaluation->origin_count; o++) {
        char text[RCX_DATE_TEXT_BYTES];
        if (evaluation->origins[o].at.counts)
            rcx_json_text(json, rcx_format_day(evaluation->origins[o].at.day, text));
    }
    rcx_json_array_end(json);
    rcx_json_key(json, "mean");
    rcx_json_object(json);
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++) {
        rcx_json_key(json, rcx_churn_judged_name(c));
        rcx_json_object(json);
        for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
            rcx_json_put_real(json, rcx_binary_metric_name((enum rcx_binary_metric)m),
                              evaluation->mean[c][m]);
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
    rcx_json_object_end(json);
}

/* Baselines whose mean log loss the trees do not beat. */
static void put_delivered(struct rcx_json *json, const struct rcx_churn_report *report)
{
    const struct rcx_churn_evaluation *evaluation = report->evaluation;
    double trees = evaluation->mean[RCX_CHURN_BLEND][RCX_BINARY_LOGLOSS];
    rcx_json_key(json, "delivered");
    rcx_json_object(json);
    rcx_json_put_text(json, "candidate", rcx_churn_candidate_name(evaluation->chosen));
    rcx_json_put_text(json, "calibration", rcx_calibration_name(evaluation->calibration.kind));
    rcx_json_put_u64(json, "trees", evaluation->tree_count);
    rcx_json_put_real(json, "threshold", report->model->threshold);
    put_blend(json, &report->model->fit.blend);
    rcx_json_key(json, "not_beaten_by_the_blend");
    rcx_json_array(json);
    for (size_t c = 0; c < RCX_CHURN_TREES_PLAIN; c++) {
        if (evaluation->mean[c][RCX_BINARY_LOGLOSS] <= trees)
            rcx_json_text(json, rcx_churn_judged_name(c));
    }
    rcx_json_array_end(json);
    rcx_json_object_end(json);
}

static void put_best(struct rcx_json *json, const char *key,
                     const struct rcx_threshold_point *point)
{
    rcx_json_key(json, key);
    rcx_json_object(json);
    rcx_json_put_real(json, "threshold", point->threshold);
    rcx_json_put_real(json, "f1", point->f1);
    rcx_json_put_real(json, "f2", point->f2);
    rcx_json_put_real(json, "youden", point->youden);
    rcx_json_put_real(json, "profit", point->profit);
    rcx_json_object_end(json);
}

static void put_threshold(struct rcx_json *json, const struct rcx_churn_report *report)
{
    const struct rcx_churn_threshold *threshold = &report->evaluation->threshold;
    const struct rcx_threshold_curve *curve = &threshold->curve;
    rcx_json_key(json, "threshold");
    rcx_json_object(json);
    rcx_json_put_real(json, "value", threshold->threshold);
    rcx_json_put_bool(json, "chosen", threshold->chosen);
    put_day(json, "curve_of", threshold->day);
    rcx_json_put_u64(json, "rows", threshold->rows);
    rcx_json_put_text(json, "tier", report->data->cfg->threshold_tier);
    rcx_json_put_real(json, "cost", report->economics->cost);
    rcx_json_put_real(json, "save_rate", report->economics->save_rate);
    rcx_json_put_real(json, "discount", report->economics->discount);
    rcx_json_put_real(json, "margin", report->economics->margin);
    rcx_json_put_real(json, "redemption", report->economics->redemption);
    rcx_json_put_i64(json, "value_days", threshold->value_days);
    rcx_json_put_real(json, "value_retained", threshold->value_retained);
    rcx_json_put_real(json, "value_churned", threshold->value_churned);
    rcx_json_put_real(json, "mean_order_value", threshold->order_value);
    put_best(json, "best_profit", &curve->points[curve->best_profit]);
    put_best(json, "best_f1", &curve->points[curve->best_f1]);
    put_best(json, "best_f2", &curve->points[curve->best_f2]);
    put_best(json, "best_youden", &curve->points[curve->best_youden]);
    rcx_json_object_end(json);
}

static void put_customers(struct rcx_json *json, const struct rcx_table *predictions)
{
    static const char *const columns[] = {"status", "risk_level"};
    rcx_json_key(json, "customers");
    rcx_json_object(json);
    rcx_json_put_u64(json, "count", predictions->rows);
    for (size_t k = 0; k < 2; k++) {
        const struct rcx_column *column = rcx_table_find(predictions, columns[k]);
        rcx_json_key(json, columns[k]);
        rcx_json_object(json);
        for (uint32_t code = 0; column && code < column->dictionary->count; code++) {
            struct rcx_text text = rcx_strings_get(column->dictionary, code);
            char name[32];
            uint64_t count = 0;
            for (size_t i = 0; i < column->rows; i++)
                count += column->codes[i] == code && !rcx_column_is_null(column, i);
            snprintf(name, sizeof name, "%.*s", (int)text.length, text.data);
            rcx_json_put_u64(json, name, count);
        }
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
}

static void put_inputs(struct rcx_json *json, const struct rcx_churn_report *report)
{
    const struct rcx_churn_inputs *inputs = &report->data->inputs;
    rcx_json_key(json, "inputs");
    rcx_json_array(json);
    for (size_t i = 0; i < inputs->count; i++)
        rcx_json_text(json, inputs->names[i]);
    rcx_json_array_end(json);
    rcx_json_put_u64(json, "inputs_of_trees", report->model->fit.tree_inputs);
    rcx_json_key(json, "behaviour_model_not_fitted_at");
    rcx_json_array(json);
    for (size_t s = 0; s < report->data->snapshot_count; s++) {
        char text[RCX_DATE_TEXT_BYTES];
        if (!report->data->snapshots[s].behaviour_fitted)
            rcx_json_text(json, rcx_format_day(report->data->snapshots[s].day, text));
    }
    rcx_json_array_end(json);
}

enum rcx_status rcx_churn_metrics_json(const struct rcx_churn_report *report, struct rcx_buf *out,
                                       struct rcx_error *err)
{
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.churn.metrics/1");
    put_delivered(&json, report);
    put_split(&json, report);
    enum rcx_status status = put_test(&json, report, err);
    if (status != RCX_OK)
        return status;
    put_backtest(&json, report->evaluation);
    put_threshold(&json, report);
    put_customers(&json, report->predictions);
    put_inputs(&json, report);
    rcx_json_object_end(&json);
    return out->failed ? rcx_fail_nomem(err, "churn metrics", out->length) : RCX_OK;
}
