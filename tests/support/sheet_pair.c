#include "tests/support/sheet_pair.h"

#include <stdlib.h>
#include <string.h>

#include "storage/format/xlsx_scan.h"

static const char head[] =
    "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "
    "xmlns:x14ac=\"urn:x\"><sheetData>";
static const char tail[] = "</sheetData></worksheet>";

static bool same_rows(const struct rcx_xlsx_rows *a, const struct rcx_xlsx_rows *b)
{
    if (a->records != b->records || a->fields != b->fields || a->length != b->length)
        return false;
    if (a->records == 0)
        return true;
    return memcmp(a->bytes, b->bytes, a->length) == 0 &&
           memcmp(a->field_ends, b->field_ends, a->fields * sizeof *a->field_ends) == 0 &&
           memcmp(a->record_ends, b->record_ends, a->records * sizeof *a->record_ends) == 0 &&
           memcmp(a->record_lines, b->record_lines, a->records * sizeof *a->record_lines) == 0;
}

static bool read_by_expat(const struct rcx_xlsx_context *context, const uint8_t *rows,
                          size_t length, struct rcx_xlsx_rows *out)
{
    struct rcx_xlsx_sheet_reader *reader = rcx_xlsx_sheet_open(context, out);
    bool ok = rcx_xlsx_sheet_feed(reader, (const uint8_t *)head, sizeof head - 1, false, NULL) ==
                  RCX_OK &&
              rcx_xlsx_sheet_feed(reader, rows, length, false, NULL) == RCX_OK &&
              rcx_xlsx_sheet_feed(reader, (const uint8_t *)tail, sizeof tail - 1, true, NULL) ==
                  RCX_OK;
    rcx_xlsx_sheet_close(reader);
    return ok;
}

enum sheet_pair sheet_pair_read(const uint8_t *rows, size_t length, size_t *out_records)
{
    static char texts[128] = "firstsecond\"third\"";
    static size_t begins[] = {0, 5, 11, 18};
    static uint8_t formats[] = {RCX_XLSX_NUMBER, RCX_XLSX_DATE};
    const struct rcx_xlsx_strings strings = {3, begins, texts};
    const struct rcx_xlsx_workbook workbook = {.format_count = 2, .formats = formats};
    const struct rcx_xlsx_context context = {"sheet", &strings, &workbook};
    struct rcx_xlsx_rows scanned = {.column_count = 6, .max_record_bytes = 1000};
    struct rcx_xlsx_rows parsed = scanned;
    uint8_t *bytes = calloc(1, length + sizeof tail + RCX_XLSX_SCAN_PAD);
    if (length > 0)
        memcpy(bytes, rows, length);
    memcpy(bytes + length, tail, sizeof tail);
    struct rcx_xlsx_scan scan = {.context = &context,
                                 .bytes = bytes,
                                 .end = length + sizeof tail - 1,
                                 .has_dyn = true,
                                 .most_bytes = SIZE_MAX,
                                 .rows = &scanned};
    enum rcx_xlsx_scan_result result = rcx_xlsx_scan(&scan);
    enum sheet_pair pair = SHEET_PAIR_LEFT;
    if (result == RCX_XLSX_SCAN_END && scan.at == length) {
        pair = SHEET_PAIR_REFUSED;
        if (read_by_expat(&context, rows, length, &parsed))
            pair = same_rows(&scanned, &parsed) ? SHEET_PAIR_SAME : SHEET_PAIR_DIFFERENT;
    }
    *out_records = scanned.records;
    rcx_xlsx_rows_release(&scanned);
    rcx_xlsx_rows_release(&parsed);
    free(bytes);
    return pair;
}
