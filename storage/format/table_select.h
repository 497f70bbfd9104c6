#pragma once
/* Which columns of a file a table takes, by name. */
#include <stddef.h>

#include "base/status.h"

/* Fills `out_places` (room for max(count, wanted_count)) with the indices of the wanted columns, all
 * when wanted_count is 0; *out_count says how many.
 * Errors: RCX_E_INPUT: a name that is not there (the message lists the names of the file), or one
 * that is there twice. */
enum rcx_status rcx_table_select(const char *path, const char *const *names, size_t count,
                                 const char *const *wanted, size_t wanted_count, size_t *out_places,
                                 size_t *out_count, struct rcx_error *err);
