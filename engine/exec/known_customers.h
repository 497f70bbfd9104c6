#pragma once
/* Who is known: every customer with a row before a cutoff, cleaned away or not. */
#include "base/parallel.h"
#include "base/table.h"
#include "engine/pit/snapshots.h"
#include "storage/store/store.h"

/* A table of one column, customer_id, in the order of feature tables.
 * Errors: of the scan; RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_known_customers(const struct rcx_store *store, rcx_day snapshot,
                                    const struct rcx_parallel *parallel, struct rcx_table *out,
                                    struct rcx_error *err);
