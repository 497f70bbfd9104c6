#include "cli/run_traces.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Without the last part; false: there is no other. */
static bool cut_last(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 0 && path[length - 1] == '/')
        length--;
    path[length] = '\0';
    return length > 0;
}

/* false: out of memory, when nothing is removed, or it is not there. */
static bool has(const char *directory, const char *name)
{
    char *path = rcx_path_join(directory, name);
    bool there = path && rcx_directory_exists(path);
    rcx_free(path);
    return there;
}

struct rcx_run_traces rcx_run_traces_look(const char *directory)
{
    char *path = rcx_strdup(directory);
    bool more = path != NULL;
    while (more && !rcx_directory_exists(path))
        more = cut_last(path);
    struct rcx_run_traces traces = {.kept = path ? strlen(path) : strlen(directory),
                                    .logs = has(directory, "logs"),
                                    .outputs = has(directory, "outputs")};
    rcx_free(path);
    return traces;
}

/* rmdir fails for a directory that is not empty, and that is what is wanted. */
static void remove_folder(const char *directory, const char *name)
{
    char *path = rcx_path_join(directory, name);
    if (path)
        (void)rmdir(path);
    rcx_free(path);
}

void rcx_run_traces_remove(const struct rcx_run_traces *before, const char *directory)
{
    if (!before->outputs)
        remove_folder(directory, "outputs");
    if (before->logs || has(directory, "outputs") || has(directory, "store"))
        return;
    char *log = rcx_path_join(directory, "logs/retention_system.log");
    if (log)
        (void)rcx_file_remove(log, NULL);
    rcx_free(log);
    remove_folder(directory, "logs");
    char *path = rcx_strdup(directory);
    for (bool more = path != NULL; more && strlen(path) > before->kept;)
        more = rmdir(path) == 0 && cut_last(path);
    rcx_free(path);
}
