#pragma once
/* What a format implements; see source.h for the meaning of each verb. */
#include "storage/format/byte_source.h"
#include "storage/format/source.h"

struct rcx_source_format {
    const char *name;
    /* Whether a file that begins with these bytes is of this format. */
    bool (*matches)(const uint8_t *bytes, size_t length);
    /* Takes `bytes` (also on failure), of which `probe` has already been read. */
    enum rcx_status (*open)(const char *name, struct rcx_byte_source *bytes, struct rcx_text probe,
                            const struct rcx_source_options *options, void **out,
                            struct rcx_source_info *out_info, struct rcx_error *err);
    void (*close)(void *state);
    enum rcx_status (*next)(void *state, const struct rcx_parallel *parallel,
                            struct rcx_source_window *out, struct rcx_error *err);
    enum rcx_status (*prefetch)(void *state, struct rcx_error *err);
    struct rcx_source_mark (*mark)(const void *state);
    void (*select)(void *state, const bool *wanted); /* NULL: everything is delivered */
    enum rcx_status (*seek)(void *state, struct rcx_source_mark mark, struct rcx_error *err);
    /* Bytes of the file read so far; NULL: as many as were taken from the byte source. */
    uint64_t (*consumed)(const void *state);
};

extern const struct rcx_source_format rcx_source_format_csv, rcx_source_format_xlsx,
    rcx_source_format_parquet;
