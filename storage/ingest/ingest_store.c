#include "storage/ingest/ingest_store.h"

#include <string.h>

#include "base/memory.h"
#include "storage/store/segment.h"

enum { TIGHT_BATCH_ROWS = 1 << 18, MERGE_BUFFER_BYTES = 16 << 20 };

static bool is_tight(const struct rcx_ingest_state *state)
{
    return state->memory_limit < (UINT64_C(1) << 30);
}

/* Enough for a chunk per thread, and no more: a batch is new memory, and what it touches is paid
 * for page by page. */
static size_t batch_rows(const struct rcx_ingest_state *state)
{
    size_t rows = (size_t)state->parallel.threads * RCX_CHUNK_ROWS + RCX_CHUNK_ROWS / 2;
    return is_tight(state) && rows > TIGHT_BATCH_ROWS ? TIGHT_BATCH_ROWS : rows;
}

/* Text by rank, unless every code is its rank. */
static bool make_codes_of_ranks(const uint32_t *codes, const uint32_t *ranks, uint32_t count,
                                uint32_t **out)
{
    uint32_t most = 0;
    bool same = true;
    for (uint32_t i = 0; i < count; i++) {
        most = ranks[i] > most ? ranks[i] : most;
        same = same && codes[i] == ranks[i];
    }
    if (same)
        return true;
    uint32_t *by_rank = rcx_calloc((size_t)most + 1, sizeof *by_rank);
    if (!by_rank)
        return false;
    for (uint32_t i = 0; i < count; i++)
        by_rank[ranks[i]] = codes[i];
    *out = by_rank;
    return true;
}

static size_t worker_groups(const struct rcx_ingest_state *state)
{
    return state->file_count * state->parallel.threads;
}

/* In a Windows-1252 input every text that is not ASCII was converted. */
static bool mark_decoded(const struct rcx_dictionary *texts, uint8_t **out)
{
    uint8_t *decoded = rcx_calloc(texts->count, 1);
    if (!decoded)
        return false;
    for (uint32_t code = 0; code < texts->count; code++)
        decoded[code] = !rcx_text_is_ascii(rcx_dictionary_get(texts, code));
    *out = decoded;
    return true;
}

static enum rcx_status translate_field(void *context, size_t field_index, unsigned worker,
                                       struct rcx_error *err)
{
    (void)worker;
    struct rcx_ingest_state *state = context;
    const enum rcx_text_field field = (enum rcx_text_field)field_index;
    const struct rcx_dictionary *texts = &state->texts.fields[field];
    uint32_t *codes = rcx_malloc_array(texts->count, sizeof *codes);
    uint32_t *ranks = rcx_malloc_array(texts->count, sizeof *ranks);
    enum rcx_status status = RCX_OK;
    if (!codes || !ranks)
        status = rcx_fail_nomem(err, "texts", texts->count);
    if (status == RCX_OK)
        status = rcx_store_writer_add_texts(state->writer, field, texts, codes, ranks, err);
    if (status == RCX_OK &&
        !make_codes_of_ranks(codes, ranks, texts->count, &state->codes_of_ranks[field]))
        status = rcx_fail_nomem(err, "texts", texts->count);
    for (size_t g = 0; status == RCX_OK && g < worker_groups(state); g++) {
        uint32_t *map = state->maps[g].codes[field];
        for (uint32_t i = 0; i < state->map_counts[g][field]; i++)
            map[i] = ranks[map[i]];
    }
    rcx_free(codes);
    state->ranks[field] = ranks;
    if (status != RCX_OK || !state->stop.reached)
        return status;
    for (size_t f = 0; f < state->file_count; f++) {
        struct rcx_text_map *map = &state->maps[worker_groups(state) + f];
        map->codes[field] = ranks;
        if (state->files[f].cp1252 && !mark_decoded(texts, &map->decoded[field]))
            return rcx_fail_nomem(err, "texts", texts->count);
    }
    return RCX_OK;
}

enum rcx_status rcx_ingest_translate(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = rcx_parallel_for(&state->parallel, RCX_TEXT_FIELD_COUNT,
                                              translate_field, state, err);
    if (status == RCX_OK && !state->stop.reached) {
        rcx_text_set_release(&state->texts);
        state->has_texts = false;
    }
    return status;
}

void rcx_ingest_release_maps(struct rcx_ingest_state *state)
{
    for (size_t g = 0; state->maps && g < state->group_count; g++) {
        if (g >= worker_groups(state)) /* codes are state->ranks */
            memset(state->maps[g].codes, 0, sizeof state->maps[g].codes);
        rcx_text_map_release(&state->maps[g]);
    }
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        rcx_free(state->codes_of_ranks[f]);
        rcx_free(state->ranks[f]);
        state->codes_of_ranks[f] = NULL;
        state->ranks[f] = NULL;
    }
}

static void ranks_to_codes(const struct rcx_ingest_state *state, struct rcx_row *rows, size_t count)
{
    uint32_t *const *by_rank = state->codes_of_ranks;
    for (size_t i = 0; i < count; i++) {
        struct rcx_row *row = &rows[i];
        if (by_rank[RCX_TEXT_INVOICE])
            row->invoice = by_rank[RCX_TEXT_INVOICE][row->invoice];
        if (by_rank[RCX_TEXT_STOCK])
            row->stock = by_rank[RCX_TEXT_STOCK][row->stock];
        if (by_rank[RCX_TEXT_DESCRIPTION])
            row->description = by_rank[RCX_TEXT_DESCRIPTION][row->description];
        if (by_rank[RCX_TEXT_COUNTRY])
            row->country = by_rank[RCX_TEXT_COUNTRY][row->country];
        if (by_rank[RCX_TEXT_CUSTOMER] && state->verdict.customer_is_text &&
            row->customer != RCX_GUEST)
            row->customer = by_rank[RCX_TEXT_CUSTOMER][row->customer];
    }
}

static bool needs_codes(const struct rcx_ingest_state *state)
{
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        if (state->codes_of_ranks[f])
            return true;
    return false;
}

/* Rows that the writer leaves come again with their codes already in place. */
static enum rcx_status append_rows(void *context, struct rcx_row *rows, size_t count, bool last,
                                   size_t *out_consumed, struct rcx_error *err)
{
    struct rcx_ingest_state *state = context;
    if (needs_codes(state))
        ranks_to_codes(state, rows + state->mapped, count - state->mapped);
    enum rcx_status status = rcx_store_writer_append(state->writer, rows, count, last, out_consumed,
                                                     err);
    if (status == RCX_OK)
        state->mapped = count - *out_consumed;
    return status;
}

static struct rcx_row_convert conversion(const struct rcx_ingest_state *state)
{
    return (struct rcx_row_convert){.verdict = state->verdict,
                                    .price_places = (unsigned)state->config.price_decimals,
                                    .quantity_places = (unsigned)state->config.quantity_decimals,
                                    .maps = state->maps};
}

static enum rcx_status sort_into(struct rcx_ingest_state *state, struct rcx_receipts *rows,
                                 rcx_row_sink *sink, void *context, struct rcx_error *err)
{
    const struct rcx_row_convert convert = conversion(state);
    const struct rcx_row_sort sort = {.pool = state->pool,
                                      .convert = &convert,
                                      .parallel = state->parallel,
                                      .batch_rows = batch_rows(state),
                                      .sink = sink,
                                      .context = context};
    return rcx_row_sort_run(&sort, rows, &state->counts, err);
}

static enum rcx_status spill_run(struct rcx_ingest_state *state, struct rcx_receipts *rows,
                                 struct rcx_error *err)
{
    enum rcx_status status = rcx_spill_begin_run(state->spill, err);
    if (status != RCX_OK) {
        rcx_receipts_clear(rows, state->pool);
        return status;
    }
    return sort_into(state, rows, rcx_spill_append, state->spill, err);
}

static enum rcx_status append_by_runs(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = rcx_spill_open(state->temp_directory, &state->spill, err);
    struct rcx_receipts rows = rcx_ingest_take_rows(state);
    if (status == RCX_OK)
        status = spill_run(state, &rows, err);
    rcx_receipts_clear(&rows, state->pool);
    rcx_block_pool_trim(state->pool);
    if (status == RCX_OK)
        status = rcx_ingest_continue(state, spill_run, err);
    if (status != RCX_OK)
        return status;
    rcx_block_pool_trim(state->pool);
    rcx_text_set_release(&state->texts);
    state->has_texts = false;
    state->report->runs = rcx_spill_runs(state->spill);
    state->report->spilled_bytes = rcx_spill_bytes(state->spill);
    return rcx_spill_merge(state->spill, batch_rows(state), MERGE_BUFFER_BYTES, append_rows, state,
                           err);
}

enum rcx_status rcx_ingest_append(struct rcx_ingest_state *state, struct rcx_error *err)
{
    if (state->stop.reached)
        return append_by_runs(state, err);
    struct rcx_receipts rows = rcx_ingest_take_rows(state);
    return sort_into(state, &rows, append_rows, state, err);
}
