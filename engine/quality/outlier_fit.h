#pragma once
/* The outlier thresholds: what they are learned from and what they are.
 *
 * Both are exact percentiles of the rows that survive stage 2 (and, by default, lie in the first
 * days of the data), interpolated linearly between order statistics at q (n - 1). The price bound
 * is a fraction of integers; the quantity bounds are turned into the last integers that stay, so
 * that no row depends on a rounding. */
#include <stdbool.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/parallel.h"
#include "engine/pit/snapshots.h"
#include "engine/quality/clean_plan.h"
#include "engine/quality/tally.h"
#include "storage/store/scan.h"

struct rcx_outlier_fit {
    enum rcx_outliers_fit mode;
    enum rcx_outliers_quantity_scale quantity_scale;
    int64_t fit_days;
    rcx_day before;         /* first_days: rows of earlier days are learned from */
    uint64_t rows;          /* learned from */
    uint64_t quantity_rows; /* of them with positive quantity (original: after the price rule) */
    bool applied;           /* false: too few rows, nothing below is set but the two limits */
    /* Limits in store units, inclusive, as rows are judged by. */
    int64_t price_max;
    int64_t quantity_min, quantity_max;
    /* The same in money and pieces, as they are shown. */
    int64_t price_numerator, price_denominator; /* of the exact price bound, in lowest terms */
    double quantity_q1, quantity_q3, quantity_low, quantity_high;
};

/* F, the first second that thresholds learned from the first days do not see. */
rcx_time rcx_outlier_fit_end(const struct rcx_clean_plan *plan, struct rcx_data_range range);

/* Percentiles of counted values; the tallies are sorted here. `before` as in the result.
 * Pure: no rows, no threads. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_outlier_fit_price(const struct rcx_clean_plan *plan, struct rcx_tally *prices,
                                      struct rcx_outlier_fit *fit, struct rcx_error *err);
enum rcx_status rcx_outlier_fit_quantity(const struct rcx_clean_plan *plan,
                                         struct rcx_tally *quantities, struct rcx_outlier_fit *fit,
                                         struct rcx_error *err);

/* Reads the store once (twice for the original definitions) and learns the thresholds.
 * Errors: of the scan; RCX_E_NOMEM. */
enum rcx_status rcx_outliers_learn(const struct rcx_clean_plan *plan, const struct rcx_store *store,
                                   const struct rcx_parallel *parallel, struct rcx_data_range range,
                                   struct rcx_outlier_fit *out, struct rcx_error *err);
