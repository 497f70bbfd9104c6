/* read_table IN OUT [--codec=NAME] [COLUMN...]: any table file through the table source into a sink. Prints the
 * types of the columns; exit code 1 with the error's text when it is refused. */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "storage/format/sink.h"
#include "storage/format/table_read.h"

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    const struct rcx_parallel parallel = {2};
    const char *columns[16];
    struct rcx_table_read_options options = {.columns = columns, .parallel = &parallel};
    struct rcx_sink_options sink = {.codec = "none", .parallel = parallel, .no_sync = 1};
    for (int i = 3; i < argc && i < 3 + 16; i++) {
        if (strncmp(argv[i], "--codec=", 8) == 0)
            sink.codec = argv[i] + 8;
        else
            columns[options.column_count++] = argv[i];
    }
    struct rcx_table table = {0};
    struct rcx_error err = {0};
    rcx_cpu_set(rcx_cpu_detect());
    enum rcx_status status = rcx_table_read(argv[1], &options, &table, &err);
    for (size_t c = 0; c < table.column_count; c++)
        printf("%s\n", rcx_type_name(table.columns[c].type));
    if (status == RCX_OK)
        status = rcx_sink_write_table(argv[2], &sink, &table, &err);
    rcx_table_release(&table);
    if (status == RCX_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", rcx_status_name(status), err.text);
    return 1;
}
