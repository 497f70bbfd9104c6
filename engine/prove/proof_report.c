/* leakage_proof.json. */
#include "base/json.h"
#include "engine/prove/prove.h"

static void put_run(struct rcx_json *json, const struct rcx_proof_snapshot *snapshot,
                    enum rcx_proof_way way)
{
    const struct rcx_proof_run *run = &snapshot->runs[way];
    char digest[RCX_DIGEST_TEXT_BYTES];
    rcx_json_key(json, rcx_proof_way_name(way));
    rcx_json_object(json);
    rcx_json_put_text(json, "features", rcx_digest_format(run->digests.features, digest));
    rcx_json_put_text(json, "behaviour_inputs", rcx_digest_format(run->digests.summary, digest));
    rcx_json_put_u64(json, "threads_more", (uint64_t)way); /* than the ordinary run */
    rcx_json_put_u64(json, "customers", run->customers);
    rcx_json_put_u64(json, "rows_before_cutoff", snapshot->rows_before);
    rcx_json_put_u64(json, "rows_after_cutoff", run->rows - snapshot->rows_before);
    rcx_json_put_u64(json, "threshold_rows", run->fit.rows);
    rcx_json_object_end(json);
}

static void put_time_or_null(struct rcx_json *json, const char *key, rcx_time time, uint64_t rows)
{
    char text[RCX_TIME_TEXT_BYTES];
    rcx_json_put_text(json, key, rows > 0 ? rcx_format_time(time, text) : NULL);
}

static void put_snapshots(struct rcx_json *json, const struct rcx_proof *proof)
{
    char text[RCX_TIME_TEXT_BYTES];
    char date[RCX_DATE_TEXT_BYTES];
    rcx_json_key(json, "snapshots");
    rcx_json_array(json);
    for (size_t i = 0; i < proof->snapshot_count; i++) {
        const struct rcx_proof_snapshot *snapshot = &proof->snapshots[i];
        rcx_json_object(json);
        rcx_json_put_text(json, "date", rcx_format_day(snapshot->day, date));
        rcx_json_put_text(json, "cutoff", rcx_format_time(rcx_cutoff(snapshot->day), text));
        put_time_or_null(json, "last_row_before", snapshot->last_before, snapshot->rows_before);
        put_time_or_null(json, "first_row_after", snapshot->first_after, snapshot->rows_after);
        rcx_json_put_bool(json, "same", snapshot->ok);
        for (enum rcx_proof_way way = 0; way < RCX_PROOF_WAYS; way++)
            put_run(json, snapshot, way);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_checks(struct rcx_json *json, const struct rcx_proof *proof)
{
    rcx_json_key(json, "checks");
    rcx_json_array(json);
    for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "check", proof->checks[i].name);
        rcx_json_put_bool(json, "ok", proof->checks[i].ok);
        rcx_json_put_text(json, "detail", proof->checks[i].detail);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

void rcx_proof_put(struct rcx_json *json, const struct rcx_prove *prove,
                   const struct rcx_proof *proof, const char *config_digest)
{
    const struct rcx_store_summary *store = rcx_store_summary(prove->store);
    char digest[RCX_DIGEST_TEXT_BYTES];
    rcx_json_put_bool(json, "ok", proof->ok);
    rcx_json_put_text(json, "definitions", proof->looks_ahead ? "original" : "standard");
    rcx_json_put_u64(json, "planned_snapshots", proof->planned);
    rcx_json_put_u64(json, "seed", prove->seed);
    rcx_json_put_text(json, "store_digest", rcx_digest_format(store->digest, digest));
    rcx_json_put_text(json, "config_digest", config_digest);
    rcx_json_put_text(json, "program_version", RCX_VERSION);
    put_snapshots(json, proof);
    rcx_json_key(json, "recomputation");
    rcx_json_object(json);
    rcx_json_put_u64(json, "customers", proof->sampled);
    rcx_json_put_u64(json, "rows", proof->agreement.rows);
    rcx_json_put_u64(json, "behaviour_rows", proof->agreement.summary_rows);
    rcx_json_put_u64(json, "values", proof->agreement.values);
    rcx_json_put_u64(json, "differences", proof->agreement.differences);
    rcx_json_object_end(json);
    put_checks(json, proof);
}

bool rcx_proof_json(const struct rcx_prove *prove, const struct rcx_proof *proof,
                    const char *config_digest, struct rcx_buf *out)
{
    struct rcx_json json = rcx_json_begin(out, false);
    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", "rcx.leakage_proof/1");
    rcx_proof_put(&json, prove, proof, config_digest);
    rcx_json_object_end(&json);
    (void)rcx_buf_append_byte(out, '\n');
    return !out->failed;
}
