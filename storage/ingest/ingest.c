#include "storage/ingest/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "storage/ingest/choices.h"
#include "storage/ingest/ingest_store.h"

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum rcx_status open_writer(struct rcx_ingest_state *state, struct rcx_error *err)
{
    const struct rcx_ingest_options *options = state->options;
    const struct rcx_store_writer_options writer_options = {.zstd_level = options->zstd_level,
                                                            .parallel = state->parallel,
                                                            .no_sync = options->no_sync,
                                                            .replace = options->replace};
    return rcx_store_writer_open(options->store, &writer_options, &state->writer, err);
}

/* What options and the store settle beforehand. An option is stronger than what an earlier ingest
 * decided; what affects stored values is always the store's. */
static void take_given(struct rcx_ingest_state *state)
{
    struct rcx_cfg_ingest *config = &state->config;
    struct rcx_verdict_given *given = &state->given;
    *given = rcx_chosen_verdict(config);
    const struct rcx_store *base = state->writer ? rcx_store_writer_base(state->writer) : NULL;
    if (!base)
        return;
    const struct rcx_decisions *decisions = &rcx_store_summary(base)->decisions;
    state->report->decisions_reused = true;
    config->price_decimals = decisions->price_decimals;
    config->quantity_decimals = decisions->quantity_decimals;
    config->utc_offset = decisions->utc_offset_seconds;
    given->customer_type_known = true;
    given->customer_is_text = decisions->customer_is_text;
    if (given->date_order == RCX_DATE_UNDECIDED)
        given->date_order = decisions->date_order;
    if (!given->decimal_mark)
        given->decimal_mark = decisions->decimal_mark;
}

static enum rcx_status prepare(struct rcx_ingest_state *state, struct rcx_error *err)
{
    unsigned threads = state->parallel.threads;
    state->group_count = state->file_count * (threads + 1);
    state->maps = rcx_calloc(state->group_count, sizeof *state->maps);
    state->map_counts = rcx_calloc(state->group_count, sizeof *state->map_counts);
    state->parsers = rcx_calloc(threads, sizeof *state->parsers);
    state->lists = rcx_calloc(threads, sizeof *state->lists);
    state->pool = rcx_block_pool_new();
    state->has_texts = rcx_text_set_init(&state->texts);
    bool ok = state->maps && state->map_counts && state->parsers && state->lists && state->pool &&
              state->has_texts;
    for (unsigned w = 0; ok && w < threads; w++) {
        state->parsers[w] = rcx_row_parser_new();
        ok = state->parsers[w] != NULL;
    }
    if (!ok)
        return rcx_fail_nomem(err, "ingest", threads);
    return rcx_reject_file_open(state->report->rejects_path, &state->rejects, err);
}

static void drop_rows(struct rcx_ingest_state *state)
{
    for (unsigned w = 0; state->lists && w < state->parallel.threads; w++)
        rcx_receipts_clear(&state->lists[w], state->pool);
}

/* Forgets all rows and evidence, for reading the inputs once more. */
static enum rcx_status restart(struct rcx_ingest_state *state, struct rcx_error *err)
{
    drop_rows(state);
    rcx_ingest_release_maps(state);
    rcx_text_set_release(&state->texts);
    state->has_texts = rcx_text_set_init(&state->texts);
    if (!state->has_texts)
        return rcx_fail_nomem(err, "texts", 0);
    memset(&state->evidence, 0, sizeof state->evidence);
    rcx_invoice_times_release(&state->times);
    state->stop = (struct rcx_ingest_stop){0};
    rcx_reject_file_restart(state->rejects);
    state->report->rejects = (struct rcx_reject_counts){0};
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < state->file_count && status == RCX_OK; i++) {
        struct rcx_ingest_file *file = &state->files[i];
        file->accepted = file->rejected = file->headers = 0;
        file->done = false;
        memset(state->files[i].rejects, 0, sizeof state->files[i].rejects);
        if (file->source)
            status = rcx_source_seek(file->source, (struct rcx_source_mark){0}, err);
    }
    return status;
}

static enum rcx_status judge(struct rcx_ingest_state *state, struct rcx_error *err)
{
    char several[32];
    snprintf(several, sizeof several, "%zu files", state->file_count);
    const struct rcx_mapping *mapping = &state->files[0].mapping;
    const struct rcx_judge_names names = {.input = state->file_count == 1 ? state->files[0].name
                                                                          : several,
                                          .invoice_date = mapping->name[RCX_FIELD_INVOICE_DATE],
                                          .quantity = mapping->name[RCX_FIELD_QUANTITY],
                                          .unit_price = mapping->name[RCX_FIELD_UNIT_PRICE]};
    enum rcx_status status = rcx_judge(&state->config, &state->given, &state->evidence,
                                       &state->times, &state->texts.fields[RCX_TEXT_INVOICE],
                                       &names, &state->verdict, err);
    state->has_verdict = status == RCX_OK;
    rcx_invoice_times_release(&state->times);
    return status;
}

static enum rcx_status check_new(const struct rcx_ingest_state *state, struct rcx_error *err)
{
    for (size_t i = 0; i < state->file_count && !state->options->again; i++) {
        const struct rcx_ingest_file *file = &state->files[i];
        bool known = state->writer && rcx_store_writer_has_input(state->writer, file->digest);
        for (size_t k = 0; k < i && !known; k++) {
            bool empty = file->accepted + file->rejected == 0;
            if (!empty && rcx_digest_compare(file->digest, state->files[k].digest) == 0)
                return rcx_fail(err, RCX_E_INPUT,
                                "%s: is the same as %s; with --again both are loaded", file->name,
                                state->files[k].name);
        }
        if (known)
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: the store already holds a file with these bytes; with --again it "
                            "is loaded once more",
                            file->name);
    }
    return RCX_OK;
}

/* An empty part among others is nothing special. */
static enum rcx_status check_rows(const struct rcx_ingest_state *state, struct rcx_error *err)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < state->file_count; i++)
        rows += state->files[i].accepted + state->files[i].rejected;
    if (rows > 0)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT, "%s: a header, but no rows%s", state->files[0].name,
                    state->file_count > 1 ? ", as in all other files" : "");
}

/* Too many rejects refuse the load; the file that lists them is kept. */
static enum rcx_status check_share(struct rcx_ingest_state *state, struct rcx_error *err)
{
    uint64_t accepted = 0, rejected = 0;
    for (size_t i = 0; i < state->file_count; i++) {
        accepted += state->files[i].accepted;
        rejected += state->files[i].rejected;
    }
    state->report->accepted = accepted;
    state->report->rejected = rejected;
    double most = state->config.max_reject_share * (double)(accepted + rejected);
    if (rejected == 0 || ((double)rejected <= most && accepted > 0))
        return RCX_OK;
    struct rcx_buf reasons = {0};
    rcx_reject_counts_describe(&state->report->rejects, &reasons);
    enum rcx_status status = rcx_reject_file_commit(state->rejects, err);
    state->rejects = NULL;
    if (status == RCX_OK)
        status = rcx_fail(err, RCX_E_INPUT,
                          "%" PRIu64 " of %" PRIu64 " rows (%.1f %%) cannot be read, more than "
                          "ingest.max_reject_share (%.1f %%): %s; all are listed in %s",
                          rejected, accepted + rejected,
                          100.0 * (double)rejected / (double)(accepted + rejected),
                          100.0 * state->config.max_reject_share, rcx_buf_text(&reasons),
                          state->report->rejects_path);
    rcx_buf_release(&reasons);
    return status;
}

/* Reads, judges, and reads again when rows turn out not to stand as they were parsed. */
static enum rcx_status read_and_judge(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = rcx_ingest_collect(state, err);
    if (status == RCX_OK)
        status = check_new(state, err);
    if (status == RCX_OK && !state->stop.reached)
        status = check_rows(state, err);
    if (status == RCX_OK && !state->stop.reached)
        status = check_share(state, err);
    if (status == RCX_OK)
        status = judge(state, err);
    if (status != RCX_OK || !rcx_verdict_has_misfits(&state->verdict, &state->evidence))
        return status;
    rcx_log_write(state->options->log, RCX_LOG_INFO, "ingest",
                  "reading once more: some rows do not fit what the columns turned out to be");
    status = restart(state, err);
    if (status == RCX_OK)
        status = rcx_ingest_collect(state, err);
    if (status == RCX_OK && !state->stop.reached)
        status = check_share(state, err);
    return status;
}

static void fill_decisions(struct rcx_ingest_state *state)
{
    struct rcx_decisions *decisions = &state->report->decisions;
    decisions->price_decimals = (uint8_t)state->config.price_decimals;
    decisions->quantity_decimals = (uint8_t)state->config.quantity_decimals;
    decisions->customer_is_text = state->verdict.customer_is_text;
    decisions->date_order = state->verdict.date_order;
    decisions->decimal_mark = state->verdict.decimal_mark;
    decisions->utc_offset_seconds = (int32_t)state->config.utc_offset;
    for (size_t i = 0; i < state->file_count; i++)
        for (int f = 0; f < RCX_FIELD_COUNT; f++)
            if (state->files[i].mapping.column[f] >= 0)
                decisions->field_mask |= (uint8_t)(1u << f);
    unsigned reading = 0;
    while (reading + 1 < RCX_READINGS && !(state->verdict.readings >> reading & 1))
        reading++;
    state->report->date_reading = reading;
}

static void log_verdict(const struct rcx_ingest_state *state)
{
    struct rcx_log *log = state->options->log;
    rcx_log_write(log, RCX_LOG_DEBUG, "ingest",
                  "%zu inputs, %" PRIu64 " rows read, %" PRIu64 " rejected, %s", state->file_count,
                  state->report->accepted + state->report->rejected, state->report->rejected,
                  state->stop.reached ? "more than memory holds" : "all in memory");
    rcx_log_write(log, RCX_LOG_DEBUG, "ingest", "dates %s, decimal mark '%c', customer ids %s%s",
                  rcx_reading_name(state->report->date_reading), state->verdict.decimal_mark,
                  state->verdict.customer_is_text ? "text" : "numbers",
                  state->report->decisions_reused ? ", given by the store" : "");
    for (size_t i = 0; i < state->file_count; i++)
        rcx_log_write(log, RCX_LOG_DEBUG, "ingest", "%s: %s", state->files[i].name,
                      state->files[i].cp1252 ? "Windows-1252" : "UTF-8");
}

static enum rcx_status write_store(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = state->writer ? RCX_OK : open_writer(state, err);
    fill_decisions(state);
    log_verdict(state);
    if (status == RCX_OK)
        status = rcx_store_writer_set_decisions(state->writer, &state->report->decisions, err);
    if (status == RCX_OK)
        status = rcx_ingest_translate(state, err);
    if (status == RCX_OK)
        status = rcx_ingest_append(state, err);
    if (status == RCX_OK)
        status = check_rows(state, err);
    if (status == RCX_OK)
        status = check_share(state, err);
    return status;
}

static enum rcx_status commit(struct rcx_ingest_state *state, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < state->file_count && status == RCX_OK; i++) {
        const struct rcx_ingest_file *file = &state->files[i];
        struct rcx_ingest_input *input = &state->report->inputs[i];
        input->digest = file->digest;
        input->accepted = file->accepted;
        input->rejected = file->rejected;
        input->headers = file->headers;
        state->report->headers += file->headers;
        input->cp1252 = file->cp1252;
        struct rcx_store_input store_input = {.path = file->name,
                                              .digest = file->digest,
                                              .rows_accepted = file->accepted,
                                              .rows_rejected = file->rejected};
        memcpy(store_input.rejects, file->rejects, sizeof store_input.rejects);
        status = rcx_store_writer_add_input(state->writer, &store_input, err);
    }
    if (status != RCX_OK)
        return status;
    status = rcx_reject_file_commit(state->rejects, err);
    state->rejects = NULL;
    if (status != RCX_OK)
        return status;
    struct rcx_store_writer *writer = state->writer;
    state->writer = NULL;
    return rcx_store_writer_commit(writer, &state->report->store, err);
}

static enum rcx_status set_paths(struct rcx_ingest_state *state, struct rcx_error *err)
{
    const struct rcx_ingest_options *options = state->options;
    char *parent = rcx_ingest_store_parent(options->store);
    bool has_temp = options->temp_directory && options->temp_directory[0];
    state->temp_directory = rcx_strdup(has_temp ? options->temp_directory : parent ? parent : ".");
    if (options->rejects)
        state->report->rejects_path = rcx_strdup(options->rejects);
    else if (parent)
        state->report->rejects_path = rcx_path_join(parent, "rejects.csv");
    rcx_free(parent);
    return state->temp_directory && state->report->rejects_path
               ? RCX_OK
               : rcx_fail_nomem(err, options->store, 0);
}

static enum rcx_status run(struct rcx_ingest_state *state, struct rcx_error *err)
{
    double begin = now_seconds();
    enum rcx_status status = set_paths(state, err);
    if (status == RCX_OK && rcx_file_exists(state->options->store))
        return rcx_fail(err, RCX_E_IO, "%s: is a file; a store is a directory",
                        state->options->store);
    /* A store that does not exist is made only once the inputs have been found good. */
    if (status == RCX_OK && rcx_directory_exists(state->options->store))
        status = open_writer(state, err);
    if (status == RCX_OK)
        status = rcx_ingest_open_files(state, err);
    if (status == RCX_OK)
        status = prepare(state, err);
    if (status != RCX_OK)
        return status;
    take_given(state);
    status = read_and_judge(state, err);
    double judged = now_seconds();
    if (status == RCX_OK)
        status = write_store(state, err);
    double sorted = now_seconds();
    if (status == RCX_OK)
        status = commit(state, err);
    state->report->read_seconds = judged - begin;
    state->report->sort_seconds = sorted - judged;
    state->report->commit_seconds = now_seconds() - sorted;
    state->report->guests = state->evidence.customers[RCX_CUSTOMER_GUEST];
    state->report->rounded_prices = state->counts.rounded_prices;
    state->report->decoded_rows = state->counts.decoded_rows;
    return status;
}

static void release(struct rcx_ingest_state *state)
{
    drop_rows(state);
    rcx_spill_close(state->spill);
    rcx_store_writer_abort(state->writer);
    rcx_reject_file_abort(state->rejects);
    for (unsigned w = 0; state->parsers && w < state->parallel.threads; w++)
        rcx_row_parser_release(state->parsers[w]);
    rcx_ingest_release_maps(state);
    if (state->has_texts)
        rcx_text_set_release(&state->texts);
    rcx_invoice_times_release(&state->times);
    rcx_block_pool_release(state->pool);
    rcx_free(state->maps);
    rcx_free(state->map_counts);
    rcx_free(state->parsers);
    rcx_free(state->lists);
    rcx_ingest_close_files(state);
    rcx_free(state->temp_directory);
}

/* The smallest peaks that were seen, whatever the limit: 66 MB with 2 threads, 90 MB with 8. */
static void warn_of_limit(const struct rcx_ingest_state *state)
{
    const uint64_t least = ((uint64_t)58 + (uint64_t)4 * state->parallel.threads) * 1000000;
    char limit[32], needed[32];
    if (state->memory_limit < least)
        rcx_log_write(
            state->options->log, RCX_LOG_WARNING, "ingest",
            "the memory limit of %s is kept as near as can be: loading takes about %s with "
            "%u threads, and what the different texts take",
            rcx_format_bytes(state->memory_limit, limit), rcx_format_bytes(least, needed),
            state->parallel.threads);
}

enum rcx_status rcx_ingest(const struct rcx_cfg_ingest *config,
                           const struct rcx_ingest_options *options, struct rcx_ingest_report *out,
                           struct rcx_error *err)
{
    *out = (struct rcx_ingest_report){0};
    struct rcx_ingest_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "ingest", sizeof *state);
    state->config = *config;
    state->options = options;
    state->report = out;
    state->parallel = options->parallel;
    if (state->parallel.threads == 0)
        state->parallel.threads = 1;
    state->memory_limit = options->memory_limit ? options->memory_limit
                                                : rcx_memory_physical() / 4 * 3;
    warn_of_limit(state);
    enum rcx_status status = run(state, err);
    release(state);
    rcx_free(state);
    if (out->rejected == 0) {
        rcx_free(out->rejects_path);
        out->rejects_path = NULL;
    }
    return status;
}

void rcx_ingest_report_release(struct rcx_ingest_report *report)
{
    for (size_t i = 0; i < report->input_count; i++)
        rcx_free(report->inputs[i].path);
    rcx_free(report->inputs);
    rcx_free(report->rejects_path);
    *report = (struct rcx_ingest_report){0};
}
