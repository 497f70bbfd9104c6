#pragma once
/* What contacting a customer is worth, and the plan that follows from it.
 *
 * For a customer with churn probability p, expected revenue v1 when it stays and v0 when it falls
 * silent, and next order a, a tier with cost c, save rate s and discount d is worth, with margin m and
 * redemption r,
 *
 *     p s (m (v1 - v0) - d a)  -  (1 - p) r d a  -  c
 *
 * : would-be churners who are saved bring margin and take the discount; those who would have stayed
 * take the discount for nothing; the contact costs. Each part is rounded to RCX_CAMPAIGN_PLACES
 * decimals and the value is their exact sum, so sums over customers close to the last digit. With the
 * save rate the value of a tier rises or it is never positive: who brings less margin than discount is
 * not worth saving.
 *
 * A share of the chosen customers is held back as a control group. Their money goes to further
 * customers: the tiers are allocated for budget / (1 - share) (less, where the rounding of the group
 * would overspend), and what contacts cost stays within the budget.
 *
 * Customers come as a table (campaign_columns): one row each, in any order. */
#include "base/table.h"
#include "config/config.h"
#include "ml/tasks/campaign/allocation.h"

/* --- terms ---------------------------------------------------------------------------------------- */

struct rcx_campaign_tier {
    const char *name, *action; /* borrowed from the configuration; action may be "" */
    int64_t cost;              /* units of 10^-4 */
    double save_rate, discount;
    int64_t capacity; /* of contacts; RCX_CAPACITY_NONE */
};

/* The section of the configuration in units, tiers by rising cost (equal ones in the order given). */
struct rcx_campaign_terms {
    struct rcx_campaign_tier tiers[RCX_TIERS_MOST];
    size_t tier_count;
    double margin, redemption, min_roi;
    int64_t budget;
    double control_share, confidence, power;
    uint64_t seed;
};
struct rcx_campaign_terms rcx_campaign_terms_of(const struct rcx_cfg_campaign *cfg, uint64_t seed);

/* --- customers ------------------------------------------------------------------------------------ */

/* The columns of the table of customers. Types as named; segment, risk and reasons may be missing
 * (NULL) and null, as may the numbers: then the customer is not planned for. Borrowed from the table. */
struct rcx_campaign_columns {
    size_t customers;
    const struct rcx_column *id;         /* customer_id: int64 or text */
    const struct rcx_column *churn;      /* churn_probability: real, 0..1 */
    const struct rcx_column *value;      /* value: real, money; for reports only */
    const struct rcx_column *active;     /* value_if_active: real, v1 */
    const struct rcx_column *lapsed;     /* value_if_lapsed: real, v0 */
    const struct rcx_column *order;      /* expected_order_value: real, a */
    const struct rcx_column *segment;    /* text */
    const struct rcx_column *risk;       /* risk_level: text */
    const struct rcx_column *reasons[3]; /* reason_1..3: text */
};

/* Money of a customer may be as large as this, either sign. */
#define RCX_CAMPAIGN_MONEY_MOST 1e9

/* Finds and checks the columns. Errors: RCX_E_INPUT naming column, customer, value and what is
 * expected. */
enum rcx_status rcx_campaign_columns_of(const struct rcx_table *table,
                                        struct rcx_campaign_columns *out, struct rcx_error *err);

/* --- value ---------------------------------------------------------------------------------------- */

enum { RCX_SAVES_PLACES = 6, RCX_SAVES_UNIT = 1000000 };

/* The parts of a tier's value for one customer, in units of 10^-4; and what is not part of it. */
struct rcx_campaign_parts {
    int64_t retained_margin; /* p s m (v1 - v0), up to the rounding of the whole */
    int64_t discount_saved;  /* p s d a */
    int64_t discount_loyal;  /* (1 - p) r d a */
    int64_t cost;
    int64_t value;         /* retained - discounts - cost */
    int64_t revenue_saved; /* p s (v1 - v0) */
    int64_t saves;         /* p s, customers in units of 10^-6 */
};
struct rcx_campaign_parts rcx_campaign_parts_of(const struct rcx_campaign_terms *terms,
                                                const struct rcx_campaign_tier *tier, double churn,
                                                double active, double lapsed, double order);
/* Of customer `row`; all zero when something about it is not known. */
struct rcx_campaign_parts rcx_campaign_parts_at(const struct rcx_campaign_terms *terms,
                                                const struct rcx_campaign_columns *columns,
                                                size_t row, size_t tier);

/* The values of all tiers, [customers][tiers] owned by the caller: RCX_VALUE_NEVER where something is
 * not known, the customer is suppressed (flags, NULL: nobody), or the value is below min_roi x cost.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_campaign_values(const struct rcx_campaign_terms *terms,
                                    const struct rcx_campaign_columns *columns,
                                    const uint8_t *suppressed, const struct rcx_parallel *parallel,
                                    int64_t **out, struct rcx_error *err);

/* --- plan ----------------------------------------------------------------------------------------- */

/* Why a customer is contacted or not. */
enum rcx_campaign_fate {
    RCX_FATE_CONTACT,
    RCX_FATE_CONTROL,
    RCX_FATE_BUDGET,  /* a tier would gain, but money and places bring more elsewhere */
    RCX_FATE_NO_GAIN, /* no tier is worth its cost */
    RCX_FATE_SUPPRESSED,
    RCX_FATE_NO_PREDICTION,
    RCX_FATE_COUNT
};
const char *rcx_campaign_fate_text(enum rcx_campaign_fate fate); /* for people */

struct rcx_campaign_totals {
    uint64_t customers;
    rcx_i128 retained_margin, discount_saved, discount_loyal, cost, value, revenue_saved, saves;
};
void rcx_campaign_add(struct rcx_campaign_totals *totals, const struct rcx_campaign_parts *parts);

struct rcx_campaign_plan {
    struct rcx_campaign_terms terms;
    int64_t *values;                    /* [customers][tiers] as rcx_campaign_values; owned */
    int64_t chosen_budget;              /* that tiers were allocated for */
    int64_t capacities[RCX_TIERS_MOST]; /* the same of places */
    struct rcx_allocation allocation;   /* of contacts and control group together */
    uint8_t *fates;                     /* [customers] enum rcx_campaign_fate; owned */
    uint32_t *order; /* the chosen: contacts by falling value, then the control group */
    size_t contacts, controls;
    struct rcx_campaign_totals total, tiers[RCX_TIERS_MOST]; /* of contacts */
    struct rcx_campaign_totals held_back,
        held_back_tiers[RCX_TIERS_MOST]; /* what contacting the control
                                                                             group would bring */
    uint64_t fate_counts[RCX_FATE_COUNT];
};
void rcx_campaign_plan_release(struct rcx_campaign_plan *plan);

/* Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_campaign_plan(const struct rcx_campaign_terms *terms,
                                  const struct rcx_campaign_columns *columns,
                                  const uint8_t *suppressed, const struct rcx_parallel *parallel,
                                  struct rcx_campaign_plan *out, struct rcx_error *err);

/* The allocation problem of the plan with another budget, for frontier and sensitivity: nobody held
 * back. Borrows from the plan. */
struct rcx_allocation_problem rcx_campaign_problem(const struct rcx_campaign_plan *plan,
                                                   int64_t costs[RCX_TIERS_MOST],
                                                   int64_t capacities[RCX_TIERS_MOST],
                                                   size_t customers, int64_t budget);
