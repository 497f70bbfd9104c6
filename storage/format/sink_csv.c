/* CSV (RFC 4180, LF). Blocks of rows become text in parallel and are written in order. A row is
 * formatted through a plain pointer: room for its longest possible text is made once per row. */
#include <math.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/format/csv_text.h"
#include "storage/format/ordered_output.h"
#include "storage/format/sink_format.h"

/* About 1 MB of text for a wide row: small enough to share out, large enough to be worth a task. */
enum { BLOCK_ROWS = 8192 };

static enum rcx_status open_csv(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                struct rcx_error *err)
{
    (void)sink;
    (void)options;
    (void)err;
    return RCX_OK;
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
    struct rcx_buf *texts; /* [threads] */
    struct rcx_ordered_output output;
};

static enum rcx_status format_block(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    struct csv_job *job = context;
    struct rcx_buf *text = &job->texts[worker];
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
    return rcx_ordered_put(&job->output, chunk, text, err);
}

static enum rcx_status begin_csv(struct rcx_sink *sink, struct rcx_error *err)
{
    struct rcx_buf line = {0};
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
    enum rcx_status status = line.failed
                                 ? rcx_fail_nomem(err, "CSV header", line.length)
                                 : rcx_file_writer_write(sink->file, line.data, line.length, err);
    rcx_buf_release(&line);
    return status;
}

static enum rcx_status write_csv(struct rcx_sink *sink, const struct rcx_table *table,
                                 struct rcx_error *err)
{
    size_t blocks = (table->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    unsigned threads = sink->parallel.threads;
    struct csv_job job = {.table = table, .texts = rcx_calloc(threads, sizeof *job.texts)};
    if (!job.texts)
        return rcx_fail_nomem(err, sink->path, threads * sizeof *job.texts);
    enum rcx_status status = rcx_ordered_init(&job.output, sink->file, blocks, err);
    if (!status)
        status = rcx_parallel_for(&sink->parallel, blocks, format_block, &job, err);
    rcx_ordered_release(&job.output);
    for (unsigned i = 0; i < threads; i++)
        rcx_buf_release(&job.texts[i]);
    rcx_free(job.texts);
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
    (void)sink;
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
