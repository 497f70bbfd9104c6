#pragma once
/* The shared strings of a workbook: each text that several cells hold is there once. They are the one
 * thing of a workbook that has to be in memory, so there is a limit to it. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "storage/format/xlsx_zip.h"

enum { RCX_XLSX_STRING_PAD = 64 }; /* readable bytes behind the last string */

struct rcx_xlsx_strings {
    size_t count;
    size_t *begins; /* [count + 1] */
    char *bytes;    /* UTF-8 as cells deliver it (rcx_xlsx_rows), padded */
};

static inline struct rcx_text rcx_xlsx_string(const struct rcx_xlsx_strings *strings, size_t index)
{
    size_t begin = strings->begins[index];
    return (struct rcx_text){strings->bytes + begin, strings->begins[index + 1] - begin};
}

/* Rich text is put together, phonetic hints are left out, _x000D_ and the like decoded. `part` NULL:
 * no strings. Errors: RCX_E_INPUT (damaged, or more than 1 GiB), RCX_E_NOMEM. */
enum rcx_status rcx_xlsx_strings_open(struct rcx_xlsx_zip *zip, const char *part,
                                      struct rcx_xlsx_strings *out, struct rcx_error *err);
void rcx_xlsx_strings_release(struct rcx_xlsx_strings *strings);
