#include "ml/metrics/metric.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/metrics/reliability.h"

enum { CHUNK = 8192, SUMS = 2 };

static const double least_probability = 0x1p-52;

struct evaluation {
    const struct rcx_scored *rows;
    double parameter;
    const struct rcx_parallel *parallel;
};

typedef double loss_function(double label, double score, double parameter);
typedef enum rcx_status evaluate_function(const struct rcx_metric *metric,
                                          const struct evaluation *evaluation, double *out,
                                          struct rcx_error *err);

struct rcx_metric {
    const char *name;
    bool higher_is_better, wants_parameter;
    evaluate_function *evaluate;
    loss_function *loss; /* of evaluate_mean and evaluate_root */
    double (*ranked)(const struct rcx_ranking *, const double *, const double *);
};

/* --- means of a loss ---------------------------------------------------------------------------- */

double rcx_log_loss_of(double label, double probability)
{
    double p = fmin(fmax(probability, least_probability), 1 - least_probability);
    if (isnan(probability))
        return NAN;
    return label != 0 ? -log(p) : -log1p(-p);
}

double rcx_brier_of(double label, double probability)
{
    return (label - probability) * (label - probability);
}

static double log_loss(double label, double score, double parameter)
{
    (void)parameter;
    return rcx_log_loss_of(label, score);
}

static double squared(double label, double score, double parameter)
{
    (void)parameter;
    return (label - score) * (label - score);
}

static double absolute(double label, double score, double parameter)
{
    (void)parameter;
    return fabs(label - score);
}

static double pinball(double label, double score, double parameter)
{
    double difference = label - score;
    return difference >= 0 ? parameter * difference : (parameter - 1) * difference;
}

static double tweedie(double label, double score, double p)
{
    if (!(score > 0) || label < 0 || (p >= 2 && !(label > 0)))
        return NAN;
    if (p <= 1) /* Poisson */
        return 2 * ((label > 0 ? label * log(label / score) : 0) - label + score);
    if (p >= 2) /* gamma */
        return 2 * (log(score / label) + label / score - 1);
    return 2 * (pow(label, 2 - p) / ((1 - p) * (2 - p)) - label * pow(score, 1 - p) / (1 - p) +
                pow(score, 2 - p) / (2 - p));
}

struct summing {
    const struct rcx_scored *rows;
    loss_function *loss;
    double parameter;
    double *sums; /* [chunks][SUMS]: weight x loss, weight */
};

static enum rcx_status sum_chunk(void *context, size_t chunk, unsigned worker,
                                 struct rcx_error *err)
{
    struct summing *summing = context;
    const struct rcx_scored *rows = summing->rows;
    size_t first = chunk * CHUNK;
    size_t last = first + CHUNK < rows->count ? first + CHUNK : rows->count;
    double sum = 0, weight = 0;
    (void)worker, (void)err;
    for (size_t i = first; i < last; i++) {
        double w = rows->weight ? rows->weight[i] : 1;
        if (w > 0)
            sum += w * summing->loss(rows->label[i], rows->score[i], summing->parameter);
        weight += w;
    }
    summing->sums[chunk * SUMS] = sum;
    summing->sums[chunk * SUMS + 1] = weight;
    return RCX_OK;
}

/* The weighted mean of a loss; NaN without weight. */
static enum rcx_status mean_of(const struct evaluation *evaluation, loss_function *loss,
                               double parameter, double *out, struct rcx_error *err)
{
    size_t chunks = (evaluation->rows->count + CHUNK - 1) / CHUNK;
    struct summing summing = {.rows = evaluation->rows,
                              .loss = loss,
                              .parameter = parameter,
                              .sums = rcx_malloc_array(chunks + 1, SUMS * sizeof(double))};
    if (!summing.sums)
        return rcx_fail_nomem(err, "metric", chunks * SUMS * sizeof(double));
    enum rcx_status status = rcx_parallel_for(evaluation->parallel, chunks, sum_chunk, &summing,
                                              err);
    double sum = 0, weight = 0;
    for (size_t c = 0; status == RCX_OK && c < chunks; c++) {
        sum += summing.sums[c * SUMS];
        weight += summing.sums[c * SUMS + 1];
    }
    rcx_free(summing.sums);
    if (status == RCX_OK)
        *out = weight > 0 ? sum / weight : NAN;
    return status;
}

static enum rcx_status evaluate_mean(const struct rcx_metric *metric,
                                     const struct evaluation *evaluation, double *out,
                                     struct rcx_error *err)
{
    return mean_of(evaluation, metric->loss, evaluation->parameter, out, err);
}

static enum rcx_status evaluate_root(const struct rcx_metric *metric,
                                     const struct evaluation *evaluation, double *out,
                                     struct rcx_error *err)
{
    enum rcx_status status = evaluate_mean(metric, evaluation, out, err);
    if (status == RCX_OK)
        *out = sqrt(*out);
    return status;
}

static double label_itself(double label, double score, double parameter)
{
    (void)score, (void)parameter;
    return label;
}

static double around(double label, double score, double mean)
{
    (void)score;
    return (label - mean) * (label - mean);
}

/* Of the rows with weight; asked of the labels, because the mean of equal numbers may round. */
static bool constant(const struct rcx_scored *rows)
{
    const double *first = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->weight && rows->weight[i] <= 0)
            continue;
        if (!first)
            first = &rows->label[i];
        if (rows->label[i] != *first)
            return false;
    }
    return first != NULL;
}

static enum rcx_status evaluate_r2(const struct rcx_metric *metric,
                                   const struct evaluation *evaluation, double *out,
                                   struct rcx_error *err)
{
    double mean = 0, variance = 0, residual = 0;
    enum rcx_status status = mean_of(evaluation, label_itself, 0, &mean, err);
    (void)metric;
    if (status == RCX_OK)
        status = mean_of(evaluation, around, mean, &variance, err);
    if (status == RCX_OK)
        status = mean_of(evaluation, squared, 0, &residual, err);
    if (status != RCX_OK)
        return status;
    if (constant(evaluation->rows))
        *out = residual == 0 ? 1 : 0;
    else
        *out = 1 - residual / variance;
    return RCX_OK;
}

static enum rcx_status evaluate_ece(const struct rcx_metric *metric,
                                    const struct evaluation *evaluation, double *out,
                                    struct rcx_error *err)
{
    struct rcx_reliability_bin bins[RCX_RELIABILITY_BINS];
    (void)metric, (void)err;
    rcx_reliability_table(evaluation->rows, RCX_RELIABILITY_BINS, bins);
    *out = rcx_reliability_ece(bins, RCX_RELIABILITY_BINS);
    return RCX_OK;
}

/* --- measures of the order ---------------------------------------------------------------------- */

static bool has_nan(const double *values, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += isnan(values[i]) != 0;
    return found > 0;
}

static enum rcx_status evaluate_ranked(const struct rcx_metric *metric,
                                       const struct evaluation *evaluation, double *out,
                                       struct rcx_error *err)
{
    const struct rcx_scored *rows = evaluation->rows;
    struct rcx_ranking ranking = {0};
    enum rcx_status status = rcx_ranking_build(rows->score, rows->count, evaluation->parallel,
                                               &ranking, err);
    if (status == RCX_OK)
        *out = metric->ranked(&ranking, rows->label, rows->weight);
    rcx_ranking_release(&ranking);
    return status;
}

static enum rcx_status evaluate_gini(const struct rcx_metric *metric,
                                     const struct evaluation *evaluation, double *out,
                                     struct rcx_error *err)
{
    const struct rcx_scored *rows = evaluation->rows;
    struct rcx_ranking predicted = {0}, perfect = {0};
    (void)metric;
    enum rcx_status status = rcx_ranking_build(rows->score, rows->count, evaluation->parallel,
                                               &predicted, err);
    if (status == RCX_OK)
        status = rcx_ranking_build(rows->label, rows->count, evaluation->parallel, &perfect, err);
    if (status == RCX_OK) {
        double most = rcx_ranking_gini_area(&perfect, rows->label, rows->weight);
        double area = rcx_ranking_gini_area(&predicted, rows->label, rows->weight);
        *out = most > 0 ? area / most : NAN;
    }
    rcx_ranking_release(&perfect);
    rcx_ranking_release(&predicted);
    return status;
}

static double correlation(const double *a, const double *b, const double *weight, size_t count)
{
    double all = 0, mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        double w = weight ? weight[i] : 1;
        all += w;
        mean_a += w * a[i];
        mean_b += w * b[i];
    }
    mean_a /= all;
    mean_b /= all;
    for (size_t i = 0; i < count; i++) {
        double w = weight ? weight[i] : 1, x = a[i] - mean_a, y = b[i] - mean_b;
        aa += w * x * x;
        bb += w * y * y;
        ab += w * x * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

static enum rcx_status ranks_of(const double *values, const struct evaluation *evaluation,
                                double *out, struct rcx_error *err)
{
    struct rcx_ranking ranking = {0};
    enum rcx_status status = rcx_ranking_build(values, evaluation->rows->count,
                                               evaluation->parallel, &ranking, err);
    if (status == RCX_OK)
        rcx_ranking_ranks(&ranking, evaluation->rows->weight, out);
    rcx_ranking_release(&ranking);
    return status;
}

static enum rcx_status evaluate_spearman(const struct rcx_metric *metric,
                                         const struct evaluation *evaluation, double *out,
                                         struct rcx_error *err)
{
    const struct rcx_scored *rows = evaluation->rows;
    double *ranks = rcx_malloc_array(2 * rows->count + 1, sizeof *ranks);
    (void)metric;
    if (!ranks)
        return rcx_fail_nomem(err, "metric", 2 * rows->count * sizeof *ranks);
    enum rcx_status status = ranks_of(rows->label, evaluation, ranks, err);
    if (status == RCX_OK)
        status = ranks_of(rows->score, evaluation, ranks + rows->count, err);
    if (status == RCX_OK)
        *out = correlation(ranks, ranks + rows->count, rows->weight, rows->count);
    rcx_free(ranks);
    return status;
}

/* --- the registry ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct rcx_metric metrics[] = {
    /* name               higher parameter evaluate           loss      ranked */
    {"auc",               true,  false, evaluate_ranked,   NULL,     rcx_ranking_auc},
    {"average_precision", true,  false, evaluate_ranked,   NULL,     rcx_ranking_average_precision},
    {"binary_logloss",    false, false, evaluate_mean,     log_loss, NULL},
    {"brier",             false, false, evaluate_mean,     squared,  NULL},
    {"ece",               false, false, evaluate_ece,      NULL,     NULL},
    {"l2",                false, false, evaluate_mean,     squared,  NULL},
    {"l1",                false, false, evaluate_mean,     absolute, NULL},
    {"rmse",              false, false, evaluate_root,     squared,  NULL},
    {"r2",                true,  false, evaluate_r2,       NULL,     NULL},
    {"quantile",          false, true,  evaluate_mean,     pinball,  NULL},
    {"tweedie",           false, true,  evaluate_mean,     tweedie,  NULL},
    {"gini",              true,  false, evaluate_gini,     NULL,     NULL},
    {"spearman",          true,  false, evaluate_spearman, NULL,     NULL},
};
/* clang-format on */
enum { METRICS = sizeof metrics / sizeof metrics[0] };

const struct rcx_metric *rcx_metric_find(const char *name)
{
    for (size_t i = 0; i < METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    }
    return NULL;
}

const char *rcx_metric_name_at(size_t index)
{
    return index < METRICS ? metrics[index].name : NULL;
}

const char *rcx_metric_name(const struct rcx_metric *metric)
{
    return metric->name;
}

bool rcx_metric_higher_is_better(const struct rcx_metric *metric)
{
    return metric->higher_is_better;
}

bool rcx_metric_wants_parameter(const struct rcx_metric *metric)
{
    return metric->wants_parameter;
}

enum rcx_status rcx_metric_value(const struct rcx_metric *metric, const struct rcx_scored *rows,
                                 double parameter, const struct rcx_parallel *parallel, double *out,
                                 struct rcx_error *err)
{
    const struct evaluation evaluation = {rows, parameter, parallel};
    if (has_nan(rows->score, rows->count) || has_nan(rows->label, rows->count)) {
        *out = NAN;
        return RCX_OK;
    }
    return metric->evaluate(metric, &evaluation, out, err);
}
