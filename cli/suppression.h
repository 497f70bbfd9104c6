#pragma once
/* The list of customers who must not be contacted: one id a line; a first line customer_id is a header.
 * Lines end with LF, CRLF or CR; quotes around an id, a byte order mark and empty lines are skipped; of a
 * line with several fields (comma, semicolon, tab) the first is the id, unless the whole line is one.
 * For numbers 17850.0 is 17850, as in ingest. */
#include "cli/customer_index.h"

/* Flags the customers (rows of the index) of the list in out_flags, which has a byte for each row.
 * *out_count: how many; *out_unknown: ids that are no customers.
 * Errors: RCX_E_IO; RCX_E_INPUT: the file is not a text (it has a NUL byte); RCX_E_NOMEM. */
enum rcx_status rcx_suppression_read(const char *path, const struct rcx_customer_index *index,
                                     uint8_t *out_flags, size_t *out_count, size_t *out_unknown,
                                     struct rcx_error *err);
