#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/gbdt/forest.h"
#include "ml/gbdt/importance.h"

enum { STREAM = 0x7065726D }; /* of random numbers: "perm" */

struct permute {
    const struct rcx_gbdt_model *model;
    const struct rcx_gbdt_permutation *job;
    const struct rcx_parallel *parallel;
    struct rcx_forest *forest;
    const double **columns; /* of the matrix, one replaced at a time */
    double *shuffled, *scores;
};

/* The metric of the rows as `columns` has them. */
static enum rcx_status measure(struct permute *permute, double *out, struct rcx_error *err)
{
    const struct rcx_gbdt_permutation *job = permute->job;
    struct rcx_matrix matrix = *job->matrix;
    matrix.columns = permute->columns;
    enum rcx_status status = rcx_forest_scores(permute->forest, &matrix, job->start,
                                               permute->parallel, permute->scores, err);
    if (status != RCX_OK)
        return status;
    rcx_gbdt_model_transform(permute->model, permute->scores, matrix.rows);
    const struct rcx_scored rows = {job->label, permute->scores, job->weight, matrix.rows};
    return rcx_metric_value(job->metric, &rows, job->parameter, permute->parallel, out, err);
}

/* Fisher and Yates; a stream of its own for every feature and repetition. */
static void shuffle(const struct permute *permute, size_t feature, uint32_t repetition)
{
    size_t rows = permute->job->matrix->rows;
    struct rcx_random random = rcx_random_of(permute->job->seed,
                                             STREAM + ((uint64_t)repetition << 32), feature);
    memcpy(permute->shuffled, permute->job->matrix->columns[feature], rows * sizeof(double));
    for (size_t i = rows; i > 1; i--) {
        size_t other = (size_t)rcx_random_below(&random, i);
        double value = permute->shuffled[i - 1];
        permute->shuffled[i - 1] = permute->shuffled[other];
        permute->shuffled[other] = value;
    }
}

static enum rcx_status measure_feature(struct permute *permute, size_t feature, double base,
                                       double *mean, double *deviation, struct rcx_error *err)
{
    uint32_t repetitions = permute->job->repetitions;
    double sign = rcx_metric_higher_is_better(permute->job->metric) ? 1 : -1;
    double sum = 0, squares = 0, value = 0;
    enum rcx_status status = RCX_OK;
    permute->columns[feature] = permute->shuffled;
    for (uint32_t k = 0; k < repetitions && status == RCX_OK; k++) {
        shuffle(permute, feature, k);
        status = measure(permute, &value, err);
        double loss = sign * (base - value);
        sum += loss;
        squares += loss * loss;
    }
    permute->columns[feature] = permute->job->matrix->columns[feature];
    double n = repetitions, variance = n > 1 ? (squares - sum * sum / n) / (n - 1) : 0;
    *mean = sum / n;
    *deviation = variance > 0 ? sqrt(variance) : 0;
    return status;
}

static enum rcx_status measure_all(struct permute *permute,
                                   struct rcx_gbdt_permutation_result *result,
                                   struct rcx_error *err)
{
    size_t features = permute->model->feature_count;
    double *used = rcx_calloc(features + 1, sizeof *used);
    enum rcx_status status = used ? measure(permute, &result->base, err)
                                  : rcx_fail_nomem(err, "importance", features);
    if (status == RCX_OK && isnan(result->base))
        status = rcx_fail(err, RCX_E_INPUT,
                          "the metric %s is not defined on these rows (%zu rows; it may need both "
                          "classes, or positive labels)",
                          rcx_metric_name(permute->job->metric), permute->job->matrix->rows);
    for (size_t t = 0; t < permute->model->tree_count && used; t++)
        for (uint32_t s = 0; s + 1 < permute->model->trees[t].leaf_count; s++)
            used[permute->model->trees[t].split_feature[s]] = 1;
    for (size_t f = 0; f < features && status == RCX_OK; f++)
        if (used[f] > 0)
            status = measure_feature(permute, f, result->base, &result->mean[f],
                                     &result->deviation[f], err);
    rcx_free(used);
    return status;
}

enum rcx_status rcx_gbdt_importance_permutation(const struct rcx_gbdt_model *model,
                                                const struct rcx_gbdt_permutation *job,
                                                const struct rcx_parallel *parallel,
                                                struct rcx_gbdt_permutation_result *out,
                                                struct rcx_error *err)
{
    size_t rows = job->matrix->rows, features = model->feature_count;
    struct rcx_gbdt_permutation_result result = {
        .mean = rcx_calloc(features + 1, sizeof *result.mean),
        .deviation = rcx_calloc(features + 1, sizeof *result.deviation),
    };
    struct permute permute = {
        .model = model,
        .job = job,
        .parallel = parallel,
        .columns = rcx_calloc(features + 1, sizeof *permute.columns),
        .shuffled = rcx_malloc_array(rows + 1, sizeof *permute.shuffled),
        .scores = rcx_malloc_array(rows + 1, sizeof *permute.scores),
    };
    bool enough = result.mean && result.deviation && permute.columns && permute.shuffled &&
                  permute.scores;
    enum rcx_status status = enough ? rcx_forest_build(model, 0, &permute.forest, err)
                                    : rcx_fail_nomem(err, "importance", rows * sizeof(double));
    if (status == RCX_OK && job->matrix->column_count != features)
        status = rcx_fail(err, RCX_E_INPUT, "the model has %zu features, the data %zu columns",
                          features, job->matrix->column_count);
    if (status == RCX_OK) {
        memcpy(permute.columns, job->matrix->columns, features * sizeof *permute.columns);
        status = measure_all(&permute, &result, err);
    }
    rcx_forest_release(permute.forest);
    rcx_free(permute.columns);
    rcx_free(permute.shuffled);
    rcx_free(permute.scores);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_gbdt_permutation_release(&result);
    return status;
}

void rcx_gbdt_permutation_release(struct rcx_gbdt_permutation_result *result)
{
    rcx_free(result->mean);
    rcx_free(result->deviation);
    *result = (struct rcx_gbdt_permutation_result){0};
}
