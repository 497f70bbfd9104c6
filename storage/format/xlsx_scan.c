#include "storage/format/xlsx_scan.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/xlsx_cell.h"

enum { MOST_INLINE_BYTES = 1 << 16, MOST_DATE_BYTES = 32 };

/* Where the scan is; positions are pointers, the zero behind the end stops every loop. */
struct cursor {
    struct rcx_xlsx_scan *scan;
    const char *at;
    uint32_t line;
    size_t next_column;
    /* The date of the row before is mostly that of this one, too. */
    char date_raw[MOST_DATE_BYTES], date_text[RCX_XLSX_CELL_BYTES];
    size_t date_raw_length, date_text_length;
    bool no_memory;
    struct rcx_buf text, quoted;
};

struct cell {
    size_t column;
    uint32_t format;
    char type; /* n, s, b, e, d, t (str), i (inlineStr) */
};

static inline bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline void skip_space(struct cursor *cursor)
{
    while (is_space(*cursor->at))
        cursor->at++;
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

#define TAKE(cursor, literal)                                                                      \
    (memcmp((cursor)->at, literal, sizeof(literal) - 1) == 0 &&                                    \
     ((cursor)->at += sizeof(literal) - 1, true))

/* digits"  with at most 9 of them */
static inline bool take_number(struct cursor *cursor, uint32_t *out)
{
    const char *begin = cursor->at;
    uint32_t value = 0;
    while (is_digit(*cursor->at) && cursor->at - begin < 9)
        value = value * 10 + (uint32_t)(*cursor->at++ - '0');
    if (cursor->at == begin || *cursor->at != '"')
        return false;
    cursor->at++;
    *out = value;
    return true;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Attributes of a row that mean nothing here; "r" is the number. */
static const struct {
    const char *text;
    unsigned length;
} row_attributes[] = {
    {"spans=\"", 7},
    {"s=\"", 3},
    {"customFormat=\"", 14},
    {"ht=\"", 4},
    {"hidden=\"", 8},
    {"customHeight=\"", 14},
    {"outlineLevel=\"", 14},
    {"collapsed=\"", 11},
    {"thickTop=\"", 10},
    {"thickBot=\"", 10},
    {"ph=\"", 4},
    {"x14ac:dyDescent=\"", 17},
};
enum { ROW_ATTRIBUTES = sizeof row_attributes / sizeof row_attributes[0] };

static bool skip_row_attribute(struct cursor *cursor, unsigned *seen)
{
    unsigned i = 0;
    while (i < ROW_ATTRIBUTES &&
           strncmp(cursor->at, row_attributes[i].text, row_attributes[i].length) != 0)
        i++;
    if (i == ROW_ATTRIBUTES || (*seen >> i & 1) ||
        (i == ROW_ATTRIBUTES - 1 && !cursor->scan->has_dyn))
        return false;
    *seen |= 1u << i;
    cursor->at += row_attributes[i].length;
    while (*cursor->at > ' ' && *cursor->at != '"' && *cursor->at != '<' && *cursor->at != '&')
        cursor->at++; /* bytes above 127 are negative and stop it, too */
    while (*cursor->at == ' ' || is_digit(*cursor->at) || *cursor->at == ':')
        cursor->at++; /* spans="1:3 5:8" */
    return *cursor->at++ == '"';
}

/* From behind "<row"; *out_empty: the tag closes itself. */
static bool take_row_tag(struct cursor *cursor, bool *out_empty)
{
    unsigned seen = 0;
    uint32_t line = 0;
    for (;;) {
        const char *before = cursor->at;
        skip_space(cursor);
        if (*cursor->at == '>') {
            cursor->at++;
            *out_empty = false;
            break;
        }
        if (cursor->at[0] == '/' && cursor->at[1] == '>') {
            cursor->at += 2;
            *out_empty = true;
            break;
        }
        if (cursor->at == before)
            return false;
        if (line == 0 && TAKE(cursor, "r=\"")) {
            if (!take_number(cursor, &line) || line == 0 || line > RCX_XLSX_MOST_ROWS)
                return false;
        } else if (!skip_row_attribute(cursor, &seen)) {
            return false;
        }
    }
    cursor->line = line;
    cursor->next_column = 0;
    return line > 0;
}

/* --- cells ----------------------------------------------------------------------------------- */

static inline bool take_reference(struct cursor *cursor, size_t *column)
{
    const char *at = cursor->at;
    size_t value = 0;
    uint32_t row = 0;
    for (unsigned i = 0; i < 3 && *at >= 'A' && *at <= 'Z'; i++)
        value = value * 26 + (size_t)(*at++ - 'A') + 1;
    if (value == 0 || value > RCX_XLSX_MOST_COLUMNS)
        return false;
    *column = value - 1;
    cursor->at = at;
    return take_number(cursor, &row) && row > 0 && row <= RCX_XLSX_MOST_ROWS;
}

static bool take_type(struct cursor *cursor, char *out)
{
    static const struct {
        const char *text;
        size_t length;
        char type;
    } types[] = {{"s\"", 2, 's'}, {"n\"", 2, 'n'}, {"str\"", 4, 't'}, {"inlineStr\"", 10, 'i'},
                 {"b\"", 2, 'b'}, {"e\"", 2, 'e'}, {"d\"", 2, 'd'}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strncmp(cursor->at, types[i].text, types[i].length) == 0) {
            cursor->at += types[i].length;
            *out = types[i].type;
            return true;
        }
    }
    return false;
}

/* From behind "<c". */
static inline bool take_cell_tag(struct cursor *cursor, struct cell *cell, bool *out_empty)
{
    bool has_reference = false, has_format = false, has_type = false;
    *cell = (struct cell){cursor->next_column, 0, 'n'};
    for (;;) {
        const char *before = cursor->at;
        skip_space(cursor);
        char c = *cursor->at;
        if (c == '>') {
            cursor->at++;
            *out_empty = false;
            break;
        }
        if (c == '/' && cursor->at[1] == '>') {
            cursor->at += 2;
            *out_empty = true;
            break;
        }
        if (cursor->at == before || cursor->at[1] != '=' || cursor->at[2] != '"')
            return false;
        cursor->at += 3;
        if (c == 'r' && !has_reference)
            has_reference = take_reference(cursor, &cell->column);
        else if (c == 's' && !has_format)
            has_format = take_number(cursor, &cell->format);
        else if (c == 't' && !has_type)
            has_type = take_type(cursor, &cell->type);
        else
            return false;
        if ((c == 'r' && !has_reference) || (c == 's' && !has_format) || (c == 't' && !has_type))
            return false;
    }
    if (cell->column < cursor->next_column || cell->column >= RCX_XLSX_MOST_COLUMNS)
        return false;
    cursor->next_column = cell->column + 1;
    return true;
}

/* Whether the bytes can stand as they are in a text of XML. */
static bool is_plain_text(const char *text, size_t length, bool *out_entity)
{
    bool high = false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == '>')
            return false;
        *out_entity = *out_entity || c == '&';
        high = high || c >= 0x80;
    }
    return !high ||
           (rcx_utf8_check(text, length) == length && !memmem(text, length, "\xEF\xBF", 2));
}

static bool decode_entities(const char *text, size_t length, struct rcx_buf *out)
{
    static const struct {
        const char *name;
        size_t length;
        char value;
    } entities[] = {{"&amp;", 5, '&'},
                    {"&lt;", 4, '<'},
                    {"&gt;", 4, '>'},
                    {"&quot;", 6, '"'},
                    {"&apos;", 6, '\''}};
    rcx_buf_clear(out);
    for (size_t i = 0; i < length;) {
        size_t e = 0;
        if (text[i] != '&') {
            rcx_buf_append_byte(out, (uint8_t)text[i++]);
            continue;
        }
        while (e < 5 && (length - i < entities[e].length ||
                         memcmp(text + i, entities[e].name, entities[e].length) != 0))
            e++;
        if (e == 5)
            return false;
        rcx_buf_append_byte(out, (uint8_t)entities[e].value);
        i += entities[e].length;
    }
    return true;
}

/* A text that stands in the cell itself. */
static bool put_own_text(struct cursor *cursor, size_t column, const char *raw, size_t length)
{
    bool entity = false;
    struct rcx_buf *text = &cursor->text;
    if (length > MOST_INLINE_BYTES || !is_plain_text(raw, length, &entity))
        return false;
    if (entity && !decode_entities(raw, length, text))
        return false;
    if (!entity) {
        rcx_buf_clear(text);
        rcx_buf_append(text, raw, length);
    }
    if (text->length > 0 && !text->failed)
        text->length = rcx_xlsx_unescape((char *)text->data, text->length);
    struct rcx_text plain = {(const char *)text->data, text->length};
    rcx_buf_clear(&cursor->quoted);
    if (rcx_xlsx_needs_quotes(plain)) {
        (void)rcx_xlsx_append_text(&cursor->quoted, plain);
        plain = (struct rcx_text){(const char *)cursor->quoted.data, cursor->quoted.length};
    }
    cursor->no_memory = cursor->no_memory || text->failed || cursor->quoted.failed ||
                        !rcx_xlsx_rows_cell(cursor->scan->rows, column, plain);
    return !cursor->no_memory;
}

static bool put_date(struct cursor *cursor, size_t column, struct rcx_text raw)
{
    if (raw.length != cursor->date_raw_length ||
        memcmp(raw.data, cursor->date_raw, raw.length) != 0) {
        size_t length = rcx_xlsx_date(raw, cursor->scan->context->workbook->date1904,
                                      cursor->date_text);
        if (length == 0 || raw.length > MOST_DATE_BYTES)
            return false;
        memcpy(cursor->date_raw, raw.data, raw.length);
        cursor->date_raw_length = raw.length;
        cursor->date_text_length = length;
    }
    return rcx_xlsx_rows_cell(cursor->scan->rows, column,
                              (struct rcx_text){cursor->date_text, cursor->date_text_length}) ||
           (cursor->no_memory = true, false);
}

static bool put_number(struct cursor *cursor, const struct cell *cell, struct rcx_text raw)
{
    const struct rcx_xlsx_workbook *workbook = cursor->scan->context->workbook;
    char text[RCX_XLSX_CELL_BYTES];
    if (cell->format < workbook->format_count && workbook->formats[cell->format] == RCX_XLSX_DATE)
        return put_date(cursor, cell->column, raw);
    size_t length = rcx_xlsx_number(raw, text);
    if (length == 0)
        return false;
    return rcx_xlsx_rows_cell(cursor->scan->rows, cell->column, (struct rcx_text){text, length}) ||
           (cursor->no_memory = true, false);
}

static inline bool put_shared(struct cursor *cursor, size_t column, struct rcx_text raw)
{
    const struct rcx_xlsx_strings *strings = cursor->scan->context->strings;
    size_t index = 0;
    if (raw.length > 9)
        return false;
    for (size_t i = 0; i < raw.length; i++) {
        if (!is_digit(raw.data[i]))
            return false;
        index = index * 10 + (size_t)(raw.data[i] - '0');
    }
    if (index >= strings->count)
        return false;
    return rcx_xlsx_rows_cell(cursor->scan->rows, column, rcx_xlsx_string(strings, index)) ||
           (cursor->no_memory = true, false);
}

static inline bool put_value(struct cursor *cursor, const struct cell *cell, struct rcx_text raw)
{
    if (raw.length == 0)
        return true;
    switch (cell->type) {
    case 's':
        return put_shared(cursor, cell->column, raw);
    case 'n':
        return put_number(cursor, cell, raw);
    case 'b':
        return raw.length == 1 && (raw.data[0] == '0' || raw.data[0] == '1') &&
               rcx_xlsx_rows_cell(cursor->scan->rows, cell->column,
                                  rcx_text_of(raw.data[0] == '0' ? "FALSE" : "TRUE"));
    case 'e':
    case 'd':
    case 't':
        return put_own_text(cursor, cell->column, raw.data, raw.length);
    default:
        return false;
    }
}

/* <is><t>text</t></is> */
static bool take_inline(struct cursor *cursor, const struct cell *cell)
{
    if (cell->type != 'i' || !(TAKE(cursor, "<t>") || TAKE(cursor, "<t xml:space=\"preserve\">")))
        return false;
    const char *begin = cursor->at;
    while (*cursor->at && *cursor->at != '<')
        cursor->at++;
    size_t length = (size_t)(cursor->at - begin);
    return TAKE(cursor, "</t></is>") && put_own_text(cursor, cell->column, begin, length);
}

/* From behind "<c" to behind "</c>". */
static inline bool take_cell(struct cursor *cursor)
{
    struct cell cell;
    bool empty;
    if (!take_cell_tag(cursor, &cell, &empty))
        return false;
    if (empty)
        return true;
    skip_space(cursor);
    if (TAKE(cursor, "<v>")) {
        const char *begin = cursor->at;
        while (*cursor->at && *cursor->at != '<')
            cursor->at++;
        struct rcx_text raw = {begin, (size_t)(cursor->at - begin)};
        if (!TAKE(cursor, "</v>") || !put_value(cursor, &cell, raw))
            return false;
        skip_space(cursor);
    } else if (TAKE(cursor, "<is>")) {
        if (!take_inline(cursor, &cell))
            return false;
        skip_space(cursor);
    } else if (TAKE(cursor, "<v/>")) {
        skip_space(cursor);
    }
    return TAKE(cursor, "</c>");
}

/* From behind "<row" to behind "</row>". */
static bool take_row(struct cursor *cursor)
{
    bool empty;
    if (!take_row_tag(cursor, &empty))
        return false;
    if (empty)
        return true;
    if (!rcx_xlsx_rows_begin(cursor->scan->rows, cursor->line)) {
        cursor->no_memory = true;
        return false;
    }
    for (;;) {
        skip_space(cursor);
        if (cursor->at[0] == '<' && cursor->at[1] == 'c' &&
            (is_space(cursor->at[2]) || cursor->at[2] == '>' || cursor->at[2] == '/')) {
            cursor->at += 2;
            if (!take_cell(cursor))
                return false;
        } else if (TAKE(cursor, "</row>")) {
            cursor->no_memory = !rcx_xlsx_rows_end(cursor->scan->rows);
            return !cursor->no_memory;
        } else {
            return false;
        }
    }
}

static enum rcx_xlsx_scan_result scan_rows(struct cursor *cursor)
{
    struct rcx_xlsx_scan *scan = cursor->scan;
    const char *end = (const char *)scan->bytes + scan->end;
    for (;;) {
        skip_space(cursor);
        scan->at = (size_t)(cursor->at - (const char *)scan->bytes);
        if (cursor->at >= end)
            return cursor->at == end ? RCX_XLSX_SCAN_DONE : RCX_XLSX_SCAN_OTHER;
        if (scan->rows->length >= scan->most_bytes)
            return RCX_XLSX_SCAN_FULL;
        if (TAKE(cursor, "<row")) {
            if (!take_row(cursor))
                return cursor->no_memory ? RCX_XLSX_SCAN_NOMEM : RCX_XLSX_SCAN_OTHER;
        } else {
            return memcmp(cursor->at, "</sheetData", 11) == 0 ? RCX_XLSX_SCAN_END
                                                              : RCX_XLSX_SCAN_OTHER;
        }
    }
}

enum rcx_xlsx_scan_result rcx_xlsx_scan(struct rcx_xlsx_scan *scan)
{
    struct cursor cursor = {.scan = scan, .at = (const char *)scan->bytes + scan->at};
    enum rcx_xlsx_scan_result result = scan_rows(&cursor);
    rcx_buf_release(&cursor.text);
    rcx_buf_release(&cursor.quoted);
    return result;
}
