#pragma once
/* What cleaning says about rows beyond "kept or not": the flags of stage 2 and 4 and the columns of
 * stage 5. Not needed for features, which look at kept rows only. */
#include <stddef.h>
#include <stdint.h>

#include "engine/quality/clean_batch.h"

enum rcx_row_flag {
    RCX_ROW_CANCELLATION = 1 << 0, /* of an invoice that is one (survivors of stage 1) */
    RCX_ROW_MATCHED = 1 << 1,      /* one of a pair of purchase and return, both kept */
    RCX_ROW_OUTLIER = 1 << 2,      /* an outlier rule holds; kept only with outliers.action flag */
    RCX_ROW_HIGH_RETURNS = 1 << 3  /* of a customer with a high share of return rows */
};

/* Per worker; zero is a valid empty one. */
struct rcx_clean_flags {
    uint8_t *flags;   /* [rows] or of enum rcx_row_flag */
    uint8_t *learned; /* [rows] marks by the learned limits, when they only flag */
    struct rcx_radix_item *invoices, *spare; /* [receipts] */
    size_t row_capacity, receipt_capacity;
    uint64_t matched_pairs;      /* of the batch, over the rows that survive stage 2 */
    uint64_t cancelled_invoices; /* of the batch */
    uint64_t high_return_customers;
};
void rcx_clean_flags_release(struct rcx_clean_flags *flags);

/* Applies stage 4 to clean->rule (marks of rcx_clean_batch) and fills the flags of all rows of a
 * batch of customers. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clean_flag_batch(const struct rcx_clean_plan *plan,
                                     const struct rcx_batch *batch, struct rcx_clean_scratch *clean,
                                     struct rcx_clean_flags *out, struct rcx_error *err);
