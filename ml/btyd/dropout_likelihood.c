/* BG/NBD, MBG/NBD and NBD. With k = x (MBG/NBD: x + 1) chances to drop out so far,
 *   ln L = ln Gamma(r + x) / Gamma(r) + r ln alpha - (r + x) ln(alpha + T)
 *        + ln (b)_k / (a + b)_k + ln(1 + e^d),
 *   d = ln(a / (b + k - 1)) + (r + x) ln((alpha + T) / (alpha + t_x));
 * the last two terms vanish for k = 0. All that depends on T and t_x is in the sums of
 * dropout_kernels.h. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/btyd/dropout_kernels.h"
#include "ml/btyd/gamma_functions.h"
#include "ml/btyd/likelihood.h"

struct job {
    const struct rcx_btyd_groups *groups;
    enum rcx_btyd_model model;
    const double *parameters;
    double (*sums)[RCX_DROPOUT_SUMS]; /* [pieces] */
};

static enum rcx_status sum_piece(void *context, size_t index, unsigned worker,
                                 struct rcx_error *err)
{
    struct job *job = context;
    const struct rcx_btyd_groups *groups = job->groups;
    const struct rcx_btyd_piece *piece = &groups->pieces[index];
    double x = groups->runs[piece->run].x;
    double k = rcx_btyd_chances(job->model, x);
    const double *age = groups->age + piece->first_lane;
    const double *weight = groups->weight + piece->first_lane;
    struct rcx_dropout_run run = {.shape = job->parameters[0] + x, .alpha = job->parameters[1]};
    (void)worker;
    (void)err;
    if (k > 0) {
        run.log_odds = log(job->parameters[2] / (job->parameters[3] + k - 1));
        RCX_KERNEL_CALL(dropout_sums)
        (groups->t_x + piece->first_lane, age, weight, piece->lanes, &run, job->sums[index]);
    } else {
        RCX_KERNEL_CALL(no_dropout_sums)(age, weight, piece->lanes, &run, job->sums[index]);
    }
    return RCX_OK;
}

/* The part of the rate of purchases. */
static void add_rate(const struct rcx_btyd_run *run, const double *sums, double r, double alpha,
                     struct rcx_btyd_slopes *out)
{
    double shape = r + run->x;
    struct rcx_gamma_values rise = rcx_gamma_rise(r, run->x);
    double log_alpha = log(alpha);
    out->value += run->weight * (rise.log + r * log_alpha) - shape * sums[RCX_DROPOUT_U] +
                  sums[RCX_DROPOUT_LOG];
    out->gradient[0] += run->weight * (rise.first + log_alpha) - sums[RCX_DROPOUT_U] +
                        sums[RCX_DROPOUT_S_L];
    out->gradient[1] += run->weight * r / alpha -
                        shape * (sums[RCX_DROPOUT_INVERSE] - sums[RCX_DROPOUT_S_D]);
    out->hessian[0][0] += run->weight * rise.second + sums[RCX_DROPOUT_V_LL];
    out->hessian[0][1] += run->weight / alpha - sums[RCX_DROPOUT_INVERSE] + sums[RCX_DROPOUT_S_D] +
                          shape * sums[RCX_DROPOUT_V_LD];
    out->hessian[1][1] += shape * (sums[RCX_DROPOUT_INVERSE_2] + sums[RCX_DROPOUT_S_E] +
                                   shape * sums[RCX_DROPOUT_V_DD]) -
                          run->weight * r / (alpha * alpha);
}

/* The part of dropping out, k > 0 chances. */
static void add_dropout(const struct rcx_btyd_run *run, const double *sums, double k,
                        const double *parameters, struct rcx_btyd_slopes *out)
{
    double shape = parameters[0] + run->x;
    double a = parameters[2];
    double b = parameters[3];
    double by_a = 1 / a;            /* of d by a */
    double by_b = -1 / (b + k - 1); /* of d by b */
    struct rcx_gamma_values stay = rcx_gamma_rise(b, k);
    struct rcx_gamma_values all = rcx_gamma_rise(a + b, k);
    double s = sums[RCX_DROPOUT_S];
    double v = sums[RCX_DROPOUT_V];
    out->value += run->weight * (stay.log - all.log);
    out->gradient[2] += s * by_a - run->weight * all.first;
    out->gradient[3] += s * by_b + run->weight * (stay.first - all.first);
    out->hessian[0][2] += sums[RCX_DROPOUT_V_L] * by_a;
    out->hessian[0][3] += sums[RCX_DROPOUT_V_L] * by_b;
    out->hessian[1][2] += shape * sums[RCX_DROPOUT_V_D] * by_a;
    out->hessian[1][3] += shape * sums[RCX_DROPOUT_V_D] * by_b;
    out->hessian[2][2] += (v - s) * by_a * by_a - run->weight * all.second;
    out->hessian[2][3] += v * by_a * by_b - run->weight * all.second;
    out->hessian[3][3] += (v + s) * by_b * by_b + run->weight * (stay.second - all.second);
}

/* Run by run, a run's pieces in their order. */
static void add_up(const struct job *job, struct rcx_btyd_slopes *out)
{
    const struct rcx_btyd_groups *groups = job->groups;
    *out = (struct rcx_btyd_slopes){0};
    for (size_t p = 0; p < groups->piece_count;) {
        double sums[RCX_DROPOUT_SUMS] = {0};
        size_t run = groups->pieces[p].run;
        for (; p < groups->piece_count && groups->pieces[p].run == run; p++) {
            for (int k = 0; k < RCX_DROPOUT_SUMS; k++)
                sums[k] += job->sums[p][k];
        }
        double k = rcx_btyd_chances(job->model, groups->runs[run].x);
        add_rate(&groups->runs[run], sums, job->parameters[0], job->parameters[1], out);
        if (k > 0)
            add_dropout(&groups->runs[run], sums, k, job->parameters, out);
    }
    for (unsigned i = 0; i < RCX_BTYD_MAX_PARAMETERS; i++) {
        for (unsigned j = 0; j < i; j++)
            out->hessian[i][j] = out->hessian[j][i];
    }
}

enum rcx_status rcx_dropout_likelihood(const struct rcx_btyd_groups *groups,
                                       enum rcx_btyd_model model, const double *parameters,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_btyd_slopes *out, struct rcx_error *err)
{
    enum { COST = 1 };
    struct job job = {.groups = groups, .model = model, .parameters = parameters};
    struct rcx_parallel threads = rcx_btyd_threads(parallel, groups->lanes, COST);
    job.sums = rcx_malloc_array(groups->piece_count, sizeof *job.sums);
    if (!job.sums)
        return rcx_fail_nomem(err, "likelihood", groups->piece_count * sizeof *job.sums);
    enum rcx_status status = rcx_parallel_for(&threads, groups->piece_count, sum_piece, &job, err);
    if (status == RCX_OK)
        add_up(&job, out);
    rcx_free(job.sums);
    return status;
}
