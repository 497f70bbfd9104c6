#pragma once
/* The first line of a CSV file: what separates fields, and the names of the columns. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "storage/format/source.h"

/* Bytes of the UTF-8 byte order mark at the beginning, 0 or 3. */
size_t rcx_csv_bom_bytes(const uint8_t *bytes, size_t length);

/* What may stand before the header, behind the mark: empty lines, and a line such as `sep=;`, which
 * Excel understands. Returns the bytes of it; *out_lines are its lines, *out_delimiter what the line
 * names, or 0. */
size_t rcx_csv_preface_bytes(const uint8_t *bytes, size_t length, uint64_t *out_lines,
                             uint8_t *out_delimiter);

/* The delimiter that cuts the header line into most fields: , ; tab or |. */
uint8_t rcx_csv_find_delimiter(const uint8_t *header, size_t length);

/* Cuts the header (without its line feed or with it) into column names: unquoted, trimmed, UTF-8.
 * *out is owned by the caller; rcx_csv_columns_release. */
enum rcx_status rcx_csv_columns_parse(const uint8_t *header, size_t length, uint8_t delimiter,
                                      struct rcx_source_column **out, size_t *out_count,
                                      struct rcx_error *err);
void rcx_csv_columns_release(struct rcx_source_column *columns, size_t count);
