#include <string.h>

#include "base/memory.h"
#include "storage/store/describe.h"
#include "storage/store/maintain.h"
#include "storage/store/scan.h"
#include "storage/store/store_internal.h"

/* Rows wait here until there are enough for the writer to cut chunks from. */
enum { BUFFER_ROWS = 1 << 20 };

struct compaction {
    const struct rcx_store *store;
    struct rcx_store_writer *writer;
    uint32_t *codes[RCX_TEXT_FIELD_COUNT]; /* old code -> new code */
    struct rcx_row *rows;
    size_t count, capacity;
};

static enum rcx_status add_field(struct compaction *c, enum rcx_text_field field,
                                 struct rcx_error *err)
{
    const struct rcx_strings *strings = rcx_store_strings(c->store, field);
    struct rcx_dictionary texts = {0};
    uint32_t *ranks = rcx_malloc_array(strings->count, sizeof *ranks);
    bool ok = ranks && rcx_dictionary_init(&texts);

    c->codes[field] = rcx_malloc_array(strings->count, sizeof(uint32_t));
    /* interned in the order of their codes, so provisional codes are the old codes */
    for (uint32_t code = 1; ok && c->codes[field] && code < strings->count; code++)
        ok = rcx_dictionary_intern(&texts, rcx_strings_get(strings, code)) == code;
    enum rcx_status status = ok && c->codes[field]
                                 ? rcx_store_writer_add_texts(c->writer, field, &texts,
                                                              c->codes[field], ranks, err)
                                 : rcx_fail_nomem(err, "dictionary", strings->count);
    rcx_dictionary_release(&texts);
    rcx_free(ranks);
    return status;
}

static enum rcx_status flush(struct compaction *c, bool last, struct rcx_error *err)
{
    size_t consumed = 0;
    enum rcx_status status = rcx_store_writer_append(c->writer, c->rows, c->count, last, &consumed,
                                                     err);

    if (status == RCX_OK) {
        c->count -= consumed;
        memmove(c->rows, c->rows + consumed, c->count * sizeof *c->rows);
    }
    return status;
}

static enum rcx_status add_batch(struct compaction *c, const struct rcx_batch *b,
                                 struct rcx_error *err)
{
    bool text_ids = rcx_store_summary(c->store)->decisions.customer_is_text;

    if (!rcx_array_reserve(&c->rows, &c->capacity, c->count + b->rows, sizeof *c->rows))
        return rcx_fail_nomem(err, "rows", b->rows * sizeof *c->rows);
    for (size_t r = 0; r < b->receipts; r++) {
        int64_t customer = b->customer[r];

        if (text_ids && customer != RCX_GUEST)
            customer = c->codes[RCX_TEXT_CUSTOMER][customer];
        for (uint32_t i = b->first_row[r]; i < b->first_row[r + 1]; i++)
            c->rows[c->count++] = (struct rcx_row){
                .customer = customer,
                .time = b->time[r],
                .quantity = b->quantity[i],
                .unit_price = b->unit_price[i],
                .invoice = c->codes[RCX_TEXT_INVOICE][b->invoice[r]],
                .stock = c->codes[RCX_TEXT_STOCK][b->stock[i]],
                .description = c->codes[RCX_TEXT_DESCRIPTION][b->description[i]],
                .country = c->codes[RCX_TEXT_COUNTRY][b->country[i]],
            };
    }
    return c->count >= BUFFER_ROWS ? flush(c, false, err) : RCX_OK;
}

static enum rcx_status copy_rows(struct compaction *c, struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    enum rcx_status status = buffer ? rcx_scan_open(c->store, RCX_SCAN_ALL, &scan, err)
                                    : rcx_fail_nomem(err, "scan buffer", 0);

    for (size_t m = 0; status == RCX_OK && m < rcx_scan_morsels(scan); m++) {
        struct rcx_batch batch;

        status = rcx_scan_read(scan, m, buffer, &batch, err);
        if (status == RCX_OK)
            status = add_batch(c, &batch, err);
    }
    if (status == RCX_OK)
        status = flush(c, true, err);
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    return status;
}

static enum rcx_status keep_inputs(struct compaction *c, struct rcx_error *err)
{
    const struct rcx_manifest *manifest = &c->store->manifest;
    enum rcx_status status = RCX_OK;

    for (size_t i = 0; status == RCX_OK && i < manifest->input_count; i++) {
        const struct rcx_manifest_input *from = &manifest->inputs[i];
        struct rcx_store_input input = {.path = from->path,
                                        .digest = from->digest,
                                        .rows_accepted = from->rows_accepted,
                                        .rows_rejected = from->rows_rejected};

        memcpy(input.rejects, from->rejects, sizeof input.rejects);

        status = rcx_store_writer_add_input(c->writer, &input, err);
    }
    return status;
}

enum rcx_status rcx_store_compact(const char *directory,
                                  const struct rcx_store_writer_options *options, bool *out_done,
                                  struct rcx_store_write_stats *out_stats, struct rcx_error *err)
{
    struct rcx_store_writer_options replace = *options;
    struct rcx_store *store = NULL;
    struct compaction c = {0};
    enum rcx_status status;

    replace.replace = true;
    if (!rcx_directory_exists(directory)) /* do not make one */
        return rcx_store_open(directory, NULL, &store, err);
    /* the lock first: what is read is then the newest version until the commit */
    status = rcx_store_writer_open(directory, &replace, &c.writer, err);
    if (status == RCX_OK)
        status = rcx_store_open(directory, NULL, &store, err);
    c.store = store;
    if (status != RCX_OK || store->segment_count <= 1) {
        *out_done = false;
        goto done;
    }
    status = rcx_store_writer_set_decisions(c.writer, &store->summary.decisions, err);
    for (unsigned f = 0; status == RCX_OK && f < RCX_TEXT_FIELD_COUNT; f++)
        status = add_field(&c, (enum rcx_text_field)f, err);
    if (status == RCX_OK)
        status = copy_rows(&c, err);
    if (status == RCX_OK)
        status = keep_inputs(&c, err);
    if (status == RCX_OK) {
        status = rcx_store_writer_commit(c.writer, out_stats, err);
        c.writer = NULL;
        *out_done = true;
    }
done:
    rcx_store_writer_abort(c.writer);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        rcx_free(c.codes[f]);
    rcx_free(c.rows);
    rcx_store_close(store);
    return status;
}
