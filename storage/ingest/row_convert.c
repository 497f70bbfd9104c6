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

static bool was_decoded(const struct rcx_text_map *map, const struct rcx_row *row)
{
    const uint8_t *invoice = map->decoded[RCX_TEXT_INVOICE];
    const uint8_t *stock = map->decoded[RCX_TEXT_STOCK];
    const uint8_t *description = map->decoded[RCX_TEXT_DESCRIPTION];
    const uint8_t *country = map->decoded[RCX_TEXT_COUNTRY];
    const uint8_t *customer = map->decoded[RCX_TEXT_CUSTOMER];
    return (invoice && invoice[row->invoice]) || (stock && stock[row->stock]) ||
           (description && description[row->description]) || (country && country[row->country]) ||
           (customer && rcx_customer_class(row->customer) == RCX_CUSTOMER_TEXT &&
            customer[rcx_customer_value(row->customer)]);
}

static bool decodes(const struct rcx_text_map *map)
{
    for (int f = 0; f < RCX_TEXT_FIELD_COUNT; f++)
        if (map->decoded[f])
            return true;
    return false;
}

void rcx_convert_rows(const struct rcx_row_convert *convert, uint32_t group, struct rcx_row *rows,
                      size_t count, struct rcx_convert_counts *counts)
{
    const struct rcx_text_map *map = &convert->maps[group];
    const char mark = convert->verdict.decimal_mark;
    bool counting = decodes(map);
    rcx_raw_date last_raw = UINT64_MAX;
    rcx_time last_time = 0;
    for (size_t i = 0; i < count; i++) {
        struct rcx_row *row = &rows[i];
        if (counting)
            counts->decoded_rows += was_decoded(map, row);
        row->customer = customer_of(map, row->customer);
        if ((rcx_raw_date)row->time != last_raw) {
            last_raw = (rcx_raw_date)row->time;
            last_time = rcx_raw_date_time(last_raw, convert->verdict.date_order);
        }
        row->time = last_time;
        /* The parser made sure that both fit. */
        rcx_raw_number_value(row->quantity, mark, convert->quantity_places, &row->quantity);
        counts->rounded_prices += rcx_raw_number_value(row->unit_price, mark, convert->price_places,
                                                       &row->unit_price) == RCX_NUMBER_ROUNDED;
        row->invoice = map->codes[RCX_TEXT_INVOICE][row->invoice];
        row->stock = map->codes[RCX_TEXT_STOCK][row->stock];
        row->description = map->codes[RCX_TEXT_DESCRIPTION][row->description];
        row->country = map->codes[RCX_TEXT_COUNTRY][row->country];
    }
}
