#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/ingest/choices.h"
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

/* The files in a directory, in byte order; those whose names begin with '.' or '_' are notes of
 * programs (.crc, _SUCCESS). */
static enum rcx_status expand_directory(const char *input, struct paths *paths,
                                        struct rcx_error *err)
{
    struct rcx_names names = {0};
    size_t before = paths->count;
    enum rcx_status status = rcx_directory_list(input, &names, err);
    for (size_t i = 0; i < names.count && status == RCX_OK; i++) {
        if (names.names[i][0] == '.' || names.names[i][0] == '_')
            continue;
        char *path = rcx_path_join(input, names.names[i]);
        bool ok = path && (rcx_directory_exists(path) || add_path(paths, path));
        rcx_free(path);
        if (!ok)
            status = rcx_fail_nomem(err, input, 0);
    }
    rcx_names_release(&names);
    if (status == RCX_OK && paths->count == before)
        status = rcx_fail(err, RCX_E_IO, "%s: is a directory without files", input);
    return status;
}

static enum rcx_status expand_pattern(const char *input, struct paths *paths, struct rcx_error *err)
{
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

/* A directory stands for its files; a pattern for which no file has the name itself is expanded, in
 * byte order. */
static enum rcx_status expand(const char *input, struct paths *paths, struct rcx_error *err)
{
    struct stat info = {0};
    bool there = strcmp(input, "-") == 0 || stat(input, &info) == 0;
    if (there && S_ISDIR(info.st_mode))
        return expand_directory(input, paths, err);
    if (!there && strpbrk(input, "*?["))
        return expand_pattern(input, paths, err);
    return add_path(paths, input) ? RCX_OK : rcx_fail_nomem(err, input, 0);
}

static enum rcx_status open_source(struct rcx_ingest_state *state, const char *path,
                                   struct rcx_source **out, struct rcx_error *err)
{
    const struct rcx_ingest_options *options = state->options;
    bool tight = state->memory_limit < (UINT64_C(1) << 30);
    struct rcx_chosen_columns columns = {&state->config, options->maps, options->map_count};
    const struct rcx_source_options source_options = {
        .delimiter = rcx_chosen_delimiter(&state->config),
        .window_bytes = options->window_bytes ? options->window_bytes : (tight ? 4u << 20 : 0),
        .chunk_bytes = options->chunk_bytes,
        .max_record_bytes = state->config.max_line_bytes,
        .spool_directory = state->temp_directory,
        .sheets = (const char *const *)state->config.sheets.items,
        .sheet_count = state->config.sheets.count,
        .usable = rcx_chosen_columns_found,
        .usable_context = &columns};
    return rcx_source_open(path, &source_options, out, err);
}

/* The names of the columns, for as long as the ingest lasts. */
static enum rcx_status keep_columns(struct rcx_ingest_file *file,
                                    const struct rcx_source_info *info, struct rcx_error *err)
{
    file->columns = rcx_calloc(info->column_count, sizeof *file->columns);
    if (!file->columns)
        return rcx_fail_nomem(err, file->name, info->column_count);
    file->column_count = info->column_count;
    for (size_t i = 0; i < info->column_count; i++) {
        file->columns[i].utc = info->columns[i].utc;
        file->columns[i].name = rcx_strdup(info->columns[i].name);
        if (!file->columns[i].name)
            return rcx_fail_nomem(err, file->name, info->column_count);
    }
    return RCX_OK;
}

static enum rcx_status open_file(struct rcx_ingest_state *state, const char *path,
                                 struct rcx_ingest_file *file, struct rcx_error *err)
{
    struct stat info;
    file->path = path;
    file->name = strcmp(path, "-") == 0 ? "standard input" : path;
    file->reopens = strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    enum rcx_status status = open_source(state, path, &file->source, err);
    if (status != RCX_OK)
        return status;
    struct rcx_source_info seen = *rcx_source_info(file->source);
    file->size = rcx_source_size(file->source);
    file->header = seen.header;
    status = keep_columns(file, &seen, err);
    seen.columns = file->columns;
    if (status == RCX_OK)
        status = rcx_mapping_find(file->name, &seen, &state->config, state->options->maps,
                                  state->options->map_count, &file->mapping, err);
    return status;
}

enum rcx_status rcx_ingest_wake(struct rcx_ingest_state *state, struct rcx_ingest_file *file,
                                struct rcx_error *err)
{
    if (file->source)
        return RCX_OK;
    enum rcx_status status = open_source(state, file->path, &file->source, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_source_info *info = rcx_source_info(file->source);
    bool same = info->column_count == file->column_count;
    for (size_t i = 0; same && i < info->column_count; i++)
        same = strcmp(info->columns[i].name, file->columns[i].name) == 0;
    file->header = info->header;
    return same ? RCX_OK : rcx_fail(err, RCX_E_IO, "%s: changed while it was read", file->name);
}

void rcx_ingest_park(struct rcx_ingest_state *state, struct rcx_ingest_file *file)
{
    if (!file->reopens || state->input_count == 1)
        return;
    rcx_source_close(file->source);
    file->source = NULL;
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
    state->input_count = paths.count;
    for (size_t i = 0; i < paths.count && status == RCX_OK; i++) {
        state->file_count = i + 1;
        status = open_file(state, paths.items[i], &state->files[i], err);
        if (status == RCX_OK)
            rcx_ingest_park(state, &state->files[i]);
    }
    rcx_free(paths.items);
    return status;
}

void rcx_ingest_close_files(struct rcx_ingest_state *state)
{
    for (size_t i = 0; i < state->file_count; i++) {
        struct rcx_ingest_file *file = &state->files[i];
        rcx_source_close(file->source);
        for (size_t c = 0; c < file->column_count; c++)
            rcx_free(file->columns[c].name);
        rcx_free(file->columns);
    }
    rcx_free(state->files);
    state->files = NULL;
    state->file_count = 0;
}
