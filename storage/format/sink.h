#pragma once
/* Table sinks: one registry row per output format (csv, parquet, arrow). A file appears under
 * its name only when finished. A sink takes tables of the same schema one after the other: for
 * Parquet each call is one row group or more, so a feature table can be written snapshot by snapshot
 * without ever being whole in memory. Calls of fewer than 65,536 rows are gathered to that many, since
 * small row groups make large files and slow readers.
 *
 * CSV: RFC 4180 with LF and a header line; booleans 0 and 1, dates YYYY-MM-DD, times
 * YYYY-MM-DD HH:MM:SS, decimals with all their places, reals as the shortest text that reads back
 * to the same double, null as the empty field. An empty text that is not null is written as "", and
 * so is null in a table of one column (an empty line would be skipped by readers). A path that ends
 * with .csv.gz or .csv.zst is compressed. Parquet: see sink_parquet.c; Arrow: see sink_arrow.c.
 *
 * The bytes depend on the tables and on how they were cut into calls, never on the threads.
 *
 * To add a format: 1. a file sink_<name>.c with a struct rcx_sink_format; 2. its declaration in
 * sink_format.h; 3. its row in sink.c. */
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "base/table.h"

struct rcx_sink;

struct rcx_sink_metadata {
    const char *key, *value;
};
struct rcx_sink_options {
    const char *format; /* NULL: by the extension of the path (.csv, .parquet, .arrow) */
    const char *codec;  /* Parquet, Arrow: "none", "snappy" (Arrow: lz4), "lz4", "zstd"; NULL: the
                            * format's fast one */
    int codec_level;    /* zstd; 0: 3 */
    size_t row_group_rows;                    /* Parquet: most rows of a row group; 0: 1,048,576 */
    const struct rcx_sink_metadata *metadata; /* Parquet: key-value metadata of the file */
    size_t metadata_count;
    const char *const *sorted_by; /* Parquet: columns that every table is sorted by, ascending, */
    size_t sorted_by_count;       /* nulls last; recorded in the file, not checked */
    /* Parquet: a column that cannot hold null in the first table (not real, no validity bits)
     * becomes `required`, and a null in it later is RCX_E_INTERNAL. 0: every column is `optional`.
     */
    int nulls_as_in_first;
    /* Parquet: a row group holds rows of one table only, however few they are. */
    int groups_by_table;
    /* The same rows in this format, too, in a file beside `path` that has its extension; nothing more
     * when `path` has it already, and none for standard output. NULL: none. */
    const char *also;
    struct rcx_parallel parallel; /* blocks are encoded in parallel; threads 0: one */
    int no_sync;
};

/* `path` "-" is standard output (CSV only, and Parquet when it is not a terminal).
 * `options` may be NULL; nothing in it is needed after the call.
 * Errors: RCX_E_USAGE (unknown format or codec, with a suggestion), RCX_E_IO. */
enum rcx_status rcx_sink_open(const char *path, const struct rcx_sink_options *options,
                              struct rcx_sink **out, struct rcx_error *err);
/* Where a table at `path` is written in the format `also`; NULL when that is `path` itself, or when
 * the path is that of no table. The caller frees *out. Errors: RCX_E_USAGE (unknown format),
 * RCX_E_NOMEM. */
enum rcx_status rcx_sink_also_path(const char *path, const char *also, char **out,
                                   struct rcx_error *err);
/* Appends the rows of `table`; the first call fixes the schema (also with zero rows).
 * Errors: RCX_E_INTERNAL (another schema), RCX_E_IO, RCX_E_NOMEM, RCX_E_INPUT (a value that the
 * format cannot hold exactly). After an error only abort is allowed. */
enum rcx_status rcx_sink_write(struct rcx_sink *sink, const struct rcx_table *table,
                               struct rcx_error *err);
/* Metadata that is known only at the end; copied. Same key again replaces. */
enum rcx_status rcx_sink_set_metadata(struct rcx_sink *sink, const char *key, const char *value,
                                      struct rcx_error *err);
/* Both release the sink; abort accepts NULL. A commit that fails has removed what was written. */
enum rcx_status rcx_sink_commit(struct rcx_sink *sink, struct rcx_error *err);
void rcx_sink_abort(struct rcx_sink *sink);

/* open + write + commit, with nulls_as_in_first */
enum rcx_status rcx_sink_write_table(const char *path, const struct rcx_sink_options *options,
                                     const struct rcx_table *table, struct rcx_error *err);
