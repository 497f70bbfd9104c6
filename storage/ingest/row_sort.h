#pragma once
/* Sorting many rows with little memory: sample, scatter, sort, hand on.
 *
 * A sample of the receipts gives bounds on (customer, time) that cut them into parts whose rows fit
 * the cache; pointers to the receipts are scattered into the parts; then part after part is sorted,
 * its lines read from where the parser left them, and handed on in order. Equal bounds are possible
 * (a guest with many rows in one second), parts then differ in size but not in order. The order is
 * total, so the result does not depend on the number of threads or on the order of the rows. */
#include <stddef.h>

#include "base/parallel.h"
#include "storage/ingest/receipts.h"
#include "storage/ingest/row_convert.h"

/* Order of converted rows: customer, time, invoice, stock code, quantity, price, description,
 * country. */
int rcx_row_compare(const struct rcx_row *a, const struct rcx_row *b);

/* Takes sorted rows; those not consumed come again in front of the next ones. */
typedef enum rcx_status rcx_row_sink(void *context, struct rcx_row *rows, size_t count, bool last,
                                     size_t *out_consumed, struct rcx_error *err);

struct rcx_row_sort {
    struct rcx_block_pool *pool;
    const struct rcx_row_convert *convert;
    struct rcx_parallel parallel;
    size_t batch_rows; /* rows handed to the sink at once, about; 0: 2^18 */
    rcx_row_sink *sink;
    void *context;
};

/* Converts and sorts the rows of `receipts` (taken, also on failure).
 * Errors: of the sink, RCX_E_NOMEM. */
enum rcx_status rcx_row_sort_run(const struct rcx_row_sort *sort, struct rcx_receipts *receipts,
                                 struct rcx_convert_counts *counts, struct rcx_error *err);

/* Sorts the rows of `count` receipts, whose heads are converted, into `out`; converts their lines. */
struct rcx_part_sorter; /* scratch */
struct rcx_part_sorter *rcx_part_sorter_new(void);
void rcx_part_sorter_release(struct rcx_part_sorter *sorter);
bool rcx_part_sort(struct rcx_part_sorter *sorter, const struct rcx_row_convert *convert,
                   struct rcx_receipt *const *receipts, size_t count, struct rcx_row *out,
                   struct rcx_convert_counts *counts); /* false: out of memory */
