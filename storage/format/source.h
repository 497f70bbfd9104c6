#pragma once
/* Reading a shop's file: one registry row per input format (csv, xlsx; later parquet).
 *
 * A source delivers the file as *windows* of some megabytes, each cut into *chunks* of whole
 * records that can be read in parallel. A chunk is a view: the bytes of the file and where the
 * fields and records in them end. Nothing is copied, nothing is converted; what a field means is
 * for ingest.
 *
 *     rcx_source_open        reads the header
 *     rcx_source_next        the next window; an empty one: the end
 *     rcx_source_prefetch    meanwhile, next to the work on the window: reads ahead
 *
 * Records and line numbers do not depend on how the file is cut into windows and chunks or on the
 * number of threads.
 *
 * To add a format: 1. a file <name>_source.c with a struct rcx_source_format; 2. its row in
 * source.c;
 * 3. samples in the tests. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/parallel.h"
#include "base/status.h"
#include "base/text.h"

struct rcx_source;

struct rcx_source_options {
    char delimiter;              /* 0: found by itself */
    size_t window_bytes;         /* 0: 4 MiB for text, 32 MiB for Parquet */
    size_t chunk_bytes;          /* 0: 256 KiB */
    size_t max_record_bytes;     /* longer records come as `oversized`; 0: 1 MiB */
    const char *spool_directory; /* where a pipe is kept so that it can be read again */
    /* Workbooks: the sheets to read; none: the first visible one that has a usable header, and all
     * visible ones with the same header. */
    const char *const *sheets;
    size_t sheet_count;
    /* Whether columns of these names are what is looked for; NULL: any are. */
    bool (*usable)(void *context, const char *const *names, size_t count);
    void *usable_context;
};

struct rcx_source_column {
    char *name; /* as in the file, unquoted, UTF-8, NUL-terminated */
    bool utc;   /* typed: its times are of UTC, not of the wall clock */
};

/* A sheet of a workbook. */
struct rcx_source_sheet {
    const char *name;
    const char *skipped; /* why it is not read; NULL: it is */
};

struct rcx_source_info {
    const char *format; /* "csv", "xlsx" */
    char delimiter;     /* text formats; else 0 */
    bool compressed;
    bool typed; /* chunks hold values, not bytes */
    size_t column_count;
    const struct rcx_source_column *columns;
    struct rcx_text header; /* the record that named the columns, as a chunk would have it */
    size_t sheet_count;     /* workbooks; else 0 */
    const struct rcx_source_sheet *sheets;
};

/* Records one after the other. Field k (counted over the whole chunk) is the bytes from behind end
 * k - 1 (`begin` for the first) to end k; see rcx_chunk_field. */
struct rcx_table;

/* Values instead of bytes, from formats that have types (Parquet): the rows of a window, in the
 * columns that were selected. */
struct rcx_source_typed {
    const struct rcx_table *table;
    const int *places; /* of each column of the file in the table; -1: it was not selected */
};

struct rcx_source_chunk {
    const struct rcx_source_typed *typed; /* NULL: bytes, as below */
    size_t first_row;                     /* typed: records are rows first_row.. of the table, and
                                           * first_line counts rows of the file from 1 */
    const uint8_t *bytes;
    uint32_t begin; /* position of the first record */
    size_t records;
    const uint32_t *field_ends;
    const uint32_t *record_ends;  /* fields up to and including those of record r */
    uint64_t first_line;          /* line on which the first record begins; the header's is 1 */
    const uint32_t *record_lines; /* of each record; NULL: count line feeds from first_line on */
    const char *sheet;            /* that the records are from; NULL: the format has none */
    bool has_nul;                 /* some byte is NUL */
};

/* A record too long to be held; its first bytes. Stands before all chunks of its window. */
struct rcx_source_oversized {
    uint64_t line; /* 0: there is none */
    struct rcx_text text;
};

struct rcx_source_window {
    size_t chunk_count; /* 0, and nothing oversized: the end of the input */
    const struct rcx_source_chunk *chunks;
    struct rcx_source_oversized oversized;
};

/* The raw bytes of field k: with quotes, and with the CR of the line end in a record's last field.
 */
static inline struct rcx_text rcx_chunk_field(const struct rcx_source_chunk *chunk, size_t k)
{
    uint32_t begin = k == 0 ? chunk->begin : chunk->field_ends[k - 1] + 1;
    return (struct rcx_text){(const char *)chunk->bytes + begin, chunk->field_ends[k] - begin};
}

/* A position between records from which reading can go on later. */
struct rcx_source_mark {
    uint64_t offset; /* in the plain bytes */
    uint64_t line;
};

/* `path` "-" is standard input. The format is told by the contents.
 * Errors: RCX_E_IO; RCX_E_INPUT (empty, no known format, a header that cannot be read). */
enum rcx_status rcx_source_open(const char *path, const struct rcx_source_options *options,
                                struct rcx_source **out, struct rcx_error *err);
void rcx_source_close(struct rcx_source *source);
const struct rcx_source_info *rcx_source_info(const struct rcx_source *source);

/* Of typed formats only the columns that are wanted are delivered from now on ([column_count]; all
 * that can be read, when it is not called); other formats are not concerned. */
void rcx_source_select(struct rcx_source *source, const bool *wanted);

/* The next window; what the last one pointed to is gone.
 * Errors: RCX_E_IO; RCX_E_INPUT (a quoted field that is never closed, with its line). */
enum rcx_status rcx_source_next(struct rcx_source *source, const struct rcx_parallel *parallel,
                                struct rcx_source_window *out, struct rcx_error *err);
/* Reads the bytes of the next window. Call at most once a window, from any one thread, while others
 * look at the chunks; without a call rcx_source_next reads them itself. */
enum rcx_status rcx_source_prefetch(struct rcx_source *source, struct rcx_error *err);

/* Behind the last window delivered. */
struct rcx_source_mark rcx_source_mark(const struct rcx_source *source);
/* Goes on at a mark; offset 0 is the first record. */
enum rcx_status rcx_source_seek(struct rcx_source *source, struct rcx_source_mark mark,
                                struct rcx_error *err);

/* Of the bytes of the file; valid after the last window. */
struct rcx_digest rcx_source_digest(const struct rcx_source *source);
/* For progress: bytes of the file (0: unknown), and how many have been read. */
uint64_t rcx_source_size(const struct rcx_source *source);
uint64_t rcx_source_consumed(const struct rcx_source *source);
