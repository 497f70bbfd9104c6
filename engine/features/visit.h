#pragma once
/* One visit to a customer: all rows in, its feature rows at all snapshots out.
 *
 * Standard definitions, every invoice within one day (nearly all customers): rows are summed once
 * into invoices; windows begin and end at days, so no invoice straddles a boundary and every window
 * is a difference of running sums (slide.c). Cost: O(rows + snapshots x features).
 * Otherwise (an invoice of several days, or the original definitions) each snapshot is computed
 * from the rows of its window (rescan.c), exactly the same definitions without the shortcut.
 *
 * Nothing here allocates; rcx_visit_reserve makes room for a morsel. */
#include "base/radix.h"
#include "engine/features/code_counts.h"
#include "engine/features/feature_row.h"
#include "storage/store/scan.h"

/* An invoice of one customer on one day, summed over its rows. */
struct rcx_invoice {
    rcx_day day;
    uint32_t number;                    /* code */
    int64_t revenue, items;             /* kept rows */
    int64_t label_revenue, label_items; /* rows that survive stage 2 */
    uint32_t rows;                      /* kept */
    uint32_t code_end; /* its product rows are codes[code_end of the one before .. code_end) */
};

/* Sums over the first i invoices. */
struct rcx_running {
    int64_t revenue, label_revenue;
    uint32_t rows, events, purchases, label_purchases;
};

/* Sums over the first i purchases, and the i-th. */
struct rcx_running_purchases {
    rcx_i128 revenue_squares, item_squares;
    int64_t revenue, items, gap_squares; /* gap i is between purchases i - 1 and i */
    rcx_day day;
    uint32_t code_begin;
};

/* A group of receipts in a window: one invoice (rescan). */
struct rcx_group {
    rcx_time time; /* of its earliest row */
    int64_t revenue, items;
    uint32_t first_item, end_item; /* its receipts in `items` */
};

/* Places of the label windows: the two of churn, that of the value, the further horizons. */
enum { RCX_LABEL_BOUNDARIES = 3 + RCX_MORE_HORIZONS };

/* Per worker; zero is a valid empty one. */
struct rcx_visit {
    size_t receipt_capacity, row_capacity, invoice_count;
    bool grouped; /* the invoices are those of the last customer, each within one day */
    struct rcx_invoice *invoices;            /* [receipts] */
    struct rcx_running *running;             /* [receipts + 1] */
    struct rcx_running_purchases *purchases; /* [receipts + 1] */
    uint32_t *codes;                         /* [rows] stock codes of the purchases */
    struct rcx_radix_item *items, *spare;    /* [receipts] */
    struct rcx_group *groups;                /* [receipts] */
    int32_t *gaps;                           /* [receipts] */
    size_t *at;                              /* [boundaries + RCX_LABEL_BOUNDARIES] */
    uint32_t *gap_counts;                    /* [observation days + 1], zero between uses */
    struct rcx_code_counts code_counts;
    struct rcx_snapshot_counts *counts; /* [snapshots] of all customers visited */
    uint64_t rescanned_customers;
};

/* Room for the morsels of a batch; the first call allocates what depends on the plan alone.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_visit_reserve(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                                  const struct rcx_batch *batch, struct rcx_error *err);
void rcx_visit_release(struct rcx_visit *visit);

/* Computes the feature rows of the customer with receipts [first, end).
 *  rule  marks of cleaning (engine/quality/clean_batch.h)
 *  out   room for plan->snapshot_count rows; by ascending snapshot
 * Returns how many rows there are. */
size_t rcx_visit_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                          size_t end, struct rcx_feature_row *out);

/* The two ways, called by rcx_visit_customer. */
bool rcx_group_invoices(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                        const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                        size_t end); /* false: an invoice has rows of several days */
size_t rcx_slide_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                          int64_t customer, struct rcx_feature_row *out);
size_t rcx_rescan_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                           const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                           size_t end, struct rcx_feature_row *out);
