/* The table of customers, checked. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ml/tasks/campaign/campaign.h"

/* The id of a row, for messages. */
static const char *id_of(const struct rcx_column *id, size_t row, char out[64])
{
    if (id->type == RCX_TYPE_TEXT) {
        struct rcx_text text = rcx_strings_get(id->dictionary, id->codes[row]);
        (void)snprintf(out, 64, "%.*s", (int)(text.length < 60 ? text.length : 60), text.data);
    } else {
        (void)snprintf(out, 64, "%" PRId64, id->i64[row]);
    }
    return out;
}

static enum rcx_status find(const struct rcx_table *table, const char *name, enum rcx_type type,
                            const struct rcx_column **out, struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    if (!column)
        return rcx_fail(err, RCX_E_INPUT, "campaign: the customers have no column '%s'", name);
    if (column->type != type)
        return rcx_fail(err, RCX_E_INPUT, "campaign: column '%s' is %s, expected %s", name,
                        rcx_type_name(column->type), rcx_type_name(type));
    *out = column;
    return RCX_OK;
}

/* A text column that may be missing. */
static enum rcx_status find_text(const struct rcx_table *table, const char *name,
                                 const struct rcx_column **out, struct rcx_error *err)
{
    *out = NULL;
    if (!rcx_table_find(table, name))
        return RCX_OK;
    return find(table, name, RCX_TYPE_TEXT, out, err);
}

static enum rcx_status check_range(const struct rcx_column *column, const struct rcx_column *id,
                                   double low, double high, struct rcx_error *err)
{
    char customer[64];
    for (size_t i = 0; i < column->rows; i++) {
        double value = column->reals[i];
        if (value < low || value > high)
            return rcx_fail(err, RCX_E_INPUT,
                            "campaign: %s of customer %s is %g, expected %g to %g", column->name,
                            id_of(id, i, customer), value, low, high);
    }
    return RCX_OK;
}

static enum rcx_status find_id(const struct rcx_table *table, const struct rcx_column **out,
                               struct rcx_error *err)
{
    const struct rcx_column *id = rcx_table_find(table, "customer_id");
    if (!id)
        return rcx_fail(err, RCX_E_INPUT, "campaign: the customers have no column 'customer_id'");
    if (id->type != RCX_TYPE_INT64 && id->type != RCX_TYPE_TEXT)
        return rcx_fail(err, RCX_E_INPUT,
                        "campaign: column 'customer_id' is %s, expected int64 or text",
                        rcx_type_name(id->type));
    if (rcx_column_null_count(id) > 0)
        return rcx_fail(err, RCX_E_INPUT, "campaign: a customer has no customer_id");
    *out = id;
    return RCX_OK;
}

enum rcx_status rcx_campaign_columns_of(const struct rcx_table *table,
                                        struct rcx_campaign_columns *out, struct rcx_error *err)
{
    static const char *const reasons[] = {"reason_1", "reason_2", "reason_3"};
    struct rcx_campaign_columns columns = {.customers = table->rows};
    const struct {
        const char *name;
        const struct rcx_column **column;
        double low, high;
    } reals[] = {
        {"churn_probability", &columns.churn, 0, 1},
        {"value", &columns.value, -RCX_CAMPAIGN_MONEY_MOST, RCX_CAMPAIGN_MONEY_MOST},
        {"value_if_active", &columns.active, -RCX_CAMPAIGN_MONEY_MOST, RCX_CAMPAIGN_MONEY_MOST},
        {"value_if_lapsed", &columns.lapsed, -RCX_CAMPAIGN_MONEY_MOST, RCX_CAMPAIGN_MONEY_MOST},
        {"expected_order_value", &columns.order, 0, RCX_CAMPAIGN_MONEY_MOST},
    };
    enum rcx_status status = find_id(table, &columns.id, err);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0] && status == RCX_OK; i++) {
        status = find(table, reals[i].name, RCX_TYPE_REAL, reals[i].column, err);
        if (status == RCX_OK)
            status = check_range(*reals[i].column, columns.id, reals[i].low, reals[i].high, err);
    }
    if (status == RCX_OK)
        status = find_text(table, "segment", &columns.segment, err);
    if (status == RCX_OK)
        status = find_text(table, "risk_level", &columns.risk, err);
    for (size_t i = 0; i < 3 && status == RCX_OK; i++)
        status = find_text(table, reasons[i], &columns.reasons[i], err);
    if (status == RCX_OK)
        *out = columns;
    return status;
}
