#pragma once
/* What a transaction is: the eight fields, the row that is sorted and stored, and the decisions
 * that the first ingest makes and every later one reuses. */
#include <stdbool.h>
#include <stdint.h>

#include "base/date.h"
#include "base/hash.h"

/*       name          column name in the UCI file   required */
#define RCX_FIELDS(X)                                                                              \
    X(INVOICE_NO, "invoice_no", true)                                                              \
    X(STOCK_CODE, "stock_code", false)                                                             \
    X(DESCRIPTION, "description", false)                                                           \
    X(QUANTITY, "quantity", true)                                                                  \
    X(INVOICE_DATE, "invoice_date", true)                                                          \
    X(UNIT_PRICE, "unit_price", true)                                                              \
    X(CUSTOMER_ID, "customer_id", true)                                                            \
    X(COUNTRY, "country", false)

enum rcx_field {
#define X(name, text, required) RCX_FIELD_##name,
    RCX_FIELDS(X)
#undef X
        RCX_FIELD_COUNT
};
/* Rejected rows by the field that could not be read; the last counts rows rejected as a whole. */
enum { RCX_REJECT_ROW = RCX_FIELD_COUNT, RCX_REJECT_KINDS };

const char *rcx_field_name(enum rcx_field field);
bool rcx_field_required(enum rcx_field field);

/* The customer of a guest row. Guests sort after all customers. */
#define RCX_GUEST INT64_MAX

/* One accepted row. Text fields are codes into the store-wide dictionaries; code 0 is the empty
 * text, which means missing. `customer` is the id itself or, when ids are text, its dictionary
 * code. */
struct rcx_row {
    int64_t customer;
    rcx_time time;
    int64_t quantity;   /* units of 10^-quantity_decimals */
    int64_t unit_price; /* units of 10^-price_decimals */
    uint32_t invoice, stock, description, country;
};

/* The four dictionaries of a store (customer is used when ids are text). */
enum rcx_text_field {
    RCX_TEXT_INVOICE,
    RCX_TEXT_STOCK,
    RCX_TEXT_DESCRIPTION,
    RCX_TEXT_COUNTRY,
    RCX_TEXT_CUSTOMER,
    RCX_TEXT_FIELD_COUNT
};

enum rcx_date_order {
    RCX_DATE_UNDECIDED,
    RCX_DATE_DMY,
    RCX_DATE_MDY,
    RCX_DATE_YMD,
    RCX_DATE_COMPACT, /* YYYYMMDD */
    RCX_DATE_SERIAL   /* days since 1899-12-30, Excel */
};

struct rcx_decisions {
    uint8_t price_decimals;
    uint8_t quantity_decimals;
    bool customer_is_text;
    uint8_t field_mask; /* bit RCX_FIELD_x: the column was there */
    enum rcx_date_order date_order;
    char decimal_mark;          /* '.' or ',' */
    int32_t utc_offset_seconds; /* offsets in the data are converted to this */
};
