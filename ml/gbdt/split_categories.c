#include "ml/gbdt/split_categories.h"

#include <assert.h>
#include <string.h>

#include "ml/gbdt/histogram.h"

static void add_to_set(uint64_t *set, uint32_t bin)
{
    set[bin / 64] |= (uint64_t)1 << (bin % 64);
}

static void find_one(const struct rcx_split_rules *rules, const struct rcx_gbdt_bin_map *map,
                     const struct rcx_split_node *node, const uint64_t *hist, struct rcx_split *out)
{
    double least = rcx_split_least_hessian(rules, node, (double)rules->params->min_data_in_leaf);
    double total = rcx_sum_hessian(node->total);
    out->l2 = rules->l2;
    for (uint32_t b = 1; b < map->bins; b++) {
        double hessian = rcx_sum_hessian(hist[b]);
        if (hessian < least || total - hessian < least)
            continue;
        double gain = rcx_split_gain_pair(rules, node, hist[b], out->l2, 0);
        if (gain > out->gain) {
            out->gain = gain;
            out->left = hist[b];
            memset(out->set, 0, sizeof out->set);
            add_to_set(out->set, b);
        }
    }
}

struct order {
    uint32_t count;
    uint8_t bin[RCX_GBDT_MOST_BINS];
    double ratio[RCX_GBDT_MOST_BINS];
};

/* Categories with enough rows by gradient / (hessian + cat_smooth); equal ones by bin. */
static void put_in_order(const struct rcx_split_rules *rules, const struct rcx_gbdt_bin_map *map,
                         const struct rcx_split_node *node, const uint64_t *hist,
                         struct order *order)
{
    double per_row = rcx_sum_hessian(node->total) / (double)node->rows;
    order->count = 0;
    for (uint32_t b = 1; b < map->bins; b++) {
        double hessian = rcx_sum_hessian(hist[b]);
        if (hessian <= 0 || hessian + 0.5 * per_row < rules->params->cat_smooth * per_row)
            continue;
        double ratio = rcx_sum_gradient(hist[b]) / (hessian + rules->cat_smooth);
        uint32_t at = order->count++;
        for (; at > 0 && order->ratio[at - 1] > ratio; at--) {
            order->ratio[at] = order->ratio[at - 1];
            order->bin[at] = order->bin[at - 1];
        }
        order->ratio[at] = ratio;
        order->bin[at] = (uint8_t)b;
    }
}

struct cut {
    uint32_t categories;
    bool from_end;
};

/* Tries the first 1, 2, ... categories of the order, from one end. */
static void scan_order(const struct rcx_split_rules *rules, const struct rcx_split_node *node,
                       const uint64_t *hist, const struct order *order, bool from_end,
                       struct rcx_split *out, struct cut *best)
{
    const struct rcx_gbdt_params *params = rules->params;
    double least = rcx_split_least_hessian(rules, node, (double)params->min_data_in_leaf);
    double group = rcx_split_least_hessian(rules, node, (double)params->min_data_per_group);
    double total = rcx_sum_hessian(node->total), in_group = 0;
    uint32_t most = (order->count + 1) / 2;
    most = most < params->max_cat_threshold ? most : (uint32_t)params->max_cat_threshold;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < order->count && i < most; i++) {
        uint64_t here = hist[order->bin[from_end ? order->count - 1 - i : i]];
        sum += here;
        in_group += rcx_sum_hessian(here);
        double left = rcx_sum_hessian(sum), right = total - left;
        if (left < least)
            continue;
        if (right < least || right < group)
            break;
        if (in_group < group)
            continue;
        in_group = 0;
        double gain = rcx_split_gain_pair(rules, node, sum, out->l2, 0);
        if (gain > out->gain) {
            out->gain = gain;
            out->left = sum;
            *best = (struct cut){i + 1, from_end};
        }
    }
}

void rcx_split_find_categories(const struct rcx_split_rules *rules,
                               const struct rcx_gbdt_bin_map *map,
                               const struct rcx_split_node *node, const uint64_t *hist,
                               struct rcx_split *out)
{
    if (map->bins <= (uint32_t)rules->params->max_cat_to_onehot + 1) {
        find_one(rules, map, node, hist, out);
        return;
    }
    struct order order;
    struct cut cut = {0};
    put_in_order(rules, map, node, hist, &order);
    out->l2 = rules->l2 + rules->cat_l2;
    scan_order(rules, node, hist, &order, false, out, &cut);
    scan_order(rules, node, hist, &order, true, out, &cut);
    assert(cut.categories <= order.count);
    memset(out->set, 0, sizeof out->set);
    for (uint32_t i = 0; i < cut.categories; i++)
        add_to_set(out->set, order.bin[cut.from_end ? order.count - 1 - i : i]);
}
