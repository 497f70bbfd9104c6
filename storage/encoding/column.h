#pragma once
/* Column encodings: how the values of one column of one chunk become integer sequences.
 *
 * Values are 64-bit integers (codes, ids, seconds, scaled decimals). Some encodings look at what is
 * already known of the chunk:
 *   groups  which values belong together (receipts of a customer, rows of a receipt)
 *   keys    the stock code of each row
 *
 *   plain       the values
 *   delta       the first value, then differences
 *   group_delta per group: the first value, then differences
 *   runs        values that repeat, and how often
 *   same_code   a bit per row: as in the previous row of this key; values where not
 *
 * To add one: 1. a row here; 2. put and get functions in column.c and their registry row;
 * 3. docs/store_format.md. The round-trip test runs over all rows of the registry. */
#include <stddef.h>
#include <stdint.h>

#include "storage/encoding/stream.h"

enum rcx_encoding {
    RCX_ENCODING_PLAIN = 1,
    RCX_ENCODING_DELTA = 2,
    RCX_ENCODING_GROUP_DELTA = 3,
    RCX_ENCODING_RUNS = 4,
    RCX_ENCODING_SAME_CODE = 5,
    RCX_ENCODING_END
};
const char *rcx_encoding_name(enum rcx_encoding encoding); /* NULL: no such encoding */

/* What encodings may refer to. */
struct rcx_column_context {
    const uint32_t *group_first; /* [groups + 1] index of the first value of each group */
    size_t groups;
    const uint32_t *keys; /* [count] */
    uint32_t key_limit;   /* all keys are below */
};

/* Scratch of both directions; zero-initialise, reuse, release. */
struct rcx_column_scratch {
    struct rcx_buf values, bits, last;
};
void rcx_column_scratch_release(struct rcx_column_scratch *scratch);

enum rcx_status rcx_column_put(struct rcx_encoder *encoder, enum rcx_encoding encoding,
                               const int64_t *values, size_t count,
                               const struct rcx_column_context *context,
                               struct rcx_column_scratch *scratch, struct rcx_error *err);
/* `out` receives `count` values. Errors: RCX_E_CORRUPT, RCX_E_NOMEM. */
enum rcx_status rcx_column_get(struct rcx_decoder *decoder, uint8_t encoding, int64_t *out,
                               size_t count, const struct rcx_column_context *context,
                               struct rcx_column_scratch *scratch, struct rcx_error *err);
