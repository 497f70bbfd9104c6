#pragma once
/* From the fields of a chunk to rows: the hot loop of ingest.
 *
 * Real transactions repeat themselves: invoice, date, customer and country are those of the row
 * before, and the description is the one its stock code had last time. Each of these is checked with
 * one comparison of bytes before anything is parsed or hashed.
 *
 * A parsed row is a struct rcx_row in provisional form, until everything is known about the columns:
 *     customer     packed by rcx_customer_pack: number, text code or guest
 *     time         rcx_raw_date
 *     quantity     rcx_raw_number, as is unit_price
 *     texts        codes of the parser's own dictionaries, or of `known` ones
 *
 * Threads: one parser per worker. */
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "storage/format/source.h"
#include "storage/ingest/judge.h"
#include "storage/ingest/mapping.h"
#include "storage/ingest/receipts.h"
#include "storage/ingest/rejects.h"
#include "storage/ingest/text_set.h"

static inline int64_t rcx_customer_pack(int64_t value, enum rcx_customer_class class)
{
    return (int64_t)((uint64_t)value << 2) | (int64_t) class;
}
static inline enum rcx_customer_class rcx_customer_class(int64_t packed)
{
    return (enum rcx_customer_class)(packed & 3);
}
static inline int64_t rcx_customer_value(int64_t packed)
{
    return packed >> 2;
}

/* What all parsers of a pass over an input share; borrowed. */
struct rcx_parse_rules {
    const struct rcx_cfg_ingest *config;
    const struct rcx_mapping *mapping;
    struct rcx_text header; /* a record of these bytes is no row: parts put together repeat it */
    struct rcx_date_limits limits;
    const struct rcx_verdict
        *verdict; /* NULL: not known yet; rows that contradict it are rejected */
    const struct rcx_text_set *known; /* NULL: texts are interned; else they are looked up here */
    uint64_t window;                  /* a number of its own for each window; not 0 */
    bool cp1252;                      /* with `known`: how the input is encoded */
    bool customers_as_text;           /* customer ids are text, also those that are numbers */
    bool keep_times;                  /* keep invoice times, the date order is being judged */
};

struct rcx_row_parser;
struct rcx_row_parser *rcx_row_parser_new(void); /* NULL: out of memory */
void rcx_row_parser_release(struct rcx_row_parser *parser);
/* Empty dictionaries and evidence, for a new input. false: out of memory */
bool rcx_row_parser_reset(struct rcx_row_parser *parser);

struct rcx_parse_counts {
    uint64_t accepted;
    uint64_t headers; /* repeated ones, left out */
};

/* Parses the chunk; `chunk_number` is its place in the input (for examples). Accepted rows are
 * appended to `out` (NULL: dropped) as receipts of group `group`, rejected ones to `rejects`.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_row_parser_parse(struct rcx_row_parser *parser,
                                     const struct rcx_parse_rules *rules,
                                     const struct rcx_source_chunk *chunk, uint64_t chunk_number,
                                     struct rcx_block_pool *pool, uint32_t group,
                                     struct rcx_receipts *out, struct rcx_reject_list *rejects,
                                     struct rcx_parse_counts *out_counts, struct rcx_error *err);

struct rcx_text_set *rcx_row_parser_texts(struct rcx_row_parser *parser);
const struct rcx_evidence *rcx_row_parser_evidence(const struct rcx_row_parser *parser);
const struct rcx_invoice_times *rcx_row_parser_times(const struct rcx_row_parser *parser);
