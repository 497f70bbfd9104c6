#include "ml/gbdt/split_search.h"

#include <math.h>
#include <string.h>

#include "ml/gbdt/histogram.h"
#include "ml/gbdt/split_categories.h"

void rcx_split_rules_init(struct rcx_split_rules *rules, const struct rcx_gbdt_params *params,
                          double gradient_unit, double hessian_unit)
{
    *rules = (struct rcx_split_rules){.params = params,
                                      .gradient_unit = gradient_unit,
                                      .hessian_unit = hessian_unit,
                                      .l1 = params->lambda_l1 / gradient_unit,
                                      .l2 = params->lambda_l2 / hessian_unit,
                                      .cat_l2 = params->cat_l2 / hessian_unit,
                                      .cat_smooth = params->cat_smooth / hessian_unit};
    for (size_t i = 0; i < params->monotone_constraints.count; i++)
        rules->constrained |= params->monotone_constraints.items[i] != 0;
}

static double soften(double gradient, double l1)
{
    double least = fabs(gradient) - l1;
    return least > 0 ? copysign(least, gradient) : 0;
}

double rcx_split_value(const struct rcx_split_rules *rules, uint64_t sum, double l2)
{
    double hessian = rcx_sum_hessian(sum) + l2;
    if (!(hessian > 0))
        return 0;
    return -soften(rcx_sum_gradient(sum), rules->l1) / hessian * rules->gradient_unit /
           rules->hessian_unit;
}

double rcx_split_gain_of(const struct rcx_split_rules *rules, uint64_t sum, double l2)
{
    double gradient = soften(rcx_sum_gradient(sum), rules->l1);
    double hessian = rcx_sum_hessian(sum) + l2;
    return hessian > 0 ? gradient * gradient / hessian : 0;
}

double rcx_split_clip(double value, const struct rcx_split_node *node)
{
    return value < node->lower ? node->lower : value > node->upper ? node->upper : value;
}

/* Gain of a node whose value is limited, in the same units. */
static double gain_at(const struct rcx_split_rules *rules, uint64_t sum, double l2, double value)
{
    double scaled = value * rules->hessian_unit / rules->gradient_unit;
    double gradient = soften(rcx_sum_gradient(sum), rules->l1);
    return -(2 * gradient * scaled + (rcx_sum_hessian(sum) + l2) * scaled * scaled);
}

double rcx_split_gain_pair(const struct rcx_split_rules *rules, const struct rcx_split_node *node,
                           uint64_t left, double l2, int sign)
{
    uint64_t right = node->total - left;
    if (!rules->constrained)
        return rcx_split_gain_of(rules, left, l2) + rcx_split_gain_of(rules, right, l2);
    double low = rcx_split_clip(rcx_split_value(rules, left, l2), node);
    double high = rcx_split_clip(rcx_split_value(rules, right, l2), node);
    if ((sign > 0 && low > high) || (sign < 0 && low < high))
        return -1;
    return gain_at(rules, left, l2, low) + gain_at(rules, right, l2, high);
}

double rcx_split_least_hessian(const struct rcx_split_rules *rules,
                               const struct rcx_split_node *node, double rows)
{
    double per_row = rcx_sum_hessian(node->total) / (double)node->rows;
    double by_rows = (rows - 0.5) * per_row;
    double by_sum = rules->params->min_sum_hessian_in_leaf / rules->hessian_unit;
    double least = by_rows > by_sum ? by_rows : by_sum;
    return least > 1 ? least : 1;
}

/* For thresholds: rows count only where all hessians are equal; elsewhere limit_rows sees to them. */
static double least_hessian(const struct rcx_split_rules *rules, const struct rcx_split_node *node)
{
    bool equal = rcx_sum_hessian(node->total) == (double)node->rows;
    return rcx_split_least_hessian(rules, node,
                                   equal ? (double)rules->params->min_data_in_leaf : 0);
}

/* The thresholds one after the other: slower, but values may be limited and gradients softened. */
static void scan_limited(const struct rcx_split_rules *rules, const struct rcx_split_node *node,
                         const uint64_t *hist, const struct rcx_scan *scan, int sign,
                         struct rcx_scan_result *out)
{
    double hessian = rcx_sum_hessian(scan->total);
    uint64_t sum = scan->first;
    *out = (struct rcx_scan_result){.gain = -1};
    for (uint32_t b = 0; b < scan->last; b++) {
        sum += hist[b];
        if (b < scan->from)
            continue;
        double left = rcx_sum_hessian(sum);
        if (left < scan->least || hessian - left < scan->least)
            continue;
        double gain = rcx_split_gain_pair(rules, node, sum, scan->l2, sign);
        if (gain > out->gain)
            *out = (struct rcx_scan_result){gain, b, sum};
    }
}

/* Empty bins behind the threshold split the node alike. The last of them is taken, as LightGBM does, which
 * tries thresholds from the top (from the bottom where missing values go right). */
static uint32_t end_of_gap(const uint64_t *hist, uint32_t bin, uint32_t last)
{
    while (bin + 1 < last && hist[bin + 1] == 0)
        bin++;
    return bin;
}

/* Where hessians differ, rows are estimated bin by bin. */
static void limit_rows(const struct rcx_split_rules *rules, const struct rcx_split_node *node,
                       const uint64_t *hist, uint32_t bins, bool count_left, struct rcx_scan *scan)
{
    double hessians = rcx_sum_hessian(node->total);
    scan->from = 0;
    if (hessians == node->rows)
        return;
    struct rcx_scan_rows rows = {.bins = bins,
                                 .per_hessian = (float)(node->rows / hessians),
                                 .rows = (int32_t)node->rows,
                                 .least = (int32_t)rules->params->min_data_in_leaf,
                                 .count_left = count_left};
    RCX_KERNEL_CALL(rcx_scan_limit)(hist, &rows, scan);
}

static void find_numerical(const struct rcx_split_rules *rules, const struct rcx_gbdt_bin_map *map,
                           int sign, const struct rcx_split_node *node, const uint64_t *hist,
                           struct rcx_split *out)
{
    uint32_t bins = map->bins - (map->has_missing ? 1 : 0);
    uint64_t missing = map->has_missing ? hist[bins] : 0;
    struct rcx_scan scan = {
        .total = node->total, .l2 = rules->l2, .least = least_hessian(rules, node)};
    if (rcx_sum_hessian(node->total) < 2 * scan.least)
        return;
    for (int side = 0; side <= (missing != 0); side++) {
        struct rcx_scan_result found;
        scan.first = side ? missing : 0;
        bool beside = side == 0 &&
                      missing != 0; /* missing ones are the right side, or part of it */
        scan.last = beside ? bins : bins - 1;
        limit_rows(rules, node, hist, bins, beside, &scan);
        if (rules->constrained || rules->l1 > 0)
            scan_limited(rules, node, hist, &scan, sign, &found);
        else
            RCX_KERNEL_CALL(rcx_scan_best)(hist, &scan, &found);
        if (found.gain > out->gain) {
            out->gain = found.gain;
            out->left = found.left;
            out->missing_left = side != 0;
            out->bin = beside ? found.bin : end_of_gap(hist, found.bin, scan.last);
        }
    }
    out->l2 = rules->l2;
    if (missing == 0) /* not seen here: with the larger part */
        out->missing_left = 2.0 * rcx_sum_hessian(out->left) > (double)rcx_sum_hessian(node->total);
}

void rcx_split_find(const struct rcx_split_rules *rules, const struct rcx_gbdt_bin_map *map,
                    int sign, const struct rcx_split_node *node, const uint64_t *hist,
                    struct rcx_split *out)
{
    out->gain = 0;
    out->bin = 0;
    out->missing_left = false;
    out->categorical = map->categorical;
    if (map->categorical)
        rcx_split_find_categories(rules, map, node, hist, out);
    else
        find_numerical(rules, map, sign, node, hist, out);
    if (!(out->gain > 0))
        return;
    double parent = rcx_split_gain_of(rules, node->total, node->l2);
    if (rules->constrained)
        parent = gain_at(rules, node->total, node->l2,
                         rcx_split_clip(rcx_split_value(rules, node->total, node->l2), node));
    double unit = rules->gradient_unit * rules->gradient_unit / rules->hessian_unit;
    out->gain = (out->gain - parent) * unit - rules->params->min_gain_to_split;
}

void rcx_split_table(const struct rcx_split *split, const struct rcx_gbdt_bin_map *map,
                     uint8_t *out)
{
    for (uint32_t b = 0; b < RCX_GBDT_MOST_BINS; b++) {
        if (split->categorical)
            out[b] = (split->set[b / 64] >> (b % 64) & 1) != 0;
        else if (map->has_missing && b == map->bins - 1)
            out[b] = split->missing_left;
        else
            out[b] = b <= split->bin;
    }
}
