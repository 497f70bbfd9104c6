#pragma once
/* The plan as tables and JSON. Money columns are decimals of 4 places whose sums are the totals of the
 * metrics, to the last digit; expected saves have 6 places. Rows of the control group cost and bring
 * nothing. */
#include "base/buf.h"
#include "ml/tasks/campaign/campaign.h"

/* What the campaign's files hold; the caller releases each table with rcx_table_release.
 * Errors of all: RCX_E_NOMEM. */

/* campaign_execution_plan: the chosen customers, contacts by falling value, then the control group.
 * `day`: of the predictions, a column plan_date; INT32_MIN: not known, null. */
enum rcx_status rcx_campaign_execution(const struct rcx_campaign_plan *plan,
                                       const struct rcx_campaign_columns *columns, rcx_day day,
                                       struct rcx_table *out, struct rcx_error *err);

/* optimal_campaign_allocation: every customer in the order of the table, with the value of each tier. */
enum rcx_status rcx_campaign_allocation(const struct rcx_campaign_plan *plan,
                                        const struct rcx_campaign_columns *columns, rcx_day day,
                                        struct rcx_table *out, struct rcx_error *err);

/* complete_customer_action_list: every customer, the chosen first; `most` rows (0: all), only contacts
 * when `most` is given (top_100_customer_actions). */
enum rcx_status rcx_campaign_actions(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns, size_t most,
                                     struct rcx_table *out, struct rcx_error *err);

/* segment_profiles: customers, churn, value and plan of each segment; "(none)" for those without. */
enum rcx_status rcx_campaign_segments(const struct rcx_campaign_plan *plan,
                                      const struct rcx_campaign_columns *columns,
                                      struct rcx_table *out, struct rcx_error *err);

/* impact_analysis: what contacting brings, by tier, risk level and segment; the first row is all. */
enum rcx_status rcx_campaign_impact(const struct rcx_campaign_plan *plan,
                                    const struct rcx_campaign_columns *columns,
                                    struct rcx_table *out, struct rcx_error *err);

/* --- what if -------------------------------------------------------------------------------------- */

/* budget_frontier: plans between no budget and saturation, nobody held back. */
enum rcx_status rcx_campaign_frontier(const struct rcx_campaign_plan *plan, size_t customers,
                                      size_t points, const struct rcx_parallel *parallel,
                                      struct rcx_table *out, struct rcx_error *err);

/* budget_sensitivity: plans at multiples of the budget and of saturation, nobody held back, beside what
 * a plain ranking by value would bring. */
enum rcx_status rcx_campaign_sensitivity(const struct rcx_campaign_plan *plan, size_t customers,
                                         const struct rcx_parallel *parallel, struct rcx_table *out,
                                         struct rcx_error *err);

/* assumption_sheet: each assumption with the factor at which the plan as it stands brings nothing, and
 * what it brings with 20 % less and more. */
enum rcx_status rcx_campaign_assumptions(const struct rcx_campaign_plan *plan,
                                         const struct rcx_campaign_columns *columns,
                                         struct rcx_table *out, struct rcx_error *err);

/* The share of the assumed save rates at which the plan as it stands brings nothing; NaN: none. */
double rcx_campaign_break_even_saves(const struct rcx_campaign_plan *plan);

/* --- JSON ----------------------------------------------------------------------------------------- */

/* optimization_metrics.json, business_summary.json. */
enum rcx_status rcx_campaign_metrics(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns,
                                     struct rcx_buf *out, struct rcx_error *err);
enum rcx_status rcx_campaign_summary(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns, rcx_day day,
                                     struct rcx_buf *out, struct rcx_error *err);

/* 100 x value / cost; NaN when nothing is spent. */
double rcx_campaign_roi_pct(rcx_i128 value, rcx_i128 cost);
/* Units of 10^-4 as a real, rounded once. */
double rcx_campaign_money(rcx_i128 units);

/* Mean churn probability of the chosen customers, and the smallest change of it that the control group
 * can show. tier RCX_TIERS_MOST: all tiers. */
struct rcx_campaign_test {
    uint64_t contacts, controls;
    double churn;      /* mean of contacts and control group; NaN without any */
    double expected;   /* by how much contacting is expected to lower it: mean of p s */
    double detectable; /* NaN without a control group */
};
struct rcx_campaign_test rcx_campaign_test_of(const struct rcx_campaign_plan *plan,
                                              const struct rcx_campaign_columns *columns,
                                              size_t tier);
