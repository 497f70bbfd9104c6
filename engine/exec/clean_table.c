#include "engine/exec/clean_table.h"

#include <string.h>

enum { PURCHASE = 1, RETURN, CANCELLATION, TYPE_COUNT };

static struct rcx_strings *transaction_types(void)
{
    static const char *const names[TYPE_COUNT] = {"", "purchase", "return", "cancellation"};
    size_t bytes = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++)
        bytes += strlen(names[i]);
    struct rcx_strings *strings = rcx_strings_new(TYPE_COUNT, bytes);
    if (!strings)
        return NULL;
    uint64_t at = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        size_t length = strlen(names[i]);
        strings->offsets[i] = at;
        memcpy(strings->bytes + at, names[i], length);
        at += length;
    }
    strings->offsets[TYPE_COUNT] = at;
    return strings;
}

struct column {
    const char *name;
    enum rcx_type type;
    int text; /* enum rcx_text_field of a text column, else -1 */
};

static const struct column columns[RCX_CLEAN_COLUMN_COUNT] = {
    [RCX_CLEAN_INVOICE_NO] = {"InvoiceNo", RCX_TYPE_TEXT, RCX_TEXT_INVOICE},
    [RCX_CLEAN_STOCK_CODE] = {"StockCode", RCX_TYPE_TEXT, RCX_TEXT_STOCK},
    [RCX_CLEAN_DESCRIPTION] = {"Description", RCX_TYPE_TEXT, RCX_TEXT_DESCRIPTION},
    [RCX_CLEAN_QUANTITY] = {"Quantity", RCX_TYPE_DECIMAL, -1},
    [RCX_CLEAN_INVOICE_DATE] = {"InvoiceDate", RCX_TYPE_TIME, -1},
    [RCX_CLEAN_UNIT_PRICE] = {"UnitPrice", RCX_TYPE_DECIMAL, -1},
    [RCX_CLEAN_CUSTOMER_ID] = {"CustomerID", RCX_TYPE_INT64, RCX_TEXT_CUSTOMER},
    [RCX_CLEAN_COUNTRY] = {"Country", RCX_TYPE_TEXT, RCX_TEXT_COUNTRY},
    [RCX_CLEAN_IS_CANCELLATION] = {"is_cancellation", RCX_TYPE_BOOL, -1},
    [RCX_CLEAN_IS_RETURN] = {"is_return", RCX_TYPE_BOOL, -1},
    [RCX_CLEAN_REVENUE] = {"Revenue", RCX_TYPE_DECIMAL, -1},
    [RCX_CLEAN_YEAR] = {"Year", RCX_TYPE_INT32, -1},
    [RCX_CLEAN_MONTH] = {"Month", RCX_TYPE_INT8, -1},
    [RCX_CLEAN_DAY] = {"Day", RCX_TYPE_INT8, -1},
    [RCX_CLEAN_DAY_OF_WEEK] = {"DayOfWeek", RCX_TYPE_INT8, -1},
    [RCX_CLEAN_HOUR] = {"Hour", RCX_TYPE_INT8, -1},
    [RCX_CLEAN_QUARTER] = {"Quarter", RCX_TYPE_INT8, -1},
    [RCX_CLEAN_ABS_QUANTITY] = {"AbsQuantity", RCX_TYPE_DECIMAL, -1},
    [RCX_CLEAN_ABS_REVENUE] = {"AbsRevenue", RCX_TYPE_DECIMAL, -1},
    [RCX_CLEAN_TRANSACTION_TYPE] = {"transaction_type", RCX_TYPE_TEXT, -1},
    [RCX_CLEAN_IS_SERVICE] = {"is_service", RCX_TYPE_BOOL, -1},
    [RCX_CLEAN_IS_OUTLIER] = {"is_outlier", RCX_TYPE_BOOL, -1},
    [RCX_CLEAN_MATCHED_RETURN] = {"matched_return", RCX_TYPE_BOOL, -1},
    [RCX_CLEAN_HIGH_RETURN_RATE] = {"high_return_rate", RCX_TYPE_BOOL, -1},
};

static unsigned scale_of(const struct rcx_clean_plan *plan, size_t column)
{
    if (column == RCX_CLEAN_QUANTITY || column == RCX_CLEAN_ABS_QUANTITY)
        return plan->quantity_decimals;
    if (column == RCX_CLEAN_UNIT_PRICE)
        return plan->price_decimals;
    return rcx_clean_revenue_decimals(plan);
}

static bool add_column(const struct rcx_clean_plan *plan, const struct rcx_store_summary *summary,
                       const struct rcx_store *store, size_t index, struct rcx_table *table)
{
    enum rcx_type type = columns[index].type;
    if (index == RCX_CLEAN_CUSTOMER_ID && summary->decisions.customer_is_text)
        type = RCX_TYPE_TEXT;
    bool quantity = index == RCX_CLEAN_QUANTITY || index == RCX_CLEAN_ABS_QUANTITY;
    if (quantity && plan->quantity_decimals == 0)
        type = RCX_TYPE_INT64;
    struct rcx_column *column = rcx_table_add(table, columns[index].name, type);
    if (!column)
        return false;
    if (type == RCX_TYPE_DECIMAL)
        column->scale = scale_of(plan, index);
    if (type != RCX_TYPE_TEXT || !store)
        return true;
    if (index == RCX_CLEAN_TRANSACTION_TYPE)
        column->dictionary = transaction_types();
    else
        column->dictionary = rcx_strings_retain(
            rcx_store_strings(store, (enum rcx_text_field)columns[index].text));
    return column->dictionary != NULL;
}

enum rcx_status rcx_clean_table_init(const struct rcx_clean_plan *plan,
                                     const struct rcx_store_summary *summary,
                                     const struct rcx_store *store, struct rcx_table *out,
                                     struct rcx_error *err)
{
    struct rcx_table table = {0};
    for (size_t i = 0; i < RCX_CLEAN_COLUMN_COUNT; i++) {
        if (!add_column(plan, summary, store, i, &table)) {
            rcx_table_release(&table);
            return rcx_fail_nomem(err, "cleaned rows", 0);
        }
    }
    *out = table;
    return RCX_OK;
}

/* What all rows of a receipt share. */
struct receipt_values {
    size_t index;
    struct rcx_civil civil;
    unsigned weekday;
    int8_t hour;
};

static void put_calendar(struct rcx_column *c, size_t at, const struct receipt_values *receipt)
{
    c[RCX_CLEAN_YEAR].i32[at] = receipt->civil.year;
    c[RCX_CLEAN_MONTH].i8[at] = (int8_t)receipt->civil.month;
    c[RCX_CLEAN_DAY].i8[at] = (int8_t)receipt->civil.day;
    c[RCX_CLEAN_DAY_OF_WEEK].i8[at] = (int8_t)receipt->weekday;
    c[RCX_CLEAN_HOUR].i8[at] = receipt->hour;
    c[RCX_CLEAN_QUARTER].i8[at] = (int8_t)((receipt->civil.month - 1) / 3 + 1);
}

static void put_row(const struct rcx_clean_plan *plan, const struct rcx_batch *batch,
                    const struct receipt_values *receipt, uint32_t row, unsigned flags,
                    struct rcx_column *c, size_t at)
{
    int64_t quantity = batch->quantity[row];
    int64_t revenue = quantity * batch->unit_price[row]; /* fits: rcx_clean_batch has looked */
    bool cancellation = (flags & RCX_ROW_CANCELLATION) != 0;
    if (c[RCX_CLEAN_CUSTOMER_ID].type == RCX_TYPE_TEXT)
        c[RCX_CLEAN_CUSTOMER_ID].codes[at] = (uint32_t)batch->customer[receipt->index];
    else
        c[RCX_CLEAN_CUSTOMER_ID].i64[at] = batch->customer[receipt->index];
    c[RCX_CLEAN_INVOICE_DATE].i64[at] = batch->time[receipt->index];
    c[RCX_CLEAN_INVOICE_NO].codes[at] = batch->invoice[receipt->index];
    c[RCX_CLEAN_STOCK_CODE].codes[at] = batch->stock[row];
    c[RCX_CLEAN_DESCRIPTION].codes[at] = batch->description[row];
    c[RCX_CLEAN_QUANTITY].i64[at] = quantity;
    c[RCX_CLEAN_UNIT_PRICE].i64[at] = batch->unit_price[row];
    c[RCX_CLEAN_COUNTRY].codes[at] = batch->country[row];
    c[RCX_CLEAN_REVENUE].i64[at] = revenue;
    c[RCX_CLEAN_ABS_QUANTITY].i64[at] = quantity < 0 ? -quantity : quantity;
    c[RCX_CLEAN_ABS_REVENUE].i64[at] = revenue < 0 ? -revenue : revenue;
    put_calendar(c, at, receipt);
    c[RCX_CLEAN_TRANSACTION_TYPE].codes[at] = cancellation   ? CANCELLATION
                                              : quantity < 0 ? RETURN
                                                             : PURCHASE;
    c[RCX_CLEAN_IS_CANCELLATION].booleans[at] = cancellation;
    c[RCX_CLEAN_IS_RETURN].booleans[at] = quantity < 0;
    c[RCX_CLEAN_MATCHED_RETURN].booleans[at] = (flags & RCX_ROW_MATCHED) != 0;
    c[RCX_CLEAN_IS_SERVICE].booleans[at] = plan->is_service[batch->stock[row]];
    c[RCX_CLEAN_IS_OUTLIER].booleans[at] = (flags & RCX_ROW_OUTLIER) != 0;
    c[RCX_CLEAN_HIGH_RETURN_RATE].booleans[at] = (flags & RCX_ROW_HIGH_RETURNS) != 0;
}

enum rcx_status rcx_clean_table_append(const struct rcx_clean_plan *plan,
                                       const struct rcx_batch *batch, const uint8_t *rule,
                                       const uint8_t *flags, struct rcx_table *table,
                                       struct rcx_error *err)
{
    size_t at = table->rows;
    size_t kept = 0;
    for (size_t row = 0; row < batch->rows; row++)
        kept += rule[row] == RCX_RULE_KEPT;
    if (!rcx_table_resize(table, at + kept))
        return rcx_fail_nomem(err, "cleaned rows", kept * 100);
    for (size_t r = 0; r < batch->receipts; r++) {
        rcx_day day = rcx_day_of_time(batch->time[r]);
        int64_t second = batch->time[r] - (rcx_time)day * RCX_DAY_SECONDS;
        struct receipt_values receipt = {r, rcx_civil_from_day(day), rcx_weekday(day),
                                         (int8_t)(second / 3600)};
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            if (rule[row] == RCX_RULE_KEPT)
                put_row(plan, batch, &receipt, row, flags[row], table->columns, at++);
        }
    }
    return RCX_OK;
}

enum rcx_status rcx_clean_table_concat(struct rcx_table *into, const struct rcx_table *from,
                                       struct rcx_error *err)
{
    size_t at = into->rows;
    if (!rcx_table_resize(into, at + from->rows))
        return rcx_fail_nomem(err, "cleaned rows", from->rows * 100);
    for (size_t i = 0; i < into->column_count && from->rows > 0; i++) {
        size_t bytes = rcx_type_bytes(into->columns[i].type);
        memcpy((char *)into->columns[i].values + at * bytes, from->columns[i].values,
               from->rows * bytes);
    }
    return RCX_OK;
}
