#include "ml/btyd/dropout_kernels.h"

#include <math.h>

#include "ml/btyd/box_cox.h"

enum { MOST_TERMS = 1025, CHECK_EVERY = 8 }; /* of the series of expected purchases */
static const double ENOUGH = 1e-13;
static const double MOST_LOG = 690; /* of 1 / P(N = 0), with which the series begin */

void RCX_KERNEL(no_dropout_sums)(const double *age, const double *weight, size_t lanes,
                                 const struct rcx_dropout_run *run, double out[RCX_DROPOUT_SUMS])
{
    rcx_lanes log_sum = {0};
    rcx_lanes inverse_sum = {0};
    rcx_lanes square_sum = {0};
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes n = rcx_lanes_load(weight + i);
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes inverse = 1 / end;
        log_sum += n * rcx_lanes_log(end);
        inverse_sum += n * inverse;
        square_sum += n * inverse * inverse;
    }
    for (int k = 0; k < RCX_DROPOUT_SUMS; k++)
        out[k] = 0;
    out[RCX_DROPOUT_U] = rcx_lanes_sum(log_sum);
    out[RCX_DROPOUT_INVERSE] = rcx_lanes_sum(inverse_sum);
    out[RCX_DROPOUT_INVERSE_2] = rcx_lanes_sum(square_sum);
}

void RCX_KERNEL(dropout_sums)(const double *t_x, const double *age, const double *weight,
                              size_t lanes, const struct rcx_dropout_run *run,
                              double out[RCX_DROPOUT_SUMS])
{
    rcx_lanes sum[RCX_DROPOUT_SUMS] = {{0}};
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes n = rcx_lanes_load(weight + i);
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes last = rcx_lanes_load(t_x + i) + run->alpha;
        const rcx_lanes log_end = rcx_lanes_log(end);
        const rcx_lanes l = log_end - rcx_lanes_log(last);
        const rcx_lanes both = 1 / (end * last);
        const rcx_lanes by_end = both * last;
        const rcx_lanes by_last = both * end;
        const rcx_lanes d = by_end - by_last;
        const rcx_lanes e = by_last * by_last - by_end * by_end;
        const rcx_lanes odds = run->log_odds + run->shape * l;
        const rcx_lanes small = rcx_lanes_exp(-rcx_lanes_abs(odds)); /* e^-|d| */
        const rcx_lanes share = 1 / (1 + small);
        const rcx_lanes s = rcx_lanes_pick(odds > 0, share, small * share);
        const rcx_lanes v = small * share * share * n;
        const rcx_lanes sn = s * n;
        sum[RCX_DROPOUT_U] += n * log_end;
        sum[RCX_DROPOUT_INVERSE] += n * by_end;
        sum[RCX_DROPOUT_INVERSE_2] += n * by_end * by_end;
        sum[RCX_DROPOUT_LOG] += n * (rcx_lanes_max(odds, (rcx_lanes){0}) + rcx_lanes_log1p(small));
        sum[RCX_DROPOUT_S] += sn;
        sum[RCX_DROPOUT_S_L] += sn * l;
        sum[RCX_DROPOUT_S_D] += sn * d;
        sum[RCX_DROPOUT_S_E] += sn * e;
        sum[RCX_DROPOUT_V] += v;
        sum[RCX_DROPOUT_V_L] += v * l;
        sum[RCX_DROPOUT_V_D] += v * d;
        sum[RCX_DROPOUT_V_LL] += v * l * l;
        sum[RCX_DROPOUT_V_LD] += v * l * d;
        sum[RCX_DROPOUT_V_DD] += v * d * d;
    }
    for (int k = 0; k < RCX_DROPOUT_SUMS; k++)
        out[k] = rcx_lanes_sum(sum[k]);
}

void RCX_KERNEL(dropout_alive)(const double *t_x, const double *age, size_t lanes,
                               const struct rcx_dropout_run *run, double *out)
{
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes last = rcx_lanes_load(t_x + i) + run->alpha;
        const rcx_lanes odds = run->log_odds + run->shape * rcx_lanes_log(end / last);
        const rcx_lanes small = rcx_lanes_exp(-rcx_lanes_abs(odds));
        const rcx_lanes share = 1 / (1 + small);
        rcx_lanes_store(out + i, rcx_lanes_pick(odds > 0, small * share, share));
    }
}

void RCX_KERNEL(dropout_silent)(const double *age, size_t lanes, const struct rcx_dropout_run *run,
                                double horizon, double *out)
{
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes power = -run->shape * rcx_lanes_log1p(horizon / end);
        rcx_lanes_store(out + i, rcx_lanes_exp(power));
    }
}

/* The factors of the series below that all customers of a run share, made when they are asked for. */
struct shared_factors {
    double rise[MOST_TERMS]; /* (shape + j - 1) / j */
    double stay[MOST_TERMS]; /* (b)_j / (a + b)_j */
    int made;
};

static void make_factors(struct shared_factors *factors, double shape, double a, double b,
                         int count)
{
    for (int j = factors->made; j < count; j++) {
        factors->rise[j] = j == 0 ? 1 : (shape + j - 1) / j;
        factors->stay[j] = j == 0 ? 1 : factors->stay[j - 1] * ((b + j - 1) / (a + b + j - 1));
    }
    factors->made = count > factors->made ? count : factors->made;
}

/* With N the number of purchases if nobody dropped out, which is negative binomial: the sum over j >= 0
 * of P(N > j) (b)_j / (a + b)_j; the (j + 1)-th purchase happens when there is one and the customer has
 * stayed after each of the j before it. All terms are positive, so no digits are lost; they fall at
 * least like z^j once j is large, z = horizon / (alpha + T + horizon). P(N > j) is P(N > 0) less what
 * P(N = 1), P(N = 2), ... take from it, so that its rounding errors are relative to P(N > 0), which is
 * less than the sum. */
void RCX_KERNEL(dropout_purchases)(const double *age, size_t lanes,
                                   const struct rcx_dropout_run *run, double a, double b,
                                   double horizon, double *out)
{
    const double shape = run->shape;
    struct shared_factors factors;
    factors.made = 0;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes z = horizon / (end + horizon);
        const rcx_lanes l = rcx_lanes_log1p(horizon / end);
        const rcx_lanes held = rcx_lanes_min(l, rcx_lanes_all(MOST_LOG / shape));
        rcx_lanes mass = rcx_lanes_exp(-shape * held);
        rcx_lanes above = shape * rcx_lanes_box_cox(-shape, held);
        rcx_lanes sum = above;
        rcx_lanes rest = sum; /* at most what the terms left out add up to, times 1 - fall */
        rcx_lanes fall = z;
        for (int j = 1; j < MOST_TERMS; j += CHECK_EVERY) {
            if (j + CHECK_EVERY > factors.made)
                make_factors(&factors, shape, a, b, j + CHECK_EVERY);
            for (int k = j; k < j + CHECK_EVERY; k++) {
                mass *= factors.rise[k] * z;
                above -= mass;
                sum += above * factors.stay[k];
            }
            const double growth = factors.rise[j + CHECK_EVERY - 1];
            fall = (growth > 1 ? growth : 1) * z;
            rest = rcx_lanes_abs(above) * factors.stay[j + CHECK_EVERY - 1];
            if (rcx_lanes_highest(rest - ENOUGH * sum * (1 - fall)) <= 0)
                break;
        }
        const rcx_lanes_int good = (l * shape <= MOST_LOG) & (fall < 1) &
                                   (rest <= 1e-11 * sum * (1 - fall));
        rcx_lanes_store(out + i, rcx_lanes_pick(good, sum, rcx_lanes_all(NAN)));
    }
}

/* The purchases in a gap, P(N = j), on their way through j. */
struct gap_purchases {
    rcx_lanes z, mass, above,
        sum; /* P(N = j), P(N > j), sum of P(N = i) (b)_i / (a + b)_i, i <= j */
};

RCX_LANES_INLINE struct gap_purchases before_first(double shape, rcx_lanes end, double gap,
                                                   rcx_lanes_int *good)
{
    const rcx_lanes l = rcx_lanes_log1p(gap / end);
    const rcx_lanes held = rcx_lanes_min(l, rcx_lanes_all(MOST_LOG / shape));
    struct gap_purchases purchases = {.z = gap / (end + gap)};
    purchases.mass = rcx_lanes_exp(-shape * held);
    purchases.above = 1 - purchases.mass;
    purchases.sum = purchases.mass;
    *good &= l * shape <= MOST_LOG;
    return purchases;
}

RCX_LANES_INLINE void next_purchase(struct gap_purchases *purchases, double rise, double stay)
{
    purchases->mass *= rise * purchases->z;
    purchases->above -= purchases->mass;
    purchases->sum += purchases->mass * stay;
}

/* Over the purchases j in the gap, the chance of so many if nobody dropped out times that to have stayed
 * after them; less the same with no purchase in the horizon, which is to wait for (alpha + T +
 * horizon) instead of (alpha + T) at a chance of ((alpha + T) / (alpha + T + horizon))^shape. */
void RCX_KERNEL(dropout_returns)(const double *age, size_t lanes, const struct rcx_dropout_run *run,
                                 double a, double b, double gap, double horizon, double *out)
{
    const double shape = run->shape;
    struct shared_factors factors;
    factors.made = 0;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes silent = rcx_lanes_exp(-shape * rcx_lanes_log1p(horizon / end));
        rcx_lanes_int good = end > 0;
        struct gap_purchases all = before_first(shape, end, gap, &good);
        struct gap_purchases none = before_first(shape, end + horizon, gap, &good);
        rcx_lanes rest = all.above;
        for (int j = 1; j < MOST_TERMS; j += CHECK_EVERY) {
            if (j + CHECK_EVERY > factors.made)
                make_factors(&factors, shape, a, b, j + CHECK_EVERY);
            for (int k = j; k < j + CHECK_EVERY; k++) {
                next_purchase(&all, factors.rise[k], factors.stay[k]);
                next_purchase(&none, factors.rise[k], factors.stay[k]);
            }
            rest = rcx_lanes_max(rcx_lanes_abs(all.above), rcx_lanes_abs(none.above));
            rest *= factors.stay[j + CHECK_EVERY - 1];
            if (rcx_lanes_highest(rest) <= ENOUGH)
                break;
        }
        const rcx_lanes returns = rcx_lanes_max(all.sum - silent * none.sum, (rcx_lanes){0});
        rcx_lanes_store(out + i,
                        rcx_lanes_pick(good & (rest <= 10 * ENOUGH), returns, rcx_lanes_all(NAN)));
    }
}

void RCX_KERNEL(dropout_mean_purchases)(const double *age, size_t lanes,
                                        const struct rcx_dropout_run *run,
                                        const struct rcx_beta_rule *rule, double horizon,
                                        double *out)
{
    const double least = 1e-12; /* of p w: below it the mean is that of a first-order term */
    const double shape = run->shape;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes w = horizon / (rcx_lanes_load(age + i) + run->alpha);
        rcx_lanes sum = {0};
        for (unsigned j = 0; j < rule->count; j++) {
            const rcx_lanes pw = rule->p[j] * w;
            const rcx_lanes l = rcx_lanes_min(rcx_lanes_log1p(pw), rcx_lanes_all(700 / shape));
            const rcx_lanes value = rcx_lanes_box_cox(-shape, l) / rule->p[j];
            sum += rule->weight[j] * rcx_lanes_pick(pw < least, w, value);
        }
        rcx_lanes_store(out + i, shape * sum);
    }
}

void RCX_KERNEL(dropout_mean_returns)(const double *age, size_t lanes,
                                      const struct rcx_dropout_run *run,
                                      const struct rcx_beta_rule *rule, double gap, double horizon,
                                      double *out)
{
    const double shape = run->shape;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        rcx_lanes sum = {0};
        for (unsigned j = 0; j < rule->count; j++) {
            const rcx_lanes waited = rule->p[j] * gap / end;
            const rcx_lanes l = rcx_lanes_log1p(horizon / (end * (1 + waited)));
            const rcx_lanes held = rcx_lanes_min(l, rcx_lanes_all(700 / shape));
            const rcx_lanes there = rcx_lanes_exp(-shape * rcx_lanes_log1p(waited));
            sum += rule->weight[j] * there * rcx_lanes_box_cox(-shape, held);
        }
        rcx_lanes_store(out + i, shape * sum);
    }
}
