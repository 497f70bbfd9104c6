#pragma once
/* Reading Parquet files: the schema as columns of our tables, row groups with their statistics, and
 * any rows of any columns as a table. The file is mapped; what is not asked for is not read.
 *
 * Supported are flat schemas of the types in parquet_meaning.h, the encodings of parquet_decode.h and
 * the codecs none, snappy, gzip, zstd and lz4_raw. A column of another type does no harm to its
 * neighbours: it is refused by name when it is read. Nested or encrypted files are refused when they
 * are opened.
 *
 * No byte is trusted: damage is RCX_E_CORRUPT with file, column and row group named. Pages that carry
 * a checksum, as those that we write do, are checked against it.
 *
 * Threads: an open file may be read by several threads, each with a decoder of its own. */
#include "base/file.h"
#include "base/parallel.h"
#include "base/table.h"
#include "storage/format/parquet_decode.h"
#include "storage/format/parquet_meaning.h"
#include "storage/format/parquet_metadata.h"

struct rcx_parquet_file {
    char *path;
    struct rcx_map map;
    uint64_t footer_offset; /* where the metadata begin */
    struct rcx_parquet_metadata metadata;
    struct rcx_parquet_leaf *leaves; /* the columns, in their order */
    size_t leaf_count;
};

/* Errors: RCX_E_IO, RCX_E_CORRUPT (no Parquet, or damaged), RCX_E_INPUT (a nested schema),
 * RCX_E_NOMEM. The caller closes *out. */
enum rcx_status rcx_parquet_file_open(const char *path, struct rcx_parquet_file *out,
                                      struct rcx_error *err);
void rcx_parquet_file_close(struct rcx_parquet_file *file); /* zero is fine */
/* RCX_E_CORRUPT as RCX_E_INPUT, in `err` too: a damaged file that somebody brings is an input refused,
 * corrupt are files of our own. */
enum rcx_status rcx_parquet_refuse_damage(enum rcx_status status, struct rcx_error *err);

enum { RCX_PARQUET_NO_LEAF = -1 };
/* The index of a column, or RCX_PARQUET_NO_LEAF. */
int rcx_parquet_file_find(const struct rcx_parquet_file *file, const char *name);
/* The value of a key of the metadata; data NULL: there is none. A view into the file. */
struct rcx_text rcx_parquet_file_entry(const struct rcx_parquet_file *file, const char *key);

static inline const struct rcx_parquet_chunk_info *
rcx_parquet_chunk_of(const struct rcx_parquet_file *file, size_t group, size_t leaf)
{
    return &file->metadata.chunks[file->metadata.groups[group].first_chunk + leaf];
}

/* Least and greatest value of a column of whole numbers or dates in a row group, as the footer says.
 * False: not stated, or not such a column; then nothing is known. */
bool rcx_parquet_group_bounds(const struct rcx_parquet_file *file, size_t group, size_t leaf,
                              int64_t out[2]);

/* Reads rows [first, first + count) of a row group and column into rows [at, at + count) of `out`,
 * which has the leaf's type. `texts` as in rcx_parquet_chunk_decode. */
enum rcx_status rcx_parquet_read_column(const struct rcx_parquet_file *file,
                                        struct rcx_parquet_decoder *decoder, size_t group,
                                        size_t leaf, uint64_t first, size_t count,
                                        struct rcx_column *out, size_t at,
                                        struct rcx_dictionary *texts, struct rcx_error *err);

/* Rows as a table: of one row group, or all of several. Row groups and columns are read in parallel.
 *  group_count  more than 1: all rows of that many row groups; `first` and `count` are not read
 *  leaves       columns, in the order of the table; NULL: all
 * Codes of texts count up in the order of their first appearance, after code 0, the empty text.
 * Errors: RCX_E_CORRUPT, RCX_E_INPUT, RCX_E_NOMEM. The caller releases *out. */
struct rcx_parquet_rows {
    size_t group, group_count;
    uint64_t first;
    size_t count;
    const size_t *leaves;
    size_t leaf_count;
};
enum rcx_status rcx_parquet_read(const struct rcx_parquet_file *file,
                                 const struct rcx_parquet_rows *rows,
                                 const struct rcx_parallel *parallel, struct rcx_table *out,
                                 struct rcx_error *err);
