#include "cli/flow_measure.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/customer_index.h"
#include "cli/measure_plan.h"
#include "cli/sink_options.h"
#include "config/tiers.h"
#include "engine/exec/response_run.h"
#include "ml/tasks/campaign/table_columns.h"

void rcx_flow_measure_result_release(struct rcx_flow_measure_result *result)
{
    rcx_table_release(&result->table);
    rcx_free(result->tiers);
    rcx_free(result->uplifts);
    *result = (struct rcx_flow_measure_result){0};
}

/* --- the span ------------------------------------------------------------------------------------- */

static enum rcx_status find_span(const struct rcx_flow_measure *flow,
                                 const struct rcx_measure_plan *plan,
                                 struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    uint64_t days = flow->days ? flow->days : (uint64_t)flow->config->churn.horizon_days;
    rcx_day last = flow->from->range.last;
    char end[RCX_DATE_TEXT_BYTES], begin[RCX_DATE_TEXT_BYTES];
    if (!flow->has_first && !plan->dated)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s does not say when it was made (plan_date); give the first day that "
                        "counts with --from DATE",
                        flow->plan);
    out->first = flow->has_first ? flow->first : plan->day + 1;
    out->asked = out->first + (rcx_day)(days < 36500 ? days : 36500) - 1;
    out->last = out->asked < last ? out->asked : last;
    if (out->last < out->first)
        return rcx_fail(err, RCX_E_INPUT,
                        "the data end on %s, before the first day that counts, %s: add later data "
                        "with 'rcx ingest'",
                        rcx_format_day(last, end), rcx_format_day(out->first, begin));
    return RCX_OK;
}

/* --- customers ------------------------------------------------------------------------------------ */

struct outcome {
    uint8_t *churned;
    double *revenue;
};

static void release_outcome(struct outcome *outcome)
{
    rcx_free(outcome->churned);
    rcx_free(outcome->revenue);
}

static enum rcx_status responses_of(const struct rcx_flow_measure *flow, rcx_day first,
                                    rcx_day last, struct rcx_table *out, struct rcx_error *err)
{
    const struct rcx_response_run run = {.store = flow->from->store,
                                         .plan = &flow->from->plan,
                                         .parallel = flow->parallel,
                                         .first = first,
                                         .last = last};
    return rcx_response_run(&run, out, err);
}

static enum rcx_status check_ids(const struct rcx_flow_measure *flow,
                                 const struct rcx_measure_plan *plan, const struct rcx_column *ids,
                                 struct rcx_error *err)
{
    if (ids->type == plan->ids->type)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: customer_id is %s, but %s in the store: is it the plan of this shop? "
                    "(Texts that look like numbers keep their type in "
                    "optimal_campaign_allocation.parquet.)",
                    flow->plan, rcx_type_name(plan->ids->type), rcx_type_name(ids->type));
}

/* How many customers of the plan the store does not know at all, neither before nor in the span. */
static enum rcx_status count_unknown(const struct rcx_flow_measure *flow,
                                     const struct rcx_measure_plan *plan,
                                     struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    struct rcx_table ever = {0};
    struct rcx_customer_index index = {0};
    enum rcx_status status = responses_of(flow, flow->from->range.first, out->last, &ever, err);
    if (status == RCX_OK)
        status = rcx_customer_index_open(&ever.columns[0], "the store", &index, err);
    for (size_t i = 0; i < plan->count && status == RCX_OK; i++)
        out->unknown += rcx_customer_index_find(&index, plan->ids, plan->rows[i]) == RCX_NO_ROW;
    rcx_customer_index_close(&index);
    rcx_table_release(&ever);
    if (status == RCX_OK && out->unknown == plan->count)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: none of its %zu customers has ever bought anything in the store: is "
                          "it the plan of this shop?",
                          flow->plan, plan->count);
    return status;
}

static enum rcx_status join(const struct rcx_measure_plan *plan, const struct rcx_table *responses,
                            struct outcome *to, struct rcx_flow_measure_result *out,
                            struct rcx_error *err)
{
    struct rcx_customer_index index = {0};
    enum rcx_status status = rcx_customer_index_open(&responses->columns[0], "the store", &index,
                                                     err);
    for (size_t i = 0; i < plan->count && status == RCX_OK; i++) {
        uint32_t found = rcx_customer_index_find(&index, plan->ids, plan->rows[i]);
        bool silent = found == RCX_NO_ROW;
        const struct rcx_column *revenue = &responses->columns[2];
        out->silent += silent;
        to->churned[i] = silent || responses->columns[1].i64[found] == 0;
        to->revenue[i] = silent ? 0 : rcx_ratio(revenue->i64[found], rcx_pow10(revenue->scale));
    }
    rcx_customer_index_close(&index);
    return status;
}

/* --- results -------------------------------------------------------------------------------------- */

static enum rcx_status compare(const struct rcx_flow_measure *flow,
                               const struct rcx_measure_plan *plan, const struct outcome *outcome,
                               struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    const struct rcx_cfg_campaign *cfg = &flow->config->campaign;
    const struct rcx_uplift_data data = {.customers = plan->count,
                                         .tiers = plan->tiers,
                                         .contacted = plan->contacted,
                                         .churned = outcome->churned,
                                         .revenue = outcome->revenue,
                                         .predicted = plan->predicted,
                                         .costs = plan->costs};
    out->uplifts = rcx_malloc_array(out->tier_count + 1, sizeof *out->uplifts);
    if (!out->uplifts)
        return rcx_fail_nomem(err, "measurement", 0);
    out->measured_all = true;
    for (size_t k = 0; k <= out->tier_count; k++) {
        out->uplifts[k] = rcx_uplift_of(&data, k == 0 ? SIZE_MAX : k - 1, cfg->margin,
                                        cfg->confidence);
        out->measured_all &= !isnan(out->uplifts[k].save_rate.estimate);
    }
    return RCX_OK;
}

static const struct rcx_cfg_tier *assumed_tier(const struct rcx_cfg_tiers *tiers, const char *name)
{
    for (size_t k = 0; k < tiers->count; k++)
        if (strcmp(tiers->items[k].name, name) == 0)
            return &tiers->items[k];
    return NULL;
}

enum { REALS = 21 };

static void cells_of(const struct rcx_uplift *u, double assumed, double out[REALS])
{
    const double cells[REALS] = {u->predicted_contacts,
                                 u->predicted_controls,
                                 (double)u->churned_contacts / (double)u->contacts,
                                 (double)u->churned_controls / (double)u->controls,
                                 u->churn.estimate,
                                 u->churn.low,
                                 u->churn.high,
                                 assumed,
                                 u->save_rate.estimate,
                                 u->save_rate.low,
                                 u->save_rate.high,
                                 u->revenue_contacts,
                                 u->revenue_controls,
                                 u->revenue.estimate,
                                 u->revenue.low,
                                 u->revenue.high,
                                 u->cost,
                                 u->value.estimate,
                                 u->value.low,
                                 u->value.high,
                                 u->cost > 0 ? 100 * (u->value.estimate / u->cost) : NAN};
    memcpy(out, cells, sizeof cells);
}

static enum rcx_status make_table(const struct rcx_flow_measure *flow,
                                  struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    static const char *const reals[REALS] = {"predicted_churn_contacts",
                                             "predicted_churn_controls",
                                             "churn_contacts",
                                             "churn_controls",
                                             "churn_reduction",
                                             "churn_reduction_low",
                                             "churn_reduction_high",
                                             "save_rate_assumed",
                                             "save_rate",
                                             "save_rate_low",
                                             "save_rate_high",
                                             "revenue_contacts",
                                             "revenue_controls",
                                             "revenue_uplift",
                                             "revenue_uplift_low",
                                             "revenue_uplift_high",
                                             "cost",
                                             "realised_value",
                                             "realised_value_low",
                                             "realised_value_high",
                                             "realised_roi_pct"};
    const char *names[RCX_MEASURE_TIERS_MOST + 1] = {"all"};
    struct rcx_columns to = {.table = &out->table};
    out->table.rows = out->tier_count + 1;
    for (size_t k = 0; k < out->tier_count; k++)
        names[k + 1] = out->tiers[k];
    (void)rcx_columns_texts(&to, "tier", names, out->table.rows);
    (void)rcx_columns_add(&to, "contacts", RCX_TYPE_INT64);
    (void)rcx_columns_add(&to, "controls", RCX_TYPE_INT64);
    for (size_t c = 0; c < REALS; c++)
        (void)rcx_columns_add(&to, reals[c], RCX_TYPE_REAL);
    if (to.failed)
        return rcx_fail_nomem(err, "measurement", 0);
    for (size_t k = 0; k < out->table.rows; k++) {
        const struct rcx_cfg_tier *tier =
            k > 0 ? assumed_tier(&flow->config->campaign.tiers, out->tiers[k - 1]) : NULL;
        double cells[REALS];
        cells_of(&out->uplifts[k], tier ? tier->save_rate : (double)NAN, cells);
        out->table.columns[0].codes[k] = (uint32_t)k;
        out->table.columns[1].i64[k] = (int64_t)out->uplifts[k].contacts;
        out->table.columns[2].i64[k] = (int64_t)out->uplifts[k].controls;
        for (size_t c = 0; c < REALS; c++)
            out->table.columns[3 + c].reals[k] = cells[c];
    }
    return RCX_OK;
}

/* The tiers of the configuration, save rates replaced where they were measured. */
static enum rcx_status write_tiers(const struct rcx_flow_measure *flow,
                                   const struct rcx_flow_measure_result *result,
                                   struct rcx_error *err)
{
    const struct rcx_cfg_tiers *from = &flow->config->campaign.tiers;
    struct rcx_cfg_tier tiers[RCX_CFG_TIERS_MOST];
    const struct rcx_cfg_tiers all = {from->count, tiers};
    struct rcx_buf text = {0};
    for (size_t t = 0; t < from->count; t++) {
        tiers[t] = from->items[t];
        for (size_t k = 0; k < result->tier_count; k++) {
            double rate = result->uplifts[k + 1].save_rate.estimate;
            if (strcmp(tiers[t].name, result->tiers[k]) == 0 && !isnan(rate))
                tiers[t].save_rate = rate < 0 ? 0 : rate > 1 ? 1 : rate;
        }
    }
    (void)rcx_buf_append_text(&text, "tiers: {");
    rcx_tiers_print_yaml(&all, &text);
    (void)rcx_buf_append_text(&text, "}\n");
    enum rcx_status status = text.failed
                                 ? rcx_fail_nomem(err, flow->tiers, text.length)
                                 : rcx_file_replace(flow->tiers, text.data, text.length, NULL, err);
    rcx_buf_release(&text);
    return status;
}

static enum rcx_status measure(const struct rcx_flow_measure *flow, struct rcx_measure_plan *plan,
                               struct outcome *outcome, struct rcx_flow_measure_result *out,
                               struct rcx_error *err)
{
    struct rcx_table responses = {0};
    enum rcx_status status = find_span(flow, plan, out, err);
    if (status == RCX_OK)
        status = responses_of(flow, out->first, out->last, &responses, err);
    if (status != RCX_OK)
        return status;
    out->tiers = plan->names;
    out->tier_count = plan->tier_count;
    out->customers = plan->count;
    plan->names = NULL;
    outcome->churned = rcx_malloc_array(plan->count, 1);
    outcome->revenue = rcx_malloc_array(plan->count, sizeof *outcome->revenue);
    if (!outcome->churned || !outcome->revenue)
        status = rcx_fail_nomem(err, flow->plan, plan->count * 9);
    if (status == RCX_OK)
        status = check_ids(flow, plan, &responses.columns[0], err);
    if (status == RCX_OK)
        status = join(plan, &responses, outcome, out, err);
    if (status == RCX_OK)
        status = count_unknown(flow, plan, out, err);
    if (status == RCX_OK)
        status = compare(flow, plan, outcome, out, err);
    if (status == RCX_OK)
        status = make_table(flow, out, err);
    rcx_table_release(&responses);
    return status;
}

enum rcx_status rcx_flow_measure(const struct rcx_flow_measure *flow,
                                 struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    const struct rcx_sink_options options = {.format = flow->format, .parallel = flow->parallel};
    struct rcx_flow_measure_result result = {0};
    struct outcome outcome = {0};
    struct rcx_measure_plan plan = {0};
    enum rcx_status status = rcx_measure_plan_read(flow->plan, &flow->parallel, &plan, err);
    if (status == RCX_OK)
        status = measure(flow, &plan, &outcome, &result, err);
    if (status == RCX_OK && flow->output)
        status = rcx_sink_write_table(flow->output, &options, &result.table, err);
    if (status == RCX_OK && flow->tiers)
        status = write_tiers(flow, &result, err);
    release_outcome(&outcome);
    rcx_measure_plan_release(&plan);
    if (status != RCX_OK) {
        rcx_flow_measure_result_release(&result);
        return status;
    }
    *out = result;
    return RCX_OK;
}
