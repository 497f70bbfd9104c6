/* The value part of fresh predictions: columns beside those of churn. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "cli/flow_score.h"

static char *model_path(const struct rcx_flow_score *flow, enum rcx_clv_text text)
{
    char name[64];
    (void)snprintf(name, sizeof name, "models/%s", rcx_clv_text_file(text));
    return rcx_path_join(flow->directory, name);
}

/* A file that is not there stays empty: the document says whether it should be. */
static enum rcx_status read_text(const struct rcx_flow_score *flow, enum rcx_clv_text text,
                                 struct rcx_buf *out, struct rcx_error *err)
{
    char *path = model_path(flow, text);
    enum rcx_status status = path ? RCX_OK : rcx_fail_nomem(err, flow->directory, 0);
    if (status == RCX_OK && rcx_file_exists(path))
        status = rcx_file_read(path, out, err);
    rcx_free(path);
    return status;
}

static enum rcx_status parse_model(const struct rcx_flow_score *flow, const char *document_path,
                                   const struct rcx_buf texts[RCX_CLV_TEXTS],
                                   struct rcx_clv_model *out, struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    int64_t days = flow->config->clv.horizon_days;
    enum rcx_status status = rcx_json_read_file(document_path, &document, err);
    if (status == RCX_OK)
        status = rcx_clv_model_parse(document_path, rcx_json_root(document), texts, out, err);
    if (status == RCX_OK && out->horizon_days != days) {
        status = rcx_fail(err, RCX_E_CONFIG,
                          "%s: trained for clv.horizon_days %" PRId32 ", but the key is %" PRId64,
                          document_path, out->horizon_days, days);
        rcx_clv_model_release(out);
    }
    rcx_json_close(document);
    return status;
}

enum rcx_status rcx_flow_score_load_values(const struct rcx_flow_score *flow,
                                           struct rcx_clv_model *out, bool *out_found,
                                           struct rcx_error *err)
{
    struct rcx_buf texts[RCX_CLV_TEXTS] = {{0}};
    char *path = model_path(flow, RCX_CLV_TEXT_DOCUMENT);
    enum rcx_status status = path ? RCX_OK : rcx_fail_nomem(err, flow->directory, 0);
    bool found = path && rcx_file_exists(path);
    for (int t = 0; status == RCX_OK && found && t < RCX_CLV_TEXTS; t++) {
        if (t != RCX_CLV_TEXT_DOCUMENT)
            status = read_text(flow, (enum rcx_clv_text)t, &texts[t], err);
    }
    if (status == RCX_OK && found)
        status = parse_model(flow, path, texts, out, err);
    for (int t = 0; t < RCX_CLV_TEXTS; t++)
        rcx_buf_release(&texts[t]);
    rcx_free(path);
    *out_found = found && status == RCX_OK;
    return status;
}

/* Every column of reals of the one behind those of the other: rows are the same customers. */
static enum rcx_status append_reals(const struct rcx_table *from, struct rcx_table *to,
                                    struct rcx_error *err)
{
    if (from->rows != to->rows)
        return rcx_fail(err, RCX_E_INTERNAL, "score: %zu values for %zu customers", from->rows,
                        to->rows);
    for (size_t c = 0; c < from->column_count; c++) {
        const struct rcx_column *column = &from->columns[c];
        if (column->type != RCX_TYPE_REAL)
            continue;
        struct rcx_column *copy = rcx_table_add(to, column->name, RCX_TYPE_REAL);
        if (!copy)
            return rcx_fail_nomem(err, "values", to->rows * sizeof(double));
        memcpy(copy->reals, column->reals, to->rows * sizeof(double));
    }
    return RCX_OK;
}

enum rcx_status rcx_flow_score_values(const struct rcx_flow_score *flow,
                                      const struct rcx_clv_model *model,
                                      const struct rcx_flow_scored *scored, struct rcx_table *table,
                                      struct rcx_clv_scores *out, struct rcx_error *err)
{
    struct rcx_table values = {0};
    const struct rcx_clv_score_job job = {
        .model = model,
        .features = &scored->features,
        .behaviour = &scored->behaviour,
        .known = &scored->known,
        .day = flow->day,
        .first_data_day = flow->from->range.first,
        .observation_days = (int32_t)flow->config->features.observation_days,
        .annual_discount_rate = flow->config->clv.annual_discount_rate,
        .parallel = flow->parallel};
    enum rcx_status status = rcx_clv_score(&job, &values, out, err);
    if (status == RCX_OK)
        status = append_reals(&values, table, err);
    rcx_table_release(&values);
    return status;
}
