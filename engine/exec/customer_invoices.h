#pragma once
/* The invoices of one customer before a cutoff, cleaned: what is behind the features. */
#include "base/text.h"
#include "engine/exec/clean_run.h"
#include "engine/pit/snapshots.h"

struct rcx_customer_invoice {
    rcx_time time;          /* of its earliest row */
    struct rcx_text number; /* borrowed from the store */
    uint32_t rows;          /* that survive cleaning */
    double revenue;         /* of these, net */
};

struct rcx_customer_invoices {
    size_t count, capacity;
    struct rcx_customer_invoice *items; /* by time; owned */
};

/*  customer  as in the customer_id of tables: the number, or the code of the text
 * Errors: of the scan; RCX_E_NOMEM. The caller releases *out; the store must outlive it. */
enum rcx_status rcx_customer_invoices_read(const struct rcx_store *store,
                                           const struct rcx_clean_plan *plan, int64_t customer,
                                           rcx_day snapshot, const struct rcx_parallel *parallel,
                                           struct rcx_customer_invoices *out,
                                           struct rcx_error *err);
void rcx_customer_invoices_release(struct rcx_customer_invoices *invoices);
