/* Arrow IPC file, which is also Feather V2 (arrow.apache.org/docs/format/Columnar.html), format V5.
 *
 * Batches of up to 65,536 rows, each buffer compressed by itself (LZ4 frames or zstd). Texts are
 * dictionary columns with int32 indices; since readers of files find dictionaries through the footer,
 * each is written once, at the end, with all texts that were met, in the order of their appearance.
 * Reals that are NaN, and whatever is null, are null by validity bits. Decimals are decimal128(18),
 * times timestamps in seconds. */
#include <string.h>

#include "base/dictionary.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/encoding/codec.h"
#include "storage/format/arrow_metadata.h"
#include "storage/format/parquet_kernels.h"
#include "storage/format/parquet_levels.h"

enum { BATCH_ROWS = 1 << 16, BUFFERS = 3, DECIMAL_BYTES = 16, ALIGNMENT = 8 };

/* A column of the batch under way: its buffers one after the other, as stored. */
struct arrow_column {
    struct rcx_buf body, plain;
    uint64_t buffers[BUFFERS]; /* bytes of each as stored */
    size_t buffer_count;
    uint64_t nulls;
    /* TEXT: all texts so far, and the codes of the list that the last table had. */
    struct rcx_dictionary texts;
    struct rcx_strings *strings;
    uint32_t *codes;
    size_t code_capacity;
};

struct arrow_sink {
    enum rcx_arrow_codec number;
    const struct rcx_codec *codec;
    int level;
    struct rcx_codec_context **contexts; /* [threads] */
    struct arrow_column *columns;
    uint64_t *nodes, *buffers; /* of a batch */
    struct rcx_arrow_block *batches;
    size_t batch_count, batch_capacity;
    struct rcx_flat flat;
    struct rcx_buf message;
};

static void release_arrow(struct rcx_sink *sink)
{
    struct arrow_sink *state = sink->state;
    if (!state)
        return;
    for (size_t c = 0; state->columns && c < sink->column_count; c++) {
        rcx_buf_release(&state->columns[c].body);
        rcx_buf_release(&state->columns[c].plain);
        rcx_dictionary_release(&state->columns[c].texts);
        rcx_strings_release(state->columns[c].strings);
        rcx_free(state->columns[c].codes);
    }
    for (unsigned i = 0; state->contexts && i < sink->parallel.threads; i++)
        rcx_codec_context_release(state->contexts[i]);
    rcx_free(state->contexts);
    rcx_free(state->columns);
    rcx_free(state->nodes);
    rcx_free(state->buffers);
    rcx_free(state->batches);
    rcx_flat_release(&state->flat);
    rcx_buf_release(&state->message);
    rcx_free(state);
}

/* --- options ------------------------------------------------------------------------------- */

static enum rcx_status set_codec(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                 struct rcx_error *err)
{
    static const struct {
        const char *name, *codec;
        enum rcx_arrow_codec number;
    } known[] = {{"none", "none", RCX_ARROW_PLAIN},
                 {"snappy", "lz4", RCX_ARROW_LZ4}, /* Arrow's fast one */
                 {"lz4", "lz4", RCX_ARROW_LZ4},
                 {"zstd", "zstd", RCX_ARROW_ZSTD}};
    struct arrow_sink *state = sink->state;
    const char *name = options->codec ? options->codec : "lz4";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            state->number = known[i].number;
            state->codec = rcx_codec_find(known[i].codec);
        }
    }
    if (!state->codec)
        return rcx_fail(err, RCX_E_USAGE, "%s: unknown codec '%s'; known are none, lz4 and zstd",
                        sink->path, name);
    state->level = state->codec->level_max ? options->codec_level : 0;
    return RCX_OK;
}

static enum rcx_status open_arrow(struct rcx_sink *sink, const struct rcx_sink_options *options,
                                  struct rcx_error *err)
{
    struct arrow_sink *state = sink->state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, sink->path, sizeof *state);
    state->contexts = rcx_calloc(sink->parallel.threads, sizeof(struct rcx_codec_context *));
    if (!state->contexts)
        return rcx_fail_nomem(err, sink->path, sink->parallel.threads * sizeof(void *));
    return set_codec(sink, options, err);
}

static enum rcx_status put(struct rcx_sink *sink, const struct rcx_buf *bytes,
                           struct rcx_error *err)
{
    if (bytes->failed)
        return rcx_fail_nomem(err, sink->path, bytes->length);
    return rcx_file_writer_write(sink->file, bytes->data, bytes->length, err);
}

static enum rcx_status begin_arrow(struct rcx_sink *sink, struct rcx_error *err)
{
    struct arrow_sink *state = sink->state;
    size_t count = sink->column_count + 1;
    state->columns = rcx_calloc(count, sizeof *state->columns);
    state->nodes = rcx_malloc_array(count, 2 * sizeof *state->nodes);
    state->buffers = rcx_malloc_array(count, 2 * BUFFERS * sizeof *state->buffers);
    if (!state->columns || !state->nodes || !state->buffers)
        return rcx_fail_nomem(err, sink->path, count * sizeof *state->columns);
    for (size_t c = 0; c < sink->column_count; c++)
        if (sink->columns[c].type == RCX_TYPE_TEXT &&
            !rcx_dictionary_init(&state->columns[c].texts))
            return rcx_fail_nomem(err, sink->path, 0);
    rcx_buf_clear(&state->message);
    rcx_buf_append(&state->message, "ARROW1\0\0", 8);
    rcx_arrow_append_schema(sink, &state->flat, &state->message);
    return put(sink, &state->message, err);
}

/* --- buffers ------------------------------------------------------------------------------- */

/* Appends `plain` to the body as one buffer: its length, then it, compressed when that is shorter
 * (else the length is -1); an empty one is nothing at all. */
static enum rcx_status add_buffer(const struct rcx_sink *sink, struct arrow_column *column,
                                  unsigned worker, struct rcx_error *err)
{
    struct arrow_sink *state = sink->state;
    struct rcx_buf *plain = &column->plain, *body = &column->body;
    size_t begin = body->length, written = plain->length;
    bool compress = state->number != RCX_ARROW_PLAIN && plain->length > 0;
    size_t bound = compress ? state->codec->bound(plain->length) : 0;
    if (compress && !state->contexts[worker])
        state->contexts[worker] = rcx_codec_context_new();
    if (plain->failed || (compress && !state->contexts[worker]) ||
        !rcx_buf_reserve(body, bound + plain->length + 3 * ALIGNMENT))
        return rcx_fail_nomem(err, sink->path, plain->length);
    if (compress) {
        rcx_buf_append_u64(body, plain->length);
        enum rcx_status status = state->codec->compress(
            state->contexts[worker], state->level, plain->data, plain->length,
            body->data + body->length, bound, &written, err);
        if (status != RCX_OK)
            return status;
        if (written >= plain->length) {
            written = plain->length;
            memset(body->data + begin, 0xFF, sizeof(uint64_t));
            memcpy(body->data + body->length, plain->data, written);
        }
        body->length += written;
    } else if (plain->length > 0) {
        rcx_buf_append(body, plain->data, plain->length);
    }
    column->buffers[column->buffer_count++] = body->length - begin;
    rcx_buf_append_zeros(body, (0 - body->length) & (ALIGNMENT - 1));
    rcx_buf_clear(plain);
    return RCX_OK;
}

static bool fill_validity(struct arrow_column *out, const struct rcx_column *column, size_t begin,
                          size_t rows)
{
    size_t bytes = (rows + 7) / 8, present = rows;
    bool real = column->type == RCX_TYPE_REAL;
    out->nulls = 0;
    if (!real && !column->valid)
        return true;
    if (!rcx_buf_reserve(&out->plain, bytes))
        return false;
    if (real) {
        present = RCX_KERNEL_CALL(rcx_parquet_valid_reals)(column->reals + begin, rows,
                                                           out->plain.data);
    } else {
        rcx_bits_copy(column->valid, begin, rows, out->plain.data);
        present = rcx_bits_count(out->plain.data, 0, rows);
    }
    out->nulls = rows - present;
    out->plain.length = out->nulls ? bytes : 0;
    return true;
}

static bool fill_booleans(struct rcx_buf *plain, const uint8_t *values, size_t rows)
{
    if (!rcx_buf_append_zeros(plain, (rows + 7) / 8))
        return false;
    for (size_t i = 0; i < rows; i++)
        plain->data[i / 8] |= (uint8_t)((values[i] & 1) << i % 8);
    return true;
}

static bool fill_decimals(struct rcx_buf *plain, const int64_t *values, size_t rows)
{
    if (!rcx_buf_reserve(plain, rows * DECIMAL_BYTES))
        return false;
    for (size_t i = 0; i < rows; i++) {
        int64_t words[2] = {values[i], values[i] >> 63};
        memcpy(plain->data + i * DECIMAL_BYTES, words, sizeof words);
    }
    plain->length = rows * DECIMAL_BYTES;
    return true;
}

/* The sink's codes of the column's texts; each is looked up once per list of texts. */
static bool fill_texts(struct arrow_column *out, const struct rcx_column *column, size_t begin,
                       size_t rows)
{
    struct rcx_strings *strings = column->dictionary;
    if (strings != out->strings) {
        if (!rcx_array_reserve(&out->codes, &out->code_capacity, (size_t)strings->count + 1,
                               sizeof *out->codes))
            return false;
        memset(out->codes, 0xFF, (size_t)strings->count * sizeof *out->codes);
        rcx_strings_release(out->strings);
        out->strings = rcx_strings_retain(strings);
    }
    if (!rcx_buf_reserve(&out->plain, rows * sizeof(uint32_t)))
        return false;
    uint32_t *codes = (void *)out->plain.data;
    for (size_t i = 0; i < rows; i++) {
        uint32_t code = column->codes[begin + i];
        bool null = column->valid && !(column->valid[(begin + i) / 8] >> (begin + i) % 8 & 1);
        if (!null && out->codes[code] == RCX_NO_CODE) {
            out->codes[code] = rcx_dictionary_intern(&out->texts, rcx_strings_get(strings, code));
            if (out->codes[code] == RCX_NO_CODE)
                return false;
        }
        codes[i] = null ? 0 : out->codes[code];
    }
    out->plain.length = rows * sizeof *codes;
    return true;
}

static bool fill_values(struct arrow_column *out, const struct rcx_column *column, size_t begin,
                        size_t rows)
{
    size_t width = rcx_type_bytes(column->type);
    if (column->type == RCX_TYPE_BOOL)
        return fill_booleans(&out->plain, column->booleans + begin, rows);
    if (column->type == RCX_TYPE_DECIMAL)
        return fill_decimals(&out->plain, column->i64 + begin, rows);
    if (column->type == RCX_TYPE_TEXT)
        return fill_texts(out, column, begin, rows);
    return rcx_buf_append(&out->plain, (const uint8_t *)column->values + begin * width,
                          rows * width);
}

/* --- batches ------------------------------------------------------------------------------- */

struct arrow_job {
    struct rcx_sink *sink;
    const struct rcx_table *table;
    size_t begin, rows;
};

static enum rcx_status encode_column(void *context, size_t c, unsigned worker,
                                     struct rcx_error *err)
{
    const struct arrow_job *job = context;
    const struct rcx_column *column = &job->table->columns[c];
    struct arrow_column *out = &((struct arrow_sink *)job->sink->state)->columns[c];
    rcx_buf_clear(&out->body);
    rcx_buf_clear(&out->plain);
    out->buffer_count = 0;
    if (!fill_validity(out, column, job->begin, job->rows))
        return rcx_fail_nomem(err, job->sink->path, job->rows / 8);
    enum rcx_status status = add_buffer(job->sink, out, worker, err);
    if (status == RCX_OK && !fill_values(out, column, job->begin, job->rows))
        status = rcx_fail_nomem(err, job->sink->path, job->rows * sizeof(int64_t));
    return status == RCX_OK ? add_buffer(job->sink, out, worker, err) : status;
}

/* Writes the message and bodies of columns [0, count). */
static enum rcx_status write_batch(struct rcx_sink *sink, const struct arrow_column *columns,
                                   size_t count, uint64_t rows, int64_t dictionary,
                                   struct rcx_arrow_block *out, struct rcx_error *err)
{
    struct arrow_sink *state = sink->state;
    struct rcx_arrow_batch batch = {.rows = rows,
                                    .nodes = state->nodes,
                                    .node_count = count,
                                    .buffers = state->buffers,
                                    .codec = state->number,
                                    .dictionary = dictionary};
    for (size_t c = 0; c < count; c++) {
        state->nodes[2 * c] = rows;
        state->nodes[2 * c + 1] = columns[c].nulls;
        for (size_t b = 0; b < columns[c].buffer_count; b++, batch.buffer_count++) {
            state->buffers[2 * batch.buffer_count] = batch.body_bytes;
            state->buffers[2 * batch.buffer_count + 1] = columns[c].buffers[b];
            batch.body_bytes += (columns[c].buffers[b] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
    }
    rcx_buf_clear(&state->message);
    rcx_arrow_append_batch(&batch, &state->flat, &state->message);
    *out = (struct rcx_arrow_block){rcx_file_writer_position(sink->file), state->message.length,
                                    batch.body_bytes};
    enum rcx_status status = put(sink, &state->message, err);
    for (size_t c = 0; c < count && status == RCX_OK; c++)
        status = put(sink, &columns[c].body, err);
    return status;
}

static enum rcx_status write_arrow(struct rcx_sink *sink, const struct rcx_table *table,
                                   struct rcx_error *err)
{
    struct arrow_sink *state = sink->state;
    enum rcx_status status = RCX_OK;
    for (size_t begin = 0; begin < table->rows && status == RCX_OK; begin += BATCH_ROWS) {
        size_t left = table->rows - begin;
        struct arrow_job job = {sink, table, begin, left < BATCH_ROWS ? left : BATCH_ROWS};
        if (!rcx_array_reserve(&state->batches, &state->batch_capacity, state->batch_count + 1,
                               sizeof *state->batches))
            return rcx_fail_nomem(err, sink->path, state->batch_count * sizeof *state->batches);
        status = rcx_parallel_for(&sink->parallel, sink->column_count, encode_column, &job, err);
        if (status == RCX_OK)
            status = write_batch(sink, state->columns, sink->column_count, job.rows, -1,
                                 &state->batches[state->batch_count++], err);
    }
    return status;
}

/* --- dictionaries and footer --------------------------------------------------------------- */

static enum rcx_status write_dictionary(struct rcx_sink *sink, size_t c,
                                        struct rcx_arrow_block *out, struct rcx_error *err)
{
    struct arrow_column *column = &((struct arrow_sink *)sink->state)->columns[c];
    const struct rcx_dictionary *texts = &column->texts;
    uint64_t bytes = texts->offsets[texts->count];
    if (bytes > INT32_MAX)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: the distinct texts of '%s' take more than 2 GiB, which an Arrow "
                        "dictionary of strings cannot hold; write Parquet",
                        sink->path, sink->columns[c].name);
    rcx_buf_clear(&column->body);
    rcx_buf_clear(&column->plain);
    column->buffer_count = 0;
    column->nulls = 0;
    enum rcx_status status = add_buffer(sink, column, 0, err);
    for (uint32_t i = 0; i <= texts->count; i++)
        rcx_buf_append_u32(&column->plain, (uint32_t)texts->offsets[i]);
    if (status == RCX_OK)
        status = add_buffer(sink, column, 0, err);
    if (bytes > 0)
        rcx_buf_append(&column->plain, texts->bytes, (size_t)bytes);
    if (status == RCX_OK)
        status = add_buffer(sink, column, 0, err);
    return status == RCX_OK ? write_batch(sink, column, 1, texts->count, (int64_t)c, out, err)
                            : status;
}

static enum rcx_status finish_arrow(struct rcx_sink *sink, struct rcx_error *err)
{
    struct arrow_sink *state = sink->state;
    if (!sink->has_schema)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: committed before any table was written",
                        sink->path);
    struct rcx_arrow_block *blocks = rcx_calloc(sink->column_count + 1, sizeof *blocks);
    if (!blocks)
        return rcx_fail_nomem(err, sink->path, sink->column_count * sizeof *blocks);
    size_t count = 0;
    enum rcx_status status = RCX_OK;
    for (size_t c = 0; c < sink->column_count && status == RCX_OK; c++)
        if (sink->columns[c].type == RCX_TYPE_TEXT)
            status = write_dictionary(sink, c, &blocks[count++], err);
    rcx_buf_clear(&state->message);
    rcx_arrow_append_footer(sink, blocks, count, state->batches, state->batch_count, &state->flat,
                            &state->message);
    rcx_free(blocks);
    return status == RCX_OK ? put(sink, &state->message, err) : status;
}

const struct rcx_sink_format rcx_sink_arrow = {
    .name = "arrow",
    .extension = ".arrow",
    .binary = true,
    .open = open_arrow,
    .begin = begin_arrow,
    .write = write_arrow,
    .finish = finish_arrow,
    .release = release_arrow,
};
