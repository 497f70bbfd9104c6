#pragma once
/* Values for every customer known at a date, with or without a feature row.
 *
 *   scored             the delivered model
 *   dormant            no purchase in the observation window: the behaviour model; no interval
 *   few_rows           too few rows for a feature row: the behaviour model; no interval
 *   no_clean_purchase  no purchase that survived cleaning: no value (null)
 *
 * Columns: customer_id, snapshot_date, value, value_calibrated, value_q10, value_q50, value_q90, interval_low,
 * interval_high, value_if_active, value_if_lapsed, expected_order_value, discounted_value,
 * expected_value (behaviour model), status.
 * `value` is what the delivered model says: the least absolute error. `value_calibrated` are the same values
 * scaled so that their sum is right as the behaviour model's was (clv_totals.h). */
#include "ml/tasks/clv/clv_model.h"

struct rcx_clv_score_job {
    const struct rcx_clv_model *model;
    const struct rcx_table *features;  /* of one snapshot */
    const struct rcx_table *behaviour; /* of the same snapshot, of at least its customers */
    const struct rcx_table *known; /* customer_id of all who are known; NULL: those of behaviour */
    rcx_day day, first_data_day;
    int32_t observation_days;
    double annual_discount_rate;
    struct rcx_parallel parallel;
};
struct rcx_clv_scores {
    size_t customers, scored;
    size_t limited;                                  /* v0 lowered to v1 */
    double total, total_calibrated, total_behaviour; /* of the scored ones */
};
/* Errors: RCX_E_INTERNAL (a join that loses rows), RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_clv_score(const struct rcx_clv_score_job *job, struct rcx_table *out,
                              struct rcx_clv_scores *out_scores, struct rcx_error *err);
