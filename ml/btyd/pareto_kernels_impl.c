#include "ml/btyd/pareto_kernels.h"

#include "ml/btyd/box_cox.h"

/* The interval [from, to] of moments of death, in tau. */
struct interval {
    rcx_lanes from, scale, length; /* 1 / kappa; length of tau */
    rcx_lanes log_alpha, log_beta; /* ln(alpha + from), ln(beta + from) */
    const struct rcx_gauss_rule *rule;
};

/* Moments later than where the integrand has fallen by e^-45 are left out: one of its two factors
 * has fallen so far at y = from + (alpha + from) (e^(45 / p) - 1), the other one likewise. */
RCX_LANES_INLINE struct interval make_interval(const struct rcx_pareto_run *run, rcx_lanes from,
                                               rcx_lanes to)
{
    const double p = run->shape > 1 ? run->shape : 1;
    const double most = 45;
    const rcx_lanes alpha = from + run->alpha;
    const rcx_lanes beta = from + run->beta;
    const double first = __builtin_expm1(most / (run->shape > .1 ? run->shape : .1));
    const double second = __builtin_expm1(most / (run->s + 1));
    const rcx_lanes kappa = p / alpha + (run->s + 1) / beta;
    struct interval interval = {.from = from, .scale = 1 / kappa};
    const rcx_lanes reach = rcx_lanes_min(to - from, rcx_lanes_min(first * alpha, second * beta));
    interval.length = rcx_lanes_log(1 + kappa * reach);
    interval.log_alpha = rcx_lanes_log(alpha);
    interval.log_beta = rcx_lanes_log(beta);
    const double longest = rcx_lanes_highest(interval.length);
    unsigned i = 0;
    while (longest > run->rules->longest[i])
        i++;
    interval.rule = &run->rules->rules[i];
    return interval;
}

/* One node: where it is, and its share of the integral, times (alpha + from)^p (beta + from)^(s+1).
 */
struct node {
    rcx_lanes mass, alpha, beta, log_alpha, log_beta; /* alpha + y, beta + y, relative logarithms */
};

RCX_LANES_INLINE struct node visit_node(const struct rcx_pareto_run *run,
                                        const struct interval *interval, unsigned j)
{
    struct node node;
    const rcx_lanes tau = interval->length * interval->rule->nodes[j];
    const rcx_lanes step = rcx_lanes_exp(tau);
    const rcx_lanes y = interval->from + (step - 1) * interval->scale;
    node.alpha = y + run->alpha;
    node.beta = y + run->beta;
    node.log_alpha = rcx_lanes_log(node.alpha) - interval->log_alpha;
    node.log_beta = rcx_lanes_log(node.beta) - interval->log_beta;
    const rcx_lanes fall = run->shape * node.log_alpha + (run->s + 1) * node.log_beta;
    node.mass = interval->rule->weights[j] * (step * rcx_lanes_exp(-fall));
    return node;
}

/* s times the integral over the interval. */
RCX_LANES_INLINE rcx_lanes integrate(const struct rcx_pareto_run *run,
                                     const struct interval *interval)
{
    rcx_lanes sum = {0};
    for (unsigned j = 0; j < interval->rule->count; j++)
        sum += visit_node(run, interval, j).mass;
    return run->s * interval->length * interval->scale * sum;
}

/* (alpha + to)^-p (beta + to)^-s in the same scale. */
RCX_LANES_INLINE rcx_lanes still_alive(const struct rcx_pareto_run *run,
                                       const struct interval *interval, rcx_lanes to)
{
    const rcx_lanes fall = run->shape * (rcx_lanes_log(to + run->alpha) - interval->log_alpha) +
                           run->s * (rcx_lanes_log(to + run->beta) - interval->log_beta);
    return rcx_lanes_exp(interval->log_beta - fall);
}

void RCX_KERNEL(pareto_alive)(const double *t_x, const double *age, size_t lanes,
                              const struct rcx_pareto_run *run, double *out)
{
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes to = rcx_lanes_load(age + i);
        const struct interval interval = make_interval(run, rcx_lanes_load(t_x + i), to);
        const rcx_lanes alive = still_alive(run, &interval, to);
        rcx_lanes_store(out + i, alive / (alive + integrate(run, &interval)));
    }
}

void RCX_KERNEL(pareto_silent)(const double *age, size_t lanes, const struct rcx_pareto_run *run,
                               double horizon, double *out)
{
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes from = rcx_lanes_load(age + i);
        const struct interval interval = make_interval(run, from, from + horizon);
        const rcx_lanes silent = still_alive(run, &interval, from + horizon) +
                                 integrate(run, &interval);
        rcx_lanes_store(out + i, rcx_lanes_min(silent / (from + run->beta), rcx_lanes_all(1)));
    }
}

void RCX_KERNEL(pareto_purchases)(const double *age, size_t lanes, const struct rcx_pareto_run *run,
                                  double horizon, double *out)
{
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i);
        const rcx_lanes beta = end + run->beta;
        const rcx_lanes l = rcx_lanes_log1p(horizon / beta);
        rcx_lanes_store(out + i,
                        run->shape * beta / (end + run->alpha) * rcx_lanes_box_cox(1 - run->s, l));
    }
}

/* Moments over the moment of death of a = ln(alpha + y) - ln(alpha + t_x), u = 1 / (alpha + y),
 * b = ln(beta + y) - ln(beta + t_x), w = 1 / (beta + y). */
struct moments {
    rcx_lanes one, a, u, b, w, aa, au, ab, aw, uu, ub, uw, bb, bw, ww;
};

RCX_LANES_INLINE struct moments find_moments(const struct rcx_pareto_run *run,
                                             const struct interval *interval)
{
    struct moments m = {0};
    const rcx_lanes all = run->s * interval->length * interval->scale;
    for (unsigned j = 0; j < interval->rule->count; j++) {
        const struct node node = visit_node(run, interval, j);
        const rcx_lanes one = all * node.mass;
        const rcx_lanes both = 1 / (node.alpha * node.beta);
        const rcx_lanes u = both * node.beta;
        const rcx_lanes w = both * node.alpha;
        const rcx_lanes a = one * node.log_alpha;
        const rcx_lanes ou = one * u;
        const rcx_lanes b = one * node.log_beta;
        const rcx_lanes ow = one * w;
        m.one += one;
        m.a += a;
        m.u += ou;
        m.b += b;
        m.w += ow;
        m.aa += a * node.log_alpha;
        m.au += a * u;
        m.ab += a * node.log_beta;
        m.aw += a * w;
        m.uu += ou * u;
        m.ub += ou * node.log_beta;
        m.uw += ou * w;
        m.bb += b * node.log_beta;
        m.bw += b * w;
        m.ww += ow * w;
    }
    return m;
}

/* ln(A + I) and its derivatives of eight customers: means and covariances of the scores of the two
 * ways to be silent, alive (weight A) or dead since y. Scores by (p, alpha, s, beta):
 *   alive  -a_T, -p u_T, -b_T,      -s w_T
 *   dead   -a,   -p u,   1 / s - b, -(s + 1) w
 * with the logarithms' own part, the same for both, added at the end. */
RCX_LANES_INLINE void customer(const struct rcx_pareto_run *run, rcx_lanes t_x, rcx_lanes age,
                               rcx_lanes out[RCX_PARETO_SUMS])
{
    const double p = run->shape;
    const double s = run->s;
    const struct interval interval = make_interval(run, t_x, age);
    const struct moments m = find_moments(run, &interval);
    const rcx_lanes alive = still_alive(run, &interval, age);
    const rcx_lanes total = alive + m.one;
    const rcx_lanes share = 1 / total;
    const rcx_lanes at = rcx_lanes_log(age + run->alpha) - interval.log_alpha;
    const rcx_lanes bt = rcx_lanes_log(age + run->beta) - interval.log_beta;
    const rcx_lanes ut = 1 / (age + run->alpha);
    const rcx_lanes wt = 1 / (age + run->beta);
    const double d = 1 / s;
    /* first: E[score] */
    const rcx_lanes g0 = -share * (alive * at + m.a);
    const rcx_lanes g1 = -p * share * (alive * ut + m.u);
    const rcx_lanes g2 = share * (d * m.one - m.b - alive * bt);
    const rcx_lanes g3 = -share * (s * alive * wt + (s + 1) * m.w);
    /* second: E[score score'] + E[second derivative] - E[score] E[score]' */
    out[0] = rcx_lanes_log(total) - p * interval.log_alpha - (s + 1) * interval.log_beta;
    out[1] = g0 - interval.log_alpha;
    out[2] = g1;
    out[3] = g2 - interval.log_beta;
    out[4] = g3;
    out[5] = share * (alive * at * at + m.aa) - g0 * g0;
    out[6] = share * (p * (alive * at * ut + m.au) - (alive * ut + m.u)) - g0 * g1;
    out[7] = share * (alive * at * bt + m.ab - d * m.a) - g0 * g2;
    out[8] = share * (s * alive * at * wt + (s + 1) * m.aw) - g0 * g3;
    out[9] = share * (p * (p + 1)) * (alive * ut * ut + m.uu) - g1 * g1;
    out[10] = share * p * (alive * ut * bt + m.ub - d * m.u) - g1 * g2;
    out[11] = share * p * (s * alive * ut * wt + (s + 1) * m.uw) - g1 * g3;
    out[12] = share * (alive * bt * bt + m.bb - 2 * d * m.b) - g2 * g2;
    out[13] = share * (s * alive * bt * wt + (s + 1) * (m.bw - d * m.w) - (alive * wt + m.w)) -
              g2 * g3;
    out[14] = share * (s * (s + 1) * alive * wt * wt + (s + 1) * (s + 2) * m.ww) - g3 * g3;
}

void RCX_KERNEL(pareto_sums)(const double *t_x, const double *age, const double *weight,
                             size_t lanes, const struct rcx_pareto_run *run,
                             double out[RCX_PARETO_SUMS])
{
    rcx_lanes sum[RCX_PARETO_SUMS] = {{0}};
    rcx_lanes one[RCX_PARETO_SUMS];
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes n = rcx_lanes_load(weight + i);
        customer(run, rcx_lanes_load(t_x + i), rcx_lanes_load(age + i), one);
        for (int k = 0; k < RCX_PARETO_SUMS; k++)
            sum[k] += n * one[k];
    }
    for (int k = 0; k < RCX_PARETO_SUMS; k++)
        out[k] = rcx_lanes_sum(sum[k]);
}
