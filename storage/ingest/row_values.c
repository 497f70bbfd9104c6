/* Values of one field: customer ids, dates, numbers. */
#include "storage/ingest/row_parse_state.h"

enum { MOST_CUSTOMER_DIGITS = 18 };

static bool is_missing_customer(const struct rcx_cfg_ingest *config, struct rcx_text text)
{
    if (text.length == 0)
        return true;
    for (size_t i = 0; i < config->missing_customers.count; i++)
        if (rcx_text_equal_nocase(text, config->missing_customers.items[i]))
            return true;
    return false;
}

/* Digits without leading zero, perhaps followed by ".0". */
static inline bool parse_customer_number(struct rcx_text text, int64_t *out,
                                         enum rcx_customer_class *out_class)
{
    size_t length = text.length;
    *out_class = RCX_CUSTOMER_NUMBER;
    if (length > 2 && text.data[length - 1] == '0' && text.data[length - 2] == '.') {
        *out_class = RCX_CUSTOMER_POINT_ZERO;
        length -= 2;
    }
    if (length == 0 || length > MOST_CUSTOMER_DIGITS || (text.data[0] == '0' && length > 1))
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool rcx_parse_customer_text(struct parse *parse, struct rcx_text text, int64_t *out,
                             struct trouble *trouble)
{
    const struct rcx_parse_rules *rules = parse->rules;
    text = rcx_text_trim(text);
    int64_t value = 0;
    enum rcx_customer_class class = RCX_CUSTOMER_TEXT;
    if (is_missing_customer(rules->config, text)) {
        *out = rcx_customer_pack(0, RCX_CUSTOMER_GUEST);
        return true;
    }
    if (!rules->customers_as_text && parse_customer_number(text, &value, &class)) {
        *out = rcx_customer_pack(value, class);
        return true;
    }
    if (rules->verdict && !rules->verdict->customer_is_text) {
        *trouble = (struct trouble){RCX_REJECT_TEXT_CUSTOMER, RCX_FIELD_CUSTOMER_ID};
        return false;
    }
    *out = rcx_customer_pack(rcx_parse_code(parse, RCX_TEXT_CUSTOMER, text), RCX_CUSTOMER_TEXT);
    return true;
}

bool rcx_parse_customer(struct parse *parse, struct rcx_text raw, int64_t *out,
                        struct trouble *trouble)
{
    return rcx_parse_customer_text(parse, field_text(parse, RCX_FIELD_CUSTOMER_ID, raw), out,
                                   trouble);
}

bool rcx_parse_date(struct parse *parse, struct rcx_text raw, rcx_raw_date *out,
                    rcx_reading_set *out_set, struct trouble *trouble)
{
    return rcx_parse_date_text(parse, field_text(parse, RCX_FIELD_INVOICE_DATE, raw), out, out_set,
                               trouble);
}

bool rcx_parse_date_text(struct parse *parse, struct rcx_text text, rcx_raw_date *out,
                         rcx_reading_set *out_set, struct trouble *trouble)
{
    trouble->field = RCX_FIELD_INVOICE_DATE;
    switch (rcx_raw_date_parse(text, &parse->rules->limits, out, out_set)) {
    case RCX_RAW_DATE_OK:
        break;
    case RCX_RAW_DATE_NONE:
        trouble->reason = RCX_REJECT_NO_SUCH_DAY;
        return false;
    case RCX_RAW_DATE_YEAR:
        trouble->reason = RCX_REJECT_YEAR;
        return false;
    case RCX_RAW_DATE_SYNTAX:
    default:
        trouble->reason = rcx_text_trim(text).length == 0 ? RCX_REJECT_EMPTY
                                                          : RCX_REJECT_NOT_A_DATE;
        return false;
    }
    if (parse->rules->verdict && !(*out_set & parse->rules->verdict->readings)) {
        trouble->reason = RCX_REJECT_DATE_FORMAT;
        return false;
    }
    return true;
}

/* Numbers of up to 14 digits fit any number of places. */
static inline bool is_small(rcx_raw_number number)
{
    return number >> 7 < INT64_C(1000000000) && number >> 7 > -INT64_C(1000000000);
}

static bool check_number(struct parse *parse, rcx_raw_number number, unsigned places, bool exact,
                         struct trouble *trouble)
{
    const struct rcx_verdict *verdict = parse->rules->verdict;
    for (const char *mark = ".,"; *mark; mark++) {
        if ((verdict && verdict->decimal_mark != *mark) || !rcx_raw_number_fits(number, *mark))
            continue;
        int64_t value = 0;
        enum rcx_number_conversion conversion = rcx_raw_number_value(number, *mark, places, &value);
        if (conversion == RCX_NUMBER_TOO_LARGE) {
            trouble->reason = RCX_REJECT_TOO_LARGE;
            return false;
        }
        enum rcx_number_class class = rcx_raw_number_class(number);
        bool open = class == RCX_NUMBER_POINT_OR_GROUP || class == RCX_NUMBER_COMMA_OR_GROUP;
        if (exact && conversion == RCX_NUMBER_ROUNDED) {
            if (open && !verdict) {
                parse->parser->evidence.broken_quantities[class]++;
                continue;
            }
            trouble->reason = RCX_REJECT_TOO_MANY_PLACES;
            return false;
        }
    }
    return true;
}

bool rcx_parse_number_value(struct parse *parse, rcx_raw_number number, enum rcx_field field,
                            struct trouble *trouble)
{
    const struct rcx_cfg_ingest *config = parse->rules->config;
    bool quantity = field == RCX_FIELD_QUANTITY;
    trouble->field = field;
    if (is_small(number) && (!quantity || rcx_raw_number_scale(number) == 0))
        return true;
    return check_number(parse, number,
                        (unsigned)(quantity ? config->quantity_decimals : config->price_decimals),
                        quantity, trouble);
}

bool rcx_parse_number(struct parse *parse, struct rcx_text raw, enum rcx_field field,
                      rcx_raw_number *out, struct trouble *trouble)
{
    return rcx_parse_number_text(parse, field_text(parse, field, raw), field, out, trouble);
}

bool rcx_parse_number_text(struct parse *parse, struct rcx_text text, enum rcx_field field,
                           rcx_raw_number *out, struct trouble *trouble)
{
    enum rcx_number_result result = rcx_raw_number_parse(text, out);
    if (result == RCX_NUMBER_OK) {
        enum rcx_number_class class = rcx_raw_number_class(*out);
        const struct rcx_verdict *verdict = parse->rules->verdict;
        bool quantity = field == RCX_FIELD_QUANTITY;
        if (class == RCX_NUMBER_PLAIN && is_small(*out))
            return true;
        if (class == RCX_NUMBER_POINT && is_small(*out) && !quantity &&
            (!verdict || verdict->decimal_mark == '.'))
            return true;
        trouble->field = field;
        if (verdict && !rcx_raw_number_fits(*out, verdict->decimal_mark)) {
            trouble->reason = RCX_REJECT_DECIMAL_MARK;
            return false;
        }
        const struct rcx_cfg_ingest *config = parse->rules->config;
        return check_number(
            parse, *out, (unsigned)(quantity ? config->quantity_decimals : config->price_decimals),
            quantity, trouble);
    }
    trouble->field = field;
    if (result == RCX_NUMBER_OVERFLOW)
        trouble->reason = RCX_REJECT_TOO_LARGE;
    else
        trouble->reason = rcx_text_trim(text).length == 0 ? RCX_REJECT_EMPTY
                                                          : RCX_REJECT_NOT_A_NUMBER;
    return false;
}
