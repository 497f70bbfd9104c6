#pragma once
/* The header of a sheet: its first row that is not empty. */
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"
#include "storage/format/source.h"
#include "storage/format/xlsx_sheet.h"

/* *out_count 0: the sheet has no row. `record` gets the row as a chunk would have it, without its end;
 * the names (owned by the caller, rcx_csv_columns_release) are trimmed, without hidden marks. */
enum rcx_status rcx_xlsx_header_read(struct rcx_xlsx_zip *zip, const char *part,
                                     const struct rcx_xlsx_context *context,
                                     struct rcx_source_column **out, size_t *out_count,
                                     struct rcx_buf *record, struct rcx_error *err);
