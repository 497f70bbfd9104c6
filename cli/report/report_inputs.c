#include "cli/report/report_inputs.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/table.h"
#include "storage/format/table_read.h"

struct input {
    const char *id, *path;
    size_t rows;         /* 0: a document */
    const char *columns; /* separated by commas; "": all */
};

static const struct input inputs[] = {
#define TABLE(id, path, rows, columns) {#id, path, rows, columns},
#define JSON(id, path) {#id, path, 0, ""},
#include "cli/report/report_inputs.def"
#undef TABLE
#undef JSON
};

enum { INPUTS = sizeof inputs / sizeof inputs[0], MOST_COLUMNS = 64, NAMES_BYTES = 1024 };

static void put_value(struct rcx_json *json, const struct rcx_column *column, size_t row)
{
    char text[RCX_TIME_TEXT_BYTES];
    if (rcx_column_is_null(column, row)) {
        rcx_json_null(json);
        return;
    }
    switch (column->type) {
    case RCX_TYPE_BOOL:
        rcx_json_bool(json, column->booleans[row]);
        return;
    case RCX_TYPE_INT8:
        rcx_json_i64(json, column->i8[row]);
        return;
    case RCX_TYPE_INT32:
        rcx_json_i64(json, column->i32[row]);
        return;
    case RCX_TYPE_INT64:
        rcx_json_i64(json, column->i64[row]);
        return;
    case RCX_TYPE_REAL:
        rcx_json_real(json, column->reals[row]);
        return;
    case RCX_TYPE_DECIMAL:
        rcx_json_real(json, rcx_ratio(column->i64[row], rcx_pow10(column->scale)));
        return;
    case RCX_TYPE_DATE:
        rcx_json_text(json, rcx_format_day(column->i32[row], text));
        return;
    case RCX_TYPE_TIME:
        rcx_json_text(json, rcx_format_time(column->i64[row], text));
        return;
    case RCX_TYPE_TEXT: {
        struct rcx_text value = rcx_strings_get(column->dictionary, column->codes[row]);
        rcx_json_text_n(json, value.data, value.length);
        return;
    }
    case RCX_TYPE_COUNT:
        return;
    }
}

/* Cuts a list at its commas in place; returns how many names there are. */
static size_t split_names(const char *list, char copy[NAMES_BYTES], const char *names[MOST_COLUMNS])
{
    size_t count = 0;
    size_t length = strlen(list);
    if (length == 0 || length >= NAMES_BYTES)
        return 0;
    memcpy(copy, list, length + 1);
    for (char *at = copy; at && count < MOST_COLUMNS; count++) {
        names[count] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = '\0';
    }
    return count;
}

static enum rcx_status put_table(struct rcx_json *json, const char *path, const struct input *input,
                                 const struct rcx_parallel *parallel, struct rcx_error *err)
{
    char copy[NAMES_BYTES];
    const char *names[MOST_COLUMNS];
    struct rcx_table table = {0};
    const struct rcx_table_read_options read = {
        .columns = names,
        .column_count = split_names(input->columns, copy, names),
        .parallel = parallel};
    enum rcx_status status = rcx_table_read(path, &read, &table, err);
    if (status != RCX_OK)
        return status;
    size_t rows = table.rows < input->rows ? table.rows : input->rows;
    rcx_json_object(json);
    rcx_json_put_u64(json, "rows", rows);
    rcx_json_key(json, "columns");
    rcx_json_object(json);
    for (size_t c = 0; c < table.column_count; c++) {
        rcx_json_key(json, table.columns[c].name);
        rcx_json_array(json);
        for (size_t r = 0; r < rows; r++)
            put_value(json, &table.columns[c], r);
        rcx_json_array_end(json);
    }
    rcx_json_object_end(json);
    rcx_json_object_end(json);
    rcx_table_release(&table);
    return RCX_OK;
}

/* A document without its time of creation, so that the same run gives the same page. */
static enum rcx_status put_document(struct rcx_json *json, const char *path, struct rcx_error *err)
{
    struct rcx_buf bytes = {0};
    struct rcx_json_document *document = NULL;
    enum rcx_status status = rcx_file_read(path, &bytes, err);
    if (status == RCX_OK)
        status = rcx_json_parse(path, bytes.data, bytes.length, &document, err);
    if (status == RCX_OK) {
        rcx_json_null(json); /* a place for it, commas and all */
        json->out->length -= strlen("null");
        if (!rcx_json_dump(document, "created", json->out))
            status = rcx_fail_nomem(err, path, bytes.length);
    }
    rcx_json_close(document);
    rcx_buf_release(&bytes);
    return status;
}

/* No text of the data can end the script element that holds it: every '<' becomes its escape. It can
 * stand only inside texts of JSON. */
static enum rcx_status escape_tags(const struct rcx_buf *from, struct rcx_buf *to,
                                   struct rcx_error *err)
{
    const char *at = (const char *)from->data, *end = at + from->length;
    while (at < end) {
        const char *next = memchr(at, '<', (size_t)(end - at));
        size_t length = (size_t)((next ? next : end) - at);
        rcx_buf_append(to, at, length);
        at += length;
        if (at < end) {
            rcx_buf_append_text(to, "\\u003c");
            at++;
        }
    }
    return to->failed ? rcx_fail_nomem(err, "report", from->length) : RCX_OK;
}

enum rcx_status rcx_report_inputs(const struct rcx_report_options *options, struct rcx_buf *json,
                                  struct rcx_report_result *counts, struct rcx_error *err)
{
    struct rcx_buf plain = {0};
    struct rcx_json writer = rcx_json_begin(&plain, true);
    enum rcx_status status = RCX_OK;
    rcx_json_object(&writer);
    for (size_t i = 0; i < INPUTS && status == RCX_OK; i++) {
        char *path = rcx_path_join(options->directory, inputs[i].path);
        if (!path)
            status = rcx_fail_nomem(err, inputs[i].path, 0);
        else if (!rcx_file_exists(path))
            counts->missing++;
        else {
            rcx_json_key(&writer, inputs[i].id);
            status = inputs[i].rows > 0
                         ? put_table(&writer, path, &inputs[i], &options->parallel, err)
                         : put_document(&writer, path, err);
            counts->inputs++;
        }
        rcx_free(path);
    }
    if (status == RCX_OK)
        rcx_json_object_end(&writer);
    if (status == RCX_OK && plain.failed)
        status = rcx_fail_nomem(err, "report", plain.length);
    if (status == RCX_OK)
        status = escape_tags(&plain, json, err);
    rcx_buf_release(&plain);
    return status;
}
