#pragma once
/* CSV one byte at a time: the rules in their plainest form. Used for headers, for guesses, for what
 * is rare; the vectorised scan (csv_kernels.h) gives the same answers for the rest.
 *
 * RFC 4180 as found in the wild: a field that begins with a quote runs to the closing quote, with
 * "" for one quote; what follows the closing quote is taken as it is up to the separator; a quote
 * anywhere else is an ordinary character. Records end with LF or CR LF. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum rcx_csv_state {
    RCX_CSV_FIELD_START,
    RCX_CSV_PLAIN,       /* in a field, outside quotes */
    RCX_CSV_QUOTED,      /* inside quotes */
    RCX_CSV_QUOTE_CLOSED /* just after a quote that may be the first half of "" */
};

/* Walks [begin, end) in `*state` (FIELD_START at the start of a record) up to the line feed that
 * ends the record. Returns the position behind it, or SIZE_MAX (and the state reached) when there
 * is none. *fields, when not NULL, counts the separators passed, the line feed included. */
size_t rcx_csv_record_end(const uint8_t *bytes, size_t begin, size_t end, uint8_t delimiter,
                          enum rcx_csv_state *state, size_t *fields);

/* The text of a field given its bytes in the file: as they are, or without the quotes. Needs
 * `scratch` of at least raw.length bytes only when there is something to unescape. */
struct rcx_text rcx_csv_unquote(struct rcx_text raw, char *scratch);
