#pragma once
/* Cleaning stages 1 to 3 on one morsel: a mark for each row, no row is moved.
 *
 * Exact duplicates are what the store calls repeats (equal rows are neighbours in its order).
 * Descriptions are read only when they are required and some are missing. */
#include <stddef.h>
#include <stdint.h>

#include "engine/quality/clean_plan.h"
#include "engine/quality/matching.h"
#include "storage/store/scan.h"

/* Columns that a scan for cleaning must ask for; the rest is read on demand. */
enum { RCX_CLEAN_COLUMNS = RCX_SCAN_STOCK | RCX_SCAN_QUANTITY | RCX_SCAN_PRICE | RCX_SCAN_REPEATS };

/* Per worker; `struct rcx_clean_scratch s = {0}` is a valid empty one. */
struct rcx_clean_scratch {
    uint8_t *rule;               /* [rows] enum rcx_clean_rule, the result of rcx_clean_batch */
    uint32_t *dropped, *returns; /* [rows] indices */
    struct rcx_match_scratch match;
    size_t capacity;
};
void rcx_clean_scratch_release(struct rcx_clean_scratch *scratch);

/* Marks the rows of a morsel. `scan` and `buffer` are where the batch came from; NULL when all
 * columns and the repeats are in it. With plan->flag_outliers nothing is marked by stage 3.
 * Errors: of rcx_scan_read_more; RCX_E_INPUT when a revenue or a sum of them could leave 64 bits,
 * naming the row; RCX_E_NOMEM. Threads: one scratch and buffer each. */
enum rcx_status rcx_clean_batch(const struct rcx_clean_plan *plan, const struct rcx_scan *scan,
                                struct rcx_scan_buffer *buffer, struct rcx_batch *batch,
                                struct rcx_clean_scratch *scratch, struct rcx_error *err);

/* The receipt after the last one of the customer of `receipt`. */
static inline size_t rcx_batch_customer_end(const struct rcx_batch *batch, size_t receipt)
{
    int64_t customer = batch->customer[receipt];
    size_t end = receipt + 1;
    while (end < batch->receipts && batch->customer[end] == customer)
        end++;
    return end;
}
