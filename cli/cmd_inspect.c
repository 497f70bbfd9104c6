/* rcx inspect: what rcx sees in a file before anything is loaded */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "storage/ingest/inspect.h"

enum { FIRST_ROWS = 3, CELL_BYTES = 28, NAME_BYTES = 64, CELLS = 3 + FIRST_ROWS };
#define DEFAULT_SAMPLE (UINT64_C(64) << 20)

struct inspect_options {
    uint64_t sample;
    bool all;
    struct rcx_texts maps;
};

static const char *field_name(int field)
{
    return field == RCX_NO_COLUMN ? NULL : rcx_field_name((enum rcx_field)field);
}

/* --- text ------------------------------------------------------------------------------------ */

/* A text in at most `size` bytes, without what would disturb a table. */
static void shorten(const char *text, size_t size, char *out)
{
    size_t length = strlen(text);
    size_t fits = length < size ? length : size - 4;
    while (fits < length && fits > 0 && ((unsigned char)text[fits] & 0xC0) == 0x80)
        fits--;
    for (size_t i = 0; i < fits; i++)
        out[i] = text[i];
    for (size_t i = 0; i < fits; i++)
        if ((unsigned char)out[i] < ' ')
            out[i] = ' ';
    snprintf(out + fits, size - fits, "%s", fits < length ? "..." : "");
    rcx_replace_controls(out);
}

static void print_heading(struct rcx_cli *cli, const char *path, const struct rcx_inspection *seen)
{
    const struct rcx_source_info *info = seen->info;
    char bytes[32], rows[32], delimiter[32] = "";
    if (info->delimiter)
        snprintf(delimiter, sizeof delimiter, ", delimiter %s",
                 info->delimiter == '\t'  ? "tab"
                 : info->delimiter == ';' ? "';'"
                 : info->delimiter == '|' ? "'|'"
                                          : "','");
    rcx_cli_print(cli, "%s: %s%s%s, %s%s%s\n", path, info->format,
                  info->compressed ? ", compressed" : "", delimiter,
                  seen->cp1252 ? "Windows-1252" : "UTF-8", seen->file_bytes ? ", " : "",
                  seen->file_bytes ? rcx_format_bytes(seen->file_bytes, bytes) : "");
    for (size_t i = 0; i < info->sheet_count; i++)
        rcx_cli_print(cli, "sheet '%s': %s%s\n", info->sheets[i].name,
                      info->sheets[i].skipped ? "not read, " : "read",
                      info->sheets[i].skipped ? info->sheets[i].skipped : "");
    rcx_cli_print(cli, "%s rows%s\n\n", rcx_format_count(seen->records, rows),
                  seen->whole ? "" : " at the beginning were looked at; --all looks at all");
}

static enum rcx_status print_columns(struct rcx_cli *cli, const struct rcx_inspection *seen,
                                     struct rcx_error *err)
{
    static const struct rcx_cli_column heads[CELLS] = {{"column", false}, {"field", false},
                                                       {"empty", true},   {"row 1", false},
                                                       {"row 2", false},  {"row 3", false}};
    size_t columns = seen->info->column_count, width = 3 + seen->row_count;
    const char **cells = rcx_calloc(columns * CELLS, sizeof *cells);
    char(*texts)[1 + FIRST_ROWS][CELL_BYTES + 4] = rcx_calloc(columns, sizeof *texts);
    char(*names)[NAME_BYTES] = rcx_calloc(columns, sizeof *names);
    if (!cells || !texts || !names) {
        rcx_free(cells);
        rcx_free(texts);
        rcx_free(names);
        return rcx_fail_nomem(err, "columns", columns);
    }
    const char *cell = (const char *)seen->cells.data;
    for (size_t r = 0; r < seen->row_count; r++) {
        for (size_t c = 0; c < columns; c++, cell += strlen(cell) + 1) {
            shorten(cell, CELL_BYTES, texts[c][1 + r]);
            cells[c * width + 3 + r] = texts[c][1 + r];
        }
    }
    for (size_t c = 0; c < columns; c++) {
        shorten(seen->info->columns[c].name, NAME_BYTES, names[c]);
        cells[c * width] = names[c];
        cells[c * width + 1] = field_name(seen->columns[c].field);
        cells[c * width + 2] = rcx_format_count(seen->columns[c].empty, texts[c][0]);
    }
    rcx_cli_table(cli, heads, width, cells, columns);
    rcx_free(cells);
    rcx_free(texts);
    rcx_free(names);
    return RCX_OK;
}

static void print_evidence(struct rcx_cli *cli, const struct rcx_inspection *seen)
{
    static const char *const classes[RCX_NUMBER_CLASSES] = {
        "without a mark", "with a decimal point", "with a decimal comma", "such as 1.250, open",
        "such as 1,250, open"};
    const struct rcx_evidence *evidence = &seen->evidence;
    uint64_t fits[RCX_READINGS], rows = 0;
    char count[32];
    rcx_evidence_date_fits(evidence, fits, &rows);
    rcx_cli_print(cli, "\ndates     %s rows",
                  rcx_format_count(rows + evidence->known_dates, count));
    if (evidence->known_dates > 0)
        rcx_cli_print(cli, ", %s need no reading", rcx_format_count(evidence->known_dates, count));
    for (unsigned r = 0; r < RCX_READINGS; r++)
        if (fits[r] > 0)
            rcx_cli_print(cli, ", %s fit %s", rcx_format_count(fits[r], count),
                          rcx_reading_name(r));
    rcx_cli_print(cli, "\nnumbers ");
    const char *comma = "  ";
    for (int c = 0; c < RCX_NUMBER_CLASSES; c++) {
        uint64_t both = evidence->quantities[c] + evidence->prices[c];
        if (both == 0)
            continue;
        rcx_cli_print(cli, "%s%s %s", comma, rcx_format_count(both, count), classes[c]);
        comma = ", ";
    }
    rcx_cli_print(cli, "\ncustomers %s numbers",
                  rcx_format_count(evidence->customers[RCX_CUSTOMER_NUMBER] +
                                       evidence->customers[RCX_CUSTOMER_POINT_ZERO],
                                   count));
    rcx_cli_print(cli, ", %s texts",
                  rcx_format_count(evidence->customers[RCX_CUSTOMER_TEXT], count));
    rcx_cli_print(cli, ", %s rows without\n",
                  rcx_format_count(evidence->customers[RCX_CUSTOMER_GUEST], count));
}

/* The one reading of a verdict. */
static unsigned reading_of(const struct rcx_verdict *verdict)
{
    unsigned reading = 0;
    while (reading + 1 < RCX_READINGS && !(verdict->readings >> reading & 1))
        reading++;
    return reading;
}

static void print_findings(struct rcx_cli *cli, const struct rcx_inspection *seen)
{
    char count[32];
    if (seen->headers > 0)
        rcx_cli_print(cli, "headers   %s lines repeat the header and are left out\n",
                      rcx_format_count(seen->headers, count));
    if (seen->rejects.total > 0) {
        struct rcx_buf text = {0};
        rcx_reject_counts_describe(&seen->rejects, &text);
        rcx_cli_print(cli, "rejected  %s\n", rcx_buf_text(&text));
        rcx_buf_release(&text);
    }
    if (seen->problem)
        rcx_cli_print(cli, "\nnot loadable as it is: %s\n", seen->problem);
    else
        rcx_cli_print(cli, "read as   dates %s, decimal %s, customer ids %s\n",
                      rcx_reading_name(reading_of(&seen->verdict)),
                      seen->verdict.decimal_mark == ',' ? "comma" : "point",
                      seen->verdict.customer_is_text ? "text" : "numbers");
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void put_columns(struct rcx_json *json, const struct rcx_inspection *seen)
{
    rcx_json_key(json, "columns");
    rcx_json_array(json);
    for (size_t c = 0; c < seen->info->column_count; c++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "name", seen->info->columns[c].name);
        rcx_json_put_text(json, "field", field_name(seen->columns[c].field));
        rcx_json_put_u64(json, "empty", seen->columns[c].empty);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
    rcx_json_key(json, "first_rows");
    rcx_json_array(json);
    const char *cell = (const char *)seen->cells.data;
    for (size_t r = 0; r < seen->row_count; r++) {
        rcx_json_array(json);
        for (size_t c = 0; c < seen->info->column_count; c++, cell += strlen(cell) + 1)
            rcx_json_text(json, cell);
        rcx_json_array_end(json);
    }
    rcx_json_array_end(json);
}

static void put_sheets(struct rcx_json *json, const struct rcx_source_info *info)
{
    rcx_json_key(json, "sheets");
    rcx_json_array(json);
    for (size_t i = 0; i < info->sheet_count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "name", info->sheets[i].name);
        rcx_json_put_text(json, "skipped", info->sheets[i].skipped);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_counts(struct rcx_json *json, const char *key, const uint64_t *counts,
                       const char *const *names, size_t count)
{
    rcx_json_key(json, key);
    rcx_json_object(json);
    for (size_t i = 0; i < count; i++)
        if (counts[i] > 0)
            rcx_json_put_u64(json, names[i], counts[i]);
    rcx_json_object_end(json);
}

static void put_evidence(struct rcx_json *json, const struct rcx_inspection *seen)
{
    static const char *const number_names[] = {"plain", "point", "comma", "point_or_group",
                                               "comma_or_group"};
    static const char *const customer_names[] = {"number", "number_point_zero", "text", "none"};
    const char *readings[RCX_READINGS], *reasons[RCX_REJECT_REASON_COUNT];
    uint64_t fits[RCX_READINGS], rows = 0;
    rcx_evidence_date_fits(&seen->evidence, fits, &rows);
    for (unsigned r = 0; r < RCX_READINGS; r++)
        readings[r] = rcx_reading_name(r);
    for (int r = 0; r < RCX_REJECT_REASON_COUNT; r++)
        reasons[r] = rcx_reject_reason_text((enum rcx_reject_reason)r);
    put_counts(json, "dates_fit", fits, readings, RCX_READINGS);
    put_counts(json, "quantities", seen->evidence.quantities, number_names, RCX_NUMBER_CLASSES);
    put_counts(json, "prices", seen->evidence.prices, number_names, RCX_NUMBER_CLASSES);
    put_counts(json, "customers", seen->evidence.customers, customer_names, RCX_CUSTOMER_CLASSES);
    put_counts(json, "rejects", seen->rejects.by_reason, reasons, RCX_REJECT_REASON_COUNT);
    rcx_json_put_u64(json, "repeated_headers", seen->headers);
    bool decided = !seen->problem;
    const char mark[2] = {seen->verdict.decimal_mark, '\0'};
    rcx_json_put_text(json, "date_format",
                      decided ? rcx_reading_name(reading_of(&seen->verdict)) : NULL);
    rcx_json_put_text(json, "decimal_mark", decided ? mark : NULL);
    rcx_json_put_text(json, "customer_id",
                      !decided                         ? NULL
                      : seen->verdict.customer_is_text ? "text"
                                                       : "integer");
}

static void print_json(struct rcx_cli *cli, const char *path, const struct rcx_inspection *seen)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.inspect/1");
    const char delimiter[2] = {seen->info->delimiter, '\0'};
    rcx_json_put_text(&json, "path", path);
    rcx_json_put_text(&json, "format", seen->info->format);
    rcx_json_put_bool(&json, "compressed", seen->info->compressed);
    rcx_json_put_text(&json, "delimiter", delimiter[0] ? delimiter : NULL);
    rcx_json_put_text(&json, "encoding", seen->cp1252 ? "windows-1252" : "utf-8");
    rcx_json_put_u64(&json, "file_bytes", seen->file_bytes);
    rcx_json_put_u64(&json, "rows", seen->records);
    rcx_json_put_bool(&json, "whole_file", seen->whole);
    put_sheets(&json, seen->info);
    put_columns(&json, seen);
    if (!seen->mapping_problem)
        put_evidence(&json, seen);
    rcx_json_put_text(&json, "problem",
                      seen->mapping_problem ? seen->mapping_problem : seen->problem);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct inspect_options *given = values;
    const char *path = cli->operands[0];
    const char *directory = cli->config->runtime.temp_dir;
    struct rcx_ingest_map *maps = rcx_calloc(given->maps.count + 1, sizeof *maps);
    struct rcx_inspection seen = {0};
    enum rcx_status status = maps ? RCX_OK : rcx_fail_nomem(err, "--map", given->maps.count);
    for (size_t i = 0; i < given->maps.count && status == RCX_OK; i++)
        status = rcx_ingest_map_parse(given->maps.items[i], &maps[i], err);
    if (status == RCX_OK) {
        const struct rcx_inspect_options options = {
            .path = path,
            .maps = maps,
            .map_count = given->maps.count,
            .sample_bytes = given->all      ? 0
                            : given->sample ? given->sample
                                            : DEFAULT_SAMPLE,
            .first_rows = FIRST_ROWS,
            .temp_directory = directory && directory[0] ? directory : "/tmp",
            .parallel = cli->parallel};
        status = rcx_inspect(&cli->config->ingest, &options, &seen, err);
    }
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (status == RCX_OK && cli->json) {
        print_json(cli, name, &seen);
    } else if (status == RCX_OK) {
        print_heading(cli, name, &seen);
        status = print_columns(cli, &seen, err);
        if (seen.mapping_problem) {
            rcx_cli_print(cli, "\nnot loadable as it is: %s\n", seen.mapping_problem);
        } else {
            print_evidence(cli, &seen);
            print_findings(cli, &seen);
        }
    }
    rcx_inspection_release(&seen);
    rcx_free(maps);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(SIZE, struct inspect_options, sample, "sample", 0, "SIZE",
               "text to look at, from the beginning (64MiB)"),
    RCX_OPTION(FLAG, struct inspect_options, all, "all", 0, NULL, "look at the whole file"),
    RCX_OPTION(TEXTS, struct inspect_options, maps, "map", 0, "FIELD=COLUMN",
               "the column that holds a field; may be repeated"),
    RCX_OPTION_KEY("date-format", 0, "FORMAT", "ingest.date_format",
                   "order of the dates: dmy, mdy, ymd, yyyymmdd, excel"),
    RCX_OPTION_KEY("sheet", 0, "NAME,...", "ingest.sheets",
                   "sheets of a workbook (all visible ones with the same header)"),
};

const struct rcx_command rcx_cmd_inspect = {
    .name = "inspect",
    .summary = "what rcx sees in a file before anything is loaded",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .details = "Format, encoding, sheets, columns and the fields they are taken for, empty cells, "
               "the first\n"
               "rows, and what the rows say about dates, numbers and customer ids. Nothing is "
               "written. The\n"
               "beginning of the file is looked at; an ingest judges all of its rows.",
    RCX_OPTIONS(options, struct inspect_options),
    .run = run,
};
