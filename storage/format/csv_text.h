#pragma once
/* Cells of a CSV file as text. The same texts as base/text.h, base/date.h and base/decimal.h give, which
 * stay the reference; these are the common cases without printf, 128-bit division and calls.
 * Every function writes to `out` without NUL and returns the end. */
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"
#include "base/text.h"

/* Most bytes that a cell other than a text can take. */
enum { RCX_CSV_CELL_BYTES = 48 };

char *rcx_csv_put_integer(char *out, int64_t value);
char *rcx_csv_put_decimal(char *out, int64_t value, unsigned scale); /* all places: 2.5500 */
char *rcx_csv_put_real(char *out, double value);                     /* not NaN */
char *rcx_csv_put_day(char *out, rcx_day day);
char *rcx_csv_put_time(char *out, rcx_time time);
/* Quoted when it is empty or holds a comma, a quote or a line break: at most 2 * length + 2 bytes. */
char *rcx_csv_put_text(char *out, struct rcx_text text);
