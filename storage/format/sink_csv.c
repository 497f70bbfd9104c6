/* CSV (RFC 4180, LF). Blocks of rows become text in parallel and are written in order. A row is
 * formatted through a plain pointer: room for its longest possible text is made once per row. */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/format/ordered_output.h"
#include "storage/format/sink_format.h"

/* About 1 MB of text for a wide row: small enough to share out, large enough to be worth a task. */
enum { BLOCK_ROWS = 8192 };

/* Longest text of a cell that is not TEXT (a decimal: sign, 20 digits, point, see decimal.h), and a
 * separator. */
enum { CELL_BYTES = 48 + 1 };

static enum rcx_status open_csv(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                struct rcx_error *err)
{
    (void)sink;
    (void)options;
    (void)err;
    return RCX_OK;
}

static bool needs_quotes(struct rcx_text text)
{
    bool special = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        special |= (c == ',') | (c == '"') | (c == '\n') | (c == '\r');
    }
    return special;
}

/* Writes at most 2 * length + 2 bytes. */
static char *put_text(char *out, struct rcx_text text)
{
    if (text.length && !needs_quotes(text)) {
        memcpy(out, text.data, text.length);
        return out + text.length;
    }
    *out++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            *out++ = '"';
        *out++ = text.data[i];
    }
    *out++ = '"';
    return out;
}

static char *put_cell(char *out, const struct rcx_column *column, size_t row)
{
    switch (column->type) {
    case RCX_TYPE_BOOL:
        *out = column->booleans[row] ? '1' : '0';
        return out + 1;
    case RCX_TYPE_INT8:
        return out + rcx_format_i64(column->i8[row], out);
    case RCX_TYPE_INT32:
        return out + rcx_format_i64(column->i32[row], out);
    case RCX_TYPE_INT64:
        return out + rcx_format_i64(column->i64[row], out);
    case RCX_TYPE_REAL:
        return out + rcx_format_real(column->reals[row], out);
    case RCX_TYPE_DECIMAL:
        return out + rcx_format_decimal(column->i64[row], column->scale, out);
    case RCX_TYPE_DATE:
        return out + strlen(rcx_format_day(column->i32[row], out));
    case RCX_TYPE_TIME:
        return out + strlen(rcx_format_time(column->i64[row], out));
    case RCX_TYPE_TEXT:
        return put_text(out, rcx_strings_get(column->dictionary, column->codes[row]));
    case RCX_TYPE_COUNT:
        break;
    }
    return out;
}

/* Most bytes of the row's text. */
static size_t row_bound(const struct rcx_table *table, size_t row)
{
    size_t bytes = 1;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        if (column->type == RCX_TYPE_TEXT && !rcx_column_is_null(column, row))
            bytes += 2 * rcx_strings_get(column->dictionary, column->codes[row]).length + 3;
        else
            bytes += CELL_BYTES;
    }
    return bytes;
}

static char *put_row(char *out, const struct rcx_table *table, size_t row)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        if (i)
            *out++ = ',';
        if (!rcx_column_is_null(column, row)) {
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
    struct rcx_ordered_output output;
};

static enum rcx_status format_block(void *context, size_t chunk, unsigned worker,
                                    struct rcx_error *err)
{
    (void)worker;
    struct csv_job *job = context;
    size_t begin = chunk * BLOCK_ROWS;
    size_t end = begin + BLOCK_ROWS < job->table->rows ? begin + BLOCK_ROWS : job->table->rows;
    struct rcx_buf text = {0};
    for (size_t row = begin; row < end; row++) {
        size_t bound = row_bound(job->table, row);
        if (!rcx_buf_reserve(&text, bound)) {
            rcx_buf_release(&text);
            return rcx_fail_nomem(err, "CSV text", bound);
        }
        char *at = (char *)text.data + text.length;
        text.length += (size_t)(put_row(at, job->table, row) - at);
    }
    return rcx_ordered_put(&job->output, chunk, &text, err);
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
        line.length += (size_t)(put_text(at, name) - at);
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
    struct csv_job job = {.table = table};
    enum rcx_status status = rcx_ordered_init(&job.output, sink->file, blocks, err);
    if (!status)
        status = rcx_parallel_for(&sink->parallel, blocks, format_block, &job, err);
    rcx_ordered_release(&job.output);
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
