#include "cli/run_manifest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/file.h"
#include "base/memory.h"
#include "config/value.h"
#include "storage/format/sink.h"
#include "storage/store/store.h"

#define MANIFEST_NAME "run.json"
#define MANIFEST_SCHEMA "rcx.run_manifest/1"

struct rcx_json_document *rcx_run_manifest_load(const char *directory)
{
    struct rcx_json_document *manifest = NULL;
    char *path = rcx_path_join(directory, MANIFEST_NAME);

    if (path && rcx_file_exists(path))
        (void)rcx_json_read_file(path, &manifest, NULL);
    rcx_free(path);
    const char *schema = rcx_json_as_text(rcx_json_member(rcx_json_root(manifest), "schema"));
    if (!schema || strcmp(schema, MANIFEST_SCHEMA) != 0) {
        rcx_json_close(manifest);
        return NULL;
    }
    return manifest;
}

enum rcx_status rcx_run_file_digest(const char *path, struct rcx_digest *out, uint64_t *out_bytes,
                                    struct rcx_error *err)
{
    struct rcx_map map;
    enum rcx_status status = rcx_map_open(path, &map, err);

    if (status != RCX_OK)
        return status;
    *out = rcx_hash128(map.data, map.length);
    *out_bytes = map.length;
    rcx_map_close(&map);
    return RCX_OK;
}

static enum rcx_status add_output(const char *directory, const char *path,
                                  struct rcx_run_stage *stage, struct rcx_error *err)
{
    if (stage->output_count == RCX_RUN_OUTPUTS_MOST)
        return rcx_fail(err, RCX_E_INTERNAL, "stage %s: too many outputs", stage->name);

    struct rcx_run_output *output = &stage->outputs[stage->output_count];
    char *full = rcx_path_join(directory, path);
    enum rcx_status status = full ? rcx_run_file_digest(full, &output->digest, &output->bytes, err)
                                  : rcx_fail_nomem(err, path, 0);

    rcx_free(full);
    if (status != RCX_OK)
        return status;
    snprintf(output->path, sizeof output->path, "%s", path);
    stage->bytes += output->bytes;
    stage->output_count++;
    return RCX_OK;
}

enum rcx_status rcx_run_add_output(const char *directory, const char *path,
                                   struct rcx_run_stage *stage, struct rcx_error *err)
{
    char *also = NULL;
    enum rcx_status status = add_output(directory, path, stage, err);
    if (status == RCX_OK && stage->also)
        status = rcx_sink_also_path(path, stage->also, &also, err);
    if (status == RCX_OK && also)
        status = add_output(directory, also, stage, err);
    rcx_free(also);
    return status;
}

/* --- reading ------------------------------------------------------------------------------------ */

static const struct rcx_json_value *find_stage(const struct rcx_json_document *manifest,
                                               const char *name)
{
    const struct rcx_json_value *stages = rcx_json_member(rcx_json_root(manifest), "stages");

    for (size_t i = 0; i < rcx_json_count(stages); i++) {
        const struct rcx_json_value *stage = rcx_json_item(stages, i);
        const char *found = rcx_json_as_text(rcx_json_member(stage, "stage"));

        if (found && strcmp(found, name) == 0)
            return stage;
    }
    return NULL;
}

static bool digest_is(struct rcx_digest digest, const struct rcx_json_value *expected)
{
    char text[RCX_DIGEST_TEXT_BYTES];
    const char *wanted = rcx_json_as_text(expected);

    return wanted && strcmp(rcx_digest_format(digest, text), wanted) == 0;
}

/* The store as an output is its content: files and versions may differ. */
static bool store_digest(const char *path, struct rcx_digest *out)
{
    struct rcx_store *store = NULL;

    if (rcx_store_open(path, NULL, &store, NULL) != RCX_OK)
        return false;
    *out = rcx_store_summary(store)->digest;
    rcx_store_close(store);
    return true;
}

static bool output_is_there(const char *directory, const struct rcx_json_value *output,
                            struct rcx_run_stage *stage)
{
    const char *path = rcx_json_as_text(rcx_json_member(output, "path"));
    const struct rcx_json_value *digest = rcx_json_member(output, "digest");
    struct rcx_run_output *entry = &stage->outputs[stage->output_count];
    char *full = path && stage->output_count < RCX_RUN_OUTPUTS_MOST ? rcx_path_join(directory, path)
                                                                    : NULL;
    bool there = full &&
                 (rcx_directory_exists(full)
                      ? store_digest(full, &entry->digest)
                      : rcx_run_file_digest(full, &entry->digest, &entry->bytes, NULL) == RCX_OK);

    rcx_free(full);
    if (!there || !digest_is(entry->digest, digest))
        return false;
    snprintf(entry->path, sizeof entry->path, "%s", path);
    stage->output_count++;
    return true;
}

static void get_count(const struct rcx_json_value *stage, const char *key, uint64_t *out)
{
    int64_t value = 0;

    if (rcx_json_as_i64(rcx_json_member(stage, key), &value) && value >= 0)
        *out = (uint64_t)value;
}

bool rcx_run_manifest_unchanged(const struct rcx_json_document *manifest, const char *directory,
                                struct rcx_run_stage *stage)
{
    const struct rcx_json_value *before = find_stage(manifest, stage->name);
    const struct rcx_json_value *outputs = rcx_json_member(before, "outputs");
    struct rcx_run_stage found = *stage;

    if (!before || !digest_is(stage->fingerprint, rcx_json_member(before, "fingerprint")))
        return false;
    for (size_t i = 0; i < rcx_json_count(outputs); i++)
        if (!output_is_there(directory, rcx_json_item(outputs, i), &found))
            return false;
    get_count(before, "rows_in", &found.rows_in);
    get_count(before, "rows_out", &found.rows_out);
    get_count(before, "bytes_written", &found.bytes);
    const char *note = rcx_json_as_text(rcx_json_member(before, "note"));
    if (note)
        snprintf(found.note, sizeof found.note, "%s", note);
    *stage = found;
    return true;
}

static bool has_output(const struct rcx_run_stage *stage, const char *path)
{
    for (size_t i = 0; i < stage->output_count; i++)
        if (strcmp(stage->outputs[i].path, path) == 0)
            return true;
    return false;
}

static bool had_output(const struct rcx_json_value *stage, const char *path)
{
    const struct rcx_json_value *outputs = rcx_json_member(stage, "outputs");
    for (size_t i = 0; i < rcx_json_count(outputs); i++) {
        const char *had = rcx_json_as_text(rcx_json_member(rcx_json_item(outputs, i), "path"));
        if (had && strcmp(had, path) == 0)
            return true;
    }
    return false;
}

void rcx_run_remove_former_copies(const struct rcx_json_document *manifest, const char *directory,
                                  const struct rcx_run_stage *stage)
{
    static const char *const formats[] = {"csv", "parquet", "arrow"};
    const struct rcx_json_value *before = find_stage(manifest, stage->name);
    for (size_t i = 0; before && i < stage->output_count; i++) {
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
            char *copy = NULL, *full = NULL;
            (void)rcx_sink_also_path(stage->outputs[i].path, formats[f], &copy, NULL);
            if (copy && had_output(before, copy) && !has_output(stage, copy))
                full = rcx_path_join(directory, copy);
            if (full)
                (void)unlink(full);
            rcx_free(full);
            rcx_free(copy);
        }
    }
}

/* --- writing ------------------------------------------------------------------------------------ */

static void put_digest(struct rcx_json *json, const char *key, struct rcx_digest digest)
{
    char text[RCX_DIGEST_TEXT_BYTES];

    rcx_json_put_text(json, key, rcx_digest_format(digest, text));
}

static void put_configuration(struct rcx_json *json, const struct rcx_settings *settings)
{
    rcx_json_key(json, "configuration");
    rcx_json_object(json);
    for (size_t i = 0; i < rcx_key_count(); i++) {
        const struct rcx_key *key = rcx_key_at(i);

        rcx_json_key(json, key->name);
        rcx_json_object(json);
        rcx_json_key(json, "value");
        rcx_value_print_json(key, rcx_settings_config(settings), json);
        rcx_json_put_text(json, "origin", rcx_settings_origin(settings, key));
        rcx_json_object_end(json);
    }
    rcx_json_object_end(json);
}

static void put_inputs(struct rcx_json *json, const struct rcx_run_report *report)
{
    rcx_json_key(json, "inputs");
    rcx_json_array(json);
    for (size_t i = 0; i < report->input_count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "path", report->inputs[i].path);
        rcx_json_put_u64(json, "bytes", report->inputs[i].bytes);
        put_digest(json, "digest", report->inputs[i].digest);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_stage(struct rcx_json *json, const struct rcx_run_stage *stage)
{
    rcx_json_object(json);
    rcx_json_put_text(json, "stage", stage->name);
    put_digest(json, "fingerprint", stage->fingerprint);
    rcx_json_put_bool(json, "skipped", stage->skipped);
    rcx_json_put_bool(json, "failed", stage->failed);
    rcx_json_put_u64(json, "rows_in", stage->rows_in);
    rcx_json_put_u64(json, "rows_out", stage->rows_out);
    rcx_json_put_u64(json, "bytes_written", stage->bytes);
    rcx_json_put_real(json, "seconds", stage->seconds);
    rcx_json_put_text(json, "note", stage->note);
    rcx_json_key(json, "outputs");
    rcx_json_array(json);
    for (size_t i = 0; i < stage->output_count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "path", stage->outputs[i].path);
        rcx_json_put_u64(json, "bytes", stage->outputs[i].bytes);
        put_digest(json, "digest", stage->outputs[i].digest);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_json_object_end(json);
}

enum rcx_status rcx_run_manifest_write(const struct rcx_flow_run *flow,
                                       const struct rcx_run_report *report, const char *created,
                                       struct rcx_error *err)
{
    const struct rcx_file_writer_options quick = {.no_sync = true};
    struct rcx_buf text = {0};
    struct rcx_json json = rcx_json_begin(&text, false);
    char *path = rcx_path_join(flow->directory, MANIFEST_NAME);

    rcx_json_object(&json);
    rcx_json_put_text(&json, "schema", MANIFEST_SCHEMA);
    rcx_json_put_text(&json, "program", "rcx " RCX_VERSION);
    rcx_json_put_text(&json, "created", created);
    rcx_json_put_u64(&json, "threads", flow->parallel.threads);
    rcx_json_put_text(&json, "cpu", rcx_cpu_name(rcx_cpu_level()));
    rcx_json_put_real(&json, "seconds", report->seconds);
    rcx_json_put_u64(&json, "peak_memory_bytes", report->peak_bytes);
    put_inputs(&json, report);
    rcx_json_key(&json, "stages");
    rcx_json_array(&json);
    for (size_t i = 0; i < report->stage_count; i++)
        put_stage(&json, &report->stages[i]);
    rcx_json_array_end(&json);
    put_configuration(&json, flow->settings);
    rcx_json_object_end(&json);
    rcx_buf_append_byte(&text, '\n');
    enum rcx_status status = path && !text.failed
                                 ? rcx_file_replace(path, text.data, text.length, &quick, err)
                                 : rcx_fail_nomem(err, MANIFEST_NAME, text.length);
    rcx_buf_release(&text);
    rcx_free(path);
    return status;
}
