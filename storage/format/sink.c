#include "storage/format/sink.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/format/sink_format.h"

static const struct rcx_sink_format *const formats[] = {&rcx_sink_csv, &rcx_sink_parquet,
                                                        &rcx_sink_arrow};
enum { RCX_EXTENSION_BYTES = 32 };
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

const char *rcx_sink_compression(const char *path)
{
    static const char *const endings[] = {".gz", "gzip", ".zst", "zstd"};
    size_t length = strlen(path);
    for (size_t i = 0; i < 4; i += 2) {
        size_t ending = strlen(endings[i]);
        struct rcx_text end = {path + length - ending, ending};
        if (length > ending && rcx_text_equal_nocase(end, endings[i]))
            return endings[i + 1];
    }
    return NULL;
}

/* The text from the last dot of the last path component on, without an ending of compression; empty
 * when there is none. */
static struct rcx_text extension_of(const char *path)
{
    size_t end = strlen(path);
    if (rcx_sink_compression(path))
        while (path[--end] != '.')
            ;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '.' && path[begin - 1] != '/')
        begin--;
    if (begin == 0 || path[begin - 1] == '/')
        begin = end;
    else
        begin--;
    return (struct rcx_text){path + begin, end - begin};
}

static enum rcx_status unknown_format(const char *path, const char *name, struct rcx_error *err)
{
    const char *names[FORMAT_COUNT];
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        names[i] = name ? formats[i]->name : formats[i]->extension;
    char extension[RCX_EXTENSION_BYTES];
    struct rcx_text found = extension_of(path);
    snprintf(extension, sizeof extension, "%.*s", (int)(found.length < 30 ? found.length : 30),
             found.data);
    const char *seen = name ? name : extension;
    if (seen[0] == '\0')
        return rcx_fail(
            err, RCX_E_USAGE,
            "%s: no file name extension that tells the format; expected .csv, .parquet or .arrow",
            path);
    const char *near = rcx_suggest(seen, names, FORMAT_COUNT);
    const char *what = name ? "output format" : "file name extension of an output";
    if (near)
        return rcx_fail(err, RCX_E_USAGE, "%s: unknown %s '%s'; did you mean '%s'?", path, what,
                        seen, near);
    return rcx_fail(err, RCX_E_USAGE, "%s: unknown %s '%s'; known are csv, parquet and arrow%s",
                    path, what, seen, name ? "" : " (by extension, or name the format)");
}

/* NULL: RCX_E_USAGE. */
static const struct rcx_sink_format *find_format(const char *path, const char *name,
                                                 struct rcx_error *err)
{
    struct rcx_text extension = extension_of(path);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (name ? strcmp(formats[i]->name, name) == 0
                 : rcx_text_equal_nocase(extension, formats[i]->extension)) {
            return formats[i];
        }
    }
    if (!name && strcmp(path, "-") == 0) /* a stream of text is what a pipe expects */
        return &rcx_sink_csv;
    (void)unknown_format(path, name, err);
    return NULL;
}

enum rcx_status rcx_sink_also_path(const char *path, const char *also, char **out,
                                   struct rcx_error *err)
{
    const struct rcx_sink_format *format = find_format(path, also, err);
    const struct rcx_sink_format *now = find_format(path, NULL, NULL);
    struct rcx_text extension = extension_of(path);
    struct rcx_buf text = {0};
    *out = NULL;
    if (!format)
        return RCX_E_USAGE;
    if (strcmp(path, "-") == 0 || !now || now == format)
        return RCX_OK;
    rcx_buf_append(&text, path, (size_t)(extension.data - path));
    rcx_buf_append(&text, format->extension, strlen(format->extension) + 1);
    if (!text.failed)
        *out = rcx_strdup((const char *)text.data);
    rcx_buf_release(&text);
    return *out ? RCX_OK : rcx_fail_nomem(err, path, strlen(path));
}

static void release(struct rcx_sink *sink)
{
    if (sink->format)
        sink->format->release(sink);
    for (size_t i = 0; i < sink->column_count; i++)
        rcx_free(sink->columns[i].name);
    rcx_free(sink->columns);
    for (size_t i = 0; i < sink->entry_count; i++) {
        rcx_free(sink->entries[i].key);
        rcx_free(sink->entries[i].value);
    }
    rcx_free(sink->entries);
    rcx_free(sink->path);
    rcx_free(sink);
}

static enum rcx_status open_sink(struct rcx_sink *sink, const char *path,
                                 const struct rcx_sink_options *options, struct rcx_error *err)
{
    sink->parallel.threads = options->parallel.threads ? options->parallel.threads : 1;
    sink->nulls_as_in_first = options->nulls_as_in_first != 0;
    sink->path = rcx_strdup(path);
    if (!sink->path)
        return rcx_fail_nomem(err, path, strlen(path));
    enum rcx_status status = sink->format->open(sink, options, err);
    for (size_t i = 0; !status && i < options->metadata_count; i++)
        status = rcx_sink_set_metadata(sink, options->metadata[i].key, options->metadata[i].value,
                                       err);
    if (status)
        return status;
    struct rcx_file_writer_options file = {.no_sync = options->no_sync != 0};
    return rcx_file_writer_open(path, &file, &sink->file, err);
}

static enum rcx_status open_one(const char *path, const struct rcx_sink_options *options,
                                struct rcx_sink **out, struct rcx_error *err)
{
    const struct rcx_sink_format *format = find_format(path, options->format, err);
    if (!format)
        return RCX_E_USAGE;
    if (format->binary && strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
        return rcx_fail(err, RCX_E_USAGE,
                        "standard output is a terminal, and %s is a binary format; give a file "
                        "name or redirect the output",
                        format->name);
    if (format->binary && rcx_sink_compression(path))
        return rcx_fail(err, RCX_E_USAGE,
                        "%s: %s files are compressed inside; leave the second extension away", path,
                        format->name);
    struct rcx_sink *sink = rcx_calloc(1, sizeof *sink);
    if (!sink)
        return rcx_fail_nomem(err, path, sizeof *sink);
    sink->format = format;
    enum rcx_status status = open_sink(sink, path, options, err);
    if (status) {
        release(sink);
        return status;
    }
    *out = sink;
    return RCX_OK;
}

static enum rcx_status open_beside(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                   struct rcx_error *err)
{
    struct rcx_sink_options own = *options;
    char *path = NULL;
    own.format = own.also;
    own.also = NULL;
    enum rcx_status status = rcx_sink_also_path(sink->path, own.format, &path, err);
    if (status == RCX_OK && path)
        status = open_one(path, &own, &sink->beside, err);
    rcx_free(path);
    return status;
}

enum rcx_status rcx_sink_open(const char *path, const struct rcx_sink_options *options,
                              struct rcx_sink **out, struct rcx_error *err)
{
    static const struct rcx_sink_options defaults;
    struct rcx_sink *sink = NULL;
    enum rcx_status status = open_one(path, options ? options : &defaults, &sink, err);
    if (status == RCX_OK && options && options->also)
        status = open_beside(sink, options, err);
    if (status == RCX_OK)
        *out = sink;
    else
        rcx_sink_abort(sink);
    return status;
}

static enum rcx_status set_schema(struct rcx_sink *sink, const struct rcx_table *table,
                                  struct rcx_error *err)
{
    size_t count = table->column_count;
    sink->columns = rcx_calloc(count ? count : 1, sizeof *sink->columns);
    if (!sink->columns)
        return rcx_fail_nomem(err, sink->path, count * sizeof *sink->columns);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_column *column = &table->columns[i];
        struct rcx_sink_column *own = &sink->columns[i];
        own->type = column->type;
        own->scale = column->scale;
        own->nullable = !sink->nulls_as_in_first || column->type == RCX_TYPE_REAL ||
                        column->valid != NULL;
        own->name = rcx_strdup(column->name);
        if (!own->name)
            return rcx_fail_nomem(err, sink->path, strlen(column->name));
        sink->column_count = i + 1;
    }
    sink->has_schema = true;
    return sink->format->begin(sink, err);
}

static enum rcx_status check_schema(const struct rcx_sink *sink, const struct rcx_table *table,
                                    struct rcx_error *err)
{
    if (table->column_count != sink->column_count)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: a table of %zu columns follows one of %zu",
                        sink->path, table->column_count, sink->column_count);
    for (size_t i = 0; i < sink->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        const struct rcx_sink_column *own = &sink->columns[i];
        if (strcmp(column->name, own->name) != 0 || column->type != own->type ||
            (own->type == RCX_TYPE_DECIMAL && column->scale != own->scale))
            return rcx_fail(err, RCX_E_INTERNAL,
                            "%s: column %zu is '%s' (%s, scale %u), in the first table it was '%s' "
                            "(%s, scale %u)",
                            sink->path, i + 1, column->name, rcx_type_name(column->type),
                            column->scale, own->name, rcx_type_name(own->type), own->scale);
        if (!own->nullable && rcx_column_null_count(column) > 0)
            return rcx_fail(err, RCX_E_INTERNAL,
                            "%s: column '%s' has nulls, but had no validity in the first table",
                            sink->path, own->name);
    }
    return RCX_OK;
}

enum rcx_status rcx_sink_write(struct rcx_sink *sink, const struct rcx_table *table,
                               struct rcx_error *err)
{
    enum rcx_status status = sink->has_schema ? check_schema(sink, table, err)
                                              : set_schema(sink, table, err);
    if (status == RCX_OK && table->rows > 0)
        status = sink->format->write(sink, table, err);
    if (status == RCX_OK && sink->beside)
        status = rcx_sink_write(sink->beside, table, err);
    return status;
}

enum rcx_status rcx_sink_set_metadata(struct rcx_sink *sink, const char *key, const char *value,
                                      struct rcx_error *err)
{
    enum rcx_status status = sink->beside ? rcx_sink_set_metadata(sink->beside, key, value, err)
                                          : RCX_OK;
    char *own_value = status ? NULL : rcx_strdup(value);
    if (status)
        return status;
    if (!own_value)
        return rcx_fail_nomem(err, key, strlen(value));
    for (size_t i = 0; i < sink->entry_count; i++) {
        if (strcmp(sink->entries[i].key, key) == 0) {
            rcx_free(sink->entries[i].value);
            sink->entries[i].value = own_value;
            return RCX_OK;
        }
    }
    char *own_key = rcx_strdup(key);
    if (!own_key || !rcx_array_reserve(&sink->entries, &sink->entry_capacity, sink->entry_count + 1,
                                       sizeof *sink->entries)) {
        rcx_free(own_key);
        rcx_free(own_value);
        return rcx_fail_nomem(err, key, strlen(value));
    }
    sink->entries[sink->entry_count++] = (struct rcx_sink_entry){own_key, own_value};
    return RCX_OK;
}

enum rcx_status rcx_sink_commit(struct rcx_sink *sink, struct rcx_error *err)
{
    struct rcx_sink *beside = sink->beside;
    sink->beside = NULL;
    enum rcx_status status = sink->format->finish(sink, err);
    if (status)
        rcx_sink_abort(beside);
    else if (beside)
        status = rcx_sink_commit(beside, err);
    if (status) {
        rcx_sink_abort(sink);
        return status;
    }
    status = rcx_file_writer_commit(sink->file, err);
    release(sink);
    return status;
}

void rcx_sink_abort(struct rcx_sink *sink)
{
    if (!sink)
        return;
    rcx_sink_abort(sink->beside);
    rcx_file_writer_abort(sink->file);
    release(sink);
}

enum rcx_status rcx_sink_write_table(const char *path, const struct rcx_sink_options *options,
                                     const struct rcx_table *table, struct rcx_error *err)
{
    struct rcx_sink_options own = options ? *options : (struct rcx_sink_options){0};
    own.nulls_as_in_first = 1;
    struct rcx_sink *sink = NULL;
    enum rcx_status status = rcx_sink_open(path, &own, &sink, err);
    if (status)
        return status;
    status = rcx_sink_write(sink, table, err);
    if (status) {
        rcx_sink_abort(sink);
        return status;
    }
    return rcx_sink_commit(sink, err);
}
