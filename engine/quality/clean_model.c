#include "engine/quality/clean_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_read.h"
#include "base/text.h"

static const char schema[] = "rcx.cleaning_model/1";

static void put_thresholds(struct rcx_json *json, const struct rcx_outlier_fit *fit)
{
    char exact[64];
    rcx_json_put_real(json, "price_max", rcx_ratio(fit->price_numerator, fit->price_denominator));
    if (fit->price_denominator == 1)
        snprintf(exact, sizeof exact, "%" PRId64, fit->price_numerator);
    else
        snprintf(exact, sizeof exact, "%" PRId64 "/%" PRId64, fit->price_numerator,
                 fit->price_denominator);
    rcx_json_put_text(json, "price_max_exact", exact);
    rcx_json_put_text(json, "quantity_scale",
                      fit->quantity_scale == RCX_QUANTITY_SCALE_LOG ? "log" : "linear");
    rcx_json_put_real(json, "quantity_q1", fit->quantity_q1);
    rcx_json_put_real(json, "quantity_q3", fit->quantity_q3);
    rcx_json_put_real(json, "quantity_min", fit->quantity_low);
    rcx_json_put_real(json, "quantity_max", fit->quantity_high);
    rcx_json_put_u64(json, "quantity_fit_rows", fit->quantity_rows);
}

void rcx_clean_fit_json(struct rcx_json *json, const struct rcx_clean_plan *plan,
                        const struct rcx_outlier_fit *fit)
{
    char date[RCX_DATE_TEXT_BYTES];
    bool first_days = fit->mode == RCX_OUTLIERS_FIT_FIRST_DAYS;
    rcx_json_key(json, "outliers_fit");
    rcx_json_object(json);
    rcx_json_put_text(json, "mode", first_days ? "first_days" : "all");
    if (first_days) {
        rcx_json_put_i64(json, "fit_days", fit->fit_days);
        rcx_json_put_text(json, "before", rcx_format_day(fit->before, date));
    }
    rcx_json_put_u64(json, "rows", fit->rows);
    rcx_json_put_bool(json, "applied", fit->applied);
    if (!fit->applied)
        rcx_json_put_i64(json, "min_fit_rows", plan->min_fit_rows);
    rcx_json_put_text(json, "action", plan->flag_outliers ? "flag" : "remove");
    rcx_json_object_end(json);
    rcx_json_key(json, "thresholds");
    if (!fit->applied) {
        rcx_json_null(json);
        return;
    }
    rcx_json_object(json);
    put_thresholds(json, fit);
    rcx_json_object_end(json);
}

struct rcx_digest rcx_clean_plan_fit_digest(const struct rcx_clean_plan *plan)
{
    const int64_t keys[] = {
        plan->definitions,
        plan->limits.stock_required,
        plan->limits.min_price,
        plan->description_required,
        plan->drop_duplicates,
        plan->limits.max_abs_quantity,
        plan->fit,
        plan->fit_days,
        plan->min_fit_rows,
        plan->price_percentile_e6,
        plan->quantity_scale,
        plan->quantity_iqr_e6,
        plan->price_decimals,
        plan->quantity_decimals,
    };
    return rcx_hash128(keys, sizeof keys);
}

/* In units of the store, as rows are judged by. */
static void put_limits(struct rcx_json *json, const struct rcx_clean_plan *plan,
                       const struct rcx_outlier_fit *fit)
{
    rcx_json_key(json, "limits");
    rcx_json_object(json);
    rcx_json_put_i64(json, "day_before", fit->before);
    rcx_json_put_i64(json, "price_max", fit->price_max);
    rcx_json_put_i64(json, "quantity_min", fit->quantity_min);
    rcx_json_put_i64(json, "quantity_max", fit->quantity_max);
    rcx_json_put_i64(json, "quantity_rows", (int64_t)fit->quantity_rows);
    rcx_json_put_i64(json, "price_decimals", plan->price_decimals);
    rcx_json_put_i64(json, "quantity_decimals", plan->quantity_decimals);
    rcx_json_object_end(json);
}

bool rcx_clean_model_json(const struct rcx_clean_plan *plan, const struct rcx_outlier_fit *fit,
                          const struct rcx_store_summary *store, struct rcx_buf *out)
{
    char digest[RCX_DIGEST_TEXT_BYTES];
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", schema);
    rcx_json_put_text(&json, "program", RCX_VERSION);
    rcx_json_put_text(&json, "store_digest", rcx_digest_format(store->digest, digest));
    rcx_json_put_text(&json, "keys_digest",
                      rcx_digest_format(rcx_clean_plan_fit_digest(plan), digest));
    rcx_clean_fit_json(&json, plan, fit);
    put_limits(&json, plan, fit);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}

static bool read_count(const struct rcx_json_value *object, const char *key, uint64_t *out)
{
    int64_t value = 0;
    if (!rcx_json_as_i64(rcx_json_member(object, key), &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

static bool read_model(const struct rcx_json_value *root, struct rcx_clean_model *out)
{
    const struct rcx_json_value *fit = rcx_json_member(root, "outliers_fit");
    const struct rcx_json_value *limits = rcx_json_member(root, "limits");
    const char *named = rcx_json_as_text(rcx_json_member(root, "schema"));
    const char *mode = rcx_json_as_text(rcx_json_member(fit, "mode"));
    const char *keys = rcx_json_as_text(rcx_json_member(root, "keys_digest"));
    int64_t before = 0;
    if (!named || strcmp(named, schema) != 0 || !mode || !keys)
        return false;
    out->present = true;
    snprintf(out->keys, sizeof out->keys, "%s", keys);
    out->fit.mode = strcmp(mode, "all") == 0 ? RCX_OUTLIERS_FIT_ALL : RCX_OUTLIERS_FIT_FIRST_DAYS;
    bool ok = read_count(fit, "rows", &out->fit.rows) &&
              rcx_json_as_bool(rcx_json_member(fit, "applied"), &out->fit.applied) &&
              read_count(limits, "quantity_rows", &out->fit.quantity_rows) &&
              rcx_json_as_i64(rcx_json_member(limits, "day_before"), &before) &&
              rcx_json_as_i64(rcx_json_member(limits, "price_max"), &out->fit.price_max) &&
              rcx_json_as_i64(rcx_json_member(limits, "quantity_min"), &out->fit.quantity_min) &&
              rcx_json_as_i64(rcx_json_member(limits, "quantity_max"), &out->fit.quantity_max);
    out->fit.before = (rcx_day)before;
    return ok && before == out->fit.before;
}

enum rcx_status rcx_clean_model_read(const char *path, struct rcx_clean_model *out,
                                     struct rcx_error *err)
{
    struct rcx_json_document *document = NULL;
    struct rcx_clean_model model = {0};
    *out = model;
    if (!rcx_file_exists(path))
        return RCX_OK;
    enum rcx_status status = rcx_json_read_file(path, &document, err);
    if (status != RCX_OK)
        return status;
    if (read_model(rcx_json_root(document), &model))
        *out = model;
    else
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: these are no thresholds of cleaning (%s)", path,
                          schema);
    rcx_json_close(document);
    return status;
}

const char *rcx_clean_model_relearned(const struct rcx_clean_model *before,
                                      const struct rcx_clean_plan *plan,
                                      const struct rcx_outlier_fit *fit,
                                      char out[RCX_RELEARNED_BYTES])
{
    char then[RCX_DATE_TEXT_BYTES], now[RCX_DATE_TEXT_BYTES], rows[2][32];
    char keys[RCX_DIGEST_TEXT_BYTES];
    const struct rcx_outlier_fit *old = &before->fit;
    if (!before->present ||
        strcmp(before->keys, rcx_digest_format(rcx_clean_plan_fit_digest(plan), keys)) != 0)
        return NULL;
    bool same_rows = old->rows == fit->rows && old->quantity_rows == fit->quantity_rows;
    if (old->before == fit->before && same_rows && old->applied == fit->applied &&
        old->price_max == fit->price_max && old->quantity_min == fit->quantity_min &&
        old->quantity_max == fit->quantity_max)
        return NULL;
    (void)rcx_format_count(fit->rows, rows[0]);
    (void)rcx_format_count(old->rows, rows[1]);
    if (fit->mode == RCX_OUTLIERS_FIT_ALL)
        snprintf(out, RCX_RELEARNED_BYTES,
                 "cleaning.outliers.fit is 'all': %s rows to learn from, %s in the run before",
                 rows[0], rows[1]);
    else if (old->before != fit->before)
        snprintf(out, RCX_RELEARNED_BYTES,
                 "other first days: rows before %s are learned from, before %s in the run before",
                 rcx_format_day(fit->before, now), rcx_format_day(old->before, then));
    else
        snprintf(out, RCX_RELEARNED_BYTES,
                 "other rows before %s: %s to learn from, %s in the run before",
                 rcx_format_day(fit->before, now), rows[0], rows[1]);
    return out;
}
