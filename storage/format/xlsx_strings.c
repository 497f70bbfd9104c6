#include "storage/format/xlsx_strings.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/format/xlsx_cell.h"
#include "storage/format/xlsx_xml.h"

#define MOST_BYTES ((size_t)1 << 30)

struct reading {
    struct rcx_xlsx_strings strings;
    size_t begin_capacity;
    struct rcx_buf bytes;
    struct rcx_buf text; /* of the string that is being read */
    unsigned phonetic;   /* depth */
    bool in_text;
};

static enum rcx_status on_start(void *context, const char *element, const char **attributes,
                                struct rcx_error *err)
{
    struct reading *reading = context;
    (void)attributes;
    (void)err;
    if (strcmp(element, "si") == 0)
        rcx_buf_clear(&reading->text);
    else if (strcmp(element, "rPh") == 0)
        reading->phonetic++;
    else if (strcmp(element, "t") == 0)
        reading->in_text = reading->phonetic == 0;
    return RCX_OK;
}

static enum rcx_status add_string(struct reading *reading, struct rcx_error *err)
{
    struct rcx_xlsx_strings *strings = &reading->strings;
    struct rcx_buf *text = &reading->text;
    if (text->failed)
        return rcx_fail_nomem(err, "shared strings", text->length);
    if (reading->bytes.length + 2 * text->length > MOST_BYTES || strings->count >= UINT32_MAX)
        return rcx_fail(err, RCX_E_INPUT,
                        "the workbook has more than 1 GiB of shared strings; save it as CSV");
    if (text->length > 0)
        text->length = rcx_xlsx_unescape((char *)text->data, text->length);
    struct rcx_text plain = {(const char *)text->data, text->length};
    if (!rcx_array_reserve(&strings->begins, &reading->begin_capacity, strings->count + 2,
                           sizeof *strings->begins) ||
        !rcx_xlsx_append_text(&reading->bytes, plain))
        return rcx_fail_nomem(err, "shared strings", reading->bytes.length);
    strings->begins[++strings->count] = reading->bytes.length;
    return RCX_OK;
}

static enum rcx_status on_end(void *context, const char *element, struct rcx_error *err)
{
    struct reading *reading = context;
    if (strcmp(element, "rPh") == 0 && reading->phonetic > 0)
        reading->phonetic--;
    else if (strcmp(element, "t") == 0)
        reading->in_text = false;
    else if (strcmp(element, "si") == 0)
        return add_string(reading, err);
    return RCX_OK;
}

static enum rcx_status on_text(void *context, const char *text, size_t length,
                               struct rcx_error *err)
{
    struct reading *reading = context;
    if (!reading->in_text)
        return RCX_OK;
    if (reading->text.length + length > MOST_BYTES)
        return rcx_fail(err, RCX_E_INPUT, "a shared string of the workbook is over 1 GiB");
    rcx_buf_append(&reading->text, text, length); /* `failed` is looked at once */
    return RCX_OK;
}

enum rcx_status rcx_xlsx_strings_open(struct rcx_xlsx_zip *zip, const char *part,
                                      struct rcx_xlsx_strings *out, struct rcx_error *err)
{
    static const struct rcx_xlsx_xml_handler handler = {on_start, on_end, on_text};
    struct reading reading = {0};
    enum rcx_status status = RCX_OK;
    if (!rcx_array_reserve(&reading.strings.begins, &reading.begin_capacity, 1,
                           sizeof *reading.strings.begins))
        return rcx_fail_nomem(err, "shared strings", 0);
    reading.strings.begins[0] = 0;
    if (part)
        status = rcx_xlsx_xml_parse(zip, part, &handler, &reading, err);
    if (status == RCX_OK && !rcx_buf_append_zeros(&reading.bytes, RCX_XLSX_STRING_PAD))
        status = rcx_fail_nomem(err, "shared strings", reading.bytes.length);
    rcx_buf_release(&reading.text);
    reading.strings.bytes = (char *)reading.bytes.data;
    if (status == RCX_OK)
        *out = reading.strings;
    else
        rcx_xlsx_strings_release(&reading.strings);
    return status;
}

void rcx_xlsx_strings_release(struct rcx_xlsx_strings *strings)
{
    rcx_free(strings->begins);
    rcx_free(strings->bytes);
    *strings = (struct rcx_xlsx_strings){0};
}
