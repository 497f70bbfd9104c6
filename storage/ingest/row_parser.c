#include "storage/ingest/row_accept.h"
#include "storage/ingest/row_typed.h"

struct rcx_row_parser *rcx_row_parser_new(void)
{
    struct rcx_row_parser *parser = rcx_calloc(1, sizeof *parser);
    if (parser && !rcx_row_parser_reset(parser)) {
        rcx_free(parser);
        return NULL;
    }
    return parser;
}

void rcx_row_parser_release(struct rcx_row_parser *parser)
{
    if (!parser)
        return;
    rcx_text_set_release(&parser->texts);
    rcx_invoice_times_release(&parser->times);
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        rcx_buf_release(&parser->scratch[f]);
    rcx_buf_release(&parser->decoded);
    rcx_row_memory_release(&parser->memory);
    rcx_free(parser->descriptions);
    rcx_free(parser);
}

bool rcx_row_parser_reset(struct rcx_row_parser *parser)
{
    rcx_text_set_release(&parser->texts);
    rcx_invoice_times_release(&parser->times);
    memset(&parser->evidence, 0, sizeof parser->evidence);
    memset(parser->stocks, 0, sizeof parser->stocks);
    parser->common = (1 << RCX_READINGS) - 1;
    parser->description_count = 0;
    return rcx_text_set_init(&parser->texts);
}

struct rcx_text_set *rcx_row_parser_texts(struct rcx_row_parser *parser)
{
    return &parser->texts;
}

const struct rcx_evidence *rcx_row_parser_evidence(const struct rcx_row_parser *parser)
{
    return &parser->evidence;
}

const struct rcx_invoice_times *rcx_row_parser_times(const struct rcx_row_parser *parser)
{
    return &parser->times;
}

/* The raw bytes of a mapped field, the line end's CR removed. */
static inline struct rcx_text raw_field(const struct rcx_parse_rules *rules,
                                        const struct rcx_source_chunk *chunk, size_t first_field,
                                        enum rcx_field field)
{
    int column = rules->mapping->column[field];
    if (column < 0)
        return (struct rcx_text){"        ", 0};
    struct rcx_text raw = rcx_chunk_field(chunk, first_field + (size_t)column);
    if ((size_t)column + 1 == rules->mapping->column_count && raw.length > 0 &&
        raw.data[raw.length - 1] == '\r')
        raw.length--;
    return raw;
}

/* A text that mostly equals the one of the row before. */
static inline uint32_t repeated_text(struct parse *parse, enum rcx_field field,
                                     enum rcx_text_field text_field, struct rcx_text raw)
{
    struct last_field *last = &parse->parser->last[field];
    if (!is_last(last, raw)) {
        last->code = rcx_parse_code(parse, text_field, field_text(parse, field, raw));
        last->raw = raw;
    }
    return last->code;
}

/* The fields of one record of the right number of them. */
struct raw_record {
    struct rcx_text field[RCX_FIELD_COUNT];
};

/* The fields that can be refused. Nothing is remembered before all of them are accepted. */
static inline bool parse_values(struct parse *parse, const struct raw_record *record,
                                struct rcx_row *row, rcx_reading_set *set, bool *out_new_date,
                                bool *out_new_customer, struct trouble *trouble)
{
    struct rcx_row_parser *parser = parse->parser;
    if (!rcx_parse_number(parse, record->field[RCX_FIELD_QUANTITY], RCX_FIELD_QUANTITY,
                          &row->quantity, trouble))
        return false;
    *out_new_date = !is_last(&parser->last[RCX_FIELD_INVOICE_DATE],
                             record->field[RCX_FIELD_INVOICE_DATE]);
    if (*out_new_date) {
        rcx_raw_date date = 0;
        if (!rcx_parse_date(parse, record->field[RCX_FIELD_INVOICE_DATE], &date, set, trouble))
            return false;
        row->time = (rcx_time)date;
    } else {
        row->time = (rcx_time)parser->last_date;
    }
    if (!rcx_parse_number(parse, record->field[RCX_FIELD_UNIT_PRICE], RCX_FIELD_UNIT_PRICE,
                          &row->unit_price, trouble))
        return false;
    *out_new_customer = !is_last(&parser->last[RCX_FIELD_CUSTOMER_ID],
                                 record->field[RCX_FIELD_CUSTOMER_ID]);
    row->customer = parser->last_customer;
    return !*out_new_customer ||
           rcx_parse_customer(parse, record->field[RCX_FIELD_CUSTOMER_ID], &row->customer, trouble);
}

/* Accepts the row: texts become codes, evidence is counted. */
static inline void accept(struct parse *parse, const struct raw_record *record, struct rcx_row *row,
                          rcx_reading_set set, bool new_date, bool new_customer)
{
    struct rcx_row_parser *parser = parse->parser;
    if (new_date) {
        flush_dates(parser);
        parser->last_date = (rcx_raw_date)row->time;
        parser->last_set = set;
        parser->last[RCX_FIELD_INVOICE_DATE].raw = record->field[RCX_FIELD_INVOICE_DATE];
        note_date(parse, rcx_text_trim(field_text(parse, RCX_FIELD_INVOICE_DATE,
                                                  record->field[RCX_FIELD_INVOICE_DATE])));
    }
    parser->date_run++;
    if (new_customer) {
        parser->last_customer = row->customer;
        parser->last[RCX_FIELD_CUSTOMER_ID].raw = record->field[RCX_FIELD_CUSTOMER_ID];
    }
    note_customer(parse, row->customer, record->field[RCX_FIELD_CUSTOMER_ID]);
    note_number(parse, parser->evidence.quantities, row->quantity,
                record->field[RCX_FIELD_QUANTITY]);
    note_number(parse, parser->evidence.prices, row->unit_price,
                record->field[RCX_FIELD_UNIT_PRICE]);
    row->invoice = repeated_text(parse, RCX_FIELD_INVOICE_NO, RCX_TEXT_INVOICE,
                                 record->field[RCX_FIELD_INVOICE_NO]);
    row->country = repeated_text(parse, RCX_FIELD_COUNTRY, RCX_TEXT_COUNTRY,
                                 record->field[RCX_FIELD_COUNTRY]);
    row->stock = rcx_parse_stock(
        parse, field_text(parse, RCX_FIELD_STOCK_CODE, record->field[RCX_FIELD_STOCK_CODE]));
    row->description = rcx_parse_description(
        parse, row->stock,
        field_text(parse, RCX_FIELD_DESCRIPTION, record->field[RCX_FIELD_DESCRIPTION]));
    note_invoice(parse, row);
    parser->evidence.rows++;
    parse->counts.accepted++;
}

/* The line on which a record begins. */
static uint64_t line_of(struct parse *parse, uint32_t begin)
{
    if (parse->chunk->record_lines)
        return parse->chunk->record_lines[parse->record];
    const char *bytes = (const char *)parse->chunk->bytes;
    for (uint32_t i = parse->counted; i < begin; i++)
        parse->line += bytes[i] == '\n';
    parse->counted = begin;
    return parse->line;
}

/* Whether the record is the header once more, perhaps behind a byte order mark. */
static bool is_header(const struct parse *parse, struct rcx_text raw)
{
    struct rcx_text header = parse->rules->header;
    if (raw.length == header.length + 3 && memcmp(raw.data, "\xEF\xBB\xBF", 3) == 0)
        raw = (struct rcx_text){raw.data + 3, raw.length - 3};
    return raw.length > 0 && rcx_text_equal(raw, header);
}

static void reject(struct parse *parse, uint32_t begin, uint32_t end, enum rcx_reject_reason reason,
                   int column)
{
    const char *bytes = (const char *)parse->chunk->bytes;
    if (end > begin && bytes[end - 1] == '\r')
        end--;
    struct rcx_text raw = {bytes + begin, end - begin};
    if (is_header(parse, raw)) {
        parse->counts.headers++;
        return;
    }
    if (!rcx_reject_list_add(parse->rejects, line_of(parse, begin), reason, column, raw))
        parse->no_memory = true;
}

static void parse_record(struct parse *parse, size_t first_field, uint32_t begin, uint32_t end)
{
    const struct rcx_parse_rules *rules = parse->rules;
    struct raw_record record;
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        record.field[f] = raw_field(rules, parse->chunk, first_field, (enum rcx_field)f);
    struct rcx_row row = {0};
    rcx_reading_set set = 0;
    bool new_date = false, new_customer = false;
    struct trouble trouble = {RCX_REJECT_EMPTY, RCX_FIELD_QUANTITY};
    if (!parse_values(parse, &record, &row, &set, &new_date, &new_customer, &trouble)) {
        reject(parse, begin, end, trouble.reason, rules->mapping->column[trouble.field]);
        return;
    }
    accept(parse, &record, &row, set, new_date, new_customer);
    keep_row(parse, &row);
}

/* Records that are not looked at further. Returns true when the record has been dealt with. */
static inline bool handle_malformed(struct parse *parse, size_t fields, uint32_t begin,
                                    uint32_t end)
{
    size_t columns = parse->rules->mapping->column_count;
    const uint8_t *bytes = parse->chunk->bytes;
    uint32_t length = end - begin;
    if (length > 0 && bytes[end - 1] == '\r')
        length--;
    if (fields == 1 && length == 0)
        return true; /* an empty line is nothing */
    if (length > parse->rules->config->max_line_bytes) {
        reject(parse, begin, end, RCX_REJECT_TOO_LONG, -1);
        return true;
    }
    if (parse->chunk->has_nul && memchr(bytes + begin, 0, length)) {
        reject(parse, begin, end, RCX_REJECT_NUL_BYTE, -1);
        return true;
    }
    if (fields != columns) {
        reject(parse, begin, end,
               fields < columns ? RCX_REJECT_TOO_FEW_FIELDS : RCX_REJECT_TOO_MANY_FIELDS, -1);
        return true;
    }
    return false;
}

static void begin_chunk(struct rcx_row_parser *parser)
{
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        parser->last[f].raw = (struct rcx_text){NULL, SIZE_MAX};
    parser->date_run = 0;
    parser->timed_invoice = RCX_NO_CODE;
}

enum rcx_status rcx_row_parser_parse(struct rcx_row_parser *parser,
                                     const struct rcx_parse_rules *rules,
                                     const struct rcx_source_chunk *chunk, uint64_t chunk_number,
                                     struct rcx_block_pool *pool, uint32_t group,
                                     struct rcx_receipts *out, struct rcx_reject_list *rejects,
                                     struct rcx_parse_counts *out_counts, struct rcx_error *err)
{
    struct parse parse = {.parser = parser,
                          .rules = rules,
                          .chunk = chunk,
                          .pool = pool,
                          .group = group,
                          .out = out,
                          .rejects = rejects,
                          .position = (chunk_number + 1) << 32,
                          .line = chunk->first_line,
                          .counted = chunk->begin};
    begin_chunk(parser);
    if (chunk->typed)
        rcx_parse_typed(&parse);
    uint32_t begin = chunk->begin;
    size_t first_field = 0;
    for (size_t r = 0; r < chunk->records && !chunk->typed && !parse.no_memory; r++) {
        size_t next_field = chunk->record_ends[r];
        uint32_t end = chunk->field_ends[next_field - 1];
        parse.record = r;
        if (!handle_malformed(&parse, next_field - first_field, begin, end))
            parse_record(&parse, first_field, begin, end);
        parse.position++;
        begin = end + 1;
        first_field = next_field;
    }
    flush_dates(parser);
    *out_counts = parse.counts;
    return parse.no_memory ? rcx_fail_nomem(err, "parsing rows", parse.counts.accepted) : RCX_OK;
}
