#pragma once
/* One column chunk of a flat column, read back: pages of both versions, every encoding of the format
 * but the deprecated ones, in any codec of storage/encoding. What else exists is refused by name
 * (RCX_E_INPUT); bytes that contradict one another, or their checksum, are RCX_E_CORRUPT.
 *
 * Only pages that hold a row that was asked for are decompressed; the others cost their header.
 *
 * A page becomes an array of 64-bit values without nulls (an integer, the bits of a double, or the
 * code of a text), these are brought to what the column means (parquet_meaning.h; for a page of
 * dictionary indices this was done with the dictionary), and are put between the nulls. */
#include "base/dictionary.h"
#include "base/table.h"
#include "storage/format/parquet_page.h"

/* Scratch of one worker; zero is a valid empty one. */
struct rcx_parquet_decoder {
    struct rcx_codec_context *context;
    struct rcx_buf page;  /* decompressed */
    struct rcx_buf bytes; /* of values that are put together */
    uint64_t *entries;    /* of the dictionary: bits of the value, or the code of a text */
    size_t entry_count, entry_capacity;
    uint32_t *levels, *indices; /* of a page */
    size_t level_capacity, index_capacity;
    uint64_t *values; /* of a page, nulls left out; as entries */
    size_t value_capacity;
    int64_t *lengths; /* of the texts of a page */
    size_t length_capacity;
};
void rcx_parquet_decoder_release(struct rcx_parquet_decoder *decoder);

/* Reads rows [first, first + count) of the chunk into rows [at, at + count) of `out`, whose type
 * fits the chunk's (parquet_meaning.h).
 *  out    when it has validity bits, several threads may fill different rows of it at once
 *  texts  TEXT: takes the distinct texts; the codes written are its own
 * Errors: RCX_E_CORRUPT, RCX_E_INPUT, RCX_E_NOMEM; the values of `out` are undefined then. */
enum rcx_status rcx_parquet_chunk_decode(struct rcx_parquet_decoder *decoder,
                                         const struct rcx_parquet_chunk_bytes *chunk,
                                         uint64_t first, size_t count, struct rcx_column *out,
                                         size_t at, struct rcx_dictionary *texts,
                                         struct rcx_error *err);
