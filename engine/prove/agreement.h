#pragma once
/* Compares rows of a finished feature table, and of the summary table that behaviour models take, with
 * the plain recomputation, value by value, exactly. */
#include "base/table.h"
#include "engine/prove/sample.h"

/* Counts over tables; the first value that differs in words. */
struct rcx_agreement {
    uint64_t rows;                         /* of the feature tables, compared */
    uint64_t absent;                       /* customers without a row in either way */
    uint64_t summary_rows, summary_absent; /* the same of the summary tables */
    uint64_t values;                       /* of both */
    uint64_t differences;                  /* values, and rows that only one way has */
    char first[512];                       /* "" when all agree */
};

/* Compares the sampled customers at one snapshot. The highest engagement score, which
 * engagement_score_normalized needs, is taken from the table.
 *  table  with label columns or without */
void rcx_agreement_add(struct rcx_agreement *agreement, struct rcx_sample *sample,
                       const struct rcx_plain_rules *rules, rcx_day snapshot,
                       const struct rcx_table *table);

/* The same for a summary table (engine/exec/summary_table.h). */
void rcx_agreement_add_summary(struct rcx_agreement *agreement, struct rcx_sample *sample,
                               const struct rcx_plain_rules *rules, rcx_day snapshot,
                               const struct rcx_table *table);
