#pragma once
/* Adding one committed version to a store (creating the store when there is none).
 *
 *     rcx_store_writer_open        takes the lock (flock), reads the newest version, removes
 *                                  temporary files of killed writers
 *     rcx_store_writer_add_texts   once per text field: provisional codes -> final codes; different
 *                                  fields at the same time, if one likes
 *     rcx_store_writer_append      sorted rows, cut into chunks, encoded in parallel
 *     rcx_store_writer_commit      segment, dictionaries, then the manifest; atomic
 *
 * What is written depends on the rows and texts alone, not on threads or how they were delivered.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/dictionary.h"
#include "base/parallel.h"
#include "storage/store/store.h"

struct rcx_store_writer;

struct rcx_store_writer_options {
    int zstd_level; /* 1..19; 0: nothing is compressed, for stores that are soon gone */
    struct rcx_parallel parallel;
    bool no_sync; /* no fsync: the store can be lost in a crash of the machine */
    bool replace; /* the new version holds only the new rows (rcx run) */
};

/* Errors: RCX_E_BUSY (names the pid and since when), RCX_E_CORRUPT, RCX_E_VERSION, RCX_E_IO. */
enum rcx_status rcx_store_writer_open(const char *directory,
                                      const struct rcx_store_writer_options *options,
                                      struct rcx_store_writer **out, struct rcx_error *err);

/* The version that the new one builds on; NULL when the store is new (or replaced). Borrowed. */
const struct rcx_store *rcx_store_writer_base(const struct rcx_store_writer *writer);

/* Must be called before append; with a base, they must equal its decisions in what affects stored
 * values (decimals, type of the customer id): RCX_E_INPUT otherwise. */
enum rcx_status rcx_store_writer_set_decisions(struct rcx_store_writer *writer,
                                               const struct rcx_decisions *decisions,
                                               struct rcx_error *err);

/* Maps the codes of `texts` (as interned by the caller, 0 = "") to store codes: known texts keep
 * theirs, new ones get the next codes in byte order. out_codes and out_ranks have texts->count
 * entries; out_ranks gives the position in byte order among all texts of the store, so rows sort by
 * it. Call exactly once per field, before append. */
enum rcx_status rcx_store_writer_add_texts(struct rcx_store_writer *writer,
                                           enum rcx_text_field field,
                                           const struct rcx_dictionary *texts, uint32_t *out_codes,
                                           uint32_t *out_ranks, struct rcx_error *err);

/* Appends rows (final codes) in the store's order: customer (by number, or by rank when text,
 * guests last), time, invoice rank, stock rank, quantity, price, description rank, country rank;
 * across calls, too. Chunks are cut at customer boundaries where possible, so the tail of `rows`
 * may have to wait for the next call: *out_consumed rows were taken; with `last` all of them are.
 * Deliver more than a chunk per thread a call where there are so many rows. */
enum rcx_status rcx_store_writer_append(struct rcx_store_writer *writer, const struct rcx_row *rows,
                                        size_t count, bool last, size_t *out_consumed,
                                        struct rcx_error *err);

/* Where the rows came from; shown by `rcx info`, and how a file is recognised when it comes again.
 */
struct rcx_store_input {
    const char *path;
    struct rcx_digest digest; /* of the bytes of the file */
    uint64_t rows_accepted, rows_rejected;
    uint64_t rejects[RCX_REJECT_KINDS]; /* rows_rejected by field */
};
enum rcx_status rcx_store_writer_add_input(struct rcx_store_writer *writer,
                                           const struct rcx_store_input *input,
                                           struct rcx_error *err);
/* Whether a file of this digest is already part of the base. */
bool rcx_store_writer_has_input(const struct rcx_store_writer *writer, struct rcx_digest digest);

struct rcx_store_write_stats {
    uint64_t rows, bytes; /* of the new segment */
    uint64_t version;
    struct rcx_digest digest; /* of the content, as rcx_store_summary has it */
    double sync_seconds;      /* time in writing through to the disk; 0 with no_sync */
};
/* Both release the writer and the lock. abort leaves the store as it was, without files of the
 * version that was begun (and without the directory when that was made), and accepts NULL. */
enum rcx_status rcx_store_writer_commit(struct rcx_store_writer *writer,
                                        struct rcx_store_write_stats *out_stats,
                                        struct rcx_error *err);
void rcx_store_writer_abort(struct rcx_store_writer *writer);
