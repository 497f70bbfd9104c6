#pragma once
/* Pages of a column chunk: their headers (versions 1 and 2, and of dictionaries), checksum, and body
 * without compression, as two runs of bytes: definition levels and values. */
#include "base/buf.h"
#include "base/cursor.h"
#include "storage/encoding/codec.h"
#include "storage/format/parquet_format.h"

/* A page of more rows or bytes than this is refused: nobody writes one, and a damaged file may claim
 * any. */
enum { RCX_PARQUET_PAGE_ROWS_LIMIT = 1 << 24, RCX_PARQUET_PAGE_BYTES_LIMIT = 1 << 30 };

/* Where a chunk comes from; borrowed. */
struct rcx_parquet_chunk_bytes {
    const char *path, *column; /* for messages, as the group */
    size_t group;
    const uint8_t *data; /* all pages */
    size_t length;
    enum rcx_parquet_type type;
    size_t width; /* FIXED_LEN_BYTE_ARRAY: bytes of a value */
    int meaning;  /* enum rcx_parquet_meaning */
    const struct rcx_codec *codec;
    bool nullable; /* definition levels are there */
    uint64_t rows;
    uint64_t plain_bytes; /* of all pages, as the footer says */
};

struct rcx_parquet_page_header {
    int32_t type, encoding, level_encoding;
    uint64_t plain_bytes, stored_bytes, values;
    uint64_t level_bytes; /* version 2: of the levels, which are not compressed */
    bool compressed;      /* version 2: the values are */
    bool has_crc;
    uint32_t crc; /* of the stored bytes */
    size_t header_bytes;
};

/* A page that can be read; `row` is for messages. */
struct rcx_parquet_page_place {
    const struct rcx_parquet_chunk_bytes *chunk;
    uint64_t row;
};

/* Parses the header at `position` of the chunk and checks what can be checked without the body.
 * Errors: RCX_E_CORRUPT; RCX_E_INPUT (a page of a kind or size that is not supported). */
enum rcx_status rcx_parquet_page_parse(const struct rcx_parquet_page_place *place, size_t position,
                                       struct rcx_parquet_page_header *out, struct rcx_error *err);

/* The body of the page: *out_levels (empty when there are none) and *out_values, in `buffer` or in
 * the file. Errors: RCX_E_CORRUPT (also a wrong checksum), RCX_E_NOMEM. */
enum rcx_status rcx_parquet_page_unpack(const struct rcx_parquet_page_place *place,
                                        const struct rcx_parquet_page_header *header,
                                        const uint8_t *stored, struct rcx_codec_context *context,
                                        struct rcx_buf *buffer, struct rcx_cursor *out_levels,
                                        struct rcx_cursor *out_values, struct rcx_error *err);

/* RCX_E_CORRUPT and RCX_E_INPUT with file, column, row group and row. */
enum rcx_status rcx_parquet_corrupt(const struct rcx_parquet_page_place *place, const char *what,
                                    struct rcx_error *err);
enum rcx_status rcx_parquet_unsupported(const struct rcx_parquet_page_place *place,
                                        const char *what, long long number, struct rcx_error *err);
