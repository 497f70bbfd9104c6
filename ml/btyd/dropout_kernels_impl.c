#include "ml/btyd/dropout_kernels.h"

#include <math.h>

#include "ml/btyd/box_cox.h"

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

/* With z = horizon / (alpha + T + horizon), C = a + b - 1, B = C - r (the r of the posterior, that is
 * the shape):
 *   E = C / (a - 1) (1 - (1 - z)^(a - 1) 2F1(a - 1, B; C; z)),
 * Euler's form of Fader, Hardie, Lee's (10), in which no parameter of 2F1 grows with x but C. Written
 * without the poles at a = 1 and C = 0, with G = ((1 - z)^(a - 1) - 1) / (a - 1) and
 * Q = sum over n >= 1 of (a)_(n-1) (B)_n z^n / ((C + 1)_(n-1) n!):
 *   E = -(C G + (1 - z)^(a - 1) Q). */
void RCX_KERNEL(dropout_purchases)(const double *age, size_t lanes,
                                   const struct rcx_dropout_run *run, double a, double b,
                                   double horizon, double *out)
{
    enum { MOST_TERMS = 400, CHECK_EVERY = 8 };
    const double c = a + b - 1;
    const double big_b = c - run->shape;
    for (size_t i = 0; i < lanes; i += RCX_LANES) {
        const rcx_lanes end = rcx_lanes_load(age + i) + run->alpha;
        const rcx_lanes z = horizon / (end + horizon);
        const rcx_lanes g = rcx_lanes_box_cox(a - 1, -rcx_lanes_log1p(horizon / end));
        rcx_lanes term = big_b * z;
        rcx_lanes sum = term;
        rcx_lanes size = rcx_lanes_abs(term);
        double n = 1;
        while (n < MOST_TERMS) {
            for (int k = 0; k < CHECK_EVERY; k++, n++) {
                term *= (a + n - 1) * (big_b + n) / ((c + n) * (n + 1)) * z;
                sum += term;
                size += rcx_lanes_abs(term);
            }
            if (rcx_lanes_highest(rcx_lanes_abs(term) - 1e-16 * rcx_lanes_abs(sum)) <= 0)
                break;
        }
        const rcx_lanes power = 1 + (a - 1) * g;
        const rcx_lanes value = -(c * g + power * sum);
        const rcx_lanes lost = 2e-16 * (rcx_lanes_abs(c * g) + power * size) +
                               power * rcx_lanes_abs(term) / (1 - z);
        rcx_lanes_store(out + i, rcx_lanes_pick(lost < 1e-10 * value, value, rcx_lanes_all(NAN)));
    }
}
