#pragma once
/* The behaviour table of one snapshot: what the models say of every customer, fitted on the
 * customers of that snapshot alone, so on nothing after its cutoff.
 *
 * In goes the summary table (engine/features/summary.h): customer_id, snapshot_date, frequency,
 * recency, T, monetary_value (recency and T in weeks of seven days). Out come, in this order and all
 * of them real:
 *   p_alive
 *   p_no_purchase_<churn horizon>d
 *   expected_purchases_30d, _90d, _180d
 *   expected_value_<value horizon>d     expected purchases x expected order value
 *   discounted_value_<value horizon>d   the same, discounted
 *   expected_order_value                Gamma-Gamma
 * and behind them with intervals, for each, <column>_low and <column>_high.
 *
 * Purchases of one calendar day are one, so after a purchase nothing further can be seen until midnight:
 * half a day on average. The models are of purchases in continuous time; they are therefore given the time
 * during which purchases could be seen, recency and T less blind_days x frequency (of the first purchase's
 * own day nothing is in T). Without it, on generated BG/NBD shops, rates of dropping out were
 * found too low and P(no purchase) .006 too low on average; with it neither is. Expected purchases are of
 * days with a purchase: E of a horizon of h days becomes E / (1 + blind_days x E / h). */
#include "base/table.h"
#include "ml/btyd/btyd.h"
#include "ml/btyd/gamma_gamma.h"

struct rcx_behaviour_plan {
    enum rcx_btyd_model model;
    bool intervals;
    int64_t churn_gap_days, churn_days; /* from the cutoff to the churn horizon, and its length */
    int64_t value_days;
    double blind_days;           /* after a purchase nothing further is seen for so long, 0 to .5 */
    double annual_discount_rate; /* .1: 10 % a year of 365 days */
    struct rcx_parallel parallel;
};

struct rcx_behaviour_fit {
    rcx_day snapshot;
    bool fitted; /* false: too few customers or nobody came back, see `words`; columns are null */
    struct rcx_btyd_fit purchases;
    struct rcx_gamma_gamma_fit money;
    char words[RCX_BTYD_WORDS_BYTES];
};

/* Adds the columns to a summary table. Errors: RCX_E_INPUT (a column is missing), RCX_E_NOMEM. */
enum rcx_status rcx_behaviour_add(const struct rcx_behaviour_plan *plan, struct rcx_table *table,
                                  struct rcx_behaviour_fit *out, struct rcx_error *err);
