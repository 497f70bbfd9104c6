/* The model as JSON and back. The digest is that of the document, compact, without its digest. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_read.h"
#include "ml/tasks/segment_model.h"

#define SCHEMA "rcx.segments.model/1"

static const char *const transforms[] = {
    [RCX_TRANSFORM_NONE] = "none", [RCX_TRANSFORM_LOG1P] = "log1p"};
static const char *const rfm_keys[RCX_RFM_COUNT] = {"recency", "frequency", "monetary"};

/* --- writing ------------------------------------------------------------------------------------- */

static void write_inputs(const struct rcx_segment_model *model, struct rcx_json *json)
{
    rcx_json_key(json, "features");
    rcx_json_array(json);
    for (size_t j = 0; j < model->input_count; j++) {
        const struct rcx_segment_input *input = &model->inputs[j];
        rcx_json_object(json);
        rcx_json_put_text(json, "name", input->name);
        rcx_json_put_text(json, "transform", transforms[input->transform]);
        rcx_json_put_real(json, "mean", input->mean);
        rcx_json_put_real(json, "deviation", input->deviation);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void write_reals(struct rcx_json *json, const char *key, const double *values, size_t count)
{
    rcx_json_key(json, key);
    rcx_json_array(json);
    for (size_t i = 0; i < count; i++)
        rcx_json_real(json, values[i]);
    rcx_json_array_end(json);
}

static void write_document(const struct rcx_segment_model *model, const char *digest, bool compact,
                           struct rcx_buf *out)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_json json = rcx_json_begin(out, compact);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", SCHEMA);
    rcx_json_put_text(&json, "snapshot", rcx_format_day(model->snapshot, date));
    rcx_json_put_u64(&json, "customers", model->customers);
    write_inputs(model, &json);
    rcx_json_key(&json, "clusters");
    rcx_json_array(&json);
    for (size_t c = 0; c < model->k; c++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "segment", rcx_segment_title(model->names[c]));
        write_reals(&json, "centre", model->centres[c], model->input_count);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_json_key(&json, "score_edges");
    rcx_json_object(&json);
    for (size_t j = 0; j < RCX_RFM_COUNT; j++)
        write_reals(&json, rfm_keys[j], model->edges[j], RCX_SCORE_EDGES);
    rcx_json_object_end(&json);
    if (digest)
        rcx_json_put_text(&json, "digest", digest);
    rcx_json_object_end(&json);
}

static bool digest_of(const struct rcx_segment_model *model, char out[RCX_DIGEST_TEXT_BYTES])
{
    struct rcx_buf text = {0};
    write_document(model, NULL, true, &text);
    bool ok = !text.failed;
    rcx_digest_format(rcx_hash128(text.data, text.length), out);
    rcx_buf_release(&text);
    return ok;
}

bool rcx_segment_model_json(const struct rcx_segment_model *model, struct rcx_buf *out)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    if (!digest_of(model, digest))
        return false;
    write_document(model, digest, false, out);
    rcx_buf_append_byte(out, '\n');
    return !out->failed;
}

/* --- reading ------------------------------------------------------------------------------------- */

static bool read_reals(const struct rcx_json_value *array, size_t count, double *out)
{
    bool ok = rcx_json_count(array) == count;
    for (size_t i = 0; ok && i < count; i++)
        ok = rcx_json_as_real(rcx_json_item(array, i), &out[i]) && isfinite(out[i]);
    return ok;
}

static bool read_input(const struct rcx_json_value *value, struct rcx_segment_input *out)
{
    const char *name = rcx_json_as_text(rcx_json_member(value, "name"));
    const char *transform = rcx_json_as_text(rcx_json_member(value, "transform"));
    if (!name || strlen(name) >= sizeof out->name || !transform)
        return false;
    memcpy(out->name, name, strlen(name) + 1);
    for (size_t t = 0; t < sizeof transforms / sizeof transforms[0]; t++)
        if (strcmp(transforms[t], transform) == 0) {
            out->transform = (enum rcx_transform)t;
            return rcx_json_as_real(rcx_json_member(value, "mean"), &out->mean) &&
                   rcx_json_as_real(rcx_json_member(value, "deviation"), &out->deviation) &&
                   isfinite(out->mean) && isfinite(out->deviation) && out->deviation > 0;
        }
    return false;
}

static bool read_clusters(const struct rcx_json_value *array, struct rcx_segment_model *out)
{
    out->k = rcx_json_count(array);
    if (out->k < 1 || out->k > RCX_SEGMENT_COUNT)
        return false;
    for (size_t c = 0; c < out->k; c++) {
        const struct rcx_json_value *cluster = rcx_json_item(array, c);
        const char *name = rcx_json_as_text(rcx_json_member(cluster, "segment"));
        out->names[c] = name ? rcx_segment_find(name) : RCX_SEGMENT_COUNT;
        if (out->names[c] == RCX_SEGMENT_COUNT || (c > 0 && out->names[c] <= out->names[c - 1]) ||
            !read_reals(rcx_json_member(cluster, "centre"), out->input_count, out->centres[c]))
            return false;
    }
    return true;
}

static bool read_model(const struct rcx_json_value *root, struct rcx_segment_model *out)
{
    const struct rcx_json_value *features = rcx_json_member(root, "features");
    const struct rcx_json_value *edges = rcx_json_member(root, "score_edges");
    const char *snapshot = rcx_json_as_text(rcx_json_member(root, "snapshot"));
    int64_t customers = 0;
    bool ok = snapshot && rcx_parse_day(rcx_text_of(snapshot), &out->snapshot) &&
              rcx_json_as_i64(rcx_json_member(root, "customers"), &customers) && customers > 0;
    out->customers = (uint64_t)customers;
    out->input_count = rcx_json_count(features);
    ok = ok && out->input_count >= 1 && out->input_count <= RCX_SEGMENT_FEATURES_MOST;
    for (size_t j = 0; ok && j < out->input_count; j++)
        ok = read_input(rcx_json_item(features, j), &out->inputs[j]);
    ok = ok && read_clusters(rcx_json_member(root, "clusters"), out);
    for (size_t j = 0; ok && j < RCX_RFM_COUNT; j++)
        ok = read_reals(rcx_json_member(edges, rfm_keys[j]), RCX_SCORE_EDGES, out->edges[j]);
    return ok;
}

static enum rcx_status check_model(const char *name, const struct rcx_json_value *root,
                                   struct rcx_segment_model *model, struct rcx_error *err)
{
    const char *schema = rcx_json_as_text(rcx_json_member(root, "schema"));
    const char *digest = rcx_json_as_text(rcx_json_member(root, "digest"));
    char expected[RCX_DIGEST_TEXT_BYTES];
    size_t stem = strlen(SCHEMA) - 1;
    if (!schema || strncmp(schema, SCHEMA, stem) != 0)
        return rcx_fail(err, RCX_E_CORRUPT, "%s: no segment model: expected schema '" SCHEMA "'",
                        name);
    if (strcmp(schema + stem, "1") != 0)
        return rcx_fail(err, RCX_E_VERSION, "%s: schema '%.80s', this program reads '" SCHEMA "'",
                        name, schema);
    if (!read_model(root, model))
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: a member is missing or no such value; run 'rcx segment' again", name);
    if (!digest_of(model, expected))
        return rcx_fail_nomem(err, name, 0);
    if (!digest || strcmp(digest, expected) != 0)
        return rcx_fail(err, RCX_E_CORRUPT,
                        "%s: digest %.40s, the content has %s: it was changed; run 'rcx segment' "
                        "again",
                        name, digest ? digest : "missing", expected);
    return RCX_OK;
}

enum rcx_status rcx_segment_model_parse(const char *name, const void *data, size_t length,
                                        struct rcx_segment_model *out, struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    struct rcx_segment_model model = {0};
    enum rcx_status status = rcx_json_parse(name, data, length, &document, err);
    if (status != RCX_OK)
        return status;
    status = check_model(name, rcx_json_root(document), &model, err);
    rcx_json_close(document);
    if (status == RCX_OK)
        *out = model;
    return status;
}

enum rcx_status rcx_segment_model_read(const char *path, struct rcx_segment_model *out,
                                       struct rcx_error *err)
{
    struct rcx_buf bytes = {0};
    enum rcx_status status = rcx_file_read(path, &bytes, err);
    if (status == RCX_OK)
        status = rcx_segment_model_parse(path, bytes.data ? (const char *)bytes.data : "",
                                         bytes.length, out, err);
    rcx_buf_release(&bytes);
    return status;
}
