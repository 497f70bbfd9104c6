#pragma once
/* Matched cancellations: which return row takes back which purchase row of one customer.
 *
 * Over the rows that survive stage 2, per stock code, return rows in the order (time, invoice,
 * price) each take the free purchase row of exactly the opposite quantity that is last in the same
 * order among those not later than itself. Rows after a return never change what it takes, so the
 * rule is point in time. Cost: one radix sort of the returns and of the rows that they could take.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/radix.h"
#include "storage/store/scan.h"

struct rcx_match {
    uint32_t purchase_row, return_row;
};

/* Scratch for customers of up to as many rows as its owner made room for (clean_batch.h). */
struct rcx_match_scratch {
    struct rcx_radix_item *returns, *purchases, *spare;
    uint32_t *stack; /* purchase rows not taken yet */
    struct rcx_match *matches;
};

/* The receipts [first_receipt, end_receipt) of one customer.
 *  rule          marks of all rows of the batch (engine/quality/rules.h)
 *  dropped_only  nothing is matched unless a purchase row that stage 3 drops could be
 * Returns the number of pairs, which are in scratch->matches. */
size_t rcx_match_cancellations(const struct rcx_batch *batch, const uint8_t *rule,
                               size_t first_receipt, size_t end_receipt, bool dropped_only,
                               struct rcx_match_scratch *scratch);
