#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "cli/commands.h"
#include "storage/encoding/codec.h"

static size_t longest_name(void)
{
    size_t longest = 0;
    for (size_t i = 0; i < rcx_command_count(); i++) {
        size_t length = strlen(rcx_command_at(i)->name);
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* "  -s, --store DIR" */
static void option_usage(const struct rcx_option *option, char *out, size_t room)
{
    char letter[8] = "    ";
    if (option->letter != 0)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    (void)snprintf(out, room, "  %s%s%s%s", letter, option->name,
                   option->argument != NULL ? " " : "",
                   option->argument != NULL ? option->argument : "");
}

static bool takes(const struct rcx_command *command, const char *name)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (strcmp(command->options[i].name, name) == 0)
            return true;
    return false;
}

/* Without those that the command `own` (or NULL) has itself. */
static void print_options(struct rcx_cli *cli, const struct rcx_option *options, size_t count,
                          size_t width, const struct rcx_command *own)
{
    char usage[80];
    for (size_t i = 0; i < count; i++) {
        if (own != NULL && takes(own, options[i].name))
            continue;
        option_usage(&options[i], usage, sizeof usage);
        rcx_cli_print(cli, "%-*s  %s%s", (int)width, usage, options[i].help,
                      options[i].required ? " (required)" : "");
        if (options[i].kind == RCX_OPTION_TO_KEY)
            rcx_cli_print(cli, " [%s]", options[i].key);
        rcx_cli_print(cli, "\n");
    }
}

static size_t options_width(const struct rcx_option *options, size_t count, size_t least)
{
    char usage[80];
    for (size_t i = 0; i < count; i++) {
        option_usage(&options[i], usage, sizeof usage);
        least = strlen(usage) > least ? strlen(usage) : least;
    }
    return least;
}

void rcx_help_program(struct rcx_cli *cli)
{
    rcx_cli_print(
        cli,
        "rcx %s: from a shop's transaction log to features, segments, churn, value and a plan\n\n"
        "usage: rcx COMMAND [options] [operands]\n\ncommands:\n",
        RCX_VERSION);
    int width = (int)longest_name();
    for (size_t i = 0; i < rcx_command_count(); i++)
        rcx_cli_print(cli, "  %-*s  %s\n", width, rcx_command_at(i)->name,
                      rcx_command_at(i)->summary);
    rcx_cli_print(cli, "\noptions of every command:\n");
    print_options(cli, rcx_global_options, rcx_global_option_count,
                  options_width(rcx_global_options, rcx_global_option_count, 0), NULL);
    rcx_cli_print(
        cli,
        "\n'rcx help COMMAND' explains one command, 'rcx config list' every configuration key.\n"
        "exit codes: 0 done, 1 failed, 2 bad command line or configuration, 3 input data refused,\n"
        "4 store or model file corrupt, 5 a check failed, 130 interrupted\n");
}

static void help_group(struct rcx_cli *cli, const struct rcx_command *group)
{
    int width = 0;
    for (size_t i = 0; i < group->action_count; i++) {
        int length = (int)strlen(rcx_action_word(group->actions[i]));
        width = length > width ? length : width;
    }
    rcx_cli_print(cli, "usage: rcx %s ACTION [options] [operands]\n\n%s\n", group->name,
                  group->summary);
    if (group->details != NULL)
        rcx_cli_print(cli, "\n%s\n", group->details);
    rcx_cli_print(cli, "\nactions:\n");
    for (size_t i = 0; i < group->action_count; i++)
        rcx_cli_print(cli, "  %-*s  %s\n", width, rcx_action_word(group->actions[i]),
                      group->actions[i]->summary);
    rcx_cli_print(cli, "\noptions of every command:\n");
    print_options(cli, rcx_global_options, rcx_global_option_count,
                  options_width(rcx_global_options, rcx_global_option_count, 0), NULL);
    rcx_cli_print(cli, "\n'rcx help %s ACTION' explains one action\n", group->name);
}

void rcx_help_command(struct rcx_cli *cli, const struct rcx_command *command)
{
    if (command->action_count > 0) {
        help_group(cli, command);
        return;
    }
    rcx_cli_print(cli, "usage: rcx %s [options]%s%s\n\n%s\n", command->name,
                  command->operands != NULL ? " " : "",
                  command->operands != NULL ? command->operands : "", command->summary);
    if (command->details != NULL)
        rcx_cli_print(cli, "\n%s\n", command->details);
    size_t width = options_width(rcx_global_options, rcx_global_option_count, 0);
    width = options_width(command->options, command->option_count, width);
    if (command->option_count > 0) {
        rcx_cli_print(cli, "\noptions:\n");
        print_options(cli, command->options, command->option_count, width, NULL);
    }
    rcx_cli_print(cli, "\noptions of every command:\n");
    print_options(cli, rcx_global_options, rcx_global_option_count, width, command);
}

/* Name and version of each library that tells its own; returns how many. */
enum { LIBRARIES_MOST = 16 };
static size_t list_libraries(const char *names[LIBRARIES_MOST],
                             const char *versions[LIBRARIES_MOST])
{
    size_t count = 0;
    names[count] = "compiler";
    versions[count++] = __VERSION__;
    names[count] = "libyaml";
    versions[count++] = rcx_settings_yaml_version();
    names[count] = "xxhash";
    versions[count++] = rcx_hash_version();
    const struct rcx_codec *codec;
    for (size_t i = 0; (codec = rcx_codec_at(i)) != NULL && count < LIBRARIES_MOST; i++) {
        if (codec->version == NULL)
            continue;
        names[count] = codec->name;
        versions[count++] = codec->version();
    }
    return count;
}

void rcx_help_version(struct rcx_cli *cli)
{
    const char *names[LIBRARIES_MOST], *versions[LIBRARIES_MOST];
    size_t count = list_libraries(names, versions);
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.version/1");
        rcx_json_put_text(&json, "version", RCX_VERSION);
        rcx_json_put_text(&json, "cpu", rcx_cpu_name(rcx_cpu_level()));
        for (size_t i = 0; i < count; i++)
            rcx_json_put_text(&json, names[i], versions[i]);
        rcx_cli_json_end(cli, &json);
        return;
    }
    rcx_cli_print(cli, "rcx %s\n", RCX_VERSION);
    if (cli->verbose)
        rcx_cli_print(cli, "cpu       %s\n", rcx_cpu_name(rcx_cpu_level()));
    for (size_t i = 0; i < count && cli->verbose; i++)
        rcx_cli_print(cli, "%-8s  %s\n", names[i], versions[i]);
}
