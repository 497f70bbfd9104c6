/* With z = x m the total value of x purchases of mean m,
 *   ln L = ln Gamma(p x + q) / (Gamma(p x) Gamma(q)) + q ln v + p x ln z - ln m - (p x + q) ln(z + v),
 * in which only z and m differ between customers of equal x: the sums over them are those of a rate
 * of purchases (dropout_kernels.h) with z for T and v for alpha. Values are divided by their mean
 * while fitting. */
#include "ml/btyd/gamma_gamma.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/btyd/covariance.h"
#include "ml/btyd/dropout_kernels.h"
#include "ml/btyd/gamma_functions.h"
#include "ml/btyd/likelihood.h"

enum { N = RCX_GAMMA_GAMMA_PARAMETERS, FEWEST = 10, STARTS = 4 };

struct money {
    struct rcx_btyd_groups *groups; /* of (x, 0, z) */
    double *log_z;                  /* [runs] sums of ln z */
    double log_values;              /* sum of ln m */
    double scale;                   /* mean of m, by which values are divided */
    size_t customers, left_out;
    struct rcx_parallel parallel;
};

struct slopes {
    double value, gradient[N], hessian[N][N];
};

static void release(struct money *money)
{
    rcx_btyd_groups_release(money->groups);
    rcx_free(money->log_z);
}

static void sum_run(const struct money *money, size_t piece, double v, double out[RCX_DROPOUT_SUMS])
{
    const struct rcx_btyd_groups *groups = money->groups;
    const struct rcx_btyd_piece *at = &groups->pieces[piece];
    const struct rcx_dropout_run run = {.alpha = v};
    RCX_KERNEL_CALL(no_dropout_sums)
    (groups->age + at->first_lane, groups->weight + at->first_lane, at->lanes, &run, out);
}

/* --- customers that take part ------------------------------------------------------------------ */

static enum rcx_status select_customers(const double *frequency, const double *value, size_t count,
                                        struct money *money, double *x, double *z)
{
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(frequency[i] > 0))
            continue;
        if (!(value[i] > 0) || !isfinite(value[i])) {
            money->left_out++;
            continue;
        }
        x[money->customers] = frequency[i];
        z[money->customers++] = value[i];
        total += value[i];
    }
    money->scale = money->customers > 0 ? total / (double)money->customers : 1;
    for (size_t i = 0; i < money->customers; i++) {
        double m = z[i] / money->scale;
        money->log_values += log(m);
        z[i] = x[i] * m;
    }
    return RCX_OK;
}

static enum rcx_status sum_logarithms(struct money *money, struct rcx_error *err)
{
    const struct rcx_btyd_groups *groups = money->groups;
    money->log_z = rcx_calloc(groups->run_count + 1, sizeof *money->log_z);
    if (!money->log_z)
        return rcx_fail_nomem(err, "values", groups->run_count * sizeof *money->log_z);
    for (size_t p = 0; p < groups->piece_count; p++) {
        double sums[RCX_DROPOUT_SUMS];
        sum_run(money, p, 0, sums);
        money->log_z[groups->pieces[p].run] += sums[RCX_DROPOUT_U];
    }
    return RCX_OK;
}

static enum rcx_status prepare(const double *frequency, const double *value, size_t count,
                               const struct rcx_parallel *parallel, struct money *out,
                               struct rcx_error *err)
{
    struct money money = {.parallel = *parallel};
    double *columns = rcx_calloc(3 * count + 1, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "values", 3 * count * sizeof *columns);
    enum rcx_status status = select_customers(frequency, value, count, &money, columns,
                                              columns + count);
    const struct rcx_btyd_customers customers = {money.customers, columns, columns + 2 * count,
                                                 columns + count};
    if (status == RCX_OK)
        status = rcx_btyd_groups_build(&customers, parallel, &money.groups, err);
    if (status == RCX_OK)
        status = sum_logarithms(&money, err);
    rcx_free(columns);
    if (status == RCX_OK)
        *out = money;
    else
        release(&money);
    return status;
}

/* --- the likelihood ---------------------------------------------------------------------------- */

static void add_run(const struct rcx_btyd_run *run, const double *sums, double log_z,
                    const double *parameters, struct slopes *out)
{
    double p = parameters[0];
    double q = parameters[1];
    double v = parameters[2];
    double x = run->x;
    double w = run->weight;
    struct rcx_gamma_values all = rcx_gamma_values(p * x + q);
    struct rcx_gamma_values own = rcx_gamma_values(p * x);
    struct rcx_gamma_values rest = rcx_gamma_values(q);
    out->value += w * (all.log - own.log - rest.log + q * log(v)) + p * x * log_z -
                  (p * x + q) * sums[RCX_DROPOUT_U];
    out->gradient[0] += x * (w * (all.first - own.first) + log_z - sums[RCX_DROPOUT_U]);
    out->gradient[1] += w * (all.first - rest.first + log(v)) - sums[RCX_DROPOUT_U];
    out->gradient[2] += w * q / v - (p * x + q) * sums[RCX_DROPOUT_INVERSE];
    out->hessian[0][0] += w * x * x * (all.second - own.second);
    out->hessian[0][1] += w * x * all.second;
    out->hessian[0][2] -= x * sums[RCX_DROPOUT_INVERSE];
    out->hessian[1][1] += w * (all.second - rest.second);
    out->hessian[1][2] += w / v - sums[RCX_DROPOUT_INVERSE];
    out->hessian[2][2] += (p * x + q) * sums[RCX_DROPOUT_INVERSE_2] - w * q / (v * v);
}

struct pass {
    const struct money *money;
    double v;
    double (*sums)[RCX_DROPOUT_SUMS]; /* [pieces] */
};

static enum rcx_status sum_piece(void *context, size_t piece, unsigned worker,
                                 struct rcx_error *err)
{
    struct pass *pass = context;
    (void)worker;
    (void)err;
    sum_run(pass->money, piece, pass->v, pass->sums[piece]);
    return RCX_OK;
}

static enum rcx_status slopes_at(const struct money *money, const double *parameters,
                                 struct slopes *out, struct rcx_error *err)
{
    const struct rcx_btyd_groups *groups = money->groups;
    struct pass pass = {money, parameters[2], NULL};
    struct rcx_parallel threads = rcx_btyd_threads(&money->parallel, groups->lanes, 1);
    pass.sums = rcx_malloc_array(groups->piece_count + 1, sizeof *pass.sums);
    if (!pass.sums)
        return rcx_fail_nomem(err, "likelihood", groups->piece_count * sizeof *pass.sums);
    enum rcx_status status = rcx_parallel_for(&threads, groups->piece_count, sum_piece, &pass, err);
    *out = (struct slopes){.value = -money->log_values};
    for (size_t p = 0; p < groups->piece_count && status == RCX_OK;) {
        double sums[RCX_DROPOUT_SUMS] = {0};
        size_t run = groups->pieces[p].run;
        for (; p < groups->piece_count && groups->pieces[p].run == run; p++) {
            for (int k = 0; k < RCX_DROPOUT_SUMS; k++)
                sums[k] += pass.sums[p][k];
        }
        add_run(&groups->runs[run], sums, money->log_z[run], parameters, out);
    }
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < i; j++)
            out->hessian[i][j] = out->hessian[j][i];
    }
    rcx_free(pass.sums);
    return status;
}

static enum rcx_status objective(void *context, const double *x, double *value, double *gradient,
                                 double *hessian, struct rcx_error *err)
{
    const struct money *money = context;
    double parameters[N];
    double customers = (double)money->customers;
    struct slopes slopes;
    for (unsigned i = 0; i < N; i++)
        parameters[i] = exp(x[i]);
    enum rcx_status status = slopes_at(money, parameters, &slopes, err);
    *value = slopes.value / customers;
    for (unsigned i = 0; gradient && i < N; i++) {
        gradient[i] = parameters[i] * slopes.gradient[i] / customers;
        for (unsigned j = 0; j < N; j++)
            hessian[i * N + j] = parameters[i] * parameters[j] * slopes.hessian[i][j] / customers;
        hessian[i * N + i] += gradient[i];
    }
    return status;
}

/* --- fitting ----------------------------------------------------------------------------------- */

static enum rcx_status try_starts(const struct rcx_maximise *problem, struct rcx_maximum *best,
                                  struct rcx_gamma_gamma_fit *fit, struct rcx_error *err)
{
    static const double guesses[STARTS][2] = {{6, 4}, {1, 1.5}, {2, 10}, {30, 3}}; /* p, q */
    struct rcx_maximum ends[STARTS] = {0};
    struct rcx_maximise rough = *problem;
    rough.tolerance = 1e-6;
    rough.newton_only = true;
    unsigned top = 0;
    for (unsigned s = 0; s < STARTS; s++) {
        double p = guesses[s][0];
        double q = guesses[s][1];
        ends[s].x[0] = log(p);
        ends[s].x[1] = log(q);
        ends[s].x[2] = log((q - 1) / p); /* so that the mean is that of the data, 1 */
        enum rcx_status status = rcx_maximise(&rough, &ends[s], err);
        if (status != RCX_OK)
            return status;
        if (isfinite(ends[s].value) && !(ends[s].value <= ends[top].value))
            top = s;
    }
    fit->starts = STARTS;
    for (unsigned s = 0; s < STARTS; s++)
        fit->starts_agreed += fabs(ends[s].value - ends[top].value) < 1e-6;
    *best = ends[top];
    return RCX_OK;
}

static void describe(const struct money *money, const struct rcx_maximum *maximum,
                     struct rcx_gamma_gamma_fit *fit)
{
    double customers = (double)money->customers;
    struct rcx_covariance covariance = rcx_covariance_at(maximum, N, customers);
    const double natural[N] = {exp(maximum->x[0]), exp(maximum->x[1]),
                               exp(maximum->x[2]) * money->scale};
    fit->p = natural[0];
    fit->q = natural[1];
    fit->v = natural[2];
    for (unsigned i = 0; i < N; i++) {
        double variance = covariance.matrix[i * N + i];
        fit->standard_errors[i] = covariance.known && variance > 0 ? natural[i] * sqrt(variance)
                                                                   : (double)NAN;
    }
    memcpy(fit->log_covariance, covariance.matrix, sizeof fit->log_covariance);
    fit->has_covariance = covariance.known;
    fit->condition = covariance.condition;
    fit->log_likelihood = maximum->value * customers - customers * log(money->scale);
    fit->converged = maximum->converged;
    fit->gradient_norm = maximum->gradient_norm;
    fit->iterations = maximum->iterations;
    fit->derivative_free = maximum->derivative_free;
    fit->plain_mean = fit->q <= 1;
    fit->mean = fit->plain_mean ? money->scale : fit->p * fit->v / (fit->q - 1);
}

static enum rcx_status fit_money(struct money *money, struct rcx_gamma_gamma_fit *fit,
                                 struct rcx_error *err)
{
    const struct rcx_maximise problem = {
        .n = N,
        .function = objective,
        .context = money,
        .low = {log(1e-3), log(1e-2), log(1e-5)},
        .high = {log(1e4), log(1e4), log(1e6)},
        .tolerance = 1e-9,
        .iterations = 100,
    };
    struct rcx_maximum maximum = {0};
    enum rcx_status status = try_starts(&problem, &maximum, fit, err);
    if (status == RCX_OK)
        status = rcx_maximise(&problem, &maximum, err);
    if (status == RCX_OK)
        describe(money, &maximum, fit);
    return status;
}

enum rcx_status rcx_gamma_gamma_fit(const double *frequency, const double *value, size_t count,
                                    const struct rcx_parallel *parallel,
                                    struct rcx_gamma_gamma_fit *out, struct rcx_error *err)
{
    struct money money;
    enum rcx_status status = prepare(frequency, value, count, parallel, &money, err);
    if (status != RCX_OK)
        return status;
    struct rcx_gamma_gamma_fit fit = {.customers = money.customers, .left_out = money.left_out};
    if (money.customers >= FEWEST) {
        status = fit_money(&money, &fit, err);
    } else {
        fit.plain_mean = true;
        fit.mean = money.customers > 0 ? money.scale : 0;
    }
    release(&money);
    if (status == RCX_OK)
        *out = fit;
    return status;
}

enum rcx_status rcx_gamma_gamma_log_likelihood(const double *frequency, const double *value,
                                               size_t count, const double *parameters,
                                               const struct rcx_parallel *parallel, double *out,
                                               double *gradient, double *hessian,
                                               struct rcx_error *err)
{
    struct money money;
    struct slopes slopes;
    enum rcx_status status = prepare(frequency, value, count, parallel, &money, err);
    if (status != RCX_OK)
        return status;
    const double unit[N] = {1, 1, 1 / money.scale};
    const double scaled[N] = {parameters[0], parameters[1], parameters[2] / money.scale};
    status = slopes_at(&money, scaled, &slopes, err);
    if (status == RCX_OK) {
        *out = slopes.value - (double)money.customers * log(money.scale);
        for (unsigned i = 0; i < N; i++) {
            if (gradient)
                gradient[i] = slopes.gradient[i] * unit[i];
            for (unsigned j = 0; hessian && j < N; j++)
                hessian[i * N + j] = slopes.hessian[i][j] * unit[i] * unit[j];
        }
    }
    release(&money);
    return status;
}
