#include "storage/store/leftovers.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool rcx_store_is_own_name(const char *name)
{
    return starts_with(name, "MANIFEST-") || starts_with(name, "segment-") ||
           starts_with(name, "dictionary-");
}

static bool remove_name(const char *directory, const char *name)
{
    char *path = rcx_path_join(directory, name);

    if (!path)
        return false;
    (void)unlink(path);
    rcx_free(path);
    return true;
}

enum rcx_status rcx_store_remove_temporaries(const char *directory, struct rcx_error *err)
{
    struct rcx_names names = {0};
    enum rcx_status status = rcx_directory_list(directory, &names, err);

    for (size_t i = 0; status == RCX_OK && i < names.count; i++)
        if (rcx_store_is_own_name(names.names[i]) && strstr(names.names[i], ".tmp-") &&
            !remove_name(directory, names.names[i]))
            status = rcx_fail_nomem(err, directory, 0);
    rcx_names_release(&names);
    return status;
}

static bool is_committed(const char *directory, uint64_t version)
{
    char name[RCX_STORE_NAME_BYTES];

    rcx_manifest_name(version, name);
    char *path = rcx_path_join(directory, name);
    bool there = !path || rcx_file_exists(path); /* unknown: keep everything */
    rcx_free(path);
    return there;
}

void rcx_store_remove_uncommitted(const char *directory, const struct rcx_manifest *manifest,
                                  bool new_store)
{
    char name[RCX_STORE_NAME_BYTES];

    if (is_committed(directory, manifest->version))
        return;
    for (size_t i = 0; i < manifest->segment_count; i++)
        if (manifest->segments[i].id == manifest->version) {
            rcx_segment_name(manifest->version, name);
            (void)remove_name(directory, name);
        }
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        for (size_t i = 0; i < manifest->dictionaries[f].count; i++)
            if (manifest->dictionaries[f].files[i].id == manifest->version) {
                rcx_dictionary_name((enum rcx_text_field)f, manifest->version, name);
                (void)remove_name(directory, name);
            }
    if (new_store) {
        (void)remove_name(directory, "LOCK");
        (void)rmdir(directory);
    }
}
