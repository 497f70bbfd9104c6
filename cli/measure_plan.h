#pragma once
/* A plan as 'rcx measure' reads it: campaign_execution_plan.csv or optimal_campaign_allocation.parquet,
 * or any table with customer_id, tier and group (contact, control; rows without one are left out); may be
 * there: churn_probability, cost, plan_date. */
#include "base/date.h"
#include "base/parallel.h"
#include "base/status.h"
#include "base/table.h"

enum { RCX_MEASURE_TIERS_MOST = 255, RCX_MEASURE_NAME_BYTES = 64 };

/* Arrays have `count` entries, one for each customer who was contacted or held back. */
struct rcx_measure_plan {
    struct rcx_table table;
    const struct rcx_column *ids; /* of the table: int64 or text, no one twice */
    size_t count;
    uint32_t *rows;     /* of the table */
    uint8_t *tiers;     /* below tier_count */
    uint8_t *contacted; /* 0: control group */
    double *predicted;  /* churn probability; NaN: not told */
    double *costs;      /* money; 0 in the control group */
    char (*names)[RCX_MEASURE_NAME_BYTES];
    size_t tier_count;
    bool dated;
    rcx_day day; /* plan_date, when `dated` */
};
void rcx_measure_plan_release(struct rcx_measure_plan *plan);

/* Errors: those of rcx_table_read; RCX_E_INPUT (a column is missing or of another type, no rows, an
 * unknown group, a probability outside 0..1, a negative cost, a customer twice, too many tiers);
 * RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_measure_plan_read(const char *path, const struct rcx_parallel *parallel,
                                      struct rcx_measure_plan *out, struct rcx_error *err);
