#pragma once
/* The vectorised structural scan of CSV: 64 bytes at a time into bit masks of quotes, delimiters
 * and line feeds; the parity of the quotes before a byte tells whether it is inside quotes; what
 * remains outside are the ends of fields and records. (Langdale, Lemire: "Parsing Gigabytes of JSON
 * per Second", VLDB Journal 2019, for the method.)
 *
 * A quote outside quotes that neither begins a field nor follows a closing quote is an ordinary
 * character: it is taken out of the mask and the parity computed again, so that the result is that
 * of csv_record.h for any bytes whatever, at the full speed for files that have none. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

struct rcx_csv_scan {
    const uint8_t *bytes; /* positions count from here */
    uint8_t delimiter;
    /* State between calls; zero with after_separator = 1 at the start of a record. */
    uint64_t inside;          /* all ones inside quotes, else 0 */
    uint64_t after_separator; /* 1: a quote at the next byte would open (or reopen) a quoted part */
    /* Output, appended to. */
    uint32_t *field_ends; /* positions of delimiters and line feeds outside quotes */
    size_t fields;
    uint32_t *record_ends; /* number of fields up to and including those of the record */
    size_t records;
    uint64_t line_feeds; /* all of them, inside quotes too */
    bool has_nul;
};

/* Room that field_ends must have beyond the bytes to scan, which are its most entries. */
enum { RCX_CSV_SCAN_SLACK = 64 };

/* Scans [begin, end). There must be room for end - begin + RCX_CSV_SCAN_SLACK more field ends and
 * for end - begin more record ends. Nothing outside [begin, end) is read. */
RCX_KERNEL_DECLARE(void, rcx_csv_scan_bytes, (struct rcx_csv_scan * scan, size_t begin, size_t end))
