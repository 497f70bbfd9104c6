#pragma once
/* Which row of one table belongs to which of another: both have a customer_id, in the same order, each
 * once. A join that would change the number of rows is an error of ours, never a shorter table. */
#include <stdint.h>

#include "base/table.h"

enum rcx_join_demand {
    RCX_JOIN_EVERY_LEFT,  /* every row of `left` has one of `right` */
    RCX_JOIN_EVERY_RIGHT, /* every row of `right` is one of `left`'s */
};

/* Row of `right` for each row of `left` with the same id; UINT32_MAX: none. Dictionaries of ids that
 * are texts may differ.
 *  what  for messages: "churn scores: known customers, feature rows"
 * Errors: RCX_E_INTERNAL (not in order, or the demand is not met), RCX_E_NOMEM. The caller frees *out. */
enum rcx_status rcx_row_join(const struct rcx_table *left, const struct rcx_table *right,
                             enum rcx_join_demand demand, const char *what, uint32_t **out,
                             struct rcx_error *err);
