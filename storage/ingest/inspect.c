#include "storage/ingest/inspect.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "storage/format/csv_record.h"
#include "storage/ingest/choices.h"
#include "storage/ingest/row_parser.h"
#include "storage/ingest/row_typed.h"

enum { WINDOW_BYTES = 16 << 20 };

struct looking {
    const struct rcx_cfg_ingest *config;
    const struct rcx_inspect_options *options;
    struct rcx_inspection *out;
    struct rcx_mapping mapping;
    struct rcx_row_parser *parser; /* NULL: columns are missing */
    struct rcx_block_pool *pool;
    struct rcx_reject_list rejects;
    uint64_t bytes, chunks, windows;
    struct rcx_buf scratch;
};

/* --- opening --------------------------------------------------------------------------------- */

static enum rcx_status open_input(struct looking *looking, struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    uint64_t sample = looking->options->sample_bytes;
    struct rcx_chosen_columns columns = {looking->config, looking->options->maps,
                                         looking->options->map_count};
    const struct rcx_source_options source_options = {
        .delimiter = rcx_chosen_delimiter(looking->config),
        .window_bytes = sample > 0 && sample < WINDOW_BYTES ? (size_t)sample : 0,
        .max_record_bytes = looking->config->max_line_bytes,
        .spool_directory = looking->options->temp_directory,
        .sheets = (const char *const *)looking->config->sheets.items,
        .sheet_count = looking->config->sheets.count,
        .usable = rcx_chosen_columns_found,
        .usable_context = &columns};
    enum rcx_status status = rcx_source_open(looking->options->path, &source_options, &out->source,
                                             err);
    if (status != RCX_OK)
        return status;
    out->info = rcx_source_info(out->source);
    out->file_bytes = rcx_source_size(out->source);
    out->columns = rcx_calloc(out->info->column_count, sizeof *out->columns);
    return out->columns ? RCX_OK : rcx_fail_nomem(err, looking->options->path, 0);
}

static enum rcx_status map_columns(struct looking *looking, struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    const struct rcx_inspect_options *options = looking->options;
    struct rcx_error problem = {0};
    for (size_t i = 0; i < out->info->column_count; i++)
        out->columns[i].field = RCX_NO_COLUMN;
    if (rcx_mapping_find(options->path, out->info, looking->config, options->maps,
                         options->map_count, &looking->mapping, &problem) != RCX_OK) {
        out->mapping_problem = rcx_strdup(problem.text);
        return out->mapping_problem ? RCX_OK : rcx_fail_nomem(err, options->path, 0);
    }
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        if (looking->mapping.column[f] >= 0)
            out->columns[looking->mapping.column[f]].field = f;
    looking->parser = rcx_row_parser_new();
    looking->pool = rcx_block_pool_new();
    return looking->parser && looking->pool ? RCX_OK : rcx_fail_nomem(err, options->path, 0);
}

/* --- rows ------------------------------------------------------------------------------------ */

static enum rcx_status keep_value(struct looking *looking, struct rcx_text text,
                                  struct rcx_error *err)
{
    struct rcx_buf *cells = &looking->out->cells;
    size_t nul = 0;
    while (nul < text.length && text.data[nul] != '\0')
        nul++;
    text.length = nul;
    if (!rcx_buf_reserve(cells, 3 * text.length + 1))
        return rcx_fail_nomem(err, looking->options->path, text.length);
    if (rcx_utf8_check(text.data, text.length) == text.length)
        rcx_buf_append(cells, text.data, text.length);
    else
        cells->length += rcx_cp1252_to_utf8(text.data, text.length,
                                            (char *)cells->data + cells->length);
    rcx_buf_append_byte(cells, 0);
    return RCX_OK;
}

static enum rcx_status keep_cell(struct looking *looking, struct rcx_text raw,
                                 struct rcx_error *err)
{
    struct rcx_buf *scratch = &looking->scratch;
    rcx_buf_clear(scratch);
    if (!rcx_buf_reserve(scratch, raw.length + 1))
        return rcx_fail_nomem(err, looking->options->path, raw.length);
    return keep_value(looking, rcx_csv_unquote(raw, (char *)scratch->data), err);
}

static struct rcx_text cell_of(const struct rcx_source_chunk *chunk, size_t first, size_t column,
                               size_t columns)
{
    struct rcx_text raw = rcx_chunk_field(chunk, first + column);
    if (column + 1 == columns && raw.length > 0 && raw.data[raw.length - 1] == '\r')
        raw.length--;
    return raw;
}

static enum rcx_status look_at_values(struct looking *looking, const struct rcx_source_chunk *chunk,
                                      struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    const struct rcx_source_typed *typed = chunk->typed;
    enum rcx_status status = RCX_OK;
    for (size_t r = 0; r < chunk->records && status == RCX_OK; r++) {
        bool keep = out->row_count < looking->options->first_rows;
        for (size_t c = 0; c < out->info->column_count && status == RCX_OK; c++) {
            char text[RCX_VALUE_TEXT_BYTES];
            int place = typed->places[c];
            struct rcx_text value = {"", 0};
            if (place >= 0)
                value = rcx_value_text(&typed->table->columns[place], chunk->first_row + r, text);
            out->columns[c].empty += value.length == 0;
            if (keep)
                status = keep_value(looking, value, err);
        }
        out->row_count += keep;
        out->records++;
    }
    return status;
}

/* Empty cells and the first rows; records of another number of fields are the parser's business. */
static enum rcx_status look_at_cells(struct looking *looking, const struct rcx_source_chunk *chunk,
                                     struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    size_t columns = out->info->column_count, first = 0;
    enum rcx_status status = RCX_OK;
    for (size_t r = 0; r < chunk->records && status == RCX_OK; r++) {
        size_t fields = chunk->record_ends[r] - first;
        bool blank = fields == 1 && cell_of(chunk, first, 0, 1).length == 0;
        bool keep = fields == columns && !blank && out->row_count < looking->options->first_rows;
        for (size_t c = 0; fields == columns && !blank && c < columns && status == RCX_OK; c++) {
            struct rcx_text raw = cell_of(chunk, first, c, columns);
            out->columns[c].empty += raw.length == 0;
            if (keep)
                status = keep_cell(looking, raw, err);
        }
        out->row_count += keep;
        out->records += !blank;
        first = chunk->record_ends[r];
    }
    return status;
}

static void look_at_bytes(struct looking *looking, const struct rcx_source_chunk *chunk)
{
    enum { VALUE_BYTES = 8 };
    struct rcx_inspection *out = looking->out;
    if (chunk->typed) { /* about as many as the values take */
        looking->bytes += chunk->records * out->info->column_count * VALUE_BYTES;
        return;
    }
    size_t end = chunk->records > 0
                     ? chunk->field_ends[chunk->record_ends[chunk->records - 1] - 1] + 1
                     : chunk->begin;
    looking->bytes += end - chunk->begin;
    out->cp1252 = out->cp1252 || rcx_utf8_check(chunk->bytes + chunk->begin, end - chunk->begin) !=
                                     end - chunk->begin;
}

static enum rcx_status look_at_chunk(struct looking *looking, const struct rcx_source_chunk *chunk,
                                     struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    const struct rcx_cfg_ingest *config = looking->config;
    enum rcx_status status = chunk->typed ? look_at_values(looking, chunk, err)
                                          : look_at_cells(looking, chunk, err);
    look_at_bytes(looking, chunk);
    if (status != RCX_OK || !looking->parser)
        return status;
    const struct rcx_parse_rules rules = {.config = config,
                                          .mapping = &looking->mapping,
                                          .header = out->info->header,
                                          .limits = {(int32_t)config->utc_offset,
                                                     (int32_t)config->min_year,
                                                     (int32_t)config->max_year},
                                          .window = looking->windows,
                                          .keep_times = true};
    struct rcx_parse_counts counts = {0};
    status = rcx_row_parser_parse(looking->parser, &rules, chunk, looking->chunks++, looking->pool,
                                  0, NULL, &looking->rejects, &counts, err);
    if (status != RCX_OK)
        return status;
    rcx_reject_counts_add(&out->rejects, looking->options->path, out->info->columns,
                          &looking->rejects);
    rcx_reject_list_clear(&looking->rejects);
    out->headers += counts.headers;
    out->records -= counts.headers;
    return RCX_OK;
}

static enum rcx_status look_at_rows(struct looking *looking, struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    uint64_t most = looking->options->sample_bytes;
    enum rcx_status status = RCX_OK;
    while (status == RCX_OK && !out->whole && (most == 0 || looking->bytes < most)) {
        struct rcx_source_window window = {0};
        looking->windows++;
        status = rcx_source_next(out->source, &looking->options->parallel, &window, err);
        out->whole = status == RCX_OK && window.chunk_count == 0 && window.oversized.line == 0;
        out->records += window.oversized.line != 0;
        looking->bytes += window.oversized.text.length;
        for (size_t c = 0; c < window.chunk_count && status == RCX_OK; c++)
            status = look_at_chunk(looking, &window.chunks[c], err);
    }
    return status;
}

/* --- the verdict ----------------------------------------------------------------------------- */

static enum rcx_status judge_rows(struct looking *looking, struct rcx_error *err)
{
    struct rcx_inspection *out = looking->out;
    const struct rcx_mapping *mapping = &looking->mapping;
    const struct rcx_verdict_given given = rcx_chosen_verdict(looking->config);
    const struct rcx_judge_names names = {.input = looking->options->path,
                                          .invoice_date = mapping->name[RCX_FIELD_INVOICE_DATE],
                                          .quantity = mapping->name[RCX_FIELD_QUANTITY],
                                          .unit_price = mapping->name[RCX_FIELD_UNIT_PRICE]};
    struct rcx_error problem = {0};
    out->evidence = *rcx_row_parser_evidence(looking->parser);
    if (out->evidence.customers[RCX_CUSTOMER_NUMBER] > 0)
        out->evidence.mixed_customers = out->evidence.customers[RCX_CUSTOMER_POINT_ZERO];
    enum rcx_status status = rcx_judge(
        looking->config, &given, &out->evidence, rcx_row_parser_times(looking->parser),
        &rcx_row_parser_texts(looking->parser)->fields[RCX_TEXT_INVOICE], &names, &out->verdict,
        &problem);
    if (status == RCX_OK)
        return RCX_OK;
    if (status != RCX_E_INPUT)
        return rcx_fail(err, status, "%s", problem.text);
    out->problem = rcx_strdup(problem.text);
    return out->problem ? RCX_OK : rcx_fail_nomem(err, looking->options->path, 0);
}

enum rcx_status rcx_inspect(const struct rcx_cfg_ingest *config,
                            const struct rcx_inspect_options *options, struct rcx_inspection *out,
                            struct rcx_error *err)
{
    *out = (struct rcx_inspection){0};
    struct looking looking = {.config = config, .options = options, .out = out};
    enum rcx_status status = open_input(&looking, err);
    if (status == RCX_OK)
        status = map_columns(&looking, err);
    if (status == RCX_OK)
        status = look_at_rows(&looking, err);
    if (status == RCX_OK && looking.parser)
        status = judge_rows(&looking, err);
    rcx_row_parser_release(looking.parser);
    rcx_block_pool_release(looking.pool);
    rcx_reject_list_release(&looking.rejects);
    rcx_buf_release(&looking.scratch);
    return status;
}

void rcx_inspection_release(struct rcx_inspection *inspection)
{
    rcx_source_close(inspection->source);
    rcx_free(inspection->columns);
    rcx_free(inspection->mapping_problem);
    rcx_free(inspection->problem);
    rcx_buf_release(&inspection->cells);
    *inspection = (struct rcx_inspection){0};
}
