/* Several quantiles that do not cross. */
#include <math.h>

#include "base/memory.h"
#include "ml/gbdt/boost.h"

static enum rcx_status check_alphas(const struct rcx_gbdt_job *job, const double *alphas,
                                    size_t count, struct rcx_error *err)
{
    if (job->params->objective != RCX_GBDT_QUANTILE)
        return rcx_fail(err, RCX_E_CONFIG, "training: several quantiles want objective quantile");
    for (size_t i = 0; i < count; i++) {
        if (!(alphas[i] > 0 && alphas[i] < 1) || (i > 0 && alphas[i] <= alphas[i - 1]))
            return rcx_fail(err, RCX_E_CONFIG,
                            "training: quantile %g; expected ascending ones between 0 and 1",
                            alphas[i]);
    }
    return count > 0 ? RCX_OK : rcx_fail(err, RCX_E_CONFIG, "training: no quantiles");
}

/* Where to begin. A quantile that lies on a heap of equal smallest (or largest) labels is flat, and trees
 * that only add cannot flatten what another one has raised; else the one nearest to the median. */
static size_t first_of(const struct rcx_gbdt_job *job, const double *alphas, size_t count)
{
    const double *label = job->train->from.label;
    size_t rows = job->train->rows, at_least = 0, at_most = 0, nearest = 0;
    double least = label[0], most = label[0];
    for (size_t i = 1; i < rows; i++) {
        least = label[i] < least ? label[i] : least;
        most = label[i] > most ? label[i] : most;
    }
    for (size_t i = 0; i < rows; i++) {
        at_least += label[i] == least;
        at_most += label[i] == most;
    }
    if ((double)at_least >= alphas[0] * (double)rows)
        return 0;
    if ((double)at_most >= (1 - alphas[count - 1]) * (double)rows)
        return count - 1;
    for (size_t i = 1; i < count; i++) {
        if (fabs(alphas[i] - 0.5) < fabs(alphas[nearest] - 0.5))
            nearest = i;
    }
    return nearest;
}

/* One quantile; `neighbour` NULL: the first. */
static enum rcx_status train_one(const struct rcx_gbdt_job *job, double alpha, int sign,
                                 const struct rcx_gbdt_model *neighbour, struct rcx_gbdt_model *out,
                                 struct rcx_error *err)
{
    struct rcx_gbdt_params params = *job->params; /* borrows the constraints */
    struct rcx_gbdt_job one = *job;
    params.alpha = alpha;
    one.params = &params;
    if (neighbour)
        one.continue_from = neighbour;
    return rcx_boost_train(&one, sign, out, NULL, err);
}

enum rcx_status rcx_gbdt_train_quantiles(const struct rcx_gbdt_job *job, const double *alphas,
                                         size_t count, struct rcx_gbdt_model *out_models,
                                         struct rcx_error *err)
{
    enum rcx_status status = check_alphas(job, alphas, count, err);
    if (status != RCX_OK)
        return status;
    struct rcx_gbdt_model *models = rcx_calloc(count, sizeof *models);
    if (!models)
        return rcx_fail_nomem(err, "models", count * sizeof *models);
    size_t first = first_of(job, alphas, count);
    status = train_one(job, alphas[first], 0, NULL, &models[first], err);
    for (size_t i = first + 1; i < count && status == RCX_OK; i++)
        status = train_one(job, alphas[i], 1, &models[i - 1], &models[i], err);
    for (size_t i = first; i-- > 0 && status == RCX_OK;)
        status = train_one(job, alphas[i], -1, &models[i + 1], &models[i], err);
    for (size_t i = 0; i < count; i++) {
        if (status == RCX_OK)
            out_models[i] = models[i];
        else
            rcx_gbdt_model_release(&models[i]);
    }
    rcx_free(models);
    return status;
}
