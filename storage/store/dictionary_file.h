#pragma once
/* A dictionary file: the texts that one commit added to a field, in byte order, front-coded
 * (docs/store_format.md). Codes continue those of the field's earlier files. */
#include "base/table.h"
#include "storage/encoding/codec.h"
#include "storage/store/manifest.h"

/* Writes `count` texts (strictly ascending), zstd_level as in stream.h; fills digest, bytes and count of *out_entry. */
enum rcx_status rcx_dictionary_file_write(const char *path, const struct rcx_text *texts,
                                          uint32_t count, int zstd_level, bool no_sync,
                                          struct rcx_manifest_dictionary *out_entry,
                                          struct rcx_error *err);

/* Appends the texts of a file to (count, offsets, bytes) as the manifest's entry says.
 * `strings` grows; it is a plain value here, not yet shared. */
struct rcx_text_list {
    struct rcx_buf bytes;
    uint64_t *offsets; /* count + 1 */
    size_t offset_capacity;
    uint32_t count;
};
void rcx_text_list_release(struct rcx_text_list *list);
enum rcx_status rcx_dictionary_file_read(const char *path,
                                         const struct rcx_manifest_dictionary *entry,
                                         struct rcx_text_list *list, struct rcx_error *err);
