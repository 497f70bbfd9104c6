#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/ingest/ingest_state.h"

char *rcx_ingest_store_parent(const char *store)
{
    char *path = rcx_strdup(store);
    while (path) {
        size_t length = strlen(path);
        while (length > 1 && path[length - 1] == '/')
            path[--length] = '\0';
        char *slash = strrchr(path, '/');
        if (!slash) {
            rcx_free(path);
            return rcx_strdup(".");
        }
        slash[slash == path ? 1 : 0] = '\0';
        if (rcx_directory_exists(path))
            return path;
    }
    return NULL;
}

struct paths {
    char **items;
    size_t count, capacity;
};

static bool add_path(struct paths *paths, const char *path)
{
    if (!rcx_array_reserve(&paths->items, &paths->capacity, paths->count + 1, sizeof *paths->items))
        return false;
    paths->items[paths->count] = rcx_strdup(path);
    return paths->items[paths->count++] != NULL;
}

/* A pattern for which no file has the name itself is expanded, in byte order. */
static enum rcx_status expand(const char *input, struct paths *paths, struct rcx_error *err)
{
    struct stat info;
    bool pattern = strpbrk(input, "*?[") && strcmp(input, "-") != 0 && stat(input, &info) != 0;
    if (!pattern)
        return add_path(paths, input) ? RCX_OK : rcx_fail_nomem(err, input, 0);
    glob_t found = {0};
    int result = glob(input, GLOB_ERR, NULL, &found);
    enum rcx_status status = RCX_OK;
    if (result == GLOB_NOMATCH)
        status = rcx_fail(err, RCX_E_IO, "%s: no file matches", input);
    else if (result != 0)
        status = rcx_fail(err, RCX_E_IO, "%s: cannot look for files", input);
    for (size_t i = 0; status == RCX_OK && i < found.gl_pathc; i++)
        if (!add_path(paths, found.gl_pathv[i]))
            status = rcx_fail_nomem(err, input, 0);
    globfree(&found);
    return status;
}

static char delimiter_of(enum rcx_ingest_delimiter delimiter)
{
    switch (delimiter) {
    case RCX_DELIMITER_COMMA:
        return ',';
    case RCX_DELIMITER_SEMICOLON:
        return ';';
    case RCX_DELIMITER_TAB:
        return '\t';
    case RCX_DELIMITER_PIPE:
        return '|';
    case RCX_DELIMITER_AUTO:
    default:
        return 0;
    }
}

static enum rcx_status open_file(struct rcx_ingest_state *state, const char *path,
                                 struct rcx_ingest_file *file, struct rcx_error *err)
{
    const struct rcx_ingest_options *options = state->options;
    bool tight = state->memory_limit < (UINT64_C(1) << 30);
    const struct rcx_source_options source_options = {
        .delimiter = delimiter_of(state->config.delimiter),
        .window_bytes = options->window_bytes ? options->window_bytes : (tight ? 4u << 20 : 0),
        .chunk_bytes = options->chunk_bytes,
        .max_record_bytes = state->config.max_line_bytes,
        .spool_directory = state->temp_directory};
    file->name = strcmp(path, "-") == 0 ? "standard input" : path;
    enum rcx_status status = rcx_source_open(path, &source_options, &file->source, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_source_info *info = rcx_source_info(file->source);
    file->columns = rcx_malloc_array(info->column_count, sizeof *file->columns);
    if (!file->columns)
        return rcx_fail_nomem(err, file->name, info->column_count);
    for (size_t i = 0; i < info->column_count; i++)
        file->columns[i] = info->columns[i].name;
    return rcx_mapping_find(file->name, info, &state->config, options->maps, options->map_count,
                            &file->mapping, err);
}

enum rcx_status rcx_ingest_open_files(struct rcx_ingest_state *state, struct rcx_error *err)
{
    struct paths paths = {0};
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < state->options->input_count && status == RCX_OK; i++)
        status = expand(state->options->inputs[i], &paths, err);
    struct rcx_ingest_report *report = state->report;
    report->inputs = rcx_calloc(paths.count + 1, sizeof *report->inputs);
    state->files = rcx_calloc(paths.count + 1, sizeof *state->files);
    if (status == RCX_OK && (!report->inputs || !state->files))
        status = rcx_fail_nomem(err, "inputs", paths.count);
    for (size_t i = 0; i < paths.count; i++) {
        if (!report->inputs) {
            rcx_free(paths.items[i]);
            continue;
        }
        report->inputs[i].path = paths.items[i];
        report->input_count = i + 1;
    }
    for (size_t i = 0; i < paths.count && status == RCX_OK; i++) {
        state->file_count = i + 1;
        status = open_file(state, paths.items[i], &state->files[i], err);
    }
    rcx_free(paths.items);
    return status;
}

void rcx_ingest_close_files(struct rcx_ingest_state *state)
{
    for (size_t i = 0; i < state->file_count; i++) {
        rcx_source_close(state->files[i].source);
        rcx_free(state->files[i].columns);
    }
    rcx_free(state->files);
    state->files = NULL;
    state->file_count = 0;
}
