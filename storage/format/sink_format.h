#pragma once
/* What a format implements, and the part of a sink that all formats share. Private to
 * storage/format. */
#include <stdbool.h>

#include "base/file.h"
#include "storage/format/sink.h"

struct rcx_sink_column {
    char *name;
    enum rcx_type type;
    unsigned scale;
    bool nullable; /* see rcx_sink_options.nulls_as_in_first */
};

struct rcx_sink_entry { /* key-value metadata, owned */
    char *key, *value;
};

struct rcx_sink {
    const struct rcx_sink_format *format;
    char *path;
    struct rcx_file_writer *file;
    struct rcx_parallel parallel;
    bool nulls_as_in_first;
    bool has_schema;
    struct rcx_sink_column *columns;
    size_t column_count;
    struct rcx_sink_entry *entries;
    size_t entry_count, entry_capacity;
    struct rcx_sink *beside; /* rcx_sink_options.also; or NULL */
    void *state;             /* the format's own */
};

struct rcx_sink_format {
    const char *name;
    const char *extension; /* with the dot, lower case */
    bool binary;           /* not to a terminal */
    /* Checks the options and makes `state`; the file is not open yet. */
    enum rcx_status (*open)(struct rcx_sink *sink, const struct rcx_sink_options *options,
                            struct rcx_error *err);
    /* Once, when the schema is known and the file is open. */
    enum rcx_status (*begin)(struct rcx_sink *sink, struct rcx_error *err);
    enum rcx_status (*write)(struct rcx_sink *sink, const struct rcx_table *table,
                             struct rcx_error *err);
    /* After the last row; begin was called when there was a schema. */
    enum rcx_status (*finish)(struct rcx_sink *sink, struct rcx_error *err);
    void (*release)(struct rcx_sink *sink); /* frees `state`, which may be NULL */
};

/* The codec that the last extension of a path asks for (.gz, .zst); NULL: none. */
const char *rcx_sink_compression(const char *path);

extern const struct rcx_sink_format rcx_sink_csv, rcx_sink_parquet, rcx_sink_arrow;

/* Writes the rows of a Parquet sink that still wait; *out is what its footer will say.
 * Errors: RCX_E_INTERNAL (another format), of writing. */
struct rcx_parquet_footer;
enum rcx_status rcx_sink_parquet_footer(struct rcx_sink *sink, struct rcx_parquet_footer **out,
                                        struct rcx_error *err);
