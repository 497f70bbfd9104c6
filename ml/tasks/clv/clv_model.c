#include "ml/tasks/clv/clv_model.h"

#include <inttypes.h>
#include <math.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "ml/gbdt/model_text.h"

static const char schema[] = "rcx.clv.model/1";

const char *rcx_clv_text_file(enum rcx_clv_text text)
{
    static const char *const files[RCX_CLV_TEXTS] = {
        [RCX_CLV_TEXT_TREES] = "clv.model.txt",
        [RCX_CLV_TEXT_Q10] = "clv_q10.model.txt",
        [RCX_CLV_TEXT_Q50] = "clv_q50.model.txt",
        [RCX_CLV_TEXT_Q90] = "clv_q90.model.txt",
        [RCX_CLV_TEXT_ACTIVE] = "clv_active.model.txt",
        [RCX_CLV_TEXT_LAPSED] = "clv_lapsed.model.txt",
        [RCX_CLV_TEXT_DOCUMENT] = "clv.json",
        [RCX_CLV_TEXT_ANY] = "clv_any.model.txt",
    };
    return files[text];
}

void rcx_clv_model_release(struct rcx_clv_model *model)
{
    rcx_clv_fit_release(&model->fit);
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        rcx_gbdt_model_release(&model->quantiles[q]);
    rcx_clv_conditional_release(&model->conditional);
    rcx_churn_inputs_release(&model->inputs);
    *model = (struct rcx_clv_model){0};
}

/* --- training ----------------------------------------------------------------------------------- */

enum { JOBS = 3, ROWS_PER_CORE = 200000 };

struct training {
    const struct rcx_clv_data *data;
    struct rcx_clv_model *model;
    struct rcx_parallel inner;
};

static enum rcx_status run_job(void *context, size_t job, unsigned worker, struct rcx_error *err)
{
    struct training *training = context;
    const struct rcx_clv_data *data = training->data;
    struct rcx_clv_model *model = training->model;
    (void)worker;
    if (job == 0)
        return rcx_clv_quantiles_train(data, model->train_rows, data->asked, &training->inner,
                                       model->quantiles, err);
    if (job == 1)
        return rcx_clv_conditional_train(data, model->train_rows, data->asked, &training->inner,
                                         &model->conditional, err);
    const struct rcx_clv_fit_job fit = {.train_rows = model->train_rows,
                                        .horizon = data->asked,
                                        .wanted = 1u << model->chosen | 1u << model->trees,
                                        .parallel = training->inner};
    return rcx_clv_fit_train(data, &fit, &model->fit, err);
}

enum rcx_status rcx_clv_model_train(const struct rcx_clv_data *data,
                                    const struct rcx_clv_evaluation *evaluation,
                                    const struct rcx_parallel *parallel, struct rcx_clv_model *out,
                                    struct rcx_error *err)
{
    enum rcx_clv_candidate chosen = evaluation->chosen;
    struct rcx_clv_model model = {.chosen = chosen,
                                  .trees = chosen < RCX_CLV_TWEEDIE_OFFSET ? RCX_CLV_TWEEDIE_OFFSET
                                                                           : chosen,
                                  .conformal = evaluation->delivered_conformal,
                                  .train_rows = rcx_clv_labelled_rows(data, data->asked),
                                  .horizon_days = data->horizon_days[data->asked],
                                  .total_ratio = evaluation->delivered_total_ratio};
    struct training training = {.data = data, .model = &model};
    for (size_t s = 0; s < data->snapshot_count; s++)
        model.train_snapshots += data->snapshots[s].rows > 0 &&
                                 data->snapshots[s].first < model.train_rows;
    enum rcx_status status = rcx_churn_inputs_copy(&data->inputs, &model.inputs, err);
    if (status == RCX_OK)
        status = rcx_train_jobs(parallel, model.train_rows <= ROWS_PER_CORE, JOBS, run_job,
                                &training, &training.inner, err);
    if (status == RCX_OK)
        *out = model;
    else
        rcx_clv_model_release(&model);
    return status;
}

/* --- files -------------------------------------------------------------------------------------- */

/* A model without trees stands for one that found nothing to learn. */
static enum rcx_status format_trees(const struct rcx_churn_inputs *inputs,
                                    const struct rcx_gbdt_model *model, struct rcx_buf *out,
                                    struct rcx_error *err)
{
    struct rcx_gbdt_model none = {0};
    if (model && model->tree_count > 0)
        return rcx_gbdt_model_format(model, out, err);
    enum rcx_status status = rcx_gbdt_model_init(&none, inputs->count, err);
    for (size_t i = 0; status == RCX_OK && i < inputs->count; i++)
        status = rcx_gbdt_model_set_name(&none, i, inputs->names[i], err);
    if (status == RCX_OK)
        status = rcx_gbdt_model_format(&none, out, err);
    rcx_gbdt_model_release(&none);
    return status;
}

static void put_groups(struct rcx_json *json, const struct rcx_clv_conditional *conditional)
{
    static const char *const names[2] = {"if_lapsed", "if_active"};
    for (int g = 0; g < 2; g++) {
        rcx_json_key(json, names[g]);
        rcx_json_object(json);
        rcx_json_put_u64(json, "rows", conditional->rows[g]);
        rcx_json_put_u64(json, "positive", conditional->positive[g]);
        rcx_json_put_real(json, "mean", conditional->mean[g]);
        rcx_json_put_real(json, "ratio_to_behaviour", conditional->ratio[g]);
        rcx_json_put_u64(json, "trees", conditional->trees[g].tree_count);
        rcx_json_object_end(json);
    }
}

static void put_conformal(struct rcx_json *json, const struct rcx_clv_conformal *conformal)
{
    rcx_json_key(json, "intervals");
    rcx_json_object(json);
    rcx_json_put_u64(json, "rows", conformal->rows);
    rcx_json_put_real(json, "unit", conformal->unit);
    rcx_json_put_reals(json, "group_from_q90", conformal->upper_from, conformal->groups);
    rcx_json_put_reals(json, "moved_by_widths", conformal->moved, conformal->groups);
    rcx_json_object_end(json);
}

static void put_digests(struct rcx_json *json, const struct rcx_buf texts[RCX_CLV_TEXTS])
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    rcx_json_key(json, "files");
    rcx_json_object(json);
    for (int t = 0; t < RCX_CLV_TEXTS; t++) {
        if (t != RCX_CLV_TEXT_DOCUMENT && texts[t].length > 0)
            rcx_json_put_text(
                json, rcx_clv_text_file((enum rcx_clv_text)t),
                rcx_digest_format(rcx_hash128(texts[t].data, texts[t].length), digest));
    }
    rcx_json_object_end(json);
}

static void put_document(const struct rcx_clv_model *model, struct rcx_buf texts[RCX_CLV_TEXTS])
{
    struct rcx_buf *out = &texts[RCX_CLV_TEXT_DOCUMENT];
    const struct rcx_clv_fit *fit = &model->fit;
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", schema);
    rcx_json_put_text(&json, "model", rcx_clv_candidate_name(model->chosen));
    rcx_json_put_text(&json, "trees_of", rcx_clv_candidate_name(model->trees));
    rcx_json_put_i64(&json, "horizon_days", model->horizon_days);
    rcx_json_put_u64(&json, "train_rows", model->train_rows);
    rcx_json_put_u64(&json, "train_snapshots", model->train_snapshots);
    rcx_json_put_u64(&json, "offset_rows", fit->offset_rows);
    rcx_json_put_u64(&json, "negative_targets", fit->negative);
    rcx_json_put_real(&json, "mean", fit->mean);
    rcx_json_put_real(&json, "factor", fit->factor);
    rcx_json_put_real(&json, "smear", fit->smear);
    rcx_json_put_real(&json, "most_log_ratio", fit->most_log_ratio);
    rcx_json_put_real(&json, "least_start", fit->floor);
    rcx_json_put_bool(&json, "always_revenue", fit->any_revenue);
    rcx_json_put_real(&json, "total_to_behaviour", model->total_ratio);
    put_conformal(&json, &model->conformal);
    put_groups(&json, &model->conditional);
    rcx_churn_inputs_json(&model->inputs, &json);
    rcx_json_put_u64(&json, "inputs_without_behaviour", model->inputs.without_behaviour);
    put_digests(&json, texts);
    rcx_json_object_end(&json);
}

enum rcx_status rcx_clv_model_format(const struct rcx_clv_model *model,
                                     struct rcx_buf out[RCX_CLV_TEXTS], struct rcx_error *err)
{
    const struct rcx_gbdt_model *const models[RCX_CLV_TEXTS] = {
        [RCX_CLV_TEXT_TREES] = rcx_clv_fit_trees(&model->fit, model->trees),
        [RCX_CLV_TEXT_Q10] = &model->quantiles[0],
        [RCX_CLV_TEXT_Q50] = &model->quantiles[1],
        [RCX_CLV_TEXT_Q90] = &model->quantiles[2],
        [RCX_CLV_TEXT_ACTIVE] = &model->conditional.trees[RCX_CLV_ACTIVE],
        [RCX_CLV_TEXT_LAPSED] = &model->conditional.trees[RCX_CLV_LAPSED],
    };
    enum rcx_status status = RCX_OK;
    for (int t = 0; status == RCX_OK && t <= RCX_CLV_TEXT_LAPSED; t++)
        status = format_trees(&model->inputs, models[t], &out[t], err);
    if (status == RCX_OK && model->fit.any.tree_count > 0)
        status = rcx_gbdt_model_format(&model->fit.any, &out[RCX_CLV_TEXT_ANY], err);
    if (status == RCX_OK)
        put_document(model, out);
    return status == RCX_OK && out[RCX_CLV_TEXT_DOCUMENT].failed
               ? rcx_fail_nomem(err, "clv model", out[RCX_CLV_TEXT_DOCUMENT].length)
               : status;
}
