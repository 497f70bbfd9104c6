#pragma once
/* The accounts of cleaning: every removed row under exactly one rule, with the money it carried.
 * All numbers are integers; accounts of parts are added up, so they do not depend on the cutting.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/decimal.h"
#include "engine/quality/clean_flags.h"
#include "engine/quality/outlier_fit.h"

struct rcx_clean_account {
    uint64_t rows;
    uint64_t customers_touched; /* had a row that the rule removed */
    uint64_t customers_removed; /* had rows before the rule and none after it */
    rcx_i128 gross, net;        /* revenue of the rows with positive quantity, and of all */
};

struct rcx_clean_month {
    uint64_t rows;    /* that survive stage 2 */
    uint64_t removed; /* of them by stage 3 */
};

struct rcx_clean_stats {
    uint64_t initial_rows, initial_customers;
    struct rcx_clean_account rules[RCX_RULE_COUNT]; /* KEPT: what is left in the end */
    struct rcx_clean_account stage_2;               /* what survives it; customers in `touched` */
    uint64_t cancellation_rows_stage_1, cancellation_invoices_stage_1, return_rows_stage_1;
    uint64_t matched_pairs_stage_2, matched_pairs_final;
    uint64_t cancellation_rows, return_rows; /* of the final rows, as all below */
    uint64_t cancellation_numbers_positive, returns_outside_cancellation;
    uint64_t high_return_customers, service_rows, outlier_rows;
    rcx_time first_time, last_time;
    int first_month; /* year * 12 + month - 1 of months[0] */
    size_t month_count;
    struct rcx_clean_month *months; /* owned */
};

/* Room for the months of `range`. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clean_stats_init(struct rcx_clean_stats *stats, struct rcx_data_range range,
                                     struct rcx_error *err);
void rcx_clean_stats_release(struct rcx_clean_stats *stats);
/* Adds one morsel with its final marks and flags (guests, too). */
void rcx_clean_stats_add(struct rcx_clean_stats *stats, const struct rcx_clean_plan *plan,
                         const struct rcx_batch *batch, const uint8_t *rule,
                         const struct rcx_clean_flags *flags);
/* Adds accounts of other rows of the same store. */
void rcx_clean_stats_merge(struct rcx_clean_stats *into, const struct rcx_clean_stats *from);

/* Sum of the accounts of the rules of some stages; stage 0 is what is kept, so 0 to 4 is all there was. */
struct rcx_clean_account rcx_clean_stats_removed(const struct rcx_clean_stats *stats,
                                                 unsigned first_stage, unsigned last_stage);

struct rcx_clean_report {
    const struct rcx_clean_stats *stats;
    const struct rcx_clean_plan *plan;
    const struct rcx_outlier_fit *fit;
    const struct rcx_store_summary *store;
    const char *relearned; /* why thresholds are not those of the run before; NULL: they are */
};
/* cleaning_stats.json. False: out of memory. */
bool rcx_clean_stats_json(const struct rcx_clean_report *report, struct rcx_buf *out);
