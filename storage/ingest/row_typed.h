#pragma once
/* Rows of typed chunks (Parquet): the counterpart of the row parser's records of text, for values
 * that are numbers, dates and codes already. What is left to judge is judged alike: text dates,
 * numbers in texts, customer ids that are no numbers.
 *
 *     dates           a date or timestamp is one time and takes no part in the judging of dates;
 *                     whole numbers and reals are read like their text (20110131, 40574.5)
 *     numbers         whole numbers, decimals and reals by their value, whatever the decimal mark
 *     customers       whole numbers from 0; reals that are whole (17850.0); all else as its text
 *     other texts     numbers as their text, whole reals without ".0"
 *
 * Texts come as codes of the window, and what a code means is looked up once (rcx_row_memory).
 * Declared in row_parse_state.h: rcx_parse_typed. Here: the text of any value. */
#include "base/table.h"

enum { RCX_VALUE_TEXT_BYTES = 64 };

/* What stands in a row of a column, as text; empty for null. `out` takes what is no text already. */
struct rcx_text rcx_value_text(const struct rcx_column *column, size_t row,
                               char out[RCX_VALUE_TEXT_BYTES]);
