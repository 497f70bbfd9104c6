#pragma once
/* Who is about to leave: the whole task, from joined rows to tables.
 *
 *     struct rcx_churn_data data = {0};
 *     rcx_churn_data_init(&data, ...);  rcx_churn_data_add(&data, features, behaviour, ...) per snapshot
 *     rcx_churn_run(&(struct rcx_churn_task){...}, &result, err)
 *
 * Candidates are judged at a test and at rolling origins (churn_evaluate.h), the chosen one is trained
 * again on all labelled snapshots, and everyone known at the last snapshot gets a probability with
 * reasons (churn_score.h). Prints nothing and knows no files. Same bytes for any number of threads. */
#include "ml/tasks/churn/churn_report.h"
#include "ml/tasks/churn/churn_score.h"

struct rcx_churn_task {
    struct rcx_churn_data *data; /* its `labels` are moved into the result */
    struct rcx_churn_economics economics;
    const struct rcx_table *features;  /* of the snapshot to score, with labels */
    const struct rcx_table *behaviour; /* of the same */
    const struct rcx_table *known;     /* churn_score.h */
    rcx_day day;                       /* of the snapshot to score */
    int32_t observation_days;
    uint64_t seed;
    struct rcx_parallel parallel;
};

struct rcx_churn_result {
    struct rcx_table labels, statistics, backtest, threshold, judged, importance, predictions,
        effects;
    struct rcx_buf metrics;         /* JSON */
    struct rcx_buf trees, document; /* of the model: its two files */
    /* for the console */
    enum rcx_churn_candidate chosen;
    double test_auc, test_log_loss, mean_auc, mean_log_loss, threshold_value;
    const char *best_baseline; /* that the blend does not beat at the origins; NULL: none */
    size_t train_rows, test_rows, scored;
    rcx_day test_day;
};
void rcx_churn_result_release(struct rcx_churn_result *result); /* zero is fine */

/* Errors: those of its parts. The caller releases *out. */
enum rcx_status rcx_churn_run(const struct rcx_churn_task *task, struct rcx_churn_result *out,
                              struct rcx_error *err);
