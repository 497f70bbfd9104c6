#pragma once
/* A store as it would be had the future been another one.
 *
 * A view shows the rows of a base store before a moment `from`; of what came later it shows
 * nothing, or rows that a function makes up. It is a store to everything that reads one: scanned,
 * summarised and closed with the same functions. Nothing is written, and nothing is kept but the
 * dictionaries: each morsel is changed when it is read, so memory is that of a scan.
 *
 * For proofs and what-if questions. What stays is copied; with added rows all columns are decoded. */
#include "base/dictionary.h"
#include "base/parallel.h"
#include "storage/store/scan.h"

/* A growable list of rows; zero is a valid empty one. */
struct rcx_row_list {
    struct rcx_row *rows;
    size_t count, capacity;
};
bool rcx_row_list_add(struct rcx_row_list *list, const struct rcx_row *row); /* false: no memory */

/* Where rows are asked for: at one customer of the base, or at the guests of one morsel. */
struct rcx_view_place {
    const struct rcx_store *view;  /* for its dictionaries and ranks */
    const struct rcx_batch *batch; /* as the base has it; the row columns are NULL when a scan reads
                                      receipts alone */
    size_t first, end;             /* the customer's receipts */
    size_t gone;                   /* [first, gone) stay, [gone, end) are taken away */
    int64_t before; /* room for new customers: in the store's order (ids, or ranks of text ids)
                       after this customer and before this; INT64_MAX: no bound */
};

/* Adds rows to `out`, in any order, of this customer or new ones that fit in. Their times are not
 * before `from`; guests' times lie between those of the receipts taken away. Depends on the place
 * alone; which customers, times and how many rows there are must not depend on the row columns.
 * Threads: called by any number. Errors: RCX_E_NOMEM. */
typedef enum rcx_status rcx_view_function(void *context, const struct rcx_view_place *place,
                                          struct rcx_row_list *out, struct rcx_error *err);

struct rcx_store_view_options {
    rcx_time from;
    rcx_view_function *add; /* NULL: nothing comes in place of what is taken away */
    void *add_context;
    /* Texts of a field besides those of the base, or NULL; new ones get the codes after the base's.
     * Borrowed for the call. */
    const struct rcx_dictionary *texts[RCX_TEXT_FIELD_COUNT];
    struct rcx_parallel parallel; /* for counting what the view holds */
};

/* Opens a view; the summary (rows, customers, times) is that of what it shows, the digest that of
 * the base. Both the base and `add_context` must outlive it. Close with rcx_store_close.
 * Errors: of the scan and of `add`; RCX_E_NOMEM. */
enum rcx_status rcx_store_view_open(const struct rcx_store *base,
                                    const struct rcx_store_view_options *options,
                                    struct rcx_store **out, struct rcx_error *err);
