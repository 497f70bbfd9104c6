#pragma once
/* Upkeep of a store: one sorted run instead of many, and no files that no version needs. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store/store_writer.h"

/* Merges all segments of the newest version into one, with dictionaries in byte order, as a new
 * version: the same files as one ingest of all rows would have made. Nothing happens when there is one
 * segment already (*out_done false).
 * Errors: as rcx_store_writer_open, rcx_scan_read and rcx_store_writer_commit. */
enum rcx_status rcx_store_compact(const char *directory,
                                  const struct rcx_store_writer_options *options, bool *out_done,
                                  struct rcx_store_write_stats *out_stats, struct rcx_error *err);

struct rcx_vacuum_options {
    bool dry_run;
    uint64_t keep_versions; /* the newest so many are kept; 0: all */
};
struct rcx_vacuum_report {
    char **names; /* of the files removed (or to be removed), sorted; owned */
    size_t count, capacity;
    uint64_t bytes;
};
/* Removes old versions beyond keep_versions, then every file of the store that no version names:
 * what compaction replaced and what killed writers left. Other files are not touched. Readers that
 * are at work keep what they have open. Takes the writer's lock. */
enum rcx_status rcx_store_vacuum(const char *directory, const struct rcx_vacuum_options *options,
                                 struct rcx_vacuum_report *out, struct rcx_error *err);
void rcx_vacuum_report_release(struct rcx_vacuum_report *report);
