#include "ml/gbdt/tree_shap.h"

#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest_codes.h"
#include "ml/gbdt/forest_kernels.h"
#include "ml/gbdt/shap_program.h"

struct rcx_shap {
    const struct rcx_gbdt_model *model; /* borrowed */
    size_t tree_count;
    struct rcx_shap_program *programs;
    struct rcx_forest_codes codes;
    uint32_t *place_of; /* feature of the model -> place among the used ones */
    uint32_t *features; /* the other way */
    uint32_t used;      /* features that splits use */
    uint32_t splits;    /* of the largest tree */
    uint32_t depth;
    size_t products; /* of the largest tree: (depth + 1) x nodes */
    double base;
};

enum { L = RCX_SHAP_LANES, BLOCK = RCX_FOREST_BLOCK };

/* ---- building ---- */

static bool number_features(struct rcx_shap *shap)
{
    const struct rcx_gbdt_model *model = shap->model;
    shap->place_of = rcx_calloc(model->feature_count + 1, sizeof *shap->place_of);
    shap->features = rcx_calloc(model->feature_count + 1, sizeof *shap->features);
    if (!shap->place_of || !shap->features)
        return false;
    for (size_t t = 0; t < shap->tree_count; t++)
        for (uint32_t s = 0; s + 1 < model->trees[t].leaf_count; s++)
            shap->place_of[model->trees[t].split_feature[s]] = 1;
    for (size_t f = 0; f < model->feature_count; f++) {
        if (shap->place_of[f]) {
            shap->features[shap->used] = (uint32_t)f;
            shap->place_of[f] = shap->used++;
        }
    }
    return true;
}

/* How the kernel decides each split; sets, and everything when codes do not fit, value by value. */
static void fill_splits(const struct rcx_shap *shap, bool coded, const struct rcx_gbdt_tree *tree,
                        struct rcx_shap_program *program)
{
    for (uint32_t s = 0; s < program->split_count; s++) {
        struct rcx_shap_split *split = &program->splits[s];
        split->is_set = !coded || (tree->decision_type[s] & RCX_GBDT_CATEGORICAL);
        if (split->is_set)
            continue;
        split->column = rcx_forest_codes_column(&shap->codes, tree, s);
        split->code = rcx_forest_codes_threshold(&shap->codes, tree, s);
    }
}

static enum rcx_status build_programs(struct rcx_shap *shap, struct rcx_error *err)
{
    bool coded = false;
    enum rcx_status status = rcx_forest_codes_build(shap->model, shap->tree_count, &shap->codes,
                                                    &coded, err);
    for (size_t t = 0; t < shap->tree_count && status == RCX_OK; t++) {
        const struct rcx_gbdt_tree *tree = &shap->model->trees[t];
        struct rcx_shap_program *program = &shap->programs[t];
        status = rcx_shap_program_build(tree, shap->place_of, program, err);
        if (status != RCX_OK)
            return status;
        fill_splits(shap, coded, tree, program);
        size_t products = ((size_t)program->depth + 1) * program->tree.nodes;
        shap->products = products > shap->products ? products : shap->products;
        shap->splits = program->split_count > shap->splits ? program->split_count : shap->splits;
        shap->depth = program->depth > shap->depth ? program->depth : shap->depth;
        shap->base += program->base;
    }
    return status;
}

enum rcx_status rcx_shap_build(const struct rcx_gbdt_model *model, size_t tree_limit,
                               struct rcx_shap **out, struct rcx_error *err)
{
    struct rcx_shap *shap = rcx_calloc(1, sizeof *shap);
    if (!shap)
        return rcx_fail_nomem(err, "SHAP tables", sizeof *shap);
    shap->model = model;
    shap->tree_count = tree_limit > 0 && tree_limit < model->tree_count ? tree_limit
                                                                        : model->tree_count;
    shap->programs = rcx_calloc(shap->tree_count + 1, sizeof *shap->programs);
    enum rcx_status status = shap->programs && number_features(shap)
                                 ? build_programs(shap, err)
                                 : rcx_fail_nomem(err, "SHAP tables", model->feature_count);
    if (status == RCX_OK)
        *out = shap;
    else
        rcx_shap_release(shap);
    return status;
}

void rcx_shap_release(struct rcx_shap *shap)
{
    if (!shap)
        return;
    for (size_t t = 0; t < shap->tree_count && shap->programs; t++)
        rcx_shap_program_release(&shap->programs[t]);
    rcx_forest_codes_release(&shap->codes);
    rcx_free(shap->programs);
    rcx_free(shap->place_of);
    rcx_free(shap->features);
    rcx_free(shap);
}

double rcx_shap_base(const struct rcx_shap *shap)
{
    return shap->base;
}

/* ---- values ---- */

/* What one worker needs; vectors are aligned within pages of their own. */
struct shap_worker {
    void *pages;
    size_t bytes;
    struct rcx_shap_scratch scratch;
    rcx_shap_reals *values; /* per group of rows of a block and used feature */
    uint16_t *codes;        /* codes[column * BLOCK + row] */
};

struct explain {
    const struct rcx_shap *shap;
    const struct rcx_matrix *matrix;
    struct shap_worker *workers;
    double *out;
};

static void *carve(struct shap_worker *worker, size_t count, size_t size)
{
    void *part = worker->pages ? (char *)worker->pages + worker->bytes : NULL;
    worker->bytes += (count * size + 63) / 64 * 64;
    return part;
}

static void lay_out(const struct rcx_shap *shap, struct shap_worker *worker)
{
    worker->bytes = 0;
    worker->scratch.left = carve(worker, shap->splits + (size_t)1, sizeof(rcx_shap_masks));
    worker->scratch.follows = carve(worker, shap->depth + (size_t)1, sizeof(rcx_shap_masks));
    worker->scratch.path = carve(worker, shap->depth + (size_t)1, sizeof(uint32_t));
    worker->scratch.products = carve(worker, shap->products + 1, sizeof(rcx_shap_reals));
    worker->scratch.sums = carve(worker, shap->products + 1, sizeof(rcx_shap_reals));
    worker->values = carve(worker, (size_t)(BLOCK / L) * shap->used, sizeof(rcx_shap_reals));
    worker->codes = carve(worker, (size_t)BLOCK * shap->codes.column_count, sizeof(uint16_t));
}

static bool worker_init(const struct rcx_shap *shap, struct shap_worker *worker)
{
    lay_out(shap, worker);
    worker->pages = rcx_pages_alloc(worker->bytes);
    if (worker->pages)
        lay_out(shap, worker);
    return worker->pages != NULL;
}

/* Splits that codes do not decide. */
static void decide_sets(const struct explain *explain, const struct rcx_gbdt_tree *tree,
                        const struct rcx_shap_program *program, size_t first, uint32_t count,
                        rcx_shap_masks *left)
{
    for (uint32_t s = 0; s < program->split_count; s++) {
        if (!program->splits[s].is_set)
            continue;
        const double *values = explain->matrix->columns[tree->split_feature[s]] + first;
        for (uint32_t l = 0; l < L; l++)
            left[s][l] = l < count && rcx_gbdt_tree_goes_left(tree, s, values[l]) ? -1 : 0;
    }
}

static bool has_sets(const struct rcx_shap_program *program)
{
    for (uint32_t s = 0; s < program->split_count; s++)
        if (program->splits[s].is_set)
            return true;
    return false;
}

/* Trees outside, so that the tables of one stay in the cache. */
static void explain_block(const struct explain *explain, struct shap_worker *worker, size_t first,
                          uint32_t count)
{
    const struct rcx_shap *shap = explain->shap;
    size_t features = shap->model->feature_count;
    memset(worker->values, 0, (size_t)(BLOCK / L) * shap->used * sizeof *worker->values);
    rcx_forest_codes_encode(&shap->codes, explain->matrix, first, count, 1, BLOCK, worker->codes);
    for (size_t t = 0; t < shap->tree_count; t++) {
        const struct rcx_shap_program *program = &shap->programs[t];
        bool sets = has_sets(program);
        for (uint32_t r = 0; r < count && program->split_count > 0; r += L) {
            RCX_KERNEL_CALL(rcx_shap_decide)
            (program->splits, program->split_count, worker->codes + r, BLOCK, worker->scratch.left);
            if (sets)
                decide_sets(explain, &shap->model->trees[t], program, first + r, count - r,
                            worker->scratch.left);
            RCX_KERNEL_CALL(rcx_shap_tree)
            (&program->tree, &worker->scratch, worker->values + (size_t)(r / L) * shap->used);
        }
    }
    for (uint32_t r = 0; r < count; r++) {
        double *row = explain->out + (first + r) * (features + 1);
        memset(row, 0, features * sizeof *row);
        for (uint32_t f = 0; f < shap->used; f++)
            row[shap->features[f]] = worker->values[(size_t)(r / L) * shap->used + f][r % L];
        row[features] = shap->base;
    }
}

static enum rcx_status explain_chunk(void *context, size_t chunk, unsigned worker,
                                     struct rcx_error *err)
{
    const struct explain *explain = context;
    size_t first = chunk * BLOCK, left = explain->matrix->rows - first;
    (void)err;
    explain_block(explain, &explain->workers[worker], first,
                  (uint32_t)(left < BLOCK ? left : BLOCK));
    return RCX_OK;
}

enum rcx_status rcx_shap_values(const struct rcx_shap *shap, const struct rcx_matrix *matrix,
                                const struct rcx_parallel *parallel, double *out,
                                struct rcx_error *err)
{
    const struct rcx_parallel alone = {.threads = 1};
    parallel = parallel ? parallel : &alone;
    if (matrix->column_count != shap->model->feature_count)
        return rcx_fail(err, RCX_E_INPUT, "the model has %zu features, the data %zu columns",
                        shap->model->feature_count, matrix->column_count);
    struct explain explain = {.shap = shap, .matrix = matrix, .out = out};
    explain.workers = rcx_calloc(parallel->threads, sizeof *explain.workers);
    bool enough = explain.workers != NULL;
    for (unsigned w = 0; w < parallel->threads && enough; w++)
        enough = worker_init(shap, &explain.workers[w]);
    enum rcx_status status = enough ? rcx_parallel_for(parallel, (matrix->rows + BLOCK - 1) / BLOCK,
                                                       explain_chunk, &explain, err)
                                    : rcx_fail_nomem(err, "SHAP values",
                                                     shap->products * sizeof(rcx_shap_reals));
    for (unsigned w = 0; w < parallel->threads && explain.workers; w++)
        if (explain.workers[w].pages)
            rcx_pages_free(explain.workers[w].pages, explain.workers[w].bytes);
    rcx_free(explain.workers);
    return status;
}
