#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

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

const char *rcx_action_word(const struct rcx_command *action)
{
    const char *blank = strchr(action->name, ' ');
    return blank != NULL ? blank + 1 : action->name;
}

const struct rcx_command *rcx_action_find(const struct rcx_command *group, const char *word)
{
    for (size_t i = 0; i < group->action_count; i++)
        if (strcmp(rcx_action_word(group->actions[i]), word) == 0)
            return group->actions[i];
    return NULL;
}

const char *rcx_action_list(const struct rcx_command *group, char *out, size_t bytes)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < group->action_count && used < bytes; i++) {
        const char *before = i == 0 ? "" : (i + 1 < group->action_count ? ", " : " or ");
        used += (size_t)snprintf(out + used, bytes - used, "%s%s", before,
                                 rcx_action_word(group->actions[i]));
    }
    return out;
}

enum rcx_status rcx_action_fail_unknown(const struct rcx_command *group, const char *word,
                                        struct rcx_error *err)
{
    enum { MOST = 16 };
    const char *words[MOST];
    char list[128], advice[192];
    size_t count = group->action_count < MOST ? group->action_count : MOST;
    for (size_t i = 0; i < count; i++)
        words[i] = rcx_action_word(group->actions[i]);
    (void)snprintf(advice, sizeof advice, "'rcx %s' knows %s", group->name,
                   rcx_action_list(group, list, sizeof list));
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "action", word, rcx_suggest(word, words, count),
                                advice);
}
