#pragma once
/* The rules of cleaning, in the order in which they are applied; a row is counted under the first
 * that removes it. Names are those of cleaning_stats.json.
 *
 * To add a rule: 1. a row here, in its place; 2. where it is decided (clean_kernels_impl.c or
 * clean_batch.c); 3. whether it is listed in rcx_clean_rule_enabled (clean_plan.c); 4. the
 * reference in tests/engine/reference.py. */

/*       name                  text                    stage */
#define RCX_CLEAN_RULES(X)                                                                         \
    X(NULL_CUSTOMER, "null_customer", 1)                                                           \
    X(NULL_INVOICE, "null_invoice", 1)                                                             \
    X(NULL_STOCK_CODE, "null_stock_code", 1)                                                       \
    X(NULL_DESCRIPTION, "null_description", 1)                                                     \
    X(EXACT_DUPLICATE, "exact_duplicate", 1)                                                       \
    X(INVALID_PRICE, "invalid_price", 2)                                                           \
    X(ZERO_QUANTITY, "zero_quantity", 2)                                                           \
    X(QUANTITY_RANGE, "quantity_range", 2)                                                         \
    X(PRICE_OUTLIER, "price_outlier", 3)                                                           \
    X(QUANTITY_OUTLIER, "quantity_outlier", 3)                                                     \
    X(MATCHED_CANCELLATION, "matched_cancellation", 3)                                             \
    X(MIN_ROWS, "min_rows", 4)

/* Per row: 0 is kept, else the rule that removes it. Comparisons by < and > follow the order. */
enum rcx_clean_rule {
    RCX_RULE_KEPT,
#define X(name, text, stage) RCX_RULE_##name,
    RCX_CLEAN_RULES(X)
#undef X
        RCX_RULE_COUNT
};

const char *rcx_clean_rule_name(enum rcx_clean_rule rule); /* "price_outlier"; KEPT: "kept" */
unsigned rcx_clean_rule_stage(enum rcx_clean_rule rule);   /* 1..4; KEPT: 0 */

/* Whether a row with this mark is still there after a stage. */
static inline int rcx_survives_stage_1(unsigned rule)
{
    return rule == RCX_RULE_KEPT || rule > RCX_RULE_EXACT_DUPLICATE;
}
static inline int rcx_survives_stage_2(unsigned rule)
{
    return rule == RCX_RULE_KEPT || rule > RCX_RULE_QUANTITY_RANGE;
}
