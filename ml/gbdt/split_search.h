#pragma once
/* The search for the best split of a node in one feature's histogram.
 *
 * Numerical features: all thresholds, missing values on either side. Categorical ones: one category
 * against the others when there are few, else categories ordered by gradient / hessian and cut (Fisher
 * 1958), as in LightGBM. With monotone constraints the values of the sides are limited and must be in
 * order ("basic" method).
 *
 * Sums are integers (histogram.h). Multiplied with `gradient_unit` and `hessian_unit` they are those of
 * the objective, and all penalties are divided by these once. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/bins.h"
#include "ml/gbdt/gbdt_params.h"

enum { RCX_GBDT_SET_WORDS = RCX_GBDT_MOST_BINS / 64 };

struct rcx_split {
    double gain;      /* beyond the parent's and min_gain_to_split; <= 0: none */
    uint32_t feature; /* index among the used ones */
    uint32_t bin;     /* numerical: the last one that goes left */
    bool categorical;
    bool missing_left;
    uint64_t left;                    /* packed sum */
    double l2;                        /* penalty of the children's values */
    uint64_t set[RCX_GBDT_SET_WORDS]; /* categorical: bins that go left */
};

struct rcx_split_rules {
    const struct rcx_gbdt_params *params;
    double gradient_unit, hessian_unit;
    double l1, l2, cat_l2, cat_smooth; /* in units */
    bool constrained;                  /* some feature is monotone */
};

struct rcx_split_node {
    uint64_t total; /* packed sum */
    uint32_t rows;
    double l2;           /* of its own value, in units */
    double lower, upper; /* limits of its value by monotone constraints */
};

void rcx_split_rules_init(struct rcx_split_rules *rules, const struct rcx_gbdt_params *params,
                          double gradient_unit, double hessian_unit);

/* The value of a node with these sums, without learning rate. */
double rcx_split_value(const struct rcx_split_rules *rules, uint64_t sum, double l2);

/* Best split of the node in the feature whose histogram is given.
 *  sign   monotone constraint of the feature: -1, 0, 1 */
void rcx_split_find(const struct rcx_split_rules *rules, const struct rcx_gbdt_bin_map *map,
                    int sign, const struct rcx_split_node *node, const uint64_t *hist,
                    struct rcx_split *out);

/* go_left[bin] of the split, for every bin; out has RCX_GBDT_MOST_BINS places. */
void rcx_split_table(const struct rcx_split *split, const struct rcx_gbdt_bin_map *map,
                     uint8_t *out);
