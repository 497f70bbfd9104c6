#include <math.h>

#include "base/memory.h"
#include "ml/btyd/expectation.h"
#include "ml/btyd/likelihood.h"
#include "ml/btyd/sigma_points.h"

enum { SLICE = RCX_EXPECTATION_MOST_LANES, SCATTER = 65536, TIME_NODES = 8 };

/* One request being computed for all groups. */
struct job {
    const struct rcx_btyd_fit *fit;
    const struct rcx_btyd_groups *groups;
    struct rcx_expectation expectation;
    struct rcx_sigma_points points;
    enum rcx_sigma_scale scale;
    double *value, *low, *high; /* [lanes]; low and high NULL: no interval */
};

static void find_intervals(const struct job *job, double x, size_t first, size_t lanes)
{
    const struct rcx_btyd_groups *groups = job->groups;
    double variance[SLICE];
    double up[SLICE];
    double down[SLICE];
    for (size_t i = 0; i < lanes; i++)
        variance[i] = job->points.count > 0 ? 0 : (double)NAN;
    for (unsigned k = 0; k < job->points.count; k += 2) {
        const double *t_x = groups->t_x + first;
        const double *age = groups->age + first;
        rcx_expectation_of(&job->expectation, job->points.parameters[k], x, t_x, age, lanes, up);
        rcx_expectation_of(&job->expectation, job->points.parameters[k + 1], x, t_x, age, lanes,
                           down);
        for (size_t i = 0; i < lanes; i++)
            variance[i] += rcx_sigma_share(job->scale, up[i], down[i]);
    }
    for (size_t i = 0; i < lanes; i++)
        rcx_sigma_interval(job->scale, job->value[first + i], variance[i], &job->low[first + i],
                           &job->high[first + i]);
}

static enum rcx_status compute_piece(void *context, size_t index, unsigned worker,
                                     struct rcx_error *err)
{
    struct job *job = context;
    const struct rcx_btyd_groups *groups = job->groups;
    const struct rcx_btyd_piece *piece = &groups->pieces[index];
    double x = groups->runs[piece->run].x;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < piece->lanes; i += SLICE) {
        size_t first = piece->first_lane + i;
        size_t lanes = piece->lanes - i < SLICE ? piece->lanes - i : SLICE;
        rcx_expectation_of(&job->expectation, job->fit->parameters, x, groups->t_x + first,
                           groups->age + first, lanes, job->value + first);
        if (job->low)
            find_intervals(job, x, first, lanes);
    }
    return RCX_OK;
}

/* From the lanes to the customers. */
static enum rcx_status scatter_chunk(void *context, size_t chunk, unsigned worker,
                                     struct rcx_error *err)
{
    const struct job *job = context;
    const struct rcx_btyd_request *request = job->expectation.request;
    const uint32_t *lane_of = job->groups->lane_of;
    size_t end = (chunk + 1) * SCATTER < job->groups->customers ? (chunk + 1) * SCATTER
                                                                : job->groups->customers;
    (void)worker;
    (void)err;
    for (size_t i = chunk * SCATTER; i < end; i++)
        request->out[i] = job->value[lane_of[i]];
    for (size_t i = chunk * SCATTER; i < end && job->low; i++) {
        request->low[i] = job->low[lane_of[i]];
        request->high[i] = job->high[lane_of[i]];
    }
    return RCX_OK;
}

static enum rcx_status check(const struct rcx_btyd_request *request, struct rcx_error *err)
{
    bool endless = isinf(request->horizon) && request->quantity == RCX_BTYD_DISCOUNTED &&
                   request->discount > 0;
    if (!(request->horizon >= 0) || (isinf(request->horizon) && !endless))
        return rcx_fail(err, RCX_E_INPUT,
                        "horizon %g: expected a number of at least 0 (without end only when "
                        "discounted)",
                        request->horizon);
    if (!(request->gap >= 0) || isinf(request->gap))
        return rcx_fail(err, RCX_E_INPUT, "gap %g: expected a number of at least 0", request->gap);
    if (!(request->discount >= 0) || isinf(request->discount))
        return rcx_fail(err, RCX_E_INPUT, "discount rate %g: expected a number of at least 0",
                        request->discount);
    return RCX_OK;
}

static enum rcx_status run_request(struct job *job, const struct rcx_parallel *parallel,
                                   struct rcx_error *err)
{
    enum { COST = 8 };
    const struct rcx_btyd_groups *groups = job->groups;
    bool probability = job->expectation.request->quantity != RCX_BTYD_PURCHASES &&
                       job->expectation.request->quantity != RCX_BTYD_DISCOUNTED;
    job->scale = probability ? RCX_SIGMA_PROBABILITY : RCX_SIGMA_POSITIVE;
    struct rcx_parallel threads = rcx_btyd_threads(parallel, groups->lanes, COST);
    enum rcx_status status = rcx_parallel_for(&threads, groups->piece_count, compute_piece, job,
                                              err);
    if (status != RCX_OK)
        return status;
    return rcx_parallel_for(&threads, (groups->customers + SCATTER - 1) / SCATTER, scatter_chunk,
                            job, err);
}

enum rcx_status rcx_btyd_predict(const struct rcx_btyd_fit *fit,
                                 const struct rcx_btyd_groups *groups,
                                 const struct rcx_btyd_request *requests, size_t count,
                                 const struct rcx_parallel *parallel, struct rcx_error *err)
{
    struct rcx_pareto_rules rules = {0};
    struct rcx_gauss_rule time_rule = rcx_gauss_rule_of(TIME_NODES);
    size_t lanes = groups->lanes + 1;
    double *columns = rcx_malloc_array(3 * lanes, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "predictions", 3 * lanes * sizeof *columns);
    struct job job = {.fit = fit, .groups = groups, .value = columns};
    if (fit->model == RCX_BTYD_PARETO)
        rules = rcx_pareto_rules_of();
    if (fit->has_covariance)
        job.points = rcx_sigma_points_of(fit->parameters, fit->log_covariance,
                                         rcx_btyd_parameter_count(fit->model));
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < count && status == RCX_OK; i++) {
        job.expectation = (struct rcx_expectation){fit->model, &requests[i], &rules, &time_rule};
        job.low = requests[i].low ? columns + lanes : NULL;
        job.high = requests[i].low ? columns + 2 * lanes : NULL;
        status = check(&requests[i], err);
        if (status == RCX_OK)
            status = run_request(&job, parallel, err);
    }
    rcx_free(columns);
    return status;
}
