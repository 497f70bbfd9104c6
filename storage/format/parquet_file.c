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

static enum rcx_status make_leaf(const char *path, const struct rcx_parquet_element *element,
                                 struct rcx_parquet_leaf *out, struct rcx_error *err)
{
    struct rcx_text name = element->name;
    if (element->type < 0 || element->children > 0 || element->repetition > RCX_PARQUET_OPTIONAL)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: column '%.*s' is nested or repeated, which is not supported; save the "
                        "table without it, or as flat columns",
                        path, (int)(name.length < 100 ? name.length : 100), name.data);
    if (memchr(name.data, 0, name.length) || rcx_utf8_check(name.data, name.length) != name.length)
        return corrupt(path, "a column's name is not UTF-8", err);
    rcx_parquet_leaf_describe(element, out);
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

/* A group without rows says nothing useful about where its columns are: they are nowhere. */
static void clear_empty_group(struct rcx_parquet_file *file, size_t group)
{
    const struct rcx_parquet_group_info *info = &file->metadata.groups[group];
    for (size_t i = 0; info->rows == 0 && i < info->chunk_count; i++) {
        struct rcx_parquet_chunk_info *chunk = &file->metadata.chunks[info->first_chunk + i];
        chunk->data_offset = MAGIC_BYTES;
        chunk->dictionary_offset = chunk->stored_bytes = 0;
    }
}

static enum rcx_status check_groups(struct rcx_parquet_file *file, struct rcx_error *err)
{
    uint64_t rows = 0;
    for (size_t g = 0; g < file->metadata.group_count; g++) {
        clear_empty_group(file, g);
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
    if (length >= MAGIC_BYTES && memcmp(data, "PARE", MAGIC_BYTES) == 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: the file is encrypted, which is not supported; save it without",
                        file->path);
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

enum rcx_status rcx_parquet_refuse_damage(enum rcx_status status, struct rcx_error *err)
{
    if (status != RCX_E_CORRUPT)
        return status;
    if (err)
        err->status = RCX_E_INPUT;
    return RCX_E_INPUT;
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

static enum rcx_status codec_of(const struct rcx_parquet_file *file, size_t leaf, int32_t codec,
                                const struct rcx_codec **out, struct rcx_error *err)
{
    static const struct {
        const char *name;
        bool supported;
    } codecs[] = {
        [RCX_PARQUET_UNCOMPRESSED] = {"none", true}, [RCX_PARQUET_SNAPPY] = {"snappy", true},
        [RCX_PARQUET_GZIP] = {"gzip", true},         [RCX_PARQUET_LZO] = {"LZO", false},
        [RCX_PARQUET_BROTLI] = {"Brotli", false},    [RCX_PARQUET_LZ4] = {"LZ4 (Hadoop's)", false},
        [RCX_PARQUET_ZSTD] = {"zstd", true},         [RCX_PARQUET_LZ4_RAW] = {"lz4_raw", true},
    };
    bool known = codec >= 0 && (size_t)codec < sizeof codecs / sizeof codecs[0];
    *out = known && codecs[codec].supported ? rcx_codec_find(codecs[codec].name) : NULL;
    if (*out)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: column '%s': compression %d (%s) is not supported; snappy, gzip, zstd and "
                    "lz4_raw are",
                    file->path, file->leaves[leaf].name, (int)codec,
                    known ? codecs[codec].name : "unknown");
}

enum rcx_status rcx_parquet_read_column(const struct rcx_parquet_file *file,
                                        struct rcx_parquet_decoder *decoder, size_t group,
                                        size_t leaf, uint64_t first, size_t count,
                                        struct rcx_column *out, size_t at,
                                        struct rcx_dictionary *texts, struct rcx_error *err)
{
    const struct rcx_parquet_leaf *column = &file->leaves[leaf];
    const struct rcx_parquet_chunk_info *info = rcx_parquet_chunk_of(file, group, leaf);
    const struct rcx_codec *codec;
    if (count == 0)
        return RCX_OK;
    if (column->type == RCX_TYPE_COUNT)
        return rcx_fail(err, RCX_E_INPUT, "%s: the type of column '%s' is not supported (%s)",
                        file->path, column->name,
                        rcx_parquet_type_text(&file->metadata.elements[leaf + 1]));
    enum rcx_status status = codec_of(file, leaf, info->codec, &codec, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_parquet_chunk_bytes chunk = {
        .path = file->path,
        .column = column->name,
        .group = group,
        .data = file->map.data + chunk_begin(info),
        .length = (size_t)info->stored_bytes,
        .type = column->physical,
        .width = column->width,
        .meaning = (int)column->meaning,
        .codec = codec,
        .nullable = column->nullable,
        .rows = info->values,
        .plain_bytes = info->plain_bytes,
    };
    return rcx_parquet_chunk_decode(decoder, &chunk, first, count, out, at, texts, err);
}
