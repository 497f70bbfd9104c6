#pragma once
/* A Parquet file's metadata as the footer states them: the structures of parquet.thrift, in general
 * (any schema, any codec, any statistics), checked for their form and not yet for their meaning.
 * What a column of it means to us is parquet_file.h's to say.
 *
 * Texts are views into the bytes that were parsed. Numbers that the file leaves out are 0, and -1
 * where 0 has a meaning. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

/* A place in the file; bytes 0: there is none. */
struct rcx_parquet_span {
    uint64_t offset, bytes;
};

/* A node of the schema tree, in depth-first order; the first is the root. */
struct rcx_parquet_element {
    struct rcx_text name;
    int32_t type; /* enum rcx_parquet_type, -1: a group */
    int32_t type_length;
    int32_t repetition; /* enum rcx_parquet_repetition, 2: repeated, -1: not stated */
    uint64_t children;
    int32_t converted; /* enum rcx_parquet_converted */
    int32_t scale, precision;
    int logical;      /* field of the union LogicalType, 0: none */
    int time_unit;    /* of a time or timestamp: 1 ms, 2 us, 3 ns */
    bool is_utc;      /* of a time or timestamp */
    int integer_bits; /* of an integer */
    bool integer_signed;
};

struct rcx_parquet_chunk_info {
    int32_t type, codec; /* as the format numbers them; maybe none that we know */
    uint64_t values;     /* rows, when the column is not nested */
    uint64_t plain_bytes, stored_bytes;
    uint64_t data_offset, dictionary_offset; /* the latter 0: no dictionary */
    int64_t nulls;                           /* -1: not stated */
    bool has_bounds, least_exact, greatest_exact;
    struct rcx_text least, greatest; /* PLAIN, without a length */
    bool elsewhere;                  /* in another file, or encrypted */
    struct rcx_parquet_span column_index, offset_index;
};

struct rcx_parquet_sorting {
    int32_t column;
    bool descending, nulls_first;
};

struct rcx_parquet_group_info {
    uint64_t rows;
    size_t first_chunk, chunk_count; /* in `chunks` */
    size_t first_sorting, sorting_count;
};

struct rcx_parquet_entry { /* key-value metadata */
    struct rcx_text key, value;
};

struct rcx_parquet_metadata {
    int32_t version;
    uint64_t rows;
    struct rcx_text created_by;
    struct rcx_parquet_element *elements;
    size_t element_count, element_capacity;
    struct rcx_parquet_group_info *groups;
    size_t group_count, group_capacity;
    struct rcx_parquet_chunk_info *chunks; /* of all groups, one after the other */
    size_t chunk_count, chunk_capacity;
    struct rcx_parquet_sorting *sortings;
    size_t sorting_count, sorting_capacity;
    struct rcx_parquet_entry *entries;
    size_t entry_count, entry_capacity;
};

/* Parses FileMetaData; `what` names the file in messages.
 * Errors: RCX_E_CORRUPT, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_parquet_metadata_parse(const void *data, size_t length, const char *what,
                                           struct rcx_parquet_metadata *out, struct rcx_error *err);
void rcx_parquet_metadata_release(struct rcx_parquet_metadata *metadata);
