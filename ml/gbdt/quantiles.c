/* Several quantiles that do not cross. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/gbdt/boost.h"

/* Beyond MOST_ROWS a model fits rows it has seen hardly better than others; with fewer than LEAST_ROWS
 * folds are too small. */
enum { FOLDS = 5, LEAST_ROWS = 50, MOST_ROWS = 20000, STREAM_FOLD = 0x6274 };

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

/* A quantile and its neighbour in a chain. */
struct link {
    double alpha;
    int sign;                               /* of the distance to the neighbour; 0: the first */
    const struct rcx_gbdt_model *neighbour; /* NULL: the first */
    const double *start;                    /* [rows] the neighbour's scores; NULL: in sample */
};

static enum rcx_status train_link(const struct rcx_gbdt_job *job, const struct link *link,
                                  const uint8_t *held_out, double *out_score,
                                  struct rcx_gbdt_model *out, struct rcx_error *err)
{
    struct rcx_gbdt_params params = *job->params; /* borrows the constraints */
    struct rcx_gbdt_job one = *job;
    struct rcx_boost_rows rows = {held_out, link->start, out_score};
    params.alpha = link->alpha;
    one.params = &params;
    if (link->neighbour)
        one.continue_from = link->neighbour;
    return rcx_boost_train(&one, link->sign, &rows, out, NULL, err);
}

/* ---- scores of rows by models that have not seen them ---- */

/* A model fits the rows it was trained on better than others: the distances from it that they show are too
 * small. So distances are learned from scores that each row gets from a model trained without it. */
struct folds {
    uint8_t *fold_of, *held_out; /* [rows] */
    double *score;               /* [rows] of one fold's model */
    double *centre;              /* [rows] of the first quantile */
    double *side;                /* [rows] of the last neighbour on one side of it */
};

static void folds_release(struct folds *folds)
{
    rcx_free(folds->fold_of);
    rcx_free(folds->held_out);
    rcx_free(folds->score);
    rcx_free(folds->centre);
    rcx_free(folds->side);
}

static enum rcx_status folds_init(struct folds *folds, const struct rcx_gbdt_job *job,
                                  struct rcx_error *err)
{
    size_t rows = job->train->rows;
    *folds = (struct folds){.fold_of = rcx_malloc(rows),
                            .held_out = rcx_malloc(rows),
                            .score = rcx_malloc_array(rows, sizeof(double)),
                            .centre = rcx_malloc_array(rows, sizeof(double)),
                            .side = rcx_malloc_array(rows, sizeof(double))};
    if (!folds->fold_of || !folds->held_out || !folds->score || !folds->centre || !folds->side) {
        folds_release(folds);
        return rcx_fail_nomem(err, "quantiles", rows * 3 * sizeof(double));
    }
    for (size_t i = 0; i < rows; i++) {
        struct rcx_random random = rcx_random_of((uint64_t)job->params->seed, STREAM_FOLD, i);
        folds->fold_of[i] = (uint8_t)rcx_random_below(&random, FOLDS);
    }
    return RCX_OK;
}

/* The link's scores, each row's by a model trained without its fold. `out` may be link->start. */
static enum rcx_status cross_fit(const struct rcx_gbdt_job *job, const struct link *link,
                                 struct folds *folds, double *out, struct rcx_error *err)
{
    struct rcx_gbdt_job quiet = *job;
    quiet.progress = NULL;
    double *found = rcx_malloc_array(job->train->rows, sizeof *found);
    if (!found)
        return rcx_fail_nomem(err, "quantiles", job->train->rows * sizeof *found);
    enum rcx_status status = RCX_OK;
    for (unsigned fold = 0; fold < FOLDS && status == RCX_OK; fold++) {
        struct rcx_gbdt_model model = {0};
        for (size_t i = 0; i < job->train->rows; i++)
            folds->held_out[i] = folds->fold_of[i] == fold;
        status = train_link(&quiet, link, folds->held_out, folds->score, &model, err);
        rcx_gbdt_model_release(&model);
        for (size_t i = 0; i < job->train->rows && status == RCX_OK; i++) {
            if (folds->held_out[i])
                found[i] = folds->score[i];
        }
    }
    if (status == RCX_OK)
        memcpy(out, found, job->train->rows * sizeof *found);
    rcx_free(found);
    return status;
}

/* ---- the chain ---- */

/* The quantiles on one side of the first one, from it outwards. */
static enum rcx_status train_side(const struct rcx_gbdt_job *job, const double *alphas,
                                  size_t first, size_t steps, int sign, struct folds *folds,
                                  struct rcx_gbdt_model *models, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (folds)
        memcpy(folds->side, folds->centre, job->train->rows * sizeof *folds->side);
    for (size_t step = 1; step <= steps && status == RCX_OK; step++) {
        size_t at = sign > 0 ? first + step : first - step;
        struct link link = {.alpha = alphas[at],
                            .sign = sign,
                            .neighbour = &models[sign > 0 ? at - 1 : at + 1],
                            .start = folds ? folds->side : NULL};
        status = train_link(job, &link, NULL, NULL, &models[at], err);
        if (status == RCX_OK && folds && step < steps)
            status = cross_fit(job, &link, folds, folds->side, err);
    }
    return status;
}

static enum rcx_status train_chain(const struct rcx_gbdt_job *job, const double *alphas,
                                   size_t count, struct rcx_gbdt_model *models,
                                   struct rcx_error *err)
{
    size_t first = first_of(job, alphas, count);
    struct link link = {.alpha = alphas[first]};
    bool cross = !job->own_scores && count > 1 && job->train->rows >= LEAST_ROWS &&
                 job->train->rows <= MOST_ROWS;
    struct folds folds = {0};
    enum rcx_status status = train_link(job, &link, NULL, NULL, &models[first], err);
    if (status == RCX_OK && cross)
        status = folds_init(&folds, job, err);
    if (status == RCX_OK && cross)
        status = cross_fit(job, &link, &folds, folds.centre, err);
    struct folds *used = cross ? &folds : NULL;
    if (status == RCX_OK)
        status = train_side(job, alphas, first, count - 1 - first, 1, used, models, err);
    if (status == RCX_OK)
        status = train_side(job, alphas, first, first, -1, used, models, err);
    folds_release(&folds);
    return status;
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
    status = train_chain(job, alphas, count, models, err);
    for (size_t i = 0; i < count; i++) {
        if (status == RCX_OK)
            out_models[i] = models[i];
        else
            rcx_gbdt_model_release(&models[i]);
    }
    rcx_free(models);
    return status;
}
