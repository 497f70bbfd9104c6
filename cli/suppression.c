#include "cli/suppression.h"

#include <string.h>

#include "base/file.h"
#include "base/text.h"

static bool is_separator(char c)
{
    return c == ',' || c == ';' || c == '\t';
}

static struct rcx_text without_quotes(struct rcx_text id)
{
    id = rcx_text_trim(id);
    if (id.length >= 2 && id.data[0] == '"' && id.data[id.length - 1] == '"')
        return rcx_text_trim((struct rcx_text){id.data + 1, id.length - 2});
    return id;
}

static struct rcx_text first_field(struct rcx_text line)
{
    size_t length = 0;
    while (length < line.length && !is_separator(line.data[length]))
        length++;
    return without_quotes((struct rcx_text){line.data, length});
}

static uint32_t find(const struct rcx_customer_index *index, struct rcx_text id)
{
    uint32_t row = rcx_customer_index_find_text(index, id);
    bool whole = id.length > 2 && memcmp(id.data + id.length - 2, ".0", 2) == 0;
    if (row == RCX_NO_ROW && whole && index->ids->type == RCX_TYPE_INT64)
        row = rcx_customer_index_find_text(index, (struct rcx_text){id.data, id.length - 2});
    return row;
}

/* Takes a line off the front. */
static struct rcx_text next_line(struct rcx_text *content)
{
    size_t length = 0;
    while (length < content->length && content->data[length] != '\n' &&
           content->data[length] != '\r')
        length++;
    size_t used = length < content->length ? length + 1 : length;
    struct rcx_text line = {content->data, length};
    *content = (struct rcx_text){content->data + used, content->length - used};
    return line;
}

static void suppress(struct rcx_text content, const struct rcx_customer_index *index,
                     uint8_t *out_flags, size_t *out_count, size_t *out_unknown)
{
    bool first = true;
    while (content.length > 0) {
        struct rcx_text line = rcx_text_trim(next_line(&content));
        if (line.length == 0)
            continue;
        bool header = first && rcx_text_equal_nocase(first_field(line), "customer_id");
        first = false;
        if (header)
            continue;
        uint32_t row = find(index, without_quotes(line));
        if (row == RCX_NO_ROW)
            row = find(index, first_field(line));
        if (row == RCX_NO_ROW) {
            (*out_unknown)++;
        } else if (!out_flags[row]) {
            out_flags[row] = 1;
            (*out_count)++;
        }
    }
}

enum rcx_status rcx_suppression_read(const char *path, const struct rcx_customer_index *index,
                                     uint8_t *out_flags, size_t *out_count, size_t *out_unknown,
                                     struct rcx_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct rcx_buf bytes = {0};
    enum rcx_status status = rcx_file_read(path, &bytes, err);
    if (status != RCX_OK)
        return status;
    struct rcx_text text = {(const char *)bytes.data, bytes.length};
    if (text.length >= 3 && memcmp(text.data, mark, 3) == 0)
        text = (struct rcx_text){text.data + 3, text.length - 3};
    *out_count = *out_unknown = 0;
    memset(out_flags, 0, index->ids->rows);
    if (text.length > 0 && memchr(text.data, '\0', text.length))
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: not a text: byte %zu is zero; expected a customer id on each line",
                          path,
                          (size_t)((const char *)memchr(text.data, '\0', text.length) -
                                   (const char *)bytes.data));
    else
        suppress(text, index, out_flags, out_count, out_unknown);
    rcx_buf_release(&bytes);
    return status;
}
