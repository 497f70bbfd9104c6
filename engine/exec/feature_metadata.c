#include "engine/exec/feature_metadata.h"

#include <math.h>

#include "base/json.h"
#include "base/memory.h"
#include "engine/exec/summary_kernels.h"

void rcx_feature_metadata_release(struct rcx_feature_metadata *metadata)
{
    rcx_free(metadata->summaries);
    rcx_free(metadata->rows);
    rcx_free(metadata->customers);
    rcx_free(metadata->merged);
    rcx_dictionary_release(&metadata->texts);
    rcx_strings_release(metadata->seen_in);
    rcx_free(metadata->seen);
    *metadata = (struct rcx_feature_metadata){0};
}

enum rcx_status rcx_feature_metadata_init(struct rcx_feature_metadata *metadata, size_t snapshots,
                                          bool summaries, struct rcx_error *err)
{
    struct rcx_feature_metadata made = {.snapshot_count = snapshots};
    if (summaries)
        made.summaries = rcx_calloc(snapshots * RCX_FEATURE_COUNT, sizeof *made.summaries);
    made.rows = rcx_calloc(snapshots, sizeof *made.rows);
    if ((summaries && !made.summaries) || !made.rows) {
        rcx_feature_metadata_release(&made);
        return rcx_fail_nomem(err, "feature metadata", snapshots * sizeof *made.summaries);
    }
    *metadata = made;
    return RCX_OK;
}

static struct rcx_feature_summary summarise_whole(const int32_t *values, size_t count)
{
    if (count == 0)
        return (struct rcx_feature_summary){0, NAN, NAN, NAN};
    struct rcx_whole_summary all = RCX_KERNEL_CALL(rcx_summarise_whole)(values, count);
    return (struct rcx_feature_summary){0, all.min, rcx_ratio(all.sum, (rcx_i128)count), all.max};
}

static struct rcx_feature_summary summarise_real(const double *values, size_t count)
{
    struct rcx_real_summary all = RCX_KERNEL_CALL(rcx_summarise_real)(values, count);
    if (all.known == 0)
        return (struct rcx_feature_summary){count, NAN, NAN, NAN};
    return (struct rcx_feature_summary){count - all.known, all.min, all.sum / (double)all.known,
                                        all.max};
}

struct summary_job {
    const struct rcx_table *table;
    struct rcx_feature_summary *out;
};

static enum rcx_status summarise_column(void *context, size_t feature, unsigned worker,
                                        struct rcx_error *err)
{
    const struct summary_job *job = context;
    const struct rcx_column *column = &job->table->columns[RCX_FEATURE_FIRST_COLUMN + feature];
    (void)worker;
    (void)err;
    job->out[feature] = column->type == RCX_TYPE_INT32
                            ? summarise_whole(column->i32, job->table->rows)
                            : summarise_real(column->reals, job->table->rows);
    return RCX_OK;
}

/* Merges the customers of a table into the distinct ones so far. */
static bool add_numbers(struct rcx_feature_metadata *metadata, const int64_t *ids, size_t rows)
{
    size_t known = metadata->customer_count;
    size_t k = 0;
    size_t count = 0;
    if (!rcx_array_reserve(&metadata->merged, &metadata->merged_capacity, known + rows + 1,
                           sizeof *metadata->merged))
        return false;
    for (size_t i = 0; i < rows; i++) {
        while (k < known && metadata->customers[k] < ids[i])
            metadata->merged[count++] = metadata->customers[k++];
        if (k < known && metadata->customers[k] == ids[i])
            k++;
        metadata->merged[count++] = ids[i];
    }
    while (k < known)
        metadata->merged[count++] = metadata->customers[k++];
    int64_t *spare = metadata->customers;
    size_t spare_capacity = metadata->customer_capacity;
    metadata->customers = metadata->merged;
    metadata->customer_capacity = metadata->merged_capacity;
    metadata->customer_count = count;
    metadata->merged = spare;
    metadata->merged_capacity = spare_capacity;
    return true;
}

static bool begin_texts(struct rcx_feature_metadata *metadata, struct rcx_strings *strings)
{
    if (!metadata->texts.offsets && !rcx_dictionary_init(&metadata->texts))
        return false;
    if (strings == metadata->seen_in)
        return true;
    rcx_free(metadata->seen);
    rcx_strings_release(metadata->seen_in);
    metadata->seen_in = NULL;
    metadata->seen = rcx_calloc((size_t)strings->count + 1, 1);
    if (metadata->seen)
        metadata->seen_in = rcx_strings_retain(strings);
    return metadata->seen != NULL;
}

/* The tables of one run share a list of texts, so each text is looked up once; a table that was read
 * from a file has its own. */
static bool add_texts(struct rcx_feature_metadata *metadata, const struct rcx_column *ids)
{
    if (ids->rows == 0)
        return true;
    if (!begin_texts(metadata, ids->dictionary))
        return false;
    for (size_t i = 0; i < ids->rows; i++) {
        uint32_t code = ids->codes[i];
        if (metadata->seen[code])
            continue;
        metadata->seen[code] = 1;
        if (rcx_dictionary_intern(&metadata->texts, rcx_strings_get(ids->dictionary, code)) ==
            RCX_NO_CODE)
            return false;
    }
    metadata->customer_count = metadata->texts.count - 1; /* one is the empty text */
    return true;
}

static bool add_customers(struct rcx_feature_metadata *metadata, const struct rcx_column *ids)
{
    return ids->type == RCX_TYPE_TEXT ? add_texts(metadata, ids)
                                      : add_numbers(metadata, ids->i64, ids->rows);
}

enum rcx_status rcx_feature_metadata_add(struct rcx_feature_metadata *metadata, size_t snapshot,
                                         const struct rcx_table *table,
                                         const struct rcx_parallel *parallel, struct rcx_error *err)
{
    bool empty = table->rows == 0 && table->column_count == 0; /* a snapshot read from a file */
    metadata->rows[snapshot] = table->rows;
    if (!empty && !add_customers(metadata, &table->columns[0]))
        return rcx_fail_nomem(err, "feature metadata", table->rows * sizeof(int64_t));
    if (!metadata->summaries)
        return RCX_OK;
    struct summary_job job = {table, &metadata->summaries[snapshot * RCX_FEATURE_COUNT]};
    for (size_t f = 0; f < RCX_FEATURE_COUNT && empty; f++)
        job.out[f] = (struct rcx_feature_summary){0, NAN, NAN, NAN};
    if (empty)
        return RCX_OK;
    return rcx_parallel_for(parallel, RCX_FEATURE_COUNT, summarise_column, &job, err);
}

static void put_time(struct rcx_json *json, const char *key, rcx_time time)
{
    char text[RCX_TIME_TEXT_BYTES];
    rcx_json_put_text(json, key, rcx_format_time(time, text));
}

static void put_origin(struct rcx_json *json, const struct rcx_feature_origin *origin)
{
    const struct rcx_store_summary *store = rcx_store_summary(origin->store);
    char digest[RCX_DIGEST_TEXT_BYTES];
    rcx_json_key(json, "data");
    rcx_json_object(json);
    rcx_json_put_u64(json, "rows", store->rows);
    put_time(json, "first", store->first_time);
    put_time(json, "last", store->last_time);
    rcx_json_object_end(json);
    rcx_json_key(json, "store");
    rcx_json_object(json);
    rcx_json_put_u64(json, "version", store->version);
    rcx_json_put_text(json, "digest", rcx_digest_format(store->digest, digest));
    rcx_json_object_end(json);
    rcx_json_put_text(json, "config_digest", origin->config_digest);
    rcx_json_put_text(json, "program_version", RCX_VERSION);
    rcx_json_put_text(json, "created", origin->created);
}

static void put_labels(struct rcx_json *json, const struct rcx_feature_origin *origin,
                       const struct rcx_snapshot_counts *counts)
{
    unsigned places = rcx_clean_revenue_decimals(origin->clean);
    rcx_json_put_u64(json, "churn_eligible", counts->eligible);
    rcx_json_put_u64(json, "churn_labelled", counts->churn_known);
    rcx_json_put_u64(json, "churned", counts->churned);
    rcx_json_put_u64(json, "eligible_labelled", counts->eligible_known);
    rcx_json_put_u64(json, "eligible_churned", counts->eligible_churned);
    rcx_json_put_u64(json, "clv_labelled", counts->clv_known);
    rcx_json_put_u64(json, "clv_zero", counts->clv_zero);
    rcx_json_put_u64(json, "clv_negative", counts->clv_negative);
    if (counts->clv_known > 0) {
        rcx_json_put_decimal(json, "clv_total", counts->clv_total, places);
    } else {
        rcx_json_key(json, "clv_total");
        rcx_json_null(json);
    }
}

static void put_snapshots(struct rcx_json *json, const struct rcx_feature_metadata *metadata,
                          const struct rcx_feature_origin *origin)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_data_range range = rcx_store_range(origin->store);
    int64_t most = origin->cfg->observation_days / RCX_BUCKET_DAYS;
    rcx_json_key(json, "snapshots");
    rcx_json_array(json);
    for (size_t s = 0; s < metadata->snapshot_count; s++) {
        const struct rcx_snapshot_counts *counts = &origin->counts[s];
        rcx_day day = origin->snapshots->days[s];
        int64_t buckets = rcx_history_days(range, day) / RCX_BUCKET_DAYS;
        rcx_json_object(json);
        rcx_json_put_text(json, "date", rcx_format_day(day, date));
        rcx_json_put_u64(json, "customers", metadata->rows[s]);
        rcx_json_put_u64(json, "window_rows", counts->window_rows);
        rcx_json_put_u64(json, "history_rows", counts->history_rows);
        if (origin->cfg->definitions == RCX_DEFINITIONS_STANDARD)
            rcx_json_put_i64(json, "trend_buckets", buckets < most ? buckets : most);
        if (origin->labels)
            put_labels(json, origin, counts);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_feature(struct rcx_json *json, const struct rcx_feature_metadata *metadata,
                        const struct rcx_feature_origin *origin, enum rcx_feature feature)
{
    const struct rcx_feature_info *info = rcx_feature_info(feature);
    bool original = origin->cfg->definitions == RCX_DEFINITIONS_ORIGINAL;
    char name[RCX_FEATURE_NAME_BYTES];
    char date[RCX_DATE_TEXT_BYTES];
    rcx_json_object(json);
    rcx_json_put_text(json, "name", rcx_feature_name(feature, origin->cfg, name));
    rcx_json_put_text(json, "group", info->group);
    rcx_json_put_text(json, "type", rcx_feature_type_name(info->type));
    rcx_json_put_text(json, "unit", info->unit);
    rcx_json_put_text(json, "definition", info->definition);
    if (original)
        rcx_json_put_text(json, "original_definition", info->original);
    else
        rcx_json_put_text(json, "undefined", info->undefined);
    rcx_json_key(json, "snapshots");
    rcx_json_array(json);
    for (size_t s = 0; s < metadata->snapshot_count; s++) {
        const struct rcx_feature_summary *summary =
            &metadata->summaries[s * RCX_FEATURE_COUNT + feature];
        rcx_json_object(json);
        rcx_json_put_text(json, "date", rcx_format_day(origin->snapshots->days[s], date));
        rcx_json_put_u64(json, "nulls", summary->nulls);
        rcx_json_put_real(json, "min", summary->min);
        rcx_json_put_real(json, "mean", summary->mean);
        rcx_json_put_real(json, "max", summary->max);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_json_object_end(json);
}

bool rcx_feature_metadata_json(const struct rcx_feature_metadata *metadata,
                               const struct rcx_feature_origin *origin, struct rcx_buf *out)
{
    uint64_t rows = 0;
    for (size_t s = 0; s < metadata->snapshot_count; s++)
        rows += metadata->rows[s];
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.feature_metadata/1");
    rcx_json_put_u64(&json, "rows", rows);
    rcx_json_put_u64(&json, "customers", metadata->customer_count);
    rcx_json_put_text(&json, "definitions",
                      origin->cfg->definitions == RCX_DEFINITIONS_ORIGINAL ? "original"
                                                                           : "standard");
    rcx_json_put_i64(&json, "observation_window_days", origin->cfg->observation_days);
    put_origin(&json, origin);
    put_snapshots(&json, metadata, origin);
    rcx_json_key(&json, "features");
    rcx_json_array(&json);
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++)
        put_feature(&json, metadata, origin, f);
    rcx_json_array_end(&json);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}
