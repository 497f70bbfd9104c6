#pragma once
/* What the parts of the decoder share: parquet_decode.c (pages), parquet_decode_values.c (encodings),
 * parquet_decode_store.c (into the column). Not for others. */
#include "storage/format/parquet_decode.h"
#include "storage/format/parquet_meaning.h"

/* The rows that are wanted, and how far reading has come. */
struct rcx_parquet_job {
    struct rcx_parquet_decoder *decoder;
    struct rcx_parquet_page_place place; /* the chunk, and the row of the next page */
    uint64_t first, end;                 /* rows */
    struct rcx_column *out;
    size_t at; /* where the first one goes */
    struct rcx_dictionary *texts;
};

/* `count` values of a page in `encoding` as 64 bits each, by their meaning. The cursor is then at the
 * end of them. */
enum rcx_status rcx_parquet_decode_values(const struct rcx_parquet_job *job,
                                          enum rcx_parquet_encoding encoding, struct rcx_cursor *in,
                                          size_t count, uint64_t *out, struct rcx_error *err);
/* Puts the wanted rows of a page of `rows` rows into the column. `levels` NULL: no nulls. */
enum rcx_status rcx_parquet_store_values(const struct rcx_parquet_job *job, size_t rows,
                                         const uint32_t *levels, struct rcx_error *err);
