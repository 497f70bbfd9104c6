#include "storage/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/store/store_internal.h"

const char *rcx_field_name(enum rcx_field field)
{
    static const char *const names[] = {
#define X(name, text, required) [RCX_FIELD_##name] = (text),
        RCX_FIELDS(X)
#undef X
    };
    return names[field];
}

bool rcx_field_required(enum rcx_field field)
{
    static const bool flags[] = {
#define X(name, text, required) [RCX_FIELD_##name] = (required),
        RCX_FIELDS(X)
#undef X
    };
    return flags[field];
}

/* Ranks of codes whose files are each in byte order: a k-way merge of the files. */
static enum rcx_status rank_texts(const struct rcx_manifest_dictionary *files, size_t file_count,
                                  const struct rcx_strings *strings, uint32_t *out_rank,
                                  struct rcx_error *err)
{
    struct {
        uint32_t next, end;
    } *heads = rcx_malloc_array(file_count + 1, sizeof *heads);
    uint32_t start = 1;

    if (!heads)
        return rcx_fail_nomem(err, "text order", file_count * sizeof *heads);
    for (size_t f = 0; f < file_count; f++) {
        heads[f].next = start;
        heads[f].end = start += files[f].count;
    }
    out_rank[0] = 0;
    for (uint32_t rank = 1; rank < strings->count; rank++) {
        size_t best = file_count;

        for (size_t f = 0; f < file_count; f++)
            if (heads[f].next < heads[f].end &&
                (best == file_count ||
                 rcx_text_compare(rcx_strings_get(strings, heads[f].next),
                                  rcx_strings_get(strings, heads[best].next)) < 0))
                best = f;
        out_rank[heads[best].next++] = rank;
    }
    rcx_free(heads);
    return RCX_OK;
}

/* A file that the manifest names and that is not there is damage, not a failure of the disk. */
static enum rcx_status explain_missing(const char *path, uint64_t version, enum rcx_status status,
                                       struct rcx_error *err)
{
    if (status != RCX_E_IO || rcx_file_exists(path))
        return status;
    return rcx_fail(err, RCX_E_CORRUPT, "%s: the file is missing; version %" PRIu64 " needs it",
                    path, version);
}

static enum rcx_status load_strings(struct rcx_store *store, enum rcx_text_field field,
                                    struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &store->manifest;
    size_t file_count = manifest->dictionaries[field].count;
    struct rcx_text_list list = {.count = 1}; /* code 0: the empty text */
    enum rcx_status status = RCX_OK;

    if (!rcx_array_reserve(&list.offsets, &list.offset_capacity, 2, sizeof *list.offsets) ||
        !rcx_buf_reserve(&list.bytes, 1)) {
        rcx_text_list_release(&list);
        return rcx_fail_nomem(err, "dictionary", 16);
    }
    list.offsets[0] = list.offsets[1] = 0;
    for (size_t i = 0; status == RCX_OK && i < file_count; i++) {
        const struct rcx_manifest_dictionary *file = &manifest->dictionaries[field].files[i];
        char name[RCX_STORE_NAME_BYTES];

        rcx_dictionary_name(field, file->id, name);
        char *path = rcx_path_join(store->directory, name);
        status = path ? rcx_dictionary_file_read(path, file, &list, err)
                      : rcx_fail_nomem(err, "dictionary", 0);
        if (path)
            status = explain_missing(path, manifest->version, status, err);
        rcx_free(path);
    }
    if (status == RCX_OK) {
        struct rcx_strings *strings = rcx_strings_take(list.count, &list.offsets, &list.bytes.data);

        store->strings[field] = strings;
        store->ranks[field] = rcx_malloc_array((size_t)list.count + 1, sizeof(uint32_t));
        if (!strings || !store->ranks[field]) {
            status = rcx_fail_nomem(err, "dictionary", list.bytes.length);
        } else {
            status = rank_texts(manifest->dictionaries[field].files, file_count, strings,
                                store->ranks[field], err);
        }
    }
    rcx_text_list_release(&list);
    return status;
}

static enum rcx_status open_segments(struct rcx_store *store, struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &store->manifest;

    store->segments = rcx_calloc(manifest->segment_count + 1, sizeof *store->segments);
    if (!store->segments)
        return rcx_fail_nomem(err, store->directory, 0);
    for (size_t i = 0; i < manifest->segment_count; i++) {
        const struct rcx_manifest_segment *entry = &manifest->segments[i];
        struct rcx_segment *segment = &store->segments[i];
        char name[RCX_STORE_NAME_BYTES];

        rcx_segment_name(entry->id, name);
        char *path = rcx_path_join(store->directory, name);
        enum rcx_status status = path ? rcx_segment_open(path, segment, err)
                                      : rcx_fail_nomem(err, store->directory, 0);
        if (path)
            status = explain_missing(path, manifest->version, status, err);
        rcx_free(path);
        if (status != RCX_OK)
            return status;
        store->segment_count = i + 1;
        if (rcx_digest_compare(segment->digest, entry->digest) != 0 || segment->rows != entry->rows)
            return rcx_fail(err, RCX_E_CORRUPT, "%s: not the segment that the manifest names",
                            segment->path);
    }
    return RCX_OK;
}

static enum rcx_status summarise(struct rcx_store *store, struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &store->manifest;

    store->summary = (struct rcx_store_summary){
        .version = manifest->version,
        .rows = manifest->rows,
        .guest_rows = manifest->guest_rows,
        .customers = manifest->customers,
        .segments = (uint32_t)manifest->segment_count,
        .first_time = manifest->first_time,
        .last_time = manifest->last_time,
        .decisions = manifest->decisions,
    };
    store->limits = (struct rcx_code_limits){
        .invoice = store->strings[RCX_TEXT_INVOICE]->count,
        .stock = store->strings[RCX_TEXT_STOCK]->count,
        .description = store->strings[RCX_TEXT_DESCRIPTION]->count,
        .country = store->strings[RCX_TEXT_COUNTRY]->count,
        .customer = manifest->decisions.customer_is_text ? store->strings[RCX_TEXT_CUSTOMER]->count
                                                         : 0,
    };
    return rcx_manifest_content_digest(manifest, &store->summary.digest, err);
}

enum rcx_status rcx_store_open_manifest(const char *directory, struct rcx_manifest *manifest,
                                        struct rcx_store **out, struct rcx_error *err)
{
    struct rcx_store *store = rcx_calloc(1, sizeof *store);
    enum rcx_status status = RCX_OK;

    if (!store) {
        rcx_manifest_release(manifest);
        return rcx_fail_nomem(err, directory, sizeof *store);
    }
    store->manifest = *manifest;
    *manifest = (struct rcx_manifest){0};
    store->directory = rcx_strdup(directory);
    if (!store->directory)
        status = rcx_fail_nomem(err, directory, 0);
    for (unsigned f = 0; status == RCX_OK && f < RCX_TEXT_FIELD_COUNT; f++)
        status = load_strings(store, (enum rcx_text_field)f, err);
    if (status == RCX_OK)
        status = open_segments(store, err);
    if (status == RCX_OK)
        status = summarise(store, err);
    if (status != RCX_OK) {
        rcx_store_close(store);
        return status;
    }
    *out = store;
    return RCX_OK;
}

static bool contains(const uint64_t *versions, size_t count, uint64_t version)
{
    for (size_t i = 0; i < count; i++)
        if (versions[i] == version)
            return true;
    return false;
}

/* A damaged newest version is an error that names the last good one: old data never come silently.
 */
static enum rcx_status explain_damage(const char *directory, const uint64_t *versions, size_t count,
                                      enum rcx_status status, struct rcx_error *err)
{
    for (size_t i = count; err && i-- > 0;) {
        struct rcx_manifest manifest = {0};
        char name[RCX_STORE_NAME_BYTES];
        size_t length = strlen(err->text);

        rcx_manifest_name(versions[i], name);
        char *path = rcx_path_join(directory, name);
        enum rcx_status readable = path ? rcx_manifest_read(path, &manifest, NULL) : RCX_E_NOMEM;
        rcx_free(path);
        rcx_manifest_release(&manifest);
        if (readable != RCX_OK)
            continue;
        snprintf(err->text + length, sizeof err->text - length,
                 "; the last good version is %" PRIu64 ": open it with --version %" PRIu64,
                 versions[i], versions[i]);
        break;
    }
    return status;
}

enum rcx_status rcx_store_open(const char *directory, const struct rcx_store_open_options *options,
                               struct rcx_store **out, struct rcx_error *err)
{
    uint64_t *versions = NULL, wanted = options ? options->version : 0;
    size_t count = 0;
    struct rcx_manifest manifest = {0};
    char name[RCX_STORE_NAME_BYTES];
    char *path = NULL;
    enum rcx_status status = RCX_OK;

    if (rcx_file_exists(directory) && !rcx_directory_exists(directory))
        return rcx_fail(err, RCX_E_IO, "%s: is a file; a store is a directory", directory);
    if (rcx_directory_exists(directory))
        status = rcx_manifest_versions(directory, &versions, &count, err);
    if (status != RCX_OK)
        return status;
    if (count == 0) {
        status = rcx_fail(err, RCX_E_IO,
                          "%s: no store here (no MANIFEST file); make one with "
                          "'rcx ingest FILE --store %s'",
                          directory, directory);
        goto done;
    }
    if (wanted && !contains(versions, count, wanted)) {
        status = rcx_fail(err, RCX_E_IO,
                          "%s: no version %" PRIu64 "; the oldest is %" PRIu64
                          ", the newest %" PRIu64,
                          directory, wanted, versions[0], versions[count - 1]);
        goto done;
    }
    rcx_manifest_name(wanted ? wanted : versions[count - 1], name);
    path = rcx_path_join(directory, name);
    status = path ? rcx_manifest_read(path, &manifest, err) : rcx_fail_nomem(err, directory, 0);
    if (status == RCX_OK && manifest.version != (wanted ? wanted : versions[count - 1]))
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: holds version %" PRIu64, path, manifest.version);
    if (status == RCX_E_CORRUPT && !wanted)
        explain_damage(directory, versions, count - 1, status, err);
    if (status == RCX_OK)
        status = rcx_store_open_manifest(directory, &manifest, out, err);
done:
    rcx_manifest_release(&manifest);
    rcx_free(path);
    rcx_free(versions);
    return status;
}

void rcx_store_close(struct rcx_store *store)
{
    if (!store)
        return;
    if (!store->view) {
        for (size_t i = 0; store->segments && i < store->manifest.segment_count; i++)
            rcx_segment_close(&store->segments[i]);
        rcx_free(store->segments);
    }
    rcx_free(store->view);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        rcx_strings_release(store->strings[f]);
        rcx_free(store->ranks[f]);
    }
    rcx_manifest_release(&store->manifest);
    rcx_free(store->directory);
    rcx_free(store);
}

const struct rcx_store_summary *rcx_store_summary(const struct rcx_store *store)
{
    return &store->summary;
}

const struct rcx_strings *rcx_store_strings(const struct rcx_store *store,
                                            enum rcx_text_field field)
{
    return store->strings[field];
}

const uint32_t *rcx_store_rank(const struct rcx_store *store, enum rcx_text_field field)
{
    return store->ranks[field];
}
