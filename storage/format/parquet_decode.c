#include "storage/format/parquet_decode.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_thrift_reader.h"

enum { MICROS = 1000000 };

struct page_header {
    int32_t type, encoding, level_encoding;
    uint64_t plain_bytes, stored_bytes, values;
    size_t header_bytes;
};

/* The rows that are wanted, and how far reading has come. */
struct job {
    struct rcx_parquet_decoder *decoder;
    const struct rcx_parquet_chunk_bytes *chunk;
    uint64_t first, end; /* rows */
    uint64_t row;        /* of the next page */
    struct rcx_column *out;
    size_t at; /* where the first one goes */
    struct rcx_dictionary *texts;
};

void rcx_parquet_decoder_release(struct rcx_parquet_decoder *decoder)
{
    rcx_codec_context_release(decoder->context);
    rcx_buf_release(&decoder->page);
    rcx_free(decoder->entries);
    rcx_free(decoder->levels);
    rcx_free(decoder->indices);
    rcx_free(decoder->values);
    *decoder = (struct rcx_parquet_decoder){0};
}

static enum rcx_status corrupt(const struct job *job, const char *what, struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_CORRUPT, "%s: column '%s', row group %zu, row %" PRIu64 ": %s",
                    job->chunk->path, job->chunk->column, job->chunk->group, job->row, what);
}

static enum rcx_status unsupported(const struct job *job, const char *what, long long number,
                                   struct rcx_error *err)
{
    return rcx_fail(err, RCX_E_INPUT, "%s: column '%s', row group %zu: %s %lld is not supported",
                    job->chunk->path, job->chunk->column, job->chunk->group, what, number);
}

/* --- page headers -------------------------------------------------------------------------- */

/* DataPageHeader and DictionaryPageHeader agree in fields 1 and 2. */
static void parse_body_header(struct rcx_thrift_reader *reader,
                              const struct rcx_thrift_field *field, struct page_header *header)
{
    rcx_thrift_enter_field(reader, field);
    for (struct rcx_thrift_field inner; rcx_thrift_next(reader, &inner);) {
        if (inner.id == 1)
            header->values = rcx_thrift_get_size(reader, &inner);
        else if (inner.id == 2)
            header->encoding = rcx_thrift_get_i32(reader, &inner);
        else if (inner.id == 3 && header->type == RCX_PARQUET_DATA_PAGE)
            header->level_encoding = rcx_thrift_get_i32(reader, &inner);
        else
            rcx_thrift_skip(reader, &inner);
    }
}

static bool parse_header(const uint8_t *data, size_t length, struct page_header *out)
{
    struct rcx_thrift_reader reader = rcx_thrift_reader_of(data, length);
    struct page_header header = {.type = -1, .encoding = -1, .level_encoding = -1};
    rcx_thrift_enter(&reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(&reader, &field);) {
        if (field.id == 1)
            header.type = rcx_thrift_get_i32(&reader, &field);
        else if (field.id == 2)
            header.plain_bytes = rcx_thrift_get_size(&reader, &field);
        else if (field.id == 3)
            header.stored_bytes = rcx_thrift_get_size(&reader, &field);
        else if ((field.id == 5 && header.type == RCX_PARQUET_DATA_PAGE) ||
                 (field.id == 7 && header.type == RCX_PARQUET_DICTIONARY_PAGE))
            parse_body_header(&reader, &field, &header);
        else
            rcx_thrift_skip(&reader, &field);
    }
    header.header_bytes = reader.cursor.position;
    *out = header;
    return !reader.cursor.failed && header.stored_bytes <= length - header.header_bytes;
}

static enum rcx_status check_header(const struct job *job, const struct page_header *header,
                                    struct rcx_error *err)
{
    bool dictionary = header->type == RCX_PARQUET_DICTIONARY_PAGE;
    if (header->type == RCX_PARQUET_DATA_PAGE_V2)
        return unsupported(job, "a data page of version", 2, err);
    if (header->type != RCX_PARQUET_DATA_PAGE && !dictionary)
        return unsupported(job, "a page of type", header->type, err);
    bool indexed = header->encoding == RCX_PARQUET_RLE_DICTIONARY ||
                   header->encoding == RCX_PARQUET_PLAIN_DICTIONARY;
    if (header->encoding != RCX_PARQUET_PLAIN && !indexed)
        return unsupported(job, "encoding", header->encoding, err);
    if (!dictionary && job->chunk->nullable && header->level_encoding != RCX_PARQUET_RLE)
        return unsupported(job, "encoding of definition levels", header->level_encoding, err);
    if (header->plain_bytes > job->chunk->plain_bytes)
        return corrupt(job, "a page is larger than its column", err);
    if (header->plain_bytes > RCX_PARQUET_PAGE_BYTES_LIMIT)
        return unsupported(job, "a page of bytes", (long long)header->plain_bytes, err);
    if (header->values > RCX_PARQUET_PAGE_ROWS_LIMIT)
        return unsupported(job, "a page of values", (long long)header->values, err);
    return RCX_OK;
}

/* --- values -------------------------------------------------------------------------------- */

/* The hybrid of run lengths and bit packing: exactly `count` values of `width` <= 32 bits. */
static bool decode_hybrid(struct rcx_cursor *in, unsigned width, size_t count, uint32_t *out)
{
    uint64_t mask = (UINT64_C(1) << width) - 1;
    for (size_t done = 0; done < count;) {
        uint64_t head = rcx_cursor_varint(in);
        size_t left = count - done;
        if (head & 1) {
            uint64_t groups = head >> 1; /* of 8 values in `width` bytes */
            if (groups == 0 || groups > (left + 7) / 8)
                return false;
            const uint8_t *bytes = rcx_cursor_bytes(in, (size_t)groups * width);
            if (!bytes)
                return false;
            size_t values = groups * 8 < left ? (size_t)groups * 8 : left;
            uint64_t held = 0;
            unsigned bits = 0;
            for (size_t i = 0; i < values; i++) {
                for (; bits < width; bits += 8)
                    held |= (uint64_t)*bytes++ << bits;
                out[done + i] = (uint32_t)(held & mask);
                held >>= width;
                bits -= width;
            }
            done += values;
        } else {
            uint64_t run = head >> 1, value = 0;
            for (unsigned byte = 0; byte < (width + 7) / 8; byte++)
                value |= (uint64_t)rcx_cursor_u8(in) << 8 * byte;
            if (in->failed || run == 0 || run > left || value > mask)
                return false;
            for (size_t i = 0; i < run; i++)
                out[done + i] = (uint32_t)value;
            done += (size_t)run;
        }
    }
    return !in->failed;
}

static enum rcx_status decode_texts(const struct job *job, struct rcx_cursor *in, size_t count,
                                    uint64_t *out, struct rcx_error *err)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t length = rcx_cursor_u32(in);
        const uint8_t *bytes = rcx_cursor_bytes(in, length);
        if (!bytes)
            return corrupt(job, "the page ends within a text", err);
        if (rcx_utf8_check(bytes, length) != length)
            return corrupt(job, "a text is not UTF-8", err);
        uint32_t code = rcx_dictionary_intern(job->texts,
                                              (struct rcx_text){(const char *)bytes, length});
        if (code == RCX_NO_CODE)
            return rcx_fail_nomem(err, job->chunk->path, length);
        out[i] = code;
    }
    return RCX_OK;
}

/* `count` values in PLAIN encoding. */
static enum rcx_status decode_plain(const struct job *job, struct rcx_cursor *in, size_t count,
                                    uint64_t *out, struct rcx_error *err)
{
    enum rcx_parquet_type type = job->chunk->type;
    if (type == RCX_PARQUET_BYTE_ARRAY)
        return decode_texts(job, in, count, out, err);
    size_t width = type == RCX_PARQUET_INT32 ? 4 : 8;
    size_t bytes = type == RCX_PARQUET_BOOLEAN ? (count + 7) / 8 : count * width;
    const uint8_t *data = rcx_cursor_bytes(in, bytes);
    if (!data)
        return corrupt(job, "the page ends within its values", err);
    if (type == RCX_PARQUET_BOOLEAN) {
        for (size_t i = 0; i < count; i++)
            out[i] = data[i / 8] >> i % 8 & 1;
    } else if (type == RCX_PARQUET_INT32) {
        for (size_t i = 0; i < count; i++) {
            int32_t value;
            memcpy(&value, data + i * 4, 4);
            out[i] = (uint64_t)(int64_t)value;
        }
    } else if (bytes > 0) {
        memcpy(out, data, bytes);
    }
    return RCX_OK;
}

static enum rcx_status decode_indices(const struct job *job, struct rcx_cursor *in, size_t count,
                                      struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    unsigned width = rcx_cursor_u8(in);
    if (count == 0)
        return RCX_OK;
    if (in->failed || width > 32)
        return corrupt(job, "dictionary indices of impossible width", err);
    if (!rcx_array_reserve(&decoder->indices, &decoder->index_capacity, count,
                           sizeof *decoder->indices))
        return rcx_fail_nomem(err, job->chunk->path, count * sizeof *decoder->indices);
    if (!decode_hybrid(in, width, count, decoder->indices))
        return corrupt(job, "the page ends within its dictionary indices", err);
    for (size_t i = 0; i < count; i++) {
        if (decoder->indices[i] >= decoder->entry_count)
            return corrupt(job, "an index points past the dictionary", err);
        decoder->values[i] = decoder->entries[decoder->indices[i]];
    }
    return RCX_OK;
}

/* --- into the column ----------------------------------------------------------------------- */

static enum rcx_status store(const struct job *job, size_t at, uint64_t bits, struct rcx_error *err)
{
    struct rcx_column *out = job->out;
    int64_t value = (int64_t)bits;
    switch (out->type) {
    case RCX_TYPE_BOOL:
        out->booleans[at] = (uint8_t)value;
        return RCX_OK;
    case RCX_TYPE_INT8:
        if (value < INT8_MIN || value > INT8_MAX)
            return corrupt(job, "a value does not fit into 8 bits", err);
        out->i8[at] = (int8_t)value;
        return RCX_OK;
    case RCX_TYPE_INT32:
    case RCX_TYPE_DATE:
        out->i32[at] = (int32_t)value;
        return RCX_OK;
    case RCX_TYPE_TIME:
        if (value % MICROS != 0)
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: column '%s' has times with parts of a second, which are not "
                            "supported",
                            job->chunk->path, job->chunk->column);
        out->i64[at] = value / MICROS;
        return RCX_OK;
    case RCX_TYPE_INT64:
    case RCX_TYPE_DECIMAL:
        out->i64[at] = value;
        return RCX_OK;
    case RCX_TYPE_REAL:
        memcpy(&out->reals[at], &bits, sizeof bits);
        return RCX_OK;
    case RCX_TYPE_TEXT:
        out->codes[at] = (uint32_t)value;
        return RCX_OK;
    case RCX_TYPE_COUNT:
        break;
    }
    return rcx_fail(err, RCX_E_INTERNAL, "column '%s' has no type", job->chunk->column);
}

static enum rcx_status store_null(const struct job *job, size_t at, struct rcx_error *err)
{
    static const union {
        double real;
        uint64_t bits;
    } null = {.real = NAN};
    bool real = job->out->type == RCX_TYPE_REAL;
    if (!real && !rcx_column_set_null(job->out, at))
        return rcx_fail_nomem(err, job->chunk->path, job->out->rows / 8);
    return store(job, at, real ? null.bits : 0, err);
}

/* Puts the wanted rows of a page of `rows` rows into the column. `levels` NULL: no nulls. */
static enum rcx_status spread(const struct job *job, size_t rows, const uint32_t *levels,
                              struct rcx_error *err)
{
    const uint64_t *value = job->decoder->values;
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < rows && status == RCX_OK; i++) {
        uint64_t row = job->row + i;
        bool there = !levels || levels[i] > 0;
        if (row >= job->end)
            break;
        size_t at = job->at + (size_t)(row - job->first);
        if (row >= job->first)
            status = there ? store(job, at, *value, err) : store_null(job, at, err);
        value += there;
    }
    return status;
}

/* --- pages --------------------------------------------------------------------------------- */

/* The decompressed body as a cursor. */
static enum rcx_status unpack(const struct job *job, const struct page_header *header,
                              const uint8_t *stored, struct rcx_cursor *out, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    size_t bytes = (size_t)header->plain_bytes;
    rcx_buf_clear(&decoder->page);
    if (!rcx_buf_reserve(&decoder->page, bytes + 1))
        return rcx_fail_nomem(err, job->chunk->path, bytes);
    enum rcx_status status = job->chunk->codec->decompress(
        decoder->context, stored, (size_t)header->stored_bytes, decoder->page.data, bytes, err);
    if (status == RCX_E_CORRUPT)
        return corrupt(job, "a page does not decompress", err);
    if (status != RCX_OK)
        return status;
    *out = rcx_cursor_of(decoder->page.data, bytes);
    return RCX_OK;
}

static enum rcx_status read_dictionary(const struct job *job, const struct page_header *header,
                                       const uint8_t *stored, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    struct rcx_cursor in;
    size_t count = (size_t)header->values;
    if (job->row > 0 || decoder->entry_count > 0)
        return corrupt(job, "a dictionary where none may be", err);
    enum rcx_status status = unpack(job, header, stored, &in, err);
    if (status != RCX_OK)
        return status;
    if (!rcx_array_reserve(&decoder->entries, &decoder->entry_capacity, count + 1,
                           sizeof *decoder->entries))
        return rcx_fail_nomem(err, job->chunk->path, count * sizeof *decoder->entries);
    status = decode_plain(job, &in, count, decoder->entries, err);
    if (status == RCX_OK && rcx_cursor_left(&in) > 0)
        status = corrupt(job, "the dictionary is longer than its values", err);
    decoder->entry_count = count;
    return status;
}

/* Definition levels of a page; *out_values: how many rows hold a value. */
static enum rcx_status read_levels(const struct job *job, struct rcx_cursor *in, size_t rows,
                                   size_t *out_values, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    if (!rcx_array_reserve(&decoder->levels, &decoder->level_capacity, rows + 1,
                           sizeof *decoder->levels))
        return rcx_fail_nomem(err, job->chunk->path, rows * sizeof *decoder->levels);
    uint32_t length = rcx_cursor_u32(in);
    const uint8_t *bytes = rcx_cursor_bytes(in, length);
    struct rcx_cursor levels = rcx_cursor_of(bytes, bytes ? length : 0);
    if (!bytes || !decode_hybrid(&levels, 1, rows, decoder->levels))
        return corrupt(job, "the page ends within its definition levels", err);
    size_t values = 0;
    for (size_t i = 0; i < rows; i++)
        values += decoder->levels[i];
    *out_values = values;
    return RCX_OK;
}

static enum rcx_status read_data(const struct job *job, const struct page_header *header,
                                 const uint8_t *stored, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    struct rcx_cursor in;
    size_t rows = (size_t)header->values, values = rows;
    enum rcx_status status = unpack(job, header, stored, &in, err);
    if (status == RCX_OK && job->chunk->nullable)
        status = read_levels(job, &in, rows, &values, err);
    if (status != RCX_OK)
        return status;
    if (!rcx_array_reserve(&decoder->values, &decoder->value_capacity, values + 1,
                           sizeof *decoder->values))
        return rcx_fail_nomem(err, job->chunk->path, values * sizeof *decoder->values);
    status = header->encoding == RCX_PARQUET_PLAIN
                 ? decode_plain(job, &in, values, decoder->values, err)
                 : decode_indices(job, &in, values, err);
    if (status == RCX_OK && rcx_cursor_left(&in) > 0)
        status = corrupt(job, "a page is longer than its values", err);
    if (status == RCX_OK)
        status = spread(job, rows, job->chunk->nullable ? decoder->levels : NULL, err);
    return status;
}

static enum rcx_status read_page(struct job *job, const struct page_header *header,
                                 const uint8_t *stored, struct rcx_error *err)
{
    enum rcx_status status = check_header(job, header, err);
    if (status != RCX_OK)
        return status;
    if (header->type == RCX_PARQUET_DICTIONARY_PAGE)
        return read_dictionary(job, header, stored, err);
    if (header->values > job->chunk->rows - job->row)
        return corrupt(job, "more rows than the row group has", err);
    if (job->row + header->values > job->first)
        status = read_data(job, header, stored, err);
    job->row += header->values;
    return status;
}

enum rcx_status rcx_parquet_chunk_decode(struct rcx_parquet_decoder *decoder,
                                         const struct rcx_parquet_chunk_bytes *chunk,
                                         uint64_t first, size_t count, struct rcx_column *out,
                                         size_t at, struct rcx_dictionary *texts,
                                         struct rcx_error *err)
{
    struct job job = {.decoder = decoder,
                      .chunk = chunk,
                      .first = first,
                      .end = first + count,
                      .out = out,
                      .at = at,
                      .texts = texts};
    decoder->entry_count = 0;
    if (!decoder->context && !(decoder->context = rcx_codec_context_new()))
        return rcx_fail_nomem(err, "codec context", 0);
    size_t position = 0;
    while (job.row < job.end) {
        struct page_header header;
        if (position >= chunk->length ||
            !parse_header(chunk->data + position, chunk->length - position, &header))
            return corrupt(&job, "a page header makes no sense", err);
        enum rcx_status status = read_page(&job, &header,
                                           chunk->data + position + header.header_bytes, err);
        if (status != RCX_OK)
            return status;
        position += header.header_bytes + (size_t)header.stored_bytes;
    }
    return RCX_OK;
}
