/* write_tables DIR: every case of table_cases.h as CASE.{none,snappy,zstd}.parquet and CASE.csv,
 * with two threads; "nulls" also as stream.parquet: in row groups of 100 rows, by calls of 137
 * rows. */
#include <stdio.h>
#include <string.h>

#include "storage/format/sink.h"
#include "tests/support/table_cases.h"

static const struct rcx_sink_metadata metadata[] = {{"case", "interop"}, {"empty", ""}};

static int report(const struct rcx_error *err)
{
    fprintf(stderr, "write_tables: %s\n", err->text);
    return 1;
}

static int write_case(const char *directory, const struct table_case *one,
                      const struct rcx_table *table)
{
    static const char *const codecs[] = {"none", "snappy", "zstd"};
    struct rcx_error err;
    char path[4096];
    struct rcx_sink_options options = {
        .metadata = metadata, .metadata_count = 2, .parallel = {.threads = 2}, .no_sync = 1};
    for (size_t i = 0; i < 3; i++) {
        options.codec = codecs[i];
        snprintf(path, sizeof path, "%s/%s.%s.parquet", directory, one->name, codecs[i]);
        if (rcx_sink_write_table(path, &options, table, &err))
            return report(&err);
    }
    options.codec = NULL;
    snprintf(path, sizeof path, "%s/%s.csv", directory, one->name);
    return rcx_sink_write_table(path, &options, table, &err) ? report(&err) : 0;
}

/* Rows [begin, begin + rows) as a table that borrows the values; begin is a multiple of 8. */
static struct rcx_table slice(const struct rcx_table *table, size_t begin, size_t rows,
                              struct rcx_column *columns)
{
    for (size_t c = 0; c < table->column_count; c++) {
        columns[c] = table->columns[c];
        columns[c].values = (uint8_t *)columns[c].values + begin * rcx_type_bytes(columns[c].type);
        if (columns[c].valid)
            columns[c].valid += begin / 8;
        columns[c].rows = rows;
    }
    return (struct rcx_table){
        .rows = rows, .column_count = table->column_count, .columns = columns};
}

static int write_stream(const char *directory, const char *name, size_t group_rows,
                        const struct rcx_table *table)
{
    enum { CALL_ROWS = 136 };
    static const char *const sorted[] = {"int32", "text"};
    struct rcx_error err;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.parquet", directory, name);
    struct rcx_sink_options options = {.codec = "zstd",
                                       .codec_level = 1,
                                       .row_group_rows = group_rows,
                                       .sorted_by = sorted,
                                       .sorted_by_count = 2,
                                       .metadata = metadata,
                                       .metadata_count = 2,
                                       .no_sync = 1};
    struct rcx_sink *sink;
    if (rcx_sink_open(path, &options, &sink, &err))
        return report(&err);
    enum rcx_status status = RCX_OK;
    for (size_t begin = 0; !status && begin < table->rows; begin += CALL_ROWS) {
        struct rcx_column columns[RCX_TYPE_COUNT];
        size_t rows = table->rows - begin < CALL_ROWS ? table->rows - begin : CALL_ROWS;
        struct rcx_table part = slice(table, begin, rows, columns);
        status = rcx_sink_write(sink, &part, &err);
    }
    if (!status)
        status = rcx_sink_set_metadata(sink, "empty", "replaced", &err);
    if (!status)
        status = rcx_sink_set_metadata(sink, "last", "at the end", &err);
    if (status) {
        rcx_sink_abort(sink);
        return report(&err);
    }
    return rcx_sink_commit(sink, &err) ? report(&err) : 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: write_tables DIR\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < table_case_count; i++) {
        struct rcx_table table = {0};
        int result = 1;
        if (table_cases[i].fill(&table, table_cases[i].rows))
            result = write_case(argv[1], &table_cases[i], &table);
        if (!result && strcmp(table_cases[i].name, "nulls") == 0)
            result = write_stream(argv[1], "stream", 100, &table) ||
                     write_stream(argv[1], "gathered", 0, &table);
        rcx_table_release(&table);
        if (result)
            return result;
    }
    return 0;
}
