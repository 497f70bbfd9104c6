/* The plan in numbers. The names of the first block are those of the original system. */
#include <math.h>

#include "base/json.h"
#include "ml/tasks/campaign/campaign_tables.h"
#include "ml/tasks/campaign/control_group.h"

struct rcx_campaign_test rcx_campaign_test_of(const struct rcx_campaign_plan *plan,
                                              const struct rcx_campaign_columns *columns,
                                              size_t tier)
{
    struct rcx_campaign_test test = {0};
    double churn = 0, saves = 0;
    for (size_t i = 0; i < plan->contacts + plan->controls; i++) {
        size_t row = plan->order[i], of = plan->allocation.options[row] - 1u;
        if (tier < RCX_TIERS_MOST && of != tier)
            continue;
        churn += columns->churn->reals[row];
        saves += columns->churn->reals[row] * plan->terms.tiers[of].save_rate;
        test.contacts += i < plan->contacts;
        test.controls += i >= plan->contacts;
    }
    double n = (double)(test.contacts + test.controls);
    test.churn = n > 0 ? churn / n : NAN;
    test.expected = n > 0 ? saves / n : NAN;
    test.detectable = n > 0 ? rcx_detectable_effect(test.churn, test.contacts, test.controls,
                                                    plan->terms.confidence, plan->terms.power)
                            : NAN;
    return test;
}

static void put_money(struct rcx_json *json, const char *key, rcx_i128 units)
{
    rcx_json_put_real(json, key, rcx_campaign_money(units));
}

/* Customers expected to be saved, and what one costs (null when nobody is). */
static void put_saves(struct rcx_json *json, const char *key, const struct rcx_campaign_totals *t)
{
    rcx_json_put_real(json, key, rcx_ratio(t->saves, RCX_SAVES_UNIT));
}

static double cost_per_save(const struct rcx_campaign_totals *t)
{
    return t->saves > 0 ? rcx_campaign_money(t->cost) / rcx_ratio(t->saves, RCX_SAVES_UNIT) : NAN;
}

static void put_totals(struct rcx_json *json, const struct rcx_campaign_totals *t)
{
    rcx_json_put_u64(json, "total_customers_targeted", t->customers);
    put_money(json, "total_campaign_cost", t->cost);
    put_money(json, "total_expected_revenue_saved", t->revenue_saved);
    put_money(json, "total_expected_net_value", t->value);
    rcx_json_put_real(json, "portfolio_roi_pct", rcx_campaign_roi_pct(t->value, t->cost));
    put_saves(json, "expected_customers_saved", t);
    rcx_json_put_real(json, "cost_per_customer_saved", cost_per_save(t));
}

static void put_parts(struct rcx_json *json, const struct rcx_campaign_totals *t)
{
    put_money(json, "retained_margin", t->retained_margin);
    put_money(json, "discount_saved", t->discount_saved);
    put_money(json, "discount_loyal", t->discount_loyal);
}

static void put_tiers(struct rcx_json *json, const struct rcx_campaign_plan *plan)
{
    rcx_json_key(json, "by_campaign_tier");
    rcx_json_object(json);
    for (size_t k = 0; k < plan->terms.tier_count; k++) {
        const struct rcx_campaign_totals *t = &plan->tiers[k];
        rcx_json_key(json, plan->terms.tiers[k].name);
        rcx_json_object(json);
        rcx_json_put_u64(json, "customers", t->customers);
        rcx_json_put_u64(json, "control_customers", plan->held_back_tiers[k].customers);
        put_money(json, "cost", t->cost);
        put_money(json, "expected_revenue_saved", t->revenue_saved);
        put_money(json, "expected_net_value", t->value);
        rcx_json_put_real(json, "roi_pct", rcx_campaign_roi_pct(t->value, t->cost));
        put_saves(json, "expected_customers_saved", t);
        put_parts(json, t);
        rcx_json_put_real(json, "save_rate", plan->terms.tiers[k].save_rate);
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
}

static void put_certificate(struct rcx_json *json, const struct rcx_campaign_plan *plan)
{
    const struct rcx_allocation *allocation = &plan->allocation;
    rcx_i128 gap = allocation->bound - allocation->value;
    rcx_json_key(json, "certificate");
    rcx_json_object(json);
    put_money(json, "budget", plan->chosen_budget);
    put_money(json, "cost", allocation->cost);
    put_money(json, "value", allocation->value);
    put_money(json, "upper_bound", allocation->bound);
    put_money(json, "gap", gap);
    rcx_json_put_real(json, "gap_pct",
                      allocation->bound > 0 ? 100 * ((double)gap / (double)allocation->bound) : 0);
    rcx_json_put_bool(json, "proven_optimal", allocation->optimal);
    rcx_json_put_real(json, "shadow_price", allocation->shadow_price);
    rcx_json_key(json, "shadow_price_of_places");
    rcx_json_object(json);
    for (size_t k = 0; k < plan->terms.tier_count; k++)
        if (plan->terms.tiers[k].capacity != RCX_CAPACITY_NONE)
            put_money(json, plan->terms.tiers[k].name, allocation->capacity_prices[k]);
    rcx_json_object_end(json);
    rcx_json_object_end(json);
}

static void put_test(struct rcx_json *json, const char *key, const struct rcx_campaign_test *test)
{
    rcx_json_key(json, key);
    rcx_json_object(json);
    rcx_json_put_u64(json, "contacts", test->contacts);
    rcx_json_put_u64(json, "controls", test->controls);
    rcx_json_put_real(json, "mean_churn_probability", test->churn);
    rcx_json_put_real(json, "expected_effect", test->expected);
    rcx_json_put_real(json, "detectable_effect", test->detectable);
    rcx_json_put_real(json, "detectable_save_rate", test->detectable / test->churn);
    rcx_json_object_end(json);
}

static void put_control(struct rcx_json *json, const struct rcx_campaign_plan *plan,
                        const struct rcx_campaign_columns *columns)
{
    struct rcx_campaign_test test = rcx_campaign_test_of(plan, columns, RCX_TIERS_MOST);
    rcx_json_key(json, "control_group");
    rcx_json_object(json);
    rcx_json_put_u64(json, "customers", plan->held_back.customers);
    rcx_json_put_real(json, "share", plan->terms.control_share);
    put_money(json, "cost_not_spent", plan->held_back.cost);
    put_money(json, "expected_value_forgone", plan->held_back.value);
    rcx_json_put_real(json, "confidence", plan->terms.confidence);
    rcx_json_put_real(json, "power", plan->terms.power);
    put_test(json, "all_tiers", &test);
    for (size_t k = 0; k < plan->terms.tier_count; k++) {
        test = rcx_campaign_test_of(plan, columns, k);
        put_test(json, plan->terms.tiers[k].name, &test);
    }
    rcx_json_object_end(json);
}

static void put_fates(struct rcx_json *json, const struct rcx_campaign_plan *plan,
                      const struct rcx_campaign_columns *columns)
{
    static const char *const keys[RCX_FATE_COUNT] = {
        "contact",    "control",      "not_contacted_budget", "not_contacted_no_gain",
        "suppressed", "no_prediction"};
    rcx_json_key(json, "customers");
    rcx_json_object(json);
    rcx_json_put_u64(json, "all", columns->customers);
    for (size_t f = 0; f < RCX_FATE_COUNT; f++)
        rcx_json_put_u64(json, keys[f], plan->fate_counts[f]);
    rcx_json_object_end(json);
}

static enum rcx_status end(struct rcx_json *json, struct rcx_error *err)
{
    rcx_json_object_end(json);
    (void)rcx_buf_append_byte(json->out, '\n');
    return json->out->failed ? rcx_fail_nomem(err, "campaign JSON", json->out->length) : RCX_OK;
}

enum rcx_status rcx_campaign_metrics(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns,
                                     struct rcx_buf *out, struct rcx_error *err)
{
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.campaign.metrics/1");
    put_totals(&json, &plan->total);
    put_tiers(&json, plan);
    put_money(&json, "budget", plan->terms.budget);
    put_parts(&json, &plan->total);
    put_fates(&json, plan, columns);
    put_certificate(&json, plan);
    put_control(&json, plan, columns);
    rcx_json_put_text(&json, "assumptions",
                      "save rates, discounts, margin and redemption are assumed until measured");
    return end(&json, err);
}

enum rcx_status rcx_campaign_summary(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns, rcx_day day,
                                     struct rcx_buf *out, struct rcx_error *err)
{
    struct rcx_json json = rcx_json_begin(out, false);
    char date[RCX_DATE_TEXT_BYTES];
    double churn = 0, value = 0, at_risk = 0;
    uint64_t predicted = 0;
    for (size_t i = 0; i < columns->customers; i++) {
        double p = columns->churn->reals[i], v = columns->value->reals[i];
        double lost = p * (columns->active->reals[i] - columns->lapsed->reals[i]);
        if (isnan(p) || isnan(v))
            continue;
        predicted++;
        churn += p;
        value += v;
        at_risk += isnan(lost) ? 0 : lost;
    }
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.campaign.summary/1");
    rcx_json_put_text(&json, "date", day == INT32_MIN ? NULL : rcx_format_day(day, date));
    rcx_json_put_u64(&json, "customers", columns->customers);
    rcx_json_put_u64(&json, "customers_with_predictions", predicted);
    rcx_json_put_real(&json, "mean_churn_probability",
                      predicted > 0 ? churn / (double)predicted : NAN);
    rcx_json_put_real(&json, "expected_churners", churn);
    rcx_json_put_real(&json, "total_predicted_value", value);
    rcx_json_put_real(&json, "value_at_risk", at_risk);
    put_money(&json, "budget", plan->terms.budget);
    put_totals(&json, &plan->total);
    rcx_json_put_u64(&json, "control_customers", plan->held_back.customers);
    rcx_json_put_real(&json, "shadow_price_of_budget", plan->allocation.shadow_price);
    return end(&json, err);
}
