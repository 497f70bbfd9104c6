#include "ml/gbdt/forest.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest_codes.h"
#include "ml/gbdt/forest_kernels.h"

/* A tree in the form of the kernels; node 0 is the root. */
struct coded_tree {
    uint32_t first_node; /* in `nodes`, `values` and `leaves` */
    uint32_t first_set;
    bool has_sets;
};

struct rcx_forest {
    const struct rcx_gbdt_model *model; /* borrowed */
    size_t tree_count;
    bool coded; /* else the plain walk */
    struct rcx_forest_codes codes;
    struct coded_tree *trees;
    struct rcx_forest_node *nodes;
    double *values;   /* per node: of its leaf */
    uint32_t *leaves; /* per node: number of its leaf */
    struct rcx_forest_set *sets;
    uint32_t *bits;
};

enum { CHUNK_ROWS = 8 * RCX_FOREST_BLOCK };

/* ---- building ---- */

static bool allocate(struct rcx_forest *forest)
{
    size_t nodes = 0, sets = 0, words = 0;
    for (size_t t = 0; t < forest->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &forest->model->trees[t];
        nodes += 2 * (size_t)tree->leaf_count - 1;
        sets += tree->category_sets;
        words += tree->category_words;
    }
    forest->trees = rcx_calloc(forest->tree_count + 1, sizeof *forest->trees);
    forest->nodes = rcx_calloc(nodes + 1, sizeof *forest->nodes);
    forest->values = rcx_calloc(nodes + 1, sizeof *forest->values);
    forest->leaves = rcx_calloc(nodes + 1, sizeof *forest->leaves);
    forest->sets = rcx_calloc(sets + 1, sizeof *forest->sets);
    forest->bits = rcx_calloc(words + 1, sizeof *forest->bits);
    return forest->trees && forest->nodes && forest->values && forest->leaves && forest->sets &&
           forest->bits;
}

static void put_leaf(struct rcx_forest *forest, const struct rcx_gbdt_tree *tree, size_t first,
                     uint32_t node, uint32_t leaf)
{
    forest->nodes[first + node] = (struct rcx_forest_node){0, RCX_FOREST_LEAF, node};
    forest->values[first + node] = tree->leaf_value[leaf];
    forest->leaves[first + node] = leaf;
}

/* Children get the next two places when their parent is put down; parents come before children in the
 * arrays of the tree, too, so one pass in their order is enough. places[split] = node. */
static void put_tree(struct rcx_forest *forest, const struct rcx_gbdt_tree *tree, size_t first,
                     uint32_t *places)
{
    uint32_t used = 1;
    places[0] = 0;
    if (tree->leaf_count == 1)
        put_leaf(forest, tree, first, 0, 0);
    for (uint32_t s = 0; s + 1 < tree->leaf_count; s++) {
        const int32_t children[2] = {tree->left_child[s], tree->right_child[s]};
        struct rcx_forest_node *node = &forest->nodes[first + places[s]];
        node->column = rcx_forest_codes_column(&forest->codes, tree, s);
        node->left = used;
        if (tree->decision_type[s] & RCX_GBDT_CATEGORICAL) {
            node->code = (uint16_t)tree->threshold[s];
            node->left |= RCX_FOREST_SET;
        } else {
            node->code = rcx_forest_codes_threshold(&forest->codes, tree, s);
        }
        for (unsigned c = 0; c < 2; c++, used++) {
            if (children[c] >= 0)
                places[children[c]] = used;
            else
                put_leaf(forest, tree, first, used, (uint32_t)~children[c]);
        }
    }
}

static void put_sets(struct rcx_forest *forest, const struct rcx_gbdt_tree *tree, size_t first_set,
                     size_t first_word)
{
    for (uint32_t s = 0; s < tree->category_sets; s++) {
        uint32_t begin = tree->category_begin[s], end = tree->category_begin[s + 1];
        forest->sets[first_set + s] = (struct rcx_forest_set){(uint32_t)first_word + begin,
                                                              end - begin};
    }
    if (tree->category_words > 0)
        memcpy(forest->bits + first_word, tree->category_bits,
               tree->category_words * sizeof *forest->bits);
}

static enum rcx_status put_trees(struct rcx_forest *forest, struct rcx_error *err)
{
    size_t nodes = 0, sets = 0, words = 0, most = 1;
    for (size_t t = 0; t < forest->tree_count; t++)
        most = most > forest->model->trees[t].leaf_count ? most
                                                         : forest->model->trees[t].leaf_count;
    uint32_t *places = rcx_calloc(most, sizeof *places);
    if (!places || !allocate(forest)) {
        rcx_free(places);
        return rcx_fail_nomem(err, "forest", most * sizeof *places);
    }
    for (size_t t = 0; t < forest->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &forest->model->trees[t];
        forest->trees[t] = (struct coded_tree){(uint32_t)nodes, (uint32_t)sets,
                                               tree->category_sets > 0};
        put_tree(forest, tree, nodes, places);
        put_sets(forest, tree, sets, words);
        nodes += 2 * (size_t)tree->leaf_count - 1;
        sets += tree->category_sets;
        words += tree->category_words;
    }
    rcx_free(places);
    return RCX_OK;
}

enum rcx_status rcx_forest_build(const struct rcx_gbdt_model *model, size_t tree_limit,
                                 struct rcx_forest **out, struct rcx_error *err)
{
    struct rcx_forest *forest = rcx_calloc(1, sizeof *forest);
    if (!forest)
        return rcx_fail_nomem(err, "forest", sizeof *forest);
    forest->model = model;
    forest->tree_count = tree_limit > 0 && tree_limit < model->tree_count ? tree_limit
                                                                          : model->tree_count;
    enum rcx_status status = rcx_forest_codes_build(model, forest->tree_count, &forest->codes,
                                                    &forest->coded, err);
    if (status == RCX_OK && forest->coded)
        status = put_trees(forest, err);
    if (status == RCX_OK)
        *out = forest;
    else
        rcx_forest_release(forest);
    return status;
}

void rcx_forest_release(struct rcx_forest *forest)
{
    if (!forest)
        return;
    rcx_forest_codes_release(&forest->codes);
    rcx_free(forest->trees);
    rcx_free(forest->nodes);
    rcx_free(forest->values);
    rcx_free(forest->leaves);
    rcx_free(forest->sets);
    rcx_free(forest->bits);
    rcx_free(forest);
}

size_t rcx_forest_tree_count(const struct rcx_forest *forest)
{
    return forest->tree_count;
}

/* ---- walking ---- */

struct walk {
    const struct rcx_forest *forest;
    const struct rcx_matrix *matrix;
    const double *start;
    double *scores;   /* or NULL */
    uint32_t *leaves; /* or NULL */
    uint16_t **codes; /* per worker: a block of rows */
    double **plain;   /* per worker: one row of doubles */
    size_t chunk_rows;
};

/* The sum over the trees of rows [first, first + count), one block. */
static void walk_block(const struct walk *walk, size_t first, uint32_t count, uint16_t *codes)
{
    const struct rcx_forest *forest = walk->forest;
    uint32_t columns = forest->codes.column_count, at[RCX_FOREST_BLOCK];
    uint32_t padded = (count + RCX_FOREST_LANES - 1) / RCX_FOREST_LANES * RCX_FOREST_LANES;
    double sums[RCX_FOREST_BLOCK] = {0};
    rcx_forest_codes_encode(&forest->codes, walk->matrix, first, count, columns, 1, codes);
    for (size_t t = 0; t < forest->tree_count; t++) {
        const struct coded_tree *tree = &forest->trees[t];
        const struct rcx_forest_node *nodes = forest->nodes + tree->first_node;
        const double *values = forest->values + tree->first_node;
        if (tree->has_sets)
            RCX_KERNEL_CALL(rcx_forest_walk_sets)
        (nodes, forest->sets + tree->first_set, forest->bits, codes, columns, count, at);
        else RCX_KERNEL_CALL(rcx_forest_walk)(nodes, codes, columns, padded, at);
        if (walk->scores)
            for (uint32_t r = 0; r < count; r++)
                sums[r] += values[at[r]];
        else
            for (uint32_t r = 0; r < count; r++)
                walk->leaves[(first + r) * forest->tree_count + t] =
                    forest->leaves[tree->first_node + at[r]];
    }
    if (walk->scores)
        memcpy(walk->scores + first, sums, count * sizeof *sums);
}

static void walk_plainly(const struct walk *walk, size_t row, double *values)
{
    const struct rcx_forest *forest = walk->forest;
    double sum = 0;
    for (size_t c = 0; c < walk->matrix->column_count; c++)
        values[c] = walk->matrix->columns[c][row];
    for (size_t t = 0; t < forest->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &forest->model->trees[t];
        uint32_t leaf = rcx_gbdt_tree_leaf(tree, values);
        sum += tree->leaf_value[leaf];
        if (walk->leaves)
            walk->leaves[row * forest->tree_count + t] = leaf;
    }
    if (walk->scores)
        walk->scores[row] = sum;
}

static enum rcx_status walk_chunk(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    const struct walk *walk = context;
    size_t first = chunk * walk->chunk_rows, end = first + walk->chunk_rows;
    (void)err;
    end = end < walk->matrix->rows ? end : walk->matrix->rows;
    if (walk->forest->coded)
        for (size_t r = first; r < end; r += RCX_FOREST_BLOCK)
            walk_block(walk, r, (uint32_t)(end - r < RCX_FOREST_BLOCK ? end - r : RCX_FOREST_BLOCK),
                       walk->codes[worker]);
    else
        for (size_t r = first; r < end; r++)
            walk_plainly(walk, r, walk->plain[worker]);
    for (size_t r = first; r < end && walk->scores && walk->start; r++)
        walk->scores[r] += walk->start[r];
    return RCX_OK;
}

static enum rcx_status walk_all(struct walk *walk, const struct rcx_parallel *parallel,
                                struct rcx_error *err)
{
    const struct rcx_forest *forest = walk->forest;
    const struct rcx_parallel alone = {.threads = 1};
    parallel = parallel ? parallel : &alone;
    size_t features = forest->model->feature_count, workers = parallel->threads;
    size_t code_bytes = (size_t)RCX_FOREST_BLOCK * forest->codes.column_count * sizeof(uint16_t);
    if (walk->matrix->column_count != features)
        return rcx_fail(err, RCX_E_INPUT, "the model has %zu features, the data %zu columns",
                        features, walk->matrix->column_count);
    walk->codes = rcx_calloc(workers, sizeof *walk->codes);
    walk->plain = rcx_calloc(workers, sizeof *walk->plain);
    walk->chunk_rows = CHUNK_ROWS;
    bool enough = walk->codes && walk->plain;
    for (size_t w = 0; w < workers && enough; w++) {
        walk->codes[w] = rcx_calloc(code_bytes + sizeof(uint64_t), 1);
        walk->plain[w] = rcx_calloc(features + 1, sizeof **walk->plain);
        enough = walk->codes[w] && walk->plain[w];
    }
    enum rcx_status status =
        enough ? rcx_parallel_for(parallel, (walk->matrix->rows + CHUNK_ROWS - 1) / CHUNK_ROWS,
                                  walk_chunk, walk, err)
               : rcx_fail_nomem(err, "prediction", code_bytes * workers);
    for (size_t w = 0; w < workers && walk->codes && walk->plain; w++) {
        rcx_free(walk->codes[w]);
        rcx_free(walk->plain[w]);
    }
    rcx_free(walk->codes);
    rcx_free(walk->plain);
    return status;
}

enum rcx_status rcx_forest_scores(const struct rcx_forest *forest, const struct rcx_matrix *matrix,
                                  const double *start, const struct rcx_parallel *parallel,
                                  double *out, struct rcx_error *err)
{
    struct walk walk = {.forest = forest, .matrix = matrix, .start = start, .scores = out};
    return walk_all(&walk, parallel, err);
}

enum rcx_status rcx_forest_leaves(const struct rcx_forest *forest, const struct rcx_matrix *matrix,
                                  const struct rcx_parallel *parallel, uint32_t *out,
                                  struct rcx_error *err)
{
    struct walk walk = {.forest = forest, .matrix = matrix, .leaves = out};
    return walk_all(&walk, parallel, err);
}

enum rcx_status rcx_gbdt_predict(const struct rcx_gbdt_model *model,
                                 const struct rcx_matrix *matrix,
                                 const struct rcx_gbdt_predict_options *options,
                                 const struct rcx_parallel *parallel, double *out,
                                 struct rcx_error *err)
{
    struct rcx_forest *forest = NULL;
    enum rcx_status status = rcx_forest_build(model, options->tree_limit, &forest, err);
    if (status == RCX_OK)
        status = rcx_forest_scores(forest, matrix, options->start, parallel, out, err);
    if (status == RCX_OK && options->transform)
        rcx_gbdt_model_transform(model, out, matrix->rows);
    rcx_forest_release(forest);
    return status;
}
