#include "cli/report/report.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/report/report_inputs.h"
#include "cli/report/web.h"

/* The page has a line of its own, "{{name}}", for each part. */
static const char *const places[RCX_WEB_PART_COUNT] = {
    [RCX_WEB_STYLE] = "{{style}}",
    [RCX_WEB_CHARTS] = "{{charts}}",
    [RCX_WEB_RUNTIME] = "{{runtime}}",
    [RCX_WEB_LAYOUT] = "{{layout}}",
};
static const char inputs_place[] = "{{inputs}}";

static bool starts_with(struct rcx_text text, const char *word)
{
    size_t length = strlen(word);
    return text.length >= length && memcmp(text.data, word, length) == 0;
}

/* Appends what stands for the place at the begin of `rest`; returns the length of its name, 0 when
 * there is none. */
static size_t fill_place(struct rcx_text rest, const struct rcx_buf *inputs, struct rcx_buf *page)
{
    if (starts_with(rest, inputs_place)) {
        rcx_buf_append(page, inputs->data, inputs->length);
        return strlen(inputs_place);
    }
    for (size_t p = 0; p < RCX_WEB_PART_COUNT; p++) {
        if (!places[p] || !starts_with(rest, places[p]))
            continue;
        struct rcx_text part = rcx_web_part((enum rcx_web_part)p);
        rcx_buf_append(page, part.data, part.length);
        return strlen(places[p]);
    }
    return 0;
}

static void fill_page(const struct rcx_buf *inputs, struct rcx_buf *page)
{
    struct rcx_text rest = rcx_web_part(RCX_WEB_PAGE);
    while (rest.length > 0) {
        const char *open = memchr(rest.data, '{', rest.length);
        size_t plain = open ? (size_t)(open - rest.data) : rest.length;
        rcx_buf_append(page, rest.data, plain);
        rest = (struct rcx_text){rest.data + plain, rest.length - plain};
        size_t place = fill_place(rest, inputs, page);
        if (place == 0 && rest.length > 0) {
            rcx_buf_append_byte(page, (uint8_t)rest.data[0]);
            place = 1;
        }
        rest = (struct rcx_text){rest.data + place, rest.length - place};
    }
}

enum rcx_status rcx_report_write(const struct rcx_report_options *options,
                                 struct rcx_report_result *out, struct rcx_error *err)
{
    const struct rcx_file_writer_options file = {.no_sync = options->no_sync};
    struct rcx_report_result result = {0};
    struct rcx_buf inputs = {0}, page = {0};
    enum rcx_status status = rcx_report_inputs(options, &inputs, &result, err);
    if (status == RCX_OK && result.inputs == 0)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: nothing to report: no file of a run is there (rcx run DATA -o %s)",
                          options->directory, options->directory);
    if (status == RCX_OK) {
        fill_page(&inputs, &page);
        if (page.failed)
            status = rcx_fail_nomem(err, "report", inputs.length);
    }
    if (status == RCX_OK)
        status = rcx_file_replace(options->output, page.data, page.length, &file, err);
    result.bytes = page.length;
    rcx_buf_release(&inputs);
    rcx_buf_release(&page);
    if (status == RCX_OK)
        *out = result;
    return status;
}
