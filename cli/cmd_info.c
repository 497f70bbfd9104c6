/* rcx info: what a store holds */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "storage/store/describe.h"

struct info_options {
    const char *store;
    uint64_t version;
};

static void print_heading(struct rcx_cli *cli, const struct rcx_store_summary *s,
                          const struct rcx_store_description *d)
{
    char rows[32], guests[32], customers[32], bytes[32], digest[RCX_DIGEST_TEXT_BYTES];
    char first[RCX_TIME_TEXT_BYTES], last[RCX_TIME_TEXT_BYTES];

    rcx_cli_print(cli, "version    %" PRIu64 " of %zu, written by rcx %s\n", s->version,
                  d->version_count, d->program);
    rcx_cli_print(cli, "digest     %s\n", rcx_digest_format(s->digest, digest));
    rcx_cli_print(cli, "rows       %s, %s of them without customer\n",
                  rcx_format_count(s->rows, rows), rcx_format_count(s->guest_rows, guests));
    rcx_cli_print(cli, "customers  %s%s\n", rcx_format_count(s->customers, customers),
                  s->decisions.customer_is_text ? " (text ids)" : "");
    if (s->rows > 0)
        rcx_cli_print(cli, "dates      %s to %s\n", rcx_format_time(s->first_time, first),
                      rcx_format_time(s->last_time, last));
    rcx_cli_print(cli, "decimals   %u of prices, %u of quantities\n", s->decisions.price_decimals,
                  s->decisions.quantity_decimals);
    rcx_cli_print(cli, "size       %s in %u segment%s, %.2f bytes a row\n\n",
                  rcx_format_bytes(d->bytes, bytes), s->segments, s->segments == 1 ? "" : "s",
                  s->rows ? (double)d->bytes / (double)s->rows : 0.0);
}

enum { CELLS = 5, CELL_BYTES = 32 };

static void print_sizes(struct rcx_cli *cli, const struct rcx_store_description *d)
{
    static const struct rcx_cli_column columns[CELLS] = {{"column", false},
                                                         {"encoding", false},
                                                         {"values", true},
                                                         {"bytes", true},
                                                         {"bits/value", true}};
    char text[RCX_STORE_MAX_COLUMNS + RCX_TEXT_FIELD_COUNT][3][CELL_BYTES];
    const char *cells[(RCX_STORE_MAX_COLUMNS + RCX_TEXT_FIELD_COUNT) * CELLS];
    size_t rows = 0;

    for (size_t i = 0; i < d->column_count + RCX_TEXT_FIELD_COUNT; i++) {
        bool is_column = i < d->column_count;
        const struct rcx_store_dictionary_size *dictionary = &d->dictionaries[i - d->column_count];
        uint64_t values = is_column ? d->columns[i].values : dictionary->texts;
        uint64_t bytes = is_column ? d->columns[i].bytes : dictionary->bytes;

        if (!is_column && bytes == 0)
            continue;
        cells[rows * CELLS] = is_column ? d->columns[i].name : dictionary->name;
        cells[rows * CELLS + 1] = is_column ? d->columns[i].encoding : "dictionary";
        cells[rows * CELLS + 2] = rcx_format_count(values, text[rows][0]);
        cells[rows * CELLS + 3] = rcx_format_count(bytes, text[rows][1]);
        snprintf(text[rows][2], CELL_BYTES, "%.2f",
                 values ? 8.0 * (double)bytes / (double)values : 0.0);
        cells[rows * CELLS + 4] = text[rows][2];
        rows++;
    }
    rcx_cli_table(cli, columns, CELLS, cells, rows);
    for (size_t i = 0; i < d->input_count; i++) {
        char accepted[32], rejected[32];

        rcx_cli_print(cli, "%sversion %" PRIu64 ": %s, %s rows, %s rejected\n", i ? "" : "\n",
                      d->inputs[i].version, d->inputs[i].path,
                      rcx_format_count(d->inputs[i].rows_accepted, accepted),
                      rcx_format_count(d->inputs[i].rows_rejected, rejected));
    }
}

static void json_sizes(struct rcx_json *json, const struct rcx_store_description *d)
{
    rcx_json_key(json, "columns");
    rcx_json_array(json);
    for (size_t i = 0; i < d->column_count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "name", d->columns[i].name);
        rcx_json_put_text(json, "encoding", d->columns[i].encoding);
        rcx_json_put_u64(json, "values", d->columns[i].values);
        rcx_json_put_u64(json, "bytes", d->columns[i].bytes);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_json_key(json, "dictionaries");
    rcx_json_array(json);
    for (unsigned f = 0; f < RCX_TEXT_FIELD_COUNT; f++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "name", d->dictionaries[f].name);
        rcx_json_put_u64(json, "texts", d->dictionaries[f].texts);
        rcx_json_put_u64(json, "text_bytes", d->dictionaries[f].text_bytes);
        rcx_json_put_u64(json, "bytes", d->dictionaries[f].bytes);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void json_inputs(struct rcx_json *json, const struct rcx_store_description *d)
{
    char digest[RCX_DIGEST_TEXT_BYTES];

    rcx_json_key(json, "inputs");
    rcx_json_array(json);
    for (size_t i = 0; i < d->input_count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "path", d->inputs[i].path);
        rcx_json_put_text(json, "digest", rcx_digest_format(d->inputs[i].digest, digest));
        rcx_json_put_u64(json, "version", d->inputs[i].version);
        rcx_json_put_u64(json, "rows_accepted", d->inputs[i].rows_accepted);
        rcx_json_put_u64(json, "rows_rejected", d->inputs[i].rows_rejected);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_json_key(json, "versions");
    rcx_json_array(json);
    for (size_t i = 0; i < d->version_count; i++)
        rcx_json_u64(json, d->versions[i]);
    rcx_json_array_end(json);
}

static void print_json(struct rcx_cli *cli, const struct rcx_store_summary *s,
                       const struct rcx_store_description *d)
{
    char first[RCX_TIME_TEXT_BYTES], last[RCX_TIME_TEXT_BYTES], digest[RCX_DIGEST_TEXT_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.info/1");

    rcx_json_put_u64(&json, "version", s->version);
    rcx_json_put_text(&json, "digest", rcx_digest_format(s->digest, digest));
    rcx_json_put_text(&json, "program", d->program);
    rcx_json_put_u64(&json, "rows", s->rows);
    rcx_json_put_u64(&json, "guest_rows", s->guest_rows);
    rcx_json_put_u64(&json, "customers", s->customers);
    rcx_json_put_text(&json, "customer_ids", s->decisions.customer_is_text ? "text" : "int64");
    rcx_json_put_text(&json, "first_time", s->rows ? rcx_format_time(s->first_time, first) : NULL);
    rcx_json_put_text(&json, "last_time", s->rows ? rcx_format_time(s->last_time, last) : NULL);
    rcx_json_put_u64(&json, "price_decimals", s->decisions.price_decimals);
    rcx_json_put_u64(&json, "quantity_decimals", s->decisions.quantity_decimals);
    rcx_json_put_u64(&json, "segments", s->segments);
    rcx_json_put_u64(&json, "chunks", d->chunks);
    rcx_json_put_u64(&json, "receipts", d->receipts);
    rcx_json_put_u64(&json, "bytes", d->bytes);
    json_sizes(&json, d);
    json_inputs(&json, d);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct info_options *given = values;
    const struct rcx_store_open_options options = {.version = given->version};
    struct rcx_store_description description;
    struct rcx_store *store = NULL;
    enum rcx_status status = rcx_store_open(given->store, &options, &store, err);

    if (status != RCX_OK)
        return status;
    status = rcx_store_describe(store, &description, err);
    if (status == RCX_OK) {
        if (cli->json) {
            print_json(cli, rcx_store_summary(store), &description);
        } else {
            print_heading(cli, rcx_store_summary(store), &description);
            print_sizes(cli, &description);
        }
        rcx_store_description_release(&description);
    }
    rcx_store_close(store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct info_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(U64, struct info_options, version, "version", 0, "N", "an older version of it"),
};

const struct rcx_command rcx_cmd_info = {
    .name = "info",
    .summary = "show what a store holds: rows, customers, dates, bytes by column, versions",
    RCX_OPTIONS(options, struct info_options),
    .run = run,
};
