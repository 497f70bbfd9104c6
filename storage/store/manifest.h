#pragma once
/* A manifest: everything one committed version consists of. Written once, checked whole by
 * XXH3-128. Names in the store's directory (docs/store_format.md): MANIFEST-<version>,
 * segment-<id>.rcx, dictionary-<field>-<id>.rcx, LOCK */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"
#include "storage/store/schema.h"

enum { RCX_MANIFEST_FORMAT = 1 };

struct rcx_manifest_segment {
    uint64_t id, rows, bytes;
    struct rcx_digest digest;
};
struct rcx_manifest_dictionary {
    uint64_t id, bytes;
    uint32_t count; /* texts added by this file */
    struct rcx_digest digest;
};
struct rcx_manifest_input {
    char *path;
    struct rcx_digest digest;
    uint64_t version, rows_accepted, rows_rejected;
    uint64_t rejects[RCX_REJECT_KINDS];
};

struct rcx_manifest {
    uint64_t version;
    int64_t created; /* Unix time, seconds */
    char *program;   /* version of the program that wrote it */
    struct rcx_decisions decisions;
    uint64_t rows, guest_rows, customers;
    rcx_time first_time, last_time;
    struct rcx_manifest_segment *segments;
    size_t segment_count, segment_capacity;
    struct {
        struct rcx_manifest_dictionary *files;
        size_t count, capacity;
    } dictionaries[RCX_TEXT_FIELD_COUNT];
    struct rcx_manifest_input *inputs;
    size_t input_count, input_capacity;
};

void rcx_manifest_release(struct rcx_manifest *manifest);
enum rcx_status rcx_manifest_copy(const struct rcx_manifest *from, struct rcx_manifest *out,
                                  struct rcx_error *err);
enum rcx_status rcx_manifest_read(const char *path, struct rcx_manifest *out,
                                  struct rcx_error *err);
enum rcx_status rcx_manifest_write(const struct rcx_manifest *manifest, const char *directory,
                                   bool no_sync, struct rcx_error *err);
/* Names the content: decisions, segments and dictionaries, neither times nor paths nor version. */
enum rcx_status rcx_manifest_content_digest(const struct rcx_manifest *manifest,
                                            struct rcx_digest *out, struct rcx_error *err);

/* The versions in a directory, ascending; *out is malloc'ed. RCX_E_IO when it is no directory. */
enum rcx_status rcx_manifest_versions(const char *directory, uint64_t **out, size_t *out_count,
                                      struct rcx_error *err);

enum { RCX_STORE_NAME_BYTES = 64 };
void rcx_manifest_name(uint64_t version, char out[RCX_STORE_NAME_BYTES]);
void rcx_segment_name(uint64_t id, char out[RCX_STORE_NAME_BYTES]);
void rcx_dictionary_name(enum rcx_text_field field, uint64_t id, char out[RCX_STORE_NAME_BYTES]);
const char *rcx_text_field_name(enum rcx_text_field field);
