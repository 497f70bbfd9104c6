#include "ml/btyd/expectation.h"

#include <math.h>

#include "ml/btyd/count_kernels.h"
#include "ml/btyd/count_probability.h"
#include "ml/btyd/gamma_functions.h"
#include "ml/btyd/likelihood.h"

enum { MOST = RCX_EXPECTATION_MOST_LANES };

/* A slice of a run with the parameters as the kernels take them. */
struct slice {
    const struct rcx_expectation *expectation;
    const double *parameters, *t_x, *age;
    size_t lanes;
    double x, chances;
    struct rcx_dropout_run dropout;
    struct rcx_pareto_run pareto;
};

static struct slice make_slice(const struct rcx_expectation *expectation, const double *parameters,
                               double x, const double *t_x, const double *age, size_t lanes)
{
    double chances = rcx_btyd_chances(expectation->model, x);
    struct slice slice = {.expectation = expectation,
                          .parameters = parameters,
                          .t_x = t_x,
                          .age = age,
                          .lanes = lanes,
                          .x = x,
                          .chances = chances};
    slice.dropout.shape = parameters[0] + x;
    slice.dropout.alpha = parameters[1];
    if (expectation->model == RCX_BTYD_PARETO)
        slice.pareto = (struct rcx_pareto_run){parameters[0] + x, parameters[1], parameters[2],
                                               parameters[3], expectation->rules};
    else if (chances > 0)
        slice.dropout.log_odds = log(parameters[2] / (parameters[3] + chances - 1));
    return slice;
}

static void alive(const struct slice *s, double *out)
{
    if (s->expectation->model == RCX_BTYD_PARETO) {
        RCX_KERNEL_CALL(pareto_alive)(s->t_x, s->age, s->lanes, &s->pareto, out);
    } else if (s->chances > 0) {
        RCX_KERNEL_CALL(dropout_alive)(s->t_x, s->age, s->lanes, &s->dropout, out);
    } else {
        for (size_t i = 0; i < s->lanes; i++)
            out[i] = 1;
    }
}

/* NaN where a series would have been too long. */
static bool has_gaps(const double *values, size_t lanes)
{
    bool gaps = false;
    for (size_t i = 0; i < lanes; i++)
        gaps |= isnan(values[i]);
    return gaps;
}

static void fill_gaps(const double *means, size_t lanes, double *out)
{
    for (size_t i = 0; i < lanes; i++)
        out[i] = isnan(out[i]) ? means[i] : out[i];
}

/* Of customers who are alive: P(no purchase within a horizon that begins after a gap). Pareto/NBD: who
 * lives through the gap, exp(-mu gap), has his mu from a gamma whose rate is larger by it. */
static void silent_later(const struct slice *s, double gap, double horizon, double *out)
{
    if (s->expectation->model == RCX_BTYD_PARETO) {
        struct rcx_pareto_run later = s->pareto;
        later.beta += gap;
        RCX_KERNEL_CALL(pareto_silent)(s->age, s->lanes, &later, horizon, out);
        for (size_t i = 0; i < s->lanes; i++) {
            double live = exp(-later.s * log1p(gap / (s->pareto.beta + s->age[i])));
            out[i] = (1 - live) + live * out[i];
        }
        return;
    }
    double a = s->parameters[2];
    double b = s->parameters[3] + s->chances;
    RCX_KERNEL_CALL(dropout_returns)(s->age, s->lanes, &s->dropout, a, b, gap, horizon, out);
    if (has_gaps(out, s->lanes)) {
        struct rcx_beta_rule rule;
        double means[MOST];
        rcx_beta_rule_make(a, b, &rule);
        RCX_KERNEL_CALL(dropout_mean_returns)
        (s->age, s->lanes, &s->dropout, &rule, gap, horizon, means);
        fill_gaps(means, s->lanes, out);
    }
    for (size_t i = 0; i < s->lanes; i++)
        out[i] = 1 - out[i];
}

/* 1 - P(alive) (1 - P(silent when alive)), of positive terms. */
static void no_purchase(const struct slice *s, double gap, double horizon, double *out)
{
    double silent[MOST];
    if (gap > 0 && s->expectation->model != RCX_BTYD_NBD)
        silent_later(s, gap, horizon, silent);
    else if (s->expectation->model == RCX_BTYD_PARETO)
        RCX_KERNEL_CALL(pareto_silent)(s->age, s->lanes, &s->pareto, horizon, silent);
    else
        RCX_KERNEL_CALL(dropout_silent)(s->age, s->lanes, &s->dropout, horizon, silent);
    alive(s, out);
    for (size_t i = 0; i < s->lanes; i++)
        out[i] = (1 - out[i]) + out[i] * silent[i];
}

/* Of customers who are alive. */
static void purchases(const struct slice *s, double horizon, double *out)
{
    double shape = s->dropout.shape;
    if (s->expectation->model == RCX_BTYD_PARETO) {
        RCX_KERNEL_CALL(pareto_purchases)(s->age, s->lanes, &s->pareto, horizon, out);
        return;
    }
    if (s->expectation->model == RCX_BTYD_NBD || horizon <= 0) {
        for (size_t i = 0; i < s->lanes; i++)
            out[i] = shape * horizon / (s->dropout.alpha + s->age[i]);
        return;
    }
    double a = s->parameters[2];
    double b = s->parameters[3] + s->chances;
    RCX_KERNEL_CALL(dropout_purchases)(s->age, s->lanes, &s->dropout, a, b, horizon, out);
    if (has_gaps(out, s->lanes)) {
        struct rcx_beta_rule rule;
        double means[MOST];
        rcx_beta_rule_make(a, b, &rule);
        RCX_KERNEL_CALL(dropout_mean_purchases)
        (s->age, s->lanes, &s->dropout, &rule, horizon, means);
        fill_gaps(means, s->lanes, out);
    }
}

/* Adds factor times the integral of exp(-discount u) E(u) over [from, to]. */
static void add_panel(const struct slice *s, double from, double to, double discount, double *out)
{
    const struct rcx_gauss_rule *rule = s->expectation->time_rule;
    double expected[MOST];
    for (unsigned j = 0; j < rule->count; j++) {
        double u = from + (to - from) * rule->nodes[j];
        double factor = discount * (to - from) * rule->weights[j] * exp(-discount * u);
        purchases(s, u, expected);
        for (size_t i = 0; i < s->lanes; i++)
            out[i] += factor * expected[i];
    }
}

/* The integral of exp(-discount u) dE(u), by parts: exp(-discount H) E(H) + discount times the
 * integral of exp(-discount u) E(u). E changes over times of alpha + T, so panels halve towards 0
 * until they are as short as that. */
static void discounted(const struct slice *s, double horizon, double discount, double *out)
{
    enum { MOST_PANELS = 40 };
    const double far = 40; /* exp(-40) is nothing */
    double shortest = s->parameters[1] + s->age[0];
    if (s->expectation->model == RCX_BTYD_PARETO)
        shortest = fmin(shortest, s->parameters[3] + s->age[0]);
    if (discount > 0 && horizon > far / discount)
        horizon = far / discount;
    purchases(s, horizon, out);
    for (size_t i = 0; i < s->lanes; i++)
        out[i] *= exp(-discount * horizon);
    double to = discount > 0 ? horizon : 0;
    for (int panel = 0; panel < MOST_PANELS && to > 0; panel++) {
        double from = to <= shortest || panel == MOST_PANELS - 1 ? 0 : to / 2;
        add_panel(s, from, to, discount, out);
        to = from;
    }
}

static void scale_by_alive(const struct slice *s, double *out)
{
    double share[MOST];
    alive(s, share);
    for (size_t i = 0; i < s->lanes; i++)
        out[i] *= share[i];
}

/* Exactly n purchases within a horizon > 0, n > 0 or not, of customers who are alive. */
static void dropout_count(const struct slice *s, double horizon, unsigned n, double *out)
{
    double exactly[MOST];
    double at_least[MOST];
    double b = s->parameters[3] + s->chances;
    double all = s->parameters[2] + b;
    double before = 1, stay = 1; /* stays through the n - 1 purchases before, and the n-th */
    if (n > 0 && s->expectation->model != RCX_BTYD_NBD) {
        before = exp(rcx_gamma_rise(b, n - 1).log - rcx_gamma_rise(all, n - 1).log);
        stay = (b + n - 1) / (all + n - 1);
    }
    RCX_KERNEL_CALL(dropout_counts)
    (s->age, s->lanes, &s->dropout, horizon, n, exactly, at_least);
    for (size_t i = 0; i < s->lanes; i++) {
        double end = s->dropout.alpha + s->age[i];
        if (isnan(exactly[i])) {
            exactly[i] = rcx_count_exactly(s->dropout.shape, end, horizon, n);
            at_least[i] = rcx_count_at_least(s->dropout.shape, end, horizon, n);
        }
        out[i] = fmin(before * (stay * exactly[i] + (1 - stay) * at_least[i]), 1);
    }
}

static void count_probability(const struct slice *s, double *out)
{
    const struct rcx_btyd_request *request = s->expectation->request;
    unsigned n = request->purchases;
    double horizon = request->horizon;
    double share[MOST];
    alive(s, share);
    if (horizon <= 0) {
        for (size_t i = 0; i < s->lanes; i++)
            out[i] = n == 0 ? 1 : 0;
    } else if (s->expectation->model == RCX_BTYD_PARETO) {
        double log_rise = rcx_gamma_rise(s->pareto.shape, n).log - rcx_gamma_rise(1, n).log;
        RCX_KERNEL_CALL(pareto_count)(s->age, s->lanes, &s->pareto, horizon, n, log_rise, out);
    } else {
        dropout_count(s, horizon, n, out);
    }
    for (size_t i = 0; i < s->lanes; i++)
        out[i] = share[i] * out[i] + (n == 0 ? 1 - share[i] : 0);
}

void rcx_expectation_of(const struct rcx_expectation *expectation, const double *parameters,
                        double x, const double *t_x, const double *age, size_t lanes, double *out)
{
    const struct rcx_btyd_request *request = expectation->request;
    struct slice slice = make_slice(expectation, parameters, x, t_x, age, lanes);
    switch (request->quantity) {
    case RCX_BTYD_P_ALIVE:
        alive(&slice, out);
        break;
    case RCX_BTYD_P_NO_PURCHASE:
        no_purchase(&slice, request->gap, request->horizon, out);
        break;
    case RCX_BTYD_PURCHASES:
        purchases(&slice, request->horizon, out);
        scale_by_alive(&slice, out);
        break;
    case RCX_BTYD_DISCOUNTED:
        discounted(&slice, request->horizon, request->discount, out);
        scale_by_alive(&slice, out);
        break;
    case RCX_BTYD_P_COUNT:
        count_probability(&slice, out);
        break;
    }
}
