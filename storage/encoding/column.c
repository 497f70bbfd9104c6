#include "storage/encoding/column.h"

#include <string.h>

#include "storage/encoding/planes_kernels.h"

/* Differences and sums wrap: every 64-bit value survives the round trip. */
static int64_t wrapping_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t wrapping_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void rcx_column_scratch_release(struct rcx_column_scratch *scratch)
{
    rcx_buf_release(&scratch->values);
    rcx_buf_release(&scratch->bits);
    rcx_buf_release(&scratch->last);
}

static int64_t *scratch_values(struct rcx_buf *buf, size_t count, struct rcx_error *err)
{
    rcx_buf_clear(buf);
    if (rcx_buf_reserve(buf, (count + 1) * sizeof(int64_t)))
        return (int64_t *)(void *)buf->data;
    rcx_fail_nomem(err, "column scratch", count * sizeof(int64_t));
    return NULL;
}

struct put_job {
    struct rcx_encoder *encoder;
    const int64_t *values;
    size_t count;
    const struct rcx_column_context *context;
    struct rcx_column_scratch *scratch;
    int64_t *work; /* count + 1 values */
};

struct get_job {
    struct rcx_decoder *decoder;
    int64_t *out;
    size_t count;
    const struct rcx_column_context *context;
    struct rcx_column_scratch *scratch;
};

static enum rcx_status put_plain(const struct put_job *job, struct rcx_error *err)
{
    memcpy(job->work, job->values, job->count * sizeof *job->work);
    return rcx_ints_put(job->encoder, job->work, job->count, err);
}

static enum rcx_status get_plain(const struct get_job *job, struct rcx_error *err)
{
    return rcx_ints_get(job->decoder, job->out, job->count, err);
}

static enum rcx_status put_delta(const struct put_job *job, struct rcx_error *err)
{
    for (size_t i = 0; i < job->count; i++)
        job->work[i] = wrapping_sub(job->values[i], i ? job->values[i - 1] : 0);
    return rcx_ints_put(job->encoder, job->work, job->count, err);
}

static enum rcx_status get_delta(const struct get_job *job, struct rcx_error *err)
{
    int64_t sum = 0;
    enum rcx_status status = rcx_ints_get(job->decoder, job->out, job->count, err);

    for (size_t i = 0; status == RCX_OK && i < job->count; i++)
        job->out[i] = sum = wrapping_add(sum, job->out[i]);
    return status;
}

/* The first values of groups are their own sequence: they are large where differences are small. */
static enum rcx_status put_group_delta(const struct put_job *job, struct rcx_error *err)
{
    const uint32_t *first = job->context->group_first;
    size_t groups = job->context->groups, rest = 0;

    for (size_t g = 0; g < groups; g++)
        job->work[g] = job->values[first[g]];
    enum rcx_status status = rcx_ints_put(job->encoder, job->work, groups, err);
    if (status != RCX_OK)
        return status;
    for (size_t g = 0; g < groups; g++)
        for (uint32_t i = first[g] + 1; i < first[g + 1]; i++)
            job->work[rest++] = wrapping_sub(job->values[i], job->values[i - 1]);
    return rcx_ints_put(job->encoder, job->work, rest, err);
}

static enum rcx_status get_group_delta(const struct get_job *job, struct rcx_error *err)
{
    const uint32_t *first = job->context->group_first;
    size_t groups = job->context->groups;
    int64_t *firsts = scratch_values(&job->scratch->values, groups, err);

    if (!firsts)
        return RCX_E_NOMEM;
    enum rcx_status status = rcx_ints_get(job->decoder, firsts, groups, err);
    if (status != RCX_OK)
        return status;
    /* The differences are decoded to the end of `out` and summed up towards its beginning: group g
     * reads at least `groups - g` places behind where it writes. */
    int64_t *differences = job->out + groups;
    status = rcx_ints_get(job->decoder, differences, job->count - groups, err);
    if (status != RCX_OK)
        return status;
    for (size_t g = 0; g < groups; g++) {
        int64_t sum = firsts[g];

        job->out[first[g]] = sum;
        for (uint32_t i = first[g] + 1; i < first[g + 1]; i++)
            job->out[i] = sum = wrapping_add(sum, *differences++);
    }
    return RCX_OK;
}

static enum rcx_status put_runs(const struct put_job *job, struct rcx_error *err)
{
    size_t runs = 0;
    enum rcx_status status;

    for (size_t i = 0; i < job->count; i++)
        if (i == 0 || job->values[i] != job->values[i - 1])
            job->work[runs++] = job->values[i];
    if (!rcx_buf_append_varint(job->encoder->out, runs))
        return rcx_fail_nomem(err, "runs", 10);
    status = rcx_ints_put(job->encoder, job->work, runs, err);
    if (status != RCX_OK)
        return status;
    size_t run = 0;
    for (size_t i = 0, start = 0; i < job->count; i++) {
        if (i + 1 == job->count || job->values[i + 1] != job->values[i]) {
            job->work[run++] = (int64_t)(i + 1 - start);
            start = i + 1;
        }
    }
    return rcx_ints_put(job->encoder, job->work, runs, err);
}

static enum rcx_status get_runs(const struct get_job *job, struct rcx_error *err)
{
    uint64_t runs = rcx_cursor_varint(&job->decoder->in);
    size_t at = 0;

    if (job->decoder->in.failed || runs > job->count)
        return rcx_fail(err, RCX_E_CORRUPT, "%llu runs in %zu values", (unsigned long long)runs,
                        job->count);
    int64_t *values = scratch_values(&job->scratch->values, 2 * (size_t)runs, err);
    if (!values)
        return RCX_E_NOMEM;
    int64_t *lengths = values + runs;
    enum rcx_status status = rcx_ints_get(job->decoder, values, (size_t)runs, err);
    if (status == RCX_OK)
        status = rcx_ints_get(job->decoder, lengths, (size_t)runs, err);
    for (size_t r = 0; status == RCX_OK && r < runs; r++) {
        if (lengths[r] < 1 || (uint64_t)lengths[r] > job->count - at)
            return rcx_fail(err, RCX_E_CORRUPT, "run of %lld values", (long long)lengths[r]);
        for (size_t end = at + (size_t)lengths[r]; at < end; at++)
            job->out[at] = values[r];
    }
    if (status == RCX_OK && at != job->count)
        return rcx_fail(err, RCX_E_CORRUPT, "runs add up to %zu of %zu values", at, job->count);
    return status;
}

/* Values by key as of the row at hand. 0 for a key not yet seen, in both directions. */
static int64_t *last_by_key(struct rcx_column_scratch *scratch, uint32_t key_limit,
                            struct rcx_error *err)
{
    int64_t *last = scratch_values(&scratch->last, key_limit, err);

    if (last)
        memset(last, 0, key_limit * sizeof *last);
    return last;
}

static enum rcx_status put_same_code(const struct put_job *job, struct rcx_error *err)
{
    const uint32_t *keys = job->context->keys;
    size_t misses = 0, bitmap_bytes = (job->count + 7) / 8;
    int64_t *last = last_by_key(job->scratch, job->context->key_limit, err);

    rcx_buf_clear(&job->scratch->bits);
    if (!last || !rcx_buf_append_zeros(&job->scratch->bits, bitmap_bytes))
        return rcx_fail_nomem(err, "column scratch", bitmap_bytes);
    for (size_t i = 0; i < job->count; i++) {
        if (last[keys[i]] == job->values[i])
            continue;
        last[keys[i]] = job->values[i];
        job->scratch->bits.data[i / 8] |= (uint8_t)(1U << (i % 8));
        job->work[misses++] = job->values[i];
    }
    enum rcx_status status = rcx_stream_put(job->encoder, job->scratch->bits.data, bitmap_bytes,
                                            err);
    if (status != RCX_OK)
        return status;
    return rcx_ints_put(job->encoder, job->work, misses, err);
}

static enum rcx_status get_same_code(const struct get_job *job, struct rcx_error *err)
{
    size_t bitmap_bytes = (job->count + 7) / 8, words = (job->count + 63) / 64;
    int64_t *last = last_by_key(job->scratch, job->context->key_limit, err);

    rcx_buf_clear(&job->scratch->bits);
    if (!last || !rcx_buf_append_zeros(&job->scratch->bits, words * 8))
        return rcx_fail_nomem(err, "column scratch", bitmap_bytes);
    uint8_t *bits = job->scratch->bits.data;
    const uint64_t *bit_words = (const uint64_t *)(const void *)bits;
    enum rcx_status status = rcx_stream_get(job->decoder, bits, bitmap_bytes, err);
    if (status != RCX_OK)
        return status;
    if (job->count % 8)
        bits[bitmap_bytes - 1] &= (uint8_t)((1U << (job->count % 8)) - 1);
    size_t misses = RCX_KERNEL_CALL(count_bits)(bit_words, words);
    int64_t *values = scratch_values(&job->scratch->values, misses, err);
    if (!values)
        return RCX_E_NOMEM;
    status = rcx_ints_get(job->decoder, values, misses, err);
    if (status == RCX_OK)
        RCX_KERNEL_CALL(fill_same_code)
    (bit_words, values, job->context->keys, job->count, last, job->out);
    return status;
}

static const struct {
    const char *name;
    enum rcx_status (*put)(const struct put_job *job, struct rcx_error *err);
    enum rcx_status (*get)(const struct get_job *job, struct rcx_error *err);
} encodings[RCX_ENCODING_END] = {
    [RCX_ENCODING_PLAIN] = {"plain", put_plain, get_plain},
    [RCX_ENCODING_DELTA] = {"delta", put_delta, get_delta},
    [RCX_ENCODING_GROUP_DELTA] = {"group_delta", put_group_delta, get_group_delta},
    [RCX_ENCODING_RUNS] = {"runs", put_runs, get_runs},
    [RCX_ENCODING_SAME_CODE] = {"same_code", put_same_code, get_same_code},
};

const char *rcx_encoding_name(enum rcx_encoding encoding)
{
    return encoding < RCX_ENCODING_END ? encodings[encoding].name : NULL;
}

enum rcx_status rcx_column_put(struct rcx_encoder *encoder, enum rcx_encoding encoding,
                               const int64_t *values, size_t count,
                               const struct rcx_column_context *context,
                               struct rcx_column_scratch *scratch, struct rcx_error *err)
{
    struct put_job job = {encoder, values, count, context, scratch, NULL};

    job.work = scratch_values(&scratch->values, count, err);
    return job.work ? encodings[encoding].put(&job, err) : RCX_E_NOMEM;
}

enum rcx_status rcx_column_get(struct rcx_decoder *decoder, uint8_t encoding, int64_t *out,
                               size_t count, const struct rcx_column_context *context,
                               struct rcx_column_scratch *scratch, struct rcx_error *err)
{
    const struct get_job job = {decoder, out, count, context, scratch};

    if (encoding >= RCX_ENCODING_END || !encodings[encoding].get)
        return rcx_fail(err, RCX_E_CORRUPT, "unknown encoding %u", encoding);
    return encodings[encoding].get(&job, err);
}
