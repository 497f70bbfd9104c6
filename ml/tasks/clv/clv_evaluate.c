#include "ml/tasks/clv/clv_evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"

enum {
    ROWS_PER_CORE = 200000, /* up to so many, one core takes one origin; beyond, all share each */
};

const char *rcx_clv_judged_name(size_t judged)
{
    return judged == RCX_CLV_DELIVERED ? "delivered"
                                       : rcx_clv_candidate_name((enum rcx_clv_candidate)judged);
}

const struct rcx_clv_origin *rcx_clv_test(const struct rcx_clv_evaluation *evaluation)
{
    return &evaluation->origins[evaluation->origin_count - 1];
}

void rcx_clv_evaluation_release(struct rcx_clv_evaluation *evaluation)
{
    for (size_t o = 0; o < evaluation->origin_count; o++)
        rcx_free(evaluation->origins[o].value[0]);
    rcx_free(evaluation->origins);
    rcx_clv_measures_release(&evaluation->measures);
    rcx_clv_fit_release(&evaluation->test_fit);
    rcx_clv_ranges_release(&evaluation->ranges);
    *evaluation = (struct rcx_clv_evaluation){0};
}

struct work {
    const struct rcx_clv_data *data;
    const struct rcx_clv_evaluate_options *options;
    struct rcx_clv_evaluation *out;
    struct rcx_split_rule rule;
    struct rcx_split_limits limits;
    struct rcx_split_snapshot *list; /* snapshots whose targets are known */
    size_t *snapshot;                /* [list]: index in the data */
    size_t count;
    struct rcx_parallel inner; /* of one job */
};

static void work_release(struct work *work)
{
    rcx_free(work->list);
    rcx_free(work->snapshot);
}

/* --- the calendar ------------------------------------------------------------------------------- */

static bool is_known(const struct rcx_clv_data *data, size_t horizon, size_t snapshot)
{
    const struct rcx_clv_snapshot *s = &data->snapshots[snapshot];
    return s->rows > 0 && !isnan(data->target[horizon][s->first]);
}

size_t rcx_clv_labelled_rows(const struct rcx_clv_data *data, size_t horizon)
{
    size_t rows = 0;
    for (size_t s = 0; s < data->snapshot_count; s++)
        rows += is_known(data, horizon, s) ? data->snapshots[s].rows : 0;
    return rows;
}

static void list_snapshots(struct work *work, size_t horizon)
{
    const struct rcx_clv_data *data = work->data;
    work->count = 0;
    for (size_t s = 0; s < data->snapshot_count; s++) {
        if (!is_known(data, horizon, s))
            continue;
        size_t rows = data->snapshots[s].rows;
        work->list[work->count] = (struct rcx_split_snapshot){
            .day = data->snapshots[s].day, .rows = rows, .positives = (rows + 1) / 2};
        work->snapshot[work->count++] = s;
    }
    work->rule = (struct rcx_split_rule){.horizon_days = data->horizon_days[horizon]};
    work->out->horizon = horizon;
}

/* Test, validation and training hold enough rows each. */
static bool is_evaluable(struct work *work)
{
    struct rcx_split split;
    struct rcx_error ignored = {0};
    return rcx_split_plan(&work->rule, work->list, work->count, &work->limits, &split, &ignored) ==
               RCX_OK &&
           split.has_choice && work->list[split.test].rows >= work->limits.choice_rows;
}

/* The longest horizon that can be evaluated; without one, the longest at which anything may train. */
static enum rcx_status choose_horizon(struct work *work, struct rcx_error *err)
{
    const struct rcx_clv_data *data = work->data;
    struct rcx_error ignored = {0};
    work->list = rcx_calloc(data->snapshot_count + 1, sizeof *work->list);
    work->snapshot = rcx_calloc(data->snapshot_count + 1, sizeof *work->snapshot);
    if (!work->list || !work->snapshot)
        return rcx_fail_nomem(err, "snapshots", data->snapshot_count * sizeof *work->list);
    for (size_t h = data->horizon_count; h-- > 0;) {
        list_snapshots(work, h);
        if (is_evaluable(work))
            return RCX_OK;
    }
    for (size_t h = data->horizon_count; h-- > 0;) {
        list_snapshots(work, h);
        if (rcx_split_plan(&work->rule, work->list, work->count, &work->limits, &work->out->split,
                           &ignored) == RCX_OK)
            return RCX_OK;
    }
    return RCX_OK; /* the plan of the shortest says what is missing */
}

/* The asked horizon must be complete for some snapshot, or nothing can be delivered. */
static enum rcx_status check_asked(const struct rcx_clv_data *data, struct rcx_error *err)
{
    char first[RCX_DATE_TEXT_BYTES];
    int32_t asked = data->horizon_days[data->asked];
    if (rcx_clv_labelled_rows(data, data->asked) > 0)
        return RCX_OK;
    if (data->snapshot_count == 0)
        return rcx_fail(err, RCX_E_INPUT, "clv: no snapshot has a customer with a purchase");
    int32_t longest = 0;
    for (size_t h = 0; h < data->horizon_count; h++)
        longest = rcx_clv_labelled_rows(data, h) > 0 ? data->horizon_days[h] : longest;
    if (longest > 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "clv: no snapshot has %" PRId32
                        " days of data after it, the first one is of %s: an earlier "
                        "snapshot, more data, or clv.horizon_days of %" PRId32 " or less would do",
                        asked, rcx_format_day(data->snapshots[0].day, first), longest);
    return rcx_fail(err, RCX_E_INPUT,
                    "clv: no snapshot has %" PRId32
                    " days of data after it, and none has 30: the first one is of %s; an "
                    "earlier snapshot (snapshots.dates) or more data would do",
                    asked, rcx_format_day(data->snapshots[0].day, first));
}

static void count_targets(const struct work *work, struct rcx_clv_origin *origin)
{
    const double *target = work->data->target[work->out->horizon] + origin->first;
    double sum = 0;
    for (size_t i = 0; i < origin->rows; i++) {
        origin->negative += target[i] < 0;
        origin->zero += target[i] == 0;
        sum += target[i];
    }
    origin->mean_target = sum / (double)origin->rows;
}

static enum rcx_status plan_origin(struct work *work, size_t listed, struct rcx_error *err)
{
    struct rcx_clv_origin *origin = &work->out->origins[work->out->origin_count];
    size_t train = rcx_split_prefix(&work->rule, work->list, work->count, listed);
    *origin = (struct rcx_clv_origin){
        .snapshot = work->snapshot[listed],
        .day = work->list[listed].day,
        .train_snapshots = train,
        .train_rows = rcx_split_rows(work->list, train),
        .first = work->data->snapshots[work->snapshot[listed]].first,
        .rows = work->list[listed].rows,
    };
    count_targets(work, origin);
    origin->counts = origin->mean_target > 0 &&
                     rcx_split_is_origin(&work->rule, work->list, work->count, &work->limits,
                                         listed);
    origin->value[0] = rcx_malloc_array(origin->rows * RCX_CLV_JUDGED, sizeof(double));
    if (!origin->value[0])
        return rcx_fail_nomem(err, "clv evaluation", origin->rows * sizeof(double));
    for (size_t c = 1; c < RCX_CLV_JUDGED; c++)
        origin->value[c] = origin->value[0] + c * origin->rows;
    work->out->origin_count++;
    return rcx_split_guard(&work->rule, work->data->customer, work->data->day, origin->train_rows,
                           origin->day, err);
}

static enum rcx_status plan_origins(struct work *work, struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES];
    enum rcx_status status = rcx_split_plan(&work->rule, work->list, work->count, &work->limits,
                                            &work->out->split, err);
    if (status != RCX_OK)
        return status;
    work->out->origins = rcx_calloc(work->count, sizeof *work->out->origins);
    if (!work->out->origins)
        return rcx_fail_nomem(err, "origins", work->count * sizeof *work->out->origins);
    for (size_t s = 0; status == RCX_OK && s < work->count; s++) {
        if (s == work->out->split.test ||
            rcx_split_is_origin(&work->rule, work->list, work->count, &work->limits, s))
            status = plan_origin(work, s, err);
    }
    if (status == RCX_OK && !(rcx_clv_test(work->out)->mean_target > 0))
        status = rcx_fail(
            err, RCX_E_INPUT,
            "clv: the %zu customers of the test at %s brought no revenue in the %" PRId32
            " days after it; another clv.horizon_days, or other snapshots, would help",
            rcx_clv_test(work->out)->rows, rcx_format_day(rcx_clv_test(work->out)->day, date),
            work->rule.horizon_days);
    return status;
}

/* --- one origin --------------------------------------------------------------------------------- */

/* The view of a snapshot's rows, with what it points to. */
struct seen {
    struct rcx_clv_view view;
    const double **columns;
    double *expected;
};

static void seen_release(struct seen *seen)
{
    rcx_free(seen->columns);
    rcx_free(seen->expected);
}

static enum rcx_status see(const struct work *work, size_t first, size_t rows, struct seen *out,
                           struct rcx_error *err)
{
    out->columns = rcx_malloc_array(work->data->inputs.count, sizeof *out->columns);
    out->expected = rcx_malloc_array(rows + 1, sizeof *out->expected);
    if (!out->columns || !out->expected)
        return rcx_fail_nomem(err, "clv evaluation", rows * sizeof(double));
    out->view = rcx_clv_view_of(work->data, first, rows, work->out->horizon, out->columns,
                                out->expected);
    return RCX_OK;
}

static enum rcx_status run_origin(struct work *work, struct rcx_clv_origin *origin,
                                  struct rcx_error *err)
{
    struct rcx_clv_fit fit = {0};
    struct seen seen = {0};
    const struct rcx_clv_fit_job job = {.train_rows = origin->train_rows,
                                        .horizon = work->out->horizon,
                                        .wanted = RCX_CLV_ALL,
                                        .parallel = work->inner};
    enum rcx_status status = see(work, origin->first, origin->rows, &seen, err);
    if (status == RCX_OK)
        status = rcx_clv_fit_train(work->data, &job, &fit, err);
    for (size_t c = 0; status == RCX_OK && c < RCX_CLV_CANDIDATES; c++)
        status = rcx_clv_fit_predict(&fit, (enum rcx_clv_candidate)c, &seen.view, &work->inner,
                                     origin->value[c], err);
    if (status == RCX_OK && origin == rcx_clv_test(work->out)) {
        work->out->test_fit = fit;
        fit = (struct rcx_clv_fit){0};
    }
    rcx_clv_fit_release(&fit);
    seen_release(&seen);
    return status;
}

/* --- intervals ---------------------------------------------------------------------------------- */

static enum rcx_status predict_ranges(const struct work *work, size_t train_rows, size_t listed,
                                      struct rcx_clv_ranges *out, struct rcx_error *err)
{
    const struct rcx_clv_snapshot *snapshot = &work->data->snapshots[work->snapshot[listed]];
    struct rcx_gbdt_model models[RCX_CLV_QUANTILES] = {{0}};
    const struct rcx_clv_conformal none = {0};
    struct seen seen = {0};
    enum rcx_status status = see(work, snapshot->first, snapshot->rows, &seen, err);
    if (status == RCX_OK)
        status = rcx_clv_quantiles_train(work->data, train_rows, work->out->horizon, &work->inner,
                                         models, err);
    if (status == RCX_OK)
        status = rcx_clv_ranges_predict(models, &none, &seen.view, &work->inner, out, err);
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        rcx_gbdt_model_release(&models[q]);
    seen_release(&seen);
    return status;
}

/* Intervals of what trains for V, seen at V: they move those of the test. */
static enum rcx_status run_validation(struct work *work, struct rcx_error *err)
{
    const struct rcx_split *split = &work->out->split;
    const struct rcx_clv_snapshot *snapshot =
        &work->data->snapshots[work->snapshot[split->validation]];
    struct rcx_clv_ranges ranges = {0};
    if (!split->has_choice)
        return RCX_OK;
    enum rcx_status status = predict_ranges(work, rcx_split_rows(work->list, split->choice_train),
                                            split->validation, &ranges, err);
    if (status == RCX_OK)
        status = rcx_clv_conformal_fit(&ranges,
                                       work->data->target[work->out->horizon] + snapshot->first,
                                       work->data->cfg->coverage, &work->out->conformal, err);
    rcx_clv_ranges_release(&ranges);
    return status;
}

static enum rcx_status run_test_ranges(struct work *work, struct rcx_error *err)
{
    const struct rcx_split *split = &work->out->split;
    return predict_ranges(work, rcx_split_rows(work->list, split->train), split->test,
                          &work->out->ranges, err);
}

static enum rcx_status finish_ranges(struct work *work, struct rcx_error *err)
{
    struct rcx_clv_evaluation *out = work->out;
    const double *target = work->data->target[out->horizon] + rcx_clv_test(out)->first;
    rcx_clv_ranges_move(&out->conformal, &out->ranges);
    return rcx_clv_conformal_fit(&out->ranges, target, work->data->cfg->coverage,
                                 &out->delivered_conformal, err);
}

/* --- the two groups ----------------------------------------------------------------------------- */

/* Rows that may train for the test by the targets and by the churn labels. */
static size_t group_rows(const struct work *work)
{
    rcx_day test = rcx_clv_test(work->out)->day;
    size_t rows = 0;
    for (size_t s = 0; s < work->out->split.train; s++) {
        if (work->list[s].day + work->data->churn_span_days <= test)
            rows += work->list[s].rows;
    }
    return rows;
}

static void check_group(const struct rcx_clv_conditional *conditional, int group,
                        const double *target, const double *churned, const double *value,
                        size_t rows, struct rcx_clv_group_check *out)
{
    for (size_t i = 0; i < rows; i++) {
        if (isnan(churned[i]) || (churned[i] != 0) != (group == RCX_CLV_LAPSED))
            continue;
        out->rows++;
        out->mean_target += target[i];
        out->mean_value += value[i];
        out->mae += fabs(target[i] - value[i]);
        out->mae_of_mean += fabs(target[i] - conditional->mean[group]);
    }
    double count = fmax((double)out->rows, 1);
    out->mean_target /= count;
    out->mean_value /= count;
    out->mae /= count;
    out->mae_of_mean /= count;
}

static enum rcx_status run_groups(struct work *work, struct rcx_error *err)
{
    const struct rcx_clv_origin *test = rcx_clv_test(work->out);
    struct rcx_clv_conditional conditional = {0};
    struct seen seen = {0};
    size_t train_rows = group_rows(work);
    double *value = rcx_malloc_array(2 * test->rows + 1, sizeof *value);
    if (train_rows == 0 || !value) {
        rcx_free(value);
        return value || train_rows == 0 ? RCX_OK : rcx_fail_nomem(err, "clv evaluation", 0);
    }
    enum rcx_status status = see(work, test->first, test->rows, &seen, err);
    if (status == RCX_OK)
        status = rcx_clv_conditional_train(work->data, train_rows, work->out->horizon, &work->inner,
                                           &conditional, err);
    if (status == RCX_OK)
        status = rcx_clv_conditional_predict(&conditional, &seen.view, &work->inner, value,
                                             value + test->rows, NULL, err);
    for (int group = 0; status == RCX_OK && group < 2; group++)
        check_group(&conditional, group, work->data->target[work->out->horizon] + test->first,
                    work->data->churned + test->first,
                    group == RCX_CLV_ACTIVE ? value : value + test->rows, test->rows,
                    &work->out->group[group]);
    work->out->groups_checked = status == RCX_OK;
    rcx_clv_conditional_release(&conditional);
    seen_release(&seen);
    rcx_free(value);
    return status;
}

/* --- all jobs ----------------------------------------------------------------------------------- */

enum { EXTRA_JOBS = 3 };

/* Largest first: intervals of the test, then origins from the last one. */
static enum rcx_status run_job(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    struct work *work = context;
    (void)worker;
    if (chunk == 0)
        return run_test_ranges(work, err);
    if (chunk == 1)
        return run_validation(work, err);
    if (chunk == 2)
        return run_groups(work, err);
    size_t last = work->out->origin_count - 1;
    return run_origin(work, &work->out->origins[last - (chunk - EXTRA_JOBS)], err);
}

static enum rcx_status run_jobs(struct work *work, struct rcx_error *err)
{
    const struct rcx_parallel *all = &work->options->parallel;
    bool apart = work->data->rows <= ROWS_PER_CORE;
    const struct rcx_parallel outer = {.threads = apart ? all->threads : 1};
    work->inner.threads = apart ? 1 : all->threads;
    return rcx_parallel_for(&outer, work->out->origin_count + EXTRA_JOBS, run_job, work, err);
}

/* --- choices and measures ----------------------------------------------------------------------- */

static bool known_at(const struct work *work, const struct rcx_clv_origin *origin, rcx_day day)
{
    return origin->counts && rcx_split_may_train(&work->rule, origin->day, day);
}

static enum rcx_clv_candidate choose(const struct work *work, rcx_day day)
{
    const struct rcx_clv_evaluation *out = work->out;
    const struct rcx_cfg_clv *cfg = work->data->cfg;
    double sum[RCX_CLV_CANDIDATES] = {0}, best = INFINITY;
    size_t origins = 0;
    if (cfg->model != RCX_CLV_MODEL_AUTO)
        return (enum rcx_clv_candidate)((int)cfg->model - (int)RCX_CLV_MODEL_MEAN);
    for (size_t o = 0; o < out->origin_count; o++) {
        if (!known_at(work, &out->origins[o], day))
            continue;
        for (size_t c = 0; c < RCX_CLV_CANDIDATES; c++)
            sum[c] += out->origins[o].metrics[c][RCX_CLV_RELATIVE];
        origins++;
    }
    for (size_t c = 0; c < RCX_CLV_CANDIDATES; c++)
        best = fmin(best, sum[c]);
    for (size_t c = 0; origins > 0 && c < RCX_CLV_CANDIDATES; c++) {
        if (sum[c] <= best * (1 + cfg->tolerance))
            return (enum rcx_clv_candidate)c;
    }
    return RCX_CLV_BEHAVIOUR;
}

static enum rcx_status measure(const struct work *work, struct rcx_clv_origin *origin, size_t first,
                               size_t end, struct rcx_error *err)
{
    const struct rcx_clv_scored rows = {.target = work->data->target[work->out->horizon] +
                                                  origin->first,
                                        .value = (const double *const *)origin->value + first,
                                        .count = origin->rows,
                                        .models = end - first};
    const struct rcx_bootstrap_options options = {.parallel = work->options->parallel};
    struct rcx_clv_measures points = {0};
    enum rcx_status status = rcx_clv_measure(&rows, &options, &points, err);
    for (size_t c = first; status == RCX_OK && c < end; c++) {
        for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
            origin->metrics[c][m] = rcx_clv_point(&points, c - first, (enum rcx_clv_metric)m);
    }
    rcx_clv_measures_release(&points);
    return status;
}

/* Candidates first, because choices for an origin look at others' measures. */
static enum rcx_status measure_origins(struct work *work, struct rcx_error *err)
{
    struct rcx_clv_evaluation *out = work->out;
    enum rcx_status status = RCX_OK;
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++)
        status = measure(work, &out->origins[o], 0, RCX_CLV_CANDIDATES, err);
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++) {
        struct rcx_clv_origin *origin = &out->origins[o];
        origin->chosen = choose(work, origin->day);
        memcpy(origin->value[RCX_CLV_DELIVERED], origin->value[origin->chosen],
               origin->rows * sizeof(double));
        status = measure(work, origin, RCX_CLV_DELIVERED, RCX_CLV_JUDGED, err);
    }
    return status;
}

/* The total with the factor of the last origin that was complete. */
static void calibrate_totals(const struct work *work)
{
    struct rcx_clv_evaluation *out = work->out;
    for (size_t o = 0; o < out->origin_count; o++) {
        const struct rcx_clv_origin *earlier = NULL;
        for (size_t e = 0; e < o; e++) {
            if (known_at(work, &out->origins[e], out->origins[o].day))
                earlier = &out->origins[e];
        }
        for (size_t c = 0; c < RCX_CLV_JUDGED; c++) {
            double then = earlier ? 1 + earlier->metrics[c][RCX_CLV_TOTAL_ERROR] / 100 : 0;
            double now = 1 + out->origins[o].metrics[c][RCX_CLV_TOTAL_ERROR] / 100;
            out->origins[o].calibrated_total[c] = then > 0 ? 100 * (now / then - 1) : (double)NAN;
        }
    }
}

static void average(struct rcx_clv_evaluation *out)
{
    for (size_t o = 0; o < out->origin_count; o++)
        out->counted += out->origins[o].counts;
    for (size_t c = 0; c < RCX_CLV_JUDGED; c++) {
        double calibrated = 0, absolute = 0;
        size_t with = 0;
        for (size_t o = 0; o < out->origin_count; o++) {
            const struct rcx_clv_origin *origin = &out->origins[o];
            if (!origin->counts)
                continue;
            for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
                out->mean[c][m] += origin->metrics[c][m] / (double)out->counted;
            absolute += fabs(origin->metrics[c][RCX_CLV_TOTAL_ERROR]);
            if (!isnan(origin->calibrated_total[c])) {
                calibrated += fabs(origin->calibrated_total[c]);
                with++;
            }
        }
        for (size_t m = 0; out->counted == 0 && m < RCX_CLV_METRIC_COUNT; m++)
            out->mean[c][m] = NAN;
        out->mean_absolute_total[c] = out->counted ? absolute / (double)out->counted : (double)NAN;
        out->mean_calibrated[c] = with ? calibrated / (double)with : (double)NAN;
    }
}

static enum rcx_status resample_test(const struct work *work, struct rcx_error *err)
{
    const struct rcx_clv_origin *test = rcx_clv_test(work->out);
    const struct rcx_clv_scored rows = {.target = work->data->target[work->out->horizon] +
                                                  test->first,
                                        .value = (const double *const *)test->value,
                                        .count = test->rows,
                                        .models = RCX_CLV_JUDGED};
    const struct rcx_bootstrap_options options = {.seed = work->options->seed,
                                                  .resamples = (size_t)work->data->cfg->resamples,
                                                  .parallel = work->options->parallel};
    return rcx_clv_measure(&rows, &options, &work->out->measures, err);
}

static enum rcx_status evaluate(struct work *work, struct rcx_error *err)
{
    enum rcx_status status = check_asked(work->data, err);
    if (status == RCX_OK)
        status = choose_horizon(work, err);
    if (status == RCX_OK)
        status = plan_origins(work, err);
    if (status == RCX_OK)
        status = run_jobs(work, err);
    if (status == RCX_OK)
        status = finish_ranges(work, err);
    if (status == RCX_OK)
        status = measure_origins(work, err);
    if (status == RCX_OK) {
        calibrate_totals(work);
        average(work->out);
        status = resample_test(work, err);
    }
    work->out->chosen = choose(work, INT32_MAX); /* every target is complete now */
    return status;
}

enum rcx_status rcx_clv_evaluate(const struct rcx_clv_data *data,
                                 const struct rcx_clv_evaluate_options *options,
                                 struct rcx_clv_evaluation *out, struct rcx_error *err)
{
    struct rcx_clv_evaluation result = {0};
    struct work work = {
        .data = data,
        .options = options,
        .out = &result,
        .limits = {(size_t)data->cfg->origin_rows, (size_t)data->cfg->evaluation_rows}};
    enum rcx_status status = evaluate(&work, err);
    work_release(&work);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_clv_evaluation_release(&result);
    return status;
}
