#include "ml/tasks/clv/clv_metrics.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/metrics/ranking.h"

static const char *const names[] = {
#define X(id, name) name,
    RCX_CLV_METRICS(X)
#undef X
};

const char *rcx_clv_metric_name(enum rcx_clv_metric metric)
{
    return names[metric];
}

/* What all resamples share: everything ranked once. */
struct measuring {
    const struct rcx_clv_scored *rows;
    const struct rcx_bootstrap_options *options;
    struct rcx_ranking target;
    struct rcx_ranking *model; /* [models] */
    double **scratch;          /* [threads]: weights, target ranks, model ranks */
    struct rcx_clv_measures *out;
};

static void measuring_release(struct measuring *measuring)
{
    rcx_ranking_release(&measuring->target);
    for (size_t m = 0; measuring->model && m < measuring->rows->models; m++)
        rcx_ranking_release(&measuring->model[m]);
    rcx_free(measuring->model);
    for (unsigned t = 0; measuring->scratch && t < measuring->options->parallel.threads; t++)
        rcx_free(measuring->scratch[t]);
    rcx_free(measuring->scratch);
}

static enum rcx_status measuring_init(struct measuring *measuring, struct rcx_error *err)
{
    const struct rcx_clv_scored *rows = measuring->rows;
    const struct rcx_parallel *parallel = &measuring->options->parallel;
    size_t bytes = 3 * rows->count * sizeof(double);
    measuring->model = rcx_calloc(rows->models, sizeof *measuring->model);
    measuring->scratch = rcx_calloc(parallel->threads, sizeof *measuring->scratch);
    if (!measuring->model || !measuring->scratch)
        return rcx_fail_nomem(err, "clv measures", bytes);
    for (unsigned t = 0; t < parallel->threads; t++) {
        measuring->scratch[t] = rcx_malloc(bytes + 1);
        if (!measuring->scratch[t])
            return rcx_fail_nomem(err, "clv measures", bytes);
    }
    enum rcx_status status = rcx_ranking_build(rows->target, rows->count, parallel,
                                               &measuring->target, err);
    for (size_t m = 0; status == RCX_OK && m < rows->models; m++)
        status = rcx_ranking_build(rows->value[m], rows->count, parallel, &measuring->model[m],
                                   err);
    return status;
}

struct sums {
    double weight, target, target2;
    double gini; /* area of the perfect order */
};

static struct sums sum_targets(const double *target, const double *weight, size_t count)
{
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++) {
        sums.weight += weight[i];
        sums.target += weight[i] * target[i];
    }
    double mean = sums.target / sums.weight;
    for (size_t i = 0; i < count; i++)
        sums.target2 += weight[i] * (target[i] - mean) * (target[i] - mean);
    return sums;
}

static double correlation(const double *a, const double *b, const double *weight, size_t count)
{
    double w = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        w += weight[i];
        sa += weight[i] * a[i];
        sb += weight[i] * b[i];
    }
    sa /= w;
    sb /= w;
    for (size_t i = 0; i < count; i++) {
        double x = a[i] - sa, y = b[i] - sb;
        aa += weight[i] * x * x;
        bb += weight[i] * y * y;
        ab += weight[i] * x * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : (double)NAN;
}

/* All measures of one model under the weights at the front of the scratch. */
static void measure_model(const struct measuring *measuring, size_t model, struct sums sums,
                          const double *scratch, double *ranks, double *out, size_t stride)
{
    const struct rcx_clv_scored *rows = measuring->rows;
    const double *value = rows->value[model], *target = rows->target, *weight = scratch;
    size_t count = rows->count;
    double absolute = 0, squared = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        double error = value[i] - target[i];
        absolute += weight[i] * fabs(error);
        squared += weight[i] * error * error;
        total += weight[i] * value[i];
    }
    rcx_ranking_ranks(&measuring->model[model], weight, ranks);
    out[RCX_CLV_RMSE * stride] = sqrt(squared / sums.weight);
    out[RCX_CLV_MAE * stride] = absolute / sums.weight;
    out[RCX_CLV_RELATIVE * stride] = sums.target > 0 ? absolute / sums.target : (double)NAN;
    out[RCX_CLV_R2 * stride] = sums.target2 > 0 ? 1 - squared / sums.target2 : (double)NAN;
    out[RCX_CLV_SPEARMAN * stride] = correlation(scratch + count, ranks, weight, count);
    out[RCX_CLV_GINI * stride] =
        sums.gini > 0 ? rcx_ranking_gini_area(&measuring->model[model], target, weight) / sums.gini
                      : (double)NAN;
    out[RCX_CLV_TOTAL_ERROR * stride] = sums.target > 0 ? 100 * (total / sums.target - 1)
                                                        : (double)NAN;
}

/* Resample number `chunk`; the rows as they are when it is `resamples`. */
static enum rcx_status measure_resample(void *context, size_t chunk, unsigned worker,
                                        struct rcx_error *err)
{
    struct measuring *measuring = context;
    const struct rcx_clv_scored *rows = measuring->rows;
    size_t count = rows->count, resamples = measuring->out->resamples;
    double *weight = measuring->scratch[worker], *target_ranks = weight + count;
    uint8_t *drawn = (uint8_t *)(target_ranks + count); /* until ranks need the place */
    (void)err;
    if (chunk < resamples)
        rcx_bootstrap_weights(measuring->options->seed, chunk, count, drawn);
    for (size_t i = 0; i < count; i++)
        weight[i] = chunk < resamples ? drawn[i] : 1;
    struct sums sums = sum_targets(rows->target, weight, count);
    sums.gini = rcx_ranking_gini_area(&measuring->target, rows->target, weight);
    rcx_ranking_ranks(&measuring->target, weight, target_ranks);
    for (size_t m = 0; m < rows->models; m++) {
        double *out = measuring->out->points + m * RCX_CLV_METRIC_COUNT;
        if (chunk < resamples)
            out = measuring->out->values + m * RCX_CLV_METRIC_COUNT * resamples + chunk;
        measure_model(measuring, m, sums, weight, target_ranks + count, out,
                      chunk < resamples ? resamples : 1);
    }
    return RCX_OK;
}

enum rcx_status rcx_clv_measure(const struct rcx_clv_scored *rows,
                                const struct rcx_bootstrap_options *options,
                                struct rcx_clv_measures *out, struct rcx_error *err)
{
    struct rcx_clv_measures measures = {.models = rows->models, .resamples = options->resamples};
    struct measuring measuring = {.rows = rows, .options = options, .out = &measures};
    size_t places = rows->models * RCX_CLV_METRIC_COUNT;
    measures.points = rcx_calloc(places * (1 + options->resamples), sizeof *measures.points);
    enum rcx_status status = RCX_OK;
    if (!measures.points)
        status = rcx_fail_nomem(err, "clv measures", places * sizeof(double));
    else
        measures.values = measures.points + places;
    if (status == RCX_OK)
        status = measuring_init(&measuring, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&options->parallel, options->resamples + 1, measure_resample,
                                  &measuring, err);
    measuring_release(&measuring);
    if (status == RCX_OK)
        *out = measures;
    else
        rcx_clv_measures_release(&measures);
    return status;
}

void rcx_clv_measures_release(struct rcx_clv_measures *measures)
{
    rcx_free(measures->points);
    *measures = (struct rcx_clv_measures){0};
}

double rcx_clv_point(const struct rcx_clv_measures *measures, size_t model,
                     enum rcx_clv_metric metric)
{
    return measures->points[model * RCX_CLV_METRIC_COUNT + metric];
}

enum rcx_status rcx_clv_interval(const struct rcx_clv_measures *measures, size_t model,
                                 size_t other, enum rcx_clv_metric metric, struct rcx_interval *out,
                                 struct rcx_error *err)
{
    size_t count = measures->resamples;
    double *sorted = rcx_malloc_array(count + 1, sizeof *sorted);
    if (!sorted)
        return rcx_fail_nomem(err, "clv interval", count * sizeof *sorted);
    const double *of = measures->values + (model * RCX_CLV_METRIC_COUNT + metric) * count;
    memcpy(sorted, of, count * sizeof *sorted);
    for (size_t r = 0; other != SIZE_MAX && r < count; r++)
        sorted[r] -= measures->values[(other * RCX_CLV_METRIC_COUNT + metric) * count + r];
    *out = rcx_percentile_interval(sorted, count);
    rcx_free(sorted);
    return RCX_OK;
}
