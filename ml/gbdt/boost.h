#pragma once
/* One training run: the state between trees. gbdt.h is the door. */
#include "ml/gbdt/evaluate.h"
#include "ml/gbdt/gbdt.h"
#include "ml/gbdt/grow.h"
#include "ml/gbdt/leaf_values.h"
#include "ml/gbdt/objective.h"

/* Keeps the sum of a run's trees from changing its sign, whatever the row: every tree may take away at
 * most a share of what the lowest row could have. */
struct rcx_boost_gap {
    int sign;       /* 1: the sum stays >= 0; -1: <= 0; 0: free */
    double budget;  /* |sum| is at least this, in every row there could be */
    double reserve; /* never touched, for rounding */
};

/* Training on a part of the rows, from scores of their own; zero: all rows, from the job's scores. */
struct rcx_boost_rows {
    const uint8_t *held_out; /* [rows] 1: takes no part; NULL: none */
    const double *start;     /* [rows] scores in place of continue_from's; NULL */
    double *out_score;       /* [rows] of all rows after the last tree; NULL */
};

struct rcx_boost_piece {
    struct rcx_gradient_range range;
    uint64_t total; /* packed sum of its records */
    size_t begin;   /* of its records, with bagging */
    uint32_t in_bag;
};

struct rcx_boost {
    const struct rcx_gbdt_job *job;
    const struct rcx_gbdt_params *params;
    const struct rcx_gbdt_dataset *train;
    struct rcx_loss loss;
    struct rcx_grower grower;
    struct rcx_leaf_work work;
    struct rcx_boost_gap gap;
    struct rcx_boost_rows rows;
    double *score; /* [rows] raw */
    float *pairs;  /* [rows] gradient, hessian */
    size_t pairs_bytes, score_bytes;
    uint8_t *in_bag;      /* [rows]; NULL: all rows */
    uint8_t *use_feature; /* [used]; NULL: all */
    struct rcx_boost_piece *pieces;
    size_t piece_count;
    struct rcx_gradient_rounding rounding;
    double constant;    /* to be added to the next tree's values */
    uint32_t iteration; /* trees made */
    bool ended;         /* nothing left to split */
    struct rcx_gbdt_model model;
    struct rcx_evaluation evaluation;
};

/* boost_sample.c: gradients of all rows, the rows and features of the next tree, their records in the grower.
 * Returns the records' packed sum. */
uint64_t rcx_boost_sample(struct rcx_boost *boost);

/* boost_start.c: the scores before the first tree, and the model's trees that come first. */
enum rcx_status rcx_boost_start(struct rcx_boost *boost, struct rcx_error *err);

/* boost.c */
enum rcx_status rcx_boost_train(const struct rcx_gbdt_job *job, int gap_sign,
                                const struct rcx_boost_rows *rows, struct rcx_gbdt_model *out_model,
                                struct rcx_gbdt_history *out_history, struct rcx_error *err);
