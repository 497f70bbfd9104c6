#pragma once
/* The campaign stage between a run directory and its files. Prints nothing.
 *
 *     outputs/campaign_execution_plan.csv, optimal_campaign_allocation.parquet,
 *     outputs/optimization_metrics.json, budget_frontier.csv, budget_sensitivity.csv,
 *     outputs/assumption_sheet.csv,
 *     outputs/business_reports/complete_customer_action_list.csv, top_100_customer_actions.csv,
 *     segment_profiles.csv, impact_analysis.csv, business_summary.json
 *
 * What it reads: cli/campaign_inputs.h. */
#include "base/log.h"
#include "cli/campaign_inputs.h"
#include "config/config.h"
#include "ml/tasks/campaign/campaign_tables.h"

struct rcx_flow_campaign {
    const char *directory; /* of the run */
    const struct rcx_cfg_campaign *campaign;
    const struct rcx_cfg_export *export;
    uint64_t seed;
    struct rcx_parallel parallel;
    struct rcx_log *log; /* warnings about the inputs */
    bool dry_run;        /* write nothing */
    bool no_sync;
};

struct rcx_flow_campaign_result {
    struct rcx_campaign_inputs inputs;
    struct rcx_campaign_columns columns; /* of inputs.customers */
    struct rcx_campaign_plan plan;
};
void rcx_flow_campaign_result_release(struct rcx_flow_campaign_result *result);

/* The files, relative to the directory; NULL past the end. */
const char *rcx_flow_campaign_output(size_t index);

/* Errors: of rcx_campaign_inputs_read and rcx_campaign_columns_of; RCX_E_IO. The caller releases
 * *out. */
enum rcx_status rcx_flow_campaign(const struct rcx_flow_campaign *flow,
                                  struct rcx_flow_campaign_result *out, struct rcx_error *err);
