#pragma once
/* Ranks and scores of customers in recency, frequency and value, and the rule-based segments.
 *
 * Quintiles are those of pandas.qcut: edges are the linearly interpolated quantiles .2, .4, .6, .8; a
 * value equal to an edge belongs below it. The score counts the edges below the value. When many
 * customers share a value, edges coincide and scores stay unused: equal values never get different
 * scores. As in qcut with duplicates dropped, an edge at the least value separates nothing: it is moved
 * to the next edge above (or the largest value). */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/strategies.h"

enum { RCX_SCORES = 5, RCX_SCORE_EDGES = RCX_SCORES - 1 };

/* Edges of the quintiles and the percentile rank of each value: (mean position of its equals + 1/2) /
 * rows, positions from 0; between 0 and 1, on average 1/2.
 *  ranks  [rows] or NULL
 * Values are finite. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_rank_values(const double *values, size_t rows, double edges[RCX_SCORE_EDGES],
                                double *ranks, struct rcx_error *err);

/* 1..5, 5 the best: the largest values, or for recency (days) the smallest. */
int rcx_rfm_score(enum rcx_rfm dimension, const double edges[RCX_SCORE_EDGES], double value);

/* The segment that rules on scores give: recency, and frequency and value together. */
enum rcx_segment_id rcx_rfm_segment(int r, int f, int m);
