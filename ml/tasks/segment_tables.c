/* What a segmentation looks like: tables and JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "ml/matrix.h"
#include "ml/tasks/segments.h"
#include "ml/tasks/table_filling.h"

static void put_reals(struct rcx_filling *filling, const char *name, const double *values)
{
    struct rcx_column *column = rcx_filling_add(filling, name, RCX_TYPE_REAL);
    if (column)
        memcpy(column->reals, values, column->rows * sizeof *values);
}

struct rcx_strings *rcx_segment_texts(void)
{
    uint64_t bytes = 0;
    for (size_t s = 0; s < RCX_SEGMENT_COUNT; s++)
        bytes += strlen(rcx_segment_title((enum rcx_segment_id)s));
    struct rcx_strings *texts = rcx_strings_new(RCX_SEGMENT_COUNT, bytes);
    uint64_t at = 0;
    for (size_t s = 0; texts && s < RCX_SEGMENT_COUNT; s++) {
        const char *name = rcx_segment_title((enum rcx_segment_id)s);
        texts->offsets[s] = at;
        memcpy(texts->bytes + at, name, strlen(name));
        at += strlen(name);
        texts->offsets[s + 1] = at;
    }
    return texts;
}

/* --- summary ------------------------------------------------------------------------------------- */

/* What the profile holds of each customer. */
static const struct {
    const char *feature, *mean, *median;
} profile[] = {
    {"rfm_recency_days", "recency_mean", "recency_median"},
    {"rfm_frequency_count", "frequency_mean", "frequency_median"},
    {"rfm_monetary_total", "monetary_mean", "monetary_median"},
    {"avg_basket_size", "basket_mean", "basket_median"},
    {"return_rate", "return_rate_mean", "return_rate_median"},
};
enum { PROFILE = sizeof profile / sizeof profile[0], MONETARY = 2 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    if (count == 0)
        return NAN;
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct summary {
    size_t k;
    size_t sizes[RCX_SEGMENT_COUNT];
    double sums[PROFILE][RCX_SEGMENT_COUNT], medians[PROFILE][RCX_SEGMENT_COUNT];
};

static enum rcx_status summarise(const struct rcx_table *table, const struct rcx_table *assigned,
                                 struct summary *out, struct rcx_error *err)
{
    const int32_t *clusters = rcx_table_find(assigned, "cluster")->i32;
    size_t rows = table->rows;
    double *values = rcx_malloc_array(rows + 1, 2 * sizeof *values);
    enum rcx_status status = values ? RCX_OK : rcx_fail_nomem(err, "segments", rows * 16);
    for (size_t i = 0; i < rows; i++)
        out->sizes[clusters[i]]++;
    for (size_t p = 0; status == RCX_OK && p < PROFILE; p++) {
        double *own = values + rows;
        status = rcx_segment_column(table, profile[p].feature, values, err);
        for (size_t c = 0; status == RCX_OK && c < out->k; c++) {
            size_t count = 0;
            for (size_t i = 0; i < rows; i++) {
                if (clusters[i] != (int32_t)c)
                    continue;
                out->sums[p][c] += values[i];
                own[count++] = values[i];
            }
            out->medians[p][c] = median_of(own, count);
        }
    }
    rcx_free(values);
    return status;
}

static enum rcx_status fill_summary(const struct rcx_segmentation *segmentation,
                                    const struct summary *summary, size_t rows,
                                    struct rcx_table *out, struct rcx_error *err)
{
    static const char *const rank_names[RCX_RFM_COUNT] = {"recency_rank", "frequency_rank",
                                                          "monetary_rank"};
    const struct rcx_segment_model *model = &segmentation->model;
    struct rcx_filling filling = {0};
    double reals[RCX_SEGMENT_COUNT], revenue = 0;
    (void)rcx_filling_resize(&filling, summary->k);
    struct rcx_column *column = rcx_filling_add(&filling, "segment", RCX_TYPE_TEXT);
    if (column) {
        column->dictionary = rcx_segment_texts();
        filling.failed = !column->dictionary;
    }
    for (size_t c = 0; column && c < summary->k; c++)
        column->codes[c] = model->names[c];
    column = rcx_filling_add(&filling, "cluster", RCX_TYPE_INT32);
    for (size_t c = 0; column && c < summary->k; c++)
        column->i32[c] = (int32_t)c;
    column = rcx_filling_add(&filling, "snapshot_date", RCX_TYPE_DATE);
    for (size_t c = 0; column && c < summary->k; c++)
        column->i32[c] = model->snapshot;
    column = rcx_filling_add(&filling, "customers", RCX_TYPE_INT64);
    for (size_t c = 0; column && c < summary->k; c++)
        column->i64[c] = (int64_t)summary->sizes[c];
    for (size_t c = 0; c < summary->k; c++) {
        reals[c] = (double)summary->sizes[c] / (double)rows;
        revenue += summary->sums[MONETARY][c];
    }
    put_reals(&filling, "share", reals);
    for (size_t p = 0; p < PROFILE; p++) {
        for (size_t c = 0; c < summary->k; c++)
            reals[c] = summary->sizes[c] > 0 ? summary->sums[p][c] / (double)summary->sizes[c]
                                             : NAN;
        put_reals(&filling, profile[p].mean, reals);
        put_reals(&filling, profile[p].median, summary->medians[p]);
    }
    put_reals(&filling, "revenue", summary->sums[MONETARY]);
    for (size_t c = 0; c < summary->k; c++)
        reals[c] = revenue > 0 ? summary->sums[MONETARY][c] / revenue : NAN;
    put_reals(&filling, "revenue_share", reals);
    for (size_t j = 0; j < RCX_RFM_COUNT; j++) {
        for (size_t c = 0; c < summary->k; c++)
            reals[c] = segmentation->ranks[c][j];
        put_reals(&filling, rank_names[j], reals);
    }
    return rcx_filling_finish(&filling, "segments", out, err);
}

enum rcx_status rcx_segment_summary(const struct rcx_segmentation *segmentation,
                                    const struct rcx_table *table, const struct rcx_table *assigned,
                                    struct rcx_table *out, struct rcx_error *err)
{
    struct summary summary = {.k = segmentation->model.k};
    enum rcx_status status = summarise(table, assigned, &summary, err);
    return status == RCX_OK ? fill_summary(segmentation, &summary, table->rows, out, err) : status;
}

/* --- quality ------------------------------------------------------------------------------------- */

enum rcx_status rcx_segment_quality(const struct rcx_segmentation *segmentation,
                                    struct rcx_table *out, struct rcx_error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } measures[] = {
#define MEASURE(name) {#name, offsetof(struct rcx_segment_trial, name)}
        MEASURE(silhouette),     MEASURE(simplified_silhouette),
        MEASURE(davies_bouldin), MEASURE(calinski_harabasz),
        MEASURE(inertia),        MEASURE(smallest_share),
        MEASURE(stability),      MEASURE(stability_least),
#undef MEASURE
    };
    const struct rcx_segment_choice *choice = &segmentation->choice;
    struct rcx_filling filling = {0};
    (void)rcx_filling_resize(&filling, choice->count);
    struct rcx_column *k = rcx_filling_add(&filling, "k", RCX_TYPE_INT32);
    for (size_t t = 0; k && t < choice->count; t++)
        k->i32[t] = (int32_t)choice->trials[t].k;
    struct rcx_column *chosen = rcx_filling_add(&filling, "chosen", RCX_TYPE_BOOL);
    for (size_t t = 0; chosen && t < choice->count; t++)
        chosen->booleans[t] = choice->trials[t].chosen;
    for (size_t m = 0; m < sizeof measures / sizeof measures[0]; m++) {
        double reals[RCX_SEGMENT_TRIALS_MOST];
        for (size_t t = 0; t < choice->count; t++)
            memcpy(&reals[t], (const char *)&choice->trials[t] + measures[m].offset,
                   sizeof reals[t]);
        put_reals(&filling, measures[m].name, reals);
    }
    struct rcx_column *rows = rcx_filling_add(&filling, "silhouette_customers", RCX_TYPE_INT64);
    for (size_t t = 0; rows && t < choice->count; t++)
        rows->i64[t] = (int64_t)choice->trials[t].silhouette_rows;
    struct rcx_column *exact = rcx_filling_add(&filling, "silhouette_exact", RCX_TYPE_BOOL);
    for (size_t t = 0; exact && t < choice->count; t++)
        exact->booleans[t] = choice->trials[t].silhouette_rows == segmentation->model.customers;
    struct rcx_column *elbow = rcx_filling_add(&filling, "elbow", RCX_TYPE_BOOL);
    for (size_t t = 0; elbow && t < choice->count; t++)
        elbow->booleans[t] = choice->trials[t].elbow;
    struct rcx_column *iterations = rcx_filling_add(&filling, "iterations", RCX_TYPE_INT32);
    for (size_t t = 0; iterations && t < choice->count; t++)
        iterations->i32[t] = (int32_t)choice->trials[t].iterations;
    struct rcx_column *converged = rcx_filling_add(&filling, "converged", RCX_TYPE_BOOL);
    for (size_t t = 0; converged && t < choice->count; t++)
        converged->booleans[t] = choice->trials[t].converged;
    return rcx_filling_finish(&filling, "segments", out, err);
}

/* --- strategies ---------------------------------------------------------------------------------- */

static void put_segment(struct rcx_json *json, enum rcx_segment_id segment,
                        const struct rcx_strategy *strategy, const struct rcx_table *summary,
                        size_t row)
{
    rcx_json_object(json);
    rcx_json_put_text(json, "segment", rcx_segment_title(segment));
    rcx_json_put_i64(json, "customers", rcx_table_find(summary, "customers")->i64[row]);
    rcx_json_put_real(json, "share", rcx_table_find(summary, "share")->reals[row]);
    rcx_json_put_real(json, "revenue_share", rcx_table_find(summary, "revenue_share")->reals[row]);
    rcx_json_put_i64(json, "priority", strategy->priority);
    rcx_json_put_text(json, "goal", strategy->goal);
    rcx_json_key(json, "actions");
    rcx_json_array(json);
    for (size_t a = 0; a < strategy->action_count; a++)
        rcx_json_text(json, strategy->actions[a]);
    rcx_json_array_end(json);
    rcx_json_put_text(json, "campaign_type", strategy->campaign_type);
    rcx_json_put_text(json, "budget_level", strategy->budget_level);
    rcx_json_object_end(json);
}

bool rcx_segment_strategies_json(const struct rcx_segmentation *segmentation,
                                 const struct rcx_strategies *strategies,
                                 const struct rcx_table *summary, struct rcx_buf *out)
{
    const struct rcx_segment_model *model = &segmentation->model;
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.segments.strategies/1");
    rcx_json_put_text(&json, "snapshot", rcx_format_day(model->snapshot, date));
    rcx_json_put_u64(&json, "customers", model->customers);
    rcx_json_put_u64(&json, "k", model->k);
    rcx_json_put_text(&json, "choice", segmentation->choice.reason);
    rcx_json_key(&json, "segments");
    rcx_json_array(&json);
    for (size_t c = 0; c < model->k; c++)
        put_segment(&json, model->names[c], rcx_strategies_get(strategies, model->names[c]),
                    summary, c);
    rcx_json_array_end(&json);
    rcx_json_object_end(&json);
    rcx_buf_append_byte(out, '\n');
    return !out->failed;
}
