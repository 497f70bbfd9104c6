#pragma once
/* How many rows of each stock code are in a window: number of distinct codes and sum of squared
 * counts, kept up to date as rows enter and leave. One counter per code of the store. */
#include <stdint.h>

struct rcx_code_counts {
    uint32_t *count; /* [codes of the store], all zero between customers */
    int64_t distinct, squares;
};

static inline void rcx_codes_enter(struct rcx_code_counts *counts, const uint32_t *codes,
                                   uint32_t begin, uint32_t end)
{
    int64_t distinct = counts->distinct;
    int64_t squares = counts->squares;
    for (uint32_t i = begin; i < end; i++) {
        uint32_t before = counts->count[codes[i]]++;
        distinct += before == 0;
        squares += 2 * (int64_t)before + 1;
    }
    counts->distinct = distinct;
    counts->squares = squares;
}

static inline void rcx_codes_leave(struct rcx_code_counts *counts, const uint32_t *codes,
                                   uint32_t begin, uint32_t end)
{
    int64_t distinct = counts->distinct;
    int64_t squares = counts->squares;
    for (uint32_t i = begin; i < end; i++) {
        uint32_t after = --counts->count[codes[i]];
        distinct -= after == 0;
        squares -= 2 * (int64_t)after + 1;
    }
    counts->distinct = distinct;
    counts->squares = squares;
}

/* Forgets a window whose rows are known: only their counters are touched. */
static inline void rcx_codes_clear(struct rcx_code_counts *counts, const uint32_t *codes,
                                   uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        counts->count[codes[i]] = 0;
    counts->distinct = 0;
    counts->squares = 0;
}
