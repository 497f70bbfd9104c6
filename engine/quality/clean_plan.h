#pragma once
/* What cleaning does to this store, compiled once per run: limits in the store's units and one
 * table per dictionary, so that a row costs a few comparisons and no text is looked at again.
 *
 * features.definitions = original overrides the cleaning keys that the original system did not have
 * (features.md section 8): no duplicate removal, linear quantity scale with quartiles after the
 * price rule, thresholds from all rows, no matched cancellations. */
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/table.h"
#include "config/config.h"
#include "engine/quality/rules.h"
#include "storage/store/schema.h"

/* Rows outside are removed. Prices and quantities are in the units of the store. */
struct rcx_row_limits {
    bool stock_required;
    int64_t min_price, max_abs_quantity;
    int64_t price_max;                  /* INT64_MAX: no price rule */
    int64_t quantity_min, quantity_max; /* of positive quantities; 0 and INT64_MAX: no rule */
};

struct rcx_clean_plan {
    enum rcx_definitions definitions;
    struct rcx_row_limits limits;  /* what removes rows */
    struct rcx_row_limits learned; /* with the outlier rules, also when they only flag */
    bool description_required;
    bool drop_duplicates;
    bool match_cancellations;
    bool flag_outliers; /* outliers.action: flag */
    enum rcx_outliers_fit fit;
    enum rcx_outliers_quantity_scale quantity_scale;
    int64_t fit_days, min_fit_rows;
    int64_t price_percentile_e6; /* 99 % is 99,000,000 */
    int64_t quantity_iqr_e6;     /* 3 is 3,000,000 */
    int64_t min_rows;
    double high_return_rate;
    unsigned price_decimals, quantity_decimals;
    uint64_t *cancellation_bits; /* by invoice code: see rcx_looks_like_cancellation; owned */
    uint8_t *is_service;         /* by stock code; owned */
    uint8_t *is_product;         /* by stock code: counts for unique_products_count; owned */
    uint32_t invoice_count, stock_count;
};

/* Compiles the keys; outlier limits are open until rcx_clean_plan_set_outliers.
 *  invoices, stocks  the store's dictionaries
 * Errors: RCX_E_NOMEM. Ownership: borrows everything; the caller releases *out. */
enum rcx_status rcx_clean_plan_init(const struct rcx_cfg_cleaning *cfg,
                                    enum rcx_definitions definitions,
                                    const struct rcx_decisions *decisions,
                                    const struct rcx_strings *invoices,
                                    const struct rcx_strings *stocks, struct rcx_clean_plan *out,
                                    struct rcx_error *err);
void rcx_clean_plan_release(struct rcx_clean_plan *plan);

/* `value` in units of 10^-decimals, rounded. */
int64_t rcx_units_of(double value, unsigned decimals);

struct rcx_outlier_fit;
/* Takes over learned thresholds (none when fit->applied is false). */
void rcx_clean_plan_set_outliers(struct rcx_clean_plan *plan, const struct rcx_outlier_fit *fit);

/* Whether the rule is part of this plan (and so is listed in the statistics). */
bool rcx_clean_rule_enabled(const struct rcx_clean_plan *plan, enum rcx_clean_rule rule);

/* Whether the number of an invoice is one of a cancellation. A bit each: looked up at random once per
 * invoice, so the table should fit a cache. */
static inline bool rcx_looks_like_cancellation(const struct rcx_clean_plan *plan, uint32_t invoice)
{
    return (plan->cancellation_bits[invoice / 64] >> invoice % 64 & 1) != 0;
}

/* Places of a revenue: price times quantity. */
static inline unsigned rcx_clean_revenue_decimals(const struct rcx_clean_plan *plan)
{
    return plan->price_decimals + plan->quantity_decimals;
}
