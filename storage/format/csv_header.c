#include "storage/format/csv_header.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_record.h"

size_t rcx_csv_bom_bytes(const uint8_t *bytes, size_t length)
{
    return length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Bytes of the line end that stands there, or 0. */
static size_t line_end_bytes(const uint8_t *bytes, size_t length)
{
    if (length >= 1 && bytes[0] == '\n')
        return 1;
    return length >= 2 && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 0;
}

size_t rcx_csv_preface_bytes(const uint8_t *bytes, size_t length, uint64_t *out_lines,
                             uint8_t *out_delimiter)
{
    enum { SEP_BYTES = 5 };
    size_t at = 0;
    *out_lines = 0;
    *out_delimiter = 0;
    for (size_t end; (end = line_end_bytes(bytes + at, length - at)) > 0; at += end)
        ++*out_lines;
    if (length - at < SEP_BYTES ||
        !rcx_text_equal_nocase((struct rcx_text){(const char *)bytes + at, SEP_BYTES - 1}, "sep="))
        return at;
    size_t end = line_end_bytes(bytes + at + SEP_BYTES, length - at - SEP_BYTES);
    if (end == 0 || !memchr(",;\t|", bytes[at + SEP_BYTES - 1], 4))
        return at;
    ++*out_lines;
    *out_delimiter = bytes[at + SEP_BYTES - 1];
    return at + SEP_BYTES + end;
}

uint8_t rcx_csv_find_delimiter(const uint8_t *header, size_t length)
{
    static const uint8_t candidates[] = {',', ';', '\t', '|'};
    uint8_t best = candidates[0];
    size_t most = 0;
    for (size_t i = 0; i < sizeof candidates; i++) {
        enum rcx_csv_state state = RCX_CSV_FIELD_START;
        size_t fields = 0;
        rcx_csv_record_end(header, 0, length, candidates[i], &state, &fields);
        if (fields > most) {
            most = fields;
            best = candidates[i];
        }
    }
    return best;
}

static char *column_name(struct rcx_text raw)
{
    char *scratch = rcx_malloc(raw.length + 1);
    char *name = rcx_malloc(3 * raw.length + 1);
    if (scratch && name) {
        struct rcx_text text = rcx_text_trim(rcx_csv_unquote(rcx_text_trim(raw), scratch));
        size_t length = text.length;
        if (rcx_utf8_check(text.data, text.length) == text.length) {
            if (length > 0)
                memcpy(name, text.data, length);
        } else {
            length = rcx_cp1252_to_utf8(text.data, text.length, name);
        }
        name[length] = '\0';
    } else {
        rcx_free(name);
        name = NULL;
    }
    rcx_free(scratch);
    return name;
}

/* Ends of the fields of one record, found with the plain scanner a field at a time. */
static size_t field_end(const uint8_t *bytes, size_t begin, size_t end, uint8_t delimiter)
{
    enum rcx_csv_state state = RCX_CSV_FIELD_START;
    for (size_t i = begin; i < end; i++) {
        bool outside = state != RCX_CSV_QUOTED;
        if (outside && (bytes[i] == delimiter || bytes[i] == '\n'))
            return i;
        size_t fields = 0;
        rcx_csv_record_end(bytes, i, i + 1, delimiter, &state, &fields);
    }
    return end;
}

enum rcx_status rcx_csv_columns_parse(const uint8_t *header, size_t length, uint8_t delimiter,
                                      struct rcx_source_column **out, size_t *out_count,
                                      struct rcx_error *err)
{
    struct rcx_source_column *columns = NULL;
    size_t count = 0, capacity = 0;
    while (length > 0 && (header[length - 1] == '\n' || header[length - 1] == '\r'))
        length--;
    size_t begin = 0;
    for (;;) {
        size_t end = field_end(header, begin, length, delimiter);
        if (!rcx_array_reserve(&columns, &capacity, count + 1, sizeof *columns))
            goto no_memory;
        columns[count].utc = false;
        columns[count].name = column_name(
            (struct rcx_text){(const char *)header + begin, end - begin});
        if (!columns[count].name)
            goto no_memory;
        count++;
        if (end >= length)
            break;
        begin = end + 1;
    }
    *out = columns;
    *out_count = count;
    return RCX_OK;
no_memory:
    rcx_csv_columns_release(columns, count);
    return rcx_fail_nomem(err, "the header", length);
}

void rcx_csv_columns_release(struct rcx_source_column *columns, size_t count)
{
    for (size_t i = 0; columns && i < count; i++)
        rcx_free(columns[i].name);
    rcx_free(columns);
}
