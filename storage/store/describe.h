#pragma once
/* What a store consists of, for people: bytes by column, files, inputs, versions. */
#include <stddef.h>
#include <stdint.h>

#include "storage/store/store.h"

enum { RCX_STORE_MAX_COLUMNS = 16 };

struct rcx_store_column_size {
    const char *name;     /* static */
    const char *encoding; /* of the first chunk; static, "" without chunks */
    uint64_t values;
    uint64_t bytes; /* stored */
};
struct rcx_store_dictionary_size {
    const char *name;                  /* static */
    uint64_t texts, text_bytes, bytes; /* bytes: stored */
};
struct rcx_store_input_info {
    const char *path; /* borrowed from the store */
    struct rcx_digest digest;
    uint64_t version, rows_accepted, rows_rejected;
    uint64_t rejects[RCX_REJECT_KINDS]; /* rows_rejected by field; the last: the row as a whole */
};

struct rcx_store_description {
    uint64_t chunks, receipts;
    uint64_t bytes;      /* all files of this version but the manifest */
    int64_t created;     /* Unix time */
    const char *program; /* version of the program that committed it; borrowed */
    struct rcx_store_column_size columns[RCX_STORE_MAX_COLUMNS];
    size_t column_count;
    struct rcx_store_dictionary_size dictionaries[RCX_TEXT_FIELD_COUNT];
    struct rcx_store_input_info *inputs; /* owned */
    size_t input_count;
    uint64_t *versions; /* that the directory holds, ascending; owned */
    size_t version_count;
};

enum rcx_status rcx_store_describe(const struct rcx_store *store, struct rcx_store_description *out,
                                   struct rcx_error *err);
void rcx_store_description_release(struct rcx_store_description *description);
