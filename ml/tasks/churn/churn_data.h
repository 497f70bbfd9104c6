#pragma once
/* The rows that churn models learn from: feature row, behaviour row and label of the same customer at
 * the same snapshot, as columns of doubles in the order of snapshots, then customers.
 *
 * Snapshots are added one after the other, so that only one feature table is in memory at a time; kept
 * are the labelled rows of eligible customers, which are what trains and what is judged. Rows of
 * consecutive snapshots are neighbours: a training set and an evaluation set are views.
 *
 * Inputs, in this order: the features (features.md) without models.exclude and without exact duplicates
 * (windows as long as the observation window), window_days_covered, and from the behaviour table
 * btyd_frequency, btyd_recency, btyd_age (T), btyd_p_no_purchase, btyd_expected_purchases. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/table.h"
#include "config/config.h"
#include "ml/matrix.h"
#include "ml/split/split.h"

enum {
    RCX_CHURN_BEHAVIOUR_INPUTS = 5,
    RCX_CHURN_SENSITIVITY = 3, /* other horizons of which the rate is told */
    RCX_CHURN_VALUE_STEPS = 9, /* most value horizons, in steps of 30 days */
};
extern const int32_t rcx_churn_sensitivity_days[RCX_CHURN_SENSITIVITY]; /* 60, 90, 120 */

/* Where an input comes from. */
struct rcx_churn_inputs {
    size_t count;             /* all */
    size_t without_behaviour; /* the first ones, which are not of the behaviour model */
    char **names;             /* [count] owned */
    char **columns;           /* [count] names in the tables, owned; NULL: window_days_covered */
};
/* From the columns of a feature table. Errors: RCX_E_INPUT (models.exclude names no feature, or
 * leaves none), RCX_E_NOMEM. */
enum rcx_status rcx_churn_inputs_choose(const struct rcx_table *features,
                                        const struct rcx_cfg_models *models, int64_t horizon_days,
                                        struct rcx_churn_inputs *out, struct rcx_error *err);
void rcx_churn_inputs_release(struct rcx_churn_inputs *inputs);
/* Errors: RCX_E_NOMEM. */
enum rcx_status rcx_churn_inputs_copy(const struct rcx_churn_inputs *inputs,
                                      struct rcx_churn_inputs *out, struct rcx_error *err);

/* As the member "inputs" of an object: name and column of each. */
void rcx_churn_inputs_json(const struct rcx_churn_inputs *inputs, struct rcx_json *json);

/* Revenue sums of one class over the rows of which the horizon is complete. */
struct rcx_churn_value {
    double sum;
    size_t rows;
};

struct rcx_churn_snapshot {
    rcx_day day;
    bool labelled;
    size_t table_rows;  /* of the feature table */
    size_t label_first; /* its first row in `labels` */
    size_t first, rows; /* kept rows: labelled and eligible */
    size_t eligible;    /* rows of eligible customers, labelled or not */
    size_t positives;   /* kept rows with label 1 */
    int32_t covered_days;
    double recency[2], frequency[2], revenue[2]; /* sums over kept rows, by label */
    double churned[RCX_CHURN_SENSITIVITY];       /* eligible rows that churn at that horizon */
    size_t known[RCX_CHURN_SENSITIVITY];         /* of so many; 0: the data do not reach */
    struct rcx_churn_value value[2][RCX_CHURN_VALUE_STEPS]; /* by label, horizon 30 (k + 1) days */
    bool behaviour_fitted;
};

struct rcx_churn_data {
    const struct rcx_cfg_churn *cfg; /* borrowed */
    const struct rcx_cfg_models *models;
    rcx_day first_data_day;
    size_t value_steps;
    struct rcx_churn_inputs inputs;
    struct rcx_churn_snapshot *snapshots;
    size_t snapshot_count, snapshot_capacity;
    size_t rows, capacity;
    double **columns; /* [inputs.count][rows] */
    double *offset;   /* log-odds of the behaviour model */
    double *label;
    double *order_value; /* rfm_monetary_avg */
    int64_t *customer;   /* numeric id, or for texts the row of the feature table */
    rcx_day *day;
    uint32_t *draw;          /* hash of the customer: the same at every snapshot */
    uint32_t *table_row;     /* in the feature table of its snapshot */
    struct rcx_table labels; /* customer_id, snapshot_date, churn_eligible, churn, initial_score */
};

/* `out` must be zero. Borrows the sections of the configuration. */
void rcx_churn_data_init(struct rcx_churn_data *out, const struct rcx_cfg_churn *cfg,
                         const struct rcx_cfg_models *models, rcx_day first_data_day,
                         int64_t value_days);
void rcx_churn_data_release(struct rcx_churn_data *data);

/* Adds the next snapshot, in the order of dates.
 *  features   feature table with labels, and churn_<60|90|120>d and value_<30 k>d beside them
 *  behaviour  behaviour table (ml/btyd/behaviour.h) of at least the same customers
 * Errors: RCX_E_INTERNAL (a row that the join loses or doubles), RCX_E_INPUT, RCX_E_NOMEM. */
enum rcx_status rcx_churn_data_add(struct rcx_churn_data *data, const struct rcx_table *features,
                                   const struct rcx_table *behaviour, bool behaviour_fitted,
                                   struct rcx_error *err);

/* Inputs and offsets of all rows of a feature table, for scoring. The caller releases *out. */
struct rcx_churn_rows {
    size_t rows, column_count;
    double **columns;     /* one owned block behind columns[0] */
    const double **views; /* the same pointers */
    double *offset;
    struct rcx_matrix matrix;
};
enum rcx_status rcx_churn_rows_build(const struct rcx_churn_inputs *inputs, rcx_day first_data_day,
                                     const struct rcx_table *features,
                                     const struct rcx_table *behaviour, struct rcx_churn_rows *out,
                                     struct rcx_error *err);
void rcx_churn_rows_release(struct rcx_churn_rows *rows);

/* Name of the behaviour table's column of P(no purchase) for this horizon. */
enum { RCX_CHURN_COLUMN_BYTES = 64 };
const char *rcx_churn_no_purchase_column(int64_t horizon_days, char out[RCX_CHURN_COLUMN_BYTES]);
/* The log-odds of the behaviour model: within +-20; 0 where it could not be fitted. */
double rcx_churn_offset_of(double p_no_purchase);
/* The date of a feature or behaviour table (snapshot_date of its first row). */
rcx_day rcx_churn_table_day(const struct rcx_table *table);
