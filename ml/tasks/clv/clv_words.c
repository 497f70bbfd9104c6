/* The measures of the value stage as one JSON document. */
#include <math.h>

#include "base/json.h"
#include "ml/tasks/clv/clv_report.h"

static const char schema[] = "rcx.clv.metrics/1";

struct rcx_clv_coverage rcx_clv_coverage_of(const struct rcx_clv_evaluation *evaluation,
                                            const struct rcx_clv_data *data)
{
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    const struct rcx_clv_ranges *ranges = &test->ranges;
    const double *target = data->target[evaluation->horizon] + test->at.first;
    struct rcx_clv_coverage out = {0};
    double rows = (double)test->at.rows;
    for (size_t i = 0; i < test->at.rows; i++) {
        double y = fmax(target[i], 0);
        bool within = y >= ranges->low[i] && y <= ranges->high[i];
        out.share += within;
        out.raw += within && target[i] >= ranges->low[i];
        out.width += ranges->high[i] - ranges->low[i];
        out.one_sided += !(ranges->low[i] > 0);
        for (size_t q = 0; q < RCX_CLV_QUANTILES; q++) {
            double over = target[i] - ranges->quantile[q][i], alpha = rcx_clv_quantiles[q];
            out.pinball[q] += over > 0 ? alpha * over : (alpha - 1) * over;
        }
    }
    out.share /= rows;
    out.raw /= rows;
    out.width /= rows;
    out.one_sided /= rows;
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        out.pinball[q] /= rows;
    return out;
}

enum rcx_clv_candidate rcx_clv_best(const struct rcx_clv_evaluation *evaluation,
                                    enum rcx_clv_candidate from, enum rcx_clv_candidate end)
{
    enum rcx_clv_candidate best = from;
    for (int c = (int)from; c < (int)end; c++) {
        if (evaluation->mean[c][RCX_CLV_RELATIVE] < evaluation->mean[best][RCX_CLV_RELATIVE])
            best = (enum rcx_clv_candidate)c;
    }
    return best;
}

static void put_day(struct rcx_json *json, const char *key, rcx_day day)
{
    char text[RCX_DATE_TEXT_BYTES];
    rcx_json_put_text(json, key, rcx_format_day(day, text));
}

static void put_interval(struct rcx_json *json, const char *key, struct rcx_interval interval)
{
    rcx_json_key(json, key);
    rcx_json_array(json);
    rcx_json_real(json, interval.low);
    rcx_json_real(json, interval.high);
    rcx_json_array_end(json);
}

static void put_split(struct rcx_json *json, const struct rcx_clv_report *report)
{
    const struct rcx_clv_evaluation *evaluation = report->evaluation;
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    const struct rcx_clv_data *data = report->data;
    rcx_json_put_i64(json, "horizon_days", data->horizon_days[data->asked]);
    rcx_json_put_i64(json, "evaluated_horizon_days", data->horizon_days[evaluation->horizon]);
    rcx_json_put_text(json, "evaluated_because",
                      evaluation->horizon == data->asked
                          ? "it is the asked one"
                          : "it is the longest that leaves test, validation and training enough "
                            "rows (clv.evaluation_rows)");
    rcx_json_key(json, "test");
    rcx_json_object(json);
    put_day(json, "snapshot_date", test->at.day);
    rcx_json_put_u64(json, "rows", test->at.rows);
    rcx_json_put_u64(json, "negative_targets", test->negative);
    rcx_json_put_u64(json, "zero_targets", test->zero);
    rcx_json_put_real(json, "mean_target", test->mean_target);
    rcx_json_put_u64(json, "train_snapshots", test->at.train_snapshots);
    rcx_json_put_u64(json, "train_rows", test->at.train_rows);
    rcx_json_put_u64(json, "train_negative_targets", evaluation->test_fit.negative);
    rcx_json_object_end(json);
    rcx_json_put_text(json, "negative_targets",
                      "learned as 0 by trees, quantiles and groups; as they are in the mean, the "
                      "factor and all measures; as 0 in coverage (coverage_raw: as they are)");
    rcx_json_put_u64(json, "origins", evaluation->origin_count);
    rcx_json_put_u64(json, "origins_in_means", evaluation->counted);
}

static enum rcx_status put_measures(struct rcx_json *json,
                                    const struct rcx_clv_evaluation *evaluation, size_t judged,
                                    struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    struct rcx_interval interval;
    for (size_t m = 0; status == RCX_OK && m < RCX_CLV_METRIC_COUNT; m++) {
        enum rcx_clv_metric metric = (enum rcx_clv_metric)m;
        rcx_json_key(json, rcx_clv_metric_name(metric));
        rcx_json_object(json);
        rcx_json_put_real(json, "test", rcx_clv_point(&evaluation->measures, judged, metric));
        status = rcx_clv_interval(&evaluation->measures, judged, SIZE_MAX, metric, &interval, err);
        put_interval(json, "test_interval", interval);
        if (status == RCX_OK && judged != RCX_CLV_DELIVERED) {
            status = rcx_clv_interval(&evaluation->measures, RCX_CLV_DELIVERED, judged, metric,
                                      &interval, err);
            put_interval(json, "delivered_less_this", interval);
        }
        rcx_json_put_real(json, "mean_over_origins", evaluation->mean[judged][m]);
        rcx_json_object_end(json);
    }
    return status;
}

static enum rcx_status put_models(struct rcx_json *json, const struct rcx_clv_report *report,
                                  struct rcx_error *err)
{
    const struct rcx_clv_evaluation *evaluation = report->evaluation;
    enum rcx_status status = RCX_OK;
    rcx_json_key(json, "models");
    rcx_json_object(json);
    for (size_t c = 0; status == RCX_OK && c < RCX_CLV_JUDGED; c++) {
        rcx_json_key(json, rcx_clv_judged_name(c));
        rcx_json_object(json);
        status = put_measures(json, evaluation, c, err);
        rcx_json_put_real(json, "mean_absolute_total_error_pct",
                          evaluation->mean_absolute_total[c]);
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
    return status;
}

static void put_choice(struct rcx_json *json, const struct rcx_clv_report *report)
{
    const struct rcx_clv_evaluation *evaluation = report->evaluation;
    enum rcx_clv_candidate simple = rcx_clv_best(evaluation, RCX_CLV_MEAN, RCX_CLV_TWEEDIE_OFFSET);
    enum rcx_clv_candidate trees = rcx_clv_best(evaluation, RCX_CLV_TWEEDIE_OFFSET,
                                                RCX_CLV_CANDIDATES);
    rcx_json_put_text(json, "delivered", rcx_clv_candidate_name(evaluation->chosen));
    rcx_json_put_text(json, "delivered_at_test",
                      rcx_clv_candidate_name(rcx_clv_test(evaluation)->chosen));
    rcx_json_put_text(json, "chosen_by",
                      report->data->cfg->model == RCX_CLV_MODEL_AUTO
                          ? "lowest mean of MAE / mean target over the origins, "
                            "the simpler one within clv.tolerance"
                          : "clv.model");
    rcx_json_put_text(json, "best_simple", rcx_clv_candidate_name(simple));
    rcx_json_put_text(json, "best_trees", rcx_clv_candidate_name(trees));
    rcx_json_put_bool(json, "a_simple_one_wins",
                      evaluation->mean[simple][RCX_CLV_RELATIVE] <=
                          evaluation->mean[trees][RCX_CLV_RELATIVE]);
}

static void put_intervals(struct rcx_json *json, const struct rcx_clv_report *report)
{
    const struct rcx_clv_evaluation *evaluation = report->evaluation;
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    struct rcx_clv_coverage coverage = rcx_clv_coverage_of(evaluation, report->data);
    static const char *const names[RCX_CLV_QUANTILES] = {"q10", "q50", "q90"};
    rcx_json_key(json, "intervals");
    rcx_json_object(json);
    rcx_json_put_real(json, "wanted_coverage", report->data->cfg->coverage);
    rcx_json_put_real(json, "coverage", coverage.share);
    rcx_json_put_real(json, "coverage_raw", coverage.raw);
    rcx_json_put_real(json, "mean_coverage_over_origins", evaluation->mean_coverage);
    rcx_json_put_real(json, "mean_width", coverage.width);
    rcx_json_put_real(json, "one_sided_share", coverage.one_sided);
    rcx_json_put_bool(
        json, "mostly_zero",
        rcx_clv_mostly_zero(report->data->target[evaluation->horizon] + test->at.first,
                            test->at.rows));
    rcx_json_put_u64(json, "moved_by_rows", test->conformal.rows);
    rcx_json_key(json, "pinball");
    rcx_json_object(json);
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        rcx_json_put_real(json, names[q], coverage.pinball[q]);
    rcx_json_object_end(json);
    rcx_json_object_end(json);
}

/* The level: as delivered, and as calibrated. */
static void put_totals(struct rcx_json *json, const struct rcx_clv_report *report)
{
    const struct rcx_clv_evaluation *evaluation = report->evaluation;
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    rcx_json_key(json, "totals");
    rcx_json_object(json);
    rcx_json_put_text(json, "value", "as predicted: the least absolute error of single customers");
    rcx_json_put_text(json, "value_calibrated",
                      "scaled so that the total is the behaviour model's times the ratio that was "
                      "right at earlier snapshots; not delivered as the value, seasons differ");
    rcx_json_put_real(json, "test_total_error_pct",
                      test->metrics[RCX_CLV_DELIVERED][RCX_CLV_TOTAL_ERROR]);
    rcx_json_put_real(json, "test_total_error_pct_calibrated", test->calibrated_total);
    rcx_json_put_real(json, "mean_absolute_total_error_pct",
                      evaluation->mean_absolute_total[RCX_CLV_DELIVERED]);
    rcx_json_put_real(json, "mean_absolute_total_error_pct_calibrated",
                      evaluation->mean_calibrated);
    rcx_json_put_real(json, "ratio_to_behaviour_at_test", test->total_ratio);
    rcx_json_put_real(json, "ratio_to_behaviour", evaluation->delivered_total_ratio);
    rcx_json_object_end(json);
}

static void put_groups(struct rcx_json *json, const struct rcx_clv_evaluation *evaluation)
{
    static const char *const names[2] = {"value_if_lapsed", "value_if_active"};
    for (int g = 0; g < 2; g++) {
        const struct rcx_clv_group_check *check = &evaluation->group[g];
        rcx_json_key(json, names[g]);
        rcx_json_object(json);
        rcx_json_put_bool(json, "judged", evaluation->groups_checked && check->rows > 0);
        rcx_json_put_u64(json, "rows", check->rows);
        rcx_json_put_real(json, "mean_target", check->mean_target);
        rcx_json_put_real(json, "mean_value", check->mean_value);
        rcx_json_put_real(json, "mae", check->mae);
        rcx_json_put_real(json, "mae_of_group_mean", check->mae_of_mean);
        rcx_json_object_end(json);
    }
}

static void put_delivered(struct rcx_json *json, const struct rcx_clv_report *report)
{
    const struct rcx_clv_model *model = report->model;
    const struct rcx_clv_scores *scores = report->scores;
    rcx_json_key(json, "delivered_model");
    rcx_json_object(json);
    rcx_json_put_u64(json, "train_snapshots", model->train_snapshots);
    rcx_json_put_u64(json, "train_rows", model->train_rows);
    rcx_json_put_u64(json, "train_negative_targets", model->fit.negative);
    rcx_json_put_u64(json, "customers", scores->customers);
    rcx_json_put_u64(json, "scored", scores->scored);
    rcx_json_put_u64(json, "lapsed_limited_to_active", scores->limited);
    rcx_json_put_real(json, "total_value", scores->total);
    rcx_json_put_real(json, "total_value_calibrated", scores->total_calibrated);
    rcx_json_put_real(json, "total_by_behaviour_model", scores->total_behaviour);
    rcx_json_object_end(json);
}

enum rcx_status rcx_clv_metrics_json(const struct rcx_clv_report *report, struct rcx_buf *out,
                                     struct rcx_error *err)
{
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", schema);
    put_split(&json, report);
    put_choice(&json, report);
    enum rcx_status status = put_models(&json, report, err);
    put_totals(&json, report);
    put_intervals(&json, report);
    put_groups(&json, report->evaluation);
    put_delivered(&json, report);
    rcx_json_object_end(&json);
    if (status == RCX_OK && out->failed)
        status = rcx_fail_nomem(err, "clv metrics", out->length);
    return status;
}
