/* rcx validate: what is wrong with the data, before anything is removed */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/exec/validate_run.h"
#include "storage/format/sink.h"

struct validate_options {
    const char *store, *output;
    uint64_t version;
    bool strict;
};

static void print_checks(struct rcx_cli *cli, const struct rcx_validation *v)
{
    static const struct rcx_cli_column columns[] = {
        {"check", false}, {"status", false}, {"severity", false}, {"message", false}};
    enum { COLUMNS = 4, MOST = 64 };
    const char *cells[MOST * COLUMNS];
    size_t rows = v->count < MOST ? v->count : MOST;

    for (size_t i = 0; i < rows; i++) {
        cells[i * COLUMNS] = v->checks[i].check;
        cells[i * COLUMNS + 1] = v->checks[i].pass ? "PASS" : "FAIL";
        cells[i * COLUMNS + 2] = rcx_severity_name(v->checks[i].severity);
        cells[i * COLUMNS + 3] = v->checks[i].message;
    }
    rcx_cli_table(cli, columns, COLUMNS, cells, rows);
}

static void print_json(struct rcx_cli *cli, const struct rcx_validation *v)
{
    const struct rcx_validation_facts *f = &v->facts;
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.validate/1");

    rcx_json_put_bool(&json, "has_errors", v->has_errors);
    rcx_json_put_u64(&json, "rows", f->rows);
    rcx_json_put_u64(&json, "customers", f->customers);
    rcx_json_put_u64(&json, "exact_duplicates", f->exact_duplicates);
    rcx_json_put_u64(&json, "key_duplicates", f->key_duplicates);
    rcx_json_key(&json, "checks");
    rcx_json_array(&json);
    for (size_t i = 0; i < v->count; i++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "check", v->checks[i].check);
        rcx_json_put_text(&json, "status", v->checks[i].pass ? "PASS" : "FAIL");
        rcx_json_put_text(&json, "severity", rcx_severity_name(v->checks[i].severity));
        rcx_json_put_text(&json, "message", v->checks[i].message);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status write_report(const struct rcx_cli *cli, const char *path,
                                    const struct rcx_validation *v, struct rcx_error *err)
{
    const struct rcx_sink_options options = {.parallel = cli->parallel};
    struct rcx_table table = {0};
    enum rcx_status status = rcx_validation_table(v, &table, err);

    if (status == RCX_OK)
        status = rcx_sink_write_table(path, &options, &table, err);
    rcx_table_release(&table);
    return status;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct validate_options *given = values;
    const struct rcx_store_open_options open_options = {.version = given->version};
    const struct rcx_validate_options options = {.validation = &cli->config->validation,
                                                 .cleaning = &cli->config->cleaning,
                                                 .definitions = cli->config->features.definitions,
                                                 .parallel = cli->parallel};
    struct rcx_validation validation = {0};
    struct rcx_store *store = NULL;
    enum rcx_status status = rcx_store_open(given->store, &open_options, &store, err);

    if (status == RCX_OK)
        status = rcx_validate_run(store, &options, &validation, err);
    if (status == RCX_OK && given->output)
        status = write_report(cli, given->output, &validation, err);
    if (status == RCX_OK && cli->json)
        print_json(cli, &validation);
    else if (status == RCX_OK)
        print_checks(cli, &validation);
    if (status == RCX_OK && given->strict && validation.has_errors)
        status = rcx_fail(err, RCX_E_CHECK, "%s: validation found errors (--strict)", given->store);
    rcx_validation_release(&validation);
    rcx_store_close(store);
    return status;
}

static const struct rcx_option options_of_validate[] = {
    RCX_OPTION_REQUIRED(TEXT, struct validate_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(TEXT, struct validate_options, output, "output", 'o', "FILE",
               "write the report as a table, such as validation_report.csv"),
    RCX_OPTION(FLAG, struct validate_options, strict, "strict", 0, NULL,
               "end with exit code 5 when a check fails with severity ERROR"),
    RCX_OPTION(U64, struct validate_options, version, "version", 0, "N",
               "an older version of the store"),
};

const struct rcx_command rcx_cmd_validate = {
    .name = "validate",
    .summary = "check the quality of the rows in a store",
    RCX_OPTIONS(options_of_validate, struct validate_options),
    .run = run,
};
