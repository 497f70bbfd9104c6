#include <math.h>
#include <string.h>

#include "ml/btyd/covariance.h"
#include "ml/btyd/likelihood.h"

enum { MOST = RCX_BTYD_MAX_PARAMETERS, STARTS = 4, SAMPLE = 512 };

static const double LIMIT = 1e-3; /* of a, s: below it nobody drops out */
static const double TOLERANCE = 1e-9;

/* Ranges of the parameters; times are in mean ages. Below the least a or s, the likelihood is that
 * of the limit to some 1e-4 of a customer's. */
static const struct {
    double low, high;
} RATE_RANGE[2] = {{1e-5, 1e4}, {1e-6, 1e5}}, DROPOUT_RANGE[2] = {{1e-4, 1e4}, {1e-4, 1e5}},
  DEATH_RANGE[2] = {{1e-4, 1e4}, {1e-6, 1e5}};

/* First guesses: r; activity, by which the rate of active customers exceeds that of all; then a and
 * b, or s and beta in mean ages. */
static const double GUESSES[STARTS][4] = {
    {.3, 2, .5, 2}, {1, 1.2, .1, 1}, {.1, 3, 1.5, 4}, {3, 1, .02, .5}};

struct search {
    const struct rcx_btyd_groups *groups;
    enum rcx_btyd_model model;
    unsigned n;
    struct rcx_parallel parallel;
    const struct rcx_pareto_rules *rules; /* Pareto/NBD */
};

/* The mean log-likelihood of a customer by the logarithms of the parameters. */
static enum rcx_status objective(void *context, const double *x, double *value, double *gradient,
                                 double *hessian, struct rcx_error *err)
{
    const struct search *search = context;
    double parameters[MOST] = {1, 1, 1, 1};
    double customers = (double)search->groups->customers;
    struct rcx_btyd_slopes slopes;
    unsigned n = search->n;
    for (unsigned i = 0; i < n; i++)
        parameters[i] = exp(x[i]);
    enum rcx_status status = rcx_btyd_slopes_at(search->groups, search->model, parameters,
                                                search->rules, &search->parallel, &slopes, err);
    if (status != RCX_OK)
        return status;
    *value = slopes.value / customers;
    for (unsigned i = 0; gradient && i < n; i++) {
        gradient[i] = parameters[i] * slopes.gradient[i] / customers;
        for (unsigned j = 0; j < n; j++)
            hessian[i * n + j] = parameters[i] * parameters[j] * slopes.hessian[i][j] / customers;
        hessian[i * n + i] += gradient[i];
    }
    return RCX_OK;
}

static struct rcx_maximise make_problem(struct search *search)
{
    struct rcx_maximise problem = {.n = search->n,
                                   .function = objective,
                                   .context = search,
                                   .tolerance = TOLERANCE,
                                   .iterations = 100};
    double age = log(search->groups->mean_age);
    bool death = search->model == RCX_BTYD_PARETO;
    for (unsigned i = 0; i < 2; i++) {
        double shift = i == 1 ? age : 0;
        problem.low[i] = log(RATE_RANGE[i].low) + shift;
        problem.high[i] = log(RATE_RANGE[i].high) + shift;
        shift = death ? shift : 0;
        problem.low[i + 2] = log((death ? DEATH_RANGE : DROPOUT_RANGE)[i].low) + shift;
        problem.high[i + 2] = log((death ? DEATH_RANGE : DROPOUT_RANGE)[i].high) + shift;
    }
    return problem;
}

static void first_guess(const struct search *search, const double *guess, double *x)
{
    double age = search->groups->mean_age;
    double rate = search->groups->mean_x / age;
    x[0] = log(guess[0]);
    x[1] = log(guess[0] / (rate * guess[1]));
    x[2] = log(guess[2]);
    x[3] = log(guess[3] * (search->model == RCX_BTYD_PARETO ? age : 1));
}

/* The best of the starts on the sample. */
static enum rcx_status try_starts(const struct search *search, const struct rcx_btyd_groups *sample,
                                  struct rcx_maximum *best, struct rcx_btyd_fit *fit,
                                  struct rcx_error *err)
{
    struct rcx_maximum ends[STARTS] = {0};
    struct search rough = *search;
    rough.groups = sample;
    struct rcx_maximise problem = make_problem(&rough);
    problem.tolerance = 1e-6;
    problem.newton_only = true;
    unsigned top = 0;
    for (unsigned s = 0; s < STARTS; s++) {
        first_guess(search, GUESSES[s], ends[s].x);
        enum rcx_status status = rcx_maximise(&problem, &ends[s], err);
        if (status != RCX_OK)
            return status;
        if (isfinite(ends[s].value) && !(ends[s].value <= ends[top].value))
            top = s;
    }
    fit->starts = STARTS;
    fit->starts_agreed = 0;
    for (unsigned s = 0; s < STARTS; s++)
        fit->starts_agreed += fabs(ends[s].value - ends[top].value) < 1e-6;
    *best = ends[top];
    return RCX_OK;
}

/* --- what the maximum is like ------------------------------------------------------------------ */

static bool at(double x, double end)
{
    return fabs(x - end) < .01;
}

static enum rcx_btyd_boundary find_boundary(const struct rcx_maximise *problem,
                                            enum rcx_btyd_model model, const double *x)
{
    enum rcx_btyd_boundary boundary = RCX_BTYD_INSIDE;
    for (unsigned i = 0; i < problem->n; i++) {
        if (at(x[i], problem->low[i]) || at(x[i], problem->high[i]))
            boundary = RCX_BTYD_OTHER_BOUNDARY;
    }
    if (at(x[0], problem->low[0]))
        return RCX_BTYD_NO_PURCHASES;
    if (model != RCX_BTYD_NBD && x[2] < log(LIMIT))
        return RCX_BTYD_NO_DROPOUT;
    if (model != RCX_BTYD_NBD && at(x[3], problem->high[3]))
        return x[2] - x[3] < log(1e-4) && model != RCX_BTYD_PARETO ? RCX_BTYD_NO_DROPOUT
                                                                   : RCX_BTYD_SAME_DROPOUT;
    if (model != RCX_BTYD_NBD && at(x[2], problem->high[2]))
        return RCX_BTYD_SAME_DROPOUT;
    if (at(x[0], problem->high[0]) || at(x[1], problem->high[1]))
        return RCX_BTYD_SAME_RATE;
    return boundary;
}

static void describe(const struct search *search, const struct rcx_maximise *problem,
                     const struct rcx_maximum *maximum, struct rcx_btyd_fit *fit)
{
    double customers = (double)search->groups->customers;
    struct rcx_covariance covariance = rcx_covariance_at(maximum, search->n, customers);
    for (unsigned i = 0; i < MOST; i++) {
        bool is = i < search->n;
        double variance = is ? covariance.matrix[i * search->n + i] : 0;
        fit->parameters[i] = is ? exp(maximum->x[i]) : 0;
        fit->standard_errors[i] = covariance.known && variance > 0
                                      ? fit->parameters[i] * sqrt(variance)
                                      : (double)NAN;
    }
    memcpy(fit->log_covariance, covariance.matrix, sizeof fit->log_covariance);
    fit->model = search->model;
    fit->has_covariance = covariance.known;
    fit->condition = covariance.condition;
    fit->log_likelihood = maximum->value * customers;
    fit->converged = maximum->converged;
    fit->gradient_norm = maximum->gradient_norm;
    fit->iterations = maximum->iterations;
    fit->derivative_free = maximum->derivative_free;
    fit->boundary = find_boundary(problem, search->model, maximum->x);
}

static enum rcx_status fit_one(const struct rcx_btyd_groups *groups,
                               const struct rcx_btyd_groups *sample, enum rcx_btyd_model model,
                               const struct rcx_parallel *parallel, struct rcx_btyd_fit *out,
                               struct rcx_error *err)
{
    struct rcx_pareto_rules rules;
    struct search search = {groups, model, rcx_btyd_parameter_count(model), *parallel, NULL};
    struct rcx_maximum maximum = {0};
    struct rcx_btyd_fit fit = {.requested = model,
                               .other_log_likelihood = NAN,
                               .customers = groups->customers,
                               .distinct = groups->distinct};
    if (model == RCX_BTYD_PARETO) {
        rules = rcx_pareto_rules_of();
        search.rules = &rules;
    }
    enum rcx_status status = try_starts(&search, sample, &maximum, &fit, err);
    if (status != RCX_OK)
        return status;
    struct rcx_maximise problem = make_problem(&search);
    status = rcx_maximise(&problem, &maximum, err);
    if (status == RCX_OK) {
        describe(&search, &problem, &maximum, &fit);
        *out = fit;
    }
    return status;
}

/* --- which model ------------------------------------------------------------------------------- */

static enum rcx_status fit_wanted(const struct rcx_btyd_groups *groups,
                                  const struct rcx_btyd_groups *sample,
                                  const struct rcx_btyd_fit_options *options,
                                  struct rcx_btyd_fit *fit, struct rcx_error *err)
{
    const struct rcx_parallel *parallel = &options->parallel;
    struct rcx_btyd_fit other;
    if (options->model != RCX_BTYD_AUTO)
        return fit_one(groups, sample, options->model, parallel, fit, err);
    enum rcx_status status = fit_one(groups, sample, RCX_BTYD_BGNBD, parallel, fit, err);
    if (status == RCX_OK)
        status = fit_one(groups, sample, RCX_BTYD_MBGNBD, parallel, &other, err);
    if (status != RCX_OK)
        return status;
    if (other.log_likelihood > fit->log_likelihood) {
        other.other_log_likelihood = fit->log_likelihood;
        *fit = other;
    } else {
        fit->other_log_likelihood = other.log_likelihood;
    }
    fit->requested = RCX_BTYD_AUTO;
    return RCX_OK;
}

/* Puts the NBD in place of a model in which nobody drops out. */
static enum rcx_status replace(const struct rcx_btyd_groups *groups,
                               const struct rcx_btyd_groups *sample,
                               const struct rcx_btyd_fit_options *options, struct rcx_btyd_fit *fit,
                               struct rcx_error *err)
{
    struct rcx_btyd_fit limit;
    enum rcx_status status = fit_one(groups, sample, RCX_BTYD_NBD, &options->parallel, &limit, err);
    if (status != RCX_OK)
        return status;
    limit.requested = fit->requested;
    limit.replaced = fit->model;
    limit.boundary = RCX_BTYD_NO_DROPOUT;
    limit.other_log_likelihood = fit->log_likelihood;
    *fit = limit;
    return RCX_OK;
}

enum rcx_status rcx_btyd_fit(const struct rcx_btyd_groups *groups,
                             const struct rcx_btyd_fit_options *options, struct rcx_btyd_fit *out,
                             struct rcx_error *err)
{
    struct rcx_btyd_groups *thin = NULL;
    struct rcx_btyd_fit fit;
    enum rcx_status status = RCX_OK;
    if (groups->customers == 0 || groups->repeaters <= 0 || groups->mean_age <= 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: nothing to learn from: %zu customers, %.0f of them with a repeat "
                        "purchase",
                        rcx_btyd_model_title(options->model), groups->customers, groups->repeaters);
    if (groups->distinct > 2 * SAMPLE)
        status = rcx_btyd_groups_thin(groups, SAMPLE, &thin, err);
    const struct rcx_btyd_groups *sample = thin && thin->repeaters > 0 ? thin : groups;
    if (status == RCX_OK)
        status = fit_wanted(groups, sample, options, &fit, err);
    if (status == RCX_OK && fit.boundary == RCX_BTYD_NO_DROPOUT && !options->keep_boundary &&
        (fit.model == RCX_BTYD_BGNBD || fit.model == RCX_BTYD_MBGNBD))
        status = replace(groups, sample, options, &fit, err);
    rcx_btyd_groups_release(thin);
    if (status == RCX_OK)
        *out = fit;
    return status;
}
