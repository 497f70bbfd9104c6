/* From argv to an exit code: parse, load the configuration, set up, run, flush. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/options.h"

/* Before there is a log, and for what must be seen: each line of the text with the program's name.
 */
static void print_error(const struct rcx_cli *cli, const char *text)
{
    const char *red = cli->color ? "\033[31m" : "", *reset = cli->color ? "\033[0m" : "";
    for (const char *line = text; line != NULL;) {
        const char *end = strchr(line, '\n');
        size_t length = end != NULL ? (size_t)(end - line) : strlen(line);
        (void)dprintf(cli->environment->stderr_fd, "%srcx: error: %.*s%s\n", red, (int)length, line,
                      reset);
        line = end != NULL ? end + 1 : NULL;
    }
}

static void report_error(const struct rcx_cli *cli, const struct rcx_command *command,
                         const struct rcx_error *error)
{
    if (cli->log != NULL && strchr(error->text, '\n') == NULL)
        rcx_log_write(cli->log, RCX_LOG_ERROR, "rcx", "%s", error->text);
    else
        print_error(cli, error->text);
    if (error->status == RCX_E_USAGE && command != NULL)
        (void)dprintf(cli->environment->stderr_fd, "see 'rcx help %s'\n", command->name);
    else if (error->status == RCX_E_USAGE)
        (void)dprintf(cli->environment->stderr_fd, "see 'rcx help'\n");
}

static bool decide(enum rcx_cfg_when when, bool automatic)
{
    return when == RCX_WHEN_ALWAYS || (when == RCX_WHEN_AUTO && automatic);
}

/* The value of a variable such as "RCX_CPU", or NULL. */
static const char *variable(const struct rcx_cli_environment *environment, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < environment->variable_count; i++)
        if (strncmp(environment->variables[i], name, length) == 0 &&
            environment->variables[i][length] == '=')
            return environment->variables[i] + length + 1;
    return NULL;
}

/* The lower of runtime.cpu and RCX_CPU. */
static enum rcx_status choose_cpu(const struct rcx_cli *cli, struct rcx_error *err)
{
    enum rcx_cpu_level wanted = RCX_CPU_V4, other = RCX_CPU_V4;
    const char *text = variable(cli->environment, "RCX_CPU");
    if (cli->config != NULL && cli->config->runtime.cpu != RCX_RUNTIME_CPU_AUTO)
        wanted = (enum rcx_cpu_level)(cli->config->runtime.cpu - RCX_RUNTIME_CPU_V1 + RCX_CPU_V1);
    if (text != NULL && text[0] != '\0' && strcmp(text, "auto") != 0 &&
        !rcx_cpu_parse(text, &other))
        return rcx_fail(err, RCX_E_CONFIG,
                        "environment RCX_CPU: '%s' is not a level; expected auto, v1, v3 or v4",
                        text);
    rcx_cpu_set(other < wanted ? other : wanted);
    return RCX_OK;
}

static enum rcx_status open_log(struct rcx_cli *cli, struct rcx_error *err)
{
    struct rcx_log_options options = {.console_level = RCX_LOG_INFO, .file_level = RCX_LOG_DEBUG};
    if (cli->config != NULL) {
        const struct rcx_cfg_log *log = &cli->config->log;
        cli->color = decide(log->color, cli->color);
        cli->progress = decide(log->progress, cli->environment->stderr_is_terminal) && !cli->quiet;
        options.console_level = (enum rcx_log_level)log->level;
        options.file_level = (enum rcx_log_level)log->file_level;
        options.file = log->file;
    } else if (cli->quiet || cli->verbose) {
        options.console_level = cli->quiet ? RCX_LOG_ERROR : RCX_LOG_DEBUG;
    }
    options.color = cli->color;
    return rcx_log_open(&options, &cli->log, err);
}

/* Threads, memory, instruction set and log, from the settings. */
static enum rcx_status set_up(struct rcx_cli *cli, struct rcx_error *err)
{
    uint64_t limit = cli->config != NULL ? cli->config->runtime.memory_limit : 0;
    char memory[32];
    int64_t threads = cli->config != NULL ? cli->config->runtime.threads : 0;
    cli->parallel.threads = threads > 0 ? (unsigned)threads : rcx_parallel_cpus();
    cli->memory_bytes = limit > 0 ? limit : rcx_memory_physical() / 4 * 3;
    enum rcx_status status = choose_cpu(cli, err);
    if (status == RCX_OK)
        status = open_log(cli, err);
    if (status == RCX_OK && cli->config != NULL)
        rcx_log_write(cli->log, RCX_LOG_DEBUG, "rcx",
                      "%u threads, cpu %s, at most %s of memory, seed %" PRId64,
                      cli->parallel.threads, rcx_cpu_name(rcx_cpu_level()),
                      rcx_format_bytes(cli->memory_bytes, memory), cli->config->runtime.seed);
    return status;
}

static void gather_sources(struct rcx_cli *cli, const struct rcx_command_line *line)
{
    const struct rcx_global_values *globals = &line->globals;
    cli->sources = (struct rcx_config_sources){
        .file = globals->config_file != NULL ? globals->config_file : "rcx.yaml",
        .file_may_miss = globals->config_file == NULL,
        .variables = cli->environment->variables,
        .variable_count = cli->environment->variable_count,
        .sets = globals->sets.items,
        .set_count = globals->sets.count,
        .options = line->keys,
        .option_count = line->key_count,
    };
}

static enum rcx_status run_command(struct rcx_cli *cli, const struct rcx_command_line *line,
                                   struct rcx_error *err)
{
    struct rcx_settings *settings = NULL;
    enum rcx_status status = RCX_OK;
    gather_sources(cli, line);
    if (!line->command->without_settings) {
        status = rcx_settings_load(&cli->sources, &settings, err);
        if (status != RCX_OK)
            return status;
        cli->settings = settings;
        cli->config = rcx_settings_config(settings);
    }
    status = set_up(cli, err);
    if (status == RCX_OK)
        status = line->command->run(cli, line->values, err);
    cli->settings = NULL;
    cli->config = NULL;
    rcx_settings_release(settings);
    return status;
}

static enum rcx_status run_line(struct rcx_cli *cli, struct rcx_command_line *line,
                                struct rcx_error *err)
{
    const struct rcx_global_values *globals = &line->globals;
    enum rcx_status status = RCX_OK;
    if (globals->version) {
        status = choose_cpu(cli, err);
        if (status == RCX_OK)
            rcx_help_version(cli);
        return status;
    }
    if (globals->help) {
        if (line->command != NULL)
            rcx_help_command(cli, line->command);
        else
            rcx_help_program(cli);
        return RCX_OK;
    }
    if (line->command == NULL)
        return rcx_fail(err, RCX_E_USAGE, "no command given");
    if (globals->verbose)
        status = rcx_command_line_add_key(line, "--verbose", "log.level", "debug", err);
    if (globals->quiet && status == RCX_OK)
        status = rcx_command_line_add_key(line, "--quiet", "log.level", "error", err);
    return status == RCX_OK ? run_command(cli, line, err) : status;
}

int rcx_cli_main(int argc, char **argv, const struct rcx_cli_environment *environment)
{
    struct rcx_error error = {0}, flush_error = {0};
    struct rcx_command_line line = {0};
    struct rcx_cli cli = {.environment = environment,
                          .color = environment->stderr_is_terminal && !environment->no_color};
    enum rcx_status status = rcx_command_line_parse(argc, argv, &line, &error);
    if (status == RCX_OK) {
        cli.json = line.globals.json;
        cli.quiet = line.globals.quiet;
        cli.verbose = line.globals.verbose;
        cli.operands = line.operands;
        cli.operand_count = line.operand_count;
        status = run_line(&cli, &line, &error);
    }
    if (status != RCX_OK)
        report_error(&cli, line.command, &error);
    enum rcx_status flushed = rcx_cli_flush(&cli, &flush_error);
    if (flushed != RCX_OK && status == RCX_OK) {
        report_error(&cli, line.command, &flush_error);
        status = flushed;
    }
    rcx_log_close(cli.log);
    rcx_buf_release(&cli.out);
    rcx_command_line_release(&line);
    return rcx_status_exit_code(status);
}
