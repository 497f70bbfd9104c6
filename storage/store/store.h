#pragma once
/* The column store: a directory of immutable, sorted, checksummed segment files, append-only
 * dictionaries, and numbered manifests, one per committed version. docs/store_format.md states each
 * byte; scan.h reads rows, store_writer.h adds them.
 *
 * Any number of readers, each on the version it opened; a reader never sees a later commit.
 * Opening reads the manifest, the footers and the dictionaries, and maps the segments. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/table.h"
#include "storage/store/schema.h"

struct rcx_store;

struct rcx_store_open_options {
    uint64_t version; /* 0: the newest */
};

/* Errors: RCX_E_IO (no such store), RCX_E_CORRUPT, RCX_E_VERSION. */
enum rcx_status rcx_store_open(const char *directory, const struct rcx_store_open_options *options,
                               struct rcx_store **out, struct rcx_error *err);
void rcx_store_close(struct rcx_store *store);

struct rcx_store_summary {
    uint64_t version;
    uint64_t rows; /* guests included */
    uint64_t guest_rows;
    uint64_t customers;             /* distinct, guests not counted */
    uint32_t segments;              /* = sorted runs */
    rcx_time first_time, last_time; /* of all rows; 0 when rows = 0 */
    struct rcx_decisions decisions;
    struct rcx_digest digest; /* of the manifest: names the version's content */
};
const struct rcx_store_summary *rcx_store_summary(const struct rcx_store *store);

/* The dictionary of a text field as immutable strings; borrowed, valid while the store is open. */
const struct rcx_strings *rcx_store_strings(const struct rcx_store *store,
                                            enum rcx_text_field field);
/* rank[code] = position of the text in byte order among all texts of the field; borrowed. */
const uint32_t *rcx_store_rank(const struct rcx_store *store, enum rcx_text_field field);
