/* One tree of a model's text: its lines, then the checks that make it safe to walk. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/model_lines.h"

/* clang-format off */
#define TREE_KEYS(X)                                                                               \
    X(num_leaves) X(num_cat) X(split_feature) X(split_gain) X(threshold) X(decision_type)          \
    X(left_child) X(right_child) X(leaf_value) X(leaf_weight) X(leaf_count) X(internal_value)      \
    X(internal_weight) X(internal_count) X(cat_boundaries) X(cat_threshold) X(is_linear)           \
    X(leaf_const) X(num_features) X(leaf_features) X(leaf_coeff) X(shrinkage)
/* clang-format on */

enum key {
#define X(name) KEY_##name,
    TREE_KEYS(X)
#undef X
        KEY_COUNT
};
static const char *const key_names[KEY_COUNT] = {
#define X(name) #name,
    TREE_KEYS(X)
#undef X
};

struct block {
    struct rcx_model_lines *lines;
    struct rcx_error *err;
    size_t begin; /* line of "Tree=" */
    struct rcx_model_value values[KEY_COUNT];
    int64_t *scratch; /* of one list of integers */
};

static enum rcx_status read_lines(struct block *block)
{
    struct rcx_text line, key, value;
    while (rcx_model_lines_next(block->lines, &line)) {
        size_t number = block->lines->line, k = 0;
        if (line.length == 0)
            return RCX_OK;
        if (!rcx_model_lines_split(line, &key, &value))
            return rcx_model_fail(block->lines, number, block->err,
                                  "expected key=value of a tree, found '%.40s'",
                                  line.length < 40 ? "a line without '='" : "a long line");
        while (k < KEY_COUNT && !(strlen(key_names[k]) == key.length &&
                                  memcmp(key_names[k], key.data, key.length) == 0))
            k++;
        if (k == KEY_COUNT)
            return rcx_model_fail(block->lines, number, block->err, "a tree has no key '%.*s'",
                                  key.length < 40 ? (int)key.length : 40, key.data);
        if (block->values[k].line > 0)
            return rcx_model_fail(block->lines, number, block->err,
                                  "'%s' stands in line %zu already", key_names[k],
                                  block->values[k].line);
        block->values[k] = (struct rcx_model_value){value, number};
    }
    return rcx_model_fail(block->lines, block->lines->line, block->err,
                          "the text ends within the tree that begins in line %zu", block->begin);
}

static enum rcx_status need(const struct block *block, enum key key)
{
    if (block->values[key].line > 0)
        return RCX_OK;
    return rcx_model_fail(block->lines, block->begin, block->err, "this tree has no '%s'",
                          key_names[key]);
}

static enum rcx_status integer(const struct block *block, enum key key, int64_t least, int64_t most,
                               int64_t *out)
{
    return rcx_model_integer(block->lines, &block->values[key], key_names[key], least, most, out,
                             block->err);
}

static bool is_absent(const struct block *block, enum key key)
{
    return block->values[key].line == 0;
}

/* Lists that prediction does not need may be missing or empty (trees of one leaf). */
static enum rcx_status reals(const struct block *block, enum key key, bool required, size_t count,
                             double *out)
{
    if (!required && (is_absent(block, key) || block->values[key].text.length == 0))
        return RCX_OK;
    enum rcx_status status = count > 0 ? need(block, key) : RCX_OK;
    if (status != RCX_OK || is_absent(block, key))
        return status;
    return rcx_model_reals(block->lines, &block->values[key], key_names[key], count, out,
                           block->err);
}

static enum rcx_status integers(const struct block *block, enum key key, bool required,
                                size_t count, int64_t least, int64_t most)
{
    memset(block->scratch, 0, count * sizeof *block->scratch);
    if (!required && (is_absent(block, key) || block->values[key].text.length == 0))
        return RCX_OK;
    enum rcx_status status = count > 0 ? need(block, key) : RCX_OK;
    if (status != RCX_OK || is_absent(block, key))
        return status;
    return rcx_model_integers(block->lines, &block->values[key], key_names[key], count, least, most,
                              block->scratch, block->err);
}

#define DEFINE_TAKE(name, type)                                                                    \
    static enum rcx_status name(const struct block *block, enum key key, bool required,            \
                                size_t count, int64_t least, int64_t most, type *out)              \
    {                                                                                              \
        enum rcx_status status = integers(block, key, required, count, least, most);               \
        for (size_t i = 0; i < count && status == RCX_OK; i++)                                     \
            out[i] = (type)block->scratch[i];                                                      \
        return status;                                                                             \
    }
DEFINE_TAKE(take_i32, int32_t)
DEFINE_TAKE(take_u32, uint32_t)
DEFINE_TAKE(take_u8, uint8_t)
#undef DEFINE_TAKE

/* ---- sizes ---- */

/* Leaves, sets and words, none of which can be more than the text has room for. */
static enum rcx_status read_sizes(struct block *block, int64_t *leaves, int64_t *sets,
                                  int64_t *words)
{
    size_t room = (block->values[KEY_leaf_value].text.length + 1) / 2;
    int64_t linear = 0;
    enum rcx_status status = need(block, KEY_num_leaves);
    *sets = 0;
    *words = 0;
    if (status == RCX_OK)
        status = integer(block, KEY_num_leaves, 1, INT32_MAX, leaves);
    if (status == RCX_OK)
        status = need(block, KEY_leaf_value);
    if (status == RCX_OK && (uint64_t)*leaves > room)
        return rcx_model_fail(block->lines, block->values[KEY_num_leaves].line, block->err,
                              "%" PRId64 " leaves are more than 'leaf_value' in line %zu can hold",
                              *leaves, block->values[KEY_leaf_value].line);
    if (status == RCX_OK && !is_absent(block, KEY_num_cat))
        status = integer(block, KEY_num_cat, 0, *leaves - 1, sets);
    if (status == RCX_OK && !is_absent(block, KEY_is_linear))
        status = integer(block, KEY_is_linear, 0, 1, &linear);
    if (status == RCX_OK && linear)
        return rcx_fail(block->err, RCX_E_INPUT,
                        "%s:%zu: a linear tree (linear_tree=true); only trees of constant leaves "
                        "are read",
                        block->lines->name, block->values[KEY_is_linear].line);
    if (status != RCX_OK || *sets == 0)
        return status;
    struct rcx_text list = block->values[KEY_cat_threshold].text, word;
    status = need(block, KEY_cat_threshold);
    while (status == RCX_OK && rcx_model_word(&list, &word))
        ++*words;
    return status;
}

/* ---- checks ---- */

/* Every split but the root and every leaf is the child of one split with a lower number: so it is a
 * tree, without cycles. `seen` has room for all splits and leaves. */
static enum rcx_status check_child(const struct block *block, const struct rcx_gbdt_tree *tree,
                                   enum key key, uint32_t split, int32_t child, bool *seen)
{
    int64_t splits = (int64_t)tree->leaf_count - 1;
    int64_t place = child >= 0 ? child : splits + ~(int64_t)child;
    if ((child >= 0 && child <= (int64_t)split) || seen[place])
        return rcx_model_fail(block->lines, block->values[key].line, block->err,
                              "'%s' of split %" PRIu32 " is %" PRId32 ", %s", key_names[key], split,
                              child,
                              seen[place] ? "which is a child of another split already"
                                          : "which does not come after it");
    seen[place] = true;
    return RCX_OK;
}

static enum rcx_status check_children(const struct block *block, const struct rcx_gbdt_tree *tree)
{
    bool *seen = rcx_calloc((size_t)tree->leaf_count * 2, sizeof *seen);
    enum rcx_status status =
        seen ? RCX_OK : rcx_fail_nomem(block->err, "model", (size_t)tree->leaf_count * 2);
    for (uint32_t s = 0; s + 1 < tree->leaf_count && status == RCX_OK; s++) {
        status = check_child(block, tree, KEY_left_child, s, tree->left_child[s], seen);
        if (status == RCX_OK)
            status = check_child(block, tree, KEY_right_child, s, tree->right_child[s], seen);
    }
    rcx_free(seen);
    return status;
}

static enum rcx_status check_splits(const struct block *block, const struct rcx_gbdt_tree *tree)
{
    for (uint32_t s = 0; s + 1 < tree->leaf_count; s++) {
        unsigned type = tree->decision_type[s];
        double threshold = tree->threshold[s];
        if (type >> RCX_GBDT_MISSING_SHIFT > RCX_GBDT_MISSING_NAN)
            return rcx_model_fail(block->lines, block->values[KEY_decision_type].line, block->err,
                                  "decision type %u of split %" PRIu32 " is unknown", type, s);
        if (isnan(threshold))
            return rcx_model_fail(block->lines, block->values[KEY_threshold].line, block->err,
                                  "the threshold of split %" PRIu32 " is not a number", s);
        if ((type & RCX_GBDT_CATEGORICAL) &&
            !(threshold >= 0 && threshold < tree->category_sets && threshold == floor(threshold)))
            return rcx_model_fail(block->lines, block->values[KEY_threshold].line, block->err,
                                  "split %" PRIu32 " wants category set %g of %" PRIu32, s,
                                  threshold, tree->category_sets);
    }
    for (uint32_t leaf = 0; leaf < tree->leaf_count; leaf++)
        if (!isfinite(tree->leaf_value[leaf]))
            return rcx_model_fail(block->lines, block->values[KEY_leaf_value].line, block->err,
                                  "the value of leaf %" PRIu32 " is not finite", leaf);
    return RCX_OK;
}

static enum rcx_status check_sets(const struct block *block, const struct rcx_gbdt_tree *tree)
{
    for (uint32_t set = 0; set < tree->category_sets; set++)
        if (tree->category_begin[set] > tree->category_begin[set + 1])
            return rcx_model_fail(block->lines, block->values[KEY_cat_boundaries].line, block->err,
                                  "boundary %" PRIu32 " is below the one before", set + 1);
    if (tree->category_sets > 0 &&
        (tree->category_begin[0] != 0 ||
         tree->category_begin[tree->category_sets] != tree->category_words))
        return rcx_model_fail(block->lines, block->values[KEY_cat_boundaries].line, block->err,
                              "the boundaries do not go from 0 to the %" PRIu32
                              " words of 'cat_threshold'",
                              tree->category_words);
    return RCX_OK;
}

/* ---- arrays ---- */

static enum rcx_status read_splits(const struct block *block, size_t feature_count,
                                   struct rcx_gbdt_tree *tree)
{
    size_t splits = tree->leaf_count - 1;
    int64_t leaves = tree->leaf_count;
    enum rcx_status status = take_i32(block, KEY_split_feature, true, splits, 0,
                                      (int64_t)feature_count - 1, tree->split_feature);
    if (status == RCX_OK)
        status = reals(block, KEY_split_gain, false, splits, tree->split_gain);
    if (status == RCX_OK)
        status = reals(block, KEY_threshold, true, splits, tree->threshold);
    if (status == RCX_OK)
        status = take_u8(block, KEY_decision_type, true, splits, 0, 15, tree->decision_type);
    if (status == RCX_OK)
        status = take_i32(block, KEY_left_child, true, splits, -leaves, leaves - 2,
                          tree->left_child);
    if (status == RCX_OK)
        status = take_i32(block, KEY_right_child, true, splits, -leaves, leaves - 2,
                          tree->right_child);
    if (status == RCX_OK)
        status = reals(block, KEY_internal_value, false, splits, tree->internal_value);
    if (status == RCX_OK)
        status = reals(block, KEY_internal_weight, false, splits, tree->internal_weight);
    if (status == RCX_OK)
        status = take_u32(block, KEY_internal_count, false, splits, 0, UINT32_MAX,
                          tree->internal_rows);
    return status;
}

static enum rcx_status read_leaves(const struct block *block, struct rcx_gbdt_tree *tree)
{
    size_t leaves = tree->leaf_count;
    enum rcx_status status = reals(block, KEY_leaf_value, true, leaves, tree->leaf_value);
    if (status == RCX_OK)
        status = reals(block, KEY_leaf_weight, false, leaves, tree->leaf_weight);
    if (status == RCX_OK)
        status = take_u32(block, KEY_leaf_count, false, leaves, 0, UINT32_MAX, tree->leaf_rows);
    if (status == RCX_OK && tree->category_sets > 0)
        status = take_u32(block, KEY_cat_boundaries, true, (size_t)tree->category_sets + 1, 0,
                          UINT32_MAX, tree->category_begin);
    if (status == RCX_OK && tree->category_sets > 0)
        status = take_u32(block, KEY_cat_threshold, true, tree->category_words, 0, UINT32_MAX,
                          tree->category_bits);
    if (status == RCX_OK)
        status = reals(block, KEY_shrinkage, false, 1, &tree->shrinkage);
    return status;
}

static enum rcx_status read_arrays(struct block *block, size_t feature_count,
                                   struct rcx_gbdt_tree *tree)
{
    size_t most = tree->leaf_count + (size_t)tree->category_sets + tree->category_words + 1;
    block->scratch = rcx_malloc_array(most, sizeof *block->scratch);
    if (!block->scratch)
        return rcx_fail_nomem(block->err, "model", most * sizeof *block->scratch);
    enum rcx_status status = read_splits(block, feature_count, tree);
    if (status == RCX_OK)
        status = read_leaves(block, tree);
    rcx_free(block->scratch);
    if (status == RCX_OK)
        status = check_children(block, tree);
    if (status == RCX_OK)
        status = check_splits(block, tree);
    return status == RCX_OK ? check_sets(block, tree) : status;
}

enum rcx_status rcx_model_read_tree(struct rcx_model_lines *lines, size_t feature_count,
                                    struct rcx_gbdt_tree *out, struct rcx_error *err)
{
    struct block block = {.lines = lines, .err = err, .begin = lines->line};
    int64_t leaves = 0, sets = 0, words = 0;
    *out = (struct rcx_gbdt_tree){0};
    enum rcx_status status = read_lines(&block);
    if (status == RCX_OK)
        status = read_sizes(&block, &leaves, &sets, &words);
    if (status != RCX_OK)
        return status;
    if (!rcx_gbdt_tree_init(out, (uint32_t)leaves, (uint32_t)sets, (uint32_t)words))
        return rcx_fail_nomem(err, "model", (unsigned long long)leaves * 64);
    status = read_arrays(&block, feature_count, out);
    if (status != RCX_OK)
        rcx_gbdt_tree_release(out);
    return status;
}
