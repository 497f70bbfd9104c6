#include "storage/format/parquet_decode.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_decode_state.h"
#include "storage/format/parquet_encoding.h"

void rcx_parquet_decoder_release(struct rcx_parquet_decoder *decoder)
{
    rcx_codec_context_release(decoder->context);
    rcx_buf_release(&decoder->page);
    rcx_buf_release(&decoder->bytes);
    rcx_free(decoder->entries);
    rcx_free(decoder->levels);
    rcx_free(decoder->indices);
    rcx_free(decoder->values);
    rcx_free(decoder->lengths);
    *decoder = (struct rcx_parquet_decoder){0};
}

static enum rcx_status corrupt(const struct rcx_parquet_job *job, const char *what,
                               struct rcx_error *err)
{
    return rcx_parquet_corrupt(&job->place, what, err);
}

static enum rcx_status read_dictionary(const struct rcx_parquet_job *job,
                                       const struct rcx_parquet_page_header *header,
                                       const uint8_t *stored, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    struct rcx_cursor levels, in;
    size_t count = (size_t)header->values;
    if (job->place.row > 0 || decoder->entry_count > 0)
        return corrupt(job, "a dictionary where none may be", err);
    enum rcx_status status = rcx_parquet_page_unpack(&job->place, header, stored, decoder->context,
                                                     &decoder->page, &levels, &in, err);
    if (status != RCX_OK)
        return status;
    if (!rcx_array_reserve(&decoder->entries, &decoder->entry_capacity, count + 1,
                           sizeof *decoder->entries))
        return rcx_fail_nomem(err, job->place.chunk->path, count * sizeof *decoder->entries);
    status = rcx_parquet_decode_values(job, RCX_PARQUET_PLAIN, &in, count, decoder->entries, err);
    if (status == RCX_OK && rcx_cursor_left(&in) > 0)
        status = corrupt(job, "the dictionary is longer than its values", err);
    decoder->entry_count = count;
    return status;
}

/* Whether the levels are one run of ones: all rows hold values. */
static bool all_there(struct rcx_cursor levels, size_t rows)
{
    uint64_t head = rcx_cursor_varint(&levels);
    return !(head & 1) && head >> 1 == rows && rcx_cursor_u8(&levels) == 1;
}

/* Definition levels of a page; *out_levels NULL: all rows hold values. */
static enum rcx_status read_levels(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                   size_t rows, const uint32_t **out_levels, size_t *out_values,
                                   struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    *out_levels = NULL;
    *out_values = rows;
    if (!job->place.chunk->nullable || all_there(*in, rows))
        return RCX_OK;
    if (!rcx_array_reserve(&decoder->levels, &decoder->level_capacity, rows + 1,
                           sizeof *decoder->levels))
        return rcx_fail_nomem(err, job->place.chunk->path, rows * sizeof *decoder->levels);
    if (!rcx_parquet_decode_hybrid(in, 1, rows, decoder->levels))
        return corrupt(job, "the page ends within its definition levels", err);
    size_t values = 0;
    for (size_t i = 0; i < rows; i++)
        values += decoder->levels[i];
    *out_levels = decoder->levels;
    *out_values = values;
    return RCX_OK;
}

static enum rcx_status read_data(const struct rcx_parquet_job *job,
                                 const struct rcx_parquet_page_header *header,
                                 const uint8_t *stored, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    struct rcx_cursor level_bytes, in;
    const uint32_t *levels = NULL;
    size_t rows = (size_t)header->values, values = rows;
    enum rcx_status status = rcx_parquet_page_unpack(&job->place, header, stored, decoder->context,
                                                     &decoder->page, &level_bytes, &in, err);
    if (status == RCX_OK)
        status = read_levels(job, &level_bytes, rows, &levels, &values, err);
    if (status != RCX_OK)
        return status;
    if (!rcx_array_reserve(&decoder->values, &decoder->value_capacity, values + 1,
                           sizeof *decoder->values))
        return rcx_fail_nomem(err, job->place.chunk->path, values * sizeof *decoder->values);
    status = rcx_parquet_decode_values(job, (enum rcx_parquet_encoding)header->encoding, &in,
                                       values, decoder->values, err);
    if (status == RCX_OK && rcx_cursor_left(&in) > 0)
        status = corrupt(job, "a page is longer than its values", err);
    if (status == RCX_OK)
        status = rcx_parquet_store_values(job, rows, levels, err);
    return status;
}

static enum rcx_status read_page(struct rcx_parquet_job *job,
                                 const struct rcx_parquet_page_header *header,
                                 const uint8_t *stored, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (header->type == RCX_PARQUET_DICTIONARY_PAGE)
        return read_dictionary(job, header, stored, err);
    if (header->values > job->place.chunk->rows - job->place.row)
        return corrupt(job, "more rows than the row group has", err);
    if (job->place.row + header->values > job->first)
        status = read_data(job, header, stored, err);
    job->place.row += header->values;
    return status;
}

enum rcx_status rcx_parquet_chunk_decode(struct rcx_parquet_decoder *decoder,
                                         const struct rcx_parquet_chunk_bytes *chunk,
                                         uint64_t first, size_t count, struct rcx_column *out,
                                         size_t at, struct rcx_dictionary *texts,
                                         struct rcx_error *err)
{
    struct rcx_parquet_job job = {.decoder = decoder,
                                  .place = {.chunk = chunk},
                                  .first = first,
                                  .end = first + count,
                                  .out = out,
                                  .at = at,
                                  .texts = texts};
    decoder->entry_count = 0;
    if (!decoder->context && !(decoder->context = rcx_codec_context_new()))
        return rcx_fail_nomem(err, "codec context", 0);
    size_t position = 0;
    while (job.place.row < job.end) {
        struct rcx_parquet_page_header header;
        enum rcx_status status = rcx_parquet_page_parse(&job.place, position, &header, err);
        if (status != RCX_OK)
            return status;
        status = read_page(&job, &header, chunk->data + position + header.header_bytes, err);
        if (status != RCX_OK)
            return status;
        position += header.header_bytes + (size_t)header.stored_bytes;
    }
    return RCX_OK;
}
