#pragma once
/* Provisional rows (row_parser.h) into what is sorted and stored: the verdict is applied, texts
 * become ranks (positions in byte order), which sort as numbers. */
#include <stdint.h>

#include "storage/ingest/judge.h"
#include "storage/ingest/receipts.h"
#include "storage/ingest/text_set.h"

struct rcx_row_convert {
    struct rcx_verdict verdict;
    unsigned price_places, quantity_places;
    /* One translation per group of receipts: local code -> rank. */
    const struct rcx_text_map *maps;
};

struct rcx_convert_counts {
    uint64_t rounded_prices; /* had more places than are kept */
    uint64_t decoded_rows;   /* have a text that was Windows-1252 */
};

/* What the rows of a receipt share, in place. */
void rcx_convert_receipt(const struct rcx_row_convert *convert, struct rcx_receipt *receipt);
/* The rows of a receipt that has been converted into out[receipt->lines]. Adds to `counts`.
 * Threads: any number, on different rows. */
void rcx_convert_lines(const struct rcx_row_convert *convert, const struct rcx_receipt *receipt,
                       struct rcx_row *out, struct rcx_convert_counts *counts);
