#include "cli/flow_score.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "cli/flow_rows.h"
#include "cli/sink_options.h"

void rcx_flow_score_result_release(struct rcx_flow_score_result *result)
{
    rcx_churn_model_release(&result->churn);
    rcx_table_release(&result->features);
    rcx_table_release(&result->predictions);
    *result = (struct rcx_flow_score_result){0};
}

/* --- the model ---------------------------------------------------------------------------------- */

static enum rcx_status read_model(const char *document_path, const char *trees_path,
                                  struct rcx_churn_model *out, struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    struct rcx_buf trees = {0};
    if (!rcx_file_exists(document_path) || !rcx_file_exists(trees_path))
        return rcx_fail(err, RCX_E_INPUT, "%s: no churn model; make one with rcx churn, or rcx run",
                        rcx_file_exists(document_path) ? trees_path : document_path);
    enum rcx_status status = rcx_json_read_file(document_path, &document, err);
    if (status == RCX_OK)
        status = rcx_file_read(trees_path, &trees, err);
    if (status == RCX_OK)
        status = rcx_churn_model_parse(document_path, rcx_json_root(document), trees.data,
                                       trees.length, out, err);
    rcx_buf_release(&trees);
    rcx_json_close(document);
    return status;
}

static enum rcx_status load_model(const struct rcx_flow_score *flow, struct rcx_churn_model *out,
                                  struct rcx_error *err)
{
    char *document = rcx_path_join(flow->directory, "models/churn.json");
    char *trees = rcx_path_join(flow->directory, "models/churn.model.txt");
    enum rcx_status status = document && trees ? read_model(document, trees, out, err)
                                               : rcx_fail_nomem(err, flow->directory, 0);
    const struct rcx_cfg_churn *cfg = &flow->config->churn;
    if (status == RCX_OK && out->horizon_days != cfg->horizon_days) {
        status = rcx_fail(err, RCX_E_CONFIG,
                          "%s: trained for churn.horizon_days %" PRId64 ", but the key is %" PRId64,
                          document, out->horizon_days, cfg->horizon_days);
        rcx_churn_model_release(out);
    }
    rcx_free(document);
    rcx_free(trees);
    return status;
}

/* --- the rows ----------------------------------------------------------------------------------- */

/* Behind the data everybody would look silent. */
static enum rcx_status check_day(const struct rcx_flow_score *flow, struct rcx_error *err)
{
    char asked[RCX_DATE_TEXT_BYTES], first[RCX_DATE_TEXT_BYTES], last[RCX_DATE_TEXT_BYTES];
    const struct rcx_data_range *range = &flow->from->range;
    if (flow->day <= range->last)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT,
                    "--as-of %s: the data run from %s to %s, and days without data would count as "
                    "silence of every customer; the latest date is %s",
                    rcx_format_day(flow->day, asked), rcx_format_day(range->first, first),
                    rcx_format_day(range->last, last), last);
}

enum rcx_status rcx_flow_score(const struct rcx_flow_score *flow, struct rcx_flow_score_result *out,
                               struct rcx_error *err)
{
    struct rcx_flow_score_result result = {0};
    struct rcx_flow_scored scored = {0};
    const struct rcx_flow_task task = {.from = flow->from,
                                       .config = flow->config,
                                       .parallel = flow->parallel,
                                       .table_bytes = flow->table_bytes};
    struct rcx_clv_model values = {0};
    enum rcx_status status = check_day(flow, err);
    if (status == RCX_OK)
        status = load_model(flow, &result.churn, err);
    if (status == RCX_OK)
        status = rcx_flow_score_load_values(flow, &values, &result.has_values, err);
    if (status == RCX_OK)
        status = rcx_flow_rows(&task, &flow->day, NULL, NULL, &scored, err);
    const struct rcx_churn_score_job job = {
        .model = &result.churn,
        .cfg = &flow->config->churn,
        .features = &scored.features,
        .behaviour = &scored.behaviour,
        .known = &scored.known,
        .day = flow->day,
        .first_data_day = flow->from->range.first,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .parallel = flow->parallel};
    if (status == RCX_OK)
        status = rcx_churn_score(&job, &result.predictions, NULL, err);
    if (status == RCX_OK && result.has_values)
        status = rcx_flow_score_values(flow, &values, &scored, &result.predictions, &result.values,
                                       err);
    result.value_model = values.chosen;
    rcx_clv_model_release(&values);
    result.features = scored.features;
    scored.features = (struct rcx_table){0};
    rcx_flow_scored_release(&scored);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_flow_score_result_release(&result);
    return status;
}

enum rcx_status rcx_flow_score_write(const struct rcx_flow_score *flow,
                                     const struct rcx_flow_score_result *result, char **out_path,
                                     struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES], name[64];
    const struct rcx_sink_options options = rcx_flow_sink_options(&flow->config->export,
                                                                  flow->parallel);
    (void)snprintf(name, sizeof name, "outputs/scores_%s.parquet", rcx_format_day(flow->day, date));
    char *folder = rcx_path_join(flow->directory, "outputs");
    char *path = rcx_path_join(flow->directory, name);
    enum rcx_status status = folder && path ? rcx_directory_make(folder, err)
                                            : rcx_fail_nomem(err, flow->directory, 0);
    if (status == RCX_OK)
        status = rcx_sink_write_table(path, &options, &result->predictions, err);
    rcx_free(folder);
    if (status == RCX_OK) {
        *out_path = path;
        return RCX_OK;
    }
    rcx_free(path);
    return status;
}
