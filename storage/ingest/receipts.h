#pragma once
/* Rows between the parser and the sort.
 *
 * Consecutive rows of a log mostly belong to one receipt: same customer, time, invoice and country.
 * These are kept once, and 16 bytes for each line, in place of 48 bytes for each row: a third of the
 * memory to fill, and a receipt is the unit that is converted, scattered and sorted. Rows in any
 * order are receipts of one line each, which costs 56 bytes a row.
 *
 * The values are those of provisional rows (row_parser.h) until row_convert.h makes them what is
 * stored. A line whose quantity or price does not fit 32 bits takes two places. */
#include <stdbool.h>
#include <stdint.h>

#include "storage/ingest/block_pool.h"
#include "storage/store/schema.h"

union rcx_receipt_line {
    struct {
        uint32_t stock, description;
        int32_t quantity; /* RCX_WIDE_LINE: `wide` follows and has both numbers */
        int32_t unit_price;
    } narrow;
    struct {
        int64_t quantity, unit_price;
    } wide;
};
#define RCX_WIDE_LINE INT32_MIN

struct rcx_receipt {
    int64_t customer;
    rcx_time time;
    union rcx_receipt_line *first; /* in a block; its lines follow each other */
    uint32_t invoice, country;
    uint32_t lines;
    uint32_t group : 31;  /* which translation of codes its rows need */
    uint32_t decoded : 1; /* has a text that was Windows-1252; known once converted */
};

enum {
    RCX_BLOCK_RECEIPTS = sizeof((struct rcx_block *)0)->bytes / sizeof(struct rcx_receipt),
    RCX_BLOCK_LINES = sizeof((struct rcx_block *)0)->bytes / sizeof(union rcx_receipt_line)
};

/* A growing list; {0} is empty. `used` of its blocks counts receipts and places of lines. */
struct rcx_receipts {
    struct rcx_block *receipts, *lines; /* the latest block first */
    struct rcx_receipt *open;           /* that the next row may belong to */
    uint64_t count, rows;
};

static inline struct rcx_receipt *rcx_block_receipts(struct rcx_block *block)
{
    return (struct rcx_receipt *)(void *)block->bytes;
}

static inline union rcx_receipt_line *rcx_block_lines(struct rcx_block *block)
{
    return (union rcx_receipt_line *)(void *)block->bytes;
}

/* Begins a receipt for the row, with room for it. false: out of memory */
bool rcx_receipts_begin(struct rcx_receipts *list, struct rcx_block_pool *pool, uint32_t group,
                        const struct rcx_row *row);
/* All of `from`, which is empty then, becomes part of `into`. */
void rcx_receipts_join(struct rcx_receipts *into, struct rcx_receipts *from);
/* Puts all blocks back into the pool; the list is empty then. */
void rcx_receipts_clear(struct rcx_receipts *list, struct rcx_block_pool *pool);

static inline bool rcx_receipts_narrow(int64_t quantity, int64_t unit_price)
{
    return quantity == (int32_t)quantity && quantity != RCX_WIDE_LINE &&
           unit_price == (int32_t)unit_price;
}

/* Appends a row. false: out of memory */
static inline bool rcx_receipts_add(struct rcx_receipts *list, struct rcx_block_pool *pool,
                                    uint32_t group, const struct rcx_row *row)
{
    bool narrow = rcx_receipts_narrow(row->quantity, row->unit_price);
    const struct rcx_receipt *open = list->open;
    if (!open || list->lines->used + 2 > RCX_BLOCK_LINES || open->customer != row->customer ||
        open->time != row->time || open->invoice != row->invoice || open->country != row->country ||
        open->group != group) {
        if (!rcx_receipts_begin(list, pool, group, row))
            return false;
    }
    union rcx_receipt_line *line = rcx_block_lines(list->lines) + list->lines->used;
    line->narrow.stock = row->stock;
    line->narrow.description = row->description;
    line->narrow.quantity = narrow ? (int32_t)row->quantity : RCX_WIDE_LINE;
    line->narrow.unit_price = (int32_t)row->unit_price;
    if (!narrow) {
        line[1].wide.quantity = row->quantity;
        line[1].wide.unit_price = row->unit_price;
    }
    list->lines->used += narrow ? 1 : 2;
    list->open->lines++;
    list->rows++;
    return true;
}

/* The numbers of a line; returns the line behind it. */
static inline const union rcx_receipt_line *
rcx_receipt_line_read(const union rcx_receipt_line *line, int64_t *quantity, int64_t *unit_price)
{
    bool narrow = line->narrow.quantity != RCX_WIDE_LINE;
    *quantity = narrow ? line->narrow.quantity : line[1].wide.quantity;
    *unit_price = narrow ? line->narrow.unit_price : line[1].wide.unit_price;
    return line + (narrow ? 1 : 2);
}
