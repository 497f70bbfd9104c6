/* Texts to codes: the dictionary, and what makes asking it rare. */
#include "storage/ingest/row_parse_state.h"

struct rcx_text rcx_parse_unquote(struct parse *parse, enum rcx_field field, struct rcx_text raw)
{
    struct rcx_buf *scratch = &parse->parser->scratch[field];
    rcx_buf_clear(scratch);
    if (!rcx_buf_reserve(scratch, raw.length + SHORT_BYTES)) {
        parse->no_memory = true;
        return (struct rcx_text){"", 0};
    }
    return rcx_csv_unquote(raw, (char *)scratch->data);
}

static uint32_t find_known(struct parse *parse, enum rcx_text_field field, struct rcx_text text)
{
    struct rcx_buf *decoded = &parse->parser->decoded;
    if (parse->rules->cp1252 && !rcx_text_is_ascii(text)) {
        rcx_buf_clear(decoded);
        if (!rcx_buf_reserve(decoded, 3 * text.length)) {
            parse->no_memory = true;
            return 0;
        }
        text.length = rcx_cp1252_to_utf8(text.data, text.length, (char *)decoded->data);
        text.data = (const char *)decoded->data;
    }
    return rcx_dictionary_find(&parse->rules->known->fields[field], text);
}

uint32_t rcx_parse_code(struct parse *parse, enum rcx_text_field field, struct rcx_text text)
{
    uint32_t code = parse->rules->known
                        ? find_known(parse, field, text)
                        : rcx_dictionary_intern(&parse->parser->texts.fields[field], text);
    if (code == RCX_NO_CODE) {
        parse->no_memory = true;
        code = 0;
    }
    return code;
}

static const struct rcx_dictionary *dictionary_of(const struct parse *parse,
                                                  enum rcx_text_field field)
{
    return parse->rules->known ? &parse->rules->known->fields[field]
                               : &parse->parser->texts.fields[field];
}

uint32_t rcx_parse_stock(struct parse *parse, struct rcx_text text)
{
    if (text.length == 0)
        return 0;
    if (text.length > SHORT_BYTES)
        return rcx_parse_code(parse, RCX_TEXT_STOCK, text);
    uint64_t bytes = load_short(text.data, text.length);
    uint64_t hash = bytes * UINT64_C(0x9E3779B97F4A7C15);
    struct short_slot *slot = &parse->parser->stocks[hash >> (64 - SHORT_BITS)];
    if (slot->bytes != bytes || slot->length != text.length + 1) {
        uint32_t code = rcx_parse_code(parse, RCX_TEXT_STOCK, text);
        *slot = (struct short_slot){bytes, (uint32_t)text.length + 1, code};
    }
    return slot->code;
}
static uint32_t *description_of(struct parse *parse, uint32_t stock)
{
    struct rcx_row_parser *parser = parse->parser;
    if (stock >= parser->description_count) {
        size_t count = (size_t)stock + 1;
        if (!rcx_array_reserve(&parser->descriptions, &parser->description_capacity, count,
                               sizeof *parser->descriptions)) {
            parse->no_memory = true;
            return NULL;
        }
        for (size_t i = parser->description_count; i < count; i++)
            parser->descriptions[i] = RCX_NO_CODE;
        parser->description_count = count;
    }
    return &parser->descriptions[stock];
}

uint32_t rcx_parse_description(struct parse *parse, uint32_t stock, struct rcx_text text)
{
    uint32_t *expected = description_of(parse, stock);
    if (!expected)
        return 0;
    const struct rcx_dictionary *dictionary = dictionary_of(parse, RCX_TEXT_DESCRIPTION);
    if (*expected != RCX_NO_CODE && !parse->rules->cp1252) {
        struct rcx_text held = rcx_dictionary_get(dictionary, *expected);
        if (held.length == text.length && memcmp(held.data, text.data, text.length) == 0)
            return *expected;
    }
    *expected = rcx_parse_code(parse, RCX_TEXT_DESCRIPTION, text);
    return *expected;
}
