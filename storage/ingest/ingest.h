#pragma once
/* From shops' files to one more committed version of a store.
 *
 *     files -> chunks of fields (format/source.h) -> provisional rows and evidence (row_parser.h)
 *           -> verdict on dates, numbers, customer ids (judge.h) -> sorted rows (row_sort.h, and
 *              spill.h when they do not fit the memory limit) -> store/store_writer.h
 *
 * What is stored, and which rows are rejected on which lines, depends on the bytes of the inputs
 * only, not on threads, block sizes, the memory limit or the order of the rows.
 *
 * When rows contradict the verdict, or an id column turns out to be text, the inputs are read again
 * knowing the verdict; pipes are kept in a temporary file for that. Beyond the memory limit the rest
 * of the inputs is first read for evidence and texts only, then again for the rows. */
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/parallel.h"
#include "base/status.h"
#include "config/config.h"
#include "storage/ingest/mapping.h"
#include "storage/ingest/rejects.h"
#include "storage/store/store_writer.h"

struct rcx_ingest_options {
    const char *const *inputs; /* paths, directories, "-", patterns when no file has the name */
    size_t input_count;
    const char *store;
    const char *rejects; /* NULL: rejects.csv beside the store directory */
    const struct rcx_ingest_map *maps;
    size_t map_count;
    bool again;            /* files that the store already holds are loaded once more */
    bool replace;          /* the new version holds only these inputs */
    uint64_t memory_limit; /* bytes for the process; 0: most of the machine's */
    struct rcx_parallel parallel;
    int zstd_level; /* of store/store_writer.h */
    bool no_sync;
    const char *temp_directory; /* for runs and kept pipes; NULL or "": beside the store */
    struct rcx_log *log;        /* may be NULL */
    /* Called from one thread now and then; may be NULL. total 0: unknown. */
    void (*progress)(void *context, const char *step, uint64_t done, uint64_t total);
    void *progress_context;
    /* 0: chosen by size and memory limit. For tests, which cut the input finely and let few rows
     * fill the memory. */
    size_t window_bytes, chunk_bytes, row_bytes;
};

struct rcx_ingest_input {
    char *path;
    struct rcx_digest digest;
    uint64_t accepted, rejected;
    uint64_t headers; /* repeated within the file, left out */
    bool cp1252;      /* was Windows-1252, else UTF-8 */
};

struct rcx_ingest_report {
    size_t input_count;
    struct rcx_ingest_input *inputs;
    uint64_t accepted, rejected, guests, headers;
    struct rcx_reject_counts rejects;
    char *rejects_path; /* NULL: nothing was rejected */
    struct rcx_decisions decisions;
    unsigned date_reading;   /* index for rcx_reading_name */
    bool decisions_reused;   /* they were those of the store */
    uint64_t rounded_prices; /* had more places than are kept */
    uint64_t decoded_rows;   /* had texts in Windows-1252 */
    size_t runs;             /* sorted runs on disk; 0: all rows fitted in memory */
    uint64_t spilled_bytes;
    unsigned passes; /* how often the inputs were read */
    struct rcx_store_write_stats store;
    double read_seconds, sort_seconds, commit_seconds; /* wall time */
};

/* On success the version is committed. On failure the store is as it was; *out still holds the
 * counts of rejects so far, and is to be released either way.
 * Errors: RCX_E_IO, RCX_E_INPUT, RCX_E_BUSY, RCX_E_CORRUPT, RCX_E_VERSION, RCX_E_NOMEM,
 * RCX_E_INTERRUPTED. */
enum rcx_status rcx_ingest(const struct rcx_cfg_ingest *config,
                           const struct rcx_ingest_options *options, struct rcx_ingest_report *out,
                           struct rcx_error *err);
void rcx_ingest_report_release(struct rcx_ingest_report *report);
