#pragma once
/* Predictions for every customer known at a date, with or without a feature row.
 *
 *   scored             the delivered model
 *   new                the same; the customer is younger than churn.min_tenure_days
 *   dormant            no purchase in the observation window: the behaviour model
 *   few_rows           too few rows for a feature row: the behaviour model
 *   no_clean_purchase  no purchase that survived cleaning: no probability (null)
 *
 * Columns: customer_id, snapshot_date, churn_probability, decision (probability >= threshold),
 * risk_level, status, initial_score (the start of the trees), tree_score (their sum), reason_1..3,
 * effect_1..3 (on the log-odds). */
#include "ml/tasks/churn/churn_effects.h"

enum rcx_churn_status {
    RCX_CHURN_SCORED,
    RCX_CHURN_NEW,
    RCX_CHURN_DORMANT,
    RCX_CHURN_FEW_ROWS,
    RCX_CHURN_NO_CLEAN_PURCHASE,
    RCX_CHURN_STATUSES
};
const char *rcx_churn_status_name(enum rcx_churn_status status);
const char *rcx_churn_risk_name(const struct rcx_cfg_churn *cfg, double probability);

struct rcx_churn_score_job {
    const struct rcx_churn_model *model;
    const struct rcx_cfg_churn *cfg;
    const struct rcx_table *features;  /* of one snapshot, with labels (churn_eligible) */
    const struct rcx_table *behaviour; /* of the same snapshot, of at least its customers */
    const struct rcx_table *known; /* customer_id of all who are known; NULL: those of behaviour */
    rcx_day day;
    rcx_day first_data_day;
    int32_t observation_days;
    struct rcx_parallel parallel;
};

/* What moved the scores of a snapshot. */
struct rcx_churn_explained {
    double *mean_effects;    /* [inputs] the caller's: mean absolute effects over the scored rows */
    struct rcx_table sample; /* rcx_churn_effects_table; the caller releases it */
};

/* Errors: RCX_E_INTERNAL (a join that loses rows), RCX_E_INPUT (the tables lack an input of the
 * model), RCX_E_NOMEM. The caller releases *out.
 *  explained  filled in when not NULL */
enum rcx_status rcx_churn_score(const struct rcx_churn_score_job *job, struct rcx_table *out,
                                struct rcx_churn_explained *explained, struct rcx_error *err);
