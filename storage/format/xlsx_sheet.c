#include "storage/format/xlsx_sheet.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/format/xlsx_cell.h"
#include "storage/format/xlsx_xml.h"

#define NO_COLUMN SIZE_MAX

enum { MOST_CELL_BYTES = 16 << 20 }; /* of XML text; Excel's own limit is 32,767 characters */

struct rcx_xlsx_sheet_reader {
    const struct rcx_xlsx_context *context;
    struct rcx_xlsx_rows *rows;
    struct rcx_xlsx_xml *xml;
    enum rcx_xlsx_until until;
    uint64_t data_begin;
    bool in_data, in_row, in_cell, in_value, in_formula, in_inline, in_text, has_value;
    unsigned phonetic;
    uint32_t line;
    size_t column, next_column; /* of the cell; the least that may follow */
    int64_t format;
    char type[12];
    struct rcx_buf value, formula, quoted;
};

size_t rcx_xlsx_cell_column(const char *reference, uint32_t *out_row)
{
    size_t column = 0, letters = 0;
    uint32_t row = 0;
    for (; reference[letters] >= 'A' && reference[letters] <= 'Z' && letters < 4; letters++)
        column = column * 26 + (size_t)(reference[letters] - 'A') + 1;
    const char *at = reference + letters;
    for (; *at >= '0' && *at <= '9' && row <= RCX_XLSX_MOST_ROWS; at++)
        row = row * 10 + (uint32_t)(*at - '0');
    if (letters == 0 || *at || row == 0 || row > RCX_XLSX_MOST_ROWS ||
        column > RCX_XLSX_MOST_COLUMNS)
        return NO_COLUMN;
    *out_row = row;
    return column - 1;
}

static enum rcx_status begin_row(struct rcx_xlsx_sheet_reader *reader, const char **attributes,
                                 struct rcx_error *err)
{
    const char *number = rcx_xlsx_xml_attribute(attributes, "r");
    int64_t line = (int64_t)reader->line + 1;
    if (number && (!rcx_parse_i64(rcx_text_of(number), &line) || line < 1))
        line = RCX_XLSX_MOST_ROWS + 1;
    if (line > RCX_XLSX_MOST_ROWS)
        return rcx_fail(err, RCX_E_INPUT, "%s: a row number that is none: '%s'",
                        reader->context->name, number ? number : "");
    reader->line = (uint32_t)line;
    reader->next_column = 0;
    reader->in_row = true;
    return rcx_xlsx_rows_begin(reader->rows, reader->line)
               ? RCX_OK
               : rcx_fail_nomem(err, reader->context->name, 0);
}

static enum rcx_status begin_cell(struct rcx_xlsx_sheet_reader *reader, const char **attributes,
                                  struct rcx_error *err)
{
    const char *reference = rcx_xlsx_xml_attribute(attributes, "r");
    const char *format = rcx_xlsx_xml_attribute(attributes, "s");
    const char *type = rcx_xlsx_xml_attribute(attributes, "t");
    uint32_t row = 0;
    reader->column = reference ? rcx_xlsx_cell_column(reference, &row) : reader->next_column;
    if (reader->column >= RCX_XLSX_MOST_COLUMNS || reader->column < reader->next_column)
        return rcx_fail(err, RCX_E_INPUT, "%s: row %u: cell '%s' is not where cells can be",
                        reader->context->name, reader->line, reference ? reference : "");
    reader->next_column = reader->column + 1;
    reader->format = 0;
    if (format)
        (void)rcx_parse_i64(rcx_text_of(format), &reader->format);
    memset(reader->type, 0, sizeof reader->type);
    memcpy(reader->type, type ? type : "n", strnlen(type ? type : "n", sizeof reader->type - 1));
    reader->in_cell = true;
    reader->has_value = false;
    rcx_buf_clear(&reader->value);
    rcx_buf_clear(&reader->formula);
    return RCX_OK;
}

static enum rcx_status on_start(void *data, const char *element, const char **attributes,
                                struct rcx_error *err)
{
    struct rcx_xlsx_sheet_reader *reader = data;
    if (strcmp(element, "sheetData") == 0) {
        reader->in_data = true;
        reader->data_begin = rcx_xlsx_xml_position(reader->xml);
        if (reader->until == RCX_XLSX_UNTIL_DATA)
            rcx_xlsx_xml_stop(reader->xml);
        return RCX_OK;
    }
    if (!reader->in_data)
        return RCX_OK;
    if (strcmp(element, "row") == 0)
        return begin_row(reader, attributes, err);
    if (strcmp(element, "c") == 0 && reader->in_row)
        return begin_cell(reader, attributes, err);
    if (!reader->in_cell)
        return RCX_OK;
    if (strcmp(element, "v") == 0)
        reader->in_value = true;
    else if (strcmp(element, "f") == 0)
        reader->in_formula = true;
    else if (strcmp(element, "is") == 0)
        reader->in_inline = true;
    else if (strcmp(element, "rPh") == 0)
        reader->phonetic++;
    else if (strcmp(element, "t") == 0)
        reader->in_text = reader->in_inline && reader->phonetic == 0;
    return RCX_OK;
}

static struct rcx_text text_of(struct rcx_xlsx_sheet_reader *reader)
{
    struct rcx_buf *value = &reader->value;
    if (value->length > 0)
        value->length = rcx_xlsx_unescape((char *)value->data, value->length);
    struct rcx_text text = {(const char *)value->data, value->length};
    if (!rcx_xlsx_needs_quotes(text))
        return text;
    rcx_buf_clear(&reader->quoted);
    (void)rcx_xlsx_append_text(&reader->quoted, text);
    return (struct rcx_text){(const char *)reader->quoted.data, reader->quoted.length};
}

static enum rcx_status shared_string(struct rcx_xlsx_sheet_reader *reader, struct rcx_text raw,
                                     struct rcx_text *out, struct rcx_error *err)
{
    uint64_t index = 0;
    if (!rcx_parse_u64(rcx_text_trim(raw), &index) || index >= reader->context->strings->count)
        return rcx_fail(err, RCX_E_INPUT, "%s: row %u: shared string '%.*s' of %zu",
                        reader->context->name, reader->line,
                        (int)(raw.length < 20 ? raw.length : 20), raw.data,
                        reader->context->strings->count);
    *out = rcx_xlsx_string(reader->context->strings, index);
    return RCX_OK;
}

static bool is_date(const struct rcx_xlsx_sheet_reader *reader)
{
    const struct rcx_xlsx_workbook *workbook = reader->context->workbook;
    return reader->format >= 0 && (uint64_t)reader->format < workbook->format_count &&
           workbook->formats[reader->format] == RCX_XLSX_DATE;
}

static enum rcx_status end_cell(struct rcx_xlsx_sheet_reader *reader, struct rcx_error *err)
{
    struct rcx_text text = {(const char *)reader->value.data, reader->value.length};
    char number[RCX_XLSX_CELL_BYTES];
    const char *type = reader->type;
    enum rcx_status status = RCX_OK;
    reader->in_cell = false;
    if (text.length == 0 && reader->formula.length > 0 && !reader->has_value) {
        text = (struct rcx_text){(const char *)reader->formula.data, reader->formula.length};
    } else if (text.length == 0) {
        return RCX_OK;
    } else if (strcmp(type, "s") == 0) {
        status = shared_string(reader, text, &text, err);
    } else if (strcmp(type, "b") == 0) {
        text = rcx_text_of(text.data[0] == '0' ? "FALSE" : "TRUE");
    } else if (strcmp(type, "n") == 0) {
        size_t length = is_date(reader)
                            ? rcx_xlsx_date(text, reader->context->workbook->date1904, number)
                            : rcx_xlsx_number(text, number);
        text = length > 0 ? (struct rcx_text){number, length} : text_of(reader);
    } else {
        text = text_of(reader);
    }
    if (status != RCX_OK)
        return status;
    if (reader->value.failed || reader->formula.failed || reader->quoted.failed ||
        !rcx_xlsx_rows_cell(reader->rows, reader->column, text))
        return rcx_fail_nomem(err, reader->context->name, text.length);
    return RCX_OK;
}

static enum rcx_status end_row(struct rcx_xlsx_sheet_reader *reader, struct rcx_error *err)
{
    reader->in_row = false;
    if (!rcx_xlsx_rows_end(reader->rows))
        return rcx_fail_nomem(err, reader->context->name, 0);
    if (reader->until == RCX_XLSX_UNTIL_FIRST_ROW && reader->rows->records > 0)
        rcx_xlsx_xml_stop(reader->xml);
    return RCX_OK;
}

static enum rcx_status on_end(void *data, const char *element, struct rcx_error *err)
{
    struct rcx_xlsx_sheet_reader *reader = data;
    if (!reader->in_data)
        return RCX_OK;
    if (strcmp(element, "sheetData") == 0) {
        reader->in_data = false;
        if (reader->until == RCX_XLSX_UNTIL_FIRST_ROW)
            rcx_xlsx_xml_stop(reader->xml);
    } else if (strcmp(element, "row") == 0 && reader->in_row) {
        return end_row(reader, err);
    } else if (strcmp(element, "c") == 0 && reader->in_cell) {
        return end_cell(reader, err);
    } else if (strcmp(element, "v") == 0) {
        reader->has_value = reader->has_value || reader->value.length > 0;
        reader->in_value = false;
    } else if (strcmp(element, "f") == 0) {
        reader->in_formula = false;
    } else if (strcmp(element, "is") == 0) {
        reader->in_inline = false;
    } else if (strcmp(element, "rPh") == 0 && reader->phonetic > 0) {
        reader->phonetic--;
    } else if (strcmp(element, "t") == 0) {
        reader->in_text = false;
    }
    return RCX_OK;
}

static enum rcx_status on_text(void *data, const char *text, size_t length, struct rcx_error *err)
{
    struct rcx_xlsx_sheet_reader *reader = data;
    if (!reader->in_cell)
        return RCX_OK;
    struct rcx_buf *to = reader->in_value || reader->in_text ? &reader->value
                         : reader->in_formula                ? &reader->formula
                                                             : NULL;
    if (!to)
        return RCX_OK;
    if (to->length + length > MOST_CELL_BYTES)
        return rcx_fail(err, RCX_E_INPUT, "%s: row %u: a cell of more than %d MiB",
                        reader->context->name, reader->line, MOST_CELL_BYTES >> 20);
    if (to == &reader->formula && to->length == 0)
        rcx_buf_append_byte(to, '=');
    rcx_buf_append(to, text, length); /* `failed` is looked at with the cell */
    return RCX_OK;
}

struct rcx_xlsx_sheet_reader *rcx_xlsx_sheet_open(const struct rcx_xlsx_context *context,
                                                  struct rcx_xlsx_rows *rows)
{
    static const struct rcx_xlsx_xml_handler handler = {on_start, on_end, on_text};
    struct rcx_xlsx_sheet_reader *reader = rcx_calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->context = context;
    reader->rows = rows;
    reader->until = RCX_XLSX_UNTIL_END;
    reader->xml = rcx_xlsx_xml_open(context->name, &handler, reader);
    if (!reader->xml) {
        rcx_free(reader);
        return NULL;
    }
    return reader;
}

void rcx_xlsx_sheet_close(struct rcx_xlsx_sheet_reader *reader)
{
    if (!reader)
        return;
    rcx_xlsx_xml_close(reader->xml);
    rcx_buf_release(&reader->value);
    rcx_buf_release(&reader->formula);
    rcx_buf_release(&reader->quoted);
    rcx_free(reader);
}

void rcx_xlsx_sheet_set_until(struct rcx_xlsx_sheet_reader *reader, enum rcx_xlsx_until until)
{
    reader->until = until;
}

enum rcx_status rcx_xlsx_sheet_feed(struct rcx_xlsx_sheet_reader *reader, const uint8_t *bytes,
                                    size_t length, bool last, struct rcx_error *err)
{
    return rcx_xlsx_xml_feed(reader->xml, bytes, length, last, err);
}

bool rcx_xlsx_sheet_stopped(const struct rcx_xlsx_sheet_reader *reader)
{
    return rcx_xlsx_xml_stopped(reader->xml);
}

uint64_t rcx_xlsx_sheet_data_begin(const struct rcx_xlsx_sheet_reader *reader)
{
    return reader->data_begin;
}
