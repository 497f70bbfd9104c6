#include "cli/flow_campaign.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/sink_options.h"

enum { TOP_CUSTOMERS = 100 };

enum output {
    EXECUTION,
    ALLOCATION,
    METRICS,
    FRONTIER,
    SENSITIVITY,
    ASSUMPTIONS,
    ACTIONS,
    TOP,
    SEGMENTS,
    IMPACT,
    SUMMARY,
    OUTPUTS
};

static const char *const outputs[OUTPUTS] = {
    [EXECUTION] = "outputs/campaign_execution_plan.csv",
    [ALLOCATION] = "outputs/optimal_campaign_allocation.parquet",
    [METRICS] = "outputs/optimization_metrics.json",
    [FRONTIER] = "outputs/budget_frontier.csv",
    [SENSITIVITY] = "outputs/budget_sensitivity.csv",
    [ASSUMPTIONS] = "outputs/assumption_sheet.csv",
    [ACTIONS] = "outputs/business_reports/complete_customer_action_list.csv",
    [TOP] = "outputs/business_reports/top_100_customer_actions.csv",
    [SEGMENTS] = "outputs/business_reports/segment_profiles.csv",
    [IMPACT] = "outputs/business_reports/impact_analysis.csv",
    [SUMMARY] = "outputs/business_reports/business_summary.json",
};

const char *rcx_flow_campaign_output(size_t index)
{
    return index < OUTPUTS ? outputs[index] : NULL;
}

void rcx_flow_campaign_result_release(struct rcx_flow_campaign_result *result)
{
    rcx_campaign_plan_release(&result->plan);
    rcx_campaign_inputs_release(&result->inputs);
    *result = (struct rcx_flow_campaign_result){0};
}

/* --- writing -------------------------------------------------------------------------------------- */

struct write {
    const struct rcx_flow_campaign *flow;
    const struct rcx_flow_campaign_result *result;
};

static enum rcx_status make_table(const struct write *write, enum output output,
                                  struct rcx_table *out, struct rcx_error *err)
{
    const struct rcx_campaign_plan *plan = &write->result->plan;
    const struct rcx_campaign_columns *columns = &write->result->columns;
    const struct rcx_parallel *parallel = &write->flow->parallel;
    switch (output) {
    case EXECUTION:
        return rcx_campaign_execution(plan, columns, write->result->inputs.day, out, err);
    case ALLOCATION:
        return rcx_campaign_allocation(plan, columns, write->result->inputs.day, out, err);
    case FRONTIER:
        return rcx_campaign_frontier(plan, columns->customers,
                                     (size_t)write->flow->campaign->frontier_points, parallel, out,
                                     err);
    case SENSITIVITY:
        return rcx_campaign_sensitivity(plan, columns->customers, parallel, out, err);
    case ASSUMPTIONS:
        return rcx_campaign_assumptions(plan, columns, out, err);
    case ACTIONS:
        return rcx_campaign_actions(plan, columns, 0, out, err);
    case TOP:
        return rcx_campaign_actions(plan, columns, TOP_CUSTOMERS, out, err);
    case SEGMENTS:
        return rcx_campaign_segments(plan, columns, out, err);
    case IMPACT:
        return rcx_campaign_impact(plan, columns, out, err);
    case METRICS:
    case SUMMARY:
    case OUTPUTS:
        break;
    }
    return rcx_fail(err, RCX_E_INTERNAL, "campaign: %s is no table", outputs[output]);
}

static enum rcx_status write_table(const struct write *write, enum output output, const char *path,
                                   struct rcx_error *err)
{
    struct rcx_sink_options options = rcx_flow_run_sink_options(write->flow->export,
                                                                write->flow->parallel);
    struct rcx_table table = {0};
    options.no_sync = write->flow->no_sync;
    enum rcx_status status = make_table(write, output, &table, err);
    if (status == RCX_OK)
        status = rcx_sink_write_table(path, &options, &table, err);
    rcx_table_release(&table);
    return status;
}

static enum rcx_status write_json(const struct write *write, enum output output, const char *path,
                                  struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = write->flow->no_sync};
    const struct rcx_flow_campaign_result *result = write->result;
    struct rcx_buf text = {0};
    enum rcx_status status = output == METRICS
                                 ? rcx_campaign_metrics(&result->plan, &result->columns, &text, err)
                                 : rcx_campaign_summary(&result->plan, &result->columns,
                                                        result->inputs.day, &text, err);
    if (status == RCX_OK)
        status = rcx_file_replace(path, text.data, text.length, &options, err);
    rcx_buf_release(&text);
    return status;
}

static enum rcx_status write_output(const struct write *write, enum output output,
                                    struct rcx_error *err)
{
    char *path = rcx_path_join(write->flow->directory, outputs[output]);
    if (!path)
        return rcx_fail_nomem(err, outputs[output], 0);
    enum rcx_status status = output == METRICS || output == SUMMARY
                                 ? write_json(write, output, path, err)
                                 : write_table(write, output, path, err);
    rcx_free(path);
    return status;
}

static enum rcx_status write_all(const struct write *write, struct rcx_error *err)
{
    char *folder = rcx_path_join(write->flow->directory, "outputs/business_reports");
    enum rcx_status status = folder ? rcx_directory_make(folder, err)
                                    : rcx_fail_nomem(err, write->flow->directory, 0);
    for (int output = 0; output < OUTPUTS && status == RCX_OK; output++)
        status = write_output(write, (enum output)output, err);
    rcx_free(folder);
    return status;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static void warn(const struct rcx_flow_campaign *flow, const struct rcx_campaign_inputs *inputs)
{
    char count[32], all[32];
    if (inputs->without_value > 0)
        rcx_log_write(flow->log, RCX_LOG_WARNING, "campaign",
                      "%s of %s customers have no row in outputs/clv_predictions.parquet; they are "
                      "not planned for",
                      rcx_format_count(inputs->without_value, count),
                      rcx_format_count(inputs->customers.rows, all));
    if (inputs->suppressed_unknown > 0)
        rcx_log_write(flow->log, RCX_LOG_WARNING, "campaign",
                      "%s: %s ids are no customers of the predictions", flow->campaign->suppression,
                      rcx_format_count(inputs->suppressed_unknown, count));
}

static void note(const struct rcx_flow_campaign *flow, const struct rcx_campaign_plan *plan)
{
    if (plan->contacts > 0)
        return;
    rcx_log_write(flow->log, RCX_LOG_WARNING, "campaign", "%s",
                  plan->fate_counts[RCX_FATE_BUDGET] > 0
                      ? "the plan is empty: the budget (campaign.budget) suffices for no contact"
                      : "the plan is empty: no tier is worth its cost for any customer");
}

enum rcx_status rcx_flow_campaign(const struct rcx_flow_campaign *flow,
                                  struct rcx_flow_campaign_result *out, struct rcx_error *err)
{
    struct rcx_flow_campaign_result result = {0};
    const struct rcx_campaign_terms terms = rcx_campaign_terms_of(flow->campaign, flow->seed);
    const struct write write = {flow, &result};
    enum rcx_status status = rcx_campaign_inputs_read(flow->directory, flow->campaign->suppression,
                                                      &flow->parallel, &result.inputs, err);
    if (status == RCX_OK)
        status = rcx_campaign_columns_of(&result.inputs.customers, &result.columns, err);
    if (status == RCX_OK) {
        warn(flow, &result.inputs);
        status = rcx_campaign_plan(&terms, &result.columns, result.inputs.suppressed,
                                   &flow->parallel, &result.plan, err);
    }
    if (status == RCX_OK)
        note(flow, &result.plan);
    if (status == RCX_OK && !flow->dry_run)
        status = write_all(&write, err);
    if (status != RCX_OK) {
        rcx_flow_campaign_result_release(&result);
        return status;
    }
    *out = result;
    return RCX_OK;
}
