#include "storage/format/parquet_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "storage/format/parquet_statistics.h"
#include "storage/format/parquet_values.h"

static const char magic[4] = {'P', 'A', 'R', '1'};
enum { MAGIC_BYTES = 4, TAIL_BYTES = 8 }; /* the footer's length, then the magic */

static enum rcx_status corrupt(const char *path, const char *what, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_CORRUPT, "%s: %s", path, what);
}

/* --- schema -------------------------------------------------------------------------------- */

/* Our type of a column, RCX_TYPE_COUNT when it is none. */
static enum rcx_type type_of_int32(const struct rcx_parquet_element *element)
{
    if (element->logical == RCX_PARQUET_LOGICAL_DATE ||
        (element->logical == 0 && element->converted == RCX_PARQUET_DATE))
        return RCX_TYPE_DATE;
    if (element->logical == RCX_PARQUET_LOGICAL_INTEGER) {
        if (!element->integer_signed)
            return RCX_TYPE_COUNT;
        return element->integer_bits == 8 ? RCX_TYPE_INT8 : RCX_TYPE_INT32;
    }
    if (element->converted == RCX_PARQUET_INT_8)
        return RCX_TYPE_INT8;
    bool plain = element->converted == RCX_PARQUET_CONVERTED_NONE ||
                 element->converted == RCX_PARQUET_INT_32;
    return element->logical == 0 && plain ? RCX_TYPE_INT32 : RCX_TYPE_COUNT;
}

static enum rcx_type type_of_int64(const struct rcx_parquet_element *element)
{
    enum { MICROSECONDS = 2 };
    bool has_scale = element->scale >= 0 && element->scale <= RCX_PARQUET_DECIMAL_DIGITS;
    if (element->logical == RCX_PARQUET_LOGICAL_DECIMAL ||
        (element->logical == 0 && element->converted == RCX_PARQUET_DECIMAL))
        return has_scale ? RCX_TYPE_DECIMAL : RCX_TYPE_COUNT;
    if (element->logical == RCX_PARQUET_LOGICAL_TIMESTAMP)
        return element->time_unit == MICROSECONDS && !element->is_utc ? RCX_TYPE_TIME
                                                                      : RCX_TYPE_COUNT;
    if (element->logical == RCX_PARQUET_LOGICAL_INTEGER)
        return element->integer_signed ? RCX_TYPE_INT64 : RCX_TYPE_COUNT;
    bool plain = element->converted == RCX_PARQUET_CONVERTED_NONE ||
                 element->converted == RCX_PARQUET_INT_64;
    return element->logical == 0 && plain ? RCX_TYPE_INT64 : RCX_TYPE_COUNT;
}

static enum rcx_type type_of(const struct rcx_parquet_element *element)
{
    switch (element->type) {
    case RCX_PARQUET_BOOLEAN:
        return RCX_TYPE_BOOL;
    case RCX_PARQUET_INT32:
        return type_of_int32(element);
    case RCX_PARQUET_INT64:
        return type_of_int64(element);
    case RCX_PARQUET_DOUBLE:
        return RCX_TYPE_REAL;
    case RCX_PARQUET_BYTE_ARRAY:
        if (element->logical == RCX_PARQUET_LOGICAL_STRING ||
            (element->logical == 0 && element->converted == RCX_PARQUET_UTF8))
            return RCX_TYPE_TEXT;
        return RCX_TYPE_COUNT;
    default:
        return RCX_TYPE_COUNT;
    }
}

static enum rcx_status make_leaf(const char *path, const struct rcx_parquet_element *element,
                                 struct rcx_parquet_leaf *out, struct rcx_error *err)
{
    struct rcx_text name = element->name;
    if (element->type < 0 || element->children > 0 || element->repetition > RCX_PARQUET_OPTIONAL)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: column '%.*s' is nested or repeated, which is not supported", path,
                        (int)(name.length < 100 ? name.length : 100), name.data);
    if (memchr(name.data, 0, name.length) || rcx_utf8_check(name.data, name.length) != name.length)
        return corrupt(path, "a column's name is not UTF-8", err);
    out->physical = (enum rcx_parquet_type)element->type;
    out->type = type_of(element);
    out->scale = out->type == RCX_TYPE_DECIMAL ? (unsigned)element->scale : 0;
    out->nullable = element->repetition == RCX_PARQUET_OPTIONAL;
    out->name = rcx_strndup(name.data, name.length);
    return out->name ? RCX_OK : rcx_fail_nomem(err, path, name.length);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A table of ours cannot hold two columns of one name. */
static enum rcx_status check_names(const struct rcx_parquet_file *file, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    char **names = rcx_malloc_array(file->leaf_count + 1, sizeof *names);
    if (!names)
        return rcx_fail_nomem(err, file->path, file->leaf_count * sizeof *names);
    for (size_t i = 0; i < file->leaf_count; i++)
        names[i] = file->leaves[i].name;
    qsort(names, file->leaf_count, sizeof *names, compare_names);
    for (size_t i = 1; i < file->leaf_count && status == RCX_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = rcx_fail(err, RCX_E_INPUT, "%s: two columns have the name '%s'", file->path,
                              names[i]);
    rcx_free(names);
    return status;
}

static enum rcx_status make_leaves(struct rcx_parquet_file *file, struct rcx_error *err)
{
    const struct rcx_parquet_metadata *metadata = &file->metadata;
    if (metadata->element_count == 0)
        return corrupt(file->path, "the schema is empty", err);
    size_t count = metadata->element_count - 1;
    file->leaves = rcx_calloc(count ? count : 1, sizeof *file->leaves);
    if (!file->leaves)
        return rcx_fail_nomem(err, file->path, count * sizeof *file->leaves);
    for (size_t i = 0; i < count; i++) {
        enum rcx_status status = make_leaf(file->path, &metadata->elements[i + 1], &file->leaves[i],
                                           err);
        if (status != RCX_OK)
            return status;
        file->leaf_count = i + 1;
    }
    if (metadata->elements[0].children != count)
        return corrupt(file->path, "the schema is not complete", err);
    return check_names(file, err);
}

/* --- row groups ---------------------------------------------------------------------------- */

static uint64_t chunk_begin(const struct rcx_parquet_chunk_info *chunk)
{
    bool dictionary = chunk->dictionary_offset > 0 && chunk->dictionary_offset < chunk->data_offset;
    return dictionary ? chunk->dictionary_offset : chunk->data_offset;
}

static enum rcx_status check_group(const struct rcx_parquet_file *file, size_t group,
                                   struct rcx_error *err)
{
    const struct rcx_parquet_group_info *info = &file->metadata.groups[group];
    if (info->chunk_count != file->leaf_count)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: row group %zu has %zu columns, the schema %zu",
                        file->path, group, info->chunk_count, file->leaf_count);
    for (size_t leaf = 0; leaf < file->leaf_count; leaf++) {
        const struct rcx_parquet_chunk_info *chunk = rcx_parquet_chunk_of(file, group, leaf);
        const char *name = file->leaves[leaf].name;
        if (chunk->elsewhere)
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: column '%s' is encrypted or in another file, which is not "
                            "supported",
                            file->path, name);
        uint64_t begin = chunk_begin(chunk);
        if (begin < MAGIC_BYTES || begin > file->footer_offset ||
            chunk->stored_bytes > file->footer_offset - begin ||
            chunk->data_offset - begin > chunk->stored_bytes)
            return rcx_fail(err, RCX_E_CORRUPT,
                            "%s: column '%s' of row group %zu lies outside the file", file->path,
                            name, group);
        if (chunk->type != (int32_t)file->leaves[leaf].physical || chunk->values != info->rows)
            return rcx_fail(err, RCX_E_CORRUPT,
                            "%s: column '%s' of row group %zu is not as the schema says",
                            file->path, name, group);
    }
    return RCX_OK;
}

static enum rcx_status check_groups(const struct rcx_parquet_file *file, struct rcx_error *err)
{
    uint64_t rows = 0;
    for (size_t g = 0; g < file->metadata.group_count; g++) {
        enum rcx_status status = check_group(file, g, err);
        if (status != RCX_OK)
            return status;
        if (__builtin_add_overflow(rows, file->metadata.groups[g].rows, &rows))
            return corrupt(file->path, "impossible row counts", err);
    }
    if (rows != file->metadata.rows)
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: the row groups have %" PRIu64 " rows, the footer says %" PRIu64,
                        file->path, rows, file->metadata.rows);
    return RCX_OK;
}

/* --- open ---------------------------------------------------------------------------------- */

static enum rcx_status parse(struct rcx_parquet_file *file, struct rcx_error *err)
{
    const uint8_t *data = file->map.data;
    size_t length = file->map.length;
    if (length < MAGIC_BYTES + TAIL_BYTES || memcmp(data, magic, MAGIC_BYTES) != 0)
        return corrupt(file->path, "not a Parquet file (it does not begin with PAR1)", err);
    if (memcmp(data + length - MAGIC_BYTES, magic, MAGIC_BYTES) != 0)
        return corrupt(file->path, "cut short: it does not end with PAR1", err);
    struct rcx_cursor tail = rcx_cursor_of(data + length - TAIL_BYTES, TAIL_BYTES);
    uint32_t bytes = rcx_cursor_u32(&tail);
    if (bytes > length - MAGIC_BYTES - TAIL_BYTES)
        return corrupt(file->path, "the footer is longer than the file", err);
    file->footer_offset = length - TAIL_BYTES - bytes;
    enum rcx_status status = rcx_parquet_metadata_parse(data + file->footer_offset, bytes,
                                                        file->path, &file->metadata, err);
    if (status == RCX_OK)
        status = make_leaves(file, err);
    if (status == RCX_OK)
        status = check_groups(file, err);
    return status;
}

enum rcx_status rcx_parquet_file_open(const char *path, struct rcx_parquet_file *out,
                                      struct rcx_error *err)
{
    struct rcx_parquet_file file = {.path = rcx_strdup(path)};
    if (!file.path)
        return rcx_fail_nomem(err, path, strlen(path));
    enum rcx_status status = rcx_map_open(path, &file.map, err);
    if (status == RCX_OK)
        status = parse(&file, err);
    if (status != RCX_OK) {
        rcx_parquet_file_close(&file);
        return status;
    }
    *out = file;
    return RCX_OK;
}

void rcx_parquet_file_close(struct rcx_parquet_file *file)
{
    for (size_t i = 0; file->leaves && i < file->leaf_count; i++)
        rcx_free(file->leaves[i].name);
    rcx_free(file->leaves);
    rcx_parquet_metadata_release(&file->metadata);
    rcx_map_close(&file->map);
    rcx_free(file->path);
    *file = (struct rcx_parquet_file){0};
}

int rcx_parquet_file_find(const struct rcx_parquet_file *file, const char *name)
{
    for (size_t i = 0; i < file->leaf_count; i++)
        if (strcmp(file->leaves[i].name, name) == 0)
            return (int)i;
    return RCX_PARQUET_NO_LEAF;
}

struct rcx_text rcx_parquet_file_entry(const struct rcx_parquet_file *file, const char *key)
{
    for (size_t i = 0; i < file->metadata.entry_count; i++) {
        const struct rcx_parquet_entry *entry = &file->metadata.entries[i];
        if (entry->key.data && rcx_text_equal(entry->key, rcx_text_of(key)))
            return entry->value;
    }
    return (struct rcx_text){0};
}

bool rcx_parquet_group_bounds(const struct rcx_parquet_file *file, size_t group, size_t leaf,
                              int64_t out[2])
{
    const struct rcx_parquet_chunk_info *chunk = rcx_parquet_chunk_of(file, group, leaf);
    enum rcx_parquet_type type = file->leaves[leaf].physical;
    size_t width = type == RCX_PARQUET_INT32 ? 4 : 8;
    if (type != RCX_PARQUET_INT32 && type != RCX_PARQUET_INT64)
        return false;
    if (!chunk->has_bounds || chunk->least.length != width || chunk->greatest.length != width)
        return false;
    if (width == 4) {
        int32_t bounds[2];
        memcpy(&bounds[0], chunk->least.data, 4);
        memcpy(&bounds[1], chunk->greatest.data, 4);
        out[0] = bounds[0];
        out[1] = bounds[1];
    } else {
        memcpy(&out[0], chunk->least.data, 8);
        memcpy(&out[1], chunk->greatest.data, 8);
    }
    return true;
}

/* --- rows ---------------------------------------------------------------------------------- */

static const struct rcx_codec *codec_of(int32_t codec)
{
    if (codec == RCX_PARQUET_UNCOMPRESSED)
        return rcx_codec_find("none");
    if (codec == RCX_PARQUET_SNAPPY)
        return rcx_codec_find("snappy");
    return codec == RCX_PARQUET_ZSTD ? rcx_codec_find("zstd") : NULL;
}

enum rcx_status rcx_parquet_read_column(const struct rcx_parquet_file *file,
                                        struct rcx_parquet_decoder *decoder, size_t group,
                                        size_t leaf, uint64_t first, size_t count,
                                        struct rcx_column *out, size_t at,
                                        struct rcx_dictionary *texts, struct rcx_error *err)
{
    const struct rcx_parquet_leaf *column = &file->leaves[leaf];
    const struct rcx_parquet_chunk_info *info = rcx_parquet_chunk_of(file, group, leaf);
    if (column->type == RCX_TYPE_COUNT)
        return rcx_fail(err, RCX_E_INPUT, "%s: the type of column '%s' is not supported",
                        file->path, column->name);
    const struct rcx_parquet_chunk_bytes chunk = {
        .path = file->path,
        .column = column->name,
        .group = group,
        .data = file->map.data + chunk_begin(info),
        .length = (size_t)info->stored_bytes,
        .type = column->physical,
        .codec = codec_of(info->codec),
        .nullable = column->nullable,
        .rows = info->values,
        .plain_bytes = info->plain_bytes,
    };
    if (!chunk.codec)
        return rcx_fail(err, RCX_E_INPUT, "%s: column '%s': compression %d is not supported",
                        file->path, column->name, (int)info->codec);
    return rcx_parquet_chunk_decode(decoder, &chunk, first, count, out, at, texts, err);
}

struct read_job {
    const struct rcx_parquet_file *file;
    const struct rcx_parquet_rows *rows;
    struct rcx_parquet_decoder *decoders; /* [threads] */
    struct rcx_dictionary *texts;         /* [columns], of text columns */
    struct rcx_table *table;
};

static size_t leaf_at(const struct rcx_parquet_rows *rows, size_t column)
{
    return rows->leaves ? rows->leaves[column] : column;
}

static enum rcx_status read_one(void *context, size_t column, unsigned worker,
                                struct rcx_error *err)
{
    const struct read_job *job = context;
    const struct rcx_parquet_rows *rows = job->rows;
    size_t at = 0, end = rows->group + (rows->group_count > 1 ? rows->group_count : 1);
    for (size_t group = rows->group; group < end && job->table->rows > 0; group++) {
        size_t count = rows->group_count > 1 ? (size_t)job->file->metadata.groups[group].rows
                                             : rows->count;
        enum rcx_status status = rcx_parquet_read_column(
            job->file, &job->decoders[worker], group, leaf_at(rows, column),
            rows->group_count > 1 ? 0 : rows->first, count, &job->table->columns[column], at,
            &job->texts[column], err);
        if (status != RCX_OK)
            return status;
        at += count;
    }
    return RCX_OK;
}

static size_t count_rows(const struct read_job *job)
{
    const struct rcx_parquet_rows *rows = job->rows;
    size_t count = rows->group_count > 1 ? 0 : rows->count;
    for (size_t i = 0; rows->group_count > 1 && i < rows->group_count; i++)
        count += (size_t)job->file->metadata.groups[rows->group + i].rows;
    return count;
}

static enum rcx_status prepare_columns(struct read_job *job, size_t count, struct rcx_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        const struct rcx_parquet_leaf *leaf = &job->file->leaves[leaf_at(job->rows, i)];
        if (rcx_table_find(job->table, leaf->name))
            return rcx_fail(err, RCX_E_INPUT, "%s: two columns have the name '%s'", job->file->path,
                            leaf->name);
        /* A type that is not ours is refused when it is read. */
        enum rcx_type type = leaf->type == RCX_TYPE_COUNT ? RCX_TYPE_BOOL : leaf->type;
        struct rcx_column *column = rcx_table_add(job->table, leaf->name, type);
        ok = column && (type != RCX_TYPE_TEXT || rcx_dictionary_init(&job->texts[i]));
        if (ok)
            column->scale = leaf->scale;
    }
    if (ok && rcx_table_resize(job->table, count_rows(job)))
        return RCX_OK;
    return rcx_fail_nomem(err, job->file->path, count_rows(job) * count);
}

static enum rcx_status read_columns(struct read_job *job, size_t count,
                                    const struct rcx_parallel *parallel, struct rcx_error *err)
{
    enum rcx_status status = prepare_columns(job, count, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, count, read_one, job, err);
    for (size_t i = 0; i < count && status == RCX_OK; i++) {
        struct rcx_column *column = &job->table->columns[i];
        if (column->type != RCX_TYPE_TEXT)
            continue;
        column->dictionary = rcx_dictionary_strings(&job->texts[i]);
        if (!column->dictionary)
            status = rcx_fail_nomem(err, job->file->path, job->texts[i].count);
    }
    return status;
}

enum rcx_status rcx_parquet_read(const struct rcx_parquet_file *file,
                                 const struct rcx_parquet_rows *rows,
                                 const struct rcx_parallel *parallel, struct rcx_table *out,
                                 struct rcx_error *err)
{
    size_t count = rows->leaves ? rows->leaf_count : file->leaf_count;
    struct rcx_table table = {0};
    struct read_job job = {.file = file, .rows = rows, .table = &table};
    enum rcx_status status;
    job.decoders = rcx_calloc(parallel->threads, sizeof *job.decoders);
    job.texts = rcx_calloc(count ? count : 1, sizeof *job.texts);
    if (job.decoders && job.texts)
        status = read_columns(&job, count, parallel, err);
    else
        status = rcx_fail_nomem(err, file->path, count * sizeof *job.texts);
    for (unsigned i = 0; job.decoders && i < parallel->threads; i++)
        rcx_parquet_decoder_release(&job.decoders[i]);
    for (size_t i = 0; job.texts && i < count; i++)
        rcx_dictionary_release(&job.texts[i]);
    rcx_free(job.decoders);
    rcx_free(job.texts);
    if (status != RCX_OK) {
        rcx_table_release(&table);
        return status;
    }
    *out = table;
    return RCX_OK;
}
