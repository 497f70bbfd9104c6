#include <string.h>

#include "base/memory.h"
#include "storage/encoding/planes_kernels.h"
#include "storage/store/segment.h"

void rcx_chunk_reader_release(struct rcx_chunk_reader *reader)
{
    rcx_codec_context_release(reader->codec);
    rcx_decoder_release(&reader->decoder);
    rcx_column_scratch_release(&reader->scratch);
    rcx_buf_release(&reader->wide);
    rcx_buf_release(&reader->groups);
    *reader = (struct rcx_chunk_reader){0};
}

/* One chunk being decoded; `where` of every message is file, chunk and column. */
struct job {
    const struct rcx_segment *segment;
    size_t chunk;
    const struct rcx_chunk_info *info;
    struct rcx_chunk_reader *reader;
    struct rcx_error *err;
};

static enum rcx_status corrupt(const struct job *job, enum rcx_chunk_column column,
                               const char *what)
{
    return rcx_fail(job->err, RCX_E_CORRUPT, "%s: column '%s' chunk %zu: %s", job->segment->path,
                    rcx_chunk_column_name(column), job->chunk, what);
}

static enum rcx_status check_hash(const struct job *job, enum rcx_chunk_column column)
{
    const struct rcx_chunk_column_info *info = &job->info->columns[column];

    if (rcx_hash64(job->segment->map.data + info->offset, (size_t)info->bytes) != info->hash)
        return corrupt(job, column, "checksum does not match");
    return RCX_OK;
}

/* Checks the hash and decodes `count` values into `out`; all stored bytes must be used up. */
static enum rcx_status decode(const struct job *job, enum rcx_chunk_column column, size_t count,
                              const struct rcx_column_context *context, int64_t *out)
{
    const struct rcx_chunk_column_info *info = &job->info->columns[column];
    const uint8_t *stored = job->segment->map.data + info->offset;
    struct rcx_decoder *decoder = &job->reader->decoder;
    struct rcx_error inner = {0};

    if (check_hash(job, column) != RCX_OK)
        return RCX_E_CORRUPT;
    decoder->codec = job->reader->codec;
    decoder->in = rcx_cursor_of(stored, (size_t)info->bytes);
    enum rcx_status status = rcx_column_get(decoder, info->encoding, out, count, context,
                                            &job->reader->scratch, &inner);
    if (status == RCX_E_CORRUPT)
        return corrupt(job, column, inner.text);
    if (status != RCX_OK)
        return rcx_fail(job->err, status, "%s", inner.text);
    if (rcx_cursor_left(&decoder->in) != 0)
        return corrupt(job, column, "bytes left over");
    return RCX_OK;
}

/* Decodes codes, each checked to be below `limit`. */
static enum rcx_status decode_codes(const struct job *job, enum rcx_chunk_column column,
                                    size_t count, const struct rcx_column_context *context,
                                    uint32_t limit, uint32_t *out)
{
    int64_t *wide = (int64_t *)(void *)job->reader->wide.data;
    enum rcx_status status = decode(job, column, count, context, wide);

    if (status != RCX_OK)
        return status;
    if (RCX_KERNEL_CALL(narrow_codes)((const uint64_t *)wide, count, limit, out))
        return corrupt(job, column, "a code is not in the dictionary");
    return RCX_OK;
}

/* Bits become the rows where they are set. */
static enum rcx_status decode_repeats(const struct job *job, const struct rcx_chunk_target *target)
{
    const struct rcx_column_context none = {0};
    const int64_t *wide = (const int64_t *)(void *)job->reader->wide.data;
    uint32_t rows = job->info->rows;
    size_t count = 0;

    if (job->info->columns[RCX_CHUNK_REPEAT].max == 0) /* as a rule: nothing to decode */
        return check_hash(job, RCX_CHUNK_REPEAT);
    enum rcx_status status = decode(job, RCX_CHUNK_REPEAT, rows, &none,
                                    (int64_t *)(void *)job->reader->wide.data);
    for (uint32_t i = 0; status == RCX_OK && i < rows; i++) {
        target->repeats[count] = target->first_row_base + i;
        count += wide[i] == 1;
        if ((uint64_t)wide[i] > 1)
            return corrupt(job, RCX_CHUNK_REPEAT, "a value is neither 0 nor 1");
    }
    *target->repeat_count += count;
    return status;
}

static enum rcx_status prepare(struct rcx_chunk_reader *reader, uint32_t rows,
                               struct rcx_error *err)
{
    if (!reader->codec)
        reader->codec = rcx_codec_context_new();
    rcx_buf_clear(&reader->wide);
    rcx_buf_clear(&reader->groups);
    if (!reader->codec || !rcx_buf_reserve(&reader->wide, rows * sizeof(int64_t)) ||
        !rcx_buf_reserve(&reader->groups, (rows + 1) * sizeof(uint32_t)))
        return rcx_fail_nomem(err, "chunk decoder", rows * sizeof(int64_t));
    return RCX_OK;
}

/* Lines per receipt become the first row of each. */
static enum rcx_status decode_lines(const struct job *job, const struct rcx_chunk_target *target)
{
    const struct rcx_column_context none = {0};
    uint64_t row = 0;
    enum rcx_status status = decode_codes(job, RCX_CHUNK_LINES, job->info->receipts, &none,
                                          RCX_CHUNK_ROWS + 1, target->first_row);

    for (uint32_t i = 0; status == RCX_OK && i < job->info->receipts; i++) {
        uint32_t lines = target->first_row[i];

        target->first_row[i] = target->first_row_base + (uint32_t)row;
        row += lines;
        if (lines == 0)
            return corrupt(job, RCX_CHUNK_LINES, "a receipt without rows");
    }
    if (status == RCX_OK && row != job->info->rows)
        return corrupt(job, RCX_CHUNK_LINES, "receipts do not add up to the rows of the chunk");
    if (status == RCX_OK)
        target->first_row[job->info->receipts] = target->first_row_base + job->info->rows;
    return status;
}

/* Decodes customers, checks them, and notes the first receipt of each in reader->groups. */
static enum rcx_status decode_customers(const struct job *job, const struct rcx_code_limits *limits,
                                        const struct rcx_chunk_target *target, size_t *out_groups)
{
    const struct rcx_column_context none = {0};
    uint32_t *groups = (uint32_t *)(void *)job->reader->groups.data;
    uint32_t receipts = job->info->receipts;
    const int64_t *customer = target->customer;
    size_t count = 0;
    enum rcx_status status = decode(job, RCX_CHUNK_CUSTOMER, receipts, &none, target->customer);

    if (status != RCX_OK)
        return status;
    if (customer[0] != job->info->first_customer ||
        customer[receipts - 1] != job->info->last_customer)
        return corrupt(job, RCX_CHUNK_CUSTOMER, "first or last customer differs from the footer");
    for (uint32_t i = 0; i < receipts; i++) {
        if (i > 0 && customer[i] == customer[i - 1])
            continue;
        groups[count++] = i;
        bool guest = customer[i] == RCX_GUEST;
        if (limits->customer ? !guest && (uint64_t)customer[i] >= limits->customer
                             : i > 0 && customer[i] < customer[i - 1])
            return corrupt(job, RCX_CHUNK_CUSTOMER, "customers out of order or unknown");
    }
    groups[count] = receipts;
    *out_groups = count;
    return RCX_OK;
}

enum rcx_status rcx_chunk_read_receipts(const struct rcx_segment *segment, size_t chunk,
                                        const struct rcx_code_limits *limits,
                                        struct rcx_chunk_reader *reader,
                                        const struct rcx_chunk_target *target,
                                        struct rcx_error *err)
{
    const struct rcx_chunk_info *info = &segment->chunks[chunk];
    const struct job job = {segment, chunk, info, reader, err};
    size_t groups = 0;
    enum rcx_status status = prepare(reader, info->rows, err);

    if (status == RCX_OK)
        status = decode_lines(&job, target);
    if (status == RCX_OK)
        status = decode_customers(&job, limits, target, &groups);
    const struct rcx_column_context context = {
        .group_first = (const uint32_t *)(const void *)reader->groups.data, .groups = groups};
    if (status == RCX_OK)
        status = decode(&job, RCX_CHUNK_TIME, info->receipts, &context, target->time);
    if (status == RCX_OK)
        status = decode_codes(&job, RCX_CHUNK_INVOICE, info->receipts, &context, limits->invoice,
                              target->invoice);
    return status;
}

enum rcx_status rcx_chunk_read_rows(const struct rcx_segment *segment, size_t chunk,
                                    const struct rcx_code_limits *limits, bool stock_ready,
                                    struct rcx_chunk_reader *reader,
                                    const struct rcx_chunk_target *target, struct rcx_error *err)
{
    const struct rcx_chunk_info *info = &segment->chunks[chunk];
    const struct job job = {segment, chunk, info, reader, err};
    uint32_t rows = info->rows, receipts = info->receipts, base = target->first_row[0];
    enum rcx_status status = prepare(reader, rows, err);

    if (status != RCX_OK)
        return status;
    uint32_t *groups = (uint32_t *)(void *)reader->groups.data;
    for (uint32_t i = 0; i <= receipts; i++)
        groups[i] = target->first_row[i] - base;
    const struct rcx_column_context context = {.group_first = groups,
                                               .groups = receipts,
                                               .keys = target->stock,
                                               .key_limit = limits->stock};
    if (target->stock && !stock_ready)
        status = decode_codes(&job, RCX_CHUNK_STOCK, rows, &context, limits->stock, target->stock);
    if (status == RCX_OK && target->quantity)
        status = decode(&job, RCX_CHUNK_QUANTITY, rows, &context, target->quantity);
    if (status == RCX_OK && target->unit_price)
        status = decode(&job, RCX_CHUNK_PRICE, rows, &context, target->unit_price);
    if (status == RCX_OK && target->description)
        status = decode_codes(&job, RCX_CHUNK_DESCRIPTION, rows, &context, limits->description,
                              target->description);
    if (status == RCX_OK && target->country)
        status = decode_codes(&job, RCX_CHUNK_COUNTRY, rows, &context, limits->country,
                              target->country);
    if (status == RCX_OK && target->repeats)
        status = decode_repeats(&job, target);
    return status;
}
