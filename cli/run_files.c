#include "cli/run_files.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/sink_options.h"

char *rcx_run_file_path(const char *directory, const char *name, struct rcx_error *err)
{
    char *full = rcx_path_join(directory, name);
    char *folder = full ? rcx_strndup(full, (size_t)(strrchr(full, '/') - full)) : NULL;
    if (!folder)
        (void)rcx_fail_nomem(err, name, 0);
    if (!folder || rcx_directory_make(folder, err) != RCX_OK) {
        rcx_free(full);
        full = NULL;
    }
    rcx_free(folder);
    return full;
}

/* The status of a path that could not be made; a caller without an error object gets RCX_E_IO. */
static enum rcx_status failed_path(const struct rcx_error *err)
{
    return err && err->status != RCX_OK ? err->status : RCX_E_IO;
}

enum rcx_status rcx_run_file_text(const struct rcx_run_files *files, const char *name,
                                  const struct rcx_buf *text, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = files->no_sync};
    char *path = rcx_run_file_path(files->directory, name, err);
    if (!path)
        return failed_path(err);
    enum rcx_status status = text->length > 0
                                 ? rcx_file_replace(path, text->data, text->length, &options, err)
                                 : rcx_file_remove(path, err);
    rcx_free(path);
    return status;
}

enum rcx_status rcx_run_file_table(const struct rcx_run_files *files, const char *name,
                                   const struct rcx_table *table, struct rcx_error *err)
{
    struct rcx_sink_options options = rcx_flow_run_sink_options(files->export, files->parallel);
    char *path = rcx_run_file_path(files->directory, name, err);
    if (!path)
        return failed_path(err);
    options.no_sync = files->no_sync;
    enum rcx_status status = rcx_sink_write_table(path, &options, table, err);
    rcx_free(path);
    return status;
}
