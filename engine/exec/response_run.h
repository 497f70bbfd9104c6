#pragma once
/* What each customer did in a span of days: for measuring campaigns. Rows and purchases are those of
 * labels: rows that survive cleaning stages 1 and 2; a purchase is an invoice whose rows in the span sum
 * to a positive quantity.
 *
 * Out comes a table of the customers with rows in the span, in the store's order: customer_id,
 * purchases (int64), revenue (decimal, net). */
#include "base/parallel.h"
#include "base/table.h"
#include "engine/quality/clean_plan.h"
#include "storage/store/store.h"

struct rcx_response_run {
    const struct rcx_store *store;
    const struct rcx_clean_plan *plan; /* thresholds need not be set */
    struct rcx_parallel parallel;
    rcx_day first, last; /* both included */
};

/* Errors: of the scan; RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_response_run(const struct rcx_response_run *run, struct rcx_table *out,
                                 struct rcx_error *err);
