#include "ml/gbdt/leaf_values.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/histogram.h"

enum { PIECE = 4096, WALK = 2048, ALONE = 4096 };

struct rcx_leaf_piece {
    size_t begin;
    uint32_t leaf, count;
    double sum[4];
};

enum rcx_status rcx_leaf_work_init(struct rcx_leaf_work *work, const struct rcx_grower *grower,
                                   const struct rcx_loss *loss, struct rcx_error *err)
{
    size_t rows = grower->dataset->rows;
    *work = (struct rcx_leaf_work){.piece_capacity = rows / PIECE + grower->most_leaves + 1};
    work->pieces = rcx_calloc(work->piece_capacity, sizeof *work->pieces);
    work->tables = rcx_calloc(grower->most_leaves, RCX_GBDT_MOST_BINS);
    bool ok = work->pieces && work->tables;
    if (loss->row->renews) {
        work->residuals = rcx_malloc_array(rows, sizeof *work->residuals);
        ok = ok && work->residuals;
        if (grower->dataset->from.weight) {
            work->weights = rcx_malloc_array(rows, sizeof *work->weights);
            ok = ok && work->weights;
        }
    }
    if (ok)
        return RCX_OK;
    rcx_leaf_work_release(work);
    return rcx_fail_nomem(err, "training", 16 * rows);
}

void rcx_leaf_work_release(struct rcx_leaf_work *work)
{
    rcx_free(work->pieces);
    rcx_free(work->residuals);
    rcx_free(work->weights);
    rcx_free(work->tables);
    *work = (struct rcx_leaf_work){0};
}

static void loop(struct rcx_grower *grower, size_t rows, size_t chunks, rcx_team_chunk *function,
                 void *context)
{
    if (rows < ALONE) {
        for (size_t chunk = 0; chunk < chunks; chunk++)
            function(context, chunk, 0);
    } else {
        rcx_team_for(grower->team, chunks, function, context);
    }
}

/* ---- values ---- */

struct job {
    struct rcx_grower *grower;
    struct rcx_leaf_work *work;
    const struct rcx_leaf_input *input;
    double *score;
    const struct rcx_gbdt_dataset *dataset;
    const uint8_t *skip;
};

static void cut_pieces(const struct rcx_grower *grower, struct rcx_leaf_work *work)
{
    work->piece_count = 0;
    for (uint32_t l = 0; l < grower->leaf_count; l++) {
        const struct rcx_grown_leaf *leaf = &grower->leaves[l];
        for (uint32_t at = 0; at < leaf->rows; at += PIECE) {
            uint32_t count = leaf->rows - at < PIECE ? leaf->rows - at : PIECE;
            work->pieces[work->piece_count++] = (struct rcx_leaf_piece){
                .begin = leaf->begin + at, .leaf = l, .count = count};
        }
    }
}

static const uint64_t *records_of(const struct rcx_grower *grower,
                                  const struct rcx_leaf_piece *piece)
{
    return grower->records[grower->leaves[piece->leaf].buffer] + piece->begin;
}

static void sum_piece(void *context, size_t chunk, unsigned worker)
{
    struct job *job = context;
    (void)worker;
    struct rcx_leaf_piece *piece = &job->work->pieces[chunk];
    RCX_KERNEL_CALL(rcx_gradient_sum)
    (records_of(job->grower, piece), piece->count, job->input->pairs, piece->sum);
}

static double value_of(const struct rcx_grower *grower, const struct rcx_grown_leaf *leaf,
                       double gradient, double hessian)
{
    double l2 = leaf->node.l2 * grower->rules.hessian_unit;
    double soft = fabs(gradient) - grower->params->lambda_l1;
    if (!(soft > 0) || !(hessian + l2 > 0))
        return 0;
    return -copysign(soft, gradient) / (hessian + l2);
}

static void renew_leaf(void *context, size_t chunk, unsigned worker)
{
    struct job *job = context;
    (void)worker;
    struct rcx_grown_leaf *leaf = &job->grower->leaves[chunk];
    const uint64_t *records = job->grower->records[leaf->buffer] + leaf->begin;
    double *residuals = job->work->residuals + leaf->begin;
    double *weights = job->work->weights ? job->work->weights + leaf->begin : NULL;
    for (uint32_t i = 0; i < leaf->rows; i++) {
        uint32_t row = rcx_record_row(records[i]);
        residuals[i] = job->input->label[row] - job->input->score[row];
        if (weights)
            weights[i] = job->input->weight[row];
    }
    double alpha = job->input->loss->alpha;
    leaf->value = weights ? rcx_weighted_quantile_of(residuals, weights, leaf->rows, alpha)
                          : rcx_quantile_of(residuals, leaf->rows, alpha);
}

static void set_values(struct rcx_grower *grower, const struct rcx_leaf_work *work)
{
    size_t at = 0;
    for (uint32_t l = 0; l < grower->leaf_count; l++) {
        struct rcx_grown_leaf *leaf = &grower->leaves[l];
        double gradient = 0, hessian = 0;
        for (; at < work->piece_count && work->pieces[at].leaf == l; at++) {
            const double *sum = work->pieces[at].sum;
            gradient += sum[0] + sum[2];
            hessian += sum[1] + sum[3];
        }
        leaf->hessian = hessian;
        leaf->value = value_of(grower, leaf, gradient, hessian);
    }
}

void rcx_leaf_values(struct rcx_grower *grower, struct rcx_leaf_work *work,
                     const struct rcx_leaf_input *input)
{
    struct job job = {.grower = grower, .work = work, .input = input};
    cut_pieces(grower, work);
    loop(grower, grower->record_count, work->piece_count, sum_piece, &job);
    set_values(grower, work);
    if (input->loss->row->renews)
        loop(grower, grower->record_count, grower->leaf_count, renew_leaf, &job);
    for (uint32_t l = 0; l < grower->leaf_count; l++) {
        struct rcx_grown_leaf *leaf = &grower->leaves[l];
        double value = leaf->value;
        value = value < leaf->node.lower ? leaf->node.lower : value;
        value = value > leaf->node.upper ? leaf->node.upper : value;
        value *= input->learning_rate;
        value = value < input->lower ? input->lower : value;
        leaf->value = value > input->upper ? input->upper : value;
    }
}

/* ---- scores ---- */

static void add_piece(void *context, size_t chunk, unsigned worker)
{
    struct job *job = context;
    (void)worker;
    const struct rcx_leaf_piece *piece = &job->work->pieces[chunk];
    const uint64_t *records = records_of(job->grower, piece);
    double value = job->grower->leaves[piece->leaf].value;
    for (uint32_t i = 0; i < piece->count; i++)
        job->score[rcx_record_row(records[i])] += value;
}

void rcx_leaf_add_scores(struct rcx_grower *grower, struct rcx_leaf_work *work, double *score)
{
    struct job job = {.grower = grower, .work = work, .score = score};
    loop(grower, grower->record_count, work->piece_count, add_piece, &job);
}

static void walk_piece(void *context, size_t chunk, unsigned worker)
{
    struct job *job = context;
    (void)worker;
    const struct rcx_grower *grower = job->grower;
    const struct rcx_gbdt_dataset *dataset = job->dataset;
    size_t begin = chunk * WALK;
    size_t end = begin + WALK < dataset->rows ? begin + WALK : dataset->rows;
    for (size_t row = begin; row < end; row++) {
        if (job->skip && job->skip[row])
            continue;
        int32_t at = grower->leaf_count > 1 ? 0 : ~0;
        while (at >= 0) {
            const struct rcx_grown_split *split = &grower->splits[at];
            uint8_t bin = dataset->columns[split->split.feature * dataset->rows + row];
            bool left = job->work->tables[(size_t)at * RCX_GBDT_MOST_BINS + bin] != 0;
            at = left ? split->left : split->right;
        }
        job->score[row] += grower->leaves[~at].value;
    }
}

void rcx_tree_add_scores(struct rcx_grower *grower, struct rcx_leaf_work *work,
                         const struct rcx_gbdt_dataset *dataset, const uint8_t *skip, double *score)
{
    struct job job = {
        .grower = grower, .work = work, .score = score, .dataset = dataset, .skip = skip};
    for (uint32_t s = 0; s + 1 < grower->leaf_count; s++) {
        const struct rcx_split *split = &grower->splits[s].split;
        rcx_split_table(split, &dataset->bins->maps[dataset->feature[split->feature]],
                        work->tables + (size_t)s * RCX_GBDT_MOST_BINS);
    }
    loop(grower, dataset->rows, (dataset->rows + WALK - 1) / WALK, walk_piece, &job);
}
