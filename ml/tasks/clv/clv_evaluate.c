#include "ml/tasks/clv/clv_origin.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"

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
    for (size_t o = 0; o < evaluation->origin_count; o++) {
        rcx_free(evaluation->origins[o].value[0]);
        rcx_clv_ranges_release(&evaluation->origins[o].ranges);
    }
    rcx_free(evaluation->origins);
    rcx_clv_measures_release(&evaluation->measures);
    rcx_clv_fit_release(&evaluation->test_fit);
    *evaluation = (struct rcx_clv_evaluation){0};
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

/* The calendar of one horizon. */
static enum rcx_status list_snapshots(struct rcx_clv_work *work, size_t horizon,
                                      struct rcx_error *err)
{
    const struct rcx_clv_data *data = work->data;
    enum rcx_status status = RCX_OK;
    rcx_calendar_release(&work->calendar);
    for (size_t s = 0; status == RCX_OK && s < data->snapshot_count; s++) {
        size_t rows = data->snapshots[s].rows;
        const struct rcx_split_snapshot listed = {
            .day = data->snapshots[s].day, .rows = rows, .positives = (rows + 1) / 2};
        if (is_known(data, horizon, s))
            status = rcx_calendar_add(&work->calendar,
                                      (struct rcx_calendar_place){s, data->snapshots[s].first},
                                      &listed, err);
    }
    work->calendar.rule = (struct rcx_split_rule){.horizon_days = data->horizon_days[horizon]};
    work->out->horizon = horizon;
    return status;
}

/* Whether there is a split; with `enough`, one whose test, validation and training hold enough rows
 * each. */
static bool is_evaluable(const struct rcx_clv_work *work, bool enough)
{
    struct rcx_split split;
    struct rcx_error ignored = {0};
    if (rcx_calendar_split(&work->calendar, SIZE_MAX, &split, &ignored) != RCX_OK)
        return false;
    return !enough || (split.has_choice &&
                       work->calendar.list[split.test].rows >= work->calendar.limits.choice_rows);
}

/* The longest horizon that can be evaluated; without one, the longest at which anything may train. */
static enum rcx_status choose_horizon(struct rcx_clv_work *work, struct rcx_error *err)
{
    for (int enough = 1; enough >= 0; enough--) {
        for (size_t h = work->data->horizon_count; h-- > 0;) {
            enum rcx_status status = list_snapshots(work, h, err);
            if (status != RCX_OK || is_evaluable(work, enough != 0))
                return status;
        }
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

static void count_targets(const struct rcx_clv_work *work, struct rcx_clv_origin *origin)
{
    const double *target = work->data->target[work->out->horizon] + origin->at.first;
    double sum = 0;
    for (size_t i = 0; i < origin->at.rows; i++) {
        origin->negative += target[i] < 0;
        origin->zero += target[i] == 0;
        sum += target[i];
    }
    origin->mean_target = sum / (double)origin->at.rows;
}

static enum rcx_status plan_origin(const struct rcx_clv_work *work, const struct rcx_origin *at,
                                   struct rcx_clv_origin *out, struct rcx_error *err)
{
    out->at = *at;
    count_targets(work, out);
    out->at.counts = at->counts && out->mean_target > 0;
    return rcx_origin_columns(at->rows, RCX_CLV_JUDGED, out->value, err);
}

static enum rcx_status plan_origins(struct rcx_clv_work *work, struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_clv_evaluation *out = work->out;
    struct rcx_origin *origins = NULL;
    size_t count = 0;
    enum rcx_status status = rcx_calendar_split(&work->calendar, SIZE_MAX, &out->split, err);
    if (status == RCX_OK)
        status = rcx_calendar_origins(&work->calendar, &out->split, work->data->customer,
                                      work->data->day, &origins, &count, err);
    if (status != RCX_OK)
        return status;
    out->origins = rcx_calloc(count, sizeof *out->origins);
    if (!out->origins)
        status = rcx_fail_nomem(err, "origins", count * sizeof *out->origins);
    for (size_t o = 0; status == RCX_OK && o < count; o++)
        status = plan_origin(work, &origins[o], &out->origins[out->origin_count++], err);
    rcx_free(origins);
    if (status == RCX_OK && !(rcx_clv_test(work->out)->mean_target > 0))
        status = rcx_fail(
            err, RCX_E_INPUT,
            "clv: the %zu customers of the test at %s brought no revenue in the %" PRId32
            " days after it; another clv.horizon_days, or other snapshots, would help",
            rcx_clv_test(work->out)->at.rows, rcx_format_day(rcx_clv_test(work->out)->at.day, date),
            work->calendar.rule.horizon_days);
    return status;
}

/* --- choices and measures ----------------------------------------------------------------------- */

static bool known_at(const struct rcx_clv_work *work, const struct rcx_clv_origin *origin,
                     rcx_day day)
{
    return rcx_origin_known_at(&work->calendar, &origin->at, day);
}

static enum rcx_clv_candidate choose(const struct rcx_clv_work *work, rcx_day day)
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

static enum rcx_status measure(const struct rcx_clv_work *work, struct rcx_clv_origin *origin,
                               size_t first, size_t end, struct rcx_error *err)
{
    const struct rcx_clv_scored rows = {.target = work->data->target[work->out->horizon] +
                                                  origin->at.first,
                                        .value = (const double *const *)origin->value + first,
                                        .count = origin->at.rows,
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
static enum rcx_status measure_origins(struct rcx_clv_work *work, struct rcx_error *err)
{
    struct rcx_clv_evaluation *out = work->out;
    enum rcx_status status = RCX_OK;
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++)
        status = measure(work, &out->origins[o], 0, RCX_CLV_CANDIDATES, err);
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++) {
        struct rcx_clv_origin *origin = &out->origins[o];
        origin->chosen = choose(work, origin->at.day);
        memcpy(origin->value[RCX_CLV_DELIVERED], origin->value[origin->chosen],
               origin->at.rows * sizeof(double));
        status = measure(work, origin, RCX_CLV_DELIVERED, RCX_CLV_JUDGED, err);
    }
    return status;
}

/* The total with the behaviour model's level, as it was at the snapshots known by then. */
static enum rcx_status calibrate_totals(const struct rcx_clv_work *work, struct rcx_error *err)
{
    struct rcx_clv_evaluation *out = work->out;
    enum rcx_status status = RCX_OK;
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++) {
        struct rcx_clv_origin *origin = &out->origins[o];
        double behaviour = 1 + origin->metrics[RCX_CLV_BEHAVIOUR][RCX_CLV_TOTAL_ERROR] / 100;
        status = rcx_clv_total_ratio(work->data, out->horizon, origin->at.day, &origin->total_ratio,
                                     err);
        origin->calibrated_total = 100 * (behaviour * origin->total_ratio - 1);
    }
    if (status == RCX_OK)
        status = rcx_clv_total_ratio(work->data, work->data->asked, INT32_MAX,
                                     &out->delivered_total_ratio, err);
    return status;
}

static void average(struct rcx_clv_evaluation *out)
{
    for (size_t o = 0; o < out->origin_count; o++)
        out->counted += out->origins[o].at.counts;
    for (size_t c = 0; c < RCX_CLV_JUDGED; c++) {
        double absolute = 0;
        for (size_t o = 0; o < out->origin_count; o++) {
            const struct rcx_clv_origin *origin = &out->origins[o];
            if (!origin->at.counts)
                continue;
            for (size_t m = 0; m < RCX_CLV_METRIC_COUNT; m++)
                out->mean[c][m] += origin->metrics[c][m] / (double)out->counted;
            absolute += fabs(origin->metrics[c][RCX_CLV_TOTAL_ERROR]);
        }
        for (size_t m = 0; out->counted == 0 && m < RCX_CLV_METRIC_COUNT; m++)
            out->mean[c][m] = NAN;
        out->mean_absolute_total[c] = out->counted ? absolute / (double)out->counted : (double)NAN;
    }
}

/* Over the origins that count and had something to learn from. */
static double mean_known(const struct rcx_clv_evaluation *evaluation, bool of_totals)
{
    double sum = 0;
    size_t with = 0;
    for (size_t o = 0; o < evaluation->origin_count; o++) {
        const struct rcx_clv_origin *origin = &evaluation->origins[o];
        double value = of_totals ? fabs(origin->calibrated_total) : origin->coverage;
        if (origin->at.counts && !isnan(value)) {
            sum += value;
            with++;
        }
    }
    return with > 0 ? sum / (double)with : (double)NAN;
}

static enum rcx_status resample_test(const struct rcx_clv_work *work, struct rcx_error *err)
{
    const struct rcx_clv_origin *test = rcx_clv_test(work->out);
    const struct rcx_clv_scored rows = {.target = work->data->target[work->out->horizon] +
                                                  test->at.first,
                                        .value = (const double *const *)test->value,
                                        .count = test->at.rows,
                                        .models = RCX_CLV_JUDGED};
    const struct rcx_bootstrap_options options = {.seed = work->options->seed,
                                                  .resamples = (size_t)work->data->cfg->resamples,
                                                  .parallel = work->options->parallel};
    return rcx_clv_measure(&rows, &options, &work->out->measures, err);
}

static enum rcx_status evaluate(struct rcx_clv_work *work, struct rcx_error *err)
{
    enum rcx_status status = check_asked(work->data, err);
    if (status == RCX_OK)
        status = choose_horizon(work, err);
    if (status == RCX_OK)
        status = plan_origins(work, err);
    if (status == RCX_OK)
        status = rcx_clv_origins_run(work, err);
    if (status == RCX_OK)
        status = rcx_clv_origins_move(work, err);
    if (status == RCX_OK)
        status = measure_origins(work, err);
    if (status == RCX_OK)
        status = calibrate_totals(work, err);
    if (status == RCX_OK) {
        average(work->out);
        work->out->mean_calibrated = mean_known(work->out, true);
        work->out->mean_coverage = mean_known(work->out, false);
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
    struct rcx_clv_work work = {
        .data = data,
        .options = options,
        .out = &result,
        .calendar.limits = {(size_t)data->cfg->origin_rows, (size_t)data->cfg->evaluation_rows}};
    enum rcx_status status = evaluate(&work, err);
    rcx_calendar_release(&work.calendar);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_clv_evaluation_release(&result);
    return status;
}
