#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_decode_state.h"
#include "storage/format/parquet_encoding.h"

enum { JULIAN_BYTES = 12, MOST_FIXED_BYTES = 1 << 20 };

static enum rcx_status corrupt(const struct rcx_parquet_job *job, const char *what,
                               struct rcx_error *err)
{
    return rcx_parquet_corrupt(&job->place, what, err);
}

static enum rcx_status ends_early(const struct rcx_parquet_job *job, struct rcx_error *err)
{
    return corrupt(job, "the page ends within its values", err);
}

/* --- bytes: texts, decimals, Julian days --------------------------------------------------- */

static enum rcx_status mean_bytes(const struct rcx_parquet_job *job, const uint8_t *bytes,
                                  size_t length, uint64_t *out, struct rcx_error *err)
{
    const struct rcx_parquet_chunk_bytes *chunk = job->place.chunk;
    if (chunk->meaning == RCX_PARQUET_MEANS_JULIAN) {
        *out = (uint64_t)rcx_parquet_mean_julian(bytes);
        return RCX_OK;
    }
    if (chunk->meaning == RCX_PARQUET_MEANS_DECIMAL) {
        int64_t value;
        if (!rcx_parquet_mean_decimal(bytes, length, &value))
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: column '%s' has decimals of more than 18 digits, which are not "
                            "supported",
                            chunk->path, chunk->column);
        *out = (uint64_t)value;
        return RCX_OK;
    }
    if (rcx_utf8_check(bytes, length) != length)
        return corrupt(job, "a text is not UTF-8", err);
    uint32_t code = rcx_dictionary_intern(job->texts,
                                          (struct rcx_text){(const char *)bytes, length});
    *out = code;
    return code == RCX_NO_CODE ? rcx_fail_nomem(err, chunk->path, length) : RCX_OK;
}

/* Bytes of a value of fixed width; 0: they vary. */
static size_t fixed_width(const struct rcx_parquet_chunk_bytes *chunk)
{
    return chunk->type == RCX_PARQUET_INT96 ? JULIAN_BYTES : chunk->width;
}

/* PLAIN: each value behind its length, or all of one width. */
static enum rcx_status plain_bytes(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                   size_t count, uint64_t *out, struct rcx_error *err)
{
    size_t width = fixed_width(job->place.chunk);
    for (size_t i = 0; i < count; i++) {
        size_t length = width ? width : rcx_cursor_u32(in);
        const uint8_t *bytes = rcx_cursor_bytes(in, length);
        if (!bytes)
            return corrupt(job, "the page ends within a value", err);
        enum rcx_status status = mean_bytes(job, bytes, length, &out[i], err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

/* A run of `count` lengths from `lengths`. */
static enum rcx_status take_lengths(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                    size_t count, int64_t *lengths, struct rcx_error *err)
{
    if (!rcx_parquet_decode_delta(in, true, count, lengths))
        return corrupt(job, "lengths that make no sense", err);
    for (size_t i = 0; i < count; i++)
        if (lengths[i] < 0)
            return corrupt(job, "a text of negative length", err);
    return RCX_OK;
}

static int64_t *reserve_lengths(const struct rcx_parquet_job *job, size_t count)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    return rcx_array_reserve(&decoder->lengths, &decoder->length_capacity, count + 1,
                             sizeof *decoder->lengths)
               ? decoder->lengths
               : NULL;
}

/* DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
static enum rcx_status delta_length_bytes(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                          size_t count, uint64_t *out, struct rcx_error *err)
{
    int64_t *lengths = reserve_lengths(job, count);
    if (!lengths)
        return rcx_fail_nomem(err, job->place.chunk->path, count * sizeof *lengths);
    enum rcx_status status = take_lengths(job, in, count, lengths, err);
    for (size_t i = 0; i < count && status == RCX_OK; i++) {
        const uint8_t *bytes = rcx_cursor_bytes(in, (size_t)lengths[i]);
        status = bytes ? mean_bytes(job, bytes, (size_t)lengths[i], &out[i], err)
                       : corrupt(job, "the page ends within a text", err);
    }
    return status;
}

/* Puts a value together from the beginning of the last one and `length` bytes more. */
static enum rcx_status join_bytes(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                  int64_t prefix, int64_t length, struct rcx_error *err)
{
    struct rcx_buf *value = &job->decoder->bytes;
    const uint8_t *suffix = rcx_cursor_bytes(in, (size_t)length);
    if (!suffix || (uint64_t)prefix > value->length)
        return corrupt(job, "a text that its pieces do not make", err);
    value->length = (size_t)prefix;
    return rcx_buf_append(value, suffix, (size_t)length)
               ? RCX_OK
               : rcx_fail_nomem(err, job->place.chunk->path, (size_t)length);
}

/* DELTA_BYTE_ARRAY: how much each value shares with the one before, then the rest of it. */
static enum rcx_status delta_bytes(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                   size_t count, uint64_t *out, struct rcx_error *err)
{
    int64_t *prefixes = reserve_lengths(job, 2 * count), *suffixes = prefixes + count;
    size_t width = fixed_width(job->place.chunk);
    if (!prefixes)
        return rcx_fail_nomem(err, job->place.chunk->path, 2 * count * sizeof *prefixes);
    enum rcx_status status = take_lengths(job, in, count, prefixes, err);
    if (status == RCX_OK)
        status = take_lengths(job, in, count, suffixes, err);
    struct rcx_buf *value = &job->decoder->bytes;
    rcx_buf_clear(value);
    if (!rcx_buf_reserve(value, 1))
        return rcx_fail_nomem(err, job->place.chunk->path, 1);
    for (size_t i = 0; i < count && status == RCX_OK; i++) {
        status = join_bytes(job, in, prefixes[i], suffixes[i], err);
        if (status == RCX_OK && width && value->length != width)
            status = corrupt(job, "a value of another width", err);
        if (status == RCX_OK)
            status = mean_bytes(job, value->data, value->length, &out[i], err);
    }
    return status;
}

/* --- numbers ------------------------------------------------------------------------------- */

static size_t number_width(enum rcx_parquet_type type)
{
    return type == RCX_PARQUET_INT32 || type == RCX_PARQUET_FLOAT ? 4 : 8;
}

static void widen(enum rcx_parquet_type type, const uint8_t *data, size_t count, uint64_t *out)
{
    if (type == RCX_PARQUET_INT32) {
        for (size_t i = 0; i < count; i++) {
            int32_t value;
            memcpy(&value, data + i * 4, 4);
            out[i] = (uint64_t)(int64_t)value;
        }
    } else if (type == RCX_PARQUET_FLOAT) {
        for (size_t i = 0; i < count; i++) {
            float value;
            memcpy(&value, data + i * 4, 4);
            memcpy(&out[i], &(double){(double)value}, sizeof out[i]);
        }
    } else if (count > 0) {
        memcpy(out, data, count * 8);
    }
}

static enum rcx_status plain_numbers(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                     size_t count, uint64_t *out, struct rcx_error *err)
{
    enum rcx_parquet_type type = job->place.chunk->type;
    bool bits = type == RCX_PARQUET_BOOLEAN;
    const uint8_t *data = rcx_cursor_bytes(in, bits ? (count + 7) / 8 : count * number_width(type));
    if (!data)
        return ends_early(job, err);
    for (size_t i = 0; bits && i < count; i++)
        out[i] = data[i / 8] >> i % 8 & 1;
    if (!bits)
        widen(type, data, count, out);
    return RCX_OK;
}

static enum rcx_status split_values(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                    size_t count, uint64_t *out, struct rcx_error *err)
{
    enum rcx_parquet_type type = job->place.chunk->type;
    struct rcx_buf *bytes = &job->decoder->bytes;
    size_t fixed = fixed_width(job->place.chunk), width = fixed ? fixed : number_width(type);
    size_t total;
    if (__builtin_mul_overflow(count, width, &total) || total > rcx_cursor_left(in))
        return ends_early(job, err);
    rcx_buf_clear(bytes);
    if (!rcx_buf_reserve(bytes, total + 1))
        return rcx_fail_nomem(err, job->place.chunk->path, total);
    if (!rcx_parquet_decode_split(in, width, count, bytes->data))
        return ends_early(job, err);
    if (fixed == 0) {
        widen(type, bytes->data, count, out);
        return RCX_OK;
    }
    struct rcx_cursor values = rcx_cursor_of(bytes->data, total);
    return plain_bytes(job, &values, count, out, err);
}

/* RLE: booleans behind the length of all of them. */
static enum rcx_status run_booleans(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                    size_t count, uint64_t *out, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    uint32_t length = rcx_cursor_u32(in);
    const uint8_t *bytes = rcx_cursor_bytes(in, length);
    struct rcx_cursor runs = rcx_cursor_of(bytes, bytes ? length : 0);
    if (!rcx_array_reserve(&decoder->indices, &decoder->index_capacity, count + 1,
                           sizeof *decoder->indices))
        return rcx_fail_nomem(err, job->place.chunk->path, count * sizeof *decoder->indices);
    if (!bytes || !rcx_parquet_decode_hybrid(&runs, 1, count, decoder->indices))
        return ends_early(job, err);
    for (size_t i = 0; i < count; i++)
        out[i] = decoder->indices[i];
    return RCX_OK;
}

static enum rcx_status indexed_values(const struct rcx_parquet_job *job, struct rcx_cursor *in,
                                      size_t count, uint64_t *out, struct rcx_error *err)
{
    struct rcx_parquet_decoder *decoder = job->decoder;
    unsigned width = rcx_cursor_u8(in);
    if (in->failed || width > 32)
        return corrupt(job, "dictionary indices of impossible width", err);
    if (!rcx_array_reserve(&decoder->indices, &decoder->index_capacity, count,
                           sizeof *decoder->indices))
        return rcx_fail_nomem(err, job->place.chunk->path, count * sizeof *decoder->indices);
    if (!rcx_parquet_decode_hybrid(in, width, count, decoder->indices))
        return corrupt(job, "the page ends within its dictionary indices", err);
    for (size_t i = 0; i < count; i++) {
        if (decoder->indices[i] >= decoder->entry_count)
            return corrupt(job, "an index points past the dictionary", err);
        out[i] = decoder->entries[decoder->indices[i]];
    }
    return RCX_OK;
}

/* --- by encoding --------------------------------------------------------------------------- */

static bool is_bytes(enum rcx_parquet_type type)
{
    return type == RCX_PARQUET_BYTE_ARRAY || type == RCX_PARQUET_FIXED_LEN_BYTE_ARRAY ||
           type == RCX_PARQUET_INT96;
}

static enum rcx_status decode(const struct rcx_parquet_job *job, enum rcx_parquet_encoding encoding,
                              struct rcx_cursor *in, size_t count, uint64_t *out,
                              struct rcx_error *err)
{
    enum rcx_parquet_type type = job->place.chunk->type;
    bool integer = type == RCX_PARQUET_INT32 || type == RCX_PARQUET_INT64;
    if (encoding == RCX_PARQUET_PLAIN)
        return is_bytes(type) ? plain_bytes(job, in, count, out, err)
                              : plain_numbers(job, in, count, out, err);
    if (encoding == RCX_PARQUET_RLE && type == RCX_PARQUET_BOOLEAN)
        return run_booleans(job, in, count, out, err);
    if (encoding == RCX_PARQUET_DELTA_BINARY_PACKED && integer)
        return rcx_parquet_decode_delta(in, type == RCX_PARQUET_INT32, count, (int64_t *)out)
                   ? RCX_OK
                   : corrupt(job, "differences that make no sense", err);
    if (encoding == RCX_PARQUET_DELTA_LENGTH_BYTE_ARRAY && type == RCX_PARQUET_BYTE_ARRAY)
        return delta_length_bytes(job, in, count, out, err);
    if (encoding == RCX_PARQUET_DELTA_BYTE_ARRAY && is_bytes(type))
        return delta_bytes(job, in, count, out, err);
    if (encoding == RCX_PARQUET_BYTE_STREAM_SPLIT && type != RCX_PARQUET_BOOLEAN &&
        type != RCX_PARQUET_BYTE_ARRAY)
        return split_values(job, in, count, out, err);
    return rcx_parquet_unsupported(&job->place, "encoding", (long long)encoding, err);
}

enum rcx_status rcx_parquet_decode_values(const struct rcx_parquet_job *job,
                                          enum rcx_parquet_encoding encoding, struct rcx_cursor *in,
                                          size_t count, uint64_t *out, struct rcx_error *err)
{
    const struct rcx_parquet_chunk_bytes *chunk = job->place.chunk;
    if (count == 0) { /* writers differ in what a page of nulls holds */
        (void)rcx_cursor_bytes(in, rcx_cursor_left(in));
        return RCX_OK;
    }
    if (encoding == RCX_PARQUET_RLE_DICTIONARY || encoding == RCX_PARQUET_PLAIN_DICTIONARY)
        return indexed_values(job, in, count, out, err);
    enum rcx_status status = decode(job, encoding, in, count, out, err);
    if (status == RCX_OK &&
        !rcx_parquet_mean((enum rcx_parquet_meaning)chunk->meaning, chunk->type, out, count))
        status = rcx_fail(err, RCX_E_INPUT,
                          "%s: column '%s' has a number above 9,223,372,036,854,775,807, which is "
                          "not supported",
                          chunk->path, chunk->column);
    return status;
}
