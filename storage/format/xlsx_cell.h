#pragma once
/* Cells of a workbook as the text that the rest of the program reads.
 *
 * A cell holds a double, a date as a double, a text, a truth value or an error. As text they become
 * what a careful person would have typed, so that the judges of columns see what is meant:
 *     numbers   the shortest digits that mean the same double: 2.5499999999999998 is 2.55, 17850.0 is
 *               17850. A number with exactly three decimals gets a fourth (1.125 is 1.1250), since
 *               1.125 alone could mean 1125 where points group digits
 *     dates     2010-12-01 08:26:00, rounded to the second; times without a day 08:26:00
 *     truth     TRUE, FALSE; errors as they are: #N/A
 * A text that begins with a quote, or ends with a carriage return, is quoted as in CSV. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

enum { RCX_XLSX_CELL_BYTES = 64 };

/* Both write to `out` without NUL and return the length, 0 when `raw` is not a number. A serial that is
 * no day of the years 1900 to 9999 becomes a number. */
size_t rcx_xlsx_number(struct rcx_text raw, char out[RCX_XLSX_CELL_BYTES]);
size_t rcx_xlsx_date(struct rcx_text raw, bool date1904, char out[RCX_XLSX_CELL_BYTES]);

/* Decodes _xHHHH_ in place; returns the new length. */
size_t rcx_xlsx_unescape(char *text, size_t length);
/* Whether the text has to be quoted, and the text with quotes if so; false: out of memory. */
bool rcx_xlsx_needs_quotes(struct rcx_text text);
bool rcx_xlsx_append_text(struct rcx_buf *out, struct rcx_text text);
