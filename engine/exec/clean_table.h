#pragma once
/* The cleaned rows as a table: the columns that the original system writes, by its names and in its
 * order, and the flags after them. One place names the columns and their types; pieces are filled
 * per morsel and put together.
 *
 * Quantities, prices and revenues are exact decimals. Revenue = Quantity * UnitPrice has the places
 * of both; AbsQuantity and AbsRevenue are their absolute values. */
#include "base/table.h"
#include "engine/quality/clean_flags.h"
#include "storage/store/store.h"

enum rcx_clean_column {
    RCX_CLEAN_INVOICE_NO,
    RCX_CLEAN_STOCK_CODE,
    RCX_CLEAN_DESCRIPTION,
    RCX_CLEAN_QUANTITY,
    RCX_CLEAN_INVOICE_DATE,
    RCX_CLEAN_UNIT_PRICE,
    RCX_CLEAN_CUSTOMER_ID,
    RCX_CLEAN_COUNTRY,
    RCX_CLEAN_IS_CANCELLATION,
    RCX_CLEAN_IS_RETURN,
    RCX_CLEAN_REVENUE,
    RCX_CLEAN_YEAR,
    RCX_CLEAN_MONTH,
    RCX_CLEAN_DAY,
    RCX_CLEAN_DAY_OF_WEEK, /* Monday 0 */
    RCX_CLEAN_HOUR,
    RCX_CLEAN_QUARTER,
    RCX_CLEAN_ABS_QUANTITY,
    RCX_CLEAN_ABS_REVENUE,
    RCX_CLEAN_TRANSACTION_TYPE, /* purchase, return, cancellation */
    RCX_CLEAN_IS_SERVICE,
    RCX_CLEAN_IS_OUTLIER, /* with outliers.action flag; a removed row is not here */
    RCX_CLEAN_MATCHED_RETURN,
    RCX_CLEAN_HIGH_RETURN_RATE, /* of the customer */
    RCX_CLEAN_COLUMN_COUNT
};

/* An empty table with the columns. Text columns refer to the dictionaries of `store` when it is
 * given; pieces, which only carry codes, are made without (NULL).
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clean_table_init(const struct rcx_clean_plan *plan,
                                     const struct rcx_store_summary *summary,
                                     const struct rcx_store *store, struct rcx_table *out,
                                     struct rcx_error *err);
/* Appends the kept rows of a morsel that has all columns. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clean_table_append(const struct rcx_clean_plan *plan,
                                       const struct rcx_batch *batch, const uint8_t *rule,
                                       const uint8_t *flags, struct rcx_table *table,
                                       struct rcx_error *err);
/* Appends the rows of a table with the same columns. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clean_table_concat(struct rcx_table *into, const struct rcx_table *from,
                                       struct rcx_error *err);
