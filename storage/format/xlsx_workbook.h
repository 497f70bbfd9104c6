#pragma once
/* What a workbook says about itself: its sheets, its date system, which cell formats are dates. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/xlsx_zip.h"

struct rcx_xlsx_sheet {
    char *name;
    char *part;
    bool hidden;
};

/* How the number in a cell is shown. */
enum rcx_xlsx_kind { RCX_XLSX_NUMBER, RCX_XLSX_DATE };

struct rcx_xlsx_workbook {
    size_t sheet_count; /* worksheets, in the order of the tabs; at least one */
    struct rcx_xlsx_sheet *sheets;
    bool date1904;
    char *strings_part; /* NULL: there are no shared strings */
    size_t format_count;
    uint8_t *formats; /* enum rcx_xlsx_kind of cell format i (attribute s) */
};

/* Reads the relationships, the workbook and its styles.
 * Errors: RCX_E_INPUT (not a workbook: says what it is when that is known; damaged), RCX_E_NOMEM. */
enum rcx_status rcx_xlsx_workbook_open(struct rcx_xlsx_zip *zip, struct rcx_xlsx_workbook *out,
                                       struct rcx_error *err);
void rcx_xlsx_workbook_release(struct rcx_xlsx_workbook *workbook);

/* Whether numbers with this format code ("dd/mm/yyyy hh:mm") are shown as dates. */
bool rcx_xlsx_format_is_date(const char *code);
