/* Where a run begins: initial scores, the best constant, the trees of a model that goes on. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/boost.h"

enum { PIECE = 1024 };

struct walk {
    const struct rcx_gbdt_model *model;
    const struct rcx_gbdt_dataset *dataset;
    double *score;
};

static enum rcx_status walk_piece(void *context, size_t chunk, unsigned worker,
                                  struct rcx_error *err)
{
    struct walk *walk = context;
    (void)worker;
    const struct rcx_matrix *matrix = walk->dataset->from.matrix;
    size_t begin = chunk * PIECE;
    size_t end = begin + PIECE < matrix->rows ? begin + PIECE : matrix->rows;
    double *row = rcx_malloc_array(matrix->column_count, sizeof *row);
    if (!row)
        return rcx_fail_nomem(err, "scores", matrix->column_count * sizeof *row);
    for (size_t r = begin; r < end; r++) {
        for (size_t c = 0; c < matrix->column_count; c++)
            row[c] = matrix->columns[c][r];
        double sum = 0;
        for (size_t t = 0; t < walk->model->tree_count; t++) {
            const struct rcx_gbdt_tree *tree = &walk->model->trees[t];
            sum += tree->leaf_value[rcx_gbdt_tree_leaf(tree, row)];
        }
        walk->score[r] += sum;
    }
    rcx_free(row);
    return RCX_OK;
}

/* Initial score plus that of the model that goes on. */
static enum rcx_status start_scores(const struct rcx_boost *boost,
                                    const struct rcx_gbdt_dataset *dataset, double *score,
                                    struct rcx_error *err)
{
    const double *initial = dataset->from.init_score;
    for (size_t i = 0; i < dataset->rows; i++)
        score[i] = initial ? initial[i] : 0;
    if (!boost->job->continue_from)
        return RCX_OK;
    struct walk walk = {boost->job->continue_from, dataset, score};
    return rcx_parallel_for(boost->job->parallel, (dataset->rows + PIECE - 1) / PIECE, walk_piece,
                            &walk, err);
}

static enum rcx_status copy_tree(const struct rcx_gbdt_tree *from, struct rcx_gbdt_model *model,
                                 struct rcx_error *err)
{
    struct rcx_gbdt_tree tree;
    if (!rcx_gbdt_tree_init(&tree, from->leaf_count, from->category_sets, from->category_words))
        return rcx_fail_nomem(err, "tree", from->leaf_count * (uint64_t)100);
    size_t leaves = from->leaf_count, splits = leaves - 1;
    tree.shrinkage = from->shrinkage;
#define COPY(array, count) memcpy(tree.array, from->array, (count) * sizeof *tree.array)
    COPY(leaf_value, leaves);
    COPY(leaf_weight, leaves);
    COPY(leaf_rows, leaves);
    if (splits > 0) {
        COPY(split_feature, splits);
        COPY(threshold, splits);
        COPY(decision_type, splits);
        COPY(left_child, splits);
        COPY(right_child, splits);
        COPY(split_gain, splits);
        COPY(internal_value, splits);
        COPY(internal_weight, splits);
        COPY(internal_rows, splits);
    }
    if (from->category_sets > 0) {
        COPY(category_begin, (size_t)from->category_sets + 1);
        COPY(category_bits, from->category_words);
    }
#undef COPY
    return rcx_gbdt_model_append(model, &tree, err);
}

static enum rcx_status describe_feature(struct rcx_boost *boost, size_t feature,
                                        struct rcx_error *err)
{
    struct rcx_gbdt_model *model = &boost->model;
    const struct rcx_gbdt_bins *bins = boost->train->bins;
    const struct rcx_gbdt_bin_map *map = &bins->maps[feature];
    const struct rcx_gbdt_signs *signs = &boost->params->monotone_constraints;
    if (signs->count > 0)
        model->features[feature].monotone = signs->items[feature];
    enum rcx_status status = rcx_gbdt_model_set_name(model, feature, bins->names[feature], err);
    if (status != RCX_OK || map->bins <= 1)
        return status;
    if (map->categorical)
        return rcx_gbdt_model_set_categories(model, feature, map->category + 1, map->bins - 1, err);
    return rcx_gbdt_model_set_range(model, feature, map->min, map->max, err);
}

static enum rcx_status start_model(struct rcx_boost *boost, struct rcx_error *err)
{
    const struct rcx_gbdt_model *before = boost->job->continue_from;
    struct rcx_gbdt_model *model = &boost->model;
    size_t features = boost->train->bins->feature_count;
    if (before && before->feature_count != features)
        return rcx_fail(err, RCX_E_INPUT,
                        "training: the model to continue has %zu features, the data %zu",
                        before->feature_count, features);
    if (before && before->objective != boost->params->objective)
        return rcx_fail(err, RCX_E_INPUT,
                        "training: the model to continue was trained for %s, not %s",
                        rcx_gbdt_objective_name(before->objective),
                        rcx_gbdt_objective_name(boost->params->objective));
    enum rcx_status status = rcx_gbdt_model_init(model, features, err);
    model->objective = boost->params->objective;
    model->sigmoid = boost->params->sigmoid;
    model->alpha = boost->params->alpha;
    model->tweedie_variance_power = boost->params->tweedie_variance_power;
    for (size_t f = 0; f < features && status == RCX_OK; f++)
        status = describe_feature(boost, f, err);
    for (size_t t = 0; before && t < before->tree_count && status == RCX_OK; t++)
        status = copy_tree(&before->trees[t], model, err);
    if (status != RCX_OK)
        return status;
    struct rcx_buf text = {0};
    if (rcx_gbdt_params_print(boost->params, &text))
        model->parameters = rcx_strndup((const char *)text.data, text.length);
    rcx_buf_release(&text);
    return model->parameters ? RCX_OK : rcx_fail_nomem(err, "parameters", text.length);
}

/* The distance between two quantiles begins at 0: it grows where it must, and so overshoots less than it
 * would from its mean. */
static void start_gap(struct rcx_boost *boost)
{
    const struct rcx_gbdt_dataset *train = boost->train;
    double largest = 0;
    for (size_t i = 0; i < train->rows; i++) {
        double size = fabs(train->from.label[i]);
        largest = size > largest ? size : largest;
    }
    boost->gap.reserve = largest * 1e-9;
}

enum rcx_status rcx_boost_start(struct rcx_boost *boost, struct rcx_error *err)
{
    const struct rcx_gbdt_dataset *train = boost->train;
    enum rcx_status status = start_model(boost, err);
    if (status == RCX_OK && boost->rows.start)
        memcpy(boost->score, boost->rows.start, train->rows * sizeof *boost->score);
    else if (status == RCX_OK)
        status = start_scores(boost, train, boost->score, err);
    for (size_t v = 0; v < boost->job->valid_count && status == RCX_OK; v++)
        status = start_scores(boost, boost->job->valid[v].dataset, boost->evaluation.scores[v],
                              err);
    bool average = boost->params->boost_from_average && !train->from.init_score &&
                   !boost->job->continue_from;
    if (boost->gap.sign != 0)
        start_gap(boost);
    if (status != RCX_OK || !average || boost->gap.sign != 0)
        return status;
    struct rcx_label_view view = {train->from.label, train->from.weight, train->rows};
    double *scratch = rcx_malloc_array(train->rows, 2 * sizeof *scratch);
    if (!scratch)
        return rcx_fail_nomem(err, "scores", train->rows * 2 * sizeof *scratch);
    boost->constant = boost->loss.row->constant(&boost->loss, &view, scratch);
    rcx_free(scratch);
    for (size_t i = 0; i < train->rows; i++)
        boost->score[i] += boost->constant;
    for (size_t v = 0; v < boost->job->valid_count; v++) {
        for (size_t i = 0; i < boost->job->valid[v].dataset->rows; i++)
            boost->evaluation.scores[v][i] += boost->constant;
    }
    return status;
}
