#pragma once
/* Acquisition cohorts: who came in a month, who of them came back, and what they brought.
 *
 * A customer belongs to the month of the first cleaned row with positive quantity. At age a, months
 * after it, a customer is active with such a row in that month; revenue is net, returns included.
 * Rows before the first purchase (returns of what was bought before the data begin) count at age 0,
 * and customers without any purchase are counted apart, so cohorts and they add up to the cleaned
 * rows to the last penny.
 *
 * One pass over the store, morsels in parallel; every number is a sum of integers, so it depends
 * neither on threads nor on how the rows were cut. Memory: a triangle of months per thread. */
#include "base/table.h"
#include "engine/exec/clean_run.h"

/* One cohort at one age. */
struct rcx_cohort_cell {
    uint64_t active;  /* customers with a purchase in the month */
    rcx_i128 revenue; /* in units of 10^-places, net */
};

struct rcx_cohorts {
    rcx_day first_month; /* first day of the first month of the data */
    size_t months;       /* of the data, the last one may be cut short */
    bool last_complete;  /* the data reach the end of the last month */
    bool first_complete; /* and begin with the first day of the first */
    unsigned places;
    uint64_t *customers;           /* [months] size of the cohort */
    struct rcx_cohort_cell *cells; /* row after row: cohort c has ages 0 .. months - 1 - c */
    uint64_t without_purchase;     /* customers, and what their rows sum to */
    rcx_i128 revenue_without_purchase;
};

/* Errors: of the scan, RCX_E_NOMEM. The caller releases *out (zero is fine). */
enum rcx_status rcx_cohort_run(const struct rcx_store *store, const struct rcx_clean_plan *plan,
                               const struct rcx_parallel *parallel, struct rcx_cohorts *out,
                               struct rcx_error *err);
void rcx_cohorts_release(struct rcx_cohorts *cohorts);

/* Where the ages of a cohort begin in `cells`. */
static inline size_t rcx_cohort_start(const struct rcx_cohorts *cohorts, size_t cohort)
{
    return cohort * cohorts->months - cohort * (cohort - (cohort > 0)) / 2;
}

/* First day of the month so many after that of `first`, itself the first day of one. */
rcx_day rcx_month_after(rcx_day first, size_t months);

/* One row per cohort that has customers and age: cohort (first day of its month), age_months, month,
 * customers, active_customers, retention, revenue, revenue_per_customer,
 * cumulative_revenue_per_customer, complete (the data hold the whole month).
 * Errors: RCX_E_NOMEM; RCX_E_INPUT when a revenue leaves 64 bits. The caller releases *out. */
enum rcx_status rcx_cohort_table(const struct rcx_cohorts *cohorts, struct rcx_table *out,
                                 struct rcx_error *err);
