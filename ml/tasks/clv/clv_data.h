#pragma once
/* The rows that value models learn from: every feature row of a labelled snapshot, with the inputs of
 * ml/tasks/churn/churn_data.h, and the net revenue that followed within several horizons.
 *
 * Snapshots are added one after the other; rows of consecutive snapshots are neighbours, so training
 * and evaluation sets are views. Horizons are 30, 60, ... days and clv.horizon_days; a target is NaN
 * where the data end before its horizon does. Targets may be negative (more returned than bought):
 * models learn them as 0, measures take them as they are. */
#include "ml/tasks/churn/churn_data.h"

enum {
    RCX_CLV_HORIZONS = RCX_CHURN_VALUE_STEPS + 1, /* steps of 30 days, and the asked one */
    RCX_CLV_ANCHORS = 4, /* horizons for which the behaviour model was asked */
};

struct rcx_clv_snapshot {
    rcx_day day;
    size_t first, rows; /* in the data; 0 rows: no horizon is complete */
    size_t table_rows;  /* of the feature table */
    int32_t data_days;  /* of data before the cutoff */
    bool behaviour_fitted;
};

struct rcx_clv_data {
    const struct rcx_cfg_clv *cfg; /* borrowed */
    const struct rcx_cfg_models *models;
    int64_t churn_days;      /* churn.horizon_days */
    int32_t churn_span_days; /* with churn.gap_days before it */
    rcx_day first_data_day;
    struct rcx_churn_inputs inputs;
    size_t horizon_count;
    int32_t horizon_days[RCX_CLV_HORIZONS]; /* ascending */
    size_t asked;                           /* index of clv.horizon_days */
    int32_t anchor_days[RCX_CLV_ANCHORS];
    struct rcx_clv_snapshot *snapshots;
    size_t snapshot_count, snapshot_capacity;
    size_t rows, capacity;
    double **columns;                 /* [inputs.count][rows] */
    double *target[RCX_CLV_HORIZONS]; /* [rows] */
    double
        *anchor[RCX_CLV_ANCHORS]; /* expected purchases, by the behaviour model; NaN: not fitted */
    double *order_value;          /* expected, Gamma-Gamma */
    double *last_revenue;         /* rfm_monetary_total, at least 0 */
    double *churned;              /* 1, 0, NaN: not known */
    int64_t *customer;            /* numeric id, or for texts the row of the feature table */
    rcx_day *day;
    struct rcx_table
        targets; /* customer_id, snapshot_date, value_<30 k>d, clv, churn, initial_score */
};

/* `out` must be zero. Borrows the sections. */
void rcx_clv_data_init(struct rcx_clv_data *out, const struct rcx_cfg_clv *cfg,
                       const struct rcx_cfg_models *models, const struct rcx_cfg_churn *churn,
                       rcx_day first_data_day);
void rcx_clv_data_release(struct rcx_clv_data *data);

/* Adds the next snapshot, in the order of dates: tables as for rcx_churn_data_add.
 * Errors: the same. */
enum rcx_status rcx_clv_data_add(struct rcx_clv_data *data, const struct rcx_table *features,
                                 const struct rcx_table *behaviour, bool behaviour_fitted,
                                 struct rcx_error *err);

/* Rows as models see them: inputs, and the simple predictors; borrowed. */
struct rcx_clv_view {
    struct rcx_matrix matrix;
    const double *last_revenue; /* [rows] */
    const double *expected;     /* [rows] value by the behaviour model; NaN: not fitted */
};

/* Expected value within a horizon from expected purchases at the anchors: between two of them (and
 * beyond the last) along a power of the time, which is exact at the anchors.
 *  purchases  [RCX_CLV_ANCHORS][rows]; out may be one of them */
void rcx_clv_expected(const int32_t anchor_days[RCX_CLV_ANCHORS], const double *const *purchases,
                      const double *order_value, size_t rows, int32_t horizon_days, double *out);

/* All rows of a feature table, to score; the behaviour table must have been asked for the horizon. */
struct rcx_clv_rows {
    struct rcx_churn_rows inputs;
    double *block;
    double *last_revenue, *expected, *order_value;
    struct rcx_clv_view view;
};
enum rcx_status rcx_clv_rows_build(const struct rcx_churn_inputs *inputs, rcx_day first_data_day,
                                   int32_t horizon_days, const struct rcx_table *features,
                                   const struct rcx_table *behaviour, struct rcx_clv_rows *out,
                                   struct rcx_error *err);
void rcx_clv_rows_release(struct rcx_clv_rows *rows); /* zero is fine */
