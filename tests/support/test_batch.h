#pragma once
/* Morsels made in memory, so that kernels are tested without a store: rows in any order become the
 * receipts and columns that a scan would deliver. Code k of a field is also its place in the order. */
#include "config/settings.h"
#include "engine/quality/clean_plan.h"
#include "storage/store/scan.h"
#include "tests/support/check.h"

struct rcx_test_batch {
    struct rcx_batch batch;
    struct rcx_row *rows; /* sorted, owned; the columns below are owned, too */
    int64_t *customer, *time_of, *quantity, *price;
    uint32_t *invoice, *first_row, *stock, *description, *country, *repeats;
};

/* Sorts `rows` (copied) in the store's order. Fails the test when memory runs out. */
void rcx_test_batch_make(const struct rcx_row *rows, size_t count, struct rcx_test_batch *out);
void rcx_test_batch_release(struct rcx_test_batch *batch);

/* Dictionaries of `count` texts, "" for code 0: invoices "C17" below code `cancellations` and "17"
 * from there on; stock codes "POST" for code 1, then "S17". Released by the caller. */
struct rcx_strings *rcx_test_invoices(uint32_t count, uint32_t cancellations);
struct rcx_strings *rcx_test_stocks(uint32_t count);

/* The default configuration; released by the caller. */
struct rcx_settings *rcx_test_settings(void);
