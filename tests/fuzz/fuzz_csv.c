/* CSV of any bytes: cut finely or not at all, it gives the same records, and parsing them the same
 * rows, evidence and rejects. (What ingest makes of them: fuzz_ingest.c.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/settings.h"
#include "storage/format/csv_record.h"
#include "storage/format/csv_window.h"
#include "storage/ingest/row_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is made once: the target is to spend its time on the input. */
struct tools {
    int fd;
    char path[32];
    struct rcx_settings *settings;
    struct rcx_cfg_ingest config;
    struct rcx_block_pool *pool;
    struct rcx_row_parser *parsers[2];
};

/* What one way of cutting gives. */
struct outcome {
    enum rcx_status status;
    struct rcx_receipts rows;
    struct rcx_parse_counts counts;
    struct rcx_reject_list rejects;
};

static void require_at(bool condition, int line)
{
    if (!condition) {
        (void)fprintf(stderr, "line %d\n", line);
        abort();
    }
}
#define require(condition) require_at(condition, __LINE__)

/* Chunks of 64 bytes against one byte at a time. */
static void check_window(const uint8_t *data, size_t size)
{
    struct rcx_csv_window window = {.delimiter = ',', .column_count = 3};
    struct rcx_parallel parallel = {1};
    size_t rest = 0, at = 0;
    uint64_t line = 0;
    require(rcx_csv_window_scan(&window, data, 0, size, 64, 1, &parallel, &rest, &line, NULL) ==
            RCX_OK);
    for (size_t c = 0; c < window.chunk_count; c++) {
        const struct rcx_source_chunk *chunk = &window.chunks[c];
        size_t fields = 0;
        for (size_t r = 0; r < chunk->records; r++) {
            enum rcx_csv_state state = RCX_CSV_FIELD_START;
            at = rcx_csv_record_end(data, at, size, ',', &state, &fields);
            require(fields == chunk->record_ends[r]);
            require(at == (size_t)chunk->field_ends[fields - 1] + 1);
        }
    }
    require(at == rest || (window.chunk_count == 0 && (rest == 0 || size == 0)));
    enum rcx_csv_state state = RCX_CSV_FIELD_START;
    require(rcx_csv_record_end(data, rest, size, ',', &state, NULL) == SIZE_MAX);
    rcx_csv_window_release(&window);
}

/* The columns by their names, else simply in the order of the fields. */
static bool map_columns(const struct rcx_source_info *info, const struct rcx_cfg_ingest *config,
                        struct rcx_mapping *out)
{
    if (rcx_mapping_find("f", info, config, NULL, 0, out, NULL) == RCX_OK)
        return true;
    out->column_count = info->column_count;
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        out->column[f] = f;
    return info->column_count >= RCX_FIELD_COUNT;
}

static void parse_window(const struct tools *tools, struct rcx_row_parser *parser,
                         const struct rcx_parse_rules *rules,
                         const struct rcx_source_window *window, struct outcome *out)
{
    if (window->oversized.line)
        require(rcx_reject_list_add(&out->rejects, window->oversized.line, RCX_REJECT_TOO_LONG, -1,
                                    window->oversized.text));
    for (size_t c = 0; c < window->chunk_count; c++) {
        struct rcx_parse_counts counts = {0};
        require(rcx_row_parser_parse(parser, rules, &window->chunks[c], c, tools->pool, 0,
                                     &out->rows, &out->rejects, &counts, NULL) == RCX_OK);
        out->counts.accepted += counts.accepted;
        out->counts.headers += counts.headers;
    }
}

static struct outcome parse_all(const struct tools *tools, struct rcx_row_parser *parser,
                                size_t window_bytes, size_t chunk_bytes)
{
    const struct rcx_source_options options = {.window_bytes = window_bytes,
                                               .chunk_bytes = chunk_bytes,
                                               .max_record_bytes = tools->config.max_line_bytes};
    const struct rcx_parallel parallel = {1};
    struct outcome outcome = {0};
    struct rcx_mapping mapping = {0};
    struct rcx_source *source = NULL;
    struct rcx_parse_rules rules = {.config = &tools->config,
                                    .mapping = &mapping,
                                    .limits = {0, 1900, 2200},
                                    .keep_times = true};
    require(rcx_row_parser_reset(parser));
    outcome.status = rcx_source_open(tools->path, &options, &source, NULL);
    /* another format has another target; no columns, no rows */
    bool end = outcome.status != RCX_OK || !rcx_source_info(source)->delimiter ||
               !map_columns(rcx_source_info(source), &tools->config, &mapping);
    if (!end)
        rules.header = rcx_source_info(source)->header;
    while (!end) {
        struct rcx_source_window window = {0};
        rules.window++;
        outcome.status = rcx_source_next(source, &parallel, &window, NULL);
        end = outcome.status != RCX_OK || (window.chunk_count == 0 && window.oversized.line == 0);
        if (!end)
            parse_window(tools, parser, &rules, &window, &outcome);
    }
    rcx_source_close(source);
    return outcome;
}

/* The rows of receipts in their order; the blocks come the other way round. */
static struct rcx_row *spread(const struct rcx_receipts *list)
{
    struct rcx_row *rows = rcx_malloc_array(list->rows + 1, sizeof *rows);
    uint64_t end = list->rows;
    require(rows);
    for (struct rcx_block *block = list->receipts; block; block = block->next) {
        const struct rcx_receipt *receipts = rcx_block_receipts(block);
        for (uint64_t r = 0; r < block->used; r++)
            end -= receipts[r].lines;
        uint64_t at = end;
        for (uint64_t r = 0; r < block->used; r++) {
            const union rcx_receipt_line *line = receipts[r].first;
            for (uint32_t l = 0; l < receipts[r].lines; l++) {
                struct rcx_row *row = &rows[at++];
                *row = (struct rcx_row){.customer = receipts[r].customer,
                                        .time = receipts[r].time,
                                        .invoice = receipts[r].invoice,
                                        .country = receipts[r].country,
                                        .stock = line->narrow.stock,
                                        .description = line->narrow.description};
                line = rcx_receipt_line_read(line, &row->quantity, &row->unit_price);
            }
        }
    }
    require(end == 0);
    return rows;
}

static void compare_rows(const struct rcx_receipts *a, const struct rcx_receipts *b)
{
    require(a->rows == b->rows);
    struct rcx_row *one = spread(a), *other = spread(b);
    require(memcmp(one, other, a->rows * sizeof *one) == 0);
    rcx_free(one);
    rcx_free(other);
}

/* Positions of examples count chunks; everything in front of them is counts. */
static void compare_evidence(const struct rcx_evidence *a, const struct rcx_evidence *b)
{
    require(memcmp(a, b, offsetof(struct rcx_evidence, ambiguous_date)) == 0);
    require(strcmp(a->ambiguous_date.text, b->ambiguous_date.text) == 0);
    require(strcmp(a->ambiguous_number.text, b->ambiguous_number.text) == 0);
    require(strcmp(a->text_customer.text, b->text_customer.text) == 0);
}

/* Of what is too long the beginning is kept, and how much depends on the cut. */
static void compare_rejects(const struct rcx_reject_list *a, const struct rcx_reject_list *b)
{
    require(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct rcx_reject *one = &a->items[i], *other = &b->items[i];
        require(one->line == other->line && one->reason == other->reason &&
                one->column == other->column);
        require(one->reason == RCX_REJECT_TOO_LONG ||
                (one->text_length == other->text_length &&
                 memcmp(a->text.data + one->text_begin, b->text.data + other->text_begin,
                        one->text_length) == 0));
    }
}

static void release(const struct tools *tools, struct outcome *outcome)
{
    rcx_receipts_clear(&outcome->rows, tools->pool);
    rcx_reject_list_release(&outcome->rejects);
}

static void make_tools(struct tools *tools)
{
    const struct rcx_config_sources sources = {0};
    require(rcx_settings_load(&sources, &tools->settings, NULL) == RCX_OK);
    tools->config = rcx_settings_config(tools->settings)->ingest;
    tools->config.max_line_bytes = 512;
    tools->pool = rcx_block_pool_new();
    for (int i = 0; i < 2; i++)
        tools->parsers[i] = rcx_row_parser_new();
    require(tools->pool && tools->parsers[0] && tools->parsers[1]);
    tools->fd = memfd_create("csv", MFD_CLOEXEC);
    require(tools->fd >= 0);
    (void)snprintf(tools->path, sizeof tools->path, "/proc/self/fd/%d", tools->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tools tools;
    if (!tools.pool)
        make_tools(&tools);
    check_window(data, size);
    require(ftruncate(tools.fd, 0) == 0 && pwrite(tools.fd, data, size, 0) == (ssize_t)size);
    struct outcome whole = parse_all(&tools, tools.parsers[0], size + 1024, size + 1024);
    struct outcome cut = parse_all(&tools, tools.parsers[1], 1024, 64);
    require(whole.status == cut.status);
    if (whole.status == RCX_OK) {
        require(whole.counts.accepted == cut.counts.accepted &&
                whole.counts.headers == cut.counts.headers);
        compare_rows(&whole.rows, &cut.rows);
        compare_evidence(rcx_row_parser_evidence(tools.parsers[0]),
                         rcx_row_parser_evidence(tools.parsers[1]));
        compare_rejects(&whole.rejects, &cut.rejects);
    }
    release(&tools, &whole);
    release(&tools, &cut);
    return 0;
}
