#pragma once
/* Files of a run's directory, written under their names when complete. Relative names in, folders made
 * on the way. */
#include "base/buf.h"
#include "base/parallel.h"
#include "base/table.h"
#include "config/config.h"

struct rcx_run_files {
    const char *directory;
    const struct rcx_cfg_export *export;
    struct rcx_parallel parallel;
    bool no_sync;
};

/* Full path of a name with its folder made; NULL and an error when that fails. The caller frees it. */
char *rcx_run_file_path(const char *directory, const char *name, struct rcx_error *err);
/* A text; an empty one stands for a file that must not be there. Errors: RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_run_file_text(const struct rcx_run_files *files, const char *name,
                                  const struct rcx_buf *text, struct rcx_error *err);
/* A table, in the format its name ends with, and in that of export.also. Errors: of the sink. */
enum rcx_status rcx_run_file_table(const struct rcx_run_files *files, const char *name,
                                   const struct rcx_table *table, struct rcx_error *err);
