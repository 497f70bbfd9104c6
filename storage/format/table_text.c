#include "storage/format/table_text.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/format/table_select.h"
#include "storage/format/table_text_state.h"

/* --- columns ------------------------------------------------------------------------------- */

static enum rcx_status choose_columns(struct rcx_table_text *text,
                                      const struct rcx_source_info *info, const char **names,
                                      char (*made_up)[32], size_t *places,
                                      const struct rcx_table_read_options *options,
                                      struct rcx_error *err)
{
    for (size_t i = 0; i < info->column_count; i++) {
        snprintf(made_up[i], sizeof made_up[i], "column_%zu", i + 1);
        names[i] = info->columns[i].name[0] ? info->columns[i].name : made_up[i];
    }
    enum rcx_status status = rcx_table_select(text->path, names, info->column_count,
                                              options->columns, options->column_count, places,
                                              &text->column_count, err);
    if (status != RCX_OK)
        return status;
    text->columns = rcx_calloc(text->column_count, sizeof *text->columns);
    if (!text->columns)
        return rcx_fail_nomem(err, text->path, text->column_count * sizeof *text->columns);
    for (size_t c = 0; c < text->column_count; c++) {
        text->columns[c].place = places[c];
        if (!rcx_table_add(text->table, names[places[c]], RCX_TYPE_INT64))
            return rcx_fail_nomem(err, text->path, 0);
    }
    return RCX_OK;
}

static enum rcx_status make_columns(struct rcx_table_text *text,
                                    const struct rcx_table_read_options *options,
                                    struct rcx_error *err)
{
    const struct rcx_source_info *info = rcx_source_info(text->source);
    size_t most = info->column_count + options->column_count;
    text->file_columns = info->column_count;
    const char **names = rcx_malloc_array(most, sizeof *names);
    char(*made_up)[32] = rcx_malloc_array(most, sizeof *made_up);
    size_t *places = rcx_malloc_array(most, sizeof *places);
    enum rcx_status status;
    if (names && made_up && places)
        status = choose_columns(text, info, names, made_up, places, options, err);
    else
        status = rcx_fail_nomem(err, text->path, most * sizeof *made_up);
    rcx_free(names);
    rcx_free(made_up);
    rcx_free(places);
    return status;
}

/* --- windows ------------------------------------------------------------------------------- */

static enum rcx_status find_records(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    (void)worker;
    return rcx_text_chunk_records(context, chunk, err);
}

/* Item 0 reads ahead meanwhile. */
static enum rcx_status parse_cells(void *context, size_t item, unsigned worker,
                                   struct rcx_error *err)
{
    (void)worker;
    struct rcx_table_text *text = context;
    if (item == 0)
        return rcx_source_prefetch(text->source, err);
    return text->second_pass ? RCX_OK : rcx_text_chunk_parse(text, item - 1, err);
}

static enum rcx_status settle_column(void *context, size_t c, unsigned worker,
                                     struct rcx_error *err)
{
    (void)worker;
    return rcx_text_column_settle(context, c, err);
}

static enum rcx_status reserve_chunks(struct rcx_table_text *text, struct rcx_error *err)
{
    size_t before = text->chunk_capacity;
    if (!rcx_array_reserve(&text->chunks, &text->chunk_capacity, text->window.chunk_count,
                           sizeof *text->chunks))
        return rcx_fail_nomem(err, text->path, text->window.chunk_count * sizeof *text->chunks);
    if (text->chunk_capacity > before)
        memset(text->chunks + before, 0, (text->chunk_capacity - before) * sizeof *text->chunks);
    return RCX_OK;
}

static enum rcx_status place_rows(struct rcx_table_text *text, struct rcx_error *err)
{
    size_t rows = text->rows;
    for (size_t k = 0; k < text->window.chunk_count; k++) {
        text->chunks[k].first_row = rows;
        rows += text->chunks[k].records;
    }
    if (text->second_pass)
        return rows <= text->table->rows
                   ? RCX_OK
                   : rcx_fail(err, RCX_E_IO, "%s: changed while it was read", text->path);
    return rcx_table_resize(text->table, rows)
               ? RCX_OK
               : rcx_fail_nomem(err, text->path, rows * text->column_count * sizeof(int64_t));
}

static enum rcx_status read_window(struct rcx_table_text *text, struct rcx_error *err)
{
    enum rcx_status status = reserve_chunks(text, err);
    size_t chunks = text->window.chunk_count;
    if (status == RCX_OK && text->window.oversized.line > 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s:%llu: the line is too long", text->path,
                          (unsigned long long)text->window.oversized.line);
    if (status == RCX_OK)
        status = rcx_parallel_for(text->parallel, chunks, find_records, text, err);
    if (status == RCX_OK)
        status = place_rows(text, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(text->parallel, chunks + 1, parse_cells, text, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(text->parallel, text->column_count, settle_column, text, err);
    for (size_t k = 0; k < chunks && status == RCX_OK; k++)
        text->rows += text->chunks[k].records;
    return status;
}

static enum rcx_status read_windows(struct rcx_table_text *text, struct rcx_error *err)
{
    for (;;) {
        enum rcx_status status = rcx_source_next(text->source, text->parallel, &text->window, err);
        if (status != RCX_OK)
            return status;
        if (text->window.chunk_count == 0 && text->window.oversized.line == 0)
            return RCX_OK;
        status = read_window(text, err);
        if (status != RCX_OK)
            return status;
    }
}

/* Once more, for the columns that turned out to be text too late. */
static enum rcx_status read_again(struct rcx_table_text *text, struct rcx_error *err)
{
    bool needed = false;
    for (size_t c = 0; c < text->column_count; c++) {
        struct rcx_column *column = &text->table->columns[c];
        if (!text->columns[c].again)
            continue;
        needed = true;
        rcx_free(column->valid);
        column->valid = NULL;
    }
    if (!needed)
        return RCX_OK;
    text->second_pass = true;
    text->rows = 0;
    enum rcx_status status = rcx_source_seek(text->source, (struct rcx_source_mark){0}, err);
    if (status == RCX_OK)
        status = read_windows(text, err);
    if (status == RCX_OK && text->rows != text->table->rows)
        status = rcx_fail(err, RCX_E_IO, "%s: changed while it was read", text->path);
    return status;
}

static enum rcx_status finish_column(void *context, size_t c, unsigned worker,
                                     struct rcx_error *err)
{
    (void)worker;
    return rcx_text_column_finish(context, c, err);
}

static void release(struct rcx_table_text *text)
{
    for (size_t c = 0; text->columns && c < text->column_count; c++)
        rcx_dictionary_release(&text->columns[c].texts);
    for (size_t k = 0; k < text->chunk_capacity; k++)
        rcx_text_chunk_release(&text->chunks[k]);
    rcx_free(text->columns);
    rcx_free(text->chunks);
}

enum rcx_status rcx_table_text_read(struct rcx_source *source, const char *path,
                                    const struct rcx_table_read_options *options,
                                    struct rcx_table *out, struct rcx_error *err)
{
    struct rcx_table table = {0};
    struct rcx_table_text text = {.path = strcmp(path, "-") == 0 ? "standard input" : path,
                                  .source = source,
                                  .parallel = options->parallel,
                                  .table = &table};
    enum rcx_status status = make_columns(&text, options, err);
    if (status == RCX_OK)
        status = read_windows(&text, err);
    if (status == RCX_OK)
        status = read_again(&text, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(text.parallel, text.column_count, finish_column, &text, err);
    release(&text);
    if (status != RCX_OK) {
        rcx_table_release(&table);
        return status;
    }
    *out = table;
    return RCX_OK;
}
