#pragma once
/* Rows of a sheet read both ways, by the scanner and by expat; for the unit test and the fuzzer. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sheet_pair {
    SHEET_PAIR_SAME,     /* both read it, and the same */
    SHEET_PAIR_LEFT,     /* the scanner leaves it to expat */
    SHEET_PAIR_REFUSED,  /* the scanner read what expat refuses */
    SHEET_PAIR_DIFFERENT /* other rows */
};

/* `rows` stands between <sheetData> and </sheetData>; *out_records: how many the scanner read. */
enum sheet_pair sheet_pair_read(const uint8_t *rows, size_t length, size_t *out_records);
