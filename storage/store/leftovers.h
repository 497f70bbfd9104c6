#pragma once
/* What writers leave behind when they do not commit. The caller holds the writer's lock. A file that
 * cannot be removed is no failure: everyone ignores it, and it is left to rcx_store_vacuum. */
#include <stdbool.h>

#include "base/status.h"

#include "storage/store/manifest.h"

/* Whether a writer of stores gives files such names; no other files are ever removed. */
bool rcx_store_is_own_name(const char *name);

/* Removes temporary files: they are of writers that were killed. */
enum rcx_status rcx_store_remove_temporaries(const char *directory, struct rcx_error *err);

/* Removes the files that were written for `manifest` and that no other version has, unless the
 * manifest itself is in place (its directory may not have been synced, which is no reason to undo
 * it). With `new_store` also the directory, when nothing else is in it. */
void rcx_store_remove_uncommitted(const char *directory, const struct rcx_manifest *manifest,
                                  bool new_store);
