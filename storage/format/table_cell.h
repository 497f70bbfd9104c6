#pragma once
/* What one cell of a text table says, and what a column of cells is: the kinds and how they join.
 *
 *     nothing  <  every other kind        int64  <  real        date  <  time        all  <  text
 *
 * Digits that a number would not give back are text: leading zeros (007, an id) and more than 18 of
 * them. A sign in front of digits alone is a number only when it is a minus (+49 123 is a phone). */
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum rcx_cell_kind {
    RCX_CELL_NOTHING,
    RCX_CELL_BOOL, /* true, false in either case */
    RCX_CELL_INT64,
    RCX_CELL_REAL, /* also nan, inf, infinity in either case */
    RCX_CELL_DATE, /* YYYY-MM-DD */
    RCX_CELL_TIME, /* a date, a space or T, HH:MM or HH:MM:SS, and zeros as fraction */
    RCX_CELL_TEXT,
    RCX_CELL_KIND_COUNT
};

/* The kind of one cell, white space around it ignored. *out_bits: the value as int64 (for a time in
 * seconds) or the bits of the double; not set for nothing and text. */
enum rcx_cell_kind rcx_cell_parse(struct rcx_text text, uint64_t *out_bits);

/* The narrowest kind that holds both. */
enum rcx_cell_kind rcx_cell_join(enum rcx_cell_kind a, enum rcx_cell_kind b);

/* Rewrites `count` values of kind `from` as values of `to`, which joins it (int64 to real, date to
 * time; anything else stays). */
void rcx_cell_widen(uint64_t *bits, size_t count, enum rcx_cell_kind from, enum rcx_cell_kind to);
