#pragma once
/* What stands behind the pages: the page index and the file's metadata, in Thrift. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/format/parquet_chunk.h"
#include "storage/format/sink_format.h"

struct rcx_parquet_group {
    uint64_t rows;
    enum rcx_parquet_codec codec;
    struct rcx_parquet_chunk *chunks; /* [columns], owned */
};

struct rcx_parquet_footer {
    const struct rcx_sink_column *columns; /* borrowed, as all but the groups */
    size_t column_count;
    const struct rcx_sink_entry *entries;
    size_t entry_count;
    struct rcx_text created_by; /* data NULL: this program */
    const size_t *sorted_by;    /* columns that the rows are sorted by */
    size_t sorted_by_count;
    struct rcx_parquet_group *groups;
    size_t group_count, group_capacity;
};
void rcx_parquet_footer_release_groups(struct rcx_parquet_footer *footer);

/* Appends the page index, the metadata, their length and the closing magic. `position` is where
 * they will stand in the file. `out->failed` when memory runs out. */
void rcx_parquet_footer_append(const struct rcx_parquet_footer *footer, uint64_t position,
                               struct rcx_buf *out, struct rcx_buf *scratch);
