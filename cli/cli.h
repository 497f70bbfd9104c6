#pragma once
/* What a command runs with, and how it speaks.
 *
 * Standard output carries results only and is buffered: rcx_cli_print, rcx_cli_table, or with
 * --json one object between rcx_cli_json_begin and rcx_cli_json_end. A write error (full disk,
 * closed pipe) is kept and becomes the exit code at the end. Everything else is the log's (standard
 * error). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/status.h"
#include "config/settings.h"

/* What main() knows of the world outside; tests make their own. */
struct rcx_cli_environment {
    const char *const *variables; /* "NAME=value" of all RCX_ variables */
    size_t variable_count;
    bool no_color; /* NO_COLOR is set and not empty */
    bool stdout_is_terminal, stderr_is_terminal;
    int stdout_fd, stderr_fd;
};

struct rcx_cli {
    const struct rcx_cli_environment *environment;
    struct rcx_config_sources sources;   /* for commands that load settings themselves */
    const struct rcx_settings *settings; /* effective values with their origins */
    const struct rcx_config *config;     /* = rcx_settings_config(settings) */
    struct rcx_log *log;
    struct rcx_parallel parallel; /* runtime.threads resolved */
    uint64_t memory_bytes;        /* runtime.memory_limit resolved */
    bool json;                    /* --json */
    bool quiet;                   /* -q */
    bool verbose;                 /* -v */
    bool progress;                /* draw bars (cli/progress.h) */
    bool color;                   /* on standard error */
    const char *const *operands;
    size_t operand_count;
    struct rcx_buf out; /* standard output not yet written */
    int out_errno;      /* of the first write that failed; 0: none */
};

void rcx_cli_print(struct rcx_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rcx_cli_write(struct rcx_cli *cli, const void *data, size_t length);
/* Writes what is buffered. RCX_E_IO names standard output and the reason. */
enum rcx_status rcx_cli_flush(struct rcx_cli *cli, struct rcx_error *err);

/* {"schema": "<schema>", ...: the caller adds members in between. Names look like "rcx.info/1"; the
 * number changes when a member changes its meaning. */
struct rcx_json rcx_cli_json_begin(struct rcx_cli *cli, const char *schema);
void rcx_cli_json_end(struct rcx_cli *cli, struct rcx_json *json);

/* Columns aligned with two spaces between, for people; numbers right-aligned. Cells are row-major,
 * borrowed; NULL is empty. When the first name is NULL no header is printed. At most 32 columns. */
struct rcx_cli_column {
    const char *name;
    bool right; /* right-aligned */
};
void rcx_cli_table(struct rcx_cli *cli, const struct rcx_cli_column *columns, size_t column_count,
                   const char *const *cells, size_t row_count);

/* "there is no <what> '<word>'; did you mean '<near>'? <advice>"; near and advice may be NULL. */
enum rcx_status rcx_cli_fail_unknown(struct rcx_error *err, enum rcx_status status,
                                     const char *what, const char *word, const char *near,
                                     const char *advice);

/* The whole program but for the process around it. Returns the exit code.
 * argv as main gets it; never modifies the environment. */
int rcx_cli_main(int argc, char **argv, const struct rcx_cli_environment *environment);
