#pragma once
/* One column chunk, read back: pages (v1) in the encodings PLAIN and RLE_DICTIONARY, without
 * compression or in a codec of storage/encoding, of flat columns. What else exists is refused by
 * name (RCX_E_INPUT); bytes that contradict one another are RCX_E_CORRUPT.
 *
 * Only pages that hold a row that was asked for are decompressed; the others cost their header. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dictionary.h"
#include "base/table.h"
#include "storage/encoding/codec.h"
#include "storage/format/parquet_format.h"

/* A page of more rows than this is refused: nobody writes one, and a damaged file may claim any. */
enum { RCX_PARQUET_PAGE_ROWS_LIMIT = 1 << 24, RCX_PARQUET_PAGE_BYTES_LIMIT = 1 << 30 };

/* Where a chunk comes from; borrowed. */
struct rcx_parquet_chunk_bytes {
    const char *path, *column; /* for messages, as the group */
    size_t group;
    const uint8_t *data; /* all pages */
    size_t length;
    enum rcx_parquet_type type;
    const struct rcx_codec *codec;
    bool nullable; /* definition levels are there */
    uint64_t rows;
    uint64_t plain_bytes; /* of all pages, as the footer says */
};

/* Scratch of one worker; zero is a valid empty one. */
struct rcx_parquet_decoder {
    struct rcx_codec_context *context;
    struct rcx_buf page; /* decompressed */
    uint64_t *entries;   /* of the dictionary: bits of the value, or the code of a text */
    size_t entry_count, entry_capacity;
    uint32_t *levels, *indices; /* of a page */
    size_t level_capacity, index_capacity;
    uint64_t *values; /* of a page, nulls left out; as entries */
    size_t value_capacity;
};
void rcx_parquet_decoder_release(struct rcx_parquet_decoder *decoder);

/* Reads rows [first, first + count) of the chunk into rows [at, at + count) of `out`, whose type
 * fits the chunk's (rcx_parquet_type_of).
 *  texts  TEXT: takes the distinct texts; the codes written are its own
 * Errors: RCX_E_CORRUPT, RCX_E_INPUT, RCX_E_NOMEM; the values of `out` are undefined then. */
enum rcx_status rcx_parquet_chunk_decode(struct rcx_parquet_decoder *decoder,
                                         const struct rcx_parquet_chunk_bytes *chunk,
                                         uint64_t first, size_t count, struct rcx_column *out,
                                         size_t at, struct rcx_dictionary *texts,
                                         struct rcx_error *err);
