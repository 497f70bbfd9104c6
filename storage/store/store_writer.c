#include "storage/store/store_writer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/store/leftovers.h"
#include "storage/store/store_internal.h"
#include "storage/store/store_lock.h"
#include "storage/store/store_texts.h"

enum { FILES = RCX_TEXT_FIELD_COUNT + 1, BATCH_CHUNKS = 64 };

struct rcx_store_writer {
    char *directory;
    int lock;
    bool new_store; /* the directory was made for it */
    bool committed;
    struct rcx_store_writer_options options;
    struct rcx_store *base;       /* NULL: new or replaced */
    struct rcx_manifest manifest; /* of the version being made */
    struct rcx_segment_writer *segment;
    struct rcx_chunk_encoder *encoders; /* [threads] */
    struct rcx_buf
        bytes[BATCH_CHUNKS]; /* of encoded chunks; kept for the next: new memory is dear */
    uint32_t stock_limit;
    uint64_t rows, guest_rows, customers;
    /* Data files not yet synced, of each field and of the segment; NULL: none. Owned. */
    char *written[FILES];
    struct rcx_row last_row; /* appended so far; no customer has its first value */
    double sync_seconds;
};

static double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void rcx_store_writer_abort(struct rcx_store_writer *writer)
{
    if (!writer)
        return;
    rcx_segment_writer_abort(writer->segment);
    if (writer->lock >= 0 && !writer->committed)
        rcx_store_remove_uncommitted(writer->directory, &writer->manifest, writer->new_store);
    for (unsigned i = 0; writer->encoders && i < writer->options.parallel.threads; i++)
        rcx_chunk_encoder_release(&writer->encoders[i]);
    rcx_free(writer->encoders);
    for (size_t i = 0; i < BATCH_CHUNKS; i++)
        rcx_buf_release(&writer->bytes[i]);
    rcx_manifest_release(&writer->manifest);
    rcx_store_close(writer->base);
    rcx_store_unlock(writer->lock);
    for (size_t i = 0; i < FILES; i++)
        rcx_free(writer->written[i]);
    rcx_free(writer->directory);
    rcx_free(writer);
}

/* Opens the newest version as the base, when there is one and it is wanted. */
static enum rcx_status open_base(struct rcx_store_writer *writer, struct rcx_error *err)
{
    uint64_t *versions = NULL;
    size_t count = 0;
    enum rcx_status status = rcx_manifest_versions(writer->directory, &versions, &count, err);
    uint64_t newest = count ? versions[count - 1] : 0;

    rcx_free(versions);
    if (status == RCX_OK && count && !writer->options.replace)
        status = rcx_store_open(writer->directory, NULL, &writer->base, err);
    if (status == RCX_OK && writer->base)
        status = rcx_manifest_copy(&writer->base->manifest, &writer->manifest, err);
    writer->manifest.version = newest + 1;
    return status;
}

enum rcx_status rcx_store_writer_open(const char *directory,
                                      const struct rcx_store_writer_options *options,
                                      struct rcx_store_writer **out, struct rcx_error *err)
{
    struct rcx_store_writer *writer = rcx_calloc(1, sizeof *writer);
    enum rcx_status status;

    if (!writer)
        return rcx_fail_nomem(err, directory, sizeof *writer);
    writer->lock = -1;
    writer->options = *options;
    writer->options.parallel.threads += writer->options.parallel.threads == 0;
    writer->last_row.customer = INT64_MIN;
    writer->directory = rcx_strdup(directory);
    writer->encoders = rcx_calloc(writer->options.parallel.threads, sizeof *writer->encoders);
    if (!writer->directory || !writer->encoders)
        status = rcx_fail_nomem(err, directory, 0);
    else {
        writer->new_store = !rcx_directory_exists(directory);
        status = rcx_directory_make(directory, err);
    }
    if (status == RCX_OK)
        status = rcx_store_lock(directory, &writer->lock, err);
    if (status == RCX_OK)
        status = rcx_store_remove_temporaries(directory, err);
    if (status == RCX_OK)
        status = open_base(writer, err);
    if (status != RCX_OK) {
        rcx_store_writer_abort(writer);
        return status;
    }
    *out = writer;
    return RCX_OK;
}

const struct rcx_store *rcx_store_writer_base(const struct rcx_store_writer *writer)
{
    return writer->base;
}

enum rcx_status rcx_store_writer_set_decisions(struct rcx_store_writer *writer,
                                               const struct rcx_decisions *decisions,
                                               struct rcx_error *err)
{
    if (writer->base) {
        const struct rcx_decisions *before = &writer->base->manifest.decisions;

        if (before->price_decimals != decisions->price_decimals ||
            before->quantity_decimals != decisions->quantity_decimals ||
            before->customer_is_text != decisions->customer_is_text)
            return rcx_fail(
                err, RCX_E_INPUT,
                "%s: the store keeps prices with %u decimals, quantities with %u and %s "
                "customer ids; the new data come with %u, %u and %s ids: set "
                "ingest.price_decimals and ingest.quantity_decimals to the store's",
                writer->directory, before->price_decimals, before->quantity_decimals,
                before->customer_is_text ? "text" : "numeric", decisions->price_decimals,
                decisions->quantity_decimals, decisions->customer_is_text ? "text" : "numeric");
    }
    uint8_t mask = writer->manifest.decisions.field_mask | decisions->field_mask;
    writer->manifest.decisions = *decisions;
    writer->manifest.decisions.field_mask = mask;
    return RCX_OK;
}

enum rcx_status rcx_store_writer_add_texts(struct rcx_store_writer *writer,
                                           enum rcx_text_field field,
                                           const struct rcx_dictionary *texts, uint32_t *out_codes,
                                           uint32_t *out_ranks, struct rcx_error *err)
{
    const struct rcx_strings *known = writer->base ? writer->base->strings[field] : NULL;
    struct rcx_store_texts merged = {0};
    char name[RCX_STORE_NAME_BYTES];
    enum rcx_status status = rcx_store_texts_merge(known,
                                                   writer->base ? writer->base->ranks[field] : NULL,
                                                   texts, out_codes, out_ranks, &merged, err);

    if (status == RCX_OK && merged.new_count > 0) {
        struct rcx_manifest_dictionary entry = {.id = writer->manifest.version};

        rcx_dictionary_name(field, entry.id, name);
        char *path = rcx_path_join(writer->directory, name);
        if (!path ||
            !rcx_array_reserve(&writer->manifest.dictionaries[field].files,
                               &writer->manifest.dictionaries[field].capacity,
                               writer->manifest.dictionaries[field].count + 1, sizeof entry))
            status = rcx_fail_nomem(err, "dictionary", 0);
        else
            status = rcx_dictionary_file_write(path, merged.new_texts, merged.new_count,
                                               writer->options.zstd_level, true, &entry, err);
        if (status == RCX_OK)
            writer->manifest.dictionaries[field]
                .files[writer->manifest.dictionaries[field].count++] = entry;
        if (status == RCX_OK)
            writer->written[field] = path;
        else
            rcx_free(path);
    }
    if (status == RCX_OK && field == RCX_TEXT_STOCK)
        writer->stock_limit = merged.total_count;
    rcx_store_texts_release(&merged);
    return status;
}

/* The row at or before `end` (but after `start`) where a chunk may be cut: the first row of a
 * customer, or of a time when all rows are of one customer; `end` when there is no such row. */
static size_t cut_before(const struct rcx_row *rows, size_t start, size_t end)
{
    bool one_customer = rows[start].customer == rows[end].customer;
    size_t cut = end;

    while (cut > start && rows[cut].customer == rows[cut - 1].customer &&
           (!one_customer || rows[cut].time == rows[cut - 1].time))
        cut--;
    return cut > start ? cut : end;
}

/* End of the chunk that starts at `start`; `start` when the rows do not suffice to tell and more
 * may come. A chunk holds whole customers, or a part of one that is too large; guests never share
 * one. */
static size_t chunk_end(const struct rcx_row *rows, size_t start, size_t count, bool last,
                        int64_t previous_customer)
{
    size_t most = start + RCX_CHUNK_ROWS, end = most < count ? most : count;
    int64_t first = rows[start].customer;

    if (count <= most && !last)
        return start;
    if (first == previous_customer || first == RCX_GUEST || rows[end - 1].customer == RCX_GUEST) {
        for (size_t i = start; i < end; i++)
            if (rows[i].customer != first &&
                (first == previous_customer || rows[i].customer == RCX_GUEST))
                return i;
    }
    return end < count ? cut_before(rows, start, end) : end;
}

struct encode_batch {
    struct rcx_store_writer *writer;
    const struct rcx_row *rows;
    size_t *ends; /* [chunks + 1] */
    struct rcx_chunk_info *infos;
};

static enum rcx_status encode_one(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct encode_batch *batch = context;
    struct rcx_chunk_encoder *encoder = &batch->writer->encoders[worker];
    size_t start = batch->ends[chunk];
    enum rcx_status status = rcx_chunk_encode(
        encoder, batch->rows + start, (uint32_t)(batch->ends[chunk + 1] - start),
        start ? &batch->rows[start - 1] : &batch->writer->last_row, batch->writer->stock_limit,
        batch->writer->options.zstd_level, &batch->infos[chunk], err);

    if (status == RCX_OK) {
        struct rcx_buf swap = batch->writer->bytes[chunk];

        batch->writer->bytes[chunk] = encoder->bytes;
        encoder->bytes = swap;
    }
    return status;
}

static void count_rows(struct rcx_store_writer *writer, const struct rcx_row *rows, size_t count)
{
    struct rcx_manifest *manifest = &writer->manifest;
    bool first = manifest->rows == 0 && writer->rows == 0;
    int64_t last = writer->last_row.customer;

    for (size_t i = 0; i < count; i++) {
        rcx_time time = rows[i].time;

        manifest->first_time = first || time < manifest->first_time ? time : manifest->first_time;
        manifest->last_time = first || time > manifest->last_time ? time : manifest->last_time;
        first = false;
        writer->guest_rows += rows[i].customer == RCX_GUEST;
        writer->customers += rows[i].customer != last && rows[i].customer != RCX_GUEST;
        last = rows[i].customer;
    }
    if (count > 0)
        writer->last_row = rows[count - 1];
    writer->rows += count;
}

static enum rcx_status open_segment(struct rcx_store_writer *writer, struct rcx_error *err)
{
    char name[RCX_STORE_NAME_BYTES];

    rcx_segment_name(writer->manifest.version, name);
    char *path = rcx_path_join(writer->directory, name);
    enum rcx_status status = path ? rcx_segment_writer_open(path, true, &writer->segment, err)
                                  : rcx_fail_nomem(err, writer->directory, 0);
    if (status == RCX_OK)
        writer->written[RCX_TEXT_FIELD_COUNT] = path;
    else
        rcx_free(path);
    return status;
}

enum rcx_status rcx_store_writer_append(struct rcx_store_writer *writer, const struct rcx_row *rows,
                                        size_t count, bool last, size_t *out_consumed,
                                        struct rcx_error *err)
{
    size_t ends[BATCH_CHUNKS + 1] = {0}, at = 0;
    struct rcx_chunk_info *infos = rcx_malloc_array(BATCH_CHUNKS, sizeof *infos);
    struct encode_batch batch = {writer, rows, ends, infos};
    enum rcx_status status = infos ? RCX_OK : rcx_fail_nomem(err, "chunk index", 0);

    if (status == RCX_OK && !writer->segment)
        status = open_segment(writer, err);
    while (status == RCX_OK && at < count) {
        size_t chunks = 0;

        ends[0] = at;
        while (chunks < BATCH_CHUNKS && ends[chunks] < count) {
            size_t start = ends[chunks];
            size_t end = chunk_end(rows, start, count, last,
                                   start ? rows[start - 1].customer : writer->last_row.customer);

            if (end == start)
                break;
            ends[++chunks] = end;
        }
        if (chunks == 0)
            break;
        status = rcx_parallel_for(&writer->options.parallel, chunks, encode_one, &batch, err);
        for (size_t i = 0; status == RCX_OK && i < chunks; i++)
            status = rcx_segment_writer_add(writer->segment, &infos[i], writer->bytes[i].data,
                                            writer->bytes[i].length, err);
        if (status == RCX_OK)
            count_rows(writer, rows + at, ends[chunks] - at);
        at = ends[chunks];
    }
    rcx_free(infos);
    if (status == RCX_OK)
        *out_consumed = at;
    return status;
}

enum rcx_status rcx_store_writer_add_input(struct rcx_store_writer *writer,
                                           const struct rcx_store_input *input,
                                           struct rcx_error *err)
{
    struct rcx_manifest *manifest = &writer->manifest;
    char *path = rcx_strdup(input->path);

    if (!path || !rcx_array_reserve(&manifest->inputs, &manifest->input_capacity,
                                    manifest->input_count + 1, sizeof *manifest->inputs)) {
        rcx_free(path);
        return rcx_fail_nomem(err, "input list", 0);
    }
    manifest->inputs[manifest->input_count++] = (struct rcx_manifest_input){
        .path = path,
        .digest = input->digest,
        .version = manifest->version,
        .rows_accepted = input->rows_accepted,
        .rows_rejected = input->rows_rejected,
    };
    memcpy(manifest->inputs[manifest->input_count - 1].rejects, input->rejects,
           sizeof input->rejects);
    return RCX_OK;
}

bool rcx_store_writer_has_input(const struct rcx_store_writer *writer, struct rcx_digest digest)
{
    const struct rcx_manifest *base = writer->base ? &writer->base->manifest : NULL;

    for (size_t i = 0; base && i < base->input_count; i++)
        if (rcx_digest_compare(base->inputs[i].digest, digest) == 0)
            return true;
    return false;
}

static enum rcx_status close_segment(struct rcx_store_writer *writer, uint64_t *out_bytes,
                                     struct rcx_error *err)
{
    struct rcx_manifest *manifest = &writer->manifest;
    struct rcx_manifest_segment entry = {.id = manifest->version, .rows = writer->rows};

    if (!rcx_array_reserve(&manifest->segments, &manifest->segment_capacity,
                           manifest->segment_count + 1, sizeof entry))
        return rcx_fail_nomem(err, "segment list", sizeof entry);
    enum rcx_status status = rcx_segment_writer_commit(writer->segment, &entry.digest, &entry.bytes,
                                                       err);
    writer->segment = NULL;
    *out_bytes = entry.bytes;
    if (status == RCX_OK)
        manifest->segments[manifest->segment_count++] = entry;
    return status;
}

/* Customers of several segments overlap: count them in a scan of the version as it will be. */
static enum rcx_status count_customers(struct rcx_store_writer *writer, struct rcx_error *err)
{
    struct rcx_manifest copy = {0};
    struct rcx_store *store = NULL;
    enum rcx_status status;

    if (writer->manifest.segment_count == 1) {
        writer->manifest.customers = writer->customers;
        return RCX_OK;
    }
    status = rcx_manifest_copy(&writer->manifest, &copy, err);
    if (status == RCX_OK)
        status = rcx_store_open_manifest(writer->directory, &copy, &store, err);
    if (status == RCX_OK)
        status = rcx_store_count_customers(store, &writer->manifest.customers, err);
    rcx_store_close(store);
    return status;
}

static enum rcx_status sync_one(void *context, size_t file, unsigned worker, struct rcx_error *err)
{
    const struct rcx_store_writer *writer = context;

    (void)worker;
    return writer->written[file] ? rcx_file_sync(writer->written[file], err) : RCX_OK;
}

/* Data files have their names already but count for nothing until a manifest names them: it is enough
 * that all of them, and their names, are on the disk before it is. Together they take one flush. */
static enum rcx_status sync_data(struct rcx_store_writer *writer, struct rcx_error *err)
{
    const struct rcx_parallel each = {FILES};

    if (writer->options.no_sync)
        return RCX_OK;
    enum rcx_status status = rcx_parallel_for(&each, FILES, sync_one, writer, err);
    return status == RCX_OK ? rcx_directory_sync(writer->directory, err) : status;
}

enum rcx_status rcx_store_writer_commit(struct rcx_store_writer *writer,
                                        struct rcx_store_write_stats *out_stats,
                                        struct rcx_error *err)
{
    struct rcx_manifest *manifest = &writer->manifest;
    uint64_t bytes = 0;
    enum rcx_status status = RCX_OK;

    if (writer->segment)
        status = close_segment(writer, &bytes, err);
    manifest->rows += writer->rows;
    manifest->guest_rows += writer->guest_rows;
    manifest->created = (int64_t)time(NULL);
    rcx_free(manifest->program);
    manifest->program = rcx_strdup(RCX_VERSION);
    if (status == RCX_OK && !manifest->program)
        status = rcx_fail_nomem(err, "manifest", 0);
    if (status == RCX_OK)
        status = count_customers(writer, err);
    struct rcx_digest digest = {0};
    if (status == RCX_OK)
        status = rcx_manifest_content_digest(manifest, &digest, err);
    double start = now_seconds();
    if (status == RCX_OK)
        status = sync_data(writer, err);
    if (status == RCX_OK)
        status = rcx_manifest_write(manifest, writer->directory, writer->options.no_sync, err);
    writer->sync_seconds += now_seconds() - start;
    if (status == RCX_OK)
        *out_stats = (struct rcx_store_write_stats){
            .rows = writer->rows,
            .bytes = bytes,
            .version = manifest->version,
            .digest = digest,
            .sync_seconds = writer->options.no_sync ? 0 : writer->sync_seconds};
    writer->committed = status == RCX_OK;
    rcx_store_writer_abort(writer);
    return status;
}
