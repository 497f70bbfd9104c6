#include "storage/format/source.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/foreign.h"
#include "storage/format/source_format.h"

/* Asked in this order. */
static const struct rcx_source_format *const formats[] = {
    &rcx_source_format_parquet,
    &rcx_source_format_xlsx,
    &rcx_source_format_csv,
};

struct rcx_source {
    const struct rcx_source_format *format;
    struct rcx_byte_source *bytes; /* owned by the format's state, read here for digest and size */
    struct rcx_source_info info;
    void *state;
};

enum { PROBE_BYTES = 512 };

static enum rcx_status choose(struct rcx_source *source, const char *name, struct rcx_text probe,
                              struct rcx_error *err)
{
    const uint8_t *bytes = (const uint8_t *)probe.data;
    if (probe.length == 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: the file is empty", name);
    enum rcx_status status = rcx_foreign_refuse(name, probe, source->bytes, err);
    if (status != RCX_OK)
        return status;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0] && !source->format; i++) {
        if (formats[i]->matches(bytes, probe.length))
            source->format = formats[i];
    }
    if (!source->format)
        return rcx_fail(err, RCX_E_INPUT, "%s: not a format that can be read", name);
    return RCX_OK;
}

static enum rcx_status open_format(struct rcx_source *source, const char *name,
                                   const struct rcx_source_options *options, struct rcx_error *err)
{
    char probe[PROBE_BYTES];
    size_t length = 0;
    enum rcx_status status = rcx_byte_source_read(source->bytes, (uint8_t *)probe, sizeof probe,
                                                  &length, err);
    struct rcx_text begins = {probe, length};
    if (status == RCX_OK)
        status = choose(source, name, begins, err);
    if (status == RCX_OK && options->sheet_count > 0 && source->format != &rcx_source_format_xlsx)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: is no workbook and has no sheet '%s' (--sheet, ingest.sheets)", name,
                          options->sheets[0]);
    if (status != RCX_OK) {
        rcx_byte_source_close(source->bytes);
        return status;
    }
    status = source->format->open(name, source->bytes, begins, options, &source->state,
                                  &source->info, err);
    source->info.format = source->format->name;
    return status;
}

enum rcx_status rcx_source_open(const char *path, const struct rcx_source_options *options,
                                struct rcx_source **out, struct rcx_error *err)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct rcx_source *source = rcx_calloc(1, sizeof *source);
    if (!source)
        return rcx_fail_nomem(err, name, sizeof *source);
    enum rcx_status status = rcx_byte_source_open(path, options->spool_directory, &source->bytes,
                                                  err);
    if (status == RCX_OK)
        status = open_format(source, name, options, err);
    if (status != RCX_OK) {
        rcx_free(source);
        return status;
    }
    source->info.compressed = rcx_byte_source_compressed(source->bytes);
    *out = source;
    return RCX_OK;
}

void rcx_source_close(struct rcx_source *source)
{
    if (!source)
        return;
    source->format->close(source->state);
    rcx_free(source);
}

const struct rcx_source_info *rcx_source_info(const struct rcx_source *source)
{
    return &source->info;
}

enum rcx_status rcx_source_next(struct rcx_source *source, const struct rcx_parallel *parallel,
                                struct rcx_source_window *out, struct rcx_error *err)
{
    return source->format->next(source->state, parallel, out, err);
}

void rcx_source_select(struct rcx_source *source, const bool *wanted)
{
    if (source->format->select)
        source->format->select(source->state, wanted);
}

enum rcx_status rcx_source_prefetch(struct rcx_source *source, struct rcx_error *err)
{
    return source->format->prefetch(source->state, err);
}

struct rcx_source_mark rcx_source_mark(const struct rcx_source *source)
{
    return source->format->mark(source->state);
}

enum rcx_status rcx_source_seek(struct rcx_source *source, struct rcx_source_mark mark,
                                struct rcx_error *err)
{
    return source->format->seek(source->state, mark, err);
}

struct rcx_digest rcx_source_digest(const struct rcx_source *source)
{
    return rcx_byte_source_digest(source->bytes);
}

uint64_t rcx_source_size(const struct rcx_source *source)
{
    return rcx_byte_source_size(source->bytes);
}

uint64_t rcx_source_consumed(const struct rcx_source *source)
{
    return source->format->consumed ? source->format->consumed(source->state)
                                    : rcx_byte_source_consumed(source->bytes);
}
