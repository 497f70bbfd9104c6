#pragma once
/* One column chunk: pages of data (v1), compressed, and what the footer says about them.
 *
 * A chunk is stored with a dictionary or plain, whichever is smaller: both ways are tried on a
 * stretch from the middle of the chunk, compressed, and scaled up. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/encoding/codec.h"
#include "storage/format/parquet_dictionary.h"
#include "storage/format/parquet_statistics.h"
#include "storage/format/parquet_values.h"

/* A page ends after this many rows, or earlier when its plain values exceed the bytes. 65,536 rows
 * of numbers are 512 KiB: large enough for the codec, small enough to skip by. */
enum { RCX_PARQUET_PAGE_ROWS = 1 << 16, RCX_PARQUET_PAGE_BYTES = 1 << 20 };

struct rcx_parquet_page {
    uint32_t bytes; /* as stored, with its header */
    uint32_t rows;
    uint32_t nulls;
    struct rcx_parquet_bound_pair {
        uint8_t least[8], greatest[8];
    } bounds; /* set when rows > nulls, and not for texts */
};

/* What the footer keeps of a chunk; about 200 bytes and 32 per page. */
struct rcx_parquet_chunk {
    uint64_t offset;                    /* in the file; set when it is written */
    uint64_t dictionary_bytes;          /* of the dictionary page with its header; 0: none */
    uint64_t stored_bytes, plain_bytes; /* pages with headers, compressed and not */
    uint64_t rows, nulls;
    struct rcx_parquet_bounds bounds;
    struct rcx_parquet_page *pages; /* owned */
    size_t page_count, page_capacity;
};
void rcx_parquet_chunk_release(struct rcx_parquet_chunk *chunk);

/* Scratch of one worker; `{.codec = ..., .level = ...}` is a valid one. */
struct rcx_parquet_encoder {
    const struct rcx_codec *codec;
    int level;
    struct rcx_codec_context *context; /* made at the first chunk */
    struct rcx_parquet_values values;
    struct rcx_parquet_dictionary dictionary;
    struct rcx_buf page, packed, dictionary_page, dictionary_packed, header;
    struct rcx_buf chunk; /* the caller's, for what it encodes into */
};
void rcx_parquet_encoder_release(struct rcx_parquet_encoder *encoder);

/* Encodes rows [begin, begin + rows) of `column`, rows > 0: appends the pages to `out` and fills
 * `out_chunk`, which must be zero and is to be released also after an error.
 *  nullable  definition levels are written; without them the rows must not hold nulls
 * Errors: RCX_E_NOMEM, RCX_E_INPUT (see rcx_parquet_values_load; a text over 1 GiB). */
enum rcx_status rcx_parquet_chunk_encode(struct rcx_parquet_encoder *encoder,
                                         const struct rcx_column *column, size_t begin, size_t rows,
                                         bool nullable, struct rcx_buf *out,
                                         struct rcx_parquet_chunk *out_chunk,
                                         struct rcx_error *err);
