#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/store/leftovers.h"
#include "storage/store/maintain.h"
#include "storage/store/manifest.h"
#include "storage/store/store_lock.h"

void rcx_vacuum_report_release(struct rcx_vacuum_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        rcx_free(report->names[i]);
    rcx_free(report->names);
    *report = (struct rcx_vacuum_report){0};
}

struct vacuum {
    const char *directory;
    struct rcx_names keep; /* names that some version needs */
    struct rcx_names present;
};

static enum rcx_status keep_name(struct vacuum *v, const char *name, struct rcx_error *err)
{
    char *copy = rcx_strdup(name);

    if (!copy ||
        !rcx_array_reserve(&v->keep.names, &v->keep.capacity, v->keep.count + 1, sizeof copy)) {
        rcx_free(copy);
        return rcx_fail_nomem(err, "file names", 0);
    }
    v->keep.names[v->keep.count++] = copy;
    return RCX_OK;
}

static enum rcx_status keep_version(struct vacuum *v, uint64_t version, struct rcx_error *err)
{
    char name[RCX_STORE_NAME_BYTES];
    struct rcx_manifest manifest = {0};

    rcx_manifest_name(version, name);
    enum rcx_status status = keep_name(v, name, err);
    char *path = rcx_path_join(v->directory, name);
    if (status == RCX_OK)
        status = path ? rcx_manifest_read(path, &manifest, err) : rcx_fail_nomem(err, name, 0);
    rcx_free(path);
    for (size_t i = 0; status == RCX_OK && i < manifest.segment_count; i++) {
        rcx_segment_name(manifest.segments[i].id, name);
        status = keep_name(v, name, err);
    }
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        for (size_t i = 0; status == RCX_OK && i < manifest.dictionaries[f].count; i++) {
            rcx_dictionary_name((enum rcx_text_field)f, manifest.dictionaries[f].files[i].id, name);
            status = keep_name(v, name, err);
        }
    rcx_manifest_release(&manifest);
    return status;
}

static bool is_kept(const struct vacuum *v, const char *name)
{
    for (size_t i = 0; i < v->keep.count; i++)
        if (strcmp(v->keep.names[i], name) == 0)
            return true;
    return false;
}

static enum rcx_status remove_one(const struct vacuum *v, const char *name, bool dry_run,
                                  struct rcx_vacuum_report *out, struct rcx_error *err)
{
    uint64_t bytes = 0;
    char *path = rcx_path_join(v->directory, name), *copy = rcx_strdup(name);
    enum rcx_status status = RCX_OK;

    if (!path || !copy ||
        !rcx_array_reserve(&out->names, &out->capacity, out->count + 1, sizeof *out->names))
        status = rcx_fail_nomem(err, "file names", 0);
    if (status == RCX_OK)
        status = rcx_file_size(path, &bytes, err);
    if (status == RCX_OK && !dry_run)
        status = rcx_file_remove(path, err);
    if (status == RCX_OK) {
        out->names[out->count++] = copy;
        out->bytes += bytes;
        copy = NULL;
    }
    rcx_free(copy);
    rcx_free(path);
    return status;
}

/* Manifests go first: a version is never there without its files. */
static enum rcx_status remove_unneeded(const struct vacuum *v, bool dry_run,
                                       struct rcx_vacuum_report *out, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;

    for (size_t i = 0; status == RCX_OK && i < v->present.count; i++) {
        const char *name = v->present.names[i];

        if (rcx_store_is_own_name(name) &&
            !is_kept(v, name)) /* sorted: MANIFEST before dictionary, segment */
            status = remove_one(v, name, dry_run, out, err);
    }
    return status;
}

enum rcx_status rcx_store_vacuum(const char *directory, const struct rcx_vacuum_options *options,
                                 struct rcx_vacuum_report *out, struct rcx_error *err)
{
    struct vacuum v = {.directory = directory};
    struct rcx_vacuum_report report = {0};
    uint64_t *versions = NULL;
    size_t count = 0, first = 0;
    int lock = -1;
    enum rcx_status status = RCX_OK;

    if (!rcx_directory_exists(directory))
        return rcx_fail(err, RCX_E_IO, "%s: no store here", directory);
    status = rcx_store_lock(directory, &lock, err);
    if (status == RCX_OK)
        status = rcx_manifest_versions(directory, &versions, &count, err);
    if (status == RCX_OK && count == 0)
        status = rcx_fail(err, RCX_E_IO, "%s: no store here (no MANIFEST file)", directory);
    if (options->keep_versions && options->keep_versions < count)
        first = count - (size_t)options->keep_versions;
    for (size_t i = first; status == RCX_OK && i < count; i++)
        status = keep_version(&v, versions[i], err);
    if (status == RCX_OK)
        status = rcx_directory_list(directory, &v.present, err);
    if (status == RCX_OK)
        status = remove_unneeded(&v, options->dry_run, &report, err);
    rcx_free(versions);
    rcx_names_release(&v.keep);
    rcx_names_release(&v.present);
    rcx_store_unlock(lock);
    if (status == RCX_OK)
        *out = report;
    else
        rcx_vacuum_report_release(&report);
    return status;
}
