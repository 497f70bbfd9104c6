#pragma once
/* What an ingest would see in a file, without loading anything: its form, the columns and what they
 * are taken for, and what the first rows say about dates, numbers and customer ids.
 *
 * Looked at is the beginning of the file, up to a number of bytes, so that the answer comes at once
 * also for large files; the judges of an ingest look at all rows and may say more. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/parallel.h"
#include "base/status.h"
#include "config/config.h"
#include "storage/ingest/judge.h"
#include "storage/ingest/mapping.h"
#include "storage/ingest/rejects.h"

struct rcx_inspect_options {
    const char *path; /* "-": standard input */
    const struct rcx_ingest_map *maps;
    size_t map_count;
    uint64_t sample_bytes;      /* of text to look at, at least one window; 0: all */
    size_t first_rows;          /* to keep */
    const char *temp_directory; /* for pipes with workbooks; NULL: none */
    struct rcx_parallel parallel;
};

struct rcx_inspected_column {
    int field;      /* enum rcx_field, or RCX_NO_COLUMN */
    uint64_t empty; /* cells among the rows looked at */
};

/* Names of columns and sheets, and the cells, are valid until the release. */
struct rcx_inspection {
    struct rcx_source *source;
    const struct rcx_source_info *info;
    uint64_t file_bytes;                  /* 0: unknown */
    bool whole;                           /* the file was looked at to its end */
    bool cp1252;                          /* not UTF-8, so far */
    struct rcx_inspected_column *columns; /* [info->column_count] */
    uint64_t records, headers;            /* rows, and repeated headers among the lines */
    /* The mapping failed: which columns are missing, and what to say. Nothing below is known then. */
    char *mapping_problem;
    struct rcx_evidence evidence;
    struct rcx_reject_counts rejects;
    struct rcx_verdict verdict; /* when there is no problem: */
    char *problem; /* what an ingest of these rows would be refused for; NULL: nothing */
    size_t row_count;
    struct rcx_buf cells; /* row_count * column_count texts, each with its NUL */
};

/* `*out` is to be released also after an error.
 * Errors: as rcx_source_open and _next; RCX_E_NOMEM. */
enum rcx_status rcx_inspect(const struct rcx_cfg_ingest *config,
                            const struct rcx_inspect_options *options, struct rcx_inspection *out,
                            struct rcx_error *err);
void rcx_inspection_release(struct rcx_inspection *inspection);
