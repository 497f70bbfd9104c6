#include "cli/measure_plan.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/customer_index.h"
#include "storage/format/table_read.h"

void rcx_measure_plan_release(struct rcx_measure_plan *plan)
{
    rcx_table_release(&plan->table);
    rcx_free(plan->rows);
    rcx_free(plan->tiers);
    rcx_free(plan->contacted);
    rcx_free(plan->predicted);
    rcx_free(plan->costs);
    rcx_free(plan->names);
    *plan = (struct rcx_measure_plan){0};
}

struct reading {
    const char *path;
    struct rcx_measure_plan *plan;
    const struct rcx_column *tiers, *groups, *churn, *costs;
};

static enum rcx_status need(const struct reading *reading, const char *name, bool text,
                            const struct rcx_column **out, struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(&reading->plan->table, name);
    if (!column)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: there is no column '%s'; expected a plan as 'rcx campaign' writes it",
                        reading->path, name);
    if (column->type != RCX_TYPE_TEXT && (text || column->type != RCX_TYPE_INT64))
        return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' is %s, expected %s", reading->path, name,
                        rcx_type_name(column->type), text ? "text" : "whole numbers or text");
    *out = column;
    return RCX_OK;
}

static enum rcx_status find_columns(struct reading *reading, struct rcx_error *err)
{
    struct rcx_measure_plan *plan = reading->plan;
    enum rcx_status status = need(reading, "customer_id", false, &plan->ids, err);
    if (status == RCX_OK && rcx_column_null_count(plan->ids) > 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: a row has no customer_id", reading->path);
    if (status == RCX_OK)
        status = need(reading, "tier", true, &reading->tiers, err);
    if (status == RCX_OK)
        status = need(reading, "group", true, &reading->groups, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_column *date = rcx_table_find(&plan->table, "plan_date");
    reading->churn = rcx_table_find(&plan->table, "churn_probability");
    reading->costs = rcx_table_find(&plan->table, "cost");
    plan->dated = date && date->type == RCX_TYPE_DATE && !rcx_column_is_null(date, 0);
    plan->day = plan->dated ? date->i32[0] : 0;
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
    if (column->type == RCX_TYPE_BOOL) /* a CSV column of 0 and 1 */
        return column->booleans[row];
    return missing;
}

/* The index of a tier by its name, added when new; RCX_MEASURE_TIERS_MOST: too many. */
static size_t tier_of(struct rcx_measure_plan *plan, struct rcx_text name)
{
    size_t most = RCX_MEASURE_NAME_BYTES - 1, length = name.length < most ? name.length : most;
    for (size_t k = 0; k < plan->tier_count; k++)
        if (strlen(plan->names[k]) == length && memcmp(plan->names[k], name.data, length) == 0)
            return k;
    if (plan->tier_count == RCX_MEASURE_TIERS_MOST)
        return RCX_MEASURE_TIERS_MOST;
    memcpy(plan->names[plan->tier_count], name.data, length);
    plan->names[plan->tier_count][length] = '\0';
    return plan->tier_count++;
}

static enum rcx_status check_numbers(const struct reading *reading, size_t row, double predicted,
                                     double cost, struct rcx_error *err)
{
    char id[64];
    if (predicted < 0 || predicted > 1)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: churn_probability of customer %s is %g, expected 0 to 1",
                        reading->path, rcx_customer_text(reading->plan->ids, row, id), predicted);
    if (!(cost >= 0 && cost < INFINITY))
        return rcx_fail(err, RCX_E_INPUT, "%s: cost of customer %s is %g, expected 0 or more",
                        reading->path, rcx_customer_text(reading->plan->ids, row, id), cost);
    return RCX_OK;
}

static enum rcx_status take_row(struct reading *reading, size_t row, struct rcx_error *err)
{
    struct rcx_measure_plan *plan = reading->plan;
    char id[64];
    if (rcx_column_is_null(reading->groups, row) || rcx_column_is_null(reading->tiers, row))
        return RCX_OK;
    struct rcx_text group = rcx_strings_get(reading->groups->dictionary,
                                            reading->groups->codes[row]);
    bool contact = rcx_text_equal(group, rcx_text_of("contact"));
    if (!contact && !rcx_text_equal(group, rcx_text_of("control")))
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: group of customer %s is '%.*s', expected contact or control",
                        reading->path, rcx_customer_text(plan->ids, row, id),
                        (int)(group.length < 60 ? group.length : 60), group.data);
    double predicted = number_at(reading->churn, row, NAN),
           cost = number_at(reading->costs, row, 0);
    enum rcx_status status = check_numbers(reading, row, predicted, cost, err);
    if (status != RCX_OK)
        return status;
    size_t tier = tier_of(plan,
                          rcx_strings_get(reading->tiers->dictionary, reading->tiers->codes[row]));
    if (tier == RCX_MEASURE_TIERS_MOST)
        return rcx_fail(err, RCX_E_INPUT, "%s: more than %d different tiers", reading->path,
                        RCX_MEASURE_TIERS_MOST);
    plan->rows[plan->count] = (uint32_t)row;
    plan->tiers[plan->count] = (uint8_t)tier;
    plan->contacted[plan->count] = contact;
    plan->predicted[plan->count] = predicted;
    plan->costs[plan->count] = contact ? cost : 0;
    plan->count++;
    return RCX_OK;
}

static enum rcx_status take_rows(struct reading *reading, struct rcx_error *err)
{
    struct rcx_measure_plan *plan = reading->plan;
    struct rcx_customer_index index = {0};
    size_t rows = plan->table.rows;
    plan->rows = rcx_malloc_array(rows, sizeof *plan->rows);
    plan->tiers = rcx_malloc_array(rows, 1);
    plan->contacted = rcx_malloc_array(rows, 1);
    plan->predicted = rcx_malloc_array(rows, sizeof *plan->predicted);
    plan->costs = rcx_malloc_array(rows, sizeof *plan->costs);
    plan->names = rcx_calloc(RCX_MEASURE_TIERS_MOST, sizeof *plan->names);
    if (!plan->rows || !plan->tiers || !plan->contacted || !plan->predicted || !plan->costs ||
        !plan->names)
        return rcx_fail_nomem(err, reading->path, rows * 22);
    /* opened for what it refuses: a customer who is there twice */
    enum rcx_status status = rcx_customer_index_open(plan->ids, reading->path, &index, err);
    rcx_customer_index_close(&index);
    for (size_t row = 0; row < rows && status == RCX_OK; row++)
        status = take_row(reading, row, err);
    if (status == RCX_OK && plan->count == 0)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: the plan is empty: of %zu rows none has a tier and a group",
                          reading->path, rows);
    return status;
}

enum rcx_status rcx_measure_plan_read(const char *path, const struct rcx_parallel *parallel,
                                      struct rcx_measure_plan *out, struct rcx_error *err)
{
    const struct rcx_table_read_options options = {.parallel = parallel};
    struct rcx_measure_plan plan = {0};
    struct reading reading = {.path = path, .plan = &plan};
    enum rcx_status status = rcx_table_read(path, &options, &plan.table, err);
    if (status == RCX_OK && plan.table.rows == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: the plan is empty", path);
    if (status == RCX_OK)
        status = find_columns(&reading, err);
    if (status == RCX_OK)
        status = take_rows(&reading, err);
    if (status != RCX_OK) {
        rcx_measure_plan_release(&plan);
        return status;
    }
    *out = plan;
    return RCX_OK;
}
