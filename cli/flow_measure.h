#pragma once
/* A plan (cli/measure_plan.h) against what its customers did afterwards. Prints nothing. */
#include "base/log.h"
#include "cli/flow_store.h"
#include "ml/tasks/campaign/uplift.h"

struct rcx_flow_measure {
    const char *plan;
    const struct rcx_flow_store *from; /* attached */
    const struct rcx_config *config;   /* campaign, churn */
    struct rcx_parallel parallel;
    bool has_first;
    rcx_day first;      /* first day that counts; else the day after plan_date */
    uint64_t days;      /* that count; 0: churn.horizon_days */
    const char *tiers;  /* gets the tiers with the realised save rates, as YAML; NULL: not */
    const char *output; /* gets the table; NULL: not */
    const char *format; /* of output; NULL: by its name */
};

struct rcx_flow_measure_result {
    struct rcx_table table;     /* a row for all tiers, then one for each */
    rcx_day first, last, asked; /* the span, and its last day had the data reached it */
    size_t silent;              /* customers of the plan without any row in the span */
    size_t unknown;             /* customers of the plan who have no row before its end either */
    size_t customers;           /* of the plan */
    size_t tier_count;
    char (*tiers)[64];          /* names, owned */
    struct rcx_uplift *uplifts; /* [tier_count + 1], the first of all; owned */
    bool measured_all;          /* every tier has a control group */
};
void rcx_flow_measure_result_release(struct rcx_flow_measure_result *result);

/* Errors: RCX_E_INPUT (the plan's columns; the date is not known; the data end before; none of
 * its customers is in the store), of files and
 * store. The caller releases *out. */
enum rcx_status rcx_flow_measure(const struct rcx_flow_measure *flow,
                                 struct rcx_flow_measure_result *out, struct rcx_error *err);
