#include "cli/features_actions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_drift.h"
#include "cli/sink_options.h"
#include "engine/exec/feature_file.h"

/* --- show ---------------------------------------------------------------------------------- */

static enum rcx_status print_lineage(struct rcx_cli *cli, const struct rcx_feature_lineage *lineage,
                                     struct rcx_error *err)
{
    enum { CELLS = 6 };
    static const struct rcx_cli_column columns[CELLS] = {
        {"snapshot", false},     {"customers", true},     {"rows in the window", true},
        {"store version", true}, {"store digest", false}, {"program", false}};
    struct line {
        char date[RCX_DATE_TEXT_BYTES], customers[32], rows[32], version[32];
    } *lines = rcx_calloc(lineage->count + 1, sizeof *lines);
    const char **cells = rcx_calloc(lineage->count + 1, CELLS * sizeof *cells);
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; lines && cells && s < lineage->count; s++) {
        const struct rcx_feature_lineage_snapshot *snapshot = &lineage->snapshots[s];
        struct line *line = &lines[s];
        snprintf(line->version, sizeof line->version, "%" PRIu64, snapshot->store_version);
        cells[s * CELLS] = rcx_format_day(snapshot->day, line->date);
        cells[s * CELLS + 1] = rcx_format_count(snapshot->counts.customers, line->customers);
        cells[s * CELLS + 2] = rcx_format_count(snapshot->counts.window_rows, line->rows);
        cells[s * CELLS + 3] = line->version;
        cells[s * CELLS + 4] = snapshot->store_digest;
        cells[s * CELLS + 5] = snapshot->program;
    }
    if (lines && cells)
        rcx_cli_table(cli, columns, CELLS, cells, lineage->count);
    else
        status = rcx_fail_nomem(err, "lineage", lineage->count * sizeof *lines);
    rcx_free(cells);
    rcx_free(lines);
    return status;
}

static enum rcx_status show_lineage(struct rcx_cli *cli, const struct rcx_feature_file *file,
                                    struct rcx_error *err)
{
    if (!cli->json)
        return print_lineage(cli, &file->lineage, err);
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.features.show/1");
    rcx_json_put_text(&json, "file", file->table->path);
    rcx_json_put_u64(&json, "rows", file->table->metadata.rows);
    rcx_feature_lineage_put(&file->lineage, &json);
    rcx_cli_json_end(cli, &json);
    return RCX_OK;
}

static enum rcx_status write_row(void *context, const struct rcx_table *row, struct rcx_error *err)
{
    return rcx_sink_write(context, row, err);
}

/* Snapshots [first, first + count): of one customer or of all. */
static enum rcx_status write_rows(struct rcx_cli *cli, const struct rcx_features_show *show,
                                  const struct rcx_feature_file *file, size_t first, size_t count,
                                  struct rcx_sink *sink, struct rcx_error *err)
{
    struct rcx_table table = {0};
    if (show->customer)
        return rcx_feature_file_customer(file, show->customer, first, count, &cli->parallel,
                                         write_row, sink, err);
    enum rcx_status status = rcx_feature_file_snapshot(file, first, &cli->parallel, &table, err);
    if (status == RCX_OK)
        status = rcx_sink_write(sink, &table, err);
    rcx_table_release(&table);
    return status;
}

static enum rcx_status show_rows(struct rcx_cli *cli, const struct rcx_features_show *show,
                                 const struct rcx_feature_file *file, struct rcx_error *err)
{
    struct rcx_sink_options options = rcx_flow_sink_options(&cli->config->export, cli->parallel);
    struct rcx_sink *sink = NULL;
    size_t first = 0, count = file->lineage.count;
    options.format = show->format;
    if (show->snapshot.given) {
        if (!rcx_feature_file_find(file, show->snapshot.day, &first))
            return rcx_feature_file_no_snapshot(file, show->snapshot.day, err);
        count = 1;
    }
    enum rcx_status status = rcx_sink_open(show->output ? show->output : "-", &options, &sink, err);
    if (status == RCX_OK)
        status = write_rows(cli, show, file, first, count, sink, err);
    if (status == RCX_OK)
        return rcx_sink_commit(sink, err);
    rcx_sink_abort(sink);
    return status;
}

enum rcx_status rcx_features_show(struct rcx_cli *cli, const struct rcx_features_show *show,
                                  struct rcx_error *err)
{
    struct rcx_feature_file file;
    enum rcx_status status = rcx_feature_file_open(show->file, &file, err);
    if (status != RCX_OK)
        return status;
    if (show->customer || show->snapshot.given)
        status = show_rows(cli, show, &file, err);
    else
        status = show_lineage(cli, &file, err);
    rcx_feature_file_close(&file);
    return status;
}

/* --- drift --------------------------------------------------------------------------------- */

static const char *feature_at(const struct rcx_feature_drift *drift, size_t row, char out[64])
{
    const struct rcx_column *feature = rcx_table_find(&drift->table, "feature");
    struct rcx_text text = rcx_strings_get(feature->dictionary, feature->codes[row]);
    snprintf(out, 64, "%.*s", (int)text.length, text.data);
    return out;
}

static void print_drift_json(struct rcx_cli *cli, const struct rcx_features_drift *given,
                             const struct rcx_feature_drift *drift)
{
    char date[RCX_DATE_TEXT_BYTES], name[64];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.features.drift/1");
    rcx_json_put_text(&json, "file", given->file);
    rcx_json_put_text(&json, "output", given->output);
    rcx_json_put_text(&json, "reference", rcx_format_day(drift->reference, date));
    rcx_json_put_real(&json, "max_psi", cli->config->drift.max_psi);
    rcx_json_put_u64(&json, "compared", drift->table.rows);
    rcx_json_put_u64(&json, "drifted", drift->drifted);
    if (drift->table.rows > 0) {
        size_t row = drift->largest;
        rcx_json_put_text(&json, "largest_feature", feature_at(drift, row, name));
        rcx_json_put_text(&json, "largest_snapshot",
                          rcx_format_day(drift->table.columns[0].i32[row], date));
        rcx_json_put_real(&json, "largest_psi", rcx_table_find(&drift->table, "psi")->reals[row]);
    }
    rcx_cli_json_end(cli, &json);
}

/* "12 of 363 features have a stability index above 0.25 against 2010-12-31, the largest 1.9 of
 * rfm_recency_days at 2011-03-31" */
static void describe_drift(const struct rcx_feature_drift *drift, double max_psi, char *out,
                           size_t bytes)
{
    char date[RCX_DATE_TEXT_BYTES], at[RCX_DATE_TEXT_BYTES], name[64];
    if (drift->table.rows == 0) {
        snprintf(out, bytes, "there is no snapshot but the reference %s",
                 rcx_format_day(drift->reference, date));
        return;
    }
    snprintf(out, bytes,
             "%zu of %zu comparisons with %s have a stability index above %g; the largest is %.3f, "
             "of %s at %s",
             drift->drifted, drift->table.rows, rcx_format_day(drift->reference, date), max_psi,
             rcx_table_find(&drift->table, "psi")->reals[drift->largest],
             feature_at(drift, drift->largest, name),
             rcx_format_day(drift->table.columns[0].i32[drift->largest], at));
}

enum rcx_status rcx_features_drift(struct rcx_cli *cli, const struct rcx_features_drift *given,
                                   struct rcx_error *err)
{
    enum { TEXT_BYTES = 320 };
    char text[TEXT_BYTES];
    bool to_stdout = given->output ? strcmp(given->output, "-") == 0 : !cli->json;
    const char *output = given->output || !to_stdout ? given->output : "-";
    struct rcx_sink_options options = rcx_flow_sink_options(&cli->config->export, cli->parallel);
    struct rcx_feature_drift drift;
    options.format = given->format;
    enum rcx_status status = rcx_flow_drift(given->file, &cli->config->drift, output, &options,
                                            &drift, err);
    if (status != RCX_OK)
        return status;
    describe_drift(&drift, cli->config->drift.max_psi, text, sizeof text);
    if (cli->json && !to_stdout)
        print_drift_json(cli, given, &drift);
    else if (!to_stdout)
        rcx_cli_print(cli, "%s\n", text);
    if (given->check && drift.drifted > 0)
        status = rcx_fail(err, RCX_E_CHECK, "%s: %s", given->file, text);
    rcx_feature_drift_release(&drift);
    return status;
}
