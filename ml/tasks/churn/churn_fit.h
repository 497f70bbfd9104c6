#pragma once
/* The candidates: what each is, how it is trained on the first rows of the data, what it says.
 *
 *   constant       the rate of the training rows
 *   recency_rule   logistic regression on the logarithm of the days since the last purchase
 *   behaviour      P(no purchase in the horizon) of the behaviour model, nothing trained
 *   logistic       logistic regression on the features (signed log1p, standardised)
 *   logistic_btyd  the same with the inputs of the behaviour model
 *   trees_plain    boosted trees that start at the rate
 *   trees          boosted trees that start at the behaviour model's log-odds
 *   blend          behaviour + w1 x sum of the trees + w2 x (regression - behaviour), on the log-odds;
 *                  the regression is logistic_btyd (logistic without churn.use_btyd); weights by
 *                  churn_blend.h
 *
 * With churn.offset none `trees` start at the rate, too, and the blend is the trees. A weight on the
 * rarer class is undone: trees start that much higher, and the probabilities leave it out. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/gbdt_model.h"
#include "ml/linear/logistic.h"
#include "ml/tasks/churn/churn_data.h"

enum rcx_churn_candidate { /* in the order of enum rcx_churn_choice, after auto */
                           RCX_CHURN_CONSTANT,
                           RCX_CHURN_RECENCY,
                           RCX_CHURN_BEHAVIOUR,
                           RCX_CHURN_LOGISTIC,
                           RCX_CHURN_LOGISTIC_BTYD,
                           RCX_CHURN_TREES_PLAIN,
                           RCX_CHURN_TREES,
                           RCX_CHURN_BLEND,
                           RCX_CHURN_CANDIDATES
};
const char *rcx_churn_candidate_name(enum rcx_churn_candidate candidate); /* as in the file */

enum { RCX_CHURN_ALL = (1 << RCX_CHURN_CANDIDATES) - 1 };

/* Rows with their inputs in columns; borrowed. */
struct rcx_churn_view {
    struct rcx_matrix matrix; /* all inputs */
    const double *offset;
};

/* What fits have in common: columns of the data as signed logarithms, for the regressions. */
struct rcx_churn_trainer {
    const struct rcx_churn_data *data; /* borrowed */
    size_t stride; /* every so many-th row trains the regressions: at most about 200,000 do */
    size_t sample_rows;
    double **logs; /* [inputs.count][sample_rows] owned */
    double *sample_label;
    const double **views;
    size_t recency; /* index of rfm_recency_days */
};
/* Errors: RCX_E_CONFIG (rfm_recency_days is excluded), RCX_E_NOMEM. */
enum rcx_status rcx_churn_trainer_init(const struct rcx_churn_data *data,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_churn_trainer *out, struct rcx_error *err);
void rcx_churn_trainer_release(struct rcx_churn_trainer *trainer);

/* Rows [first, first + count) of the data. `columns` has room for inputs.count pointers. */
struct rcx_churn_view rcx_churn_view_of(const struct rcx_churn_data *data, size_t first,
                                        size_t count, const double **columns);

/* Weights of the blend. */
struct rcx_churn_blend {
    double trees, regression;
    bool learned; /* on left-out customers */
    size_t rows;  /* so many of their rows */
    double gain;  /* least fall of the log loss that the weights brought at one of the snapshots */
};

struct rcx_churn_fit {
    unsigned trained; /* bits 1 << candidate */
    size_t train_rows;
    double rate;            /* of the training rows */
    double positive_weight; /* of label 1 in the trees' training */
    struct rcx_churn_blend blend;
    struct rcx_logistic recency, logistic, logistic_btyd;
    struct rcx_gbdt_model trees_plain, trees;
    bool trees_from_offset;
    uint32_t tree_count; /* of `trees` */
    size_t recency_column;
    size_t without_behaviour; /* inputs of `logistic` */
    size_t tree_inputs;       /* inputs of the trees: the first so many */
};

struct rcx_churn_fit_job {
    size_t train_rows; /* the first ones of the data */
    unsigned wanted;   /* bits */
    uint32_t tree_count;
    struct rcx_churn_blend blend;
    /* Choose the number of trees on these rows instead: at most most_trees. count 0: no. */
    size_t valid_first, valid_count;
    struct rcx_parallel parallel;
};

/* Errors: RCX_E_INPUT (one class only), RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_churn_fit_train(const struct rcx_churn_trainer *trainer,
                                    const struct rcx_churn_fit_job *job, struct rcx_churn_fit *out,
                                    struct rcx_error *err);
void rcx_churn_fit_release(struct rcx_churn_fit *fit); /* zero is fine */

/* Sum of the trees of the candidate (of `trees` unless it is trees_plain) without their start: what
 * LightGBM predicts as raw score from the model file.
 * Errors: as rcx_forest_scores. */
enum rcx_status rcx_churn_fit_tree_sum(const struct rcx_churn_fit *fit,
                                       enum rcx_churn_candidate candidate,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err);
/* The regression that the blend takes part of. */
enum rcx_churn_candidate rcx_churn_blend_regression(const struct rcx_churn_fit *fit);
/* The regression in a candidate, its own or the one that the blend takes part of; NULL: none. */
const struct rcx_logistic *rcx_churn_fit_regression(const struct rcx_churn_fit *fit,
                                                    enum rcx_churn_candidate candidate);
/* Log-odds of one trained candidate. */
enum rcx_status rcx_churn_fit_log_odds(const struct rcx_churn_fit *fit,
                                       enum rcx_churn_candidate candidate,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err);
/* Probabilities of one trained candidate; out has one place per row. */
enum rcx_status rcx_churn_fit_predict(const struct rcx_churn_fit *fit,
                                      enum rcx_churn_candidate candidate,
                                      const struct rcx_churn_view *view,
                                      const struct rcx_parallel *parallel, double *out,
                                      struct rcx_error *err);
