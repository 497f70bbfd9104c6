#pragma once
/* The rows of a sheet without an XML parser: what writers of workbooks write in nearly every row,
 * and nothing else. Expat alone takes longer for a large sheet than all the rest of an ingest (1.1 s
 * for the 153 MB of UCI Online Retail, this 0.2 s, and on several cores).
 *
 * It is strict: bytes that are not exactly of the known forms (elements without prefix, attributes in
 * double quotes and of known names, no comments, no entities but the five, valid UTF-8) stop it, and
 * the sheet is read by xlsx_sheet.h, which gives the same rows or the error. In particular a piece
 * without "<!" and "<?" has no comment, section or instruction in which a "<row" could hide, so pieces
 * cut at "<row" can be scanned independently. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/format/xlsx_rows.h"
#include "storage/format/xlsx_sheet.h"

enum rcx_xlsx_scan_result {
    RCX_XLSX_SCAN_DONE,  /* behind the last row of the piece */
    RCX_XLSX_SCAN_FULL,  /* the rows hold `most_bytes`; `at` is behind the last complete row */
    RCX_XLSX_SCAN_END,   /* `at` is at </sheetData */
    RCX_XLSX_SCAN_OTHER, /* something else: the other reader's turn */
    RCX_XLSX_SCAN_NOMEM
};

enum { RCX_XLSX_SCAN_PAD = 64 }; /* readable bytes behind `end`, the first of them 0 */

struct rcx_xlsx_scan {
    const struct rcx_xlsx_context *context;
    const uint8_t *bytes;
    size_t at, end; /* from the "<" of a row on; to a row's "<", or the end of what there is */
    bool has_dyn;   /* xmlns:x14ac is declared */
    size_t most_bytes;
    struct rcx_xlsx_rows *rows;
};

enum rcx_xlsx_scan_result rcx_xlsx_scan(struct rcx_xlsx_scan *scan);
