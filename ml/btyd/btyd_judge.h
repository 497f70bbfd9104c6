#pragma once
/* How well a fit foretells a holdout period: tables of what was expected and what happened.
 *
 *   by_frequency  frequency (7 stands for 7 and more), customers, actual, expected: mean purchases in
 *                 the holdout of the customers with so many repeat purchases before it
 *   by_week       week, actual, expected: purchases of all customers up to the end of that unit of
 *                 time; no rows without counts by week
 *   calibration   ten groups of customers by P(no purchase): customers, expected (mean probability),
 *                 actual (share without a purchase) */
#include "base/table.h"
#include "ml/btyd/btyd.h"

struct rcx_btyd_holdout {
    const double *purchases; /* [customers] in the holdout */
    double length;           /* in the unit of T */
    const double *by_week;   /* [weeks] purchases of all customers in each unit of time; or NULL */
    size_t weeks;
};

struct rcx_btyd_judgement {
    double actual, expected; /* purchases of all customers */
    double mean_absolute_error;
    struct rcx_table by_frequency, by_week, calibration;
};
void rcx_btyd_judgement_release(struct rcx_btyd_judgement *judgement);

/* Errors: RCX_E_INPUT (no customers), RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_btyd_judge(const struct rcx_btyd_fit *fit, const struct rcx_btyd_groups *groups,
                               const double *frequency, const struct rcx_btyd_holdout *holdout,
                               const struct rcx_parallel *parallel, struct rcx_btyd_judgement *out,
                               struct rcx_error *err);
