/* cleaning_stats.json. */
#include <stdio.h>

#include "base/json.h"
#include "engine/quality/clean_stats.h"

static void put_rules(struct rcx_json *json, const struct rcx_clean_stats *stats,
                      const struct rcx_clean_plan *plan)
{
    unsigned places = rcx_clean_revenue_decimals(plan);
    uint64_t left = stats->initial_rows;
    rcx_json_key(json, "rules");
    rcx_json_array(json);
    for (enum rcx_clean_rule rule = RCX_RULE_NULL_CUSTOMER; rule < RCX_RULE_COUNT; rule++) {
        const struct rcx_clean_account *account = &stats->rules[rule];
        if (!rcx_clean_rule_enabled(plan, rule))
            continue;
        left -= account->rows;
        rcx_json_object(json);
        rcx_json_put_text(json, "rule", rcx_clean_rule_name(rule));
        rcx_json_put_i64(json, "stage", rcx_clean_rule_stage(rule));
        rcx_json_put_u64(json, "rows", account->rows);
        rcx_json_put_u64(json, "customers_touched", account->customers_touched);
        rcx_json_put_u64(json, "customers_removed", account->customers_removed);
        rcx_json_put_decimal(json, "gross_revenue", account->gross, places);
        rcx_json_put_decimal(json, "net_revenue", account->net, places);
        rcx_json_put_u64(json, "rows_left", left);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_flags(struct rcx_json *json, const struct rcx_clean_stats *stats)
{
    rcx_json_key(json, "flags");
    rcx_json_object(json);
    rcx_json_put_u64(json, "cancellation_rows_after_stage_1", stats->cancellation_rows_stage_1);
    rcx_json_put_u64(json, "cancellation_invoices_after_stage_1",
                     stats->cancellation_invoices_stage_1);
    rcx_json_put_u64(json, "return_rows_after_stage_1", stats->return_rows_stage_1);
    rcx_json_put_u64(json, "matched_pairs_stage_2", stats->matched_pairs_stage_2);
    rcx_json_put_u64(json, "cancellation_rows_final", stats->cancellation_rows);
    rcx_json_put_u64(json, "return_rows_final", stats->return_rows);
    rcx_json_put_u64(json, "cancellation_number_positive_quantity_final",
                     stats->cancellation_numbers_positive);
    rcx_json_put_u64(json, "return_rows_outside_cancellation_final",
                     stats->returns_outside_cancellation);
    rcx_json_put_u64(json, "high_return_customers", stats->high_return_customers);
    rcx_json_put_u64(json, "matched_pairs_final", stats->matched_pairs_final);
    rcx_json_put_u64(json, "service_rows_final", stats->service_rows);
    rcx_json_put_u64(json, "outlier_rows_final", stats->outlier_rows);
    rcx_json_object_end(json);
}

static void put_stage_2(struct rcx_json *json, const struct rcx_clean_stats *stats, unsigned places)
{
    rcx_json_key(json, "stage_2");
    rcx_json_object(json);
    rcx_json_put_u64(json, "rows", stats->stage_2.rows);
    rcx_json_put_u64(json, "customers", stats->stage_2.customers_touched);
    rcx_json_put_decimal(json, "net_revenue", stats->stage_2.net, places);
    rcx_json_put_decimal(json, "gross_revenue", stats->stage_2.gross, places);
    rcx_json_object_end(json);
}

static void put_thresholds(struct rcx_json *json, const struct rcx_outlier_fit *fit)
{
    char exact[64];
    rcx_json_put_real(json, "price_max", rcx_ratio(fit->price_numerator, fit->price_denominator));
    if (fit->price_denominator == 1)
        snprintf(exact, sizeof exact, "%lld", (long long)fit->price_numerator);
    else
        snprintf(exact, sizeof exact, "%lld/%lld", (long long)fit->price_numerator,
                 (long long)fit->price_denominator);
    rcx_json_put_text(json, "price_max_exact", exact);
    rcx_json_put_text(json, "quantity_scale",
                      fit->quantity_scale == RCX_QUANTITY_SCALE_LOG ? "log" : "linear");
    rcx_json_put_real(json, "quantity_q1", fit->quantity_q1);
    rcx_json_put_real(json, "quantity_q3", fit->quantity_q3);
    rcx_json_put_real(json, "quantity_min", fit->quantity_low);
    rcx_json_put_real(json, "quantity_max", fit->quantity_high);
    rcx_json_put_u64(json, "quantity_fit_rows", fit->quantity_rows);
}

static void put_fit(struct rcx_json *json, const struct rcx_clean_plan *plan,
                    const struct rcx_outlier_fit *fit)
{
    char date[RCX_DATE_TEXT_BYTES];
    bool first_days = fit->mode == RCX_OUTLIERS_FIT_FIRST_DAYS;
    rcx_json_key(json, "outliers_fit");
    rcx_json_object(json);
    rcx_json_put_text(json, "mode", first_days ? "first_days" : "all");
    if (first_days) {
        rcx_json_put_i64(json, "fit_days", fit->fit_days);
        rcx_json_put_text(json, "before", rcx_format_day(fit->before, date));
    }
    rcx_json_put_u64(json, "rows", fit->rows);
    rcx_json_put_bool(json, "applied", fit->applied);
    if (!fit->applied)
        rcx_json_put_i64(json, "min_fit_rows", plan->min_fit_rows);
    rcx_json_put_text(json, "action", plan->flag_outliers ? "flag" : "remove");
    rcx_json_object_end(json);
    rcx_json_key(json, "thresholds");
    if (!fit->applied) {
        rcx_json_null(json);
        return;
    }
    rcx_json_object(json);
    put_thresholds(json, fit);
    rcx_json_object_end(json);
}

static void put_months(struct rcx_json *json, const struct rcx_clean_stats *stats)
{
    rcx_json_key(json, "stage_3_removed_per_month");
    rcx_json_object(json);
    for (size_t i = 0; i < stats->month_count; i++) {
        const struct rcx_clean_month *month = &stats->months[i];
        char name[32];
        int index = stats->first_month + (int)i;
        if (month->rows == 0)
            continue;
        snprintf(name, sizeof name, "%04d-%02d", index / 12, index % 12 + 1);
        rcx_json_key(json, name);
        rcx_json_object(json);
        rcx_json_put_u64(json, "rows", month->rows);
        rcx_json_put_u64(json, "removed", month->removed);
        rcx_json_put_real(json, "share", (double)month->removed / (double)month->rows);
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
}

static void put_time(struct rcx_json *json, const char *key, bool known, rcx_time time)
{
    char text[RCX_TIME_TEXT_BYTES];
    rcx_json_put_text(json, key, known ? rcx_format_time(time, text) : NULL);
}

bool rcx_clean_stats_json(const struct rcx_clean_stats *stats, const struct rcx_clean_plan *plan,
                          const struct rcx_outlier_fit *fit, rcx_time data_first,
                          rcx_time data_last, struct rcx_buf *out)
{
    unsigned places = rcx_clean_revenue_decimals(plan);
    const struct rcx_clean_account *final = &stats->rules[RCX_RULE_KEPT];
    uint64_t removed = stats->initial_rows - final->rows;
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.cleaning_stats/1");
    rcx_json_put_u64(&json, "initial_rows", stats->initial_rows);
    rcx_json_put_u64(&json, "initial_customers", stats->initial_customers);
    put_rules(&json, stats, plan);
    put_flags(&json, stats);
    put_stage_2(&json, stats, places);
    put_fit(&json, plan, fit);
    put_months(&json, stats);
    rcx_json_put_u64(&json, "final_rows", final->rows);
    rcx_json_put_u64(&json, "final_customers", final->customers_touched);
    rcx_json_put_u64(&json, "rows_removed", removed);
    rcx_json_key(&json, "removal_pct");
    if (stats->initial_rows > 0)
        rcx_json_real(&json, rcx_ratio((rcx_i128)removed * 100, (rcx_i128)stats->initial_rows));
    else
        rcx_json_null(&json);
    rcx_json_put_decimal(&json, "final_net_revenue", final->net, places);
    rcx_json_put_decimal(&json, "final_gross_revenue", final->gross, places);
    put_time(&json, "first_row", final->rows > 0, stats->first_time);
    put_time(&json, "last_row", final->rows > 0, stats->last_time);
    put_time(&json, "data_first", stats->initial_rows > 0, data_first);
    put_time(&json, "data_last", stats->initial_rows > 0, data_last);
    put_time(&json, "data_end", stats->initial_rows > 0,
             ((rcx_time)rcx_day_of_time(data_last) + 1) * RCX_DAY_SECONDS);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}
