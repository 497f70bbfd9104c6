#include "storage/ingest/row_typed.h"

#include <math.h>

#include "base/decimal.h"
#include "storage/ingest/row_accept.h"

#define MOST_WHOLE_REAL 9007199254740992.0 /* 2^53: up to here reals hold every whole number */
enum { MOST_CENTS = 1 << 30 };
#define MOST_CUSTOMER INT64_C(999999999999999999) /* 18 digits */

/* The columns of a chunk by field; NULL: the file has none. */
struct typed {
    const struct rcx_column *columns[RCX_FIELD_COUNT];
    bool utc;   /* of the date */
    size_t row; /* of the table */
};

void rcx_row_memory_release(struct rcx_row_memory *memory)
{
    for (int f = 0; f < RCX_FIELD_COUNT; f++)
        rcx_free(memory->fields[f].values);
    rcx_free(memory->readings);
    *memory = (struct rcx_row_memory){0};
}

static inline bool is_null(const struct rcx_column *column, size_t row)
{
    if (!column)
        return true;
    if (column->type == RCX_TYPE_REAL)
        return isnan(column->reals[row]);
    return column->valid && !(column->valid[row / 8] >> row % 8 & 1);
}

static inline bool is_integer(const struct rcx_column *column)
{
    return column->type == RCX_TYPE_INT64 || column->type == RCX_TYPE_INT32 ||
           column->type == RCX_TYPE_INT8;
}

static inline int64_t integer_at(const struct rcx_column *column, size_t row)
{
    if (column->type == RCX_TYPE_INT8)
        return column->i8[row];
    return column->type == RCX_TYPE_INT32 ? column->i32[row] : column->i64[row];
}

/* --- as text ------------------------------------------------------------------------------- */

static size_t decimal_text(int64_t value, unsigned scale, char out[RCX_VALUE_TEXT_BYTES])
{
    for (; scale > 0 && value % 10 == 0; scale--)
        value /= 10;
    return rcx_format_decimal(value, scale, out);
}

static size_t real_text(double value, char out[RCX_VALUE_TEXT_BYTES])
{
    if (value == floor(value) && fabs(value) < MOST_WHOLE_REAL)
        return rcx_format_i64((int64_t)value, out);
    return rcx_format_real(value, out);
}

struct rcx_text rcx_value_text(const struct rcx_column *column, size_t row,
                               char out[RCX_VALUE_TEXT_BYTES])
{
    size_t length = 0;
    if (is_null(column, row))
        return (struct rcx_text){"", 0};
    switch (column->type) {
    case RCX_TYPE_TEXT:
        return rcx_strings_get(column->dictionary, column->codes[row]);
    case RCX_TYPE_BOOL:
        return rcx_text_of(column->booleans[row] ? "true" : "false");
    case RCX_TYPE_INT8:
    case RCX_TYPE_INT32:
    case RCX_TYPE_INT64:
        length = rcx_format_i64(integer_at(column, row), out);
        break;
    case RCX_TYPE_REAL:
        length = real_text(column->reals[row], out);
        break;
    case RCX_TYPE_DECIMAL:
        length = decimal_text(column->i64[row], column->scale, out);
        break;
    case RCX_TYPE_DATE:
        return rcx_text_of(rcx_format_day(column->i32[row], out));
    case RCX_TYPE_TIME:
        return rcx_text_of(rcx_format_time(column->i64[row], out));
    case RCX_TYPE_COUNT:
        break;
    }
    return (struct rcx_text){out, length};
}

/* --- numbers ------------------------------------------------------------------------------- */

/* A real by its shortest text. Two places, which prices have, are told without writing it: when
 * n / 100, rounded once, is the value, no shorter text than n hundredths reads back to it. */
static bool number_of_real(struct parse *parse, double value, enum rcx_field field,
                           rcx_raw_number *out, struct trouble *trouble)
{
    double cents = rint(value * 100);
    if (fabs(cents) < MOST_CENTS && cents / 100 == value &&
        rcx_raw_number_of((int64_t)cents, 2, out))
        return true;
    char text[RCX_VALUE_TEXT_BYTES];
    size_t length = rcx_format_real(value, text);
    if (!rcx_parse_number_text(parse, (struct rcx_text){text, length}, field, out, trouble) &&
        trouble->reason != RCX_REJECT_DECIMAL_MARK && trouble->reason != RCX_REJECT_TOO_MANY_PLACES)
        return false;
    return rcx_raw_number_parse((struct rcx_text){text, length}, out) == RCX_NUMBER_OK;
}

static bool parse_number(struct parse *parse, const struct typed *typed, enum rcx_field field,
                         rcx_raw_number *out, struct trouble *trouble)
{
    const struct rcx_column *column = typed->columns[field];
    char text[RCX_VALUE_TEXT_BYTES];
    *trouble = (struct trouble){RCX_REJECT_EMPTY, field};
    if (is_null(column, typed->row))
        return false;
    bool fits = true;
    if (is_integer(column))
        fits = rcx_raw_number_of(integer_at(column, typed->row), 0, out);
    else if (column->type == RCX_TYPE_DECIMAL)
        fits = rcx_raw_number_of(column->i64[typed->row], column->scale, out);
    else if (column->type != RCX_TYPE_REAL)
        return rcx_parse_number_text(parse, rcx_value_text(column, typed->row, text), field, out,
                                     trouble);
    else if (!number_of_real(parse, column->reals[typed->row], field, out, trouble))
        return false;
    *out = rcx_raw_number_settle(*out);
    if (!fits) {
        trouble->reason = RCX_REJECT_TOO_LARGE;
        return false;
    }
    return rcx_parse_number_value(parse, *out, field, trouble);
}

/* --- meanings of codes --------------------------------------------------------------------- */

/* Where the meaning of a text's code is kept. NULL: out of memory. */
static uint64_t *meaning_of(struct parse *parse, enum rcx_field field, uint32_t code)
{
    return &parse->parser->memory.fields[field].values[code];
}

static bool begin_meanings(struct rcx_row_memory *memory, const struct typed *typed)
{
    for (int f = 0; f < RCX_FIELD_COUNT; f++) {
        struct rcx_meanings *field = &memory->fields[f];
        const struct rcx_column *column = typed->columns[f];
        if (!column || column->type != RCX_TYPE_TEXT)
            continue;
        size_t count = column->dictionary->count;
        if (!rcx_array_reserve(&field->values, &field->capacity, count, sizeof *field->values))
            return false;
        if (f == RCX_FIELD_INVOICE_DATE &&
            !rcx_array_reserve(&memory->readings, &memory->reading_capacity, count,
                               sizeof *memory->readings))
            return false;
        field->count = count;
        for (size_t i = 0; i < count; i++)
            field->values[i] = UNKNOWN_MEANING;
    }
    return true;
}

/* --- dates and customers ------------------------------------------------------------------- */

static bool known_date(struct parse *parse, const struct typed *typed, rcx_raw_date *out,
                       struct trouble *trouble)
{
    const struct rcx_column *column = typed->columns[RCX_FIELD_INVOICE_DATE];
    const struct rcx_date_limits *limits = &parse->rules->limits;
    rcx_time time = column->type == RCX_TYPE_DATE
                        ? (rcx_time)column->i32[typed->row] * RCX_DAY_SECONDS
                        : column->i64[typed->row];
    if (typed->utc && column->type == RCX_TYPE_TIME &&
        __builtin_add_overflow(time, limits->utc_offset_seconds, &time))
        time = INT64_MAX;
    if (rcx_raw_date_of(time, limits, out))
        return true;
    trouble->reason = RCX_REJECT_YEAR;
    return false;
}

/* *out_set 0: the date is known. */
static bool parse_date(struct parse *parse, const struct typed *typed, rcx_raw_date *out,
                       rcx_reading_set *out_set, struct trouble *trouble)
{
    const struct rcx_column *column = typed->columns[RCX_FIELD_INVOICE_DATE];
    char text[RCX_VALUE_TEXT_BYTES];
    *trouble = (struct trouble){RCX_REJECT_EMPTY, RCX_FIELD_INVOICE_DATE};
    *out_set = 0;
    if (is_null(column, typed->row))
        return false;
    if (column->type == RCX_TYPE_DATE || column->type == RCX_TYPE_TIME)
        return known_date(parse, typed, out, trouble);
    if (column->type != RCX_TYPE_TEXT)
        return rcx_parse_date_text(parse, rcx_value_text(column, typed->row, text), out, out_set,
                                   trouble);
    uint32_t code = column->codes[typed->row];
    uint64_t *meaning = meaning_of(parse, RCX_FIELD_INVOICE_DATE, code);
    rcx_reading_set *readings = &parse->parser->memory.readings[code];
    if (*meaning == UNKNOWN_MEANING) {
        if (!rcx_parse_date_text(parse, rcx_strings_get(column->dictionary, code), out, out_set,
                                 trouble))
            return false;
        *meaning = *out;
        *readings = *out_set;
    }
    *out = *meaning;
    *out_set = *readings;
    return true;
}

static bool parse_customer(struct parse *parse, const struct typed *typed, int64_t *out,
                           struct trouble *trouble)
{
    const struct rcx_column *column = typed->columns[RCX_FIELD_CUSTOMER_ID];
    bool as_text = parse->rules->customers_as_text;
    char text[RCX_VALUE_TEXT_BYTES];
    if (!is_null(column, typed->row) && column->type == RCX_TYPE_TEXT) {
        uint32_t code = column->codes[typed->row];
        uint64_t *meaning = meaning_of(parse, RCX_FIELD_CUSTOMER_ID, code);
        if (*meaning == UNKNOWN_MEANING) {
            if (!rcx_parse_customer_text(parse, rcx_strings_get(column->dictionary, code), out,
                                         trouble))
                return false;
            *meaning = (uint64_t)*out;
        }
        *out = (int64_t)*meaning;
        return true;
    }
    if (!is_null(column, typed->row) && is_integer(column) && !as_text) {
        int64_t value = integer_at(column, typed->row);
        *out = rcx_customer_pack(value, RCX_CUSTOMER_NUMBER);
        if (value >= 0 && value <= MOST_CUSTOMER)
            return true;
    }
    if (column && column->type == RCX_TYPE_REAL && !as_text) {
        double value = column->reals[typed->row];
        if (value >= 0 && value < MOST_WHOLE_REAL && value == floor(value)) {
            *out = rcx_customer_pack((int64_t)value, RCX_CUSTOMER_POINT_ZERO);
            return true;
        }
    }
    struct rcx_text value = column ? rcx_value_text(column, typed->row, text)
                                   : (struct rcx_text){"", 0};
    return rcx_parse_customer_text(parse, value, out, trouble);
}

/* --- other texts --------------------------------------------------------------------------- */

static uint32_t parse_text(struct parse *parse, const struct typed *typed, enum rcx_field field,
                           enum rcx_text_field text_field)
{
    const struct rcx_column *column = typed->columns[field];
    char text[RCX_VALUE_TEXT_BYTES];
    if (is_null(column, typed->row))
        return 0;
    if (column->type != RCX_TYPE_TEXT)
        return rcx_parse_code(parse, text_field, rcx_value_text(column, typed->row, text));
    uint32_t code = column->codes[typed->row];
    uint64_t *meaning = meaning_of(parse, field, code);
    if (*meaning == UNKNOWN_MEANING)
        *meaning = rcx_parse_code(parse, text_field, rcx_strings_get(column->dictionary, code));
    return (uint32_t)*meaning;
}

/* --- rows ---------------------------------------------------------------------------------- */

/* The values that the row has, with commas between them. */
static void reject(struct parse *parse, const struct typed *typed, const struct trouble *trouble)
{
    struct rcx_buf *raw = &parse->parser->decoded;
    char text[RCX_VALUE_TEXT_BYTES];
    rcx_buf_clear(raw);
    for (int f = 0; f < RCX_FIELD_COUNT; f++) {
        struct rcx_text value = typed->columns[f]
                                    ? rcx_value_text(typed->columns[f], typed->row, text)
                                    : (struct rcx_text){"", 0};
        if (f > 0)
            rcx_buf_append_byte(raw, ',');
        if (value.length > 0)
            rcx_buf_append(raw, value.data, value.length);
    }
    uint64_t line = parse->chunk->first_line + (typed->row - parse->chunk->first_row);
    struct rcx_text record = {(const char *)raw->data, raw->length};
    if (raw->failed || !rcx_reject_list_add(parse->rejects, line, trouble->reason,
                                            parse->rules->mapping->column[trouble->field], record))
        parse->no_memory = true;
}

static void note_typed_date(struct parse *parse, const struct typed *typed, rcx_raw_date date,
                            rcx_reading_set set)
{
    struct rcx_row_parser *parser = parse->parser;
    if (set == 0) {
        parser->evidence.known_dates++;
        return;
    }
    if (date != parser->last_date || set != parser->last_set || parser->date_run == 0) {
        char text[RCX_VALUE_TEXT_BYTES];
        flush_dates(parser);
        parser->last_date = date;
        parser->last_set = set;
        note_date(parse, rcx_text_trim(rcx_value_text(typed->columns[RCX_FIELD_INVOICE_DATE],
                                                      typed->row, text)));
    }
    parser->date_run++;
}

static void accept_typed(struct parse *parse, const struct typed *typed, struct rcx_row *row,
                         rcx_reading_set set)
{
    struct rcx_evidence *evidence = &parse->parser->evidence;
    char text[RCX_VALUE_TEXT_BYTES];
    note_typed_date(parse, typed, (rcx_raw_date)row->time, set);
    bool is_text = rcx_customer_class(row->customer) == RCX_CUSTOMER_TEXT;
    note_customer(parse, row->customer,
                  is_text ? rcx_value_text(typed->columns[RCX_FIELD_CUSTOMER_ID], typed->row, text)
                          : (struct rcx_text){"", 0});
    evidence->quantities[rcx_raw_number_class(row->quantity)]++;
    evidence->prices[rcx_raw_number_class(row->unit_price)]++;
    row->invoice = parse_text(parse, typed, RCX_FIELD_INVOICE_NO, RCX_TEXT_INVOICE);
    row->country = parse_text(parse, typed, RCX_FIELD_COUNTRY, RCX_TEXT_COUNTRY);
    row->stock = parse_text(parse, typed, RCX_FIELD_STOCK_CODE, RCX_TEXT_STOCK);
    row->description = parse_text(parse, typed, RCX_FIELD_DESCRIPTION, RCX_TEXT_DESCRIPTION);
    if (set != 0)
        note_invoice(parse, row);
    evidence->rows++;
    parse->counts.accepted++;
}

static void parse_row(struct parse *parse, const struct typed *typed)
{
    struct rcx_row row = {0};
    rcx_reading_set set = 0;
    rcx_raw_date date = 0;
    struct trouble trouble = {RCX_REJECT_EMPTY, RCX_FIELD_QUANTITY};
    bool ok = parse_number(parse, typed, RCX_FIELD_QUANTITY, &row.quantity, &trouble) &&
              parse_date(parse, typed, &date, &set, &trouble) &&
              parse_number(parse, typed, RCX_FIELD_UNIT_PRICE, &row.unit_price, &trouble) &&
              parse_customer(parse, typed, &row.customer, &trouble);
    if (!ok) {
        reject(parse, typed, &trouble);
        return;
    }
    row.time = (rcx_time)date;
    accept_typed(parse, typed, &row, set);
    keep_row(parse, &row);
}

void rcx_parse_typed(struct parse *parse)
{
    const struct rcx_source_typed *source = parse->chunk->typed;
    const struct rcx_mapping *mapping = parse->rules->mapping;
    struct rcx_row_memory *memory = &parse->parser->memory;
    struct typed typed = {.utc = mapping->utc_dates};
    for (int f = 0; f < RCX_FIELD_COUNT; f++) {
        int column = mapping->column[f];
        if (column >= 0 && source->places[column] >= 0)
            typed.columns[f] = &source->table->columns[source->places[column]];
    }
    if (memory->window != parse->rules->window) {
        memory->window = parse->rules->window;
        if (!begin_meanings(memory, &typed)) {
            memory->window = 0;
            parse->no_memory = true;
            return;
        }
    }
    for (size_t r = 0; r < parse->chunk->records && !parse->no_memory; r++) {
        typed.row = parse->chunk->first_row + r;
        parse_row(parse, &typed);
        parse->position++;
    }
}
