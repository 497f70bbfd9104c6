#include "ml/tasks/clv/clv_origin.h"

#include <math.h>

#include "base/memory.h"

enum {
    ROWS_PER_CORE = 200000, /* up to so many, one core takes one job; beyond, all share each */
};

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

static enum rcx_status see(const struct rcx_clv_work *work, size_t first, size_t rows,
                           struct seen *out, struct rcx_error *err)
{
    out->columns = rcx_malloc_array(work->data->inputs.count, sizeof *out->columns);
    out->expected = rcx_malloc_array(rows + 1, sizeof *out->expected);
    if (!out->columns || !out->expected)
        return rcx_fail_nomem(err, "clv evaluation", rows * sizeof(double));
    out->view = rcx_clv_view_of(work->data, first, rows, work->out->horizon, out->columns,
                                out->expected);
    return RCX_OK;
}

static enum rcx_status run_origin(struct rcx_clv_work *work, struct rcx_clv_origin *origin,
                                  struct rcx_error *err)
{
    struct rcx_clv_fit fit = {0};
    struct seen seen = {0};
    const struct rcx_clv_fit_job job = {.train_rows = origin->at.train_rows,
                                        .horizon = work->out->horizon,
                                        .wanted = RCX_CLV_ALL,
                                        .parallel = work->inner};
    enum rcx_status status = see(work, origin->at.first, origin->at.rows, &seen, err);
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

static enum rcx_status run_ranges(struct rcx_clv_work *work, struct rcx_clv_origin *origin,
                                  struct rcx_error *err)
{
    struct rcx_gbdt_model models[RCX_CLV_QUANTILES] = {{0}};
    const struct rcx_clv_conformal none = {0};
    struct seen seen = {0};
    enum rcx_status status = see(work, origin->at.first, origin->at.rows, &seen, err);
    if (status == RCX_OK)
        status = rcx_clv_quantiles_train(work->data, origin->at.train_rows, work->out->horizon,
                                         &work->inner, models, err);
    if (status == RCX_OK)
        status = rcx_clv_ranges_predict(models, &none, &seen.view, &work->inner, &origin->ranges,
                                        err);
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        rcx_gbdt_model_release(&models[q]);
    seen_release(&seen);
    return status;
}

static const double *target_of(const struct rcx_clv_work *work, const struct rcx_clv_origin *origin)
{
    return work->data->target[work->out->horizon] + origin->at.first;
}

/* From the intervals of every origin that is known at `day`; without one nothing is moved. */
static enum rcx_status fit_conformal(const struct rcx_clv_work *work, rcx_day day,
                                     struct rcx_clv_part *parts, struct rcx_clv_conformal *out,
                                     struct rcx_error *err)
{
    size_t count = 0;
    for (size_t o = 0; o < work->out->origin_count; o++) {
        const struct rcx_clv_origin *origin = &work->out->origins[o];
        if (rcx_origin_known_at(&work->calendar, &origin->at, day))
            parts[count++] = (struct rcx_clv_part){&origin->ranges, target_of(work, origin)};
    }
    *out = (struct rcx_clv_conformal){0};
    return count > 0 ? rcx_clv_conformal_fit(parts, count, work->data->cfg->coverage, out, err)
                     : RCX_OK;
}

static double share_within(const struct rcx_clv_ranges *ranges, const double *target)
{
    size_t within = 0;
    for (size_t i = 0; i < ranges->rows; i++) {
        double y = fmax(target[i], 0);
        within += y >= ranges->low[i] && y <= ranges->high[i];
    }
    return (double)within / (double)ranges->rows;
}

enum rcx_status rcx_clv_origins_move(struct rcx_clv_work *work, struct rcx_error *err)
{
    struct rcx_clv_evaluation *out = work->out;
    struct rcx_clv_part *parts = rcx_malloc_array(out->origin_count, sizeof *parts);
    enum rcx_status status = RCX_OK;
    if (!parts)
        return rcx_fail_nomem(err, "clv intervals", out->origin_count * sizeof *parts);
    for (size_t o = 0; status == RCX_OK && o < out->origin_count; o++) {
        struct rcx_clv_origin *origin = &out->origins[o];
        status = fit_conformal(work, origin->at.day, parts, &origin->conformal, err);
        rcx_clv_ranges_move(&origin->conformal, &origin->ranges);
        origin->coverage = origin->conformal.rows > 0
                               ? share_within(&origin->ranges, target_of(work, origin))
                               : (double)NAN;
    }
    if (status == RCX_OK) /* every target is complete now */
        status = fit_conformal(work, INT32_MAX, parts, &out->delivered_conformal, err);
    rcx_free(parts);
    return status;
}

/* --- the two groups ----------------------------------------------------------------------------- */

/* Rows that may train for the test by the targets and by the churn labels. */
static size_t group_rows(const struct rcx_clv_work *work)
{
    rcx_day test = rcx_clv_test(work->out)->at.day;
    size_t rows = 0;
    for (size_t s = 0; s < work->out->split.train; s++) {
        if (work->calendar.list[s].day + work->data->churn_span_days <= test)
            rows += work->calendar.list[s].rows;
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

static enum rcx_status run_groups(struct rcx_clv_work *work, struct rcx_error *err)
{
    const struct rcx_clv_origin *test = rcx_clv_test(work->out);
    struct rcx_clv_conditional conditional = {0};
    struct seen seen = {0};
    size_t train_rows = group_rows(work);
    double *value = rcx_malloc_array(2 * test->at.rows + 1, sizeof *value);
    if (train_rows == 0 || !value) {
        rcx_free(value);
        return value || train_rows == 0 ? RCX_OK : rcx_fail_nomem(err, "clv evaluation", 0);
    }
    enum rcx_status status = see(work, test->at.first, test->at.rows, &seen, err);
    if (status == RCX_OK)
        status = rcx_clv_conditional_train(work->data, train_rows, work->out->horizon, &work->inner,
                                           &conditional, err);
    if (status == RCX_OK)
        status = rcx_clv_conditional_predict(&conditional, &seen.view, &work->inner, value,
                                             value + test->at.rows, NULL, err);
    for (int group = 0; status == RCX_OK && group < 2; group++)
        check_group(&conditional, group, work->data->target[work->out->horizon] + test->at.first,
                    work->data->churned + test->at.first,
                    group == RCX_CLV_ACTIVE ? value : value + test->at.rows, test->at.rows,
                    &work->out->group[group]);
    work->out->groups_checked = status == RCX_OK;
    rcx_clv_conditional_release(&conditional);
    seen_release(&seen);
    rcx_free(value);
    return status;
}

/* --- all jobs ----------------------------------------------------------------------------------- */

/* Largest first: origins from the last one, intervals and candidates of each, the groups between. */
static enum rcx_status run_job(void *context, size_t chunk, unsigned worker, struct rcx_error *err)
{
    struct rcx_clv_work *work = context;
    size_t origins = work->out->origin_count;
    (void)worker;
    if (chunk == 2 * origins)
        return run_groups(work, err);
    struct rcx_clv_origin *origin = &work->out->origins[origins - 1 - chunk / 2];
    return chunk % 2 == 0 ? run_origin(work, origin, err) : run_ranges(work, origin, err);
}

enum rcx_status rcx_clv_origins_run(struct rcx_clv_work *work, struct rcx_error *err)
{
    return rcx_train_jobs(&work->options->parallel, work->data->rows <= ROWS_PER_CORE,
                          2 * work->out->origin_count + 1, run_job, work, &work->inner, err);
}
