#pragma once
/* One sheet from its beginning to its end, window by window: the bytes of the part, unpacked by one
 * thread while others scan what was unpacked before.
 *
 * Two buffers take turns, as in csv_source.c: new bytes go to offset `room` of the other one, the
 * incomplete row that a window ends with is copied in front of them. A window is cut at "<row" into
 * pieces that are scanned independently (xlsx_scan.h). When one of them is not of the known forms,
 * the sheet is read on from the window's first byte by expat alone. How a sheet is cut into windows
 * and pieces depends on its bytes only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "storage/format/source.h"
#include "storage/format/xlsx_rows.h"
#include "storage/format/xlsx_sheet.h"

struct rcx_xlsx_stream_options {
    size_t window_bytes, chunk_bytes; /* of XML */
    size_t max_record_bytes;
};

struct rcx_xlsx_stream;
/* Makes the buffers; NULL when out of memory. */
struct rcx_xlsx_stream *rcx_xlsx_stream_new(const struct rcx_xlsx_stream_options *options);
void rcx_xlsx_stream_release(struct rcx_xlsx_stream *stream);

/* Goes to the beginning of a sheet (`context` is borrowed until the next one): records have
 * `column_count` fields, the first one is the header and left out. */
enum rcx_status rcx_xlsx_stream_open(struct rcx_xlsx_stream *stream, struct rcx_xlsx_zip *zip,
                                     const char *part, const struct rcx_xlsx_context *context,
                                     size_t column_count, struct rcx_error *err);
/* The chunks of the next window; *out_count 0: the end of the sheet. */
enum rcx_status rcx_xlsx_stream_next(struct rcx_xlsx_stream *stream,
                                     const struct rcx_parallel *parallel,
                                     const struct rcx_source_chunk **out, size_t *out_count,
                                     struct rcx_error *err);
/* Unpacks the rest of the next window. */
enum rcx_status rcx_xlsx_stream_prefetch(struct rcx_xlsx_stream *stream, struct rcx_error *err);
/* Unpacked bytes so far. */
uint64_t rcx_xlsx_stream_consumed(const struct rcx_xlsx_stream *stream);
