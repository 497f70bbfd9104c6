/* Reading what rcx_clv_model_format has written: no byte is trusted. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ml/gbdt/model_text.h"
#include "ml/tasks/clv/clv_model.h"
#include "ml/tasks/model_reading.h"

static const char schema[] = "rcx.clv.model/1";

static enum rcx_clv_candidate get_candidate(struct rcx_model_reading *reading, const char *key)
{
    const char *name = rcx_json_as_text(rcx_json_member(reading->root, key));
    for (int c = 0; name && c < RCX_CLV_CANDIDATES; c++) {
        if (strcmp(name, rcx_clv_candidate_name((enum rcx_clv_candidate)c)) == 0)
            return (enum rcx_clv_candidate)c;
    }
    rcx_reading_wrong(reading, key);
    return RCX_CLV_MEAN;
}

static void get_fit(struct rcx_model_reading *reading, struct rcx_clv_model *model)
{
    const struct rcx_json_value *root = reading->root;
    struct rcx_clv_fit *fit = &model->fit;
    fit->trained = 1u << model->chosen | 1u << model->trees;
    fit->train_rows = model->train_rows;
    fit->offset_rows = (size_t)rcx_reading_whole(reading, root, "offset_rows", INT64_MAX);
    fit->negative = (size_t)rcx_reading_whole(reading, root, "negative_targets", INT64_MAX);
    fit->mean = rcx_reading_real(reading, root, "mean", -1e300, 1e300);
    fit->factor = rcx_reading_real(reading, root, "factor", 0, 1e300);
    fit->smear = rcx_reading_real(reading, root, "smear", 0, 1e300);
    fit->most_log_ratio = rcx_reading_real(reading, root, "most_log_ratio", 0, 1e3);
    fit->floor = rcx_reading_real(reading, root, "least_start", 1e-300, 1e300);
    if (!rcx_json_as_bool(rcx_json_member(root, "always_revenue"), &fit->any_revenue))
        rcx_reading_wrong(reading, "always_revenue");
    /* null where no snapshot could tell */
    if (!rcx_json_as_real(rcx_json_member(root, "total_to_behaviour"), &model->total_ratio))
        model->total_ratio = NAN;
}

static void get_conformal(struct rcx_model_reading *reading, struct rcx_clv_conformal *conformal)
{
    const struct rcx_json_value *from = rcx_json_member(reading->root, "intervals");
    const struct rcx_json_value *upper = rcx_json_member(from, "group_from_q90");
    const struct rcx_json_value *moved = rcx_json_member(from, "moved_by_widths");
    size_t groups = rcx_json_count(upper);
    conformal->rows = (size_t)rcx_reading_whole(reading, from, "rows", INT64_MAX);
    conformal->unit = rcx_reading_real(reading, from, "unit", 0, 1e300);
    if (groups > RCX_CLV_GROUPS || rcx_json_count(moved) != groups ||
        (groups == 0) != (conformal->rows == 0)) {
        rcx_reading_wrong(reading, "intervals");
        return;
    }
    conformal->groups = groups;
    for (size_t g = 0; g < groups; g++) {
        /* infinite ones are written as null: the first begins below all, empty ones above all */
        if (g == 0 || !rcx_json_as_real(rcx_json_item(upper, g), &conformal->upper_from[g]))
            conformal->upper_from[g] = g == 0 ? -INFINITY : INFINITY;
        if (!rcx_json_as_real(rcx_json_item(moved, g), &conformal->moved[g]) ||
            !isfinite(conformal->moved[g]) ||
            (g > 0 && conformal->upper_from[g] < conformal->upper_from[g - 1]))
            rcx_reading_wrong(reading, "intervals");
    }
}

static void get_groups(struct rcx_model_reading *reading, struct rcx_clv_conditional *conditional)
{
    static const char *const names[2] = {"if_lapsed", "if_active"};
    for (int g = 0; g < 2; g++) {
        const struct rcx_json_value *from = rcx_json_member(reading->root, names[g]);
        conditional->rows[g] = (size_t)rcx_reading_whole(reading, from, "rows", INT64_MAX);
        conditional->positive[g] = (size_t)rcx_reading_whole(reading, from, "positive", INT64_MAX);
        conditional->mean[g] = rcx_reading_real(reading, from, "mean", 0, 1e300);
        conditional->ratio[g] = rcx_reading_real(reading, from, "ratio_to_behaviour", 0, 1e300);
    }
}

static void get_trees(struct rcx_model_reading *reading, const struct rcx_buf *texts,
                      enum rcx_clv_text text, size_t inputs, struct rcx_gbdt_model *out)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    const char *file = rcx_clv_text_file(text);
    const struct rcx_json_value *files = rcx_json_member(reading->root, "files");
    const char *named = rcx_json_as_text(rcx_json_member(files, file));
    const struct rcx_buf *bytes = &texts[text];
    if (reading->status != RCX_OK || (text == RCX_CLV_TEXT_ANY && !named))
        return;
    rcx_digest_format(rcx_hash128(bytes->data, bytes->length), digest);
    if (!named || strcmp(named, digest) != 0) {
        reading->status = rcx_fail(reading->err, RCX_E_CORRUPT,
                                   "%s: it names the digest %s of %s, but that file has %s; train "
                                   "it again with rcx clv",
                                   reading->name, named ? named : "(none)", file, digest);
        return;
    }
    reading->status = rcx_gbdt_model_parse(file, bytes->data, bytes->length, out, reading->err);
    if (reading->status == RCX_OK && out->feature_count != inputs)
        rcx_reading_wrong(reading, "inputs");
}

static void get_all_trees(struct rcx_model_reading *reading, const struct rcx_buf *texts,
                          struct rcx_clv_model *model)
{
    struct rcx_gbdt_model *const into[RCX_CLV_TEXTS] = {
        [RCX_CLV_TEXT_TREES] = &model->fit.trees[model->trees],
        [RCX_CLV_TEXT_Q10] = &model->quantiles[0],
        [RCX_CLV_TEXT_Q50] = &model->quantiles[1],
        [RCX_CLV_TEXT_Q90] = &model->quantiles[2],
        [RCX_CLV_TEXT_ACTIVE] = &model->conditional.trees[RCX_CLV_ACTIVE],
        [RCX_CLV_TEXT_LAPSED] = &model->conditional.trees[RCX_CLV_LAPSED],
        [RCX_CLV_TEXT_ANY] = &model->fit.any,
    };
    for (int t = 0; t < RCX_CLV_TEXTS; t++) {
        if (into[t])
            get_trees(reading, texts, (enum rcx_clv_text)t, model->inputs.count, into[t]);
    }
    if (model->chosen == RCX_CLV_HURDLE && !model->fit.any_revenue &&
        model->fit.trees[RCX_CLV_HURDLE].tree_count > 0 && model->fit.any.tree_count == 0)
        rcx_reading_wrong(reading, "always_revenue");
}

enum rcx_status rcx_clv_model_parse(const char *name, const struct rcx_json_value *document,
                                    const struct rcx_buf texts[RCX_CLV_TEXTS],
                                    struct rcx_clv_model *out, struct rcx_error *err)
{
    struct rcx_clv_model model = {0};
    struct rcx_model_reading reading = {name, "value", "rcx clv", document, err, RCX_OK};
    const char *found = rcx_json_as_text(rcx_json_member(document, "schema"));
    if (!found || strcmp(found, schema) != 0)
        rcx_reading_wrong(&reading, "schema");
    model.chosen = get_candidate(&reading, "model");
    model.trees = get_candidate(&reading, "trees_of");
    if (model.trees < RCX_CLV_TWEEDIE_OFFSET ||
        (model.chosen >= RCX_CLV_TWEEDIE_OFFSET && model.chosen != model.trees))
        rcx_reading_wrong(&reading, "trees_of");
    model.horizon_days = (int32_t)rcx_reading_whole(&reading, document, "horizon_days", INT32_MAX);
    model.train_rows = (size_t)rcx_reading_whole(&reading, document, "train_rows", INT64_MAX);
    model.train_snapshots = (size_t)rcx_reading_whole(&reading, document, "train_snapshots",
                                                      INT64_MAX);
    if (reading.status == RCX_OK)
        rcx_reading_inputs(&reading, &model.inputs);
    if (reading.status == RCX_OK)
        get_fit(&reading, &model);
    if (reading.status == RCX_OK)
        get_conformal(&reading, &model.conformal);
    if (reading.status == RCX_OK)
        get_groups(&reading, &model.conditional);
    if (reading.status == RCX_OK)
        get_all_trees(&reading, texts, &model);
    if (reading.status == RCX_OK)
        *out = model;
    else
        rcx_clv_model_release(&model);
    return reading.status;
}
