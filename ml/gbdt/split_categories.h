#pragma once
/* Inner parts of the split search that numerical and categorical features share. */
#include "ml/gbdt/split_search.h"

/* gradient^2 / (hessian + l2) in units. */
double rcx_split_gain_of(const struct rcx_split_rules *rules, uint64_t sum, double l2);
/* Of both sides; -1 when the sides' values are in the wrong order for `sign`. */
double rcx_split_gain_pair(const struct rcx_split_rules *rules, const struct rcx_split_node *node,
                           uint64_t left, double l2, int sign);
double rcx_split_clip(double value, const struct rcx_split_node *node);
/* The hessian that stands for so many rows of the node, and at least min_sum_hessian_in_leaf. */
double rcx_split_least_hessian(const struct rcx_split_rules *rules,
                               const struct rcx_split_node *node, double rows);

/* Fills gain (both sides'), left, l2, set. */
void rcx_split_find_categories(const struct rcx_split_rules *rules,
                               const struct rcx_gbdt_bin_map *map,
                               const struct rcx_split_node *node, const uint64_t *hist,
                               struct rcx_split *out);
