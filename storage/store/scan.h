#pragma once
/* Reading rows: morsels of whole customers, decoded into plain arrays.
 *
 * A *receipt* is a maximal run of rows with the same customer, time and invoice; customer, time and
 * invoice are stored and delivered once per receipt, the other columns once per row. Receipts are
 * in the store's order: customer, time, invoice (text order); rows within one by stock code,
 * quantity, price, description, country. A customer's rows of all segments are merged. An invoice
 * may be several receipts (its rows bear different times), so group by (customer, invoice) where it
 * matters.
 *
 * A morsel is a run of whole customers of about 65,536 rows, cut the same way for any number of
 * threads; one customer with more rows is one morsel. Guests (customer RCX_GUEST) come last, in
 * morsels of their own that hold only guests (a guest morsel may begin in the middle of the
 * guests). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store/store.h"

enum rcx_scan_column {
    /* receipts (customer, time, invoice, first_row) are always decoded */
    RCX_SCAN_STOCK = 1 << 0,
    RCX_SCAN_QUANTITY = 1 << 1,
    RCX_SCAN_PRICE = 1 << 2,
    RCX_SCAN_DESCRIPTION = 1 << 3,
    RCX_SCAN_COUNTRY = 1 << 4,
    RCX_SCAN_REPEATS = 1 << 5,
    RCX_SCAN_ALL = (1 << 6) - 1
};

struct rcx_batch {
    size_t receipts;
    size_t rows;
    bool guests;               /* all rows are guest rows */
    const int64_t *customer;   /* [receipts] non-decreasing in the store's customer order */
    const rcx_time *time;      /* [receipts] */
    const uint32_t *invoice;   /* [receipts] codes */
    const uint32_t *first_row; /* [receipts + 1], first_row[0] = 0 */
    const uint32_t *stock;     /* [rows] codes; NULL when not asked for, as the next */
    const int64_t *quantity;
    const int64_t *unit_price;
    const uint32_t *description; /* codes */
    const uint32_t *country;     /* codes */
    const uint32_t *repeats;     /* [repeat_count] rows equal to the row before in every column */
    size_t repeat_count;
    bool has_all_descriptions; /* no description is missing; false: not known */
};

struct rcx_scan;

/* `columns`: an or of enum rcx_scan_column. The store must outlive the scan. */
enum rcx_status rcx_scan_open(const struct rcx_store *store, unsigned columns,
                              struct rcx_scan **out, struct rcx_error *err);
void rcx_scan_close(struct rcx_scan *scan);
size_t rcx_scan_morsels(const struct rcx_scan *scan); /* customers first, then guests */
size_t
rcx_scan_customer_morsels(const struct rcx_scan *scan); /* the first so many hold customers */

/* Per-worker scratch: decoded columns live in it until the next read. */
struct rcx_scan_buffer;
struct rcx_scan_buffer *rcx_scan_buffer_new(void);
void rcx_scan_buffer_release(struct rcx_scan_buffer *buffer);

/* Decodes and checks morsel `morsel`. The arrays of `out` are borrowed from `buffer`.
 * Errors: RCX_E_CORRUPT naming file, column and chunk; RCX_E_NOMEM.
 * Threads: any number, each with its own buffer. */
enum rcx_status rcx_scan_read(const struct rcx_scan *scan, size_t morsel,
                              struct rcx_scan_buffer *buffer, struct rcx_batch *out,
                              struct rcx_error *err);

/* For late materialisation: decodes further columns of the morsel last read into the same batch. */
enum rcx_status rcx_scan_read_more(const struct rcx_scan *scan, unsigned columns,
                                   struct rcx_scan_buffer *buffer, struct rcx_batch *batch,
                                   struct rcx_error *err);
