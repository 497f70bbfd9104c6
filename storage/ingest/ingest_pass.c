/* Reading the inputs: windows of chunks, parsed in parallel while the next window is read. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "storage/ingest/ingest_state.h"

enum {
    /* Dictionaries are held by the workers, then once for all, then by the store with ranks. */
    TEXT_COPIES = 4,
    /* Encoders, sorted batches, stacks and the program itself. */
    FIXED_BYTES = 72 << 20,
    LEAST_ROW_BYTES = 3 << 20,
    NAME_BYTES = 4096
};

/* What becomes of the rows of a window. */
enum purpose {
    KEEP,   /* rows and rejects are kept */
    SURVEY, /* only evidence and texts: the memory is full, the rows are read again later */
};

struct pass {
    struct rcx_ingest_state *state;
    struct rcx_ingest_file *file;
    size_t file_index;
    struct rcx_parse_rules rules;
    enum purpose purpose;
    struct rcx_source_window window;
    uint64_t first_chunk; /* number of the window's first chunk in the input */
    /* Per chunk of the window. */
    struct rcx_reject_list *rejects;
    struct rcx_parse_counts *counts;
    size_t chunk_capacity;
};

static uint32_t group_of(const struct pass *pass, unsigned worker)
{
    const struct rcx_ingest_state *state = pass->state;
    if (pass->rules.known)
        return (uint32_t)(state->group_count - state->file_count + pass->file_index);
    return (uint32_t)(pass->file_index * state->parallel.threads + worker);
}

/* Chunk 0 of the loop reads the next window, the others are the chunks of this one. */
static enum rcx_status work(void *context, size_t item, unsigned worker, struct rcx_error *err)
{
    struct pass *pass = context;
    struct rcx_ingest_state *state = pass->state;
    if (item == 0)
        return rcx_source_prefetch(pass->file->source, err);
    size_t chunk = item - 1;
    return rcx_row_parser_parse(state->parsers[worker], &pass->rules, &pass->window.chunks[chunk],
                                pass->first_chunk + chunk, state->pool, group_of(pass, worker),
                                pass->purpose == KEEP ? &state->lists[worker] : NULL,
                                &pass->rejects[chunk], &pass->counts[chunk], err);
}

static bool reserve_chunks(struct pass *pass, size_t count)
{
    if (count <= pass->chunk_capacity)
        return true;
    struct rcx_reject_list *rejects = rcx_realloc_array(pass->rejects, count,
                                                        sizeof *pass->rejects);
    if (rejects)
        pass->rejects = rejects;
    struct rcx_parse_counts *counts = rcx_realloc_array(pass->counts, count, sizeof *pass->counts);
    if (counts)
        pass->counts = counts;
    if (!rejects || !counts)
        return false;
    memset(rejects + pass->chunk_capacity, 0, (count - pass->chunk_capacity) * sizeof *rejects);
    pass->chunk_capacity = count;
    return true;
}

static void release_pass(struct pass *pass)
{
    for (size_t i = 0; i < pass->chunk_capacity; i++)
        rcx_reject_list_release(&pass->rejects[i]);
    rcx_free(pass->rejects);
    rcx_free(pass->counts);
}

/* The field that a column of the file holds. */
static size_t kind_of(const struct rcx_mapping *mapping, int column)
{
    for (size_t f = 0; f < RCX_FIELD_COUNT && column >= 0; f++)
        if (mapping->column[f] == column)
            return f;
    return RCX_REJECT_ROW;
}

/* `sheet` NULL: the file has none, or one only. */
static enum rcx_status write_rejects(struct pass *pass, const char *sheet,
                                     const struct rcx_reject_list *list, struct rcx_error *err)
{
    struct rcx_ingest_state *state = pass->state;
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s%s", pass->file->name, sheet ? ": " : "", sheet ? sheet : "");
    pass->file->rejected += list->count;
    for (size_t i = 0; i < list->count; i++)
        pass->file->rejects[kind_of(&pass->file->mapping, list->items[i].column)]++;
    return rcx_reject_file_write(state->rejects, name, pass->file->columns, list,
                                 &state->report->rejects, err);
}

static enum rcx_status reject_oversized(struct pass *pass, struct rcx_error *err)
{
    struct rcx_reject_list list = {0};
    enum rcx_status status = RCX_OK;
    if (!rcx_reject_list_add(&list, pass->window.oversized.line, RCX_REJECT_TOO_LONG, -1,
                             pass->window.oversized.text))
        status = rcx_fail_nomem(err, "rejects", 1);
    else
        status = write_rejects(pass, NULL, &list, err);
    rcx_reject_list_release(&list);
    return status;
}

/* Accounts for the window in the order of the input. */
static enum rcx_status settle_window(struct pass *pass, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t c = 0; c < pass->window.chunk_count; c++) {
        if (pass->purpose == KEEP && status == RCX_OK) {
            pass->file->accepted += pass->counts[c].accepted;
            pass->file->headers += pass->counts[c].headers;
            status = write_rejects(pass, pass->window.chunks[c].sheet, &pass->rejects[c], err);
        }
        rcx_reject_list_clear(&pass->rejects[c]);
    }
    pass->first_chunk += pass->window.chunk_count;
    return status;
}

static void tell_progress(const struct pass *pass, const char *step)
{
    const struct rcx_ingest_options *options = pass->state->options;
    if (options->progress)
        options->progress(options->progress_context, step, rcx_source_consumed(pass->file->source),
                          rcx_source_size(pass->file->source));
}

/* Reads one window and works on it. *out_end: there was none. */
static enum rcx_status read_window(struct pass *pass, bool *out_end, struct rcx_error *err)
{
    struct rcx_ingest_state *state = pass->state;
    enum rcx_status status = rcx_source_next(pass->file->source, &state->parallel, &pass->window,
                                             err);
    if (status != RCX_OK)
        return status;
    *out_end = pass->window.chunk_count == 0 && pass->window.oversized.line == 0;
    if (*out_end)
        return RCX_OK;
    pass->rules.window = ++state->windows;
    if (!reserve_chunks(pass, pass->window.chunk_count))
        return rcx_fail_nomem(err, "chunks", pass->window.chunk_count);
    if (pass->window.oversized.line != 0 && pass->purpose == KEEP)
        status = reject_oversized(pass, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&state->parallel, pass->window.chunk_count + 1, work, pass, err);
    if (status == RCX_OK)
        status = settle_window(pass, err);
    return status;
}

static size_t text_bytes(const struct rcx_ingest_state *state)
{
    size_t bytes = rcx_text_set_bytes(&state->texts);
    for (unsigned w = 0; w < state->parallel.threads; w++)
        bytes += rcx_text_set_bytes(rcx_row_parser_texts(state->parsers[w]));
    return bytes;
}

/* Whether rows have to leave memory: what they and the texts take (grown to the size they will have
 * at the end of the inputs, as far as can be told) does not fit. */
static bool is_full(const struct pass *pass)
{
    const struct rcx_ingest_state *state = pass->state;
    uint64_t rows = rcx_block_pool_bytes(state->pool), receipts = 0;
    for (unsigned w = 0; w < state->parallel.threads; w++)
        receipts += state->lists[w].count;
    rows += receipts * sizeof(struct rcx_receipt *); /* sorting lists them */
    if (state->options->row_bytes)
        return rows >= state->options->row_bytes;
    if (rows < LEAST_ROW_BYTES)
        return false;
    double texts = (double)text_bytes(state) * TEXT_COPIES;
    if (!pass->rules.known) {
        double done = 0, total = 0;
        for (size_t i = 0; i < state->file_count; i++) {
            const struct rcx_ingest_file *file = &state->files[i];
            total += (double)file->size;
            done += file->done     ? (double)file->size
                    : file->source ? (double)rcx_source_consumed(file->source)
                                   : 0;
        }
        if (done > 0 && total > done)
            texts *= total / done;
    } else {
        texts = (double)text_bytes(state) * (TEXT_COPIES - 1);
    }
    return (double)rows + texts + FIXED_BYTES > (double)state->memory_limit;
}

/* Formats with types read only the columns that hold a field. */
static void select_columns(const struct rcx_ingest_file *file)
{
    size_t count = rcx_source_info(file->source)->column_count;
    bool *wanted = rcx_calloc(count, sizeof *wanted);
    for (size_t f = 0; wanted && f < RCX_FIELD_COUNT; f++)
        if (file->mapping.column[f] >= 0)
            wanted[file->mapping.column[f]] = true;
    if (wanted) /* else all are read, which is as good */
        rcx_source_select(file->source, wanted);
    rcx_free(wanted);
}

static struct pass begin_pass(struct rcx_ingest_state *state, size_t file_index)
{
    struct rcx_ingest_file *file = &state->files[file_index];
    const struct rcx_cfg_ingest *config = &state->config;
    select_columns(file);
    struct pass pass = {.state = state, .file = file, .file_index = file_index};
    pass.rules = (struct rcx_parse_rules){
        .config = config,
        .mapping = &file->mapping,
        .header = file->header,
        .limits = {(int32_t)config->utc_offset, (int32_t)config->min_year,
                   (int32_t)config->max_year},
        .verdict = state->has_verdict ? &state->verdict : NULL,
        .customers_as_text = state->has_verdict ? state->verdict.customer_is_text
                                                : state->given.customer_type_known &&
                                                      state->given.customer_is_text,
        .keep_times = !state->has_verdict && state->given.date_order == RCX_DATE_UNDECIDED};
    return pass;
}

/* Puts the workers' texts and evidence of one input together. */
static enum rcx_status settle_file(struct pass *pass, struct rcx_error *err)
{
    struct rcx_ingest_state *state = pass->state;
    struct rcx_ingest_file *file = pass->file;
    unsigned threads = state->parallel.threads;
    struct rcx_text_set *parts[1024];
    uint64_t customers[RCX_CUSTOMER_CLASSES] = {0};
    bool utf8 = true;
    for (unsigned w = 0; w < threads; w++) {
        const struct rcx_evidence *evidence = rcx_row_parser_evidence(state->parsers[w]);
        parts[w] = rcx_row_parser_texts(state->parsers[w]);
        for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
            state->map_counts[pass->file_index * threads + w][f] = parts[w]->fields[f].count;
        utf8 = utf8 && rcx_text_set_is_utf8(parts[w]);
        rcx_evidence_add(&state->evidence, evidence);
        for (int c = 0; c < RCX_CUSTOMER_CLASSES; c++)
            customers[c] += evidence->customers[c];
    }
    if (!utf8 && state->config.encoding == RCX_ENCODING_UTF8)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: not UTF-8, which ingest.encoding says it is; with 'auto' it would be "
                        "read as Windows-1252",
                        file->name);
    bool typed = rcx_source_info(file->source)->typed;
    file->cp1252 = !typed && (state->config.encoding == RCX_ENCODING_CP1252 ||
                              (state->config.encoding == RCX_ENCODING_AUTO && !utf8));
    if (customers[RCX_CUSTOMER_NUMBER] > 0)
        state->evidence.mixed_customers += customers[RCX_CUSTOMER_POINT_ZERO];
    struct rcx_text_map *maps = state->maps + pass->file_index * threads;
    enum rcx_status status = rcx_text_set_merge(&state->texts, parts, threads, file->cp1252,
                                                &state->parallel, maps, err);
    bool ok = true;
    if (status != RCX_OK)
        return status;
    for (unsigned w = 0; ok && w < threads; w++) {
        const struct rcx_invoice_times *times = rcx_row_parser_times(state->parsers[w]);
        ok = rcx_invoice_times_add(&state->times, times, maps[w].codes[RCX_TEXT_INVOICE]) &&
             rcx_row_parser_reset(state->parsers[w]);
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "texts", state->texts.fields[0].count);
}

static enum rcx_status collect_file(struct rcx_ingest_state *state, size_t file_index,
                                    struct rcx_error *err)
{
    enum rcx_status status = rcx_ingest_wake(state, &state->files[file_index], err);
    if (status != RCX_OK)
        return status;
    struct pass pass = begin_pass(state, file_index);
    pass.purpose = state->stop.reached ? SURVEY : KEEP;
    bool end = false;
    while (status == RCX_OK && !end) {
        status = read_window(&pass, &end, err);
        if (status != RCX_OK || end)
            break;
        tell_progress(&pass, pass.purpose == KEEP ? "read" : "survey");
        if (pass.purpose == KEEP && is_full(&pass)) {
            state->stop = (struct rcx_ingest_stop){true, file_index,
                                                   rcx_source_mark(pass.file->source)};
            pass.purpose = SURVEY;
        }
    }
    if (status == RCX_OK) {
        pass.file->digest = rcx_source_digest(pass.file->source);
        status = settle_file(&pass, err);
        pass.file->done = true;
        rcx_ingest_park(state, pass.file);
    }
    release_pass(&pass);
    return status;
}

enum rcx_status rcx_ingest_collect(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    state->report->passes++;
    for (size_t i = 0; i < state->file_count && status == RCX_OK; i++)
        status = collect_file(state, i, err);
    return status;
}

struct rcx_receipts rcx_ingest_take_rows(struct rcx_ingest_state *state)
{
    struct rcx_receipts all = {0};
    for (unsigned w = 0; w < state->parallel.threads; w++)
        rcx_receipts_join(&all, &state->lists[w]);
    return all;
}

static enum rcx_status continue_file(struct rcx_ingest_state *state, size_t file_index,
                                     struct rcx_source_mark mark, rcx_ingest_run_function *run,
                                     struct rcx_error *err)
{
    enum rcx_status status = rcx_ingest_wake(state, &state->files[file_index], err);
    if (status != RCX_OK)
        return status;
    struct pass pass = begin_pass(state, file_index);
    pass.rules.known = &state->texts;
    pass.rules.cp1252 = pass.file->cp1252;
    bool end = false;
    status = rcx_source_seek(pass.file->source, mark, err);
    while (status == RCX_OK && !end) {
        status = read_window(&pass, &end, err);
        if (status != RCX_OK || end)
            break;
        tell_progress(&pass, "read on");
        if (is_full(&pass)) {
            struct rcx_receipts rows = rcx_ingest_take_rows(state);
            status = run(state, &rows, err);
            rcx_block_pool_trim(state->pool);
        }
    }
    if (status == RCX_OK)
        rcx_ingest_park(state, pass.file);
    release_pass(&pass);
    return status;
}

enum rcx_status rcx_ingest_continue(struct rcx_ingest_state *state, rcx_ingest_run_function *run,
                                    struct rcx_error *err)
{
    static const struct rcx_source_mark start = {0};
    enum rcx_status status = RCX_OK;
    state->report->passes++;
    for (size_t i = state->stop.file; i < state->file_count && status == RCX_OK; i++)
        status = continue_file(state, i, i == state->stop.file ? state->stop.mark : start, run,
                               err);
    if (status == RCX_OK) {
        struct rcx_receipts rest = rcx_ingest_take_rows(state);
        if (rest.rows > 0)
            status = run(state, &rest, err);
        rcx_receipts_clear(&rest, state->pool);
    }
    return status;
}
