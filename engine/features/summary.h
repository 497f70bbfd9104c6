#pragma once
/* What behaviour models know of a customer at a snapshot: how often, since when, until when, how
 * much (pipeline.md section 7). Purchases as for the features, but over all history before the cutoff
 * and for every customer who has one; those of one calendar day are one. The same whatever
 * features.definitions says; only cleaning differs.
 *
 * Cost: O(rows + snapshots) for nearly all customers, from the invoices that the visit has summed. */
#include "engine/features/visit.h"

struct rcx_summary_row {
    int64_t customer;
    uint32_t snapshot;      /* index into the plan's snapshots */
    int32_t frequency;      /* days with a purchase, less one */
    rcx_day first, last;    /* days of purchases */
    int64_t repeat_revenue; /* gross value of the purchases after the first day */
};

/* The rows of the customer that rcx_visit_customer was just called for, by ascending snapshot.
 *  out  room for plan->snapshot_count rows
 * Returns how many rows there are. */
size_t rcx_summary_customer(struct rcx_visit *visit, const struct rcx_feature_plan *plan,
                            const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                            size_t end, struct rcx_summary_row *out);
