#include "ml/tasks/churn/churn_model.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "ml/gbdt/model_text.h"
#include "ml/tasks/model_reading.h"

static const char schema[] = "rcx.churn.model/2";

void rcx_churn_model_release(struct rcx_churn_model *model)
{
    rcx_churn_fit_release(&model->fit);
    rcx_calibration_release(&model->calibration);
    rcx_churn_inputs_release(&model->inputs);
    *model = (struct rcx_churn_model){0};
}

enum rcx_status rcx_churn_model_predict(const struct rcx_churn_model *model,
                                        const struct rcx_churn_view *view,
                                        const struct rcx_parallel *parallel, double *probability,
                                        double *tree_sum, struct rcx_error *err)
{
    enum rcx_status status = rcx_churn_fit_predict(&model->fit, model->chosen, view, parallel,
                                                   probability, err);
    for (size_t i = 0; status == RCX_OK && i < view->matrix.rows; i++)
        probability[i] = rcx_calibrate(&model->calibration, probability[i]);
    if (status == RCX_OK && tree_sum)
        status = rcx_churn_fit_tree_sum(&model->fit, model->chosen, view, parallel, tree_sum, err);
    return status;
}

/* The trees of the file: those of trees_plain when these are delivered. */
static const struct rcx_gbdt_model *trees_of(const struct rcx_churn_model *model)
{
    return model->chosen == RCX_CHURN_TREES_PLAIN ? &model->fit.trees_plain : &model->fit.trees;
}

/* --- writing ------------------------------------------------------------------------------------ */

static void put_regression(struct rcx_json *json, const struct rcx_logistic *model)
{
    rcx_json_key(json, "regression");
    if (!model) {
        rcx_json_null(json);
        return;
    }
    rcx_json_object(json);
    rcx_json_put_text(json, "on", "(sign(x) log(1 + |x|) - center) / scale, null as 0");
    rcx_json_put_real(json, "intercept", model->intercept);
    rcx_json_put_reals(json, "coefficients", model->coefficient, model->columns);
    rcx_json_put_reals(json, "center", model->center, model->columns);
    rcx_json_put_reals(json, "scale", model->scale, model->columns);
    rcx_json_object_end(json);
}

static void put_calibration(struct rcx_json *json, const struct rcx_calibration *calibration)
{
    rcx_json_key(json, "calibration");
    rcx_json_object(json);
    rcx_json_put_text(json, "kind", rcx_calibration_name(calibration->kind));
    rcx_json_put_real(json, "a", calibration->a);
    rcx_json_put_real(json, "b", calibration->b);
    rcx_json_put_reals(json, "from", calibration->from, calibration->points);
    rcx_json_put_reals(json, "to", calibration->to, calibration->points);
    rcx_json_object_end(json);
}

enum rcx_status rcx_churn_model_format(const struct rcx_churn_model *model, struct rcx_buf *trees,
                                       struct rcx_buf *document, struct rcx_error *err)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    const struct rcx_churn_fit *fit = &model->fit;
    size_t begin = trees->length;
    enum rcx_status status = rcx_gbdt_model_format(trees_of(model), trees, err);
    if (status != RCX_OK)
        return status;
    struct rcx_json json = rcx_json_begin(document, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", schema);
    rcx_json_put_text(&json, "model", rcx_churn_candidate_name(model->chosen));
    rcx_json_put_i64(&json, "horizon_days", model->horizon_days);
    rcx_json_put_i64(&json, "gap_days", model->gap_days);
    rcx_json_put_u64(&json, "train_rows", fit->train_rows);
    rcx_json_put_real(&json, "rate", fit->rate);
    rcx_json_put_real(&json, "threshold", model->threshold);
    rcx_json_put_bool(&json, "trees_start_at_initial_score", fit->trees_from_offset);
    rcx_json_put_real(&json, "blend", fit->blend.trees);
    rcx_json_put_real(&json, "blend_of_regression", fit->blend.regression);
    rcx_json_put_real(&json, "positive_weight", fit->positive_weight);
    rcx_json_put_real(&json, "mean_initial_score", model->mean_offset);
    rcx_json_put_u64(&json, "tree_inputs", fit->tree_inputs);
    rcx_churn_inputs_json(&model->inputs, &json);
    rcx_json_put_u64(&json, "inputs_without_behaviour", model->inputs.without_behaviour);
    put_regression(&json, rcx_churn_fit_regression(fit, model->chosen));
    put_calibration(&json, &model->calibration);
    rcx_json_put_text(
        &json, "trees_digest",
        rcx_digest_format(rcx_hash128(trees->data + begin, trees->length - begin), digest));
    rcx_json_object_end(&json);
    return document->failed ? rcx_fail_nomem(err, "churn model", document->length) : RCX_OK;
}

/* --- reading ------------------------------------------------------------------------------------ */

static void get_candidate(struct rcx_model_reading *reading, struct rcx_churn_model *model)
{
    const char *name = rcx_json_as_text(rcx_json_member(reading->root, "model"));
    size_t c = 0;
    while (name && c < RCX_CHURN_CANDIDATES &&
           strcmp(name, rcx_churn_candidate_name((enum rcx_churn_candidate)c)) != 0)
        c++;
    if (!name || c == RCX_CHURN_CANDIDATES)
        rcx_reading_wrong(reading, "model");
    else
        model->chosen = (enum rcx_churn_candidate)c;
}

static void get_regression(struct rcx_model_reading *reading, struct rcx_churn_model *model)
{
    const struct rcx_json_value *from = rcx_json_member(reading->root, "regression");
    struct rcx_churn_fit *fit = &model->fit;
    struct rcx_logistic read = {0};
    enum rcx_churn_candidate kind = model->chosen == RCX_CHURN_BLEND
                                        ? rcx_churn_blend_regression(fit)
                                        : model->chosen;
    size_t columns = kind == RCX_CHURN_RECENCY    ? 1
                     : kind == RCX_CHURN_LOGISTIC ? model->inputs.without_behaviour
                                                  : model->inputs.count;
    if (!rcx_churn_fit_regression(fit, model->chosen) || reading->status != RCX_OK)
        return;
    read.columns = columns;
    read.coefficient = rcx_calloc(3 * columns, sizeof(double));
    if (!read.coefficient) {
        reading->status = rcx_fail_nomem(reading->err, "regression", 3 * columns * sizeof(double));
        return;
    }
    read.center = read.coefficient + columns;
    read.scale = read.center + columns;
    read.intercept = rcx_reading_real(reading, from, "intercept", -1e300, 1e300);
    rcx_reading_reals(reading, from, "coefficients", read.coefficient, columns);
    rcx_reading_reals(reading, from, "center", read.center, columns);
    rcx_reading_reals(reading, from, "scale", read.scale, columns);
    for (size_t c = 0; c < columns; c++) {
        if (!(read.scale[c] > 0))
            rcx_reading_wrong(reading, "scale");
    }
    if (kind == RCX_CHURN_RECENCY)
        fit->recency = read;
    else if (kind == RCX_CHURN_LOGISTIC)
        fit->logistic = read;
    else
        fit->logistic_btyd = read;
}

static void get_calibration(struct rcx_model_reading *reading, struct rcx_calibration *calibration)
{
    const struct rcx_json_value *from = rcx_json_member(reading->root, "calibration");
    const char *kind = rcx_json_as_text(rcx_json_member(from, "kind"));
    int k = RCX_CALIBRATION_NONE;
    while (kind && k <= RCX_CALIBRATION_ISOTONIC &&
           strcmp(kind, rcx_calibration_name((enum rcx_calibration_kind)k)) != 0)
        k++;
    if (!kind || k > RCX_CALIBRATION_ISOTONIC) {
        rcx_reading_wrong(reading, "calibration");
        return;
    }
    calibration->kind = (enum rcx_calibration_kind)k;
    calibration->a = rcx_reading_real(reading, from, "a", -1e300, 1e300);
    calibration->b = rcx_reading_real(reading, from, "b", -1e300, 1e300);
    calibration->points = rcx_json_count(rcx_json_member(from, "from"));
    if (calibration->kind == RCX_CALIBRATION_ISOTONIC && calibration->points == 0)
        rcx_reading_wrong(reading, "calibration");
    if (calibration->points == 0)
        return;
    calibration->from = rcx_calloc(2 * calibration->points, sizeof(double));
    if (!calibration->from) {
        reading->status = rcx_fail_nomem(reading->err, "calibration", calibration->points);
        return;
    }
    calibration->to = calibration->from + calibration->points;
    rcx_reading_reals(reading, from, "from", calibration->from, calibration->points);
    rcx_reading_reals(reading, from, "to", calibration->to, calibration->points);
    for (size_t i = 1; i < calibration->points; i++) {
        if (!(calibration->from[i] > calibration->from[i - 1]))
            rcx_reading_wrong(reading, "calibration");
    }
}

static void get_trees(struct rcx_model_reading *reading, const void *trees, size_t bytes,
                      struct rcx_churn_model *model)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    const char *named = rcx_json_as_text(rcx_json_member(reading->root, "trees_digest"));
    struct rcx_gbdt_model *into = model->chosen == RCX_CHURN_TREES_PLAIN ? &model->fit.trees_plain
                                                                         : &model->fit.trees;
    rcx_digest_format(rcx_hash128(trees, bytes), digest);
    if (!named || strcmp(named, digest) != 0) {
        reading->status = rcx_fail(
            reading->err, RCX_E_CORRUPT,
            "%s: its trees have the digest %s, but the trees there are %s; train "
            "it again with rcx churn",
            reading->name, named ? named : "(none)", digest);
        return;
    }
    reading->status = rcx_gbdt_model_parse(reading->name, trees, bytes, into, reading->err);
    if (reading->status == RCX_OK && into->feature_count != model->fit.tree_inputs)
        rcx_reading_wrong(reading, "tree_inputs");
}

static void get_fit(struct rcx_model_reading *reading, struct rcx_churn_model *model)
{
    struct rcx_churn_fit *fit = &model->fit;
    fit->trained = 1u << model->chosen | 1u << RCX_CHURN_TREES;
    fit->train_rows = (size_t)rcx_reading_whole(reading, reading->root, "train_rows", INT64_MAX);
    fit->rate = rcx_reading_real(reading, reading->root, "rate", 1e-18, 1);
    fit->blend.trees = rcx_reading_real(reading, reading->root, "blend", 0, 1);
    fit->blend.regression = rcx_reading_real(reading, reading->root, "blend_of_regression", 0, 1);
    fit->positive_weight = rcx_reading_real(reading, reading->root, "positive_weight", 1e-12, 1e12);
    fit->tree_inputs = (size_t)rcx_reading_whole(reading, reading->root, "tree_inputs",
                                                 (int64_t)model->inputs.count);
    fit->without_behaviour = model->inputs.without_behaviour;
    if (!rcx_json_as_bool(rcx_json_member(reading->root, "trees_start_at_initial_score"),
                          &fit->trees_from_offset))
        rcx_reading_wrong(reading, "trees_start_at_initial_score");
    while (fit->recency_column < model->inputs.without_behaviour &&
           (!model->inputs.names[fit->recency_column] ||
            strcmp(model->inputs.names[fit->recency_column], "rfm_recency_days") != 0))
        fit->recency_column++;
    if (fit->recency_column == model->inputs.without_behaviour)
        rcx_reading_wrong(reading, "inputs");
}

enum rcx_status rcx_churn_model_parse(const char *name, const struct rcx_json_value *document,
                                      const void *trees, size_t tree_bytes,
                                      struct rcx_churn_model *out, struct rcx_error *err)
{
    struct rcx_churn_model model = {0};
    struct rcx_model_reading reading = {name, "churn", "rcx churn", document, err, RCX_OK};
    const char *found = rcx_json_as_text(rcx_json_member(document, "schema"));
    if (!found || strcmp(found, schema) != 0)
        rcx_reading_wrong(&reading, "schema");
    get_candidate(&reading, &model);
    model.horizon_days = rcx_reading_whole(&reading, document, "horizon_days", INT32_MAX);
    model.gap_days = rcx_reading_whole(&reading, document, "gap_days", INT32_MAX);
    model.threshold = rcx_reading_real(&reading, document, "threshold", 0, 1);
    model.mean_offset = rcx_reading_real(&reading, document, "mean_initial_score", -1e300, 1e300);
    if (reading.status == RCX_OK)
        rcx_reading_inputs(&reading, &model.inputs);
    if (reading.status == RCX_OK)
        get_fit(&reading, &model);
    if (reading.status == RCX_OK)
        get_regression(&reading, &model);
    if (reading.status == RCX_OK)
        get_calibration(&reading, &model.calibration);
    if (reading.status == RCX_OK)
        get_trees(&reading, trees, tree_bytes, &model);
    if (reading.status == RCX_OK)
        *out = model;
    else
        rcx_churn_model_release(&model);
    return reading.status;
}
