#include "ml/linear/logistic.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "ml/linear/logistic_kernels.h"

enum {
    CHUNK = 2048, /* rows of one partial sum: 40 columns of them fit the second cache */
    STRIP = 256,  /* rows of one dot product: they fit the first */
    MOST_ITERATIONS = 50,
    MOST_HALVINGS = 30,
};
static const double gradient_tolerance = 1e-9;

double rcx_sigmoid(double x)
{
    if (x >= 0)
        return 1 / (1 + exp(-x));
    double e = exp(x);
    return e / (1 + e);
}

double rcx_logit(double p)
{
    return log(p) - log1p(-p);
}

void rcx_signed_log1p(const double *values, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = copysign(log1p(fabs(values[i])), values[i]);
}

void rcx_logistic_release(struct rcx_logistic *model)
{
    rcx_free(model->coefficient);
    *model = (struct rcx_logistic){0};
}

/* --- the problem -------------------------------------------------------------------------------- */

struct problem {
    size_t rows, columns, chunks, terms; /* terms: doubles of a chunk's sums */
    double *z;                           /* [columns][rows] standardised */
    const double *label, *weight;
    double ridge, total_weight;
    const struct rcx_parallel *parallel;
    /* Parameters: the coefficients, then the intercept. */
    double *beta, *next, *step, *gradient; /* [columns + 1] */
    double *hessian;                       /* [columns + 1][columns + 1], lower half */
    double *sums; /* [chunks][terms]: loss, gradient, Hessian's lower half */
    bool with_hessian;
    const double *at; /* where sums are wanted */
};

static size_t triangle(size_t n)
{
    return n * (n + 1) / 2;
}

static void problem_release(struct problem *problem)
{
    rcx_free(problem->z);
    rcx_free(problem->beta);
    rcx_free(problem->sums);
}

static enum rcx_status problem_init(struct problem *problem, struct rcx_error *err)
{
    size_t n = problem->columns + 1;
    size_t doubles = 4 * n + n * n;
    problem->chunks = (problem->rows + CHUNK - 1) / CHUNK;
    problem->terms = 1 + n + triangle(n);
    problem->z = rcx_malloc_array(problem->rows * problem->columns + 1, sizeof(double));
    problem->beta = rcx_calloc(doubles, sizeof(double));
    problem->sums = rcx_malloc_array(problem->chunks * problem->terms, sizeof(double));
    if (!problem->z || !problem->beta || !problem->sums)
        return rcx_fail_nomem(err, "logistic regression",
                              problem->rows * problem->columns * sizeof(double));
    problem->next = problem->beta + n;
    problem->step = problem->beta + 2 * n;
    problem->gradient = problem->beta + 3 * n;
    problem->hessian = problem->beta + 4 * n;
    return RCX_OK;
}

struct standardising {
    const struct rcx_matrix *matrix;
    struct problem *problem;
    struct rcx_logistic *model;
};

/* Mean and deviation over the values that are there; a constant column gets deviation 1. */
static enum rcx_status standardise(void *context, size_t column, unsigned worker,
                                   struct rcx_error *err)
{
    const struct standardising *work = context;
    const double *x = work->matrix->columns[column], *weight = work->problem->weight;
    size_t rows = work->matrix->rows;
    double all = 0, sum = 0, squares = 0;
    (void)worker, (void)err;
    for (size_t i = 0; i < rows; i++) {
        double w = isnan(x[i]) ? 0 : weight ? weight[i] : 1;
        all += w;
        sum += w > 0 ? w * x[i] : 0;
    }
    double mean = all > 0 ? sum / all : 0;
    for (size_t i = 0; i < rows; i++) {
        double w = isnan(x[i]) ? 0 : weight ? weight[i] : 1;
        squares += w > 0 ? w * (x[i] - mean) * (x[i] - mean) : 0;
    }
    double deviation = all > 0 ? sqrt(squares / all) : 0;
    if (!(deviation > 1e-12 * fabs(mean)) || !(deviation > 0))
        deviation = 1;
    work->model->center[column] = mean;
    work->model->scale[column] = deviation;
    RCX_KERNEL_CALL(logistic_standardise)
    (x, mean, deviation, work->problem->z + column * rows, rows);
    return RCX_OK;
}

/* Adds the strip's share of X'WX and X'r to the chunk's sums. */
static void add_strip(const struct problem *problem, size_t first, size_t count,
                      const double *residual, const double *curvature, double *sums)
{
    double weighted[STRIP];
    size_t n = problem->columns;
    double *gradient = sums + 1, *hessian = gradient + n + 1;
    for (size_t j = 0; j < n; j++) {
        const double *x = problem->z + j * problem->rows + first;
        gradient[j] += RCX_KERNEL_CALL(logistic_dot)(x, residual, count);
        if (!problem->with_hessian)
            continue;
        for (size_t i = 0; i < count; i++)
            weighted[i] = x[i] * curvature[i];
        for (size_t k = 0; k <= j; k++)
            *hessian++ += RCX_KERNEL_CALL(logistic_dot)(
                weighted, problem->z + k * problem->rows + first, count);
    }
    for (size_t i = 0; i < count; i++)
        gradient[n] += residual[i];
    if (!problem->with_hessian)
        return;
    for (size_t k = 0; k < n; k++)
        *hessian++ += RCX_KERNEL_CALL(logistic_dot)(curvature,
                                                    problem->z + k * problem->rows + first, count);
    for (size_t i = 0; i < count; i++)
        *hessian += curvature[i];
}

/* Loss, residuals p - y and curvatures p (1 - p) of a strip, each times weight. */
static double strip_loss(const struct problem *problem, size_t first, size_t count,
                         double *residual, double *curvature)
{
    double score[STRIP], loss = 0;
    for (size_t i = 0; i < count; i++)
        score[i] = problem->at[problem->columns];
    for (size_t j = 0; j < problem->columns; j++)
        RCX_KERNEL_CALL(logistic_add)
    (problem->at[j], problem->z + j * problem->rows + first, score, count);
    for (size_t i = 0; i < count; i++) {
        double w = problem->weight ? problem->weight[first + i] : 1;
        double y = problem->label[first + i], e = exp(-fabs(score[i]));
        double p = score[i] >= 0 ? 1 / (1 + e) : e / (1 + e);
        loss += w * (log1p(e) + (score[i] > 0 ? score[i] : 0) - y * score[i]);
        residual[i] = w * (p - y);
        curvature[i] = w * p * (1 - p);
    }
    return loss;
}

static enum rcx_status sum_chunk(void *context, size_t chunk, unsigned worker,
                                 struct rcx_error *err)
{
    const struct problem *problem = context;
    double residual[STRIP], curvature[STRIP];
    double *sums = problem->sums + chunk * problem->terms;
    size_t end = (chunk + 1) * CHUNK < problem->rows ? (chunk + 1) * CHUNK : problem->rows;
    (void)worker, (void)err;
    memset(sums, 0, problem->terms * sizeof *sums);
    for (size_t first = chunk * CHUNK; first < end; first += STRIP) {
        size_t count = end - first < STRIP ? end - first : STRIP;
        sums[0] += strip_loss(problem, first, count, residual, curvature);
        add_strip(problem, first, count, residual, curvature, sums);
    }
    return RCX_OK;
}

/* Penalised loss at `at`; with its gradient, and the Hessian when wanted. */
static enum rcx_status evaluate(struct problem *problem, const double *at, bool with_hessian,
                                double *out_loss, struct rcx_error *err)
{
    size_t n = problem->columns + 1, terms = with_hessian ? problem->terms : 1 + n;
    problem->at = at;
    problem->with_hessian = with_hessian;
    enum rcx_status status = rcx_parallel_for(problem->parallel, problem->chunks, sum_chunk,
                                              problem, err);
    if (status != RCX_OK)
        return status;
    double *total = problem->sums;
    for (size_t c = 1; c < problem->chunks; c++) {
        for (size_t t = 0; t < terms; t++)
            total[t] += problem->sums[c * problem->terms + t];
    }
    double loss = total[0];
    memcpy(problem->gradient, total + 1, n * sizeof *total);
    for (size_t j = 0; j + 1 < n; j++) {
        loss += problem->ridge / 2 * at[j] * at[j];
        problem->gradient[j] += problem->ridge * at[j];
    }
    const double *hessian = total + 1 + n;
    for (size_t j = 0; with_hessian && j < n; j++) {
        for (size_t k = 0; k <= j; k++)
            problem->hessian[j * n + k] = *hessian++;
        problem->hessian[j * n + j] += j + 1 < n ? problem->ridge : 0;
    }
    *out_loss = loss;
    return RCX_OK;
}

/* Solves H step = gradient by Cholesky in place. False: not positive definite. */
static bool solve(double *h, size_t n, const double *gradient, double *step)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k <= j; k++) {
            double sum = h[j * n + k];
            for (size_t m = 0; m < k; m++)
                sum -= h[j * n + m] * h[k * n + m];
            if (k < j)
                h[j * n + k] = sum / h[k * n + k];
            else if (sum > 0)
                h[j * n + j] = sqrt(sum);
            else
                return false;
        }
    }
    for (size_t j = 0; j < n; j++) {
        double sum = gradient[j];
        for (size_t k = 0; k < j; k++)
            sum -= h[j * n + k] * step[k];
        step[j] = sum / h[j * n + j];
    }
    for (size_t j = n; j-- > 0;) {
        double sum = step[j];
        for (size_t k = j + 1; k < n; k++)
            sum -= h[k * n + j] * step[k];
        step[j] = sum / h[j * n + j];
    }
    return true;
}

static double largest(const double *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Halves the step until the loss does not rise. False: no step lowers it. */
static enum rcx_status take_step(struct problem *problem, double *loss, bool *out_moved,
                                 struct rcx_error *err)
{
    size_t n = problem->columns + 1;
    double factor = 1;
    *out_moved = false;
    for (unsigned h = 0; h < MOST_HALVINGS; h++) {
        double next;
        for (size_t j = 0; j < n; j++)
            problem->next[j] = problem->beta[j] - factor * problem->step[j];
        enum rcx_status status = evaluate(problem, problem->next, true, &next, err);
        if (status != RCX_OK)
            return status;
        if (next <= *loss) {
            memcpy(problem->beta, problem->next, n * sizeof *problem->beta);
            *loss = next;
            *out_moved = true;
            return RCX_OK;
        }
        factor /= 2;
    }
    return RCX_OK;
}

static enum rcx_status newton(struct problem *problem, unsigned most, struct rcx_logistic *model,
                              struct rcx_error *err)
{
    size_t n = problem->columns + 1;
    double loss;
    enum rcx_status status = evaluate(problem, problem->beta, true, &loss, err);
    while (status == RCX_OK && model->iterations < most) {
        bool moved = false;
        if (largest(problem->gradient, n) <= gradient_tolerance * problem->total_weight) {
            model->converged = true;
            break;
        }
        if (!solve(problem->hessian, n, problem->gradient, problem->step))
            break;
        model->iterations++;
        status = take_step(problem, &loss, &moved, err);
        if (status == RCX_OK && !moved) { /* as low as rounding lets it */
            model->converged = largest(problem->step, n) <= 1e-6 * (1 + largest(problem->beta, n));
            break;
        }
    }
    return status;
}

/* --- from outside ------------------------------------------------------------------------------- */

static enum rcx_status model_init(struct rcx_logistic *model, size_t columns, struct rcx_error *err)
{
    model->columns = columns;
    model->coefficient = rcx_calloc(3 * columns + 1, sizeof(double));
    if (!model->coefficient)
        return rcx_fail_nomem(err, "logistic regression", 3 * columns * sizeof(double));
    model->center = model->coefficient + columns;
    model->scale = model->center + columns;
    return RCX_OK;
}

/* The intercept at which the mean probability is right when all else is 0. */
static enum rcx_status start_at_rate(struct problem *problem, struct rcx_error *err)
{
    double positive = 0;
    for (size_t i = 0; i < problem->rows; i++) {
        double w = problem->weight ? problem->weight[i] : 1;
        problem->total_weight += w;
        positive += problem->label[i] != 0 ? w : 0;
    }
    if (!(positive > 0 && positive < problem->total_weight))
        return rcx_fail(err, RCX_E_INPUT,
                        "logistic regression: all %zu labels are %s; both classes are needed",
                        problem->rows, positive > 0 ? "1" : "0");
    problem->beta[problem->columns] = rcx_logit(positive / problem->total_weight);
    return RCX_OK;
}

/* The same log-odds in units of the new means and deviations. */
static void start_at_model(struct problem *problem, const struct rcx_logistic *start,
                           const struct rcx_logistic *model)
{
    double intercept = start->intercept;
    for (size_t j = 0; j < model->columns; j++) {
        double slope = start->coefficient[j] / start->scale[j];
        problem->beta[j] = slope * model->scale[j];
        intercept += slope * (model->center[j] - start->center[j]);
    }
    problem->beta[model->columns] = intercept;
}

enum rcx_status rcx_logistic_fit(const struct rcx_matrix *matrix, const double *label,
                                 const double *weight, const struct rcx_logistic_options *options,
                                 struct rcx_logistic *out, struct rcx_error *err)
{
    struct rcx_logistic model = {0};
    struct problem problem = {.rows = matrix->rows,
                              .columns = matrix->column_count,
                              .label = label,
                              .weight = weight,
                              .ridge = options->ridge,
                              .parallel = &options->parallel};
    struct standardising work = {matrix, &problem, &model};
    enum rcx_status status = model_init(&model, matrix->column_count, err);
    if (status == RCX_OK)
        status = problem_init(&problem, err);
    if (status == RCX_OK)
        status = start_at_rate(&problem, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&options->parallel, problem.columns, standardise, &work, err);
    if (status == RCX_OK) {
        if (options->start && options->start->columns == model.columns)
            start_at_model(&problem, options->start, &model);
        status = newton(&problem,
                        options->most_iterations ? options->most_iterations : MOST_ITERATIONS,
                        &model, err);
    }
    if (status == RCX_OK) {
        memcpy(model.coefficient, problem.beta, model.columns * sizeof(double));
        model.intercept = problem.beta[model.columns];
        *out = model;
    } else {
        rcx_logistic_release(&model);
    }
    problem_release(&problem);
    return status;
}

void rcx_logistic_score(const struct rcx_logistic *model, const struct rcx_matrix *matrix,
                        double *out)
{
    double z[STRIP];
    for (size_t first = 0; first < matrix->rows; first += STRIP) {
        size_t count = matrix->rows - first < STRIP ? matrix->rows - first : STRIP;
        for (size_t i = 0; i < count; i++)
            out[first + i] = model->intercept;
        for (size_t j = 0; j < model->columns; j++) {
            RCX_KERNEL_CALL(logistic_standardise)
            (matrix->columns[j] + first, model->center[j], model->scale[j], z, count);
            RCX_KERNEL_CALL(logistic_add)(model->coefficient[j], z, out + first, count);
        }
    }
}

double rcx_logistic_share(const struct rcx_logistic *model, size_t column, double value)
{
    if (isnan(value))
        return 0;
    return model->coefficient[column] * (value - model->center[column]) / model->scale[column];
}
