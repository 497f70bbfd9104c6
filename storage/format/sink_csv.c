/* CSV (RFC 4180, LF), as it is or, by the extension .gz or .zst, compressed. Blocks of rows become
 * text in parallel and are written in order; compressed, each is a gzip member or zstd frame of its
 * own, which readers take for one stream. A row is
 * formatted through a plain pointer: room for its longest possible text is made once per row. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/encoding/codec.h"
#include "storage/format/csv_text.h"
#include "storage/format/ordered_output.h"
#include "storage/format/sink_format.h"

/* About 1 MB of text for a wide row: small enough to share out, large enough to be worth a task. */
enum { BLOCK_ROWS = 8192 };

struct csv_sink {
    const struct rcx_codec *codec; /* NULL: plain */
    int level;
};

static enum rcx_status open_csv(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                struct rcx_error *err)
{
    struct csv_sink *state = sink->state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, sink->path, sizeof *state);
    const char *codec = rcx_sink_compression(sink->path);
    state->codec = codec ? rcx_codec_find(codec) : NULL;
    if (codec && strcmp(codec, "zstd") == 0)
        state->level = options->codec_level;
    return RCX_OK;
}

/* Compresses `text` into `packed`, which is emptied first. */
static enum rcx_status compress(const struct csv_sink *state, struct rcx_codec_context **context,
                                const struct rcx_buf *text, struct rcx_buf *packed,
                                struct rcx_error *err)
{
    size_t bound = state->codec->bound(text->length);
    rcx_buf_clear(packed);
    if (!*context)
        *context = rcx_codec_context_new();
    if (!*context || text->failed || !rcx_buf_reserve(packed, bound))
        return rcx_fail_nomem(err, "CSV text", bound);
    return state->codec->compress(*context, state->level, text->data, text->length, packed->data,
                                  bound, &packed->length, err);
}

static char *put_cell(char *out, const struct rcx_column *column, size_t row)
{
    switch (column->type) {
    case RCX_TYPE_BOOL:
        *out = column->booleans[row] ? '1' : '0';
        return out + 1;
    case RCX_TYPE_INT8:
        return rcx_csv_put_integer(out, column->i8[row]);
    case RCX_TYPE_INT32:
        return rcx_csv_put_integer(out, column->i32[row]);
    case RCX_TYPE_INT64:
        return rcx_csv_put_integer(out, column->i64[row]);
    case RCX_TYPE_REAL:
        return rcx_csv_put_real(out, column->reals[row]);
    case RCX_TYPE_DECIMAL:
        return rcx_csv_put_decimal(out, column->i64[row], column->scale);
    case RCX_TYPE_DATE:
        return rcx_csv_put_day(out, column->i32[row]);
    case RCX_TYPE_TIME:
        return rcx_csv_put_time(out, column->i64[row]);
    case RCX_TYPE_TEXT:
        return rcx_csv_put_text(out, rcx_strings_get(column->dictionary, column->codes[row]));
    case RCX_TYPE_COUNT:
        break;
    }
    return out;
}

/* As rcx_column_is_null, without a call for each cell. */
static inline bool is_null(const struct rcx_column *column, size_t row)
{
    if (column->type == RCX_TYPE_REAL)
        return isnan(column->reals[row]);
    return column->valid && !(column->valid[row / 8] >> row % 8 & 1);
}

/* Most bytes of the row's text. */
static size_t row_bound(const struct rcx_table *table, size_t row)
{
    size_t bytes = 2 + table->column_count * (RCX_CSV_CELL_BYTES + 1);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        if (column->type == RCX_TYPE_TEXT && !is_null(column, row))
            bytes += 2 * rcx_strings_get(column->dictionary, column->codes[row]).length;
    }
    return bytes;
}

static char *put_row(char *out, const struct rcx_table *table, size_t row)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        if (i)
            *out++ = ',';
        if (!is_null(column, row)) {
            out = put_cell(out, column, row);
        } else if (table->column_count == 1) {
            *out++ = '"';
            *out++ = '"';
        }
    }
    *out++ = '\n';
    return out;
}

struct csv_job {
    const struct rcx_table *table;
    const struct csv_sink *sink;
    struct csv_worker {
        struct rcx_buf text, packed;
        struct rcx_codec_context *context;
    } * workers; /* [threads] */
    struct rcx_ordered_output output;
};

static enum rcx_status format_block(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    struct csv_job *job = context;
    struct csv_worker *own = &job->workers[worker];
    struct rcx_buf *text = &own->text;
    size_t begin = chunk * BLOCK_ROWS;
    size_t end = begin + BLOCK_ROWS < job->table->rows ? begin + BLOCK_ROWS : job->table->rows;
    rcx_buf_clear(text);
    for (size_t row = begin; row < end; row++) {
        size_t bound = row_bound(job->table, row);
        if (!rcx_buf_reserve(text, bound))
            return rcx_fail_nomem(err, "CSV text", bound);
        char *at = (char *)text->data + text->length;
        text->length += (size_t)(put_row(at, job->table, row) - at);
    }
    if (!job->sink->codec)
        return rcx_ordered_put(&job->output, chunk, text, err);
    enum rcx_status status = compress(job->sink, &own->context, text, &own->packed, err);
    return status == RCX_OK ? rcx_ordered_put(&job->output, chunk, &own->packed, err) : status;
}

static enum rcx_status begin_csv(struct rcx_sink *sink, struct rcx_error *err)
{
    const struct csv_sink *state = sink->state;
    struct rcx_buf line = {0}, packed = {0};
    struct rcx_codec_context *context = NULL;
    for (size_t i = 0; i < sink->column_count; i++) {
        struct rcx_text name = rcx_text_of(sink->columns[i].name);
        if (!rcx_buf_reserve(&line, 2 * name.length + 3))
            break;
        if (i)
            rcx_buf_append_byte(&line, ',');
        char *at = (char *)line.data + line.length;
        line.length += (size_t)(rcx_csv_put_text(at, name) - at);
    }
    rcx_buf_append_byte(&line, '\n');
    enum rcx_status status = line.failed ? rcx_fail_nomem(err, "CSV header", line.length) : RCX_OK;
    if (status == RCX_OK && state->codec)
        status = compress(state, &context, &line, &packed, err);
    const struct rcx_buf *bytes = state->codec ? &packed : &line;
    if (status == RCX_OK)
        status = rcx_file_writer_write(sink->file, bytes->data, bytes->length, err);
    rcx_codec_context_release(context);
    rcx_buf_release(&line);
    rcx_buf_release(&packed);
    return status;
}

static enum rcx_status write_csv(struct rcx_sink *sink, const struct rcx_table *table,
                                 struct rcx_error *err)
{
    size_t blocks = (table->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    unsigned threads = sink->parallel.threads;
    struct csv_job job = {
        .table = table, .sink = sink->state, .workers = rcx_calloc(threads, sizeof *job.workers)};
    if (!job.workers)
        return rcx_fail_nomem(err, sink->path, threads * sizeof *job.workers);
    enum rcx_status status = rcx_ordered_init(&job.output, sink->file, blocks, err);
    if (!status)
        status = rcx_parallel_for(&sink->parallel, blocks, format_block, &job, err);
    rcx_ordered_release(&job.output);
    for (unsigned i = 0; i < threads; i++) {
        rcx_buf_release(&job.workers[i].text);
        rcx_buf_release(&job.workers[i].packed);
        rcx_codec_context_release(job.workers[i].context);
    }
    rcx_free(job.workers);
    return status;
}

static enum rcx_status finish_csv(struct rcx_sink *sink, struct rcx_error *err)
{
    (void)sink;
    (void)err;
    return RCX_OK;
}

static void release_csv(struct rcx_sink *sink)
{
    rcx_free(sink->state);
}

const struct rcx_sink_format rcx_sink_csv = {
    .name = "csv",
    .extension = ".csv",
    .open = open_csv,
    .begin = begin_csv,
    .write = write_csv,
    .finish = finish_csv,
    .release = release_csv,
};
