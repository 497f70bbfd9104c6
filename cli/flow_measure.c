#include "cli/flow_measure.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/customer_index.h"
#include "cli/sink_options.h"
#include "config/tiers.h"
#include "engine/exec/response_run.h"
#include "ml/tasks/campaign/table_columns.h"
#include "storage/format/table_read.h"

enum { TIERS_MOST = 255, NAME_BYTES = 64 };

void rcx_flow_measure_result_release(struct rcx_flow_measure_result *result)
{
    rcx_table_release(&result->table);
    rcx_free(result->tiers);
    rcx_free(result->uplifts);
    *result = (struct rcx_flow_measure_result){0};
}

/* --- the plan ------------------------------------------------------------------------------------- */

struct plan {
    const char *path;
    struct rcx_table table;
    const struct rcx_column *ids, *tiers, *groups, *churn, *costs, *dates;
};

static enum rcx_status need(const struct plan *plan, const char *name, bool text,
                            const struct rcx_column **out, struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(&plan->table, name);
    if (!column)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: there is no column '%s'; expected a plan as 'rcx campaign' writes it",
                        plan->path, name);
    if (column->type != RCX_TYPE_TEXT && (text || column->type != RCX_TYPE_INT64))
        return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' is %s", plan->path, name,
                        rcx_type_name(column->type));
    *out = column;
    return RCX_OK;
}

static enum rcx_status read_plan(const struct rcx_flow_measure *flow, struct plan *plan,
                                 struct rcx_error *err)
{
    const struct rcx_table_read_options options = {.parallel = &flow->parallel};
    plan->path = flow->plan;
    enum rcx_status status = rcx_table_read(flow->plan, &options, &plan->table, err);
    if (status == RCX_OK && plan->table.rows == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: the plan is empty", flow->plan);
    if (status == RCX_OK)
        status = need(plan, "customer_id", false, &plan->ids, err);
    if (status == RCX_OK)
        status = need(plan, "tier", true, &plan->tiers, err);
    if (status == RCX_OK)
        status = need(plan, "group", true, &plan->groups, err);
    if (status != RCX_OK)
        return status;
    plan->churn = rcx_table_find(&plan->table, "churn_probability");
    plan->costs = rcx_table_find(&plan->table, "cost");
    plan->dates = rcx_table_find(&plan->table, "plan_date");
    return RCX_OK;
}

static double number_at(const struct rcx_column *column, size_t row, double missing)
{
    if (!column || rcx_column_is_null(column, row))
        return missing;
    if (column->type == RCX_TYPE_REAL)
        return column->reals[row];
    if (column->type == RCX_TYPE_INT64)
        return (double)column->i64[row];
    if (column->type == RCX_TYPE_DECIMAL)
        return rcx_ratio(column->i64[row], rcx_pow10(column->scale));
    return missing;
}

/* --- the span ------------------------------------------------------------------------------------- */

static enum rcx_status find_span(const struct rcx_flow_measure *flow, const struct plan *plan,
                                 struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    uint64_t days = flow->days ? flow->days : (uint64_t)flow->config->churn.horizon_days;
    rcx_day last = flow->from->range.last;
    char end[RCX_DATE_TEXT_BYTES], begin[RCX_DATE_TEXT_BYTES];
    bool told = plan->dates && plan->dates->type == RCX_TYPE_DATE &&
                !rcx_column_is_null(plan->dates, 0);
    if (!flow->has_first && !told)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s does not say when it was made (plan_date); give the first day that "
                        "counts with --from DATE",
                        plan->path);
    out->first = flow->has_first ? flow->first : plan->dates->i32[0] + 1;
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
    size_t count;
    uint8_t *tiers, *contacted, *churned;
    double *revenue, *predicted, *costs;
};

static void release_outcome(struct outcome *outcome)
{
    rcx_free(outcome->tiers);
    rcx_free(outcome->contacted);
    rcx_free(outcome->churned);
    rcx_free(outcome->revenue);
    rcx_free(outcome->predicted);
    rcx_free(outcome->costs);
}

static bool reserve_outcome(struct outcome *outcome, size_t rows)
{
    outcome->tiers = rcx_malloc_array(rows + 1, 1);
    outcome->contacted = rcx_malloc_array(rows + 1, 1);
    outcome->churned = rcx_malloc_array(rows + 1, 1);
    outcome->revenue = rcx_malloc_array(rows + 1, sizeof(double));
    outcome->predicted = rcx_malloc_array(rows + 1, sizeof(double));
    outcome->costs = rcx_malloc_array(rows + 1, sizeof(double));
    return outcome->tiers && outcome->contacted && outcome->churned && outcome->revenue &&
           outcome->predicted && outcome->costs;
}

/* The index of a tier by its name, added when new; TIERS_MOST: too many. */
static size_t tier_of(struct rcx_flow_measure_result *out, struct rcx_text name)
{
    size_t length = name.length < NAME_BYTES - 1 ? name.length : NAME_BYTES - 1;
    for (size_t k = 0; k < out->tier_count; k++)
        if (strlen(out->tiers[k]) == length && memcmp(out->tiers[k], name.data, length) == 0)
            return k;
    if (out->tier_count == TIERS_MOST)
        return TIERS_MOST;
    memcpy(out->tiers[out->tier_count], name.data, length);
    out->tiers[out->tier_count][length] = '\0';
    return out->tier_count++;
}

static enum rcx_status take_row(const struct plan *plan, size_t row, struct outcome *to,
                                struct rcx_flow_measure_result *out, bool *out_taken,
                                struct rcx_error *err)
{
    char id[64];
    *out_taken = !rcx_column_is_null(plan->groups, row) && !rcx_column_is_null(plan->tiers, row);
    if (!*out_taken)
        return RCX_OK;
    struct rcx_text group = rcx_strings_get(plan->groups->dictionary, plan->groups->codes[row]);
    bool contact = rcx_text_equal(group, rcx_text_of("contact"));
    if (!contact && !rcx_text_equal(group, rcx_text_of("control")))
        return rcx_fail(
            err, RCX_E_INPUT, "%s: group of customer %s is '%.*s', expected contact or control",
            plan->path, rcx_customer_text(plan->ids, row, id), (int)group.length, group.data);
    size_t tier = tier_of(out, rcx_strings_get(plan->tiers->dictionary, plan->tiers->codes[row]));
    if (tier == TIERS_MOST)
        return rcx_fail(err, RCX_E_INPUT, "%s: more than %d different tiers", plan->path,
                        TIERS_MOST);
    size_t i = to->count++;
    to->tiers[i] = (uint8_t)tier;
    to->contacted[i] = contact;
    to->churned[i] = 1;
    to->revenue[i] = 0;
    to->predicted[i] = number_at(plan->churn, row, NAN);
    to->costs[i] = contact ? number_at(plan->costs, row, 0) : 0;
    return RCX_OK;
}

static enum rcx_status join(const struct plan *plan, const struct rcx_table *responses,
                            struct outcome *to, struct rcx_flow_measure_result *out,
                            struct rcx_error *err)
{
    const struct rcx_column *ids = &responses->columns[0];
    struct rcx_customer_index index = {0}, twice = {0};
    bool taken = false;
    if (ids->type != plan->ids->type)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: customer_id is %s, but %s in the store: is it the plan of this shop? "
                        "(Texts that look like numbers keep their type in "
                        "optimal_campaign_allocation.parquet.)",
                        plan->path, rcx_type_name(plan->ids->type), rcx_type_name(ids->type));
    enum rcx_status status = rcx_customer_index_open(ids, "the store", &index, err);
    if (status == RCX_OK)
        status = rcx_customer_index_open(plan->ids, plan->path, &twice, err);
    for (size_t row = 0; row < plan->table.rows && status == RCX_OK; row++) {
        status = take_row(plan, row, to, out, &taken, err);
        if (status != RCX_OK || !taken)
            continue;
        uint32_t found = rcx_customer_index_find(&index, plan->ids, row);
        if (found == RCX_NO_ROW) {
            out->unknown++;
            continue;
        }
        to->churned[to->count - 1] = responses->columns[1].i64[found] == 0;
        to->revenue[to->count - 1] = number_at(&responses->columns[2], found, 0);
    }
    rcx_customer_index_close(&index);
    rcx_customer_index_close(&twice);
    return status;
}

/* --- results -------------------------------------------------------------------------------------- */

static enum rcx_status compare(const struct rcx_flow_measure *flow, const struct outcome *outcome,
                               struct rcx_flow_measure_result *out, struct rcx_error *err)
{
    const struct rcx_cfg_campaign *cfg = &flow->config->campaign;
    const struct rcx_uplift_data data = {outcome->count,   outcome->tiers,   outcome->contacted,
                                         outcome->churned, outcome->revenue, outcome->predicted,
                                         outcome->costs};
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
    const char *names[TIERS_MOST + 1] = {"all"};
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

static enum rcx_status measure(const struct rcx_flow_measure *flow, struct plan *plan,
                               struct outcome *outcome, struct rcx_flow_measure_result *out,
                               struct rcx_error *err)
{
    struct rcx_table responses = {0};
    enum rcx_status status = find_span(flow, plan, out, err);
    const struct rcx_response_run run = {.store = flow->from->store,
                                         .plan = &flow->from->plan,
                                         .parallel = flow->parallel,
                                         .first = out->first,
                                         .last = out->last};
    if (status == RCX_OK)
        status = rcx_response_run(&run, &responses, err);
    if (status != RCX_OK)
        return status;
    out->tiers = rcx_calloc(TIERS_MOST, NAME_BYTES);
    if (!out->tiers || !reserve_outcome(outcome, plan->table.rows))
        status = rcx_fail_nomem(err, flow->plan, plan->table.rows * 28);
    if (status == RCX_OK)
        status = join(plan, &responses, outcome, out, err);
    if (status == RCX_OK)
        status = compare(flow, outcome, out, err);
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
    struct plan plan = {0};
    enum rcx_status status = read_plan(flow, &plan, err);
    if (status == RCX_OK)
        status = measure(flow, &plan, &outcome, &result, err);
    if (status == RCX_OK && flow->output)
        status = rcx_sink_write_table(flow->output, &options, &result.table, err);
    if (status == RCX_OK && flow->tiers)
        status = write_tiers(flow, &result, err);
    release_outcome(&outcome);
    rcx_table_release(&plan.table);
    if (status != RCX_OK) {
        rcx_flow_measure_result_release(&result);
        return status;
    }
    *out = result;
    return RCX_OK;
}
