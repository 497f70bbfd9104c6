#include "storage/format/parquet_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/format/parquet_footer.h"
#include "storage/format/parquet_index.h"
#include "storage/format/sink_format.h"

struct rcx_parquet_source {
    struct rcx_parquet_file file;
    struct rcx_parquet_footer footer; /* what a writer of this file had in memory */
    struct rcx_sink_column *columns;
    struct rcx_sink_entry *entries;
    size_t *sorted_by;
    int lock; /* descriptor, -1: none */
};

static enum rcx_status foreign(const struct rcx_parquet_source *source, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: not as rcx writes Parquet files, so its rows cannot be taken over",
                    source->file.path);
}

/* --- the writer's memory, from the file ---------------------------------------------------- */

static enum rcx_status restore_columns(struct rcx_parquet_source *source, struct rcx_error *err)
{
    size_t count = source->file.leaf_count;
    source->columns = rcx_calloc(count ? count : 1, sizeof *source->columns);
    if (!source->columns)
        return rcx_fail_nomem(err, source->file.path, count * sizeof *source->columns);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_parquet_leaf *leaf = &source->file.leaves[i];
        if (leaf->type == RCX_TYPE_COUNT)
            return foreign(source, err);
        source->columns[i] = (struct rcx_sink_column){.name = leaf->name,
                                                      .type = leaf->type,
                                                      .scale = leaf->scale,
                                                      .nullable = leaf->nullable};
    }
    source->footer.columns = source->columns;
    source->footer.column_count = count;
    return RCX_OK;
}

static enum rcx_status restore_entries(struct rcx_parquet_source *source, struct rcx_error *err)
{
    const struct rcx_parquet_metadata *metadata = &source->file.metadata;
    size_t count = metadata->entry_count;
    source->entries = rcx_calloc(count ? count : 1, sizeof *source->entries);
    if (!source->entries)
        return rcx_fail_nomem(err, source->file.path, count * sizeof *source->entries);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_parquet_entry *entry = &metadata->entries[i];
        if (!entry->key.data || !entry->value.data)
            return foreign(source, err);
        source->footer.entry_count = i + 1;
        source->entries[i].key = rcx_strndup(entry->key.data, entry->key.length);
        source->entries[i].value = rcx_strndup(entry->value.data, entry->value.length);
        if (!source->entries[i].key || !source->entries[i].value)
            return rcx_fail_nomem(err, source->file.path, entry->value.length);
    }
    source->footer.entries = source->entries;
    return RCX_OK;
}

/* All row groups are sorted in the same way, or the footer will not be the same. */
static enum rcx_status restore_sorting(struct rcx_parquet_source *source, struct rcx_error *err)
{
    const struct rcx_parquet_metadata *metadata = &source->file.metadata;
    size_t count = metadata->group_count ? metadata->groups[0].sorting_count : 0;
    source->sorted_by = rcx_calloc(count ? count : 1, sizeof *source->sorted_by);
    if (!source->sorted_by)
        return rcx_fail_nomem(err, source->file.path, count * sizeof *source->sorted_by);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_parquet_sorting *sorting =
            &metadata->sortings[metadata->groups[0].first_sorting + i];
        if (sorting->column < 0 || (size_t)sorting->column >= source->file.leaf_count)
            return foreign(source, err);
        source->sorted_by[i] = (size_t)sorting->column;
    }
    source->footer.sorted_by = source->sorted_by;
    source->footer.sorted_by_count = count;
    return RCX_OK;
}

static bool restore_bound(struct rcx_text text, bool exact, struct rcx_parquet_bound *out)
{
    if (text.length > RCX_PARQUET_BOUND_BYTES)
        return false;
    out->length = (uint8_t)text.length;
    out->exact = exact;
    memcpy(out->bytes, text.data, text.length);
    return true;
}

static enum rcx_status restore_chunk(const struct rcx_parquet_source *source, size_t group,
                                     size_t leaf, struct rcx_parquet_chunk *out,
                                     struct rcx_error *err)
{
    const struct rcx_parquet_chunk_info *info = rcx_parquet_chunk_of(&source->file, group, leaf);
    bool dictionary = info->dictionary_offset > 0;
    if (info->nulls < 0 || (dictionary && info->dictionary_offset >= info->data_offset))
        return foreign(source, err);
    out->offset = dictionary ? info->dictionary_offset : info->data_offset;
    out->dictionary_bytes = info->data_offset - out->offset;
    out->stored_bytes = info->stored_bytes;
    out->plain_bytes = info->plain_bytes;
    out->rows = info->values;
    out->nulls = (uint64_t)info->nulls;
    out->bounds.known = info->has_bounds;
    if (info->has_bounds &&
        (!restore_bound(info->least, info->least_exact, &out->bounds.least) ||
         !restore_bound(info->greatest, info->greatest_exact, &out->bounds.greatest)))
        return foreign(source, err);
    return rcx_parquet_index_read(&source->file, group, leaf, out, err);
}

static enum rcx_status restore_group(struct rcx_parquet_source *source, size_t group,
                                     struct rcx_error *err)
{
    struct rcx_parquet_footer *footer = &source->footer;
    size_t columns = footer->column_count;
    struct rcx_parquet_group *out = &footer->groups[group];
    out->rows = source->file.metadata.groups[group].rows;
    out->chunks = rcx_calloc(columns ? columns : 1, sizeof *out->chunks);
    footer->group_count = group + 1;
    if (!out->chunks)
        return rcx_fail_nomem(err, source->file.path, columns * sizeof *out->chunks);
    for (size_t leaf = 0; leaf < columns; leaf++) {
        int32_t codec = rcx_parquet_chunk_of(&source->file, group, leaf)->codec;
        if (leaf > 0 && codec != (int32_t)out->codec)
            return foreign(source, err);
        out->codec = (enum rcx_parquet_codec)codec;
        enum rcx_status status = restore_chunk(source, group, leaf, &out->chunks[leaf], err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

static enum rcx_status restore_groups(struct rcx_parquet_source *source, struct rcx_error *err)
{
    size_t count = source->file.metadata.group_count;
    if (!rcx_array_reserve(&source->footer.groups, &source->footer.group_capacity, count + 1,
                           sizeof *source->footer.groups))
        return rcx_fail_nomem(err, source->file.path, count * sizeof *source->footer.groups);
    for (size_t g = 0; g < count; g++) {
        source->footer.groups[g] = (struct rcx_parquet_group){0};
        enum rcx_status status = restore_group(source, g, err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

/* Where the chunks of the last row group end and the page index begins. */
static uint64_t chunks_end(const struct rcx_parquet_footer *footer)
{
    uint64_t end = 4; /* the magic */
    for (size_t g = 0; g < footer->group_count; g++) {
        for (size_t c = 0; c < footer->column_count; c++) {
            const struct rcx_parquet_chunk *chunk = &footer->groups[g].chunks[c];
            if (chunk->offset + chunk->stored_bytes > end)
                end = chunk->offset + chunk->stored_bytes;
        }
    }
    return end;
}

/* Whether a writer with this memory would have ended the file as it ends. */
static enum rcx_status check_same_footer(struct rcx_parquet_source *source, struct rcx_error *err)
{
    struct rcx_buf bytes = {0}, scratch = {0};
    const struct rcx_map *map = &source->file.map;
    uint64_t end = chunks_end(&source->footer);
    rcx_parquet_footer_append(&source->footer, end, &bytes, &scratch);
    enum rcx_status status = RCX_OK;
    if (bytes.failed)
        status = rcx_fail_nomem(err, source->file.path, bytes.length);
    else if (end > map->length || bytes.length != map->length - end ||
             memcmp(bytes.data, map->data + end, bytes.length) != 0)
        status = foreign(source, err);
    rcx_buf_release(&bytes);
    rcx_buf_release(&scratch);
    return status;
}

static enum rcx_status restore(struct rcx_parquet_source *source, struct rcx_error *err)
{
    source->footer.created_by = source->file.metadata.created_by;
    enum rcx_status status = restore_columns(source, err);
    if (status == RCX_OK)
        status = restore_entries(source, err);
    if (status == RCX_OK)
        status = restore_sorting(source, err);
    if (status == RCX_OK)
        status = restore_groups(source, err);
    return status == RCX_OK ? check_same_footer(source, err) : status;
}

/* --- the source ---------------------------------------------------------------------------- */

static enum rcx_status lock(struct rcx_parquet_source *source, const char *path,
                            struct rcx_error *err)
{
    struct stat held, named;
    source->lock = open(path, O_RDONLY | O_CLOEXEC);
    if (source->lock < 0)
        return rcx_fail_errno(err, errno, "%s: cannot open", path);
    bool busy = flock(source->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    /* Whoever had it until now has put another file in its place. */
    bool replaced = fstat(source->lock, &held) != 0 || stat(path, &named) != 0 ||
                    held.st_ino != named.st_ino || held.st_dev != named.st_dev;
    if (busy || replaced)
        return rcx_fail(err, RCX_E_BUSY,
                        "%s: another program is adding to it; wait for it to end, then try again",
                        path);
    return RCX_OK;
}

enum rcx_status rcx_parquet_source_open(const char *path, struct rcx_parquet_source **out,
                                        struct rcx_error *err)
{
    struct rcx_parquet_source *source = rcx_calloc(1, sizeof *source);
    if (!source)
        return rcx_fail_nomem(err, path, sizeof *source);
    source->lock = -1;
    enum rcx_status status = lock(source, path, err);
    if (status == RCX_OK)
        status = rcx_parquet_file_open(path, &source->file, err);
    if (status == RCX_OK)
        status = restore(source, err);
    if (status != RCX_OK) {
        rcx_parquet_source_close(source);
        return status;
    }
    *out = source;
    return RCX_OK;
}

void rcx_parquet_source_close(struct rcx_parquet_source *source)
{
    if (!source)
        return;
    for (size_t i = 0; source->entries && i < source->footer.entry_count; i++) {
        rcx_free(source->entries[i].key);
        rcx_free(source->entries[i].value);
    }
    rcx_parquet_footer_release_groups(&source->footer);
    rcx_free(source->entries);
    rcx_free(source->columns);
    rcx_free(source->sorted_by);
    rcx_parquet_file_close(&source->file);
    if (source->lock >= 0)
        close(source->lock);
    rcx_free(source);
}

const struct rcx_parquet_file *rcx_parquet_source_file(const struct rcx_parquet_source *source)
{
    return &source->file;
}

/* --- copying ------------------------------------------------------------------------------- */

/* An empty table of the source's columns: gives the sink its schema, or checks the one it has. */
static enum rcx_status put_schema(struct rcx_sink *sink, const struct rcx_parquet_source *source,
                                  struct rcx_error *err)
{
    struct rcx_table table = {0};
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < source->file.leaf_count && status == RCX_OK; i++) {
        const struct rcx_parquet_leaf *leaf = &source->file.leaves[i];
        struct rcx_column *column = rcx_table_add(&table, leaf->name, leaf->type);
        if (column)
            column->scale = leaf->scale;
        else
            status = rcx_fail_nomem(err, sink->path, strlen(leaf->name));
    }
    if (status == RCX_OK)
        status = rcx_sink_write(sink, &table, err);
    rcx_table_release(&table);
    return status;
}

static enum rcx_status check_sink(const struct rcx_sink *sink,
                                  const struct rcx_parquet_footer *footer,
                                  const struct rcx_parquet_source *source, struct rcx_error *err)
{
    const struct rcx_parquet_footer *from = &source->footer;
    for (size_t i = 0; i < sink->column_count; i++)
        if (sink->columns[i].nullable != source->columns[i].nullable)
            return rcx_fail(err, RCX_E_INTERNAL, "%s: column '%s' may hold null in one file only",
                            sink->path, sink->columns[i].name);
    if (footer->sorted_by_count != from->sorted_by_count ||
        memcmp(footer->sorted_by, from->sorted_by,
               from->sorted_by_count * sizeof *from->sorted_by) != 0)
        return rcx_fail(err, RCX_E_INPUT, "%s: its rows come in another order than those of %s",
                        source->file.path, sink->path);
    return RCX_OK;
}

static enum rcx_status copy_chunk(struct rcx_sink *sink, const struct rcx_parquet_source *source,
                                  const struct rcx_parquet_chunk *from,
                                  struct rcx_parquet_chunk *out, struct rcx_error *err)
{
    *out = *from;
    out->pages = NULL;
    out->page_count = out->page_capacity = 0;
    if (!rcx_array_reserve(&out->pages, &out->page_capacity, from->page_count + 1,
                           sizeof *out->pages))
        return rcx_fail_nomem(err, sink->path, from->page_count * sizeof *out->pages);
    memcpy(out->pages, from->pages, from->page_count * sizeof *out->pages);
    out->page_count = from->page_count;
    out->offset = rcx_file_writer_position(sink->file);
    return rcx_file_writer_write(sink->file, source->file.map.data + from->offset,
                                 (size_t)from->stored_bytes, err);
}

static enum rcx_status copy_group(struct rcx_sink *sink, struct rcx_parquet_footer *footer,
                                  const struct rcx_parquet_source *source, size_t index,
                                  struct rcx_error *err)
{
    const struct rcx_parquet_group *from = &source->footer.groups[index];
    if (!rcx_array_reserve(&footer->groups, &footer->group_capacity, footer->group_count + 1,
                           sizeof *footer->groups))
        return rcx_fail_nomem(err, sink->path, sizeof *footer->groups);
    struct rcx_parquet_group *out = &footer->groups[footer->group_count];
    *out = (struct rcx_parquet_group){.rows = from->rows, .codec = from->codec};
    out->chunks = rcx_calloc(footer->column_count ? footer->column_count : 1, sizeof *out->chunks);
    if (!out->chunks)
        return rcx_fail_nomem(err, sink->path, footer->column_count * sizeof *out->chunks);
    footer->group_count++;
    enum rcx_status status = RCX_OK;
    for (size_t c = 0; c < footer->column_count && status == RCX_OK; c++)
        status = copy_chunk(sink, source, &from->chunks[c], &out->chunks[c], err);
    return status;
}

enum rcx_status rcx_parquet_copy_groups(struct rcx_sink *sink,
                                        const struct rcx_parquet_source *source, size_t first,
                                        size_t count, struct rcx_error *err)
{
    struct rcx_parquet_footer *footer = NULL;
    enum rcx_status status = put_schema(sink, source, err);
    if (status == RCX_OK)
        status = rcx_sink_parquet_footer(sink, &footer, err);
    if (status == RCX_OK)
        status = check_sink(sink, footer, source, err);
    for (size_t g = first; g < first + count && status == RCX_OK; g++)
        status = copy_group(sink, footer, source, g, err);
    return status;
}
