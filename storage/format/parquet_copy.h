#pragma once
/* Row groups of a Parquet file that this program wrote, copied byte for byte into another one: how
 * a table grows by rows without what is there being decoded, encoded or changed.
 *
 * Opening reads the footer and the page index back into what the writer keeps while it writes, and
 * writes them again: unless that gives the file's own footer to the byte, the file is refused. So a
 * copied row group is described in the new file exactly as it would be had it been written there.
 *
 * The file stays locked while it is open for copying (flock), so that of two programs that extend
 * the same file one is refused instead of losing the other's rows. */
#include "storage/format/parquet_file.h"
#include "storage/format/sink.h"

struct rcx_parquet_source;

/* Errors: of rcx_parquet_file_open; RCX_E_INPUT (not written by this program), RCX_E_BUSY (another
 * program extends the file). */
enum rcx_status rcx_parquet_source_open(const char *path, struct rcx_parquet_source **out,
                                        struct rcx_error *err);
void rcx_parquet_source_close(struct rcx_parquet_source *source); /* NULL is fine */

/* For reading; borrowed. */
const struct rcx_parquet_file *rcx_parquet_source_file(const struct rcx_parquet_source *source);

/* Appends row groups [first, first + count) to a Parquet sink, whose columns, order of rows and
 * nullability must be the source's. The first call for a sink fixes its schema, as rcx_sink_write.
 * Errors: RCX_E_INTERNAL (no Parquet sink, another schema), RCX_E_INPUT (sorted differently),
 * RCX_E_IO, RCX_E_NOMEM. After an error only abort is allowed. */
enum rcx_status rcx_parquet_copy_groups(struct rcx_sink *sink,
                                        const struct rcx_parquet_source *source, size_t first,
                                        size_t count, struct rcx_error *err);
