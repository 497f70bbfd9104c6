#pragma once
/* A segment: one immutable file of sorted rows (docs/store_format.md). Chunks of at most 65,536
 * rows hold each column as encoded streams; the footer holds what is known of each (struct
 * rcx_chunk_info), and everything is covered by a checksum.
 *
 * Chunks end with a customer's last row where possible: a customer with more than 65,536 rows has
 * chunks of its own. So a run of whole chunks is a run of whole customers, and no chunk need be
 * decoded twice. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/hash.h"
#include "storage/encoding/column.h"
#include "storage/store/schema.h"

enum { RCX_CHUNK_ROWS = 65536 };

/*      name          per      encoding      name in messages */
#define RCX_CHUNK_COLUMNS(X)                                                                       \
    X(LINES, RECEIPT, PLAIN, "lines") /* rows of the receipt */                                    \
    X(CUSTOMER, RECEIPT, DELTA, "customer")                                                        \
    X(TIME, RECEIPT, GROUP_DELTA, "time") /* groups: customers */                                  \
    X(INVOICE, RECEIPT, GROUP_DELTA, "invoice")                                                    \
    X(STOCK, ROW, GROUP_DELTA, "stock_code") /* groups: receipts */                                \
    X(QUANTITY, ROW, PLAIN, "quantity")                                                            \
    X(PRICE, ROW, SAME_CODE, "unit_price")                                                         \
    X(DESCRIPTION, ROW, SAME_CODE, "description")                                                  \
    X(COUNTRY, ROW, RUNS, "country")                                                               \
    X(REPEAT, ROW, RUNS, "repeat") /* 1: equal to the row before in every column */

enum rcx_chunk_column {
#define X(name, per, encoding, text) RCX_CHUNK_##name,
    RCX_CHUNK_COLUMNS(X)
#undef X
        RCX_CHUNK_COLUMN_COUNT
};
const char *rcx_chunk_column_name(enum rcx_chunk_column column);

struct rcx_chunk_column_info {
    uint64_t offset, bytes; /* in the file */
    uint64_t hash;          /* XXH3-64 of the stored bytes */
    int64_t min, max;       /* of the values */
    uint32_t nulls;         /* empty texts; guests for the customer column */
    uint8_t encoding;
};

struct rcx_chunk_info {
    uint32_t rows, receipts;
    int64_t first_customer, last_customer;
    struct rcx_chunk_column_info columns[RCX_CHUNK_COLUMN_COUNT];
};

struct rcx_segment {
    char *path;
    struct rcx_map map;
    size_t chunk_count;
    struct rcx_chunk_info *chunks;
    uint64_t rows;
    uint32_t customer_chunks; /* the first so many chunks hold customers, the others guests */
    struct rcx_digest digest; /* of header and footer; names the content */
};

/* Maps the file and checks header, footer and their checksum. Errors: RCX_E_IO, RCX_E_CORRUPT,
 * RCX_E_VERSION, RCX_E_NOMEM. */
enum rcx_status rcx_segment_open(const char *path, struct rcx_segment *out, struct rcx_error *err);
void rcx_segment_close(struct rcx_segment *segment);

/* Where decoded columns go; arrays with room for the chunk's receipts or rows. NULL: not wanted. */
struct rcx_chunk_target {
    int64_t *customer, *time, *quantity, *unit_price;
    uint32_t *invoice, *stock, *description, *country;
    uint32_t *first_row; /* receipts + 1; the first value is `first_row_base` */
    uint32_t first_row_base;
    uint32_t *repeats; /* rows, counted from first_row_base, that equal the row before them */
    size_t *repeat_count;
};

/* What the codes of a store may be: each below its dictionary's count. */
struct rcx_code_limits {
    uint32_t invoice, stock, description, country;
    uint32_t customer; /* 0: ids are numbers */
};

/* Per-worker state of decoding; zero-initialise, release. */
struct rcx_chunk_reader {
    struct rcx_codec_context *codec;
    struct rcx_decoder decoder;
    struct rcx_column_scratch scratch;
    struct rcx_buf wide;   /* 64-bit values on their way to codes */
    struct rcx_buf groups; /* first receipt of each customer */
};
void rcx_chunk_reader_release(struct rcx_chunk_reader *reader);

/* Decodes receipts (all four columns; customer, time, invoice and first_row must be given), checks
 * hashes, order and limits. */
enum rcx_status rcx_chunk_read_receipts(const struct rcx_segment *segment, size_t chunk,
                                        const struct rcx_code_limits *limits,
                                        struct rcx_chunk_reader *reader,
                                        const struct rcx_chunk_target *target,
                                        struct rcx_error *err);
/* Decodes the row columns that `target` asks for. first_row must hold this chunk's receipts
 * already. Price and description need the stock codes: `target->stock` must then be given, and is
 * decoded unless `stock_ready`. */
enum rcx_status rcx_chunk_read_rows(const struct rcx_segment *segment, size_t chunk,
                                    const struct rcx_code_limits *limits, bool stock_ready,
                                    struct rcx_chunk_reader *reader,
                                    const struct rcx_chunk_target *target, struct rcx_error *err);

/* Per-worker state of encoding; zero-initialise, release. */
struct rcx_chunk_encoder {
    struct rcx_codec_context *codec;
    struct rcx_encoder encoder;
    struct rcx_column_scratch scratch;
    struct rcx_buf values, first_row, customer_first, stock;
    struct rcx_buf bytes; /* the encoded columns, one after the other */
};
void rcx_chunk_encoder_release(struct rcx_chunk_encoder *encoder);

/* Encodes sorted rows as one chunk into encoder->bytes. Offsets in *out_info count from the
 * chunk's first byte.
 *  before       the row before the first one; NULL: none
 *  stock_limit  stock codes are below */
enum rcx_status rcx_chunk_encode(struct rcx_chunk_encoder *encoder, const struct rcx_row *rows,
                                 uint32_t count, const struct rcx_row *before, uint32_t stock_limit,
                                 int zstd_level, struct rcx_chunk_info *out_info,
                                 struct rcx_error *err);

/* Writing a segment file chunk by chunk. */
struct rcx_segment_writer;
enum rcx_status rcx_segment_writer_open(const char *path, bool no_sync,
                                        struct rcx_segment_writer **out, struct rcx_error *err);
/* `info` as rcx_chunk_encode made it. */
enum rcx_status rcx_segment_writer_add(struct rcx_segment_writer *writer,
                                       const struct rcx_chunk_info *info, const void *bytes,
                                       size_t length, struct rcx_error *err);
/* Both release the writer. The file appears under its name with commit. */
enum rcx_status rcx_segment_writer_commit(struct rcx_segment_writer *writer,
                                          struct rcx_digest *out_digest, uint64_t *out_bytes,
                                          struct rcx_error *err);
void rcx_segment_writer_abort(struct rcx_segment_writer *writer);
