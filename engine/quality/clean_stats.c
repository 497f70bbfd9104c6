#include "engine/quality/clean_stats.h"

#include "base/memory.h"

static int month_of_day(rcx_day day)
{
    struct rcx_civil civil = rcx_civil_from_day(day);
    return civil.year * 12 + (int)civil.month - 1;
}

enum rcx_status rcx_clean_stats_init(struct rcx_clean_stats *stats, struct rcx_data_range range,
                                     struct rcx_error *err)
{
    int first = month_of_day(range.first);
    size_t months = (size_t)(month_of_day(range.last) - first) + 1;
    *stats = (struct rcx_clean_stats){
        .first_time = INT64_MAX, .last_time = INT64_MIN, .first_month = first};
    stats->months = rcx_calloc(months, sizeof *stats->months);
    if (!stats->months)
        return rcx_fail_nomem(err, "cleaning statistics", months * sizeof *stats->months);
    stats->month_count = months;
    return RCX_OK;
}

void rcx_clean_stats_release(struct rcx_clean_stats *stats)
{
    rcx_free(stats->months);
    *stats = (struct rcx_clean_stats){0};
}

static void account_row(struct rcx_clean_account *account, int64_t quantity, int64_t price)
{
    rcx_i128 revenue = (rcx_i128)quantity * price;
    account->rows++;
    account->net += revenue;
    if (quantity > 0)
        account->gross += revenue;
}

static void add_account(struct rcx_clean_account *into, const struct rcx_clean_account *from)
{
    into->rows += from->rows;
    into->customers_touched += from->customers_touched;
    into->customers_removed += from->customers_removed;
    into->gross += from->gross;
    into->net += from->net;
}

static void add_final_row(struct rcx_clean_stats *stats, const struct rcx_clean_plan *plan,
                          uint32_t invoice, uint32_t stock, int64_t quantity, unsigned flags)
{
    bool cancellation = (flags & RCX_ROW_CANCELLATION) != 0;
    stats->cancellation_rows += cancellation;
    stats->return_rows += quantity < 0;
    stats->cancellation_numbers_positive += rcx_looks_like_cancellation(plan, invoice) &&
                                            quantity > 0;
    stats->returns_outside_cancellation += !cancellation && quantity < 0;
    stats->matched_pairs_final += (flags & RCX_ROW_MATCHED) != 0 && quantity < 0;
    stats->service_rows += plan->is_service[stock];
    stats->outlier_rows += (flags & RCX_ROW_OUTLIER) != 0;
}

static void add_receipt(struct rcx_clean_stats *stats, const struct rcx_clean_plan *plan,
                        const struct rcx_batch *batch, size_t receipt, const uint8_t *rule,
                        const struct rcx_clean_flags *flags, uint32_t *seen)
{
    size_t index = (size_t)(month_of_day(rcx_day_of_time(batch->time[receipt])) -
                            stats->first_month);
    struct rcx_clean_month *month = &stats->months[index];
    for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
        unsigned mark = rule[row];
        int64_t quantity = batch->quantity[row];
        account_row(&stats->rules[mark], quantity, batch->unit_price[row]);
        *seen |= 1u << mark;
        if (rcx_survives_stage_1(mark)) {
            stats->cancellation_rows_stage_1 += (flags->flags[row] & RCX_ROW_CANCELLATION) != 0;
            stats->return_rows_stage_1 += quantity < 0;
        }
        if (rcx_survives_stage_2(mark)) {
            account_row(&stats->stage_2, quantity, batch->unit_price[row]);
            month->rows++;
            month->removed += mark >= RCX_RULE_PRICE_OUTLIER && mark < RCX_RULE_MIN_ROWS;
        }
        if (mark == RCX_RULE_KEPT) {
            add_final_row(stats, plan, batch->invoice[receipt], batch->stock[row], quantity,
                          flags->flags[row]);
            if (batch->time[receipt] < stats->first_time)
                stats->first_time = batch->time[receipt];
            if (batch->time[receipt] > stats->last_time)
                stats->last_time = batch->time[receipt];
        }
    }
}

/* `seen`: bit of every mark that the customer's rows have. The last rule that took a row left the
 * customer without one when none is kept. */
static void add_customer(struct rcx_clean_stats *stats, uint32_t seen)
{
    uint32_t stage_2 = seen & ~((2u << RCX_RULE_QUANTITY_RANGE) - 2);
    stats->initial_customers++;
    stats->stage_2.customers_touched += stage_2 != 0;
    for (unsigned rule = 0; rule < RCX_RULE_COUNT; rule++)
        stats->rules[rule].customers_touched += seen >> rule & 1;
    if ((seen & 1) == 0) {
        unsigned last = 31 - (unsigned)__builtin_clz(seen);
        stats->rules[last].customers_removed++;
    }
}

void rcx_clean_stats_add(struct rcx_clean_stats *stats, const struct rcx_clean_plan *plan,
                         const struct rcx_batch *batch, const uint8_t *rule,
                         const struct rcx_clean_flags *flags)
{
    stats->initial_rows += batch->rows;
    if (batch->guests) {
        for (size_t row = 0; row < batch->rows; row++)
            account_row(&stats->rules[rule[row]], batch->quantity[row], batch->unit_price[row]);
        return;
    }
    for (size_t first = 0; first < batch->receipts;) {
        size_t end = rcx_batch_customer_end(batch, first);
        uint32_t seen = 0;
        for (size_t r = first; r < end; r++)
            add_receipt(stats, plan, batch, r, rule, flags, &seen);
        add_customer(stats, seen);
        first = end;
    }
    stats->matched_pairs_stage_2 += flags->matched_pairs;
    stats->cancellation_invoices_stage_1 += flags->cancelled_invoices;
    stats->high_return_customers += flags->high_return_customers;
}

void rcx_clean_stats_merge(struct rcx_clean_stats *into, const struct rcx_clean_stats *from)
{
    into->initial_rows += from->initial_rows;
    into->initial_customers += from->initial_customers;
    for (unsigned rule = 0; rule < RCX_RULE_COUNT; rule++)
        add_account(&into->rules[rule], &from->rules[rule]);
    add_account(&into->stage_2, &from->stage_2);
    into->cancellation_rows_stage_1 += from->cancellation_rows_stage_1;
    into->cancellation_invoices_stage_1 += from->cancellation_invoices_stage_1;
    into->return_rows_stage_1 += from->return_rows_stage_1;
    into->matched_pairs_stage_2 += from->matched_pairs_stage_2;
    into->matched_pairs_final += from->matched_pairs_final;
    into->cancellation_rows += from->cancellation_rows;
    into->return_rows += from->return_rows;
    into->cancellation_numbers_positive += from->cancellation_numbers_positive;
    into->returns_outside_cancellation += from->returns_outside_cancellation;
    into->high_return_customers += from->high_return_customers;
    into->service_rows += from->service_rows;
    into->outlier_rows += from->outlier_rows;
    if (from->first_time < into->first_time)
        into->first_time = from->first_time;
    if (from->last_time > into->last_time)
        into->last_time = from->last_time;
    for (size_t i = 0; i < into->month_count && i < from->month_count; i++) {
        into->months[i].rows += from->months[i].rows;
        into->months[i].removed += from->months[i].removed;
    }
}

struct rcx_clean_account rcx_clean_stats_removed(const struct rcx_clean_stats *stats,
                                                 unsigned first_stage, unsigned last_stage)
{
    struct rcx_clean_account sum = {0};
    for (enum rcx_clean_rule rule = RCX_RULE_KEPT; rule < RCX_RULE_COUNT; rule++) {
        unsigned stage = rcx_clean_rule_stage(rule);
        if (stage >= first_stage && stage <= last_stage)
            add_account(&sum, &stats->rules[rule]);
    }
    return sum;
}
