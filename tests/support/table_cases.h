#pragma once
/* Tables with known contents: every value is a function of (case, column, row) that test_parquet.py
 * computes again. */
#include <stdbool.h>

#include "base/table.h"

struct table_case {
    const char *name;
    size_t rows;
    bool (*fill)(struct rcx_table *table, size_t rows); /* false: out of memory */
};

extern const struct table_case table_cases[];
extern const size_t table_case_count;

/* SplitMix64 of (stream, row): the source of every value. */
uint64_t table_random(uint64_t stream, uint64_t row);
