#pragma once
/* Provisional rows (row_parser.h) into what is sorted and stored: the verdict is applied, texts
 * become ranks (positions in byte order), which sort as numbers. */
#include <stdint.h>

#include "storage/ingest/judge.h"
#include "storage/ingest/row_pool.h"
#include "storage/ingest/text_set.h"

struct rcx_row_convert {
    struct rcx_verdict verdict;
    unsigned price_places, quantity_places;
    /* One translation per group of blocks: local code -> rank. */
    const struct rcx_text_map *maps;
};

struct rcx_convert_counts {
    uint64_t rounded_prices; /* had more places than are kept */
    uint64_t decoded_rows;   /* have a text that was Windows-1252 */
};

/* In place. Adds to `counts`. Threads: any number, on different rows. */
void rcx_convert_rows(const struct rcx_row_convert *convert, uint32_t group, struct rcx_row *rows,
                      size_t count, struct rcx_convert_counts *counts);
