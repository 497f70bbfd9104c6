#pragma once
/* The values of one column chunk as Parquet stores them: nulls taken out, in the physical type.
 * Where nothing has to change the table's own array is used. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/table.h"
#include "storage/format/parquet_format.h"

struct rcx_parquet_values {
    enum rcx_parquet_type type;
    size_t rows;
    size_t count;         /* rows - nulls */
    const uint8_t *valid; /* [rows] bits; NULL: no nulls */
    union {               /* [count]; borrowed from the table or from the buffers below */
        const void *data;
        const uint8_t *booleans;
        const int32_t *i32;
        const int64_t *i64;
        const double *reals;
        const uint32_t *u32; /* INT32 as bits; BYTE_ARRAY: codes into `strings` */
        const uint64_t *u64;
    };
    const struct rcx_strings *strings;
    /* Scratch, kept from chunk to chunk. */
    struct rcx_buf bits, compacted, converted;
};

enum rcx_parquet_type rcx_parquet_type_of(enum rcx_type type);
size_t rcx_parquet_width(enum rcx_parquet_type type); /* in memory: 1, 4 or 8 bytes */

/* Rows [begin, begin + rows) of `column`.
 * Errors: RCX_E_NOMEM; RCX_E_INPUT when a decimal has more than 18 digits or a time does not fit
 * into 64 bits of microseconds. */
enum rcx_status rcx_parquet_values_load(struct rcx_parquet_values *values,
                                        const struct rcx_column *column, size_t begin, size_t rows,
                                        struct rcx_error *err);
void rcx_parquet_values_release(struct rcx_parquet_values *values);

static inline struct rcx_text rcx_parquet_text(const struct rcx_parquet_values *values, size_t i)
{
    return rcx_strings_get(values->strings, values->u32[i]);
}

/* Bytes of values [begin, end) in PLAIN encoding. */
size_t rcx_parquet_plain_bytes(const struct rcx_parquet_values *values, size_t begin, size_t end);
/* Appends them. */
void rcx_parquet_append_plain(const struct rcx_parquet_values *values, size_t begin, size_t end,
                              struct rcx_buf *out);
/* Appends one text: its length in 4 bytes, then its bytes. */
void rcx_parquet_append_text(struct rcx_text text, struct rcx_buf *out);
