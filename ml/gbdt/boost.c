#include "ml/gbdt/boost.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* What a tree may take of the distance to the neighbouring quantile. */
static const double SPEND = 0.5;

/* ---- one tree ---- */

static struct rcx_leaf_input leaf_input(const struct rcx_boost *boost)
{
    const struct rcx_gbdt_rows *from = &boost->train->from;
    struct rcx_leaf_input input = {.pairs = boost->pairs,
                                   .label = from->label,
                                   .weight = from->weight,
                                   .score = boost->score,
                                   .loss = &boost->loss,
                                   .learning_rate = boost->params->learning_rate,
                                   .lower = -INFINITY,
                                   .upper = INFINITY};
    double spend = SPEND * (boost->gap.budget - boost->gap.reserve);
    spend = spend > 0 ? spend : 0;
    if (boost->gap.sign > 0)
        input.lower = -spend;
    else if (boost->gap.sign < 0)
        input.upper = spend;
    return input;
}

static void account_gap(struct rcx_boost *boost)
{
    double least = INFINITY;
    for (uint32_t l = 0; l < boost->grower.leaf_count; l++) {
        double value = boost->gap.sign * boost->grower.leaves[l].value;
        least = value < least ? value : least;
    }
    boost->gap.budget += least;
}

/* The next tree, its scores, and its place in the model. A tree of one leaf ends the run; it is kept
 * when the model needs it for its constant. */
static enum rcx_status add_tree(struct rcx_boost *boost, struct rcx_error *err)
{
    struct rcx_grower *grower = &boost->grower;
    uint64_t total = rcx_boost_sample(boost);
    rcx_grow(grower, total);
    boost->ended = grower->leaf_count == 1;
    if (boost->ended) {
        grower->leaves[0].value = 0;
        grower->leaves[0].hessian = 0;
        if (boost->model.tree_count > 0 && boost->constant == 0)
            return RCX_OK;
    } else {
        struct rcx_leaf_input input = leaf_input(boost);
        rcx_leaf_values(grower, &boost->work, &input);
        account_gap(boost);
        rcx_leaf_add_scores(grower, &boost->work, boost->score);
        if (boost->in_bag)
            rcx_tree_add_scores(grower, &boost->work, boost->train, boost->in_bag, boost->score);
        for (size_t v = 0; v < boost->job->valid_count; v++)
            rcx_tree_add_scores(grower, &boost->work, boost->job->valid[v].dataset, NULL,
                                boost->evaluation.scores[v]);
    }
    struct rcx_gbdt_tree tree;
    enum rcx_status status = rcx_tree_export(grower, boost->constant, &tree, err);
    if (status != RCX_OK)
        return status;
    boost->constant = 0;
    boost->iteration++;
    return rcx_gbdt_model_append(&boost->model, &tree, err);
}

/* ---- the run ---- */

static void tell(const struct rcx_boost *boost)
{
    const struct rcx_gbdt_job *job = boost->job;
    if (!job->progress || boost->iteration == 0)
        return;
    bool measured = job->valid_count > 0;
    struct rcx_gbdt_progress progress = {
        .iteration = boost->iteration,
        .iterations = (uint32_t)boost->params->num_iterations,
        .metric = measured ? rcx_metric_name(boost->evaluation.metrics[0]) : NULL,
        .value = rcx_evaluation_value(&boost->evaluation, boost->iteration)};
    job->progress(job->progress_context, &progress);
}

static bool has_more(const struct rcx_boost *boost)
{
    return !boost->ended && boost->iteration < (uint64_t)boost->params->num_iterations;
}

/* With validation sets one tree, so that measures are made outside of the team; else all. */
static enum rcx_status run_team(void *context, struct rcx_team *team, struct rcx_error *err)
{
    struct rcx_boost *boost = context;
    boost->grower.team = team;
    enum rcx_status status = RCX_OK;
    do {
        if (rcx_interrupt_requested())
            return rcx_fail(err, RCX_E_INTERRUPTED, "training: interrupted");
        status = add_tree(boost, err);
        if (status == RCX_OK && boost->job->valid_count == 0)
            tell(boost);
    } while (status == RCX_OK && boost->job->valid_count == 0 && has_more(boost));
    return status;
}

static enum rcx_status run(struct rcx_boost *boost, struct rcx_error *err)
{
    uint32_t measured = 0;
    while (has_more(boost) && !rcx_evaluation_stop(&boost->evaluation, boost->iteration)) {
        enum rcx_status status = rcx_team_run(boost->job->parallel, run_team, boost, err);
        if (status == RCX_OK && boost->job->valid_count > 0 && boost->iteration > measured) {
            measured = boost->iteration;
            status = rcx_evaluation_measure(&boost->evaluation, &boost->model, measured, err);
            if (status == RCX_OK)
                tell(boost);
        }
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

/* ---- begin and end ---- */

static enum rcx_status check_job(const struct rcx_gbdt_job *job, struct rcx_error *err)
{
    const struct rcx_gbdt_params *params = job->params;
    const struct rcx_gbdt_bins *bins = job->train->bins;
    enum rcx_status status = rcx_gbdt_params_check(params, err);
    if (status != RCX_OK)
        return status;
    size_t signs = params->monotone_constraints.count;
    if (signs > 0 && signs != bins->feature_count)
        return rcx_fail(err, RCX_E_CONFIG,
                        "training: %zu monotone_constraints for %zu features; one for each, please",
                        signs, bins->feature_count);
    for (size_t f = 0; f < signs; f++) {
        if (params->monotone_constraints.items[f] != 0 && bins->maps[f].categorical)
            return rcx_fail(err, RCX_E_CONFIG,
                            "training: feature %s is categorical and cannot be monotone",
                            bins->names[f]);
    }
    if (job->train->used == 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "training: all %zu features are constant or missing throughout",
                        bins->feature_count);
    return RCX_OK;
}

static enum rcx_status allocate(struct rcx_boost *boost, struct rcx_error *err)
{
    enum { PIECE = 4096 }; /* as in boost_sample.c */
    const struct rcx_gbdt_params *params = boost->params;
    size_t rows = boost->train->rows;
    boost->piece_count = (rows + PIECE - 1) / PIECE;
    boost->pieces = rcx_calloc(boost->piece_count, sizeof *boost->pieces);
    boost->score_bytes = rows * sizeof *boost->score;
    boost->pairs_bytes = 2 * rows * sizeof *boost->pairs;
    boost->score = rcx_pages_alloc(boost->score_bytes);
    boost->pairs = rcx_pages_alloc(boost->pairs_bytes);
    bool ok = boost->pieces && boost->score && boost->pairs;
    if (boost->rows.held_out || (params->bagging_freq > 0 && params->bagging_fraction < 1)) {
        boost->in_bag = rcx_malloc(rows);
        ok = ok && boost->in_bag;
    }
    if (params->feature_fraction < 1) {
        boost->use_feature = rcx_malloc(boost->train->used);
        ok = ok && boost->use_feature;
    }
    if (!ok)
        return rcx_fail_nomem(err, "training", 16 * rows);
    enum rcx_status status = rcx_grower_init(
        &boost->grower, params, boost->train,
        boost->job->parallel ? boost->job->parallel->threads : 1, err);
    if (status != RCX_OK)
        return status;
    boost->grower.record_count = rows;
    boost->grower.use_feature = boost->use_feature;
    return rcx_leaf_work_init(&boost->work, &boost->grower, &boost->loss, err);
}

static void release(struct rcx_boost *boost)
{
    rcx_leaf_work_release(&boost->work);
    rcx_grower_release(&boost->grower);
    rcx_pages_free(boost->score, boost->score_bytes);
    rcx_pages_free(boost->pairs, boost->pairs_bytes);
    rcx_free(boost->in_bag);
    rcx_free(boost->use_feature);
    rcx_free(boost->pieces);
    rcx_evaluation_release(&boost->evaluation);
    rcx_gbdt_model_release(&boost->model);
}

/* Drops the trees after the best one and hands over the model. */
static enum rcx_status finish(struct rcx_boost *boost, double seconds,
                              struct rcx_gbdt_model *out_model,
                              struct rcx_gbdt_history *out_history, struct rcx_error *err)
{
    size_t before = boost->model.tree_count - boost->iteration;
    uint32_t kept = boost->iteration;
    if (boost->params->early_stopping_round > 0 && boost->evaluation.best_iteration > 0)
        kept = boost->evaluation.best_iteration;
    rcx_gbdt_model_truncate(&boost->model, before + kept);
    if (out_history) {
        enum rcx_status status = rcx_evaluation_history(&boost->evaluation, boost->iteration,
                                                        out_history, err);
        if (status != RCX_OK)
            return status;
        out_history->best_iteration = kept;
        out_history->seconds = seconds;
    }
    if (boost->rows.out_score)
        memcpy(boost->rows.out_score, boost->score, boost->train->rows * sizeof *boost->score);
    *out_model = boost->model;
    boost->model = (struct rcx_gbdt_model){0};
    return RCX_OK;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum rcx_status rcx_boost_train(const struct rcx_gbdt_job *job, int gap_sign,
                                const struct rcx_boost_rows *rows, struct rcx_gbdt_model *out_model,
                                struct rcx_gbdt_history *out_history, struct rcx_error *err)
{
    double begun = now();
    struct rcx_boost boost = {
        .job = job, .params = job->params, .train = job->train, .gap = {.sign = gap_sign}};
    if (rows)
        boost.rows = *rows;
    enum rcx_status status = check_job(job, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_gbdt_rows *from = &job->train->from;
    struct rcx_label_view view = {from->label, from->weight, job->train->rows};
    status = rcx_loss_init(&boost.loss, job->params, &view, err);
    if (status != RCX_OK)
        return status;
    status = rcx_evaluation_init(&boost.evaluation, job, &boost.loss, err);
    if (status != RCX_OK)
        return status;
    status = allocate(&boost, err);
    if (status == RCX_OK)
        status = rcx_boost_start(&boost, err);
    if (status == RCX_OK)
        status = run(&boost, err);
    if (status == RCX_OK)
        status = finish(&boost, now() - begun, out_model, out_history, err);
    release(&boost);
    return status;
}

enum rcx_status rcx_gbdt_train(const struct rcx_gbdt_job *job, struct rcx_gbdt_model *out_model,
                               struct rcx_gbdt_history *out_history, struct rcx_error *err)
{
    return rcx_boost_train(job, 0, NULL, out_model, out_history, err);
}
