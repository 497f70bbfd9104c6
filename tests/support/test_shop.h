#pragma once
/* Small shops for property tests: random rows with all that cleaning looks at, the store of some rows,
 * and what cleaning and features make of it.
 *
 * Texts are numbers (tests/support/test_rows.h). With the settings made here an invoice number "i1..."
 * looks like a cancellation, and "S3" and "S4" are service codes. */
#include "config/settings.h"
#include "engine/exec/clean_run.h"
#include "engine/exec/feature_run.h"
#include "tests/support/test_rows.h"

enum { RCX_TEST_FIRST_DAY = 14975, RCX_TEST_CUSTOMERS = 40 }; /* 2011-01-01 */

/* Fills `rows` with `count` rows of the days [first, first + days): duplicates, returns of every kind,
 * guests, missing texts, prices and quantities that rules remove. */
void rcx_test_shop_rows(struct check_random *random, rcx_day first, rcx_day days,
                        struct rcx_row *rows, size_t count);

struct rcx_test_shop {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_settings *settings;
    const struct rcx_config *config;
    struct rcx_store *store;
    struct rcx_clean_plan plan;
    struct rcx_outlier_fit fit;
    struct rcx_data_range range;
};

/* The store of the rows (copied), committed in `parts` versions of every parts-th row; cleaning
 * compiled and learned. `sets`: keys besides those above, `set_count` of them. Fails the test on any
 * error. */
void rcx_test_shop_open(struct rcx_test_shop *shop, const struct rcx_row *rows, size_t count,
                        size_t parts, const char *const *sets, size_t set_count);
/* The same for a directory that holds a store already. */
void rcx_test_shop_attach(struct rcx_test_shop *shop, const char *const *sets, size_t set_count);
/* Removes the store, too. */
void rcx_test_shop_close(struct rcx_test_shop *shop);

/* What cleaning delivers, put together. */
struct rcx_test_cleaned {
    struct rcx_clean_stats stats;
    struct rcx_digest rows_digest;
    uint64_t rows;
    rcx_i128 net, gross, quantity; /* of the delivered rows, in units of the store */
    uint64_t cancellations, returns, services, outliers, matched, high_returns; /* rows */
};
void rcx_test_clean(const struct rcx_test_shop *shop, unsigned threads,
                    struct rcx_test_cleaned *out);

/* The tables of some days, one for each; released by the caller. */
void rcx_test_features(const struct rcx_test_shop *shop, const rcx_day *days, size_t count,
                       unsigned threads, bool labels, struct rcx_table *out);
