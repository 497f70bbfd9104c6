#include "cli/commands.h"

#include <string.h>

#include "base/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct rcx_command *const commands[] = {
#define COMMAND(name) &rcx_cmd_##name,
#include "cli/commands.def"
#undef COMMAND
};

const struct rcx_option rcx_global_options[] = {
    RCX_OPTION(TEXT, struct rcx_global_values, config_file, "config", 'c', "FILE",
               "configuration file (default ./rcx.yaml when there is one)"),
    RCX_OPTION(TEXTS, struct rcx_global_values, sets, "set", 0, "KEY=VALUE",
               "give a configuration key a value; may be repeated"),
    RCX_OPTION_KEY("threads", 0, "N", "runtime.threads", "threads that work"),
    RCX_OPTION_KEY("memory-limit", 0, "SIZE", "runtime.memory_limit",
                   "memory to stay within, such as 256MB"),
    RCX_OPTION_KEY("seed", 0, "N", "runtime.seed", "start of every random sequence"),
    RCX_OPTION_KEY("log", 0, "FILE", "log.file", "append a structured log to FILE"),
    RCX_OPTION(FLAG, struct rcx_global_values, verbose, "verbose", 'v', NULL,
               "tell more on standard error"),
    RCX_OPTION(FLAG, struct rcx_global_values, quiet, "quiet", 'q', NULL, "tell errors only"),
    RCX_OPTION(FLAG, struct rcx_global_values, json, "json", 0, NULL, "results as one JSON object"),
    RCX_OPTION(FLAG, struct rcx_global_values, help, "help", 'h', NULL, "explain the command"),
    RCX_OPTION(FLAG, struct rcx_global_values, version, "version", 0, NULL, "print the version"),
};
const size_t rcx_global_option_count = COUNT_OF(rcx_global_options);

size_t rcx_command_count(void)
{
    return COUNT_OF(commands);
}

const struct rcx_command *rcx_command_at(size_t index)
{
    return commands[index];
}

const struct rcx_command *rcx_command_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *rcx_command_suggest(const char *name)
{
    const char *names[COUNT_OF(commands)];
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        names[i] = commands[i]->name;
    return rcx_suggest(name, names, COUNT_OF(commands));
}
