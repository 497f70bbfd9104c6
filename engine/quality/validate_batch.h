#pragma once
/* Counting the facts of validation, batch by batch; private to engine. */
#include "engine/quality/validate.h"

/* Per-code tables and limits, compiled once per run; borrowed arrays outlive the batches. */
struct rcx_validate_plan {
    const uint64_t *cancellation_bits; /* a bit for each invoice code */
    uint32_t invoice_count;
    int64_t min_price, max_abs_quantity;
    uint64_t min_customer_rows;
    rcx_day first_day; /* of the data */
    size_t days;
    const uint8_t *split_invoices; /* bit per code: guest invoices in several morsels */
};

/* One worker's counts. Zero-initialise, then rcx_validate_worker_init. */
struct rcx_validate_worker {
    struct rcx_validation_facts facts;
    uint8_t *day_seen;         /* [days] */
    uint32_t *receipts_of;     /* [invoice_count] receipts of the customer at hand, else 0 */
    struct rcx_buf keys;       /* uint64_t (invoice, stock) of an invoice with several receipts */
    struct rcx_buf split_keys; /* the same of split guest invoices, kept to the end */
};
bool rcx_validate_worker_init(struct rcx_validate_worker *worker,
                              const struct rcx_validate_plan *plan);
void rcx_validate_worker_release(struct rcx_validate_worker *worker);

/* Adds a batch of all columns; descriptions may be left out when the batch has_all_descriptions.
 * False: out of memory. */
bool rcx_validate_batch(const struct rcx_validate_plan *plan, const struct rcx_batch *batch,
                        struct rcx_validate_worker *worker);

/* Sorts the keys and returns how many rows share theirs with another row. */
uint64_t rcx_count_shared_keys(uint64_t *keys, size_t count);
