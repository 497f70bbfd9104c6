#pragma once
/* The cells of a sheet, read by expat: correct for everything that is XML. xlsx_scan.h is for speed.
 *
 * A *sheet context* is what both need to know to say what a cell means. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/xlsx_rows.h"
#include "storage/format/xlsx_strings.h"
#include "storage/format/xlsx_workbook.h"

struct rcx_xlsx_context {
    const char *name; /* of file and sheet, for messages */
    const struct rcx_xlsx_strings *strings;
    const struct rcx_xlsx_workbook *workbook;
};

enum { RCX_XLSX_MOST_COLUMNS = 16384, RCX_XLSX_MOST_ROWS = 1048576 };

struct rcx_xlsx_sheet_reader;
/* Rows go to `rows` (borrowed, as is `context`). NULL: out of memory. */
struct rcx_xlsx_sheet_reader *rcx_xlsx_sheet_open(const struct rcx_xlsx_context *context,
                                                  struct rcx_xlsx_rows *rows);
void rcx_xlsx_sheet_close(struct rcx_xlsx_sheet_reader *reader);

/* Where reading stops by itself. */
enum rcx_xlsx_until { RCX_XLSX_UNTIL_DATA, RCX_XLSX_UNTIL_FIRST_ROW, RCX_XLSX_UNTIL_END };
void rcx_xlsx_sheet_set_until(struct rcx_xlsx_sheet_reader *reader, enum rcx_xlsx_until until);

/* Parses the next bytes of the sheet. Errors: RCX_E_INPUT (damaged; a shared string that is not there;
 * cells that go backwards), RCX_E_NOMEM. */
enum rcx_status rcx_xlsx_sheet_feed(struct rcx_xlsx_sheet_reader *reader, const uint8_t *bytes,
                                    size_t length, bool last, struct rcx_error *err);
bool rcx_xlsx_sheet_stopped(const struct rcx_xlsx_sheet_reader *reader);
/* Position behind the tag <sheetData>, once it was met; 0 before. */
uint64_t rcx_xlsx_sheet_data_begin(const struct rcx_xlsx_sheet_reader *reader);

/* "AB12" -> column 27; SIZE_MAX when it is not a cell. *out_row: 12. */
size_t rcx_xlsx_cell_column(const char *reference, uint32_t *out_row);
