#pragma once
/* What each customer is worth: the whole task, from joined rows to tables.
 *
 *     struct rcx_clv_data data = {0};
 *     rcx_clv_data_init(&data, ...);  rcx_clv_data_add(&data, features, behaviour, ...) per snapshot
 *     rcx_clv_run(&(struct rcx_clv_task){...}, &result, err)
 *
 * Candidates are judged at a test and at rolling origins (clv_evaluate.h), the chosen one is trained
 * on every snapshot whose asked horizon is complete (clv_model.h), and everyone known at the last
 * snapshot gets a value (clv_score.h). Prints nothing and knows no files. Same bytes for any number of
 * threads. */
#include "ml/tasks/clv/clv_report.h"

struct rcx_clv_task {
    struct rcx_clv_data *data;         /* its `targets` are moved into the result */
    const struct rcx_table *features;  /* of the snapshot to score */
    const struct rcx_table *behaviour; /* of the same */
    const struct rcx_table *known;     /* clv_score.h */
    rcx_day day;                       /* of the snapshot to score */
    int32_t observation_days;
    uint64_t seed;
    struct rcx_parallel parallel;
};

struct rcx_clv_result {
    struct rcx_table targets, predictions, deciles, importance, backtest, judged, holdout;
    struct rcx_buf metrics;              /* JSON */
    struct rcx_buf texts[RCX_CLV_TEXTS]; /* the model's files */
    /* for the console */
    enum rcx_clv_candidate chosen, best_simple, best_trees;
    bool simple_wins;
    double mean_relative, best_simple_relative, best_trees_relative;
    double coverage, mean_coverage, test_r2;
    double test_total_error, test_total_calibrated; /* %; NaN: nothing to calibrate by */
    int32_t horizon_days, evaluated_days;
    size_t train_rows, test_rows;
    rcx_day test_day;
    struct rcx_clv_scores scores;
};
void rcx_clv_result_release(struct rcx_clv_result *result); /* zero is fine */

/* Errors: those of its parts. The caller releases *out. */
enum rcx_status rcx_clv_run(const struct rcx_clv_task *task, struct rcx_clv_result *out,
                            struct rcx_error *err);
