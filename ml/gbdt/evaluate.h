#pragma once
/* Validation sets: their scores, the measures after every tree, and when to stop. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/gbdt.h"
#include "ml/gbdt/objective.h"
#include "ml/metrics/metric.h"

struct rcx_evaluation {
    const struct rcx_gbdt_job *job;
    size_t metric_count;
    const struct rcx_metric *metrics[RCX_GBDT_MOST_METRICS];
    double **scores;     /* [valid] raw, of every row */
    double *predictions; /* of the largest set */
    double *values;      /* as in struct rcx_gbdt_history, of all iterations there could be */
    size_t most_iterations;
    double best_value;
    uint32_t best_iteration; /* from 1; 0: none yet */
};

/* Errors: RCX_E_CONFIG (unknown metric, early stopping without a set), RCX_E_INPUT (a set of other
 * bins), RCX_E_NOMEM. */
enum rcx_status rcx_evaluation_init(struct rcx_evaluation *evaluation,
                                    const struct rcx_gbdt_job *job, const struct rcx_loss *loss,
                                    struct rcx_error *err);
void rcx_evaluation_release(struct rcx_evaluation *evaluation);

/* Measures the scores after tree `iteration` (from 1). */
enum rcx_status rcx_evaluation_measure(struct rcx_evaluation *evaluation,
                                       const struct rcx_gbdt_model *model, uint32_t iteration,
                                       struct rcx_error *err);
/* Whether the first metric has not become better for early_stopping_round trees. */
bool rcx_evaluation_stop(const struct rcx_evaluation *evaluation, uint32_t iteration);
/* Of the first metric on the first set; NaN when there is none. */
double rcx_evaluation_value(const struct rcx_evaluation *evaluation, uint32_t iteration);

/* Moves what was measured into *out. `iterations` were made. */
enum rcx_status rcx_evaluation_history(struct rcx_evaluation *evaluation, uint32_t iterations,
                                       struct rcx_gbdt_history *out, struct rcx_error *err);
