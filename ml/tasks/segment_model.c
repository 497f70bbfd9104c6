#include "ml/tasks/segment_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "ml/kmeans/kmeans.h"
#include "ml/matrix.h"

const char *const rcx_rfm_columns[RCX_RFM_COUNT] = {"rfm_recency_days", "rfm_frequency_count",
                                                    "rfm_monetary_total"};

/* --- inputs -------------------------------------------------------------------------------------- */

static enum rcx_status parse_input(const char *text, struct rcx_segment_input *out,
                                   struct rcx_error *err)
{
    const char *colon = strchr(text, ':');
    struct rcx_text name = {text, colon ? (size_t)(colon - text) : strlen(text)};
    struct rcx_text transform = rcx_text_trim(rcx_text_of(colon ? colon + 1 : "none"));
    name = rcx_text_trim(name);
    if (name.length == 0 || name.length >= RCX_SEGMENT_NAME_BYTES)
        return rcx_fail(err, RCX_E_CONFIG, "segments.inputs: '%.200s' does not begin with a name",
                        text);
    if (rcx_text_equal(transform, rcx_text_of("log1p")))
        out->transform = RCX_TRANSFORM_LOG1P;
    else if (rcx_text_equal(transform, rcx_text_of("none")))
        out->transform = RCX_TRANSFORM_NONE;
    else
        return rcx_fail(err, RCX_E_CONFIG,
                        "segments.inputs: '%.200s': expected the transform none or log1p", text);
    memcpy(out->name, name.data, name.length);
    out->name[name.length] = '\0';
    return RCX_OK;
}

enum rcx_status rcx_segment_inputs(const struct rcx_cfg_segments *cfg,
                                   struct rcx_segment_model *out, struct rcx_error *err)
{
    if (cfg->inputs.count > RCX_SEGMENT_FEATURES_MOST)
        return rcx_fail(err, RCX_E_CONFIG, "segments.inputs: %zu features, expected at most %d",
                        cfg->inputs.count, RCX_SEGMENT_FEATURES_MOST);
    out->input_count = cfg->inputs.count;
    for (size_t i = 0; i < cfg->inputs.count; i++) {
        enum rcx_status status = parse_input(cfg->inputs.items[i], &out->inputs[i], err);
        if (status != RCX_OK)
            return status;
        for (size_t o = 0; o < i; o++)
            if (strcmp(out->inputs[o].name, out->inputs[i].name) == 0)
                return rcx_fail(err, RCX_E_CONFIG, "segments.inputs: '%s' is there twice",
                                out->inputs[i].name);
    }
    return RCX_OK;
}

enum rcx_status rcx_segment_column(const struct rcx_table *table, const char *name, double *out,
                                   struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    size_t missing = 0;
    if (!column || column->type == RCX_TYPE_TEXT)
        return rcx_fail(err, RCX_E_INPUT,
                        "segments: the feature table has no column of numbers '%s'; "
                        "'rcx features list' names the features",
                        name);
    rcx_column_to_reals(column, out);
    for (size_t i = 0; i < table->rows; i++)
        missing += isfinite(out[i]) ? 0 : 1;
    if (missing > 0)
        return rcx_fail(err, RCX_E_INPUT,
                        "segments: '%s' has no value for %zu of %zu customers; take it out of "
                        "segments.inputs",
                        name, missing, table->rows);
    return RCX_OK;
}

/* The logarithm is our own, so that every machine gets the same bits. */
void rcx_segment_transform(const struct rcx_segment_input *input, bool scaled, double *values,
                           size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        double x = values[i];
        if (input->transform == RCX_TRANSFORM_LOG1P)
            x = rcx_portable_log(1 + (x > 0 ? x : 0));
        values[i] = scaled ? (x - input->mean) / input->deviation : x;
    }
}

/* --- assignment ---------------------------------------------------------------------------------- */

/* One list of texts for a column of codes. */
static bool set_texts(struct rcx_column *column, const char *const *texts, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    column->dictionary = rcx_strings_new((uint32_t)count, bytes);
    if (!column->dictionary)
        return false;
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(texts[i]);
        column->dictionary->offsets[i] = at;
        memcpy(column->dictionary->bytes + at, texts[i], length);
        at += length;
    }
    column->dictionary->offsets[count] = at;
    return true;
}

static bool set_segment_names(struct rcx_column *column)
{
    const char *names[RCX_SEGMENT_COUNT];
    for (size_t s = 0; s < RCX_SEGMENT_COUNT; s++)
        names[s] = rcx_segment_title((enum rcx_segment_id)s);
    return set_texts(column, names, RCX_SEGMENT_COUNT);
}

enum { SCORE_TEXTS = RCX_SCORES * RCX_SCORES * RCX_SCORES };

static bool set_score_texts(struct rcx_column *column)
{
    char texts[SCORE_TEXTS][4];
    const char *views[SCORE_TEXTS];
    for (unsigned i = 0; i < SCORE_TEXTS; i++) {
        texts[i][0] = (char)('1' + i / 25);
        texts[i][1] = (char)('1' + i / 5 % 5);
        texts[i][2] = (char)('1' + i % 5);
        texts[i][3] = '\0';
        views[i] = texts[i];
    }
    return set_texts(column, views, SCORE_TEXTS);
}

enum column_id {
    CUSTOMER,
    SNAPSHOT,
    SEGMENT,
    CLUSTER,
    DISTANCE,
    MARGIN,
    R_SCORE,
    F_SCORE,
    M_SCORE,
    RFM_SCORE,
    RFM_SEGMENT,
    HINDSIGHT,
    COLUMNS
};

/* All columns but their values; the ids are copied. */
static bool make_table(const struct rcx_column *ids, struct rcx_table *out)
{
    static const struct {
        const char *name;
        enum rcx_type type;
    } columns[COLUMNS] = {
        {"customer_id", RCX_TYPE_INT64}, {"snapshot_date", RCX_TYPE_DATE},
        {"segment", RCX_TYPE_TEXT},      {"cluster", RCX_TYPE_INT32},
        {"distance", RCX_TYPE_REAL},     {"margin", RCX_TYPE_REAL},
        {"r_score", RCX_TYPE_INT32},     {"f_score", RCX_TYPE_INT32},
        {"m_score", RCX_TYPE_INT32},     {"rfm_score", RCX_TYPE_TEXT},
        {"rfm_segment", RCX_TYPE_TEXT},  {"hindsight", RCX_TYPE_BOOL},
    };
    for (size_t c = 0; c < COLUMNS; c++)
        if (!rcx_table_add(out, columns[c].name, c == CUSTOMER ? ids->type : columns[c].type))
            return false;
    if (!rcx_table_resize(out, ids->rows) || !set_segment_names(&out->columns[SEGMENT]) ||
        !set_score_texts(&out->columns[RFM_SCORE]) ||
        !set_segment_names(&out->columns[RFM_SEGMENT]))
        return false;
    if (ids->dictionary)
        out->columns[CUSTOMER].dictionary = rcx_strings_retain(ids->dictionary);
    if (ids->rows > 0)
        memcpy(out->columns[CUSTOMER].values, ids->values, ids->rows * rcx_type_bytes(ids->type));
    return true;
}

struct assigning {
    const struct rcx_segment_model *model;
    double *values; /* [inputs][rows] */
    double *nearest, *second;
    uint32_t *clusters;
};

static enum rcx_status assign_clusters(struct assigning *work, const struct rcx_table *table,
                                       const struct rcx_parallel *parallel, struct rcx_error *err)
{
    const struct rcx_segment_model *model = work->model;
    double centres[RCX_SEGMENT_COUNT * RCX_SEGMENT_FEATURES_MOST];
    const double *columns[RCX_SEGMENT_FEATURES_MOST];
    size_t d = model->input_count;
    for (size_t j = 0; j < d; j++) {
        double *values = work->values + j * table->rows;
        enum rcx_status status = rcx_segment_column(table, model->inputs[j].name, values, err);
        if (status != RCX_OK)
            return status;
        rcx_segment_transform(&model->inputs[j], true, values, table->rows);
        columns[j] = values;
        for (size_t c = 0; c < model->k; c++)
            centres[c * d + j] = model->centres[c][j];
    }
    const struct rcx_matrix matrix = {table->rows, d, columns, NULL};
    return rcx_kmeans_assign(&matrix, centres, model->k, parallel, work->clusters, work->nearest,
                             work->second, err);
}

static void fill_segments(const struct assigning *work, rcx_day snapshot, struct rcx_table *out)
{
    const struct rcx_segment_model *model = work->model;
    for (size_t i = 0; i < out->rows; i++) {
        double near = sqrt(work->nearest[i]), next = sqrt(work->second[i]);
        out->columns[SNAPSHOT].i32[i] = snapshot;
        out->columns[SEGMENT].codes[i] = model->names[work->clusters[i]];
        out->columns[CLUSTER].i32[i] = (int32_t)work->clusters[i];
        out->columns[DISTANCE].reals[i] = near;
        out->columns[MARGIN].reals[i] = isinf(next) ? 1 : next > 0 ? (next - near) / next : 0;
        out->columns[HINDSIGHT].booleans[i] = snapshot < model->snapshot;
    }
}

/* `values` is scratch of one column. */
static enum rcx_status fill_scores(const struct rcx_segment_model *model,
                                   const struct rcx_table *table, double *values,
                                   struct rcx_table *out, struct rcx_error *err)
{
    for (size_t j = 0; j < RCX_RFM_COUNT; j++) {
        enum rcx_status status = rcx_segment_column(table, rcx_rfm_columns[j], values, err);
        if (status != RCX_OK)
            return status;
        for (size_t i = 0; i < table->rows; i++)
            out->columns[R_SCORE + j].i32[i] = rcx_rfm_score((enum rcx_rfm)j, model->edges[j],
                                                             values[i]);
    }
    for (size_t i = 0; i < table->rows; i++) {
        int r = out->columns[R_SCORE].i32[i], f = out->columns[F_SCORE].i32[i];
        int m = out->columns[M_SCORE].i32[i];
        out->columns[RFM_SCORE].codes[i] = (uint32_t)((r - 1) * 25 + (f - 1) * 5 + m - 1);
        out->columns[RFM_SEGMENT].codes[i] = rcx_rfm_segment(r, f, m);
    }
    return RCX_OK;
}

enum rcx_status rcx_segment_assign(const struct rcx_segment_model *model,
                                   const struct rcx_table *table, rcx_day snapshot,
                                   const struct rcx_parallel *parallel, struct rcx_table *out,
                                   struct rcx_error *err)
{
    const struct rcx_column *ids = rcx_table_find(table, "customer_id");
    struct rcx_table made = {0};
    size_t rows = table->rows;
    struct assigning work = {
        .model = model,
        .values = rcx_malloc_array(rows + 1, model->input_count * sizeof(double)),
        .nearest = rcx_malloc_array(rows + 1, sizeof(double)),
        .second = rcx_malloc_array(rows + 1, sizeof(double)),
        .clusters = rcx_malloc_array(rows + 1, sizeof(uint32_t)),
    };
    enum rcx_status status = RCX_OK;
    if (!ids)
        status = rcx_fail(err, RCX_E_INPUT, "segments: the table has no column 'customer_id'");
    else if (!work.values || !work.nearest || !work.second || !work.clusters ||
             !make_table(ids, &made))
        status = rcx_fail_nomem(err, "segments", rows * sizeof(double));
    if (status == RCX_OK)
        status = assign_clusters(&work, table, parallel, err);
    if (status == RCX_OK) {
        fill_segments(&work, snapshot, &made);
        status = fill_scores(model, table, work.nearest, &made, err);
    }
    rcx_free(work.values);
    rcx_free(work.nearest);
    rcx_free(work.second);
    rcx_free(work.clusters);
    if (status == RCX_OK)
        *out = made;
    else
        rcx_table_release(&made);
    return status;
}
