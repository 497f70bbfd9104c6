#include "ml/metrics/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/metrics/bootstrap_kernels.h"
#include "ml/metrics/metric.h"
#include "ml/metrics/ranking.h"
#include "ml/metrics/reliability.h"

enum {
    BLOCK = 4096, /* rows whose bits are drawn at a time */
    ROUND = 8,    /* resamples of one chunk of work */
    BINS = RCX_RELIABILITY_BINS,
    SHARES = 3,
};
static const double shares[SHARES] = {.05, .10, .20};

/* First 16-bit number from which on a Poisson(1) weight is at least 1, 2, ..., 8: its distribution
 * function times 2^16, rounded. */
static const uint16_t poisson_steps[RCX_BOOTSTRAP_STEPS] = {24109, 48219, 60273, 64292,
                                                            65296, 65497, 65531, 65535};

static const char *const names[] = {
#define X(id, name, higher) name,
    RCX_BINARY_METRICS(X)
#undef X
};
static const int higher_is_better[] = {
#define X(id, name, higher) higher,
    RCX_BINARY_METRICS(X)
#undef X
};

const char *rcx_binary_metric_name(enum rcx_binary_metric metric)
{
    return names[metric];
}

int rcx_binary_metric_higher_is_better(enum rcx_binary_metric metric)
{
    return higher_is_better[metric];
}

void rcx_bootstrap_weights(uint64_t seed, uint64_t resample, size_t count, uint8_t *out)
{
    enum { STREAM = 0xB007 };
    uint16_t bits[BLOCK];
    struct rcx_random random = rcx_random_of(seed, STREAM, resample);
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t rows = count - first < BLOCK ? count - first : BLOCK;
        for (size_t i = 0; i < rows; i += 4) {
            uint64_t word = rcx_random_u64(&random);
            for (size_t k = 0; k < 4; k++)
                bits[i + k] = (uint16_t)(word >> (16 * k));
        }
        RCX_KERNEL_CALL(bootstrap_count_steps)(bits, rows, poisson_steps, out + first);
    }
}

/* --- one model in the order of its scores ------------------------------------------------------- */

struct ranked {
    struct rcx_ranking ranking;
    uint8_t *positive;        /* [count] */
    double *log_loss, *brier; /* [count] losses of the rows */
    double *gap;              /* [count] probability - label */
    size_t bin_end[BINS];     /* rows of the bins BINS - 1, ..., 0 are neighbours */
    double *losses;           /* the block behind the three */
};

static void ranked_release(struct ranked *ranked)
{
    rcx_ranking_release(&ranked->ranking);
    rcx_free(ranked->positive);
    rcx_free(ranked->losses);
    *ranked = (struct ranked){0};
}

static enum rcx_status ranked_build(const struct rcx_bootstrap_rows *rows, size_t model,
                                    const struct rcx_parallel *parallel, struct ranked *out,
                                    struct rcx_error *err)
{
    const double *probability = rows->probability[model];
    size_t count = rows->count;
    enum rcx_status status = rcx_ranking_build(probability, count, parallel, &out->ranking, err);
    if (status != RCX_OK)
        return status;
    out->positive = rcx_malloc(count + 1);
    out->losses = rcx_malloc_array(3 * count + 1, sizeof *out->losses);
    if (!out->positive || !out->losses)
        return rcx_fail_nomem(err, "bootstrap", 3 * count * sizeof *out->losses);
    out->log_loss = out->losses;
    out->brier = out->losses + count;
    out->gap = out->losses + 2 * count;
    size_t per_bin[BINS] = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t row = out->ranking.order[i];
        double p = probability[row], label = rows->label[row];
        out->positive[i] = label != 0;
        out->log_loss[i] = rcx_log_loss_of(label, p);
        out->brier[i] = rcx_brier_of(label, p);
        out->gap[i] = p - label;
        per_bin[BINS - 1 - rcx_reliability_bin_of(p, BINS)]++;
    }
    for (size_t b = 0, end = 0; b < BINS; b++)
        out->bin_end[b] = end += per_bin[b];
    return RCX_OK;
}

/* --- one pass ----------------------------------------------------------------------------------- */

struct order_sums {
    uint64_t positive, negative;
    uint64_t area_twice; /* pairs in the right order, a tie counts 1 of 2 */
    double precision;    /* sum over positives of the precision at their score */
};

static struct order_sums sum_order(const struct ranked *ranked, const uint8_t *weight)
{
    const uint8_t *positive = ranked->positive, *ends = ranked->ranking.ends;
    size_t count = ranked->ranking.count;
    struct order_sums sums = {0};
    uint64_t tie_positive = 0, tie_negative = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t w = weight[i], hit = w & (0 - (uint64_t)positive[i]);
        tie_positive += hit;
        tie_negative += w - hit;
        if (!ends[i])
            continue;
        sums.area_twice += tie_negative * (2 * sums.positive + tie_positive);
        sums.positive += tie_positive;
        sums.negative += tie_negative;
        if (tie_positive > 0)
            sums.precision += (double)tie_positive * (double)sums.positive /
                              (double)(sums.positive + sums.negative);
        tie_positive = tie_negative = 0;
    }
    return sums;
}

/* Precision in the best shares; as rcx_ranking_gains. */
static void top_shares(const struct ranked *ranked, const uint8_t *weight, double all,
                       double *precision)
{
    uint64_t above = 0, captured = 0, tie = 0, tie_positive = 0;
    size_t next = 0;
    for (size_t i = 0; i < ranked->ranking.count && next < SHARES; i++) {
        tie += weight[i];
        tie_positive += ranked->positive[i] ? weight[i] : 0;
        if (!ranked->ranking.ends[i])
            continue;
        for (; next < SHARES && tie > 0 && shares[next] * all <= (double)(above + tie); next++) {
            double part = (shares[next] * all - (double)above) / (double)tie;
            precision[next] = ((double)captured + part * (double)tie_positive) /
                              (shares[next] * all);
        }
        above += tie;
        captured += tie_positive;
        tie = tie_positive = 0;
    }
}

/*  weight  in the order of the ranking
 *  out     [stride * metric] */
static void measure(const struct ranked *ranked, const uint8_t *weight, double *out, size_t stride)
{
    size_t count = ranked->ranking.count;
    struct order_sums sums = sum_order(ranked, weight);
    double positive = (double)sums.positive, negative = (double)sums.negative;
    double all = positive + negative, gaps = 0, precision[SHARES] = {0};
    for (size_t b = 0, first = 0; b < BINS; first = ranked->bin_end[b], b++)
        gaps += fabs(RCX_KERNEL_CALL(bootstrap_weighted_sum)(weight + first, ranked->gap + first,
                                                             ranked->bin_end[b] - first));
    top_shares(ranked, weight, all, precision);
    bool both = positive > 0 && negative > 0;
    out[stride * RCX_BINARY_AUC] = both ? (double)sums.area_twice / 2 / (positive * negative)
                                        : (double)NAN;
    out[stride * RCX_BINARY_AP] = positive > 0 ? sums.precision / positive : (double)NAN;
    out[stride * RCX_BINARY_LOGLOSS] =
        RCX_KERNEL_CALL(bootstrap_weighted_sum)(weight, ranked->log_loss, count) / all;
    out[stride * RCX_BINARY_BRIER] =
        RCX_KERNEL_CALL(bootstrap_weighted_sum)(weight, ranked->brier, count) / all;
    out[stride * RCX_BINARY_ECE] = gaps / all;
    for (size_t s = 0; s < SHARES; s++) {
        out[stride * (RCX_BINARY_PRECISION_5 + s)] = all > 0 ? precision[s] : (double)NAN;
        out[stride * (RCX_BINARY_LIFT_5 + s)] = positive > 0 ? precision[s] / (positive / all)
                                                             : (double)NAN;
    }
}

struct resampling {
    const struct rcx_bootstrap_options *options;
    const struct rcx_bootstrap *bootstrap;
    const struct ranked *ranked;
    size_t count;
    uint8_t *scratch; /* [threads][2 * count] */
};

static enum rcx_status resample_round(void *context, size_t chunk, unsigned worker,
                                      struct rcx_error *err)
{
    const struct resampling *work = context;
    const struct rcx_bootstrap *bootstrap = work->bootstrap;
    uint8_t *weight = work->scratch + worker * 2 * work->count, *in_order = weight + work->count;
    size_t last = (chunk + 1) * ROUND;
    (void)err;
    if (last > bootstrap->resamples)
        last = bootstrap->resamples;
    for (size_t r = chunk * ROUND; r < last; r++) {
        rcx_bootstrap_weights(work->options->seed, r, work->count, weight);
        for (size_t m = 0; m < bootstrap->models; m++) {
            const uint32_t *order = work->ranked[m].ranking.order;
            for (size_t i = 0; i < work->count; i++)
                in_order[i] = weight[order[i]];
            measure(&work->ranked[m], in_order,
                    bootstrap->values + m * RCX_BINARY_METRIC_COUNT * bootstrap->resamples + r,
                    bootstrap->resamples);
        }
    }
    return RCX_OK;
}

static enum rcx_status resample(const struct rcx_bootstrap_options *options,
                                const struct ranked *ranked, size_t count,
                                struct rcx_bootstrap *out, struct rcx_error *err)
{
    unsigned threads = options->parallel.threads > 0 ? options->parallel.threads : 1;
    struct resampling work = {.options = options,
                              .bootstrap = out,
                              .ranked = ranked,
                              .count = count,
                              .scratch = rcx_malloc_array(threads, 2 * count + 1)};
    if (!work.scratch)
        return rcx_fail_nomem(err, "bootstrap", threads * 2 * count);
    memset(work.scratch, 1, count);
    for (size_t m = 0; m < out->models; m++)
        measure(&ranked[m], work.scratch, out->points + m * RCX_BINARY_METRIC_COUNT, 1);
    enum rcx_status status = rcx_parallel_for(
        &options->parallel, (out->resamples + ROUND - 1) / ROUND, resample_round, &work, err);
    rcx_free(work.scratch);
    return status;
}

enum rcx_status rcx_bootstrap_binary(const struct rcx_bootstrap_rows *rows,
                                     const struct rcx_bootstrap_options *options,
                                     struct rcx_bootstrap *out, struct rcx_error *err)
{
    size_t cells = rows->models * RCX_BINARY_METRIC_COUNT;
    struct ranked *ranked = rcx_calloc(rows->models + 1, sizeof *ranked);
    struct rcx_bootstrap result = {
        .models = rows->models,
        .resamples = options->resamples,
        .points = rcx_malloc_array(cells + 1, sizeof(double)),
        .values = rcx_malloc_array(cells * options->resamples + 1, sizeof(double))};
    enum rcx_status status = RCX_OK;
    if (!ranked || !result.points || !result.values)
        status = rcx_fail_nomem(err, "bootstrap", cells * options->resamples * sizeof(double));
    for (size_t m = 0; status == RCX_OK && m < rows->models; m++)
        status = ranked_build(rows, m, &options->parallel, &ranked[m], err);
    if (status == RCX_OK)
        status = resample(options, ranked, rows->count, &result, err);
    for (size_t m = 0; ranked && m < rows->models; m++)
        ranked_release(&ranked[m]);
    rcx_free(ranked);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_bootstrap_release(&result);
    return status;
}

void rcx_bootstrap_release(struct rcx_bootstrap *bootstrap)
{
    rcx_free(bootstrap->points);
    rcx_free(bootstrap->values);
    *bootstrap = (struct rcx_bootstrap){0};
}

/* --- intervals ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double q)
{
    double at = q * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

struct rcx_interval rcx_percentile_interval(double *values, size_t count)
{
    size_t defined = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(values[i]))
            values[defined++] = values[i];
    }
    if (defined == 0)
        return (struct rcx_interval){NAN, NAN};
    qsort(values, defined, sizeof *values, ascending);
    return (struct rcx_interval){quantile(values, defined, .025), quantile(values, defined, .975)};
}

static const double *values_of(const struct rcx_bootstrap *bootstrap, size_t model,
                               enum rcx_binary_metric metric)
{
    return bootstrap->values +
           (model * RCX_BINARY_METRIC_COUNT + (size_t)metric) * bootstrap->resamples;
}

double rcx_bootstrap_point(const struct rcx_bootstrap *bootstrap, size_t model,
                           enum rcx_binary_metric metric)
{
    return bootstrap->points[model * RCX_BINARY_METRIC_COUNT + (size_t)metric];
}

/* Of a, or of a - b. */
static enum rcx_status interval_of(const double *a, const double *b, size_t count,
                                   struct rcx_interval *out, struct rcx_error *err)
{
    double *copy = rcx_malloc_array(count + 1, sizeof *copy);
    if (!copy)
        return rcx_fail_nomem(err, "interval", count * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = b ? a[i] - b[i] : a[i];
    *out = rcx_percentile_interval(copy, count);
    rcx_free(copy);
    return RCX_OK;
}

enum rcx_status rcx_bootstrap_interval(const struct rcx_bootstrap *bootstrap, size_t model,
                                       enum rcx_binary_metric metric, struct rcx_interval *out,
                                       struct rcx_error *err)
{
    return interval_of(values_of(bootstrap, model, metric), NULL, bootstrap->resamples, out, err);
}

enum rcx_status rcx_bootstrap_difference(const struct rcx_bootstrap *bootstrap, size_t model,
                                         size_t other, enum rcx_binary_metric metric,
                                         struct rcx_interval *out, struct rcx_error *err)
{
    return interval_of(values_of(bootstrap, model, metric), values_of(bootstrap, other, metric),
                       bootstrap->resamples, out, err);
}
