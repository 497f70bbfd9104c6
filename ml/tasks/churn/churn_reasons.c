#include "ml/tasks/churn/churn_reasons.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/tree_shap.h"

enum { BLOCK = 1024, NOWHERE = -1 };

struct story {
    const char *name, *prefixes;
};
static const struct story stories[RCX_CHURN_STORIES] = {
#define STORY(id, name, prefixes) {name, prefixes},
#include "ml/tasks/churn/churn_reasons.def"
#undef STORY
};

const char *rcx_churn_story_name(enum rcx_churn_story story)
{
    return stories[story].name;
}

static bool begins_with_one_of(const char *input, const char *prefixes)
{
    while (*prefixes) {
        size_t length = strcspn(prefixes, " ");
        if (strncmp(input, prefixes, length) == 0)
            return true;
        prefixes += length + (prefixes[length] == ' ');
    }
    return false;
}

enum rcx_churn_story rcx_churn_story_of(const char *input)
{
    for (int s = 0; s < RCX_CHURN_STORIES; s++) {
        if (begins_with_one_of(input, stories[s].prefixes))
            return (enum rcx_churn_story)s;
    }
    return RCX_CHURN_STORY_OTHER;
}

/* --- what each input adds ----------------------------------------------------------------------- */

struct effects {
    const struct rcx_churn_model *model;
    const struct rcx_churn_view *view;
    struct rcx_shap *shap;                 /* NULL: no trees */
    const struct rcx_logistic *regression; /* NULL: none */
    size_t columns;                        /* inputs + 1: the last is that of the start */
    double tree_factor, regression_factor, start_factor;
    enum rcx_churn_story *story; /* [columns] */
    struct rcx_churn_reason *reasons;
    double *sums; /* [blocks][columns] of absolute effects; or NULL */
};

static bool has_parts(const struct effects *effects)
{
    return effects->shap || effects->regression;
}

static void effects_release(struct effects *effects)
{
    rcx_shap_release(effects->shap);
    rcx_free(effects->story);
}

static enum rcx_status effects_init(const struct rcx_churn_model *model,
                                    const struct rcx_churn_view *view, struct effects *out,
                                    struct rcx_error *err)
{
    const struct rcx_churn_fit *fit = &model->fit;
    const struct rcx_gbdt_model *trees = NULL;
    *out = (struct effects){.model = model, .view = view, .columns = model->inputs.count + 1};
    out->story = rcx_calloc(out->columns, sizeof *out->story);
    if (!out->story)
        return rcx_fail_nomem(err, "reasons", out->columns * sizeof *out->story);
    for (size_t c = 0; c < model->inputs.count; c++)
        out->story[c] = rcx_churn_story_of(model->inputs.names[c]);
    out->story[model->inputs.count] = RCX_CHURN_STORY_SILENCE;
    out->tree_factor = out->regression_factor = 1;
    if (model->chosen == RCX_CHURN_LOGISTIC || model->chosen == RCX_CHURN_LOGISTIC_BTYD)
        out->regression = rcx_churn_fit_regression(fit, model->chosen);
    else if (model->chosen == RCX_CHURN_TREES_PLAIN)
        trees = &fit->trees_plain;
    else if (model->chosen == RCX_CHURN_TREES || model->chosen == RCX_CHURN_BLEND)
        trees = &fit->trees;
    out->start_factor = model->chosen == RCX_CHURN_BEHAVIOUR ||
                        (fit->trees_from_offset && trees == &fit->trees);
    if (model->chosen == RCX_CHURN_BLEND && fit->trees_from_offset) {
        trees = fit->blend.trees > 0 ? trees : NULL;
        out->regression = rcx_churn_fit_regression(fit, RCX_CHURN_BLEND);
        out->tree_factor = fit->blend.trees;
        out->regression_factor = fit->blend.regression;
        out->start_factor = 1 - fit->blend.regression;
    }
    return trees && trees->tree_count > 0 ? rcx_shap_build(trees, 0, &out->shap, err) : RCX_OK;
}

/* Effects of a block of rows: out[row * columns + input]. */
static enum rcx_status block_effects(const struct effects *effects, size_t first, size_t rows,
                                     double *out, double *scratch, struct rcx_error *err)
{
    const struct rcx_churn_model *model = effects->model;
    const double **views = rcx_malloc_array(effects->columns, sizeof *views);
    size_t trees = model->fit.tree_inputs;
    enum rcx_status status = RCX_OK;
    if (!views)
        return rcx_fail_nomem(err, "reasons", effects->columns * sizeof *views);
    memset(out, 0, rows * effects->columns * sizeof *out);
    for (size_t c = 0; c < model->inputs.count; c++)
        views[c] = effects->view->matrix.columns[c] + first;
    if (effects->shap) {
        const struct rcx_matrix matrix = {.rows = rows, .column_count = trees, .columns = views};
        status = rcx_shap_values(effects->shap, &matrix, NULL, scratch, err);
        for (size_t i = 0; status == RCX_OK && i < rows; i++) {
            for (size_t c = 0; c < trees; c++)
                out[i * effects->columns + c] = effects->tree_factor * scratch[i * (trees + 1) + c];
        }
    }
    for (size_t c = 0; status == RCX_OK && effects->regression && c < effects->regression->columns;
         c++) {
        rcx_signed_log1p(views[c], rows, scratch);
        for (size_t i = 0; i < rows; i++)
            out[i * effects->columns + c] += effects->regression_factor *
                                             rcx_logistic_share(effects->regression, c, scratch[i]);
    }
    for (size_t i = 0; effects->start_factor > 0 && i < rows; i++)
        out[(i + 1) * effects->columns - 1] =
            effects->start_factor * (effects->view->offset[first + i] - model->mean_offset);
    rcx_free(views);
    return status;
}

/* The three largest by absolute value; of equal ones the first story. */
static void strongest(const double *by_story, struct rcx_churn_reason *out)
{
    bool taken[RCX_CHURN_STORIES] = {false};
    for (size_t r = 0; r < RCX_CHURN_REASONS; r++) {
        int best = NOWHERE;
        for (int s = 0; s < RCX_CHURN_STORY_OTHER; s++) {
            if (!taken[s] && (best == NOWHERE || fabs(by_story[s]) > fabs(by_story[best])))
                best = s;
        }
        taken[best] = true;
        out[r] = (struct rcx_churn_reason){(enum rcx_churn_story)best, by_story[best]};
    }
}

static void choose_reasons(const struct effects *effects, size_t first, size_t rows,
                           const double *effect)
{
    static const enum rcx_churn_story plain[RCX_CHURN_REASONS] = {
        RCX_CHURN_STORY_SILENCE, RCX_CHURN_STORY_PURCHASES, RCX_CHURN_STORY_TENURE};
    for (size_t i = 0; i < rows; i++) {
        struct rcx_churn_reason *out = effects->reasons + (first + i) * RCX_CHURN_REASONS;
        double by_story[RCX_CHURN_STORIES] = {0};
        for (size_t c = 0; c < effects->columns; c++)
            by_story[effects->story[c]] += effect[i * effects->columns + c];
        if (has_parts(effects)) {
            strongest(by_story, out);
            continue;
        }
        for (size_t r = 0; r < RCX_CHURN_REASONS; r++)
            out[r] = (struct rcx_churn_reason){plain[r], NAN};
    }
}

static enum rcx_status run_block(void *context, size_t block, unsigned worker,
                                 struct rcx_error *err)
{
    const struct effects *effects = context;
    size_t first = block * BLOCK, all = effects->view->matrix.rows;
    size_t rows = all - first < BLOCK ? all - first : BLOCK;
    double *out = rcx_malloc_array(2 * rows * effects->columns + rows, sizeof *out);
    (void)worker;
    if (!out)
        return rcx_fail_nomem(err, "reasons", 2 * rows * effects->columns * sizeof *out);
    enum rcx_status status = block_effects(effects, first, rows, out, out + rows * effects->columns,
                                           err);
    if (status == RCX_OK && effects->reasons)
        choose_reasons(effects, first, rows, out);
    for (size_t c = 0; status == RCX_OK && effects->sums && c < effects->columns; c++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += fabs(out[i * effects->columns + c]);
        effects->sums[block * effects->columns + c] = sum;
    }
    rcx_free(out);
    return status;
}

static size_t block_count(const struct rcx_churn_view *view)
{
    return (view->matrix.rows + BLOCK - 1) / BLOCK;
}

enum rcx_status rcx_churn_reasons(const struct rcx_churn_model *model,
                                  const struct rcx_churn_view *view,
                                  const struct rcx_parallel *parallel, struct rcx_churn_reason *out,
                                  struct rcx_error *err)
{
    struct effects effects = {0};
    enum rcx_status status = effects_init(model, view, &effects, err);
    effects.reasons = out;
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, block_count(view), run_block, &effects, err);
    effects_release(&effects);
    return status;
}

enum rcx_status rcx_churn_mean_effects(const struct rcx_churn_model *model,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err)
{
    struct effects effects = {0};
    size_t blocks = block_count(view);
    enum rcx_status status = effects_init(model, view, &effects, err);
    effects.sums = rcx_calloc(blocks * effects.columns + 1, sizeof *effects.sums);
    if (status == RCX_OK && !effects.sums)
        status = rcx_fail_nomem(err, "importance", blocks * effects.columns * sizeof(double));
    if (status == RCX_OK && has_parts(&effects))
        status = rcx_parallel_for(parallel, blocks, run_block, &effects, err);
    for (size_t c = 0; status == RCX_OK && c < model->inputs.count; c++) {
        out[c] = 0;
        for (size_t b = 0; b < blocks; b++)
            out[c] += effects.sums[b * effects.columns + c];
        out[c] /= view->matrix.rows > 0 ? (double)view->matrix.rows : 1;
    }
    rcx_free(effects.sums);
    effects_release(&effects);
    return status;
}

enum rcx_status rcx_churn_effects(const struct rcx_churn_model *model,
                                  const struct rcx_churn_view *view, double *out,
                                  struct rcx_error *err)
{
    struct effects effects = {0};
    enum rcx_status status = effects_init(model, view, &effects, err);
    size_t cells = (view->matrix.rows + 1) * (effects.columns + 1);
    double *scratch = status == RCX_OK ? rcx_malloc_array(cells, sizeof *scratch) : NULL;
    if (status == RCX_OK && !scratch)
        status = rcx_fail_nomem(err, "effects", cells * sizeof *scratch);
    if (status == RCX_OK)
        status = block_effects(&effects, 0, view->matrix.rows, out, scratch, err);
    rcx_free(scratch);
    effects_release(&effects);
    return status;
}
