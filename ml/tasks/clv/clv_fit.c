#include "ml/tasks/clv/clv_fit.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"

enum { FEWEST_POSITIVE = 20 };          /* for trees */
static const double FLOOR_SHARE = 1e-3; /* of the mean target: least start of trees */

const char *rcx_clv_candidate_name(enum rcx_clv_candidate candidate)
{
    static const char *const names[RCX_CLV_CANDIDATES] = {
        "mean",      "last_revenue",   "last_revenue_factor",
        "behaviour", "tweedie_offset", "tweedie",
        "l2",        "log_l2",         "hurdle"};
    return names[candidate];
}

static bool wants(unsigned bits, enum rcx_clv_candidate candidate)
{
    return (bits >> candidate & 1) != 0;
}

struct rcx_clv_view rcx_clv_view_of(const struct rcx_clv_data *data, size_t first, size_t count,
                                    size_t horizon, const double **columns, double *expected)
{
    const double *anchors[RCX_CLV_ANCHORS];
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
        anchors[a] = data->anchor[a] + first;
    rcx_clv_expected(data->anchor_days, anchors, data->order_value + first, count,
                     data->horizon_days[horizon], expected);
    for (size_t c = 0; c < data->inputs.count; c++)
        columns[c] = data->columns[c] + first;
    return (struct rcx_clv_view){
        .matrix = {.rows = count,
                   .column_count = data->inputs.count,
                   .columns = columns,
                   .names = (const char *const *)data->inputs.names},
        .last_revenue = data->last_revenue + first,
        .expected = expected,
    };
}

void rcx_clv_fit_release(struct rcx_clv_fit *fit)
{
    for (size_t c = 0; c < RCX_CLV_CANDIDATES; c++)
        rcx_gbdt_model_release(&fit->trees[c]);
    rcx_gbdt_model_release(&fit->any);
    *fit = (struct rcx_clv_fit){0};
}

const struct rcx_gbdt_model *rcx_clv_fit_trees(const struct rcx_clv_fit *fit,
                                               enum rcx_clv_candidate candidate)
{
    return fit->trees[candidate].tree_count > 0 ? &fit->trees[candidate] : NULL;
}

/* --- training ----------------------------------------------------------------------------------- */

struct training {
    const struct rcx_clv_data *data;
    const struct rcx_clv_fit_job *job;
    const double *target; /* as it is */
    double *label;        /* [train_rows] at least 0 */
    double *other;        /* [train_rows] scratch labels */
    double *expected;     /* [train_rows] */
    struct rcx_clv_fit *fit;
    struct rcx_clv_binned binned; /* all rows, when the first model needed them */
};

static void training_release(struct training *training)
{
    rcx_clv_binned_release(&training->binned);
    rcx_free(training->label);
}

static enum rcx_status training_init(struct training *training, struct rcx_error *err)
{
    const struct rcx_clv_data *data = training->data;
    size_t rows = training->job->train_rows;
    double sum = 0, revenue = 0;
    struct rcx_clv_fit *fit = training->fit;
    training->target = data->target[training->job->horizon];
    training->label = rcx_malloc_array(3 * rows + 1, sizeof *training->label);
    if (!training->label)
        return rcx_fail_nomem(err, "clv training", 3 * rows * sizeof(double));
    training->other = training->label + rows;
    training->expected = training->other + rows;
    for (size_t i = 0; i < rows; i++) {
        double y = training->target[i];
        training->label[i] = fmax(y, 0);
        fit->positive += y > 0;
        fit->negative += y < 0;
        sum += y;
        revenue += data->last_revenue[i];
    }
    fit->train_rows = rows;
    fit->mean = sum / (double)rows;
    fit->factor = revenue > 0 ? fmax(sum, 0) / revenue : 0;
    fit->floor = fmax(fit->mean, 1) * FLOOR_SHARE;
    fit->most_log_ratio = data->cfg->most_log_ratio;
    rcx_clv_expected(data->anchor_days, (const double *const *)data->anchor, data->order_value,
                     rows, data->horizon_days[training->job->horizon], training->expected);
    return RCX_OK;
}

/* First row of a snapshot with enough data before it. */
static size_t first_offset_row(const struct rcx_clv_data *data)
{
    for (size_t s = 0; s < data->snapshot_count; s++) {
        const struct rcx_clv_snapshot *snapshot = &data->snapshots[s];
        if (snapshot->data_days >= data->cfg->min_data_days && snapshot->behaviour_fitted)
            return snapshot->first;
    }
    return data->rows;
}

static bool is_constant(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] != values[0])
            return false;
    }
    return true;
}

/* Trees on all rows that start at the mean, unless there is nothing to learn. */
static enum rcx_status boost_plain(struct training *training, enum rcx_gbdt_objective objective,
                                   const double *label, struct rcx_gbdt_model *out,
                                   struct rcx_error *err)
{
    struct rcx_gbdt_params params;
    size_t rows = training->job->train_rows;
    enum rcx_status status = RCX_OK;
    if (rows < FEWEST_POSITIVE || is_constant(label, rows))
        return RCX_OK;
    rcx_clv_plain_params(training->data->cfg, &params);
    params.objective = objective;
    if (!training->binned.views)
        status = rcx_clv_bin(training->data, &params, rows, label, &training->job->parallel,
                             &training->binned, err);
    if (status == RCX_OK)
        status = rcx_clv_boost_binned(&training->binned, &params, label, &training->job->parallel,
                                      out, err);
    rcx_gbdt_params_release(&params);
    return status;
}

/* Trees on rows [first, train_rows) that start at `start`, likewise. */
static enum rcx_status boost_from(const struct training *training, size_t first,
                                  const double *start, struct rcx_gbdt_model *out,
                                  struct rcx_error *err)
{
    struct rcx_gbdt_params params;
    const double *label = training->label + first;
    size_t count = training->job->train_rows > first ? training->job->train_rows - first : 0;
    if (count < FEWEST_POSITIVE || is_constant(label, count))
        return RCX_OK;
    rcx_clv_params(training->data->cfg, &params);
    params.objective = RCX_GBDT_TWEEDIE;
    const struct rcx_clv_boost boost = {.params = &params,
                                        .first = first,
                                        .count = count,
                                        .label = label,
                                        .start = start + first,
                                        .parallel = training->job->parallel};
    enum rcx_status status = rcx_clv_boost(training->data, &boost, out, err);
    rcx_gbdt_params_release(&params);
    return status;
}

static enum rcx_status train_offset(struct training *training, struct rcx_error *err)
{
    size_t first = first_offset_row(training->data), rows = training->job->train_rows;
    double *start = training->expected;
    for (size_t i = first; i < rows; i++) /* a snapshot without a fit: the mean */
        start[i] = log(
            fmax(isnan(start[i]) ? training->fit->mean : start[i], training->fit->floor));
    training->fit->offset_rows = rows > first ? rows - first : 0;
    return boost_from(training, first, start, &training->fit->trees[RCX_CLV_TWEEDIE_OFFSET], err);
}

static enum rcx_status train_log(struct training *training, struct rcx_error *err)
{
    struct rcx_gbdt_model *model = &training->fit->trees[RCX_CLV_LOG_L2];
    size_t rows = training->job->train_rows;
    double *fitted = training->expected, sum = 0, fitted_sum = 0;
    const struct rcx_matrix matrix = {.rows = rows,
                                      .column_count = training->data->inputs.count,
                                      .columns = (const double *const *)training->data->columns};
    for (size_t i = 0; i < rows; i++)
        training->other[i] = log1p(training->label[i]);
    enum rcx_status status = boost_plain(training, RCX_GBDT_REGRESSION, training->other, model,
                                         err);
    if (status != RCX_OK || model->tree_count == 0)
        return status;
    status = rcx_gbdt_predict(model, &matrix, &(struct rcx_gbdt_predict_options){0},
                              &training->job->parallel, fitted, err);
    for (size_t i = 0; status == RCX_OK && i < rows; i++) {
        sum += 1 + training->label[i];
        fitted_sum += exp(fitted[i]);
    }
    training->fit->smear = fitted_sum > 0 ? sum / fitted_sum : 1;
    return status;
}

static enum rcx_status train_hurdle(struct training *training, struct rcx_error *err)
{
    size_t rows = training->job->train_rows, count = 0;
    struct rcx_gbdt_params params;
    struct rcx_clv_fit *fit = training->fit;
    uint32_t *picks = rcx_malloc_array(rows + 1, sizeof *picks);
    if (!picks)
        return rcx_fail_nomem(err, "clv training", rows * sizeof *picks);
    for (size_t i = 0; i < rows; i++) {
        training->other[i] = training->label[i] > 0;
        if (training->label[i] > 0) {
            training->expected[count] = training->label[i];
            picks[count++] = (uint32_t)i;
        }
    }
    fit->any_revenue = count == rows;
    enum rcx_status status = boost_plain(training, RCX_GBDT_BINARY, training->other, &fit->any,
                                         err);
    rcx_clv_plain_params(training->data->cfg, &params);
    params.objective = RCX_GBDT_TWEEDIE;
    const struct rcx_clv_boost amounts = {.params = &params,
                                          .count = count,
                                          .picks = picks,
                                          .label = training->expected,
                                          .parallel = training->job->parallel};
    if (status == RCX_OK && (fit->any_revenue || fit->any.tree_count > 0) &&
        !is_constant(training->expected, count))
        status = rcx_clv_boost(training->data, &amounts, &fit->trees[RCX_CLV_HURDLE], err);
    rcx_gbdt_params_release(&params);
    rcx_free(picks);
    return status;
}

enum rcx_status rcx_clv_fit_train(const struct rcx_clv_data *data,
                                  const struct rcx_clv_fit_job *job, struct rcx_clv_fit *out,
                                  struct rcx_error *err)
{
    struct rcx_clv_fit fit = {.trained = job->wanted};
    struct training training = {.data = data, .job = job, .fit = &fit};
    enum rcx_status status = training_init(&training, err);
    bool learn = fit.positive >= FEWEST_POSITIVE;
    if (status == RCX_OK && learn && wants(job->wanted, RCX_CLV_TWEEDIE_OFFSET))
        status = train_offset(&training, err);
    if (status == RCX_OK && learn && wants(job->wanted, RCX_CLV_TWEEDIE))
        status = boost_plain(&training, RCX_GBDT_TWEEDIE, training.label,
                             &fit.trees[RCX_CLV_TWEEDIE], err);
    if (status == RCX_OK && learn && wants(job->wanted, RCX_CLV_L2))
        status = boost_plain(&training, RCX_GBDT_REGRESSION, training.label, &fit.trees[RCX_CLV_L2],
                             err);
    if (status == RCX_OK && learn && wants(job->wanted, RCX_CLV_LOG_L2))
        status = train_log(&training, err);
    if (status == RCX_OK && learn && wants(job->wanted, RCX_CLV_HURDLE))
        status = train_hurdle(&training, err);
    training_release(&training);
    if (status == RCX_OK)
        *out = fit;
    else
        rcx_clv_fit_release(&fit);
    return status;
}

/* --- predictions -------------------------------------------------------------------------------- */

static enum rcx_status predict_trees(const struct rcx_gbdt_model *model,
                                     const struct rcx_clv_view *view, bool transform,
                                     const struct rcx_parallel *parallel, double *out,
                                     struct rcx_error *err)
{
    const struct rcx_gbdt_predict_options options = {.transform = transform};
    return rcx_gbdt_predict(model, &view->matrix, &options, parallel, out, err);
}

static double start_of(const struct rcx_clv_fit *fit, double expected)
{
    return isnan(expected) ? fmax(fit->mean, 0) : expected;
}

static enum rcx_status predict_offset(const struct rcx_clv_fit *fit,
                                      const struct rcx_clv_view *view,
                                      const struct rcx_parallel *parallel, double *out,
                                      struct rcx_error *err)
{
    const struct rcx_gbdt_model *model = rcx_clv_fit_trees(fit, RCX_CLV_TWEEDIE_OFFSET);
    enum rcx_status status = RCX_OK;
    if (model)
        status = predict_trees(model, view, false, parallel, out, err);
    for (size_t i = 0; status == RCX_OK && i < view->matrix.rows; i++) {
        double start = start_of(fit, view->expected[i]);
        double ratio = fmin(fmax(model ? out[i] : 0, -fit->most_log_ratio), fit->most_log_ratio);
        out[i] = model ? fmax(start, fit->floor) * exp(ratio) : start;
    }
    return status;
}

static enum rcx_status predict_hurdle(const struct rcx_clv_fit *fit,
                                      const struct rcx_clv_view *view,
                                      const struct rcx_parallel *parallel, double *out,
                                      struct rcx_error *err)
{
    size_t rows = view->matrix.rows;
    if (fit->any_revenue)
        return predict_trees(&fit->trees[RCX_CLV_HURDLE], view, true, parallel, out, err);
    double *any = rcx_malloc_array(rows + 1, sizeof *any);
    if (!any)
        return rcx_fail_nomem(err, "clv predictions", rows * sizeof *any);
    enum rcx_status status = predict_trees(&fit->any, view, true, parallel, any, err);
    if (status == RCX_OK)
        status = predict_trees(&fit->trees[RCX_CLV_HURDLE], view, true, parallel, out, err);
    for (size_t i = 0; status == RCX_OK && i < rows; i++)
        out[i] *= any[i];
    rcx_free(any);
    return status;
}

static enum rcx_status predict_learned(const struct rcx_clv_fit *fit,
                                       enum rcx_clv_candidate candidate,
                                       const struct rcx_clv_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err)
{
    const struct rcx_gbdt_model *model = rcx_clv_fit_trees(fit, candidate);
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; !model && i < view->matrix.rows; i++)
        out[i] = fit->mean;
    if (!model)
        return RCX_OK;
    if (candidate == RCX_CLV_HURDLE)
        return predict_hurdle(fit, view, parallel, out, err);
    status = predict_trees(model, view, true, parallel, out, err);
    for (size_t i = 0; status == RCX_OK && i < view->matrix.rows; i++)
        out[i] = fmax(candidate == RCX_CLV_LOG_L2 ? exp(out[i]) * fit->smear - 1 : out[i], 0);
    return status;
}

enum rcx_status rcx_clv_fit_predict(const struct rcx_clv_fit *fit, enum rcx_clv_candidate candidate,
                                    const struct rcx_clv_view *view,
                                    const struct rcx_parallel *parallel, double *out,
                                    struct rcx_error *err)
{
    size_t rows = view->matrix.rows;
    switch (candidate) {
    case RCX_CLV_MEAN:
        for (size_t i = 0; i < rows; i++)
            out[i] = fit->mean;
        return RCX_OK;
    case RCX_CLV_LAST:
    case RCX_CLV_LAST_FACTOR:
        for (size_t i = 0; i < rows; i++)
            out[i] = view->last_revenue[i] * (candidate == RCX_CLV_LAST ? 1 : fit->factor);
        return RCX_OK;
    case RCX_CLV_BEHAVIOUR:
        for (size_t i = 0; i < rows; i++)
            out[i] = start_of(fit, view->expected[i]);
        return RCX_OK;
    case RCX_CLV_TWEEDIE_OFFSET:
        return predict_offset(fit, view, parallel, out, err);
    case RCX_CLV_TWEEDIE:
    case RCX_CLV_L2:
    case RCX_CLV_LOG_L2:
    case RCX_CLV_HURDLE:
        return predict_learned(fit, candidate, view, parallel, out, err);
    case RCX_CLV_CANDIDATES:
        break;
    }
    return RCX_OK;
}
