#include "ml/tasks/churn/churn_evaluate.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/metrics/metric.h"

enum {
    ROWS_PER_CORE = 100000
}; /* up to so many, one core takes one origin; beyond, all share each */

const char *rcx_churn_judged_name(size_t judged)
{
    return judged == RCX_CHURN_DELIVERED
               ? "delivered"
               : rcx_churn_candidate_name((enum rcx_churn_candidate)judged);
}

const struct rcx_churn_origin *rcx_churn_test(const struct rcx_churn_evaluation *evaluation)
{
    return &evaluation->origins[evaluation->origin_count - 1];
}

void rcx_churn_evaluation_release(struct rcx_churn_evaluation *evaluation)
{
    for (size_t o = 0; o < evaluation->origin_count; o++) {
        rcx_free(evaluation->origins[o].probability[0]);
        rcx_calibration_release(&evaluation->origins[o].calibration);
    }
    rcx_free(evaluation->origins);
    rcx_bootstrap_release(&evaluation->bootstrap);
    rcx_churn_fit_release(&evaluation->test_fit);
    rcx_calibration_release(&evaluation->calibration);
    *evaluation = (struct rcx_churn_evaluation){0};
}

struct work {
    const struct rcx_churn_trainer *trainer;
    const struct rcx_churn_data *data;
    const struct rcx_churn_evaluate_options *options;
    struct rcx_churn_evaluation *out;
    struct rcx_calendar calendar; /* labelled snapshots */
    struct rcx_parallel inner;    /* of one origin */
};

/* --- the calendar ------------------------------------------------------------------------------- */

static enum rcx_status list_snapshots(struct work *work, struct rcx_error *err)
{
    const struct rcx_churn_data *data = work->data;
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; status == RCX_OK && s < data->snapshot_count; s++) {
        const struct rcx_churn_snapshot *snapshot = &data->snapshots[s];
        const struct rcx_split_snapshot listed = {
            .day = snapshot->day, .rows = snapshot->rows, .positives = snapshot->positives};
        if (snapshot->labelled && snapshot->rows > 0)
            status = rcx_calendar_add(
                &work->calendar, (struct rcx_calendar_place){s, snapshot->first}, &listed, err);
    }
    return status;
}

/* Fewest training rows are there, and both classes; else what would help. */
static enum rcx_status check_test(const struct work *work, struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES];
    const struct rcx_split *split = &work->out->split;
    if (split->test >= work->calendar.count || !work->calendar.list)
        return rcx_fail(err, RCX_E_INTERNAL, "churn: the calendar has no test");
    const struct rcx_split_snapshot *test = &work->calendar.list[split->test];
    if (rcx_split_rarer(work->calendar.list, split->train) == 0)
        return rcx_fail(
            err, RCX_E_INPUT,
            "churn: all %zu customers that may train for %s have the same label; both "
            "classes are needed: another churn.horizon_days, or more snapshots, would help",
            rcx_split_rows(work->calendar.list, split->train), rcx_format_day(test->day, date));
    if (rcx_split_rarer(test, 1) == 0)
        return rcx_fail(
            err, RCX_E_INPUT,
            "churn: all %zu customers of the test at %s have the same label; both classes "
            "are needed: another churn.horizon_days, or other snapshots, would help",
            test->rows, rcx_format_day(test->day, date));
    return RCX_OK;
}

static enum rcx_status plan_origins(struct work *work, struct rcx_error *err)
{
    struct rcx_churn_evaluation *out = work->out;
    struct rcx_origin *origins = NULL;
    size_t count = 0;
    enum rcx_status status = rcx_calendar_split(&work->calendar, SIZE_MAX, &out->split, err);
    if (status == RCX_OK)
        status = check_test(work, err);
    if (status == RCX_OK)
        status = rcx_calendar_origins(&work->calendar, &out->split, work->data->customer,
                                      work->data->day, &origins, &count, err);
    if (status != RCX_OK)
        return status;
    out->origins = rcx_calloc(count, sizeof *out->origins);
    if (!out->origins)
        status = rcx_fail_nomem(err, "origins", count * sizeof *out->origins);
    for (size_t o = 0; status == RCX_OK && o < count; o++) {
        out->origins[out->origin_count++].at = origins[o];
        status = rcx_origin_columns(origins[o].rows, RCX_CHURN_JUDGED, out->origins[o].probability,
                                    err);
    }
    rcx_free(origins);
    return status;
}

/* --- one origin --------------------------------------------------------------------------------- */

/* Trees in proportion to rows. */
static uint32_t scaled(uint32_t trees, size_t rows, size_t of_rows, double most)
{
    double number = round(trees * ((double)rows / (double)of_rows));
    return (uint32_t)fmin(fmax(number, 1), most);
}

/* The number of trees by early stopping on V, trained on what may train for V. V's
 * model has fewer rows to learn from than the one the number is for. */
static enum rcx_status stop_early(const struct work *work, size_t valid, size_t train,
                                  struct rcx_churn_origin *origin, struct rcx_error *err)
{
    struct rcx_churn_fit fit = {0};
    size_t rows = rcx_split_rows(work->calendar.list, train);
    const struct rcx_churn_fit_job job = {.train_rows = rows,
                                          .wanted = 1u << RCX_CHURN_TREES,
                                          .valid_first = work->calendar.place[valid].first,
                                          .valid_count = work->calendar.list[valid].rows,
                                          .parallel = work->inner};
    enum rcx_status status = rcx_churn_fit_train(work->trainer, &job, &fit, err);
    if (status == RCX_OK) {
        double most = (double)work->data->cfg->most_trees;
        origin->trees_chosen = true;
        origin->tree_count = scaled(fit.tree_count, origin->at.train_rows, rows, most);
    }
    rcx_churn_fit_release(&fit);
    return status;
}

static enum rcx_status choose_trees(const struct work *work, struct rcx_churn_origin *origin,
                                    struct rcx_error *err)
{
    struct rcx_split split = {0}; /* of the calendar that ends with this origin */
    origin->tree_count = (uint32_t)work->data->cfg->trees;
    enum rcx_status status = rcx_calendar_split(&work->calendar, origin->at.listed, &split, err);
    if (status != RCX_OK || !split.has_choice)
        return status;
    return stop_early(work, split.validation, split.choice_train, origin, err);
}

static enum rcx_status predict_all(const struct work *work, const struct rcx_churn_fit *fit,
                                   struct rcx_churn_origin *origin, struct rcx_error *err)
{
    const double **columns = rcx_malloc_array(work->data->inputs.count, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "churn evaluation", 0);
    struct rcx_churn_view view = rcx_churn_view_of(work->data, origin->at.first, origin->at.rows,
                                                   columns);
    enum rcx_status status = RCX_OK;
    for (size_t c = 0; status == RCX_OK && c < RCX_CHURN_CANDIDATES; c++)
        status = rcx_churn_fit_predict(fit, (enum rcx_churn_candidate)c, &view, &work->inner,
                                       origin->probability[c], err);
    rcx_free(columns);
    return status;
}

/* Largest first: the last origins train on most rows. */
static enum rcx_status run_origin(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct work *work = context;
    size_t last = work->out->origin_count - 1;
    struct rcx_churn_origin *origin = &work->out->origins[last - chunk];
    struct rcx_churn_fit fit = {0};
    (void)worker;
    enum rcx_status status = choose_trees(work, origin, err);
    if (status == RCX_OK)
        status = rcx_churn_blend_learn(work->data, origin->at.train_rows, origin->tree_count,
                                       &work->inner, &origin->blend, err);
    const struct rcx_churn_fit_job job = {.train_rows = origin->at.train_rows,
                                          .wanted = RCX_CHURN_ALL,
                                          .tree_count = origin->tree_count,
                                          .blend = origin->blend,
                                          .parallel = work->inner};
    if (status == RCX_OK)
        status = rcx_churn_fit_train(work->trainer, &job, &fit, err);
    if (status == RCX_OK) {
        origin->positive_weight = fit.positive_weight;
        status = predict_all(work, &fit, origin, err);
    }
    if (status == RCX_OK && chunk == 0) {
        work->out->test_fit = fit;
        fit = (struct rcx_churn_fit){0};
    }
    rcx_churn_fit_release(&fit);
    return status;
}

static enum rcx_status run_origins(struct work *work, struct rcx_error *err)
{
    return rcx_train_jobs(&work->options->parallel, work->data->rows <= ROWS_PER_CORE,
                          work->out->origin_count, run_origin, work, &work->inner, err);
}

/* --- choices ------------------------------------------------------------------------------------ */

static double log_loss(const struct work *work, const struct rcx_churn_origin *origin,
                       const double *probability)
{
    double sum = 0;
    for (size_t i = 0; i < origin->at.rows; i++)
        sum += rcx_log_loss_of(work->data->label[origin->at.first + i], probability[i]);
    return sum / (double)origin->at.rows;
}

static bool known_at(const struct work *work, const struct rcx_churn_origin *origin, rcx_day day)
{
    return rcx_origin_known_at(&work->calendar, &origin->at, day);
}

static enum rcx_churn_candidate choose_candidate(const struct work *work, rcx_day day)
{
    const struct rcx_churn_evaluation *out = work->out;
    enum rcx_churn_choice model = work->data->cfg->model;
    double sum[RCX_CHURN_CANDIDATES] = {0};
    enum rcx_churn_candidate best = RCX_CHURN_BLEND;
    if (model != RCX_CHURN_MODEL_AUTO)
        return (enum rcx_churn_candidate)((int)model - (int)RCX_CHURN_MODEL_CONSTANT);
    for (size_t o = 0; o < out->origin_count; o++) {
        const struct rcx_churn_origin *origin = &out->origins[o];
        for (size_t c = 0; known_at(work, origin, day) && c < RCX_CHURN_CANDIDATES; c++)
            sum[c] += origin->metrics[c][RCX_BINARY_LOGLOSS];
    }
    for (size_t c = RCX_CHURN_CANDIDATES; c-- > 0;) {
        if (sum[c] < sum[best])
            best = (enum rcx_churn_candidate)c;
    }
    return best;
}

/* Fits on all origins whose labels are complete at `day`; kind none when there are none. */
static enum rcx_status fit_calibration(const struct work *work, enum rcx_calibration_kind kind,
                                       enum rcx_churn_candidate candidate, rcx_day day,
                                       struct rcx_calibration *out, struct rcx_error *err)
{
    const struct rcx_churn_evaluation *evaluation = work->out;
    size_t rows = 0, at = 0;
    for (size_t o = 0; o < evaluation->origin_count; o++)
        rows += known_at(work, &evaluation->origins[o], day) ? evaluation->origins[o].at.rows : 0;
    if (rows == 0 || kind == RCX_CALIBRATION_NONE)
        return RCX_OK;
    double *label = rcx_malloc_array(2 * rows, sizeof *label), *probability = label + rows;
    if (!label)
        return rcx_fail_nomem(err, "calibration", 2 * rows * sizeof *label);
    for (size_t o = 0; o < evaluation->origin_count; o++) {
        const struct rcx_churn_origin *origin = &evaluation->origins[o];
        if (!known_at(work, origin, day))
            continue;
        memcpy(label + at, work->data->label + origin->at.first, origin->at.rows * sizeof *label);
        memcpy(probability + at, origin->probability[candidate], origin->at.rows * sizeof *label);
        at += origin->at.rows;
    }
    enum rcx_status status = rcx_calibration_fit(kind, label, probability, rows, out, err);
    rcx_free(label);
    return status;
}

/* Change of the log loss at an origin by a calibration fitted on what is earlier; NaN: nothing is. */
static enum rcx_status judge_calibration(const struct work *work, enum rcx_calibration_kind kind,
                                         enum rcx_churn_candidate candidate,
                                         const struct rcx_churn_origin *origin, double *out,
                                         struct rcx_error *err)
{
    struct rcx_calibration calibration = {0};
    enum rcx_status status = fit_calibration(work, kind, candidate, origin->at.day, &calibration,
                                             err);
    *out = NAN;
    if (status == RCX_OK && calibration.kind != RCX_CALIBRATION_NONE) {
        double sum = 0;
        for (size_t i = 0; i < origin->at.rows; i++)
            sum += rcx_log_loss_of(work->data->label[origin->at.first + i],
                                   rcx_calibrate(&calibration, origin->probability[candidate][i]));
        *out = sum / (double)origin->at.rows -
               log_loss(work, origin, origin->probability[candidate]);
    }
    rcx_calibration_release(&calibration);
    return status;
}

static enum rcx_status choose_calibration(const struct work *work,
                                          enum rcx_churn_candidate candidate, rcx_day day,
                                          struct rcx_calibration *out, struct rcx_error *err)
{
    enum rcx_churn_calibration asked = work->data->cfg->calibration;
    enum rcx_calibration_kind best = RCX_CALIBRATION_NONE;
    double most = 0;
    enum rcx_status status = RCX_OK;
    if (asked != RCX_CHURN_CALIBRATION_AUTO)
        best = (enum rcx_calibration_kind)((int)asked - (int)RCX_CHURN_CALIBRATION_NONE);
    for (int k = RCX_CALIBRATION_PLATT;
         asked == RCX_CHURN_CALIBRATION_AUTO && k <= RCX_CALIBRATION_ISOTONIC; k++) {
        double sum = 0, change;
        size_t judged = 0, helped = 0;
        for (size_t o = 0; status == RCX_OK && o < work->out->origin_count; o++) {
            const struct rcx_churn_origin *origin = &work->out->origins[o];
            if (!known_at(work, origin, day))
                continue;
            status = judge_calibration(work, (enum rcx_calibration_kind)k, candidate, origin,
                                       &change, err);
            if (status != RCX_OK || isnan(change))
                continue;
            judged++;
            helped += change < 0;
            sum += change;
        }
        if (judged >= 2 && helped == judged && sum / (double)judged < most) {
            most = sum / (double)judged;
            best = (enum rcx_calibration_kind)k;
        }
    }
    if (status == RCX_OK)
        status = fit_calibration(work, best, candidate, day, out, err);
    return status;
}

/* --- measures ----------------------------------------------------------------------------------- */

static enum rcx_status measure(const struct work *work, struct rcx_churn_origin *origin,
                               size_t first, size_t end, struct rcx_error *err)
{
    const struct rcx_bootstrap_rows rows = {
        .label = work->data->label + origin->at.first,
        .probability = (const double *const *)origin->probability + first,
        .count = origin->at.rows,
        .models = end - first};
    const struct rcx_bootstrap_options options = {.parallel = work->options->parallel};
    struct rcx_bootstrap points = {0};
    enum rcx_status status = rcx_bootstrap_binary(&rows, &options, &points, err);
    for (size_t c = first; status == RCX_OK && c < end; c++) {
        for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++)
            origin->metrics[c][m] = rcx_bootstrap_point(&points, c - first,
                                                        (enum rcx_binary_metric)m);
    }
    rcx_bootstrap_release(&points);
    return status;
}

/* Candidates first, because choices for an origin look at others' measures. */
static enum rcx_status measure_origins(struct work *work, struct rcx_error *err)
{
    struct rcx_churn_evaluation *out = work->out;
    enum rcx_status status = RCX_OK;
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++)
        status = measure(work, &out->origins[o], 0, RCX_CHURN_CANDIDATES, err);
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++) {
        struct rcx_churn_origin *origin = &out->origins[o];
        origin->chosen = choose_candidate(work, origin->at.day);
        status = choose_calibration(work, origin->chosen, origin->at.day, &origin->calibration,
                                    err);
        for (size_t i = 0; status == RCX_OK && i < origin->at.rows; i++)
            origin->probability[RCX_CHURN_DELIVERED][i] = rcx_calibrate(
                &origin->calibration, origin->probability[origin->chosen][i]);
        if (status == RCX_OK)
            status = measure(work, origin, RCX_CHURN_DELIVERED, RCX_CHURN_JUDGED, err);
    }
    return status;
}

static void average(struct rcx_churn_evaluation *out)
{
    for (size_t o = 0; o < out->origin_count; o++)
        out->counted += out->origins[o].at.counts;
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++) {
        for (size_t m = 0; m < RCX_BINARY_METRIC_COUNT; m++) {
            double sum = 0;
            for (size_t o = 0; o < out->origin_count; o++)
                sum += out->origins[o].at.counts ? out->origins[o].metrics[c][m] : 0;
            out->mean[c][m] = out->counted > 0 ? sum / (double)out->counted : (double)NAN;
        }
    }
}

static enum rcx_status resample_test(const struct work *work, struct rcx_error *err)
{
    const struct rcx_churn_origin *test = rcx_churn_test(work->out);
    const struct rcx_bootstrap_rows rows = {.label = work->data->label + test->at.first,
                                            .probability = (const double *const *)test->probability,
                                            .count = test->at.rows,
                                            .models = RCX_CHURN_JUDGED};
    const struct rcx_bootstrap_options options = {.seed = work->options->seed,
                                                  .resamples = (size_t)work->data->cfg->resamples,
                                                  .parallel = work->options->parallel};
    return rcx_bootstrap_binary(&rows, &options, &work->out->bootstrap, err);
}

/* --- the threshold ------------------------------------------------------------------------------ */

/* v0 and v1: the longest value horizon that is complete at the test's cutoff for enough of the
 * training rows. */
static void find_values(const struct work *work, struct rcx_churn_threshold *threshold)
{
    const struct rcx_churn_data *data = work->data;
    rcx_day test = rcx_churn_test(work->out)->at.day;
    for (size_t k = data->value_steps; k-- > 0;) {
        struct rcx_churn_value value[2] = {{0}};
        int32_t days = 30 * ((int32_t)k + 1);
        for (size_t s = 0; s < work->out->split.train; s++) {
            const struct rcx_churn_snapshot *snapshot =
                &data->snapshots[work->calendar.place[s].snapshot];
            for (int label = 0; label < 2 && snapshot->day + days <= test; label++) {
                value[label].sum += snapshot->value[label][k].sum;
                value[label].rows += snapshot->value[label][k].rows;
            }
        }
        if (value[0].rows > 0 && value[1].rows > 0 &&
            value[0].rows + value[1].rows >= work->calendar.limits.origin_rows) {
            threshold->value_retained = value[0].sum / (double)value[0].rows;
            threshold->value_churned = value[1].sum / (double)value[1].rows;
            threshold->value_days = days;
            return;
        }
    }
}

/* The origin whose rows the curve is made of. */
static const struct rcx_churn_origin *threshold_origin(const struct work *work, bool *out_chosen)
{
    const struct rcx_churn_evaluation *out = work->out;
    *out_chosen = false;
    for (size_t o = 0; out->split.has_choice && o + 1 < out->origin_count; o++) {
        if (out->origins[o].at.day == work->calendar.list[out->split.validation].day) {
            *out_chosen = true;
            return &out->origins[o];
        }
    }
    return rcx_churn_test(out);
}

/* What acting on each threshold would have earned at an origin. */
static enum rcx_status build_curve(const struct work *work, const struct rcx_churn_origin *origin,
                                   struct rcx_threshold_curve *out, struct rcx_error *err)
{
    const struct rcx_churn_threshold *threshold = &work->out->threshold;
    const struct rcx_churn_economics *tier = &work->options->economics;
    const double *label = work->data->label + origin->at.first;
    const double *order_value = work->data->order_value + origin->at.first;
    double stays = tier->margin * (threshold->value_retained - threshold->value_churned);
    double *profit = rcx_malloc_array(origin->at.rows, sizeof *profit);
    if (!profit)
        return rcx_fail_nomem(err, "threshold", origin->at.rows * sizeof *profit);
    for (size_t i = 0; i < origin->at.rows; i++) {
        double discount = tier->discount * order_value[i];
        profit[i] = (label[i] != 0 ? tier->save_rate * (stays - discount)
                                   : -tier->redemption * discount) -
                    tier->cost;
    }
    rcx_threshold_curve_build(label, origin->probability[RCX_CHURN_DELIVERED], profit,
                              origin->at.rows, out);
    rcx_free(profit);
    return RCX_OK;
}

static enum rcx_status find_threshold(struct work *work, struct rcx_error *err)
{
    struct rcx_churn_threshold *threshold = &work->out->threshold;
    const struct rcx_churn_origin *origin = threshold_origin(work, &threshold->chosen);
    const double *order_value = work->data->order_value + origin->at.first;
    find_values(work, threshold);
    for (size_t i = 0; i < origin->at.rows; i++)
        threshold->order_value += order_value[i] / (double)origin->at.rows;
    threshold->day = origin->at.day;
    threshold->rows = origin->at.rows;
    enum rcx_status status = build_curve(work, origin, &threshold->curve, err);
    if (status == RCX_OK)
        status = build_curve(work, rcx_churn_test(work->out), &threshold->test_curve, err);
    threshold->threshold = threshold->chosen
                               ? threshold->curve.points[threshold->curve.best_profit].threshold
                               : work->data->cfg->threshold;
    return status;
}

/* --- all of it ---------------------------------------------------------------------------------- */

static enum rcx_status evaluate(struct work *work, struct rcx_error *err)
{
    struct rcx_churn_evaluation *out = work->out;
    enum rcx_status status = list_snapshots(work, err);
    if (status == RCX_OK)
        status = plan_origins(work, err);
    if (status == RCX_OK)
        status = run_origins(work, err);
    if (status == RCX_OK)
        status = measure_origins(work, err);
    if (status == RCX_OK) {
        average(out);
        status = resample_test(work, err);
    }
    if (status == RCX_OK)
        status = find_threshold(work, err);
    if (status == RCX_OK) { /* every label is complete now */
        out->chosen = choose_candidate(work, INT32_MAX);
        out->tree_count = rcx_churn_test(out)->tree_count;
        if (rcx_churn_test(out)->trees_chosen)
            out->tree_count = scaled(out->tree_count, work->data->rows,
                                     rcx_churn_test(out)->at.train_rows,
                                     (double)work->data->cfg->most_trees);
        status = choose_calibration(work, out->chosen, INT32_MAX, &out->calibration, err);
    }
    return status;
}

enum rcx_status rcx_churn_evaluate(const struct rcx_churn_trainer *trainer,
                                   const struct rcx_churn_evaluate_options *options,
                                   struct rcx_churn_evaluation *out, struct rcx_error *err)
{
    const struct rcx_cfg_churn *cfg = trainer->data->cfg;
    struct rcx_churn_evaluation result = {0};
    struct work work = {
        .trainer = trainer,
        .data = trainer->data,
        .options = options,
        .out = &result,
        .calendar = {.rule = {(int32_t)cfg->gap_days, (int32_t)cfg->horizon_days},
                     .limits = {(size_t)cfg->origin_rows, (size_t)cfg->choice_rows}}};
    enum rcx_status status = evaluate(&work, err);
    rcx_calendar_release(&work.calendar);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_churn_evaluation_release(&result);
    return status;
}
