#include "storage/ingest/row_convert.h"

#include "storage/ingest/row_parser.h"

static int64_t customer_of(const struct rcx_text_map *map, int64_t packed)
{
    int64_t value = rcx_customer_value(packed);
    switch (rcx_customer_class(packed)) {
    case RCX_CUSTOMER_TEXT:
        return map->codes[RCX_TEXT_CUSTOMER][value];
    case RCX_CUSTOMER_GUEST:
        return RCX_GUEST;
    case RCX_CUSTOMER_NUMBER:
    case RCX_CUSTOMER_POINT_ZERO:
    case RCX_CUSTOMER_CLASSES:
    default:
        return value;
    }
}

void rcx_convert_receipt(const struct rcx_row_convert *convert, struct rcx_receipt *receipt)
{
    const struct rcx_text_map *map = &convert->maps[receipt->group];
    const uint8_t *invoice = map->decoded[RCX_TEXT_INVOICE];
    const uint8_t *country = map->decoded[RCX_TEXT_COUNTRY];
    const uint8_t *customer = map->decoded[RCX_TEXT_CUSTOMER];
    receipt->decoded = (invoice && invoice[receipt->invoice]) ||
                       (country && country[receipt->country]) ||
                       (customer && rcx_customer_class(receipt->customer) == RCX_CUSTOMER_TEXT &&
                        customer[rcx_customer_value(receipt->customer)]);
    receipt->customer = customer_of(map, receipt->customer);
    receipt->time = rcx_raw_date_time((rcx_raw_date)receipt->time, convert->verdict.date_order);
    receipt->invoice = map->codes[RCX_TEXT_INVOICE][receipt->invoice];
    receipt->country = map->codes[RCX_TEXT_COUNTRY][receipt->country];
}

void rcx_convert_lines(const struct rcx_row_convert *convert, const struct rcx_receipt *receipt,
                       struct rcx_row *out, struct rcx_convert_counts *counts)
{
    const struct rcx_text_map *map = &convert->maps[receipt->group];
    const uint32_t *stocks = map->codes[RCX_TEXT_STOCK];
    const uint32_t *descriptions = map->codes[RCX_TEXT_DESCRIPTION];
    const uint8_t *stock = map->decoded[RCX_TEXT_STOCK];
    const uint8_t *description = map->decoded[RCX_TEXT_DESCRIPTION];
    const char mark = convert->verdict.decimal_mark;
    const union rcx_receipt_line *line = receipt->first;
    for (uint32_t i = 0; i < receipt->lines; i++) {
        uint32_t stock_code = line->narrow.stock, description_code = line->narrow.description;
        struct rcx_row *row = &out[i];
        int64_t quantity, unit_price;
        line = rcx_receipt_line_read(line, &quantity, &unit_price);
        row->customer = receipt->customer;
        row->time = receipt->time;
        /* The parser made sure that both fit. */
        rcx_raw_number_value(quantity, mark, convert->quantity_places, &row->quantity);
        counts->rounded_prices += rcx_raw_number_value(unit_price, mark, convert->price_places,
                                                       &row->unit_price) == RCX_NUMBER_ROUNDED;
        row->invoice = receipt->invoice;
        row->country = receipt->country;
        row->stock = stocks[stock_code];
        row->description = descriptions[description_code];
        counts->decoded_rows += receipt->decoded || (stock && stock[stock_code]) ||
                                (description && description[description_code]);
    }
}
