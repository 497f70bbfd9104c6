#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "ml/gbdt/importance.h"
#include "ml/gbdt/model_text.h"

/* ---- lines ---- */

static void put_real(struct rcx_buf *out, double value)
{
    char text[RCX_REAL_TEXT_BYTES];
    size_t length = rcx_format_real(value, text);
    if (length > 2 && memcmp(text + length - 2, ".0", 2) == 0)
        length -= 2;
    (void)rcx_buf_append(out, text, length);
}

static void put_reals(struct rcx_buf *out, const char *key, const double *values, size_t count)
{
    (void)rcx_buf_append_text(out, key);
    for (size_t i = 0; i < count; i++) {
        (void)rcx_buf_append_byte(out, i > 0 ? ' ' : '=');
        put_real(out, values[i]);
    }
    (void)rcx_buf_append_text(out, count > 0 ? "\n" : "=\n");
}

static void put_integer(struct rcx_buf *out, int64_t value)
{
    char text[RCX_I64_TEXT_BYTES];
    (void)rcx_buf_append(out, text, rcx_format_i64(value, text));
}

/* key=a b c, where item i is values[i] of the given type */
#define DEFINE_PUT(name, type)                                                                     \
    static void name(struct rcx_buf *out, const char *key, const type *values, size_t count)       \
    {                                                                                              \
        (void)rcx_buf_append_text(out, key);                                                       \
        for (size_t i = 0; i < count; i++) {                                                       \
            (void)rcx_buf_append_byte(out, i > 0 ? ' ' : '=');                                     \
            put_integer(out, values[i]);                                                           \
        }                                                                                          \
        (void)rcx_buf_append_text(out, count > 0 ? "\n" : "=\n");                                  \
    }
DEFINE_PUT(put_i32s, int32_t)
DEFINE_PUT(put_u32s, uint32_t)
DEFINE_PUT(put_bytes, uint8_t)
#undef DEFINE_PUT

/* Names are parted by blanks. */
static void put_name(struct rcx_buf *out, const struct rcx_gbdt_model *model, size_t feature)
{
    const char *name = model->features[feature].name;
    if (!name || !name[0]) {
        (void)rcx_buf_printf(out, "Column_%zu", feature);
        return;
    }
    for (const char *c = name; *c; c++)
        (void)rcx_buf_append_byte(out, (unsigned char)*c <= ' ' ? '_' : (uint8_t)*c);
}

/* ---- trees ---- */

static void put_tree(struct rcx_buf *out, const struct rcx_gbdt_tree *tree)
{
    size_t leaves = tree->leaf_count, splits = leaves - 1;
    (void)rcx_buf_printf(out, "num_leaves=%zu\nnum_cat=%" PRIu32 "\n", leaves, tree->category_sets);
    put_i32s(out, "split_feature", tree->split_feature, splits);
    put_reals(out, "split_gain", tree->split_gain, splits);
    put_reals(out, "threshold", tree->threshold, splits);
    put_bytes(out, "decision_type", tree->decision_type, splits);
    put_i32s(out, "left_child", tree->left_child, splits);
    put_i32s(out, "right_child", tree->right_child, splits);
    put_reals(out, "leaf_value", tree->leaf_value, leaves);
    put_reals(out, "leaf_weight", tree->leaf_weight, leaves);
    put_u32s(out, "leaf_count", tree->leaf_rows, leaves);
    put_reals(out, "internal_value", tree->internal_value, splits);
    put_reals(out, "internal_weight", tree->internal_weight, splits);
    put_u32s(out, "internal_count", tree->internal_rows, splits);
    if (tree->category_sets > 0) {
        put_u32s(out, "cat_boundaries", tree->category_begin, (size_t)tree->category_sets + 1);
        put_u32s(out, "cat_threshold", tree->category_bits, tree->category_words);
    }
    (void)rcx_buf_append_text(out, "is_linear=0\n");
    put_reals(out, "shrinkage", &tree->shrinkage, 1);
    (void)rcx_buf_append_text(out, "\n\n");
}

/* All trees one after the other, and the bytes of each. */
static enum rcx_status put_trees(const struct rcx_gbdt_model *model, struct rcx_buf *out,
                                 uint32_t *sizes, struct rcx_error *err)
{
    for (size_t t = 0; t < model->tree_count; t++) {
        size_t begin = out->length;
        (void)rcx_buf_printf(out, "Tree=%zu\n", t);
        put_tree(out, &model->trees[t]);
        if (out->length - begin > INT32_MAX)
            return rcx_fail(
                err, RCX_E_INPUT,
                "model: tree %zu takes more than 2 GiB of text, which the format cannot "
                "hold",
                t);
        sizes[t] = (uint32_t)(out->length - begin);
    }
    return out->failed ? rcx_fail_nomem(err, "model text", out->length) : RCX_OK;
}

/* ---- head ---- */

static void put_objective(struct rcx_buf *out, const struct rcx_gbdt_model *model)
{
    if (model->objective == RCX_GBDT_CUSTOM)
        return;
    (void)rcx_buf_printf(out, "objective=%s", rcx_gbdt_objective_name(model->objective));
    if (model->objective == RCX_GBDT_BINARY) {
        (void)rcx_buf_append_text(out, " sigmoid:");
        put_real(out, model->sigmoid);
    } else if (model->objective == RCX_GBDT_QUANTILE) {
        (void)rcx_buf_append_text(out, " alpha:");
        put_real(out, model->alpha);
    } else if (model->objective == RCX_GBDT_TWEEDIE) {
        (void)rcx_buf_append_text(out, " tweedie_variance_power:");
        put_real(out, model->tweedie_variance_power);
    } else if (model->objective == RCX_GBDT_REGRESSION && model->reg_sqrt) {
        (void)rcx_buf_append_text(out, " sqrt");
    }
    (void)rcx_buf_append_byte(out, '\n');
}

static void put_features(struct rcx_buf *out, const struct rcx_gbdt_model *model)
{
    bool constrained = false, texts = false;
    (void)rcx_buf_append_text(out, "feature_names=");
    for (size_t f = 0; f < model->feature_count; f++) {
        if (f > 0)
            (void)rcx_buf_append_byte(out, ' ');
        put_name(out, model, f);
        constrained = constrained || model->features[f].monotone != 0;
        texts = texts || model->features[f].categories != NULL;
    }
    (void)rcx_buf_append_byte(out, '\n');
    if (constrained) {
        (void)rcx_buf_append_text(out, "monotone_constraints=");
        for (size_t f = 0; f < model->feature_count; f++)
            (void)rcx_buf_printf(out, "%s%d", f > 0 ? " " : "", model->features[f].monotone);
        (void)rcx_buf_append_byte(out, '\n');
    }
    (void)rcx_buf_append_text(out, "feature_infos=");
    for (size_t f = 0; f < model->feature_count; f++)
        (void)rcx_buf_printf(out, "%s%s", f > 0 ? " " : "", model->features[f].info);
    (void)rcx_buf_append_byte(out, '\n');
    if (!texts)
        return;
    (void)rcx_buf_append_text(out, "categorical_texts");
    for (size_t f = 0, written = 0; f < model->feature_count; f++)
        if (model->features[f].categories)
            (void)rcx_buf_printf(out, "%c%zu", written++ > 0 ? ' ' : '=', f);
    (void)rcx_buf_append_byte(out, '\n');
}

/* ---- tail ---- */

static enum rcx_status put_importances(struct rcx_buf *out, const struct rcx_gbdt_model *model,
                                       struct rcx_error *err)
{
    double *splits = rcx_calloc(model->feature_count + 1, sizeof *splits);
    size_t *order = rcx_calloc(model->feature_count + 1, sizeof *order);
    if (splits && order) {
        rcx_gbdt_importance_split(model, splits);
        rcx_gbdt_importance_order(splits, model->feature_count, order);
        (void)rcx_buf_append_text(out, "\nfeature_importances:\n");
        for (size_t i = 0; i < model->feature_count && splits[order[i]] > 0; i++) {
            put_name(out, model, order[i]);
            (void)rcx_buf_append_byte(out, '=');
            put_integer(out, (int64_t)splits[order[i]]);
            (void)rcx_buf_append_byte(out, '\n');
        }
    }
    enum rcx_status status = splits && order
                                 ? RCX_OK
                                 : rcx_fail_nomem(err, "model text", model->feature_count);
    rcx_free(splits);
    rcx_free(order);
    return status;
}

static void put_categories(struct rcx_buf *out, const struct rcx_gbdt_model *model)
{
    bool any = false;
    for (size_t f = 0; f < model->feature_count; f++)
        any = any || model->features[f].categories;
    (void)rcx_buf_append_text(out, "\npandas_categorical:");
    if (!any) {
        (void)rcx_buf_append_text(out, "null\n");
        return;
    }
    struct rcx_json json = rcx_json_begin(out, true);
    rcx_json_array(&json);
    for (size_t f = 0; f < model->feature_count; f++) {
        const struct rcx_strings *categories = model->features[f].categories;
        if (!categories)
            continue;
        rcx_json_array(&json);
        for (uint32_t c = 0; c < categories->count; c++) {
            struct rcx_text text = rcx_strings_get(categories, c);
            rcx_json_text_n(&json, text.data, text.length);
        }
        rcx_json_array_end(&json);
    }
    rcx_json_array_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
}

/* Over what stands before and behind its own line. */
static enum rcx_status put_tail(struct rcx_buf *out, const struct rcx_gbdt_model *model,
                                size_t begin, struct rcx_error *err)
{
    char text[RCX_DIGEST_TEXT_BYTES];
    struct rcx_buf tail = {0};
    struct rcx_hasher *hasher = rcx_hasher_open();
    put_categories(&tail, model);
    bool failed = !hasher || tail.failed || out->failed;
    if (!failed) {
        rcx_hasher_update(hasher, out->data + begin, out->length - begin);
        rcx_hasher_update(hasher, tail.data, tail.length);
        (void)rcx_buf_printf(out, "rcx_digest:%s\n",
                             rcx_digest_format(rcx_hasher_digest(hasher), text));
        failed = !rcx_buf_append(out, tail.data, tail.length);
    }
    rcx_hasher_close(hasher);
    rcx_buf_release(&tail);
    return failed ? rcx_fail_nomem(err, "model text", out->length) : RCX_OK;
}

enum rcx_status rcx_gbdt_model_format(const struct rcx_gbdt_model *model, struct rcx_buf *out,
                                      struct rcx_error *err)
{
    struct rcx_buf trees = {0};
    size_t begin = out->length;
    uint32_t *sizes = rcx_calloc(model->tree_count + 1, sizeof *sizes);
    enum rcx_status status = sizes ? put_trees(model, &trees, sizes, err)
                                   : rcx_fail_nomem(err, "model text", model->tree_count);
    if (status == RCX_OK) {
        (void)rcx_buf_printf(out,
                             "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n"
                             "label_index=0\nmax_feature_idx=%" PRId64 "\n",
                             (int64_t)model->feature_count - 1);
        put_objective(out, model);
        put_features(out, model);
        put_u32s(out, "tree_sizes", sizes, model->tree_count);
        (void)rcx_buf_append_byte(out, '\n');
        (void)rcx_buf_append(out, trees.data, trees.length);
        (void)rcx_buf_append_text(out, "end of trees\n");
        status = put_importances(out, model, err);
    }
    if (status == RCX_OK) {
        (void)rcx_buf_printf(out, "\nparameters:\n%s\nend of parameters\n\n",
                             model->parameters ? model->parameters : "");
        status = put_tail(out, model, begin, err);
    }
    rcx_free(sizes);
    rcx_buf_release(&trees);
    return status;
}

enum rcx_status rcx_gbdt_model_write(const struct rcx_gbdt_model *model, const char *path,
                                     struct rcx_error *err)
{
    struct rcx_buf text = {0};
    const struct rcx_file_writer_options options = {.no_sync = true};
    enum rcx_status status = rcx_gbdt_model_format(model, &text, err);
    if (status == RCX_OK)
        status = rcx_file_replace(path, text.data, text.length, &options, err);
    rcx_buf_release(&text);
    return status;
}
