#pragma once
/* Where the rows of a feature table come from: kept in the table's file itself (key
 * "rcx.lineage", JSON), so that snapshots can be added later and nothing that does not belong
 * together is mixed.
 *
 * The definitions are what must be the same for all snapshots of a table, one "name: value" a line:
 * the keys that decide what a row is, and what was learned from the data once for all of them. */
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "engine/features/feature_row.h"

#define RCX_FEATURE_LINEAGE_KEY "rcx.lineage"

struct rcx_feature_lineage_snapshot {
    rcx_day day;
    rcx_day data_end; /* day of the last row of the data it was computed from */
    uint64_t store_version;
    char store_digest[RCX_DIGEST_TEXT_BYTES];
    char program[32]; /* version */
    struct rcx_snapshot_counts counts;
};

struct rcx_feature_lineage {
    bool with_labels;
    unsigned money_places; /* of counts.clv_total */
    struct rcx_buf definitions;
    struct rcx_feature_lineage_snapshot *snapshots; /* ascending */
    size_t count, capacity;
};

void rcx_feature_lineage_release(struct rcx_feature_lineage *lineage);
/* False: out of memory. */
bool rcx_feature_lineage_add(struct rcx_feature_lineage *lineage,
                             const struct rcx_feature_lineage_snapshot *snapshot);
/* False: out of memory. `compact`: on one line. */
bool rcx_feature_lineage_write(const struct rcx_feature_lineage *lineage, bool compact,
                               struct rcx_buf *out);
/* The members of the object, into one that the caller began. */
void rcx_feature_lineage_put(const struct rcx_feature_lineage *lineage, struct rcx_json *json);
/* Errors: RCX_E_CORRUPT naming `path`, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_feature_lineage_parse(const char *path, struct rcx_text text,
                                          struct rcx_feature_lineage *out, struct rcx_error *err);

/* Whether snapshots with these definitions may stand in one table.
 * Errors: RCX_E_CONFIG whose text names the first definitions that differ. */
enum rcx_status rcx_feature_definitions_check(const char *path, const struct rcx_buf *in_file,
                                              const struct rcx_buf *now, struct rcx_error *err);
