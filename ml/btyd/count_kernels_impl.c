#include "ml/btyd/count_kernels.h"

#include <math.h>

#include "ml/btyd/box_cox.h"

void RCX_KERNEL(dropout_counts)(const double *age, size_t lanes, const struct rcx_dropout_run *run,
                                double horizon, unsigned n, double *exactly, double *at_least)
{
    const double most_log = 690; /* of 1 / P(N = 0) */
    const double shape = run->shape;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes z = horizon / (end + horizon);
        const rcx_lanes l = rcx_lanes_log1p(horizon / end);
        const rcx_lanes held = rcx_lanes_min(l, rcx_lanes_all(most_log / shape));
        const rcx_lanes_int good = l * shape <= most_log;
        rcx_lanes mass = rcx_lanes_exp(-shape * held);
        rcx_lanes above = n == 0 ? rcx_lanes_all(1) : shape * rcx_lanes_box_cox(-shape, held);
        for (unsigned j = 1; j <= n; j++) {
            mass *= (shape + j - 1) / j * z;
            above -= j < n ? mass : (rcx_lanes){0};
        }
        above = rcx_lanes_max(above, mass);
        rcx_lanes_store(exactly + i, rcx_lanes_pick(good, mass, rcx_lanes_all(NAN)));
        rcx_lanes_store(at_least + i, above);
    }
}

/* What eight customers have in common at every node. */
struct ends {
    rcx_lanes alpha, beta, scale; /* A, B, 1 / kappa */
    double n, log_rise;
};

/* (rise) f(u) (1 + u / B)^-power */
RCX_LANES_INLINE rcx_lanes share_at(const struct rcx_pareto_run *run, const struct ends *ends,
                                    rcx_lanes u, double power, rcx_lanes more)
{
    const rcx_lanes log_end = rcx_lanes_log1p(u / ends->alpha);
    const rcx_lanes log_u = rcx_lanes_log(rcx_lanes_max(u / ends->alpha, rcx_lanes_all(1e-300)));
    const rcx_lanes fall = run->shape * log_end + power * rcx_lanes_log1p(u / ends->beta);
    const rcx_lanes rise = ends->log_rise + ends->n * (log_u - log_end);
    return rcx_lanes_exp(rise - fall + more);
}

/* Up to where f has fallen by e^-45 from its highest, (1 + n / p)^-p (n / (n + p))^n at u = A n / p. */
RCX_LANES_INLINE rcx_lanes find_reach(const struct rcx_pareto_run *run, const struct ends *ends,
                                      double horizon)
{
    const double p = run->shape;
    const double n = ends->n;
    const double peak = p * log1p(n / p) + (n > 0 ? n * log1p(p / n) : 0);
    return rcx_lanes_min(rcx_lanes_all(horizon), expm1(fmin((45 + peak) / p, 300)) * ends->alpha);
}

RCX_LANES_INLINE rcx_lanes death_before(const struct rcx_pareto_run *run, const struct ends *ends,
                                        double horizon)
{
    const rcx_lanes reach = find_reach(run, ends, horizon);
    const rcx_lanes length = rcx_lanes_log1p(reach / ends->scale);
    const double longest = 6 / sqrt(ends->n > 4 ? ends->n : 4); /* panel, so that 16 nodes do */
    const uint64_t panels = 1 + (uint64_t)(rcx_lanes_highest(length) / longest);
    const rcx_lanes share = length / (double)panels;
    const struct rcx_gauss_rule *rule = &run->rules->rules[RCX_PARETO_COUNT_RULE];
    rcx_lanes sum = {0};
    for (uint64_t panel = 0; panel < panels; panel++) {
        for (unsigned j = 0; j < rule->count; j++) {
            const rcx_lanes tau = share * ((double)panel + rule->nodes[j]);
            const rcx_lanes u = rcx_lanes_box_cox(1, tau) * ends->scale;
            sum += rule->weights[j] * share_at(run, ends, u, run->s + 1, tau);
        }
    }
    return run->s * share * ends->scale / ends->beta * sum;
}

void RCX_KERNEL(pareto_count)(const double *age, size_t lanes, const struct rcx_pareto_run *run,
                              double horizon, unsigned n, double log_rise, double *out)
{
    const double p = run->shape > 1 ? run->shape : 1;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i);
        struct ends ends = {
            .alpha = end + run->alpha, .beta = end + run->beta, .n = n, .log_rise = log_rise};
        ends.scale = 1 / (p / ends.alpha + (run->s + 1) / ends.beta);
        const rcx_lanes lives = share_at(run, &ends, rcx_lanes_all(horizon), run->s,
                                         (rcx_lanes){0});
        const rcx_lanes dies = death_before(run, &ends, horizon);
        rcx_lanes_store(out + i, rcx_lanes_min(lives + dies, rcx_lanes_all(1)));
    }
}
