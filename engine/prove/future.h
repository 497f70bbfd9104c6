#pragma once
/* Other futures of a store: none, and one made up at random. What was computed for a snapshot must
 * not notice.
 *
 * The random future has rows of known and new customers, new invoices, products, descriptions and
 * countries, copies of old rows, returns of old purchases, old invoice numbers that go on, absurd
 * prices and quantities, and rows that cleaning must drop; at moments from the cutoff's second on
 * to decades later. It holds at most a few dozen rows of a customer, fewer than what it replaces
 * where there is much of that. A row is a function of seed, cutoff, customer and its number, so
 * neither threads nor morsels enter. */
#include "base/parallel.h"
#include "storage/store/view.h"

/* Opens a view of `store` without the rows at or after `cutoff`. Close with rcx_store_close. */
enum rcx_status rcx_future_hide(const struct rcx_store *store, rcx_time cutoff,
                                const struct rcx_parallel *parallel, struct rcx_store **out,
                                struct rcx_error *err);

/* What made-up rows are drawn from; the caller's, and must outlive the view. */
struct rcx_poison {
    const struct rcx_store *store;
    uint64_t seed;
    rcx_time cutoff;
};

/* Opens a view of `store` with made-up rows in place of those at or after `cutoff`.
 *  poison  filled in; used whenever the view is read */
enum rcx_status rcx_future_poison(const struct rcx_store *store, rcx_time cutoff, uint64_t seed,
                                  const struct rcx_parallel *parallel, struct rcx_poison *poison,
                                  struct rcx_store **out, struct rcx_error *err);

/* The row source of the poisoned view (storage/store/view.h); `context` is a struct rcx_poison. */
rcx_view_function rcx_poison_rows;
