/* The plan customer by customer. */
#include "ml/tasks/campaign/campaign_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/campaign/table_columns.h"

double rcx_campaign_money(rcx_i128 units)
{
    return rcx_ratio(units, RCX_CAMPAIGN_UNIT);
}

double rcx_campaign_roi_pct(rcx_i128 value, rcx_i128 cost)
{
    return cost > 0 ? 100 * ((double)value / (double)cost) : NAN;
}

/* What is to be done, by code: one text for each tier, then one for each fate. */
enum { ACTION_BYTES = 320, ACTIONS = RCX_TIERS_MOST + RCX_FATE_COUNT };

struct actions {
    char texts[RCX_TIERS_MOST][ACTION_BYTES];
    const char *all[ACTIONS];
};

static void make_actions(const struct rcx_campaign_terms *terms, struct actions *out)
{
    for (size_t k = 0; k < RCX_TIERS_MOST; k++) {
        const struct rcx_campaign_tier *tier = &terms->tiers[k];
        out->texts[k][0] = '\0';
        if (k < terms->tier_count && tier->action[0] != '\0')
            (void)snprintf(out->texts[k], ACTION_BYTES, "%s", tier->action);
        else if (k < terms->tier_count && tier->discount > 0)
            (void)snprintf(out->texts[k], ACTION_BYTES,
                           "%s contact: offer %.4g %% off the next order", tier->name,
                           100 * tier->discount);
        else if (k < terms->tier_count)
            (void)snprintf(out->texts[k], ACTION_BYTES, "%s contact", tier->name);
        out->all[k] = out->texts[k];
    }
    for (size_t f = 0; f < RCX_FATE_COUNT; f++)
        out->all[RCX_TIERS_MOST + f] = rcx_campaign_fate_text((enum rcx_campaign_fate)f);
}

/* --- columns that several tables have ------------------------------------------------------------- */

struct rows {
    const struct rcx_campaign_plan *plan;
    const struct rcx_campaign_columns *customers;
    const uint32_t *rows; /* of the customers, one for each row of the table */
    struct rcx_columns columns;
};

static bool is_chosen(const struct rows *rows, size_t i)
{
    return rows->plan->fates[rows->rows[i]] <= RCX_FATE_CONTROL;
}

static bool is_contact(const struct rows *rows, size_t i)
{
    return rows->plan->fates[rows->rows[i]] == RCX_FATE_CONTACT;
}

static unsigned tier_of(const struct rows *rows, size_t i)
{
    return rows->plan->allocation.options[rows->rows[i]] - 1u;
}

static void add_gathered(struct rows *rows, const char *name, const struct rcx_column *from)
{
    rcx_columns_gather(&rows->columns, name, from, rows->rows);
}

/* Reals of the customers as people read them. */
static void add_rounded(struct rows *rows, const char *name, const struct rcx_column *from,
                        unsigned places)
{
    struct rcx_column *column = rcx_columns_decimal(&rows->columns, name, places);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++)
        rcx_columns_round(&rows->columns, column, i, from->reals[rows->rows[i]]);
}

static void add_outlook(struct rows *rows)
{
    add_rounded(rows, "churn_probability", rows->customers->churn, 4);
    add_gathered(rows, "risk_level", rows->customers->risk);
    add_rounded(rows, "value", rows->customers->value, 2);
}

static void add_reasons(struct rows *rows)
{
    static const char *const names[] = {"reason_1", "reason_2", "reason_3"};
    for (size_t r = 0; r < 3; r++)
        add_gathered(rows, names[r], rows->customers->reasons[r]);
}

static void add_tier(struct rows *rows)
{
    const char *names[RCX_TIERS_MOST];
    const struct rcx_campaign_terms *terms = &rows->plan->terms;
    for (size_t k = 0; k < terms->tier_count; k++)
        names[k] = terms->tiers[k].name;
    struct rcx_column *column = rcx_columns_texts(&rows->columns, "tier", names, terms->tier_count);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
        column->codes[i] = 0;
        if (is_chosen(rows, i))
            column->codes[i] = tier_of(rows, i);
        else
            rcx_columns_null(&rows->columns, column, i);
    }
}

static void add_group(struct rows *rows)
{
    static const char *const names[] = {"contact", "control"};
    struct rcx_column *column = rcx_columns_texts(&rows->columns, "group", names, 2);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
        column->codes[i] = 0;
        if (is_chosen(rows, i))
            column->codes[i] = rows->plan->fates[rows->rows[i]];
        else
            rcx_columns_null(&rows->columns, column, i);
    }
}

static void add_action(struct rows *rows)
{
    struct actions actions;
    make_actions(&rows->plan->terms, &actions);
    struct rcx_column *column = rcx_columns_texts(&rows->columns, "action", actions.all, ACTIONS);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++)
        column->codes[i] = is_contact(rows, i)
                               ? tier_of(rows, i)
                               : RCX_TIERS_MOST + (uint32_t)rows->plan->fates[rows->rows[i]];
}

/* Rows of the order of the plan come first in every table that has ranks. */
static void add_rank(struct rows *rows)
{
    struct rcx_column *column = rcx_columns_add(&rows->columns, "priority_rank", RCX_TYPE_INT64);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
        column->i64[i] = (int64_t)i + 1;
        if (!is_contact(rows, i))
            rcx_columns_null(&rows->columns, column, i);
    }
}

/* Money, place by place: the parts of those who are contacted, zero for the others. */
static void add_money(struct rows *rows, bool all_parts)
{
    enum { CELLS = 7 };
    static const char *const names[CELLS] = {
        "cost",           "expected_saves", "expected_revenue_saved", "retained_margin",
        "discount_saved", "discount_loyal", "expected_value"};
    struct rcx_column *columns[CELLS] = {NULL};
    for (size_t c = 0; c < CELLS; c++)
        if (all_parts || c == 0 || c == 6)
            columns[c] = rcx_columns_decimal(&rows->columns, names[c],
                                             c == 1 ? RCX_SAVES_PLACES : RCX_CAMPAIGN_PLACES);
    /* adding a column may move the others */
    for (size_t c = 0; c < CELLS; c++)
        columns[c] = columns[c] ? rcx_table_find(rows->columns.table, names[c]) : NULL;
    for (size_t i = 0; !rows->columns.failed && i < rows->columns.table->rows; i++) {
        struct rcx_campaign_parts parts = {0};
        if (is_contact(rows, i))
            parts = rcx_campaign_parts_at(&rows->plan->terms, rows->customers, rows->rows[i],
                                          tier_of(rows, i));
        const int64_t cells[CELLS] = {
            parts.cost,           parts.saves,          parts.revenue_saved, parts.retained_margin,
            parts.discount_saved, parts.discount_loyal, parts.value};
        for (size_t c = 0; c < CELLS; c++)
            if (columns[c])
                columns[c]->i64[i] = cells[c];
    }
}

/* Expected value per cost; null where nothing is spent. */
static void add_roi(struct rows *rows)
{
    struct rcx_column *column = rcx_columns_decimal(&rows->columns, "roi", 2);
    const struct rcx_campaign_plan *plan = rows->plan;
    for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
        double roi = NAN;
        if (is_contact(rows, i) && plan->terms.tiers[tier_of(rows, i)].cost > 0)
            roi = (double)plan->values[rows->rows[i] * plan->terms.tier_count + tier_of(rows, i)] /
                  (double)plan->terms.tiers[tier_of(rows, i)].cost;
        rcx_columns_round(&rows->columns, column, i, roi);
    }
}

static void begin(struct rows *rows, size_t count, struct rcx_table *table)
{
    rows->columns = (struct rcx_columns){.table = table};
    table->rows = count;
    add_gathered(rows, "customer_id", rows->customers->id);
    add_gathered(rows, "segment", rows->customers->segment);
}

static enum rcx_status end(struct rows *rows, struct rcx_error *err)
{
    if (!rows->columns.failed)
        return RCX_OK;
    rcx_table_release(rows->columns.table);
    return rcx_fail_nomem(err, "campaign table", 0);
}

/* INT32_MIN: not known. */
static void add_date(struct rows *rows, rcx_day day)
{
    struct rcx_column *column = rcx_columns_add(&rows->columns, "plan_date", RCX_TYPE_DATE);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
        column->i32[i] = day;
        if (day == INT32_MIN)
            rcx_columns_null(&rows->columns, column, i);
    }
}

/* --- tables --------------------------------------------------------------------------------------- */

enum rcx_status rcx_campaign_execution(const struct rcx_campaign_plan *plan,
                                       const struct rcx_campaign_columns *columns, rcx_day day,
                                       struct rcx_table *out, struct rcx_error *err)
{
    struct rows rows = {.plan = plan, .customers = columns, .rows = plan->order};
    *out = (struct rcx_table){0};
    begin(&rows, plan->contacts + plan->controls, out);
    add_tier(&rows);
    add_group(&rows);
    add_rank(&rows);
    add_outlook(&rows);
    add_money(&rows, true);
    add_roi(&rows);
    add_date(&rows, day);
    add_action(&rows);
    add_reasons(&rows);
    return end(&rows, err);
}

static enum rcx_status with_all_rows(const struct rcx_campaign_columns *columns, uint32_t **out,
                                     struct rcx_error *err)
{
    *out = rcx_malloc_array(columns->customers + 1, sizeof **out);
    if (!*out)
        return rcx_fail_nomem(err, "campaign table", columns->customers * sizeof **out);
    for (size_t i = 0; i < columns->customers; i++)
        (*out)[i] = (uint32_t)i;
    return RCX_OK;
}

static void add_tier_values(struct rows *rows)
{
    const struct rcx_campaign_plan *plan = rows->plan;
    size_t tiers = plan->terms.tier_count;
    char name[64];
    for (size_t k = 0; k < tiers; k++) {
        (void)snprintf(name, sizeof name, "value_%s", plan->terms.tiers[k].name);
        struct rcx_column *column = rcx_columns_decimal(&rows->columns, name, RCX_CAMPAIGN_PLACES);
        for (size_t i = 0; column && i < rows->columns.table->rows; i++) {
            column->i64[i] = plan->values[rows->rows[i] * tiers + k];
            if (column->i64[i] == RCX_VALUE_NEVER)
                rcx_columns_null(&rows->columns, column, i);
        }
    }
}

static void add_status(struct rows *rows)
{
    static const char *const names[RCX_FATE_COUNT] = {"contact", "control",    "budget",
                                                      "no_gain", "suppressed", "no_prediction"};
    struct rcx_column *column = rcx_columns_texts(&rows->columns, "status", names, RCX_FATE_COUNT);
    for (size_t i = 0; column && i < rows->columns.table->rows; i++)
        column->codes[i] = rows->plan->fates[rows->rows[i]];
}

enum rcx_status rcx_campaign_allocation(const struct rcx_campaign_plan *plan,
                                        const struct rcx_campaign_columns *columns, rcx_day day,
                                        struct rcx_table *out, struct rcx_error *err)
{
    struct rows rows = {.plan = plan, .customers = columns};
    uint32_t *all = NULL;
    enum rcx_status status = with_all_rows(columns, &all, err);
    if (status != RCX_OK)
        return status;
    rows.rows = all;
    *out = (struct rcx_table){0};
    begin(&rows, columns->customers, out);
    add_tier(&rows);
    add_group(&rows);
    add_status(&rows);
    add_gathered(&rows, "churn_probability", columns->churn);
    add_gathered(&rows, "value", columns->value);
    add_money(&rows, true);
    add_tier_values(&rows);
    add_date(&rows, day);
    rcx_free(all);
    return end(&rows, err);
}

enum rcx_status rcx_campaign_actions(const struct rcx_campaign_plan *plan,
                                     const struct rcx_campaign_columns *columns, size_t most,
                                     struct rcx_table *out, struct rcx_error *err)
{
    struct rows rows = {.plan = plan, .customers = columns};
    size_t chosen = plan->contacts + plan->controls, count = columns->customers;
    uint32_t *list = NULL;
    enum rcx_status status = with_all_rows(columns, &list, err);
    if (status != RCX_OK)
        return status;
    memcpy(list, plan->order, chosen * sizeof *list);
    for (size_t i = 0, at = chosen; i < columns->customers; i++)
        if (plan->fates[i] > RCX_FATE_CONTROL)
            list[at++] = (uint32_t)i;
    if (most > 0)
        count = plan->contacts < most ? plan->contacts : most;
    rows.rows = list;
    *out = (struct rcx_table){0};
    begin(&rows, count, out);
    add_rank(&rows);
    add_tier(&rows);
    add_group(&rows);
    add_action(&rows);
    add_outlook(&rows);
    add_money(&rows, false);
    add_roi(&rows);
    add_reasons(&rows);
    rcx_free(list);
    return end(&rows, err);
}
