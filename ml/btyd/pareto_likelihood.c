/* Pareto/NBD:
 *   ln L = ln Gamma(r + x) / Gamma(r) + r ln alpha + s ln beta + ln(A + I),
 * with A + I as in pareto_kernels.h. */
#include <math.h>

#include "base/memory.h"
#include "ml/btyd/gamma_functions.h"
#include "ml/btyd/likelihood.h"

static const struct {
    double longest;
    unsigned count;
} NODES[RCX_PARETO_RULES] = {{.5, 6}, {1, 8},  {2, 12},  {3, 16},
                             {5, 24}, {8, 32}, {12, 48}, {HUGE_VAL, 96}};

struct rcx_pareto_rules rcx_pareto_rules_of(void)
{
    struct rcx_pareto_rules rules;
    for (unsigned i = 0; i < RCX_PARETO_RULES; i++) {
        rules.longest[i] = NODES[i].longest;
        rules.rules[i] = rcx_gauss_rule_of(NODES[i].count);
    }
    return rules;
}

struct job {
    const struct rcx_btyd_groups *groups;
    const double *parameters;
    const struct rcx_pareto_rules *rules;
    double (*sums)[RCX_PARETO_SUMS]; /* [pieces] */
};

static enum rcx_status sum_piece(void *context, size_t index, unsigned worker,
                                 struct rcx_error *err)
{
    struct job *job = context;
    const struct rcx_btyd_groups *groups = job->groups;
    const struct rcx_btyd_piece *piece = &groups->pieces[index];
    const struct rcx_pareto_run run = {.shape = job->parameters[0] + groups->runs[piece->run].x,
                                       .alpha = job->parameters[1],
                                       .s = job->parameters[2],
                                       .beta = job->parameters[3],
                                       .rules = job->rules};
    size_t first = piece->first_lane;
    (void)worker;
    (void)err;
    RCX_KERNEL_CALL(pareto_sums)
    (groups->t_x + first, groups->age + first, groups->weight + first, piece->lanes, &run,
     job->sums[index]);
    return RCX_OK;
}

/* What depends on x alone. */
static void add_run(const struct rcx_btyd_run *run, const double *parameters,
                    struct rcx_btyd_slopes *out)
{
    double r = parameters[0];
    double alpha = parameters[1];
    double s = parameters[2];
    double beta = parameters[3];
    struct rcx_gamma_values rise = rcx_gamma_rise(r, run->x);
    out->value += run->weight * (rise.log + r * log(alpha) + s * log(beta));
    out->gradient[0] += run->weight * (rise.first + log(alpha));
    out->gradient[1] += run->weight * r / alpha;
    out->gradient[2] += run->weight * log(beta);
    out->gradient[3] += run->weight * s / beta;
    out->hessian[0][0] += run->weight * rise.second;
    out->hessian[0][1] += run->weight / alpha;
    out->hessian[1][1] -= run->weight * r / (alpha * alpha);
    out->hessian[2][3] += run->weight / beta;
    out->hessian[3][3] -= run->weight * s / (beta * beta);
}

static void add_up(const struct job *job, struct rcx_btyd_slopes *out)
{
    const struct rcx_btyd_groups *groups = job->groups;
    *out = (struct rcx_btyd_slopes){0};
    for (size_t r = 0; r < groups->run_count; r++)
        add_run(&groups->runs[r], job->parameters, out);
    for (size_t p = 0; p < groups->piece_count; p++) {
        const double *sum = job->sums[p];
        out->value += *sum++;
        for (unsigned i = 0; i < RCX_BTYD_MAX_PARAMETERS; i++)
            out->gradient[i] += *sum++;
        for (unsigned i = 0; i < RCX_BTYD_MAX_PARAMETERS; i++) {
            for (unsigned j = i; j < RCX_BTYD_MAX_PARAMETERS; j++)
                out->hessian[i][j] += *sum++;
        }
    }
    for (unsigned i = 0; i < RCX_BTYD_MAX_PARAMETERS; i++) {
        for (unsigned j = 0; j < i; j++)
            out->hessian[i][j] = out->hessian[j][i];
    }
}

enum rcx_status rcx_pareto_likelihood(const struct rcx_btyd_groups *groups,
                                      const double *parameters,
                                      const struct rcx_pareto_rules *rules,
                                      const struct rcx_parallel *parallel,
                                      struct rcx_btyd_slopes *out, struct rcx_error *err)
{
    enum { COST = 30 };
    struct job job = {.groups = groups, .parameters = parameters, .rules = rules};
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
