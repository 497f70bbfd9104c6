#pragma once
/* What becomes of a row that is accepted, for rows of text and of typed values alike: evidence is
 * counted, and the row gets its place. Part of the row parser, in a header because it is hot. Not for
 * others. */
#include "storage/ingest/row_parse_state.h"

/* Rows that share a date are counted together. */
static inline void flush_dates(struct rcx_row_parser *parser)
{
    parser->evidence.dates[parser->last_set] += parser->date_run;
    parser->date_run = 0;
}

static inline bool several_orders(rcx_reading_set set)
{
    return (set & (set - 1)) != 0;
}

/* Whether the orders of `set` make different times of `date`: 5/5/2010 is the same in all. */
static inline bool orders_differ(rcx_reading_set set, rcx_raw_date date)
{
    bool any = false, differ = false;
    rcx_time first = 0;
    for (unsigned reading = 0; reading < RCX_READINGS; reading++) {
        if (!(set >> reading & 1))
            continue;
        rcx_time time = rcx_raw_date_time(date, rcx_reading_order(reading));
        differ = differ || (any && time != first);
        first = any ? first : time;
        any = true;
    }
    return differ;
}

/* `text`: of the last date, trimmed. */
static inline void note_date(struct parse *parse, struct rcx_text text)
{
    struct rcx_row_parser *parser = parse->parser;
    if (several_orders(parser->last_set) && parser->evidence.ambiguous_date.position == 0 &&
        orders_differ(parser->last_set, parser->last_date)) {
        rcx_example_note(&parser->evidence.ambiguous_date, parse->position, text);
        parser->evidence.ambiguous_raw = parser->last_date;
    }
    parser->common &= parser->last_set;
    if (!several_orders(parser->common) && !parser->times.dropped) {
        rcx_invoice_times_release(&parser->times);
        parser->times.dropped = true;
    }
}

static inline void note_invoice(struct parse *parse, const struct rcx_row *row)
{
    struct rcx_row_parser *parser = parse->parser;
    if (parser->times.dropped || !parse->rules->keep_times)
        return;
    if (row->invoice == parser->timed_invoice && (rcx_raw_date)row->time == parser->timed_date)
        return;
    parser->timed_invoice = row->invoice;
    parser->timed_date = (rcx_raw_date)row->time;
    if (!rcx_invoice_times_note(&parser->times, row->invoice, parser->last_date, parser->last_set))
        parse->no_memory = true;
}

static inline void note_number(struct parse *parse, uint64_t counts[RCX_NUMBER_CLASSES],
                               rcx_raw_number number, struct rcx_text raw)
{
    enum rcx_number_class class = rcx_raw_number_class(number);
    counts[class]++;
    struct rcx_example *example = &parse->parser->evidence.ambiguous_number;
    if (class >= RCX_NUMBER_POINT_OR_GROUP && example->position == 0)
        rcx_example_note(example, parse->position, rcx_text_trim(raw));
}

/* The row gets its place, when rows are kept. */
static inline void keep_row(struct parse *parse, const struct rcx_row *row)
{
    if (parse->out && !rcx_receipts_add(parse->out, parse->pool, parse->group, row))
        parse->no_memory = true;
}

static inline void note_customer(struct parse *parse, int64_t customer, struct rcx_text raw)
{
    struct rcx_evidence *evidence = &parse->parser->evidence;
    enum rcx_customer_class class = rcx_customer_class(customer);
    evidence->customers[class]++;
    if (class == RCX_CUSTOMER_TEXT && evidence->text_customer.position == 0)
        rcx_example_note(&evidence->text_customer, parse->position, rcx_text_trim(raw));
}
