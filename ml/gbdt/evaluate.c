#include "ml/gbdt/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

enum { MOST_NAMES = 64 };

static enum rcx_status fail_unknown(const char *name, struct rcx_error *err)
{
    const char *names[MOST_NAMES];
    size_t count = 0;
    struct rcx_buf list = {0};
    while (count < MOST_NAMES && (names[count] = rcx_metric_name_at(count)) != NULL) {
        (void)rcx_buf_printf(&list, "%s%s", count > 0 ? ", " : "", names[count]);
        count++;
    }
    const char *near = rcx_suggest(name, names, count);
    enum rcx_status status = rcx_fail(
        err, RCX_E_CONFIG, "training: unknown metric '%s'%s%s%s; there are %s", name,
        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", rcx_buf_text(&list));
    rcx_buf_release(&list);
    return status;
}

static enum rcx_status add_metric(struct rcx_evaluation *evaluation, struct rcx_text text,
                                  struct rcx_error *err)
{
    char name[64];
    text = rcx_text_trim(text);
    (void)snprintf(name, sizeof name, "%.*s", (int)text.length, text.data);
    const struct rcx_metric *metric = rcx_metric_find(strcmp(name, "mse") == 0   ? "l2"
                                                      : strcmp(name, "mae") == 0 ? "l1"
                                                                                 : name);
    if (!metric)
        return fail_unknown(name, err);
    if (evaluation->metric_count == RCX_GBDT_MOST_METRICS)
        return rcx_fail(err, RCX_E_CONFIG, "training: more than %d metrics", RCX_GBDT_MOST_METRICS);
    evaluation->metrics[evaluation->metric_count++] = metric;
    return RCX_OK;
}

static enum rcx_status find_metrics(struct rcx_evaluation *evaluation, const char *names,
                                    struct rcx_error *err)
{
    struct rcx_text rest = rcx_text_of(names);
    enum rcx_status status = RCX_OK;
    while (rest.length > 0 && status == RCX_OK) {
        const char *comma = memchr(rest.data, ',', rest.length);
        size_t length = comma ? (size_t)(comma - rest.data) : rest.length;
        status = add_metric(evaluation, (struct rcx_text){rest.data, length}, err);
        size_t used = comma ? length + 1 : length;
        rest = (struct rcx_text){rest.data + used, rest.length - used};
    }
    return status;
}

static enum rcx_status allocate(struct rcx_evaluation *evaluation, struct rcx_error *err)
{
    const struct rcx_gbdt_job *job = evaluation->job;
    size_t most = 0, values = job->valid_count * evaluation->metric_count;
    evaluation->scores = rcx_calloc(job->valid_count, sizeof *evaluation->scores);
    evaluation->values = rcx_calloc(values, evaluation->most_iterations * sizeof(double));
    if (!evaluation->scores || !evaluation->values)
        return rcx_fail_nomem(err, "validation", values * evaluation->most_iterations * 8);
    for (size_t v = 0; v < job->valid_count; v++) {
        size_t rows = job->valid[v].dataset->rows;
        most = rows > most ? rows : most;
        evaluation->scores[v] = rcx_malloc_array(rows, sizeof(double));
        if (!evaluation->scores[v])
            return rcx_fail_nomem(err, "validation", rows * 8);
    }
    evaluation->predictions = rcx_malloc_array(most, sizeof(double));
    return evaluation->predictions ? RCX_OK : rcx_fail_nomem(err, "validation", most * 8);
}

enum rcx_status rcx_evaluation_init(struct rcx_evaluation *evaluation,
                                    const struct rcx_gbdt_job *job, const struct rcx_loss *loss,
                                    struct rcx_error *err)
{
    *evaluation = (struct rcx_evaluation){.job = job, .best_value = NAN};
    evaluation->most_iterations = job->params->num_iterations > 0
                                      ? (size_t)job->params->num_iterations
                                      : 1;
    enum rcx_status status = find_metrics(
        evaluation, job->params->metric[0] ? job->params->metric : loss->row->metric, err);
    if (status == RCX_OK && job->params->early_stopping_round > 0 && job->valid_count == 0)
        status = rcx_fail(err, RCX_E_CONFIG,
                          "training: early_stopping_round without a validation set");
    for (size_t v = 0; v < job->valid_count && status == RCX_OK; v++) {
        if (job->valid[v].dataset->bins != job->train->bins)
            status = rcx_fail(err, RCX_E_INPUT,
                              "training: validation set %zu was not made with the training bins",
                              v + 1);
    }
    if (status == RCX_OK && job->valid_count > 0)
        status = allocate(evaluation, err);
    if (status != RCX_OK)
        rcx_evaluation_release(evaluation);
    return status;
}

void rcx_evaluation_release(struct rcx_evaluation *evaluation)
{
    for (size_t v = 0; evaluation->scores && v < evaluation->job->valid_count; v++)
        rcx_free(evaluation->scores[v]);
    rcx_free(evaluation->scores);
    rcx_free(evaluation->predictions);
    rcx_free(evaluation->values);
    *evaluation = (struct rcx_evaluation){0};
}

static double *value_at(const struct rcx_evaluation *evaluation, size_t valid, size_t metric,
                        uint32_t iteration)
{
    return &evaluation
                ->values[(valid * evaluation->metric_count + metric) * evaluation->most_iterations +
                         iteration - 1];
}

static void remember_best(struct rcx_evaluation *evaluation, uint32_t iteration)
{
    double value = *value_at(evaluation, 0, 0, iteration);
    double least = evaluation->job->params->early_stopping_min_delta;
    bool higher = rcx_metric_higher_is_better(evaluation->metrics[0]);
    double gain = higher ? value - evaluation->best_value : evaluation->best_value - value;
    if (evaluation->best_iteration == 0 || gain > least) {
        evaluation->best_value = value;
        evaluation->best_iteration = iteration;
    }
}

enum rcx_status rcx_evaluation_measure(struct rcx_evaluation *evaluation,
                                       const struct rcx_gbdt_model *model, uint32_t iteration,
                                       struct rcx_error *err)
{
    const struct rcx_gbdt_job *job = evaluation->job;
    double parameter = job->params->objective == RCX_GBDT_QUANTILE
                           ? job->params->alpha
                           : job->params->tweedie_variance_power;
    for (size_t v = 0; v < job->valid_count; v++) {
        const struct rcx_gbdt_dataset *dataset = job->valid[v].dataset;
        memcpy(evaluation->predictions, evaluation->scores[v], dataset->rows * sizeof(double));
        rcx_gbdt_model_transform(model, evaluation->predictions, dataset->rows);
        struct rcx_scored scored = {dataset->from.label, evaluation->predictions,
                                    dataset->from.weight, dataset->rows};
        for (size_t m = 0; m < evaluation->metric_count; m++) {
            enum rcx_status status = rcx_metric_value(evaluation->metrics[m], &scored, parameter,
                                                      job->parallel,
                                                      value_at(evaluation, v, m, iteration), err);
            if (status != RCX_OK)
                return status;
        }
    }
    if (job->valid_count > 0)
        remember_best(evaluation, iteration);
    return RCX_OK;
}

bool rcx_evaluation_stop(const struct rcx_evaluation *evaluation, uint32_t iteration)
{
    int64_t rounds = evaluation->job->params->early_stopping_round;
    return rounds > 0 && evaluation->best_iteration > 0 &&
           iteration - evaluation->best_iteration >= (uint64_t)rounds;
}

double rcx_evaluation_value(const struct rcx_evaluation *evaluation, uint32_t iteration)
{
    return evaluation->job->valid_count > 0 ? *value_at(evaluation, 0, 0, iteration) : NAN;
}

enum rcx_status rcx_evaluation_history(struct rcx_evaluation *evaluation, uint32_t iterations,
                                       struct rcx_gbdt_history *out, struct rcx_error *err)
{
    size_t series = evaluation->job->valid_count * evaluation->metric_count;
    struct rcx_gbdt_history history = {.valid_count = evaluation->job->valid_count,
                                       .metric_count = evaluation->metric_count,
                                       .iterations = iterations,
                                       .best_iteration = iterations,
                                       .best_value = evaluation->best_value};
    history.values = rcx_calloc(series + 1, (iterations + (size_t)1) * sizeof(double));
    if (!history.values)
        return rcx_fail_nomem(err, "history", series * iterations * 8);
    for (size_t m = 0; m < evaluation->metric_count; m++)
        history.metrics[m] = rcx_metric_name(evaluation->metrics[m]);
    for (size_t s = 0; s < series; s++)
        memcpy(history.values + s * iterations,
               evaluation->values + s * evaluation->most_iterations, iterations * sizeof(double));
    *out = history;
    return RCX_OK;
}

void rcx_gbdt_history_release(struct rcx_gbdt_history *history)
{
    rcx_free(history->values);
    *history = (struct rcx_gbdt_history){0};
}
