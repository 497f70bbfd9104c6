#include "cli/flow_append.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/key.h"
#include "config/value.h"

/* --- definitions --------------------------------------------------------------------------- */

static bool defines(const struct rcx_key *key, bool with_labels)
{
    static const char *const of_labels[] = {"churn.horizon_days", "churn.gap_days",
                                            "churn.min_tenure_days", "clv.horizon_days"};
    if (strcmp(key->section, "cleaning") == 0 || strcmp(key->section, "features") == 0)
        return true;
    for (size_t i = 0; with_labels && i < sizeof of_labels / sizeof of_labels[0]; i++)
        if (strcmp(key->name, of_labels[i]) == 0)
            return true;
    return false;
}

static void put_limit(struct rcx_buf *out, const char *name, int64_t limit, unsigned places)
{
    char text[48];
    (void)rcx_format_decimal(limit, places, text);
    rcx_buf_printf(out, "%s: %s\n", name, limit == INT64_MAX ? "none" : text);
}

enum rcx_status rcx_flow_feature_definitions(const struct rcx_flow_features *flow,
                                             struct rcx_buf *out, struct rcx_error *err)
{
    const struct rcx_clean_plan *plan = &flow->from->plan;
    char date[RCX_DATE_TEXT_BYTES];
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const struct rcx_key *key = rcx_key_at(i);
        if (!defines(key, flow->with_labels))
            continue;
        rcx_buf_printf(out, "%s: ", key->name);
        (void)rcx_value_print(key, flow->config, out);
        rcx_buf_append_byte(out, '\n');
    }
    /* Learned once; rows that arrive late can change it. */
    rcx_buf_printf(out, "first day of the data: %s\n",
                   rcx_format_day(flow->from->range.first, date));
    put_limit(out, "highest unit price", plan->learned.price_max, plan->price_decimals);
    put_limit(out, "least quantity", plan->learned.quantity_min, plan->quantity_decimals);
    put_limit(out, "greatest quantity", plan->learned.quantity_max, plan->quantity_decimals);
    return out->failed ? rcx_fail_nomem(err, "definitions", out->length) : RCX_OK;
}

/* --- may they stand together? -------------------------------------------------------------- */

static bool is_parquet(const struct rcx_flow_features *flow)
{
    const char *dot = strrchr(flow->output, '.');
    if (flow->format)
        return strcmp(flow->format, "parquet") == 0;
    return dot && rcx_text_equal_nocase(rcx_text_of(dot), ".parquet");
}

/* A label of the file that would be another one now: data have come since. */
static enum rcx_status check_labels(const struct rcx_flow_append *append,
                                    const struct rcx_label_plan *now, struct rcx_error *err)
{
    const struct rcx_feature_lineage *lineage = &append->file.lineage;
    for (size_t s = 0; s < lineage->count; s++) {
        rcx_day day = lineage->snapshots[s].day;
        struct rcx_label_plan then = *now;
        char date[RCX_DATE_TEXT_BYTES];
        then.range.last = lineage->snapshots[s].data_end;
        if (rcx_churn_known(&then, day) != rcx_churn_known(now, day) ||
            rcx_clv_known(&then, day) != rcx_clv_known(now, day))
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: labels of snapshot %s that were open are known now; write the "
                            "table anew, without --append",
                            append->file.table->path, rcx_format_day(day, date));
    }
    return RCX_OK;
}

static enum rcx_status check(const struct rcx_flow_append *append,
                             const struct rcx_flow_features *flow,
                             const struct rcx_buf *definitions, const struct rcx_label_plan *labels,
                             struct rcx_error *err)
{
    const struct rcx_feature_lineage *lineage = &append->file.lineage;
    const struct rcx_store_summary *store = rcx_store_summary(flow->from->store);
    bool text = append->file.table->leaves[0].type == RCX_TYPE_TEXT;
    if (lineage->with_labels != flow->with_labels)
        return rcx_fail(err, RCX_E_USAGE, "%s: its snapshots %s", flow->output,
                        lineage->with_labels ? "have labels; add --labels"
                                             : "have no labels; leave out --labels");
    if (text != store->decisions.customer_is_text)
        return rcx_fail(err, RCX_E_INPUT, "%s: its customer ids are %s, those of the store are %s",
                        flow->output, text ? "texts" : "numbers", text ? "numbers" : "texts");
    enum rcx_status status = rcx_feature_definitions_check(flow->output, &lineage->definitions,
                                                           definitions, err);
    if (status == RCX_OK && flow->with_labels)
        status = check_labels(append, labels, err);
    return status;
}

enum rcx_status rcx_flow_append_open(const struct rcx_flow_features *flow,
                                     const struct rcx_buf *definitions,
                                     const struct rcx_label_plan *labels,
                                     struct rcx_flow_append *out, struct rcx_error *err)
{
    struct rcx_flow_append append = {0};
    if (!is_parquet(flow))
        return rcx_fail(err, RCX_E_USAGE, "%s: snapshots can be added to a .parquet file only",
                        flow->output);
    if (!rcx_file_exists(flow->output)) {
        *out = append;
        return RCX_OK;
    }
    enum rcx_status status = rcx_parquet_source_open(flow->output, &append.source, err);
    if (status == RCX_OK)
        status = rcx_feature_file_of(rcx_parquet_source_file(append.source), &append.file, err);
    if (status == RCX_OK)
        status = check(&append, flow, definitions, labels, err);
    if (status != RCX_OK) {
        rcx_flow_append_close(&append);
        return status;
    }
    *out = append;
    return RCX_OK;
}

void rcx_flow_append_close(struct rcx_flow_append *append)
{
    rcx_feature_file_close(&append->file);
    rcx_parquet_source_close(append->source);
    *append = (struct rcx_flow_append){0};
}

/* --- putting them together ----------------------------------------------------------------- */

enum rcx_status rcx_flow_append_dates(const struct rcx_flow_append *append,
                                      struct rcx_snapshots *snapshots,
                                      struct rcx_snapshots *out_added, struct rcx_error *err)
{
    const struct rcx_feature_lineage *lineage = &append->file.lineage;
    size_t count = lineage->count + snapshots->count, old = 0, added = 0;
    char date[RCX_DATE_TEXT_BYTES];
    for (size_t i = 0, found; i < snapshots->count; i++)
        if (rcx_feature_file_find(&append->file, snapshots->days[i], &found))
            return rcx_fail(err, RCX_E_INPUT, "%s: snapshot %s is there already",
                            append->file.table->path, rcx_format_day(snapshots->days[i], date));
    rcx_day *days = rcx_malloc_array(count + 1, sizeof *days);
    if (!days)
        return rcx_fail_nomem(err, "snapshots", count * sizeof *days);
    for (size_t i = 0; i < count; i++) {
        bool from_file = added == snapshots->count ||
                         (old < lineage->count &&
                          lineage->snapshots[old].day < snapshots->days[added]);
        days[i] = from_file ? lineage->snapshots[old].day : snapshots->days[added];
        old += from_file;
        added += !from_file;
    }
    *out_added = *snapshots;
    *snapshots = (struct rcx_snapshots){.count = count, .days = days};
    return RCX_OK;
}

bool rcx_flow_append_in_doubt(const struct rcx_flow_append *append, const struct rcx_store *store)
{
    const struct rcx_feature_lineage *lineage = &append->file.lineage;
    char digest[RCX_DIGEST_TEXT_BYTES];
    (void)rcx_digest_format(rcx_store_summary(store)->digest, digest);
    for (size_t s = 0; s < lineage->count; s++)
        if (strcmp(lineage->snapshots[s].store_digest, digest) != 0)
            return true;
    return false;
}

enum rcx_status rcx_flow_append_compare(const struct rcx_flow_append *append, size_t snapshot,
                                        const struct rcx_table *now,
                                        const struct rcx_parallel *parallel, struct rcx_error *err)
{
    struct rcx_table then = {0};
    char date[RCX_DATE_TEXT_BYTES];
    enum rcx_status status = rcx_feature_file_snapshot(&append->file, snapshot, parallel, &then,
                                                       err);
    if (status != RCX_OK)
        return status;
    bool same = then.rows == now->rows &&
                (now->rows == 0 ||
                 rcx_digest_compare(rcx_table_digest(&then), rcx_table_digest(now)) == 0);
    rcx_table_release(&then);
    if (same)
        return RCX_OK;
    return rcx_fail(err, RCX_E_INPUT,
                    "%s: snapshot %s would be another one now, because rows up to its date have "
                    "come late; write the table anew, without --append",
                    append->file.table->path,
                    rcx_format_day(append->file.lineage.snapshots[snapshot].day, date));
}

static enum rcx_status take_over(struct rcx_flow_append *append,
                                 const struct rcx_flow_features *flow, struct rcx_sink *sink,
                                 struct rcx_feature_metadata *metadata, size_t next,
                                 struct rcx_error *err)
{
    struct rcx_table table = {0};
    size_t snapshot = append->next;
    size_t first = append->file.first_group[snapshot];
    enum rcx_status status = rcx_feature_file_snapshot(&append->file, snapshot, &flow->parallel,
                                                       &table, err);
    if (status == RCX_OK)
        status = rcx_feature_metadata_add(metadata, next, &table, &flow->parallel, err);
    rcx_table_release(&table);
    if (status == RCX_OK)
        status = rcx_parquet_copy_groups(sink, append->source, first,
                                         append->file.first_group[snapshot + 1] - first, err);
    return status;
}

enum rcx_status rcx_flow_append_before(struct rcx_flow_append *append, int64_t day,
                                       const struct rcx_flow_features *flow, struct rcx_sink *sink,
                                       struct rcx_feature_metadata *metadata, size_t *next,
                                       struct rcx_error *err)
{
    const struct rcx_feature_lineage *lineage = &append->file.lineage;
    enum rcx_status status = RCX_OK;
    while (status == RCX_OK && append->next < lineage->count &&
           lineage->snapshots[append->next].day < day) {
        status = take_over(append, flow, sink, metadata, *next, err);
        append->next++;
        ++*next;
    }
    return status;
}
