/* What a tree is grown from: gradients, the draw of rows and features, records. */
#include <stdbool.h>
#include <string.h>

#include "base/random.h"
#include "ml/gbdt/boost.h"
#include "ml/gbdt/histogram.h"

enum { PIECE = 4096, STREAM_ROUND = 0x6271, STREAM_BAG = 0x6272, STREAM_FEATURE = 0x6273 };

static size_t piece_rows(const struct rcx_boost *boost, size_t piece)
{
    size_t begin = piece * PIECE;
    return boost->train->rows - begin < PIECE ? boost->train->rows - begin : PIECE;
}

static void derive_piece(void *context, size_t piece, unsigned worker)
{
    struct rcx_boost *boost = context;
    (void)worker;
    size_t begin = piece * PIECE;
    const struct rcx_gbdt_rows *from = &boost->train->from;
    struct rcx_gradient_rows rows = {.score = boost->score + begin,
                                     .label = from->label + begin,
                                     .weight = from->weight ? from->weight + begin : NULL,
                                     .count = piece_rows(boost, piece)};
    float *pairs = boost->pairs + 2 * begin;
    boost->loss.row->gradients(&boost->loss, &rows, pairs);
    RCX_KERNEL_CALL(rcx_gradient_range)(pairs, rows.count, &boost->pieces[piece].range);
}

/* The largest factor with which neither a value leaves `most` nor any sum, rounded up throughout,
 * 31 bits. */
static double scale_of(double most_value, double sum, double most, size_t rows)
{
    if (!(most_value > 0))
        return 1;
    double by_value = (most - 2) / most_value;
    double by_sum = (0x1p31 - 2 - (double)rows) / sum;
    return by_value < by_sum ? by_value : by_sum;
}

/* Whether the nearest integer will do: the bias of a row is then below 1/4096 of the mean size, and its sum
 * over all rows (some 65,000 with so fine a scale) below what chance makes of the sum. */
static bool fine(double scale, double sum, size_t rows)
{
    return sum / (double)rows * scale >= 2048;
}

/* Hessians that are all equal become 1, so their sums count rows. */
static void choose_scales(struct rcx_boost *boost)
{
    struct rcx_gradient_range all = boost->pieces[0].range;
    for (size_t p = 1; p < boost->piece_count; p++) {
        const struct rcx_gradient_range *range = &boost->pieces[p].range;
        all.sum_gradient += range->sum_gradient;
        all.sum_hessian += range->sum_hessian;
        if (range->most_gradient > all.most_gradient)
            all.most_gradient = range->most_gradient;
        if (range->most_hessian > all.most_hessian)
            all.most_hessian = range->most_hessian;
        if (range->least_hessian < all.least_hessian)
            all.least_hessian = range->least_hessian;
    }
    size_t rows = boost->train->rows;
    struct rcx_gradient_rounding *rounding = &boost->rounding;
    rounding->gradient_scale = scale_of(all.most_gradient, all.sum_gradient, 0x1p15, rows);
    rounding->hessian_scale = scale_of(all.most_hessian, all.sum_hessian, 0x1p16, rows);
    rounding->gradient_nearest = fine(rounding->gradient_scale, all.sum_gradient, rows);
    rounding->hessian_nearest = fine(rounding->hessian_scale, all.sum_hessian, rows);
    if (all.least_hessian == all.most_hessian && all.most_hessian > 0)
        rounding->hessian_scale = 1 / all.most_hessian;
}

static void round_piece(void *context, size_t piece, unsigned worker)
{
    struct rcx_boost *boost = context;
    (void)worker;
    size_t begin = piece * PIECE, count = piece_rows(boost, piece);
    struct rcx_boost_piece *here = &boost->pieces[piece];
    uint64_t drawn[PIECE];
    uint64_t *out = boost->in_bag ? drawn : boost->grower.records[0] + begin;
    here->total = RCX_KERNEL_CALL(rcx_gradient_round)(boost->pairs + 2 * begin, count,
                                                      (uint32_t)begin, &boost->rounding, out);
    if (!boost->in_bag)
        return;
    uint64_t *to = boost->grower.records[0] + here->begin;
    here->total = 0;
    for (size_t i = 0; i < count; i++) {
        if (boost->in_bag[begin + i]) {
            *to++ = drawn[i];
            here->total += rcx_record_sum(drawn[i]);
        }
    }
}

static void draw_piece(void *context, size_t piece, unsigned worker)
{
    struct rcx_boost *boost = context;
    (void)worker;
    size_t begin = piece * PIECE, count = piece_rows(boost, piece);
    bool bagging = boost->params->bagging_freq > 0;
    uint64_t turn = bagging ? boost->iteration / (uint64_t)boost->params->bagging_freq : 0;
    double fraction = bagging ? boost->params->bagging_fraction : 1;
    const uint8_t *held_out = boost->rows.held_out;
    struct rcx_random random = rcx_random_of((uint64_t)boost->params->seed, STREAM_BAG,
                                             turn << 32 | piece);
    uint32_t chosen = 0;
    for (size_t i = 0; i < count; i++) {
        bool in = rcx_random_unit(&random) < fraction && !(held_out && held_out[begin + i]);
        boost->in_bag[begin + i] = in;
        chosen += in;
    }
    boost->pieces[piece].in_bag = chosen;
}

static void draw_rows(struct rcx_boost *boost)
{
    uint64_t turn = (uint64_t)boost->params->bagging_freq;
    if (turn > 0 ? boost->iteration % turn != 0 : boost->iteration > 0)
        return;
    rcx_team_for(boost->grower.team, boost->piece_count, draw_piece, boost);
    size_t at = 0;
    for (size_t p = 0; p < boost->piece_count; p++) {
        boost->pieces[p].begin = at;
        at += boost->pieces[p].in_bag;
    }
    boost->grower.record_count = at;
}

/* Floyd's draw of distinct features. */
static void draw_features(struct rcx_boost *boost)
{
    size_t used = boost->train->used;
    size_t wanted = (size_t)(boost->params->feature_fraction * (double)used + 0.5);
    wanted = wanted > 0 ? wanted : 1;
    struct rcx_random random = rcx_random_of((uint64_t)boost->params->seed, STREAM_FEATURE,
                                             boost->iteration);
    memset(boost->use_feature, 0, used);
    for (size_t last = used - wanted; last < used; last++) {
        size_t f = (size_t)rcx_random_below(&random, last + 1);
        boost->use_feature[boost->use_feature[f] ? last : f] = 1;
    }
}

uint64_t rcx_boost_sample(struct rcx_boost *boost)
{
    struct rcx_grower *grower = &boost->grower;
    if (boost->in_bag)
        draw_rows(boost);
    if (boost->use_feature)
        draw_features(boost);
    rcx_team_for(grower->team, boost->piece_count, derive_piece, boost);
    choose_scales(boost);
    struct rcx_random random = rcx_random_of((uint64_t)boost->params->seed, STREAM_ROUND,
                                             boost->iteration);
    boost->rounding.seed = (uint32_t)rcx_random_u64(&random);
    rcx_team_for(grower->team, boost->piece_count, round_piece, boost);
    uint64_t total = 0;
    for (size_t p = 0; p < boost->piece_count; p++)
        total += boost->pieces[p].total;
    rcx_split_rules_init(&grower->rules, boost->params, 1 / boost->rounding.gradient_scale,
                         1 / boost->rounding.hessian_scale);
    return total;
}
