#include "storage/format/parquet_page.h"

#include <inttypes.h>
#include <string.h>

#include "storage/encoding/crc32.h"
#include "storage/format/parquet_thrift_reader.h"

enum rcx_status rcx_parquet_corrupt(const struct rcx_parquet_page_place *place, const char *what,
                                    struct rcx_error *err)
{
    const struct rcx_parquet_chunk_bytes *chunk = place->chunk;
    return rcx_fail(err, RCX_E_CORRUPT, "%s: column '%s', row group %zu, row %" PRIu64 ": %s",
                    chunk->path, chunk->column, chunk->group, place->row, what);
}

enum rcx_status rcx_parquet_unsupported(const struct rcx_parquet_page_place *place,
                                        const char *what, long long number, struct rcx_error *err)
{
    const struct rcx_parquet_chunk_bytes *chunk = place->chunk;
    return rcx_fail(err, RCX_E_INPUT, "%s: column '%s', row group %zu: %s %lld is not supported",
                    chunk->path, chunk->column, chunk->group, what, number);
}

/* --- headers ------------------------------------------------------------------------------- */

/* DataPageHeader and DictionaryPageHeader agree in fields 1 and 2. */
static void parse_body(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                       struct rcx_parquet_page_header *header)
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

static void parse_body_v2(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                          struct rcx_parquet_page_header *header)
{
    uint64_t repetition_bytes = 0;
    header->level_encoding = RCX_PARQUET_RLE;
    header->compressed = true;
    rcx_thrift_enter_field(reader, field);
    for (struct rcx_thrift_field inner; rcx_thrift_next(reader, &inner);) {
        if (inner.id == 1)
            header->values = rcx_thrift_get_size(reader, &inner);
        else if (inner.id == 4)
            header->encoding = rcx_thrift_get_i32(reader, &inner);
        else if (inner.id == 5)
            header->level_bytes = rcx_thrift_get_size(reader, &inner);
        else if (inner.id == 6)
            repetition_bytes = rcx_thrift_get_size(reader, &inner);
        else if (inner.id == 7)
            header->compressed = rcx_thrift_get_bool(reader, &inner);
        else
            rcx_thrift_skip(reader, &inner);
    }
    if (repetition_bytes > 0) /* nothing is repeated in a flat schema */
        reader->cursor.failed = true;
}

static bool parse_header(const uint8_t *data, size_t length, struct rcx_parquet_page_header *out)
{
    struct rcx_thrift_reader reader = rcx_thrift_reader_of(data, length);
    struct rcx_parquet_page_header header = {
        .type = -1, .encoding = -1, .level_encoding = -1, .compressed = true};
    rcx_thrift_enter(&reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(&reader, &field);) {
        if (field.id == 1)
            header.type = rcx_thrift_get_i32(&reader, &field);
        else if (field.id == 2)
            header.plain_bytes = rcx_thrift_get_size(&reader, &field);
        else if (field.id == 3)
            header.stored_bytes = rcx_thrift_get_size(&reader, &field);
        else if (field.id == 4) {
            header.crc = (uint32_t)rcx_thrift_get_i32(&reader, &field);
            header.has_crc = true;
        } else if ((field.id == 5 && header.type == RCX_PARQUET_DATA_PAGE) ||
                   (field.id == 7 && header.type == RCX_PARQUET_DICTIONARY_PAGE))
            parse_body(&reader, &field, &header);
        else if (field.id == 8 && header.type == RCX_PARQUET_DATA_PAGE_V2)
            parse_body_v2(&reader, &field, &header);
        else
            rcx_thrift_skip(&reader, &field);
    }
    header.header_bytes = reader.cursor.position;
    *out = header;
    return !reader.cursor.failed && header.stored_bytes <= length - header.header_bytes &&
           header.level_bytes <= header.stored_bytes && header.level_bytes <= header.plain_bytes;
}

static enum rcx_status check_header(const struct rcx_parquet_page_place *place,
                                    const struct rcx_parquet_page_header *header,
                                    struct rcx_error *err)
{
    bool dictionary = header->type == RCX_PARQUET_DICTIONARY_PAGE;
    if (header->type != RCX_PARQUET_DATA_PAGE && header->type != RCX_PARQUET_DATA_PAGE_V2 &&
        !dictionary)
        return rcx_parquet_unsupported(place, "a page of type", header->type, err);
    if (dictionary && header->encoding != RCX_PARQUET_PLAIN &&
        header->encoding != RCX_PARQUET_PLAIN_DICTIONARY)
        return rcx_parquet_unsupported(place, "encoding of a dictionary", header->encoding, err);
    if (!dictionary && place->chunk->nullable && header->level_encoding != RCX_PARQUET_RLE)
        return rcx_parquet_unsupported(place, "encoding of definition levels",
                                       header->level_encoding, err);
    if (header->plain_bytes > place->chunk->plain_bytes)
        return rcx_parquet_corrupt(place, "a page is larger than its column", err);
    if (header->plain_bytes > RCX_PARQUET_PAGE_BYTES_LIMIT)
        return rcx_parquet_unsupported(place, "a page of bytes", (long long)header->plain_bytes,
                                       err);
    if (header->values > RCX_PARQUET_PAGE_ROWS_LIMIT)
        return rcx_parquet_unsupported(place, "a page of values", (long long)header->values, err);
    return RCX_OK;
}

enum rcx_status rcx_parquet_page_parse(const struct rcx_parquet_page_place *place, size_t position,
                                       struct rcx_parquet_page_header *out, struct rcx_error *err)
{
    const struct rcx_parquet_chunk_bytes *chunk = place->chunk;
    if (position >= chunk->length ||
        !parse_header(chunk->data + position, chunk->length - position, out))
        return rcx_parquet_corrupt(place, "a page header makes no sense", err);
    return check_header(place, out, err);
}

/* --- bodies -------------------------------------------------------------------------------- */

/* The compressed part of a page. */
static enum rcx_status decompress(const struct rcx_parquet_page_place *place, const uint8_t *stored,
                                  size_t stored_bytes, size_t plain_bytes,
                                  struct rcx_codec_context *context, struct rcx_buf *buffer,
                                  struct rcx_cursor *out, struct rcx_error *err)
{
    rcx_buf_clear(buffer);
    if (!rcx_buf_reserve(buffer, plain_bytes + 1))
        return rcx_fail_nomem(err, place->chunk->path, plain_bytes);
    enum rcx_status status = place->chunk->codec->decompress(context, stored, stored_bytes,
                                                             buffer->data, plain_bytes, err);
    if (status == RCX_E_CORRUPT)
        return rcx_parquet_corrupt(place, "a page does not decompress", err);
    *out = rcx_cursor_of(buffer->data, plain_bytes);
    return status;
}

/* Version 1 puts the levels in front of the values, with their length, all compressed. */
static enum rcx_status split_levels(const struct rcx_parquet_page_place *place,
                                    struct rcx_cursor *body, struct rcx_cursor *out_levels,
                                    struct rcx_error *err)
{
    uint32_t length = rcx_cursor_u32(body);
    const uint8_t *bytes = rcx_cursor_bytes(body, length);
    if (!bytes)
        return rcx_parquet_corrupt(place, "the page ends within its definition levels", err);
    *out_levels = rcx_cursor_of(bytes, length);
    return RCX_OK;
}

enum rcx_status rcx_parquet_page_unpack(const struct rcx_parquet_page_place *place,
                                        const struct rcx_parquet_page_header *header,
                                        const uint8_t *stored, struct rcx_codec_context *context,
                                        struct rcx_buf *buffer, struct rcx_cursor *out_levels,
                                        struct rcx_cursor *out_values, struct rcx_error *err)
{
    if (header->has_crc && rcx_crc32(stored, (size_t)header->stored_bytes) != header->crc)
        return rcx_parquet_corrupt(place, "a page does not match its checksum", err);
    size_t levels = (size_t)header->level_bytes;
    size_t stored_bytes = (size_t)header->stored_bytes - levels;
    size_t plain_bytes = (size_t)header->plain_bytes - levels;
    *out_levels = rcx_cursor_of(stored, levels);
    /* Bytes that are not compressed are read where they are; so is an empty body, which some
     * writers store as nothing at all. */
    bool plain = !header->compressed || strcmp(place->chunk->codec->name, "none") == 0;
    if (plain || (stored_bytes == 0 && plain_bytes == 0)) {
        if (stored_bytes != plain_bytes)
            return rcx_parquet_corrupt(place, "a page is not as long as its header says", err);
        *out_values = rcx_cursor_of(stored + levels, plain_bytes);
    } else {
        enum rcx_status status = decompress(place, stored + levels, stored_bytes, plain_bytes,
                                            context, buffer, out_values, err);
        if (status != RCX_OK)
            return status;
    }
    if (header->type == RCX_PARQUET_DATA_PAGE && place->chunk->nullable)
        return split_levels(place, out_values, out_levels, err);
    return RCX_OK;
}
