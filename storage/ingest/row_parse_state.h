#pragma once
/* What the files of the row parser share: row_parser.c (records), row_values.c (numbers, dates,
 * customers), row_texts.c (codes of texts). Not for others. */
#include <string.h>

#include "base/memory.h"
#include "storage/format/csv_record.h"
#include "storage/ingest/row_parser.h"

enum {
    SHORT_BYTES = 8, /* texts up to here have their own cache */
    SHORT_BITS = 13,
    SHORT_SLOTS = 1 << SHORT_BITS
};

/* Code of a short text, found by its bytes as a number: cheaper than hashing for stock codes. */
struct short_slot {
    uint64_t bytes;
    uint32_t length; /* + 1; 0: free */
    uint32_t code;
};

/* The bytes of a field in the last accepted row of the chunk, and what they meant. */
struct last_field {
    struct rcx_text raw; /* length SIZE_MAX: none */
    uint32_t code;
};

/* What the codes of the texts of a window mean, per field, as far as they were met; UNKNOWN_MEANING:
 * not yet. Texts: codes of the parser; customers: packed; dates: raw, with their readings. */
struct rcx_row_memory {
    uint64_t window; /* that it is of */
    struct rcx_meanings {
        uint64_t *values;
        size_t count, capacity;
    } fields[RCX_FIELD_COUNT];
    rcx_reading_set *readings;
    size_t reading_capacity;
};
#define UNKNOWN_MEANING UINT64_MAX

struct rcx_row_parser {
    struct rcx_text_set texts;
    struct rcx_evidence evidence;
    struct rcx_invoice_times times;
    rcx_reading_set common; /* readings that fit every row so far */
    struct short_slot stocks[SHORT_SLOTS];
    uint32_t *descriptions; /* of a stock code when it was last seen; RCX_NO_CODE: not yet */
    size_t description_count, description_capacity;
    struct rcx_buf scratch[RCX_FIELD_COUNT]; /* for fields with "" in them */
    struct rcx_buf decoded;
    /* Of the last accepted row of the chunk. */
    struct last_field last[RCX_FIELD_COUNT];
    int64_t last_customer;
    rcx_raw_date last_date;
    rcx_reading_set last_set;
    uint64_t date_run; /* rows with the last date that are not yet in the evidence */
    struct rcx_row_memory memory;
    uint32_t timed_invoice; /* the invoice and date last noted in `times` */
    rcx_raw_date timed_date;
};

/* One parse of a chunk. */
struct parse {
    struct rcx_row_parser *parser;
    const struct rcx_parse_rules *rules;
    const struct rcx_source_chunk *chunk;
    struct rcx_block_pool *pool;
    uint32_t group;
    struct rcx_receipts *out;
    struct rcx_reject_list *rejects;
    uint64_t position; /* of the row in the input, for examples */
    size_t record;     /* in the chunk */
    struct rcx_parse_counts counts;
    /* For line numbers of rejects: line `line` begins at or before `counted`. */
    uint64_t line;
    uint32_t counted;
    bool no_memory;
};

/* A field that could not be read. */
struct trouble {
    enum rcx_reject_reason reason;
    enum rcx_field field;
};

/* The buffers of a source are padded, so whole words may be read beyond the end of a field. */
static inline uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The first `length` (1..8) bytes as a number. */
static inline uint64_t load_short(const char *bytes, size_t length)
{
    return load_word(bytes) << (64 - 8 * length) >> (64 - 8 * length);
}

static inline bool same_bytes(const char *a, const char *b, size_t length)
{
    for (; length >= 8; length -= 8, a += 8, b += 8)
        if (load_word(a) != load_word(b))
            return false;
    return length == 0 || load_short(a, length) == load_short(b, length);
}

static inline bool is_last(const struct last_field *last, struct rcx_text raw)
{
    return last->raw.length == raw.length && same_bytes(last->raw.data, raw.data, raw.length);
}

/* row_texts.c */
struct rcx_text rcx_parse_unquote(struct parse *parse, enum rcx_field field, struct rcx_text raw);
/* The code of a text, interned or looked up. Out of memory: 0, and parse->no_memory. */
uint32_t rcx_parse_code(struct parse *parse, enum rcx_text_field field, struct rcx_text text);
uint32_t rcx_parse_stock(struct parse *parse, struct rcx_text text);
/* `stock` says what to expect. */
uint32_t rcx_parse_description(struct parse *parse, uint32_t stock, struct rcx_text text);

/* row_typed.c: all rows of a typed chunk. */
void rcx_parse_typed(struct parse *parse);
void rcx_row_memory_release(struct rcx_row_memory *memory);

/* row_values.c: each returns false, and what is wrong in `trouble`, for a value that is refused. */
bool rcx_parse_number(struct parse *parse, struct rcx_text raw, enum rcx_field field,
                      rcx_raw_number *out, struct trouble *trouble);
bool rcx_parse_date(struct parse *parse, struct rcx_text raw, rcx_raw_date *out,
                    rcx_reading_set *out_set, struct trouble *trouble);
bool rcx_parse_customer(struct parse *parse, struct rcx_text raw, int64_t *out,
                        struct trouble *trouble);
/* The same for texts that have no quotes around them. */
bool rcx_parse_number_text(struct parse *parse, struct rcx_text text, enum rcx_field field,
                           rcx_raw_number *out, struct trouble *trouble);
bool rcx_parse_date_text(struct parse *parse, struct rcx_text text, rcx_raw_date *out,
                         rcx_reading_set *out_set, struct trouble *trouble);
bool rcx_parse_customer_text(struct parse *parse, struct rcx_text text, int64_t *out,
                             struct trouble *trouble);
/* A number that is what it is, whatever the decimal mark (class PLAIN, perhaps with a scale). */
bool rcx_parse_number_value(struct parse *parse, rcx_raw_number number, enum rcx_field field,
                            struct trouble *trouble);

/* The text of a field: without its quotes. */
static inline struct rcx_text field_text(struct parse *parse, enum rcx_field field,
                                         struct rcx_text raw)
{
    if (raw.length == 0 || raw.data[0] != '"')
        return raw;
    return rcx_parse_unquote(parse, field, raw);
}
