/* Workbooks as a source: which sheets are read, and one after the other.
 *
 * Sheets with the same header are one table. Which header: that of the sheets that were asked for, or
 * of the first visible sheet whose header is usable, so that covers and notes are no obstacle. A mark
 * is the number of the sheet among those read and of windows delivered of it: a sheet is cut into
 * windows in one way only, so going back is reading it again and leaving windows out. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_header.h"
#include "storage/format/source_format.h"
#include "storage/format/xlsx_header.h"
#include "storage/format/xlsx_stream.h"

enum {
    WINDOW_BYTES = 8 << 20,
    CHUNK_BYTES = 256 << 10,
    RECORD_BYTES = 1 << 20,
    WINDOW_BITS = 40, /* of a mark's offset */
    NAME_BYTES = 512
};

struct table {
    size_t column_count;
    struct rcx_source_column *columns;
    struct rcx_buf record;
};

struct xlsx {
    char *name;
    struct rcx_byte_source *bytes;
    struct rcx_xlsx_zip *zip;
    struct rcx_xlsx_workbook workbook;
    struct rcx_xlsx_strings strings;
    struct table table;
    struct rcx_source_sheet *listed; /* [workbook.sheet_count] */
    size_t *sheets;                  /* [sheet_count] those that are read */
    size_t sheet_count;
    uint64_t total_bytes, done_bytes; /* of XML: all sheets; those that are behind */
    struct rcx_xlsx_stream *stream;
    struct rcx_xlsx_context context;
    char context_name[NAME_BYTES];
    size_t current;   /* among `sheets` */
    uint64_t windows; /* delivered of it */
    uint64_t skip;    /* windows to leave out */
    bool open, ended;
    uint64_t line;
    struct rcx_source_chunk *chunks;
    size_t chunk_capacity;
};

static bool xlsx_matches(const uint8_t *bytes, size_t length)
{
    return length >= 4 && memcmp(bytes, "PK\003\004", 4) == 0;
}

static void release_table(struct table *table)
{
    rcx_csv_columns_release(table->columns, table->column_count);
    rcx_buf_release(&table->record);
    *table = (struct table){0};
}

static void xlsx_close(void *state)
{
    struct xlsx *xlsx = state;
    if (!xlsx)
        return;
    rcx_xlsx_stream_release(xlsx->stream);
    release_table(&xlsx->table);
    rcx_xlsx_strings_release(&xlsx->strings);
    rcx_xlsx_workbook_release(&xlsx->workbook);
    rcx_xlsx_zip_close(xlsx->zip);
    rcx_byte_source_close(xlsx->bytes);
    rcx_free(xlsx->listed);
    rcx_free(xlsx->sheets);
    rcx_free(xlsx->chunks);
    rcx_free(xlsx->name);
    rcx_free(xlsx);
}

/* --- which sheets ---------------------------------------------------------------------------- */

static const struct rcx_xlsx_context *context_of(struct xlsx *xlsx, size_t sheet)
{
    snprintf(xlsx->context_name, sizeof xlsx->context_name, "%s: sheet '%s'", xlsx->name,
             xlsx->workbook.sheets[sheet].name);
    xlsx->context = (struct rcx_xlsx_context){xlsx->context_name, &xlsx->strings, &xlsx->workbook};
    return &xlsx->context;
}

static enum rcx_status read_table(struct xlsx *xlsx, size_t sheet, struct table *out,
                                  struct rcx_error *err)
{
    return rcx_xlsx_header_read(xlsx->zip, xlsx->workbook.sheets[sheet].part,
                                context_of(xlsx, sheet), &out->columns, &out->column_count,
                                &out->record, err);
}

static bool same_columns(const struct table *a, const struct table *b)
{
    bool same = a->column_count == b->column_count;
    for (size_t i = 0; same && i < a->column_count; i++)
        same = strcmp(a->columns[i].name, b->columns[i].name) == 0;
    return same;
}

static bool is_asked_for(const struct rcx_source_options *options,
                         const struct rcx_xlsx_sheet *sheet)
{
    for (size_t i = 0; i < options->sheet_count; i++)
        if (strcmp(options->sheets[i], sheet->name) == 0)
            return true;
    return false;
}

static enum rcx_status check_asked(const struct xlsx *xlsx,
                                   const struct rcx_source_options *options, struct rcx_error *err)
{
    for (size_t i = 0; i < options->sheet_count; i++) {
        size_t s = 0;
        while (s < xlsx->workbook.sheet_count &&
               strcmp(xlsx->workbook.sheets[s].name, options->sheets[i]) != 0)
            s++;
        if (s < xlsx->workbook.sheet_count)
            continue;
        struct rcx_buf names = {0};
        for (s = 0; s < xlsx->workbook.sheet_count && s < 20; s++)
            rcx_buf_printf(&names, "%s'%s'", s ? ", " : "", xlsx->workbook.sheets[s].name);
        enum rcx_status status = rcx_fail(err, RCX_E_INPUT, "%s: has no sheet '%s'; there is %s%s",
                                          xlsx->name, options->sheets[i], rcx_buf_text(&names),
                                          s < xlsx->workbook.sheet_count ? " ..." : "");
        rcx_buf_release(&names);
        return status;
    }
    return RCX_OK;
}

static bool is_usable(const struct rcx_source_options *options, const struct table *table,
                      bool *out_no_memory)
{
    if (!options->usable)
        return true;
    const char **names = rcx_malloc_array(table->column_count, sizeof *names);
    *out_no_memory = !names;
    for (size_t i = 0; names && i < table->column_count; i++)
        names[i] = table->columns[i].name;
    bool usable = names && options->usable(options->usable_context, names, table->column_count);
    rcx_free(names);
    return usable;
}

/* Why a sheet is not looked at, or NULL. */
static const char *why_not(const struct rcx_source_options *options,
                           const struct rcx_xlsx_sheet *sheet)
{
    if (options->sheet_count > 0)
        return is_asked_for(options, sheet) ? NULL : "not asked for";
    return sheet->hidden ? "hidden" : NULL;
}

/* The first sheet with a header that can be used; without one the first with any. */
static enum rcx_status find_table(struct xlsx *xlsx, const struct rcx_source_options *options,
                                  struct rcx_error *err)
{
    bool usable = false, no_memory = false;
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < xlsx->workbook.sheet_count && status == RCX_OK && !usable; s++) {
        struct table table = {0};
        if (why_not(options, &xlsx->workbook.sheets[s]))
            continue;
        status = read_table(xlsx, s, &table, err);
        usable = status == RCX_OK && table.column_count > 0 &&
                 is_usable(options, &table, &no_memory);
        if (usable || (table.column_count > 0 && xlsx->table.column_count == 0)) {
            release_table(&xlsx->table);
            xlsx->table = table;
        } else {
            release_table(&table);
        }
    }
    if (status == RCX_OK && no_memory)
        status = rcx_fail_nomem(err, xlsx->name, 0);
    if (status == RCX_OK && xlsx->table.column_count == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: no %ssheet has a row", xlsx->name,
                          options->sheet_count > 0 ? "such " : "visible ");
    return status;
}

static enum rcx_status choose_sheets(struct xlsx *xlsx, const struct rcx_source_options *options,
                                     struct rcx_error *err)
{
    enum rcx_status status = check_asked(xlsx, options, err);
    if (status == RCX_OK)
        status = find_table(xlsx, options, err);
    for (size_t s = 0; s < xlsx->workbook.sheet_count && status == RCX_OK; s++) {
        const struct rcx_xlsx_sheet *sheet = &xlsx->workbook.sheets[s];
        struct table table = {0};
        xlsx->listed[s] = (struct rcx_source_sheet){sheet->name, why_not(options, sheet)};
        if (xlsx->listed[s].skipped)
            continue;
        status = read_table(xlsx, s, &table, err);
        bool same = same_columns(&table, &xlsx->table);
        if (status == RCX_OK && !same && options->sheet_count > 0)
            status = rcx_fail(
                err, RCX_E_INPUT,
                "%s: sheet '%s' has not the columns of the others that were asked for", xlsx->name,
                sheet->name);
        if (same) {
            xlsx->sheets[xlsx->sheet_count++] = s;
            xlsx->total_bytes += rcx_xlsx_zip_part_bytes(xlsx->zip, sheet->part);
        } else {
            xlsx->listed[s].skipped = table.column_count > 0 ? "has other columns" : "is empty";
        }
        release_table(&table);
    }
    return status;
}

/* --- opening --------------------------------------------------------------------------------- */

static enum rcx_status open_workbook(struct xlsx *xlsx, const struct rcx_source_options *options,
                                     struct rcx_error *err)
{
    struct rcx_byte_file file = {0};
    enum rcx_status status = rcx_byte_source_file(xlsx->bytes, &file, err);
    if (status == RCX_OK)
        status = rcx_xlsx_zip_open(xlsx->name, &file, &xlsx->zip, err);
    if (status == RCX_OK)
        status = rcx_xlsx_workbook_open(xlsx->zip, &xlsx->workbook, err);
    if (status == RCX_OK)
        status = rcx_xlsx_strings_open(xlsx->zip, xlsx->workbook.strings_part, &xlsx->strings, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_xlsx_stream_options stream = {
        .window_bytes = options->window_bytes ? options->window_bytes : WINDOW_BYTES,
        .chunk_bytes = options->chunk_bytes ? options->chunk_bytes : CHUNK_BYTES,
        .max_record_bytes = options->max_record_bytes ? options->max_record_bytes : RECORD_BYTES};
    xlsx->listed = rcx_calloc(xlsx->workbook.sheet_count, sizeof *xlsx->listed);
    xlsx->sheets = rcx_calloc(xlsx->workbook.sheet_count, sizeof *xlsx->sheets);
    xlsx->stream = rcx_xlsx_stream_new(&stream);
    if (!xlsx->listed || !xlsx->sheets || !xlsx->stream)
        return rcx_fail_nomem(err, xlsx->name, 2 * stream.window_bytes);
    return choose_sheets(xlsx, options, err);
}

static enum rcx_status xlsx_open(const char *name, struct rcx_byte_source *bytes,
                                 struct rcx_text probe, const struct rcx_source_options *options,
                                 void **out, struct rcx_source_info *out_info,
                                 struct rcx_error *err)
{
    (void)probe;
    struct xlsx *xlsx = rcx_calloc(1, sizeof *xlsx);
    if (!xlsx) {
        rcx_byte_source_close(bytes);
        return rcx_fail_nomem(err, name, sizeof *xlsx);
    }
    xlsx->bytes = bytes;
    xlsx->name = rcx_strdup(name);
    enum rcx_status status = xlsx->name ? open_workbook(xlsx, options, err)
                                        : rcx_fail_nomem(err, name, 0);
    if (status != RCX_OK) {
        xlsx_close(xlsx);
        return status;
    }
    *out = xlsx;
    out_info->columns = xlsx->table.columns;
    out_info->column_count = xlsx->table.column_count;
    out_info->header = (struct rcx_text){(const char *)xlsx->table.record.data,
                                         xlsx->table.record.length};
    out_info->sheets = xlsx->listed;
    out_info->sheet_count = xlsx->workbook.sheet_count;
    return RCX_OK;
}

/* --- reading --------------------------------------------------------------------------------- */

static enum rcx_status open_sheet(struct xlsx *xlsx, struct rcx_error *err)
{
    size_t sheet = xlsx->sheets[xlsx->current];
    xlsx->windows = 0;
    xlsx->open = true;
    return rcx_xlsx_stream_open(xlsx->stream, xlsx->zip, xlsx->workbook.sheets[sheet].part,
                                context_of(xlsx, sheet), xlsx->table.column_count, err);
}

/* Gives the chunks the name of their sheet, when there are several. */
static enum rcx_status deliver(struct xlsx *xlsx, const struct rcx_source_chunk *chunks,
                               size_t count, struct rcx_source_window *out, struct rcx_error *err)
{
    if (!rcx_array_reserve(&xlsx->chunks, &xlsx->chunk_capacity, count, sizeof *xlsx->chunks))
        return rcx_fail_nomem(err, xlsx->name, count);
    for (size_t c = 0; c < count; c++) {
        xlsx->chunks[c] = chunks[c];
        if (xlsx->sheet_count > 1)
            xlsx->chunks[c].sheet = xlsx->workbook.sheets[xlsx->sheets[xlsx->current]].name;
    }
    const struct rcx_source_chunk *last = &chunks[count - 1];
    xlsx->line = last->record_lines[last->records - 1];
    xlsx->windows++;
    if (xlsx->skip > 0)
        xlsx->skip--;
    else
        *out = (struct rcx_source_window){.chunks = xlsx->chunks, .chunk_count = count};
    return RCX_OK;
}

static enum rcx_status xlsx_next(void *state, const struct rcx_parallel *parallel,
                                 struct rcx_source_window *out, struct rcx_error *err)
{
    struct xlsx *xlsx = state;
    const struct rcx_source_chunk *chunks = NULL;
    size_t count = 0;
    enum rcx_status status = RCX_OK;
    *out = (struct rcx_source_window){0};
    while (status == RCX_OK && out->chunk_count == 0 && !xlsx->ended) {
        if (!xlsx->open)
            status = open_sheet(xlsx, err);
        if (status == RCX_OK)
            status = rcx_xlsx_stream_next(xlsx->stream, parallel, &chunks, &count, err);
        if (status != RCX_OK)
            return status;
        if (count > 0) {
            status = deliver(xlsx, chunks, count, out, err);
            continue;
        }
        xlsx->done_bytes += rcx_xlsx_stream_consumed(xlsx->stream);
        xlsx->open = false;
        xlsx->skip = 0;
        xlsx->ended = ++xlsx->current == xlsx->sheet_count;
        if (xlsx->ended)
            status = rcx_byte_source_drain(xlsx->bytes, err);
    }
    return status;
}

static enum rcx_status xlsx_prefetch(void *state, struct rcx_error *err)
{
    struct xlsx *xlsx = state;
    return xlsx->open ? rcx_xlsx_stream_prefetch(xlsx->stream, err) : RCX_OK;
}

static struct rcx_source_mark xlsx_mark(const void *state)
{
    const struct xlsx *xlsx = state;
    return (struct rcx_source_mark){(uint64_t)xlsx->current << WINDOW_BITS | xlsx->windows,
                                    xlsx->line};
}

static enum rcx_status xlsx_seek(void *state, struct rcx_source_mark mark, struct rcx_error *err)
{
    struct xlsx *xlsx = state;
    (void)err;
    xlsx->current = (size_t)(mark.offset >> WINDOW_BITS);
    xlsx->skip = mark.offset & ((UINT64_C(1) << WINDOW_BITS) - 1);
    xlsx->line = mark.line;
    xlsx->windows = 0;
    xlsx->done_bytes = 0;
    for (size_t i = 0; i < xlsx->current; i++)
        xlsx->done_bytes += rcx_xlsx_zip_part_bytes(xlsx->zip,
                                                    xlsx->workbook.sheets[xlsx->sheets[i]].part);
    xlsx->open = false;
    xlsx->ended = xlsx->current >= xlsx->sheet_count;
    return RCX_OK;
}

/* The share of the sheets that has been unpacked, in bytes of the file. */
static uint64_t xlsx_consumed(const void *state)
{
    const struct xlsx *xlsx = state;
    uint64_t size = rcx_byte_source_size(xlsx->bytes);
    uint64_t done = xlsx->done_bytes + (xlsx->open ? rcx_xlsx_stream_consumed(xlsx->stream) : 0);
    if (xlsx->total_bytes == 0 || done >= xlsx->total_bytes)
        return size;
    return (uint64_t)((double)size * ((double)done / (double)xlsx->total_bytes));
}

const struct rcx_source_format rcx_source_format_xlsx = {
    .name = "xlsx",
    .matches = xlsx_matches,
    .open = xlsx_open,
    .close = xlsx_close,
    .next = xlsx_next,
    .prefetch = xlsx_prefetch,
    .mark = xlsx_mark,
    .seek = xlsx_seek,
    .consumed = xlsx_consumed,
};
