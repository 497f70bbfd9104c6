#pragma once
/* Table sinks: one registry row per output format (csv, parquet; later arrow). A file appears under
 * its name only when finished. A sink takes tables of the same schema one after the other: for
 * Parquet each call is one row group or more, so a feature table can be written snapshot by snapshot
 * without ever being whole in memory.
 *
 * To add a format: 1. a file sink_<name>.c with a struct rcx_sink_format; 2. its row in sink.c. */
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"
#include "base/table.h"

struct rcx_sink;

struct rcx_sink_metadata {
    const char *key, *value;
};
struct rcx_sink_options {
    const char *format;      /* NULL: by the extension of the path (.csv, .parquet) */
    const char *codec;       /* Parquet: "none", "snappy", "zstd"; NULL: snappy */
    int codec_level;         /* zstd; 0: 3 */
    size_t row_group_rows;   /* Parquet: most rows of a row group; 0: 1,048,576 */
    const struct rcx_sink_metadata *metadata; /* Parquet: key-value metadata of the file */
    size_t metadata_count;
    struct rcx_parallel parallel; /* columns are encoded in parallel; threads 0: one */
    int no_sync;
};

/* `path` "-" is standard output (CSV only, and Parquet when it is not a terminal).
 * Errors: RCX_E_USAGE (unknown format or codec, with a suggestion), RCX_E_IO. */
enum rcx_status rcx_sink_open(const char *path, const struct rcx_sink_options *options,
                              struct rcx_sink **out, struct rcx_error *err);
/* Appends the rows of `table`; the first call fixes the schema (also with zero rows). */
enum rcx_status rcx_sink_write(struct rcx_sink *sink, const struct rcx_table *table,
                               struct rcx_error *err);
/* Metadata that is known only at the end; copied. Same key again replaces. */
enum rcx_status rcx_sink_set_metadata(struct rcx_sink *sink, const char *key, const char *value,
                                      struct rcx_error *err);
/* Both release the sink; abort accepts NULL. */
enum rcx_status rcx_sink_commit(struct rcx_sink *sink, struct rcx_error *err);
void rcx_sink_abort(struct rcx_sink *sink);

/* open + write + commit */
enum rcx_status rcx_sink_write_table(const char *path, const struct rcx_sink_options *options,
                                     const struct rcx_table *table, struct rcx_error *err);
