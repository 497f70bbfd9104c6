/* What other budgets would bring, and what the plan rests on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/campaign/campaign_tables.h"
#include "ml/tasks/campaign/table_columns.h"

/* What both tables of budgets say of a plan. */
struct outlook_columns {
    struct rcx_column *budget, *customers, *value, *bound, *gap, *roi, *price;
};

static void add_outlook(struct rcx_columns *columns)
{
    (void)rcx_columns_add(columns, "customers", RCX_TYPE_INT64);
    (void)rcx_columns_decimal(columns, "expected_value", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "upper_bound", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "gap_pct", 6);
    (void)rcx_columns_decimal(columns, "roi_pct", 2);
    (void)rcx_columns_decimal(columns, "shadow_price", 4);
}

static struct outlook_columns outlook_of(const struct rcx_table *table)
{
    return (struct outlook_columns){
        rcx_table_find(table, "budget"),         rcx_table_find(table, "customers"),
        rcx_table_find(table, "expected_value"), rcx_table_find(table, "upper_bound"),
        rcx_table_find(table, "gap_pct"),        rcx_table_find(table, "roi_pct"),
        rcx_table_find(table, "shadow_price")};
}

static void put_outlook(struct rcx_columns *columns, const struct outlook_columns *to, size_t row,
                        const struct rcx_frontier_point *point)
{
    double gap = (double)(point->bound - point->value);
    to->customers->i64[row] = (int64_t)point->customers;
    to->value->i64[row] = (int64_t)point->value;
    to->bound->i64[row] = (int64_t)point->bound;
    rcx_columns_round(columns, to->gap, row,
                      point->bound > 0 ? 100 * (gap / (double)point->bound) : 0);
    rcx_columns_round(columns, to->roi, row, rcx_campaign_roi_pct(point->value, point->cost));
    rcx_columns_round(columns, to->price, row, point->shadow_price);
}

static enum rcx_status finish(struct rcx_columns *columns, struct rcx_error *err)
{
    if (!columns->failed)
        return RCX_OK;
    rcx_table_release(columns->table);
    return rcx_fail_nomem(err, "campaign table", 0);
}

/* --- frontier ------------------------------------------------------------------------------------- */

enum rcx_status rcx_campaign_frontier(const struct rcx_campaign_plan *plan, size_t customers,
                                      size_t points, const struct rcx_parallel *parallel,
                                      struct rcx_table *out, struct rcx_error *err)
{
    int64_t costs[RCX_TIERS_MOST], capacities[RCX_TIERS_MOST];
    struct rcx_allocation_problem problem = rcx_campaign_problem(plan, costs, capacities, customers,
                                                                 plan->terms.budget);
    struct rcx_frontier_point *frontier = rcx_malloc_array(points + 1, sizeof *frontier);
    struct rcx_columns columns = {.table = out};
    size_t count = 0;
    if (!frontier)
        return rcx_fail_nomem(err, "campaign frontier", points * sizeof *frontier);
    enum rcx_status status = rcx_allocation_frontier(&problem, parallel, points, frontier, &count,
                                                     err);
    *out = (struct rcx_table){.rows = count};
    if (status == RCX_OK) {
        (void)rcx_columns_decimal(&columns, "budget", RCX_CAMPAIGN_PLACES);
        add_outlook(&columns);
        struct outlook_columns to = outlook_of(out);
        for (size_t i = 0; !columns.failed && i < count; i++) {
            to.budget->i64[i] = frontier[i].cost;
            put_outlook(&columns, &to, i, &frontier[i]);
        }
        status = finish(&columns, err);
    }
    rcx_free(frontier);
    return status;
}

/* --- sensitivity ---------------------------------------------------------------------------------- */

enum { SCENARIOS = 9 };
static const char *const scenario_names[SCENARIOS] = {
    "budget x 0.5",      "budget x 0.75",    "budget x 1",        "budget x 1.5", "budget x 2",
    "saturation x 0.25", "saturation x 0.5", "saturation x 0.75", "saturation"};
static const int64_t quarters[SCENARIOS] = {2, 3, 4, 6, 8, 1, 2, 3, 4};

static enum rcx_status plan_scenario(struct rcx_allocation_problem *problem, int64_t budget,
                                     const struct rcx_parallel *parallel,
                                     struct rcx_frontier_point *out, struct rcx_error *err)
{
    struct rcx_allocation allocation;
    problem->budget = budget;
    enum rcx_status status = rcx_allocate(problem, parallel, &allocation, err);
    if (status != RCX_OK)
        return status;
    *out = (struct rcx_frontier_point){.cost = allocation.cost,
                                       .value = allocation.value,
                                       .bound = allocation.bound,
                                       .shadow_price = allocation.shadow_price};
    for (size_t k = 0; k < problem->tiers; k++)
        out->customers += allocation.counts[k];
    rcx_allocation_release(&allocation);
    return RCX_OK;
}

static void put_scenarios(struct rcx_columns *columns, const int64_t *budgets,
                          const struct rcx_frontier_point *points, const rcx_i128 *rankings)
{
    struct rcx_column *scenario = rcx_columns_texts(columns, "scenario", scenario_names, SCENARIOS);
    for (uint32_t s = 0; scenario && s < SCENARIOS; s++)
        scenario->codes[s] = s;
    (void)rcx_columns_decimal(columns, "budget", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "cost", RCX_CAMPAIGN_PLACES);
    add_outlook(columns);
    (void)rcx_columns_decimal(columns, "ranking_value", RCX_CAMPAIGN_PLACES);
    if (columns->failed)
        return;
    struct outlook_columns to = outlook_of(columns->table);
    for (size_t s = 0; s < SCENARIOS; s++) {
        to.budget->i64[s] = budgets[s];
        rcx_table_find(columns->table, "cost")->i64[s] = points[s].cost;
        rcx_table_find(columns->table, "ranking_value")->i64[s] = (int64_t)rankings[s];
        put_outlook(columns, &to, s, &points[s]);
    }
}

enum rcx_status rcx_campaign_sensitivity(const struct rcx_campaign_plan *plan, size_t customers,
                                         const struct rcx_parallel *parallel, struct rcx_table *out,
                                         struct rcx_error *err)
{
    int64_t costs[RCX_TIERS_MOST], capacities[RCX_TIERS_MOST], budgets[SCENARIOS];
    struct rcx_allocation_problem problem = rcx_campaign_problem(plan, costs, capacities, customers,
                                                                 plan->terms.budget);
    struct rcx_frontier_point points[SCENARIOS];
    struct rcx_columns columns = {.table = out};
    rcx_i128 rankings[SCENARIOS];
    int64_t saturation = rcx_allocation_saturation(&problem);
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < SCENARIOS; s++) {
        rcx_i128 budget = (rcx_i128)(s < 5 ? plan->terms.budget : saturation) * quarters[s] / 4;
        budgets[s] = budget < RCX_CAMPAIGN_BUDGET_MOST ? (int64_t)budget : RCX_CAMPAIGN_BUDGET_MOST;
    }
    for (size_t s = 0; s < SCENARIOS && status == RCX_OK; s++)
        status = plan_scenario(&problem, budgets[s], parallel, &points[s], err);
    if (status == RCX_OK)
        status = rcx_allocation_by_value(&problem, budgets, SCENARIOS, rankings, err);
    if (status != RCX_OK)
        return status;
    *out = (struct rcx_table){.rows = SCENARIOS};
    put_scenarios(&columns, budgets, points, rankings);
    return finish(&columns, err);
}
