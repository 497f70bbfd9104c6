#pragma once
/* Any table file into the in-memory table: what commands read that work on tables and not on
 * transactions (rcx gbdt, kmeans, btyd).
 *
 * The format is told by the contents. Parquet: the types of the file (parquet_file.h). Text tables
 * (whatever source.h reads, plain or compressed): the type of a column is the narrowest one that
 * holds every cell of it (table_cell.h):
 *
 *     bool, int64, real, date, time, text;  a column without any value is real
 *
 * Null is the empty cell; in text columns only the empty cell without quotes ("" is an empty text).
 * In a column of reals nan is null as well, as everywhere in tables. Empty lines are skipped. Text that is not
 * UTF-8 is taken as Windows-1252. Column names are trimmed; one without a name is called column_<n>,
 * counted from 1.
 *
 * The result depends on the file alone, not on threads: codes of texts count up in the order of
 * their first appearance, after code 0, the empty text.
 *
 * Cost of text: one pass over the file; a second one when a column looked like numbers for some
 * windows and then held text. Memory: 8 bytes a value while reading. */
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "base/table.h"

/* Zero is a valid one: all columns, one thread. All borrowed. */
struct rcx_table_read_options {
    const char *const *columns; /* the columns wanted, in this order; exact names */
    size_t column_count;        /* 0: all */
    char delimiter;             /* text; 0: found by itself */
    const struct rcx_parallel *parallel;
    const char *spool_directory; /* where a pipe is kept for a second pass; NULL: not */
    size_t window_bytes;         /* text: read at a time; 0: as in source.h */
};

/* Reads `path` ("-": standard input, text only). The caller releases *out, which is set only on
 * success.
 * Errors: RCX_E_IO; RCX_E_INPUT (an unknown column, with those there are; two columns of one name; a
 * record with more or fewer fields than the header, with its line and column; a NUL byte; what the
 * formats refuse; a damaged file), RCX_E_NOMEM. */
enum rcx_status rcx_table_read(const char *path, const struct rcx_table_read_options *options,
                               struct rcx_table *out, struct rcx_error *err);
