#include "storage/format/parquet_chunk.h"

#include <string.h>

#include "base/memory.h"
#include "storage/encoding/crc32.h"
#include "storage/format/parquet_kernels.h"
#include "storage/format/parquet_levels.h"
#include "storage/format/parquet_thrift.h"

enum {
    TRIAL_VALUES = 16384,            /* of the stretch on which both encodings are tried */
    DICTIONARY_BYTES = 8 << 20,      /* a larger dictionary would burden readers */
    PAGE_BYTES_LIMIT = INT32_MAX / 2 /* sizes in page headers are int32, with room for the codec */
};

void rcx_parquet_chunk_release(struct rcx_parquet_chunk *chunk)
{
    rcx_free(chunk->pages);
    *chunk = (struct rcx_parquet_chunk){0};
}

void rcx_parquet_encoder_release(struct rcx_parquet_encoder *encoder)
{
    rcx_codec_context_release(encoder->context);
    rcx_parquet_values_release(&encoder->values);
    rcx_parquet_dictionary_release(&encoder->dictionary);
    rcx_buf_release(&encoder->page);
    rcx_buf_release(&encoder->packed);
    rcx_buf_release(&encoder->dictionary_page);
    rcx_buf_release(&encoder->dictionary_packed);
    rcx_buf_release(&encoder->header);
    rcx_buf_release(&encoder->chunk);
}

/* Compresses `in` into `out`, which is emptied first. */
static enum rcx_status compress(struct rcx_parquet_encoder *encoder, const struct rcx_buf *in,
                                struct rcx_buf *out, struct rcx_error *err)
{
    size_t bound = encoder->codec->bound(in->length);
    rcx_buf_clear(out);
    if (in->failed || !rcx_buf_reserve(out, bound ? bound : 1))
        return rcx_fail_nomem(err, "Parquet page", bound);
    return encoder->codec->compress(encoder->context, encoder->level, in->data, in->length,
                                    out->data, bound, &out->length, err);
}

/* Entries are in the order of their first appearance, so the pages at the beginning of a chunk, which
 * know few of them, get by with narrower indices. */
static void append_indices(const struct rcx_parquet_dictionary *dictionary, size_t begin,
                           size_t end, struct rcx_buf *out)
{
    unsigned width = rcx_parquet_dictionary_width(dictionary, begin, end);
    rcx_buf_append_byte(out, (uint8_t)width);
    if (!rcx_buf_reserve(out, rcx_parquet_hybrid_bound(end - begin, width)))
        return;
    out->length += RCX_KERNEL_CALL(rcx_parquet_hybrid)(dictionary->indices + begin, end - begin,
                                                       width, out->data + out->length);
}

/* --- plain or dictionary? ------------------------------------------------------------------ */

/* The compressed size of the stretch in one encoding, scaled to the chunk. */
static enum rcx_status try_stretch(struct rcx_parquet_encoder *encoder, bool dictionary,
                                   size_t begin, size_t end, double *out_bytes,
                                   struct rcx_error *err)
{
    rcx_buf_clear(&encoder->page);
    if (dictionary)
        append_indices(&encoder->dictionary, begin, end, &encoder->page);
    else
        rcx_parquet_append_plain(&encoder->values, begin, end, &encoder->page);
    enum rcx_status status = compress(encoder, &encoder->page, &encoder->packed, err);
    *out_bytes = (double)encoder->packed.length * (double)encoder->values.count /
                 (double)(end - begin);
    return status;
}

/* Builds the dictionary and its page, and says whether to use it. */
static enum rcx_status choose(struct rcx_parquet_encoder *encoder, bool *out_dictionary,
                              struct rcx_error *err)
{
    const struct rcx_parquet_values *values = &encoder->values;
    *out_dictionary = false;
    if (values->type == RCX_PARQUET_BOOLEAN)
        return RCX_OK;
    bool useful;
    enum rcx_status status = rcx_parquet_dictionary_build(&encoder->dictionary, values, &useful,
                                                          err);
    if (status || !useful)
        return status;
    rcx_buf_clear(&encoder->dictionary_page);
    rcx_parquet_dictionary_append(&encoder->dictionary, values, &encoder->dictionary_page);
    if (encoder->dictionary_page.length > DICTIONARY_BYTES)
        return RCX_OK;
    status = compress(encoder, &encoder->dictionary_page, &encoder->dictionary_packed, err);
    if (status)
        return status;
    double dictionary_bytes = (double)encoder->dictionary_packed.length;

    size_t length = values->count < TRIAL_VALUES ? values->count : TRIAL_VALUES;
    size_t begin = (values->count - length) / 2;
    while (length > 1 &&
           rcx_parquet_plain_bytes(values, begin, begin + length) > RCX_PARQUET_PAGE_BYTES)
        length /= 2;
    double with = 0, without = 0;
    status = try_stretch(encoder, true, begin, begin + length, &with, err);
    if (!status)
        status = try_stretch(encoder, false, begin, begin + length, &without, err);
    *out_dictionary = dictionary_bytes + with < without;
    return status;
}

/* --- pages --------------------------------------------------------------------------------- */

struct page_header {
    enum rcx_parquet_page_type type;
    enum rcx_parquet_encoding encoding;
    size_t values; /* rows of a data page, entries of a dictionary page */
};

static void build_header(struct rcx_buf *out, const struct page_header *page, size_t plain_bytes,
                         const struct rcx_buf *stored)
{
    rcx_buf_clear(out);
    struct rcx_thrift thrift = rcx_thrift_begin(out);
    rcx_thrift_i32(&thrift, 1, (int32_t)page->type);
    rcx_thrift_i32(&thrift, 2, (int32_t)plain_bytes);
    rcx_thrift_i32(&thrift, 3, (int32_t)stored->length);
    rcx_thrift_i32(&thrift, 4, (int32_t)rcx_crc32(stored->data, stored->length));
    rcx_thrift_struct(&thrift, page->type == RCX_PARQUET_DATA_PAGE ? 5 : 7);
    rcx_thrift_i32(&thrift, 1, (int32_t)page->values);
    rcx_thrift_i32(&thrift, 2, (int32_t)page->encoding);
    if (page->type == RCX_PARQUET_DATA_PAGE) {
        rcx_thrift_i32(&thrift, 3, RCX_PARQUET_RLE); /* definition levels */
        rcx_thrift_i32(&thrift, 4, RCX_PARQUET_RLE); /* repetition levels: none, no nesting */
    }
    rcx_thrift_end(&thrift);
    rcx_thrift_end(&thrift);
}

/* Appends the header and the compressed body to `out`; *out_bytes: of both. */
static enum rcx_status append_page(struct rcx_parquet_encoder *encoder,
                                   const struct page_header *page, size_t plain_bytes,
                                   const struct rcx_buf *packed, struct rcx_buf *out,
                                   struct rcx_parquet_chunk *chunk, size_t *out_bytes,
                                   struct rcx_error *err)
{
    build_header(&encoder->header, page, plain_bytes, packed);
    rcx_buf_append(out, encoder->header.data, encoder->header.length);
    rcx_buf_append(out, packed->data, packed->length);
    if (encoder->header.failed || out->failed)
        return rcx_fail_nomem(err, "Parquet column", out->length);
    *out_bytes = encoder->header.length + packed->length;
    chunk->stored_bytes += *out_bytes;
    chunk->plain_bytes += encoder->header.length + plain_bytes;
    return RCX_OK;
}

static size_t values_in(const struct rcx_parquet_values *values, size_t row, size_t rows)
{
    return values->valid ? rcx_bits_count(values->valid, row, rows) : rows;
}

/* How many rows from `row` on make a page; its values begin at value `first`. */
static size_t page_rows(const struct rcx_parquet_values *values, bool dictionary, size_t row,
                        size_t first)
{
    size_t rows = values->rows - row;
    if (rows > RCX_PARQUET_PAGE_ROWS)
        rows = RCX_PARQUET_PAGE_ROWS;
    if (dictionary || values->type != RCX_PARQUET_BYTE_ARRAY)
        return rows;
    while (rows > 1) {
        size_t count = values_in(values, row, rows);
        size_t bytes = rcx_parquet_plain_bytes(values, first, first + count);
        if (bytes <= RCX_PARQUET_PAGE_BYTES)
            break;
        size_t fitting = (size_t)((double)rows * RCX_PARQUET_PAGE_BYTES / (double)bytes);
        rows = fitting < 1 ? 1 : fitting; /* < rows */
    }
    return rows;
}

/* The body of a data page: levels, then values. */
static void build_body(struct rcx_parquet_encoder *encoder, bool nullable, bool dictionary,
                       size_t row, size_t rows, size_t first, size_t count)
{
    struct rcx_buf *page = &encoder->page;
    rcx_buf_clear(page);
    if (nullable && encoder->values.valid) {
        rcx_buf_clear(&encoder->packed); /* its memory holds the page's bits for a moment */
        if (!rcx_buf_reserve(&encoder->packed, (rows + 7) / 8)) {
            page->failed = true;
            return;
        }
        rcx_bits_copy(encoder->values.valid, row, rows, encoder->packed.data);
        rcx_parquet_append_levels(page, encoder->packed.data, rows);
    } else if (nullable) {
        rcx_parquet_append_levels(page, NULL, rows);
    }
    if (dictionary)
        append_indices(&encoder->dictionary, first, first + count, page);
    else
        rcx_parquet_append_plain(&encoder->values, first, first + count, page);
}

static bool record_page(struct rcx_parquet_chunk *chunk, const struct rcx_parquet_values *values,
                        size_t bytes, size_t rows, size_t first, size_t count)
{
    if (!rcx_array_reserve(&chunk->pages, &chunk->page_capacity, chunk->page_count + 1,
                           sizeof *chunk->pages))
        return false;
    struct rcx_parquet_page *page = &chunk->pages[chunk->page_count++];
    *page = (struct rcx_parquet_page){
        .bytes = (uint32_t)bytes, .rows = (uint32_t)rows, .nulls = (uint32_t)(rows - count)};
    if (values->type == RCX_PARQUET_BYTE_ARRAY)
        return true;
    struct rcx_parquet_bounds bounds;
    rcx_parquet_bounds_of(values, first, first + count, &bounds);
    if (bounds.known) {
        memcpy(page->bounds.least, bounds.least.bytes, 8);
        memcpy(page->bounds.greatest, bounds.greatest.bytes, 8);
        rcx_parquet_bounds_merge(values->type, &chunk->bounds, &bounds);
    }
    return true;
}

static enum rcx_status append_data_pages(struct rcx_parquet_encoder *encoder, bool nullable,
                                         bool dictionary, struct rcx_buf *out,
                                         struct rcx_parquet_chunk *chunk, struct rcx_error *err)
{
    const struct rcx_parquet_values *values = &encoder->values;
    size_t first = 0;
    for (size_t row = 0, rows; row < values->rows; row += rows) {
        rows = page_rows(values, dictionary, row, first);
        size_t count = values_in(values, row, rows), bytes = 0;
        struct page_header header = {.type = RCX_PARQUET_DATA_PAGE,
                                     .encoding = dictionary ? RCX_PARQUET_RLE_DICTIONARY
                                                            : RCX_PARQUET_PLAIN,
                                     .values = rows};
        build_body(encoder, nullable, dictionary, row, rows, first, count);
        size_t plain_bytes = encoder->page.length;
        if (plain_bytes > PAGE_BYTES_LIMIT)
            return rcx_fail(err, RCX_E_INPUT, "a text of %zu bytes is too long for a Parquet page",
                            plain_bytes);
        enum rcx_status status = compress(encoder, &encoder->page, &encoder->packed, err);
        if (!status)
            status = append_page(encoder, &header, plain_bytes, &encoder->packed, out, chunk,
                                 &bytes, err);
        if (status)
            return status;
        if (!record_page(chunk, values, bytes, rows, first, count))
            return rcx_fail_nomem(err, "Parquet pages", chunk->page_count * sizeof *chunk->pages);
        first += count;
    }
    return RCX_OK;
}

static enum rcx_status append_dictionary_page(struct rcx_parquet_encoder *encoder,
                                              struct rcx_buf *out, struct rcx_parquet_chunk *chunk,
                                              struct rcx_error *err)
{
    struct page_header header = {.type = RCX_PARQUET_DICTIONARY_PAGE,
                                 .encoding = RCX_PARQUET_PLAIN,
                                 .values = encoder->dictionary.count};
    size_t bytes = 0;
    enum rcx_status status = append_page(encoder, &header, encoder->dictionary_page.length,
                                         &encoder->dictionary_packed, out, chunk, &bytes, err);
    chunk->dictionary_bytes = bytes;
    return status;
}

enum rcx_status rcx_parquet_chunk_encode(struct rcx_parquet_encoder *encoder,
                                         const struct rcx_column *column, size_t begin, size_t rows,
                                         bool nullable, struct rcx_buf *out,
                                         struct rcx_parquet_chunk *out_chunk, struct rcx_error *err)
{
    if (!encoder->context && !(encoder->context = rcx_codec_context_new()))
        return rcx_fail_nomem(err, "codec context", 0);
    struct rcx_parquet_values *values = &encoder->values;
    enum rcx_status status = rcx_parquet_values_load(values, column, begin, rows, err);
    bool dictionary = false;
    if (!status)
        status = choose(encoder, &dictionary, err);
    if (!status && dictionary)
        status = append_dictionary_page(encoder, out, out_chunk, err);
    if (!status)
        status = append_data_pages(encoder, nullable, dictionary, out, out_chunk, err);
    if (status)
        return status;
    out_chunk->rows = rows;
    out_chunk->nulls = rows - values->count;
    if (values->type == RCX_PARQUET_BYTE_ARRAY)
        rcx_parquet_bounds_of_texts(values, dictionary ? encoder->dictionary.entries : NULL,
                                    dictionary ? encoder->dictionary.count : values->count,
                                    &out_chunk->bounds);
    return RCX_OK;
}
