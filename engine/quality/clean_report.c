/* cleaning_stats.json. */
#include <stdio.h>

#include "base/json.h"
#include "engine/quality/clean_model.h"
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

bool rcx_clean_stats_json(const struct rcx_clean_report *report, struct rcx_buf *out)
{
    const struct rcx_clean_stats *stats = report->stats;
    const struct rcx_store_summary *store = report->store;
    char digest[RCX_DIGEST_TEXT_BYTES];
    unsigned places = rcx_clean_revenue_decimals(report->plan);
    const struct rcx_clean_account *final = &stats->rules[RCX_RULE_KEPT];
    struct rcx_clean_account initial = rcx_clean_stats_removed(stats, 0, 4);
    uint64_t removed = stats->initial_rows - final->rows;
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.cleaning_stats/1");
    rcx_json_put_text(&json, "store_digest", rcx_digest_format(store->digest, digest));
    rcx_json_put_u64(&json, "initial_rows", stats->initial_rows);
    rcx_json_put_u64(&json, "initial_customers", stats->initial_customers);
    rcx_json_put_decimal(&json, "initial_net_revenue", initial.net, places);
    rcx_json_put_decimal(&json, "initial_gross_revenue", initial.gross, places);
    put_rules(&json, stats, report->plan);
    put_flags(&json, stats);
    put_stage_2(&json, stats, places);
    rcx_clean_fit_json(&json, report->plan, report->fit);
    if (report->relearned)
        rcx_json_put_text(&json, "thresholds_changed", report->relearned);
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
    put_time(&json, "data_first", stats->initial_rows > 0, store->first_time);
    put_time(&json, "data_last", stats->initial_rows > 0, store->last_time);
    put_time(&json, "data_end", stats->initial_rows > 0,
             ((rcx_time)rcx_day_of_time(store->last_time) + 1) * RCX_DAY_SECONDS);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}
