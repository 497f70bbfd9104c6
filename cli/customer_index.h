#pragma once
/* Rows of a table by customer: a hash table over a column of ids. Numbers that rise from row to row need
 * none; they are searched. Looking up the rows of a table of the same customers in the same order costs
 * next to nothing either way. */
#include "base/status.h"
#include "base/table.h"

struct rcx_customer_index {
    const struct rcx_column *ids; /* borrowed */
    uint32_t *slots;              /* row + 1; 0: free; owned; NULL: the ids rise */
    size_t slot_count;            /* power of two */
};

enum { RCX_NO_ROW = 0xFFFFFFFF };

/* `ids` is int64 or text without nulls; `what` names the table in messages.
 * Errors: RCX_E_INPUT when a customer is there twice, RCX_E_NOMEM. */
enum rcx_status rcx_customer_index_open(const struct rcx_column *ids, const char *what,
                                        struct rcx_customer_index *out, struct rcx_error *err);
void rcx_customer_index_close(struct rcx_customer_index *index); /* zero is fine */

/* The row of row `row` of another column of ids of the same type; RCX_NO_ROW: none. */
uint32_t rcx_customer_index_find(const struct rcx_customer_index *index,
                                 const struct rcx_column *ids, size_t row);
/* The row of an id as text. */
uint32_t rcx_customer_index_find_text(const struct rcx_customer_index *index, struct rcx_text id);

/* The id of a row, for messages; returns `out`. */
const char *rcx_customer_text(const struct rcx_column *ids, size_t row, char out[64]);
