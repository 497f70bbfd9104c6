#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_file.h"
#include "storage/format/parquet_levels.h"

/* Where the rows of one row group go. */
struct stretch {
    size_t group;
    uint64_t first;
    size_t count, at;
};

struct read_job {
    const struct rcx_parquet_file *file;
    const struct rcx_parquet_rows *rows;
    struct rcx_parquet_decoder *decoders; /* [threads] */
    struct stretch *stretches;
    size_t stretch_count, column_count;
    struct rcx_dictionary *texts; /* [columns][stretches], of text columns */
    struct rcx_table *table;
};

static size_t leaf_at(const struct rcx_parquet_rows *rows, size_t column)
{
    return rows->leaves ? rows->leaves[column] : column;
}

static struct rcx_dictionary *texts_of(const struct read_job *job, size_t column, size_t stretch)
{
    return &job->texts[column * job->stretch_count + stretch];
}

static enum rcx_status read_one(void *context, size_t item, unsigned worker, struct rcx_error *err)
{
    const struct read_job *job = context;
    size_t column = item / job->stretch_count, k = item % job->stretch_count;
    const struct stretch *stretch = &job->stretches[k];
    struct rcx_column *out = &job->table->columns[column];
    struct rcx_dictionary *texts = texts_of(job, column, k);
    if (stretch->count == 0)
        return RCX_OK;
    if (out->type == RCX_TYPE_TEXT && !rcx_dictionary_init(texts))
        return rcx_fail_nomem(err, job->file->path, 0);
    return rcx_parquet_read_column(job->file, &job->decoders[worker], stretch->group,
                                   leaf_at(job->rows, column), stretch->first, stretch->count, out,
                                   stretch->at, texts, err);
}

/* --- texts of several row groups ----------------------------------------------------------- */

/* Adds the texts of a stretch to those of the column, and rewrites its codes. */
static bool merge_texts(const struct read_job *job, size_t column, size_t k,
                        struct rcx_dictionary *all)
{
    const struct rcx_dictionary *part = texts_of(job, column, k);
    const struct stretch *stretch = &job->stretches[k];
    uint32_t *codes = job->table->columns[column].codes + stretch->at;
    uint32_t *map = rcx_malloc_array(part->count, sizeof *map);
    bool ok = map != NULL;
    for (uint32_t code = 0; ok && code < part->count; code++) {
        map[code] = rcx_dictionary_intern(all, rcx_dictionary_get(part, code));
        ok = map[code] != RCX_NO_CODE;
    }
    for (size_t i = 0; ok && i < stretch->count; i++)
        codes[i] = map[codes[i]];
    rcx_free(map);
    return ok;
}

static bool make_strings(const struct read_job *job, size_t column)
{
    struct rcx_dictionary *all = NULL, none = {0};
    bool ok = true;
    for (size_t k = 0; ok && k < job->stretch_count; k++) {
        struct rcx_dictionary *part = texts_of(job, column, k);
        if (!part->slots)
            continue;
        if (all)
            ok = merge_texts(job, column, k, all);
        else
            all = part;
    }
    if (!all && (ok = rcx_dictionary_init(&none)))
        all = &none;
    struct rcx_strings *strings = ok ? rcx_dictionary_strings(all) : NULL;
    job->table->columns[column].dictionary = strings;
    rcx_dictionary_release(&none);
    return strings != NULL;
}

/* Validity bits that turned out to be all set are not kept. */
static enum rcx_status finish_one(void *context, size_t column, unsigned worker,
                                  struct rcx_error *err)
{
    (void)worker;
    const struct read_job *job = context;
    struct rcx_column *out = &job->table->columns[column];
    if (out->valid && rcx_bits_count(out->valid, 0, out->rows) == out->rows) {
        rcx_free(out->valid);
        out->valid = NULL;
    }
    if (out->type == RCX_TYPE_TEXT && !make_strings(job, column))
        return rcx_fail_nomem(err, job->file->path, out->rows);
    return RCX_OK;
}

/* --- the table ----------------------------------------------------------------------------- */

static bool make_stretches(struct read_job *job)
{
    const struct rcx_parquet_rows *rows = job->rows;
    bool several = rows->group_count > 1;
    job->stretch_count = several ? rows->group_count : 1;
    job->stretches = rcx_calloc(job->stretch_count, sizeof *job->stretches);
    size_t at = 0;
    for (size_t k = 0; job->stretches && k < job->stretch_count; k++) {
        size_t group = rows->group + k;
        job->stretches[k] = (struct stretch){
            .group = group,
            .first = several ? 0 : rows->first,
            .count = several ? (size_t)job->file->metadata.groups[group].rows : rows->count,
            .at = at,
        };
        at += job->stretches[k].count;
    }
    return job->stretches != NULL;
}

/* Rows of several threads share bytes of the validity bits, so these are there before. */
static bool make_validity(const struct read_job *job, size_t column)
{
    struct rcx_column *out = &job->table->columns[column];
    bool nullable = job->file->leaves[leaf_at(job->rows, column)].nullable;
    if (!nullable || out->type == RCX_TYPE_REAL || out->rows == 0)
        return true;
    size_t bytes = out->capacity / 8 + 1;
    out->valid = rcx_malloc(bytes);
    if (out->valid)
        memset(out->valid, 0xFF, bytes);
    return out->valid != NULL;
}

static enum rcx_status prepare_columns(const struct read_job *job, struct rcx_error *err)
{
    const struct stretch *last = &job->stretches[job->stretch_count - 1];
    size_t rows = last->at + last->count;
    bool ok = true;
    for (size_t i = 0; i < job->column_count && ok; i++) {
        const struct rcx_parquet_leaf *leaf = &job->file->leaves[leaf_at(job->rows, i)];
        if (rcx_table_find(job->table, leaf->name))
            return rcx_fail(err, RCX_E_INPUT, "%s: two columns have the name '%s'", job->file->path,
                            leaf->name);
        /* A type that is not ours is refused when it is read. */
        enum rcx_type type = leaf->type == RCX_TYPE_COUNT ? RCX_TYPE_BOOL : leaf->type;
        struct rcx_column *column = rcx_table_add(job->table, leaf->name, type);
        ok = column != NULL;
        if (ok)
            column->scale = leaf->scale;
    }
    ok = ok && rcx_table_resize(job->table, rows);
    for (size_t i = 0; i < job->column_count && ok; i++)
        ok = make_validity(job, i);
    return ok ? RCX_OK : rcx_fail_nomem(err, job->file->path, rows * job->column_count);
}

static enum rcx_status read_columns(struct read_job *job, const struct rcx_parallel *parallel,
                                    struct rcx_error *err)
{
    size_t items = job->stretch_count * job->column_count;
    job->decoders = rcx_calloc(parallel->threads, sizeof *job->decoders);
    job->texts = rcx_calloc(items ? items : 1, sizeof *job->texts);
    if (!job->decoders || !job->texts)
        return rcx_fail_nomem(err, job->file->path, items * sizeof *job->texts);
    enum rcx_status status = prepare_columns(job, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, items, read_one, job, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, job->column_count, finish_one, job, err);
    return status;
}

static void release(struct read_job *job, unsigned threads)
{
    for (unsigned i = 0; job->decoders && i < threads; i++)
        rcx_parquet_decoder_release(&job->decoders[i]);
    for (size_t i = 0; job->texts && i < job->stretch_count * job->column_count; i++)
        rcx_dictionary_release(&job->texts[i]);
    rcx_free(job->decoders);
    rcx_free(job->texts);
    rcx_free(job->stretches);
}

enum rcx_status rcx_parquet_read(const struct rcx_parquet_file *file,
                                 const struct rcx_parquet_rows *rows,
                                 const struct rcx_parallel *parallel, struct rcx_table *out,
                                 struct rcx_error *err)
{
    struct rcx_table table = {0};
    struct read_job job = {.file = file,
                           .rows = rows,
                           .table = &table,
                           .column_count = rows->leaves ? rows->leaf_count : file->leaf_count};
    enum rcx_status status = make_stretches(&job) ? read_columns(&job, parallel, err)
                                                  : rcx_fail_nomem(err, file->path, 0);
    release(&job, parallel->threads);
    if (status != RCX_OK) {
        rcx_table_release(&table);
        return status;
    }
    *out = table;
    return RCX_OK;
}
