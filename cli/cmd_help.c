#include "cli/commands.h"
#include "cli/help.h"
#include "cli/manual.h"

struct help_options {
    bool man, markdown;
};

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct help_options *given = values;
    if (given->man || given->markdown) {
        if (given->man == given->markdown || cli->operand_count > 0)
            return rcx_fail(err, RCX_E_USAGE,
                            "--man and --markdown each print the manual of all commands");
        if (given->man)
            rcx_manual_man(cli);
        else
            rcx_manual_markdown(cli);
        return RCX_OK;
    }
    if (cli->operand_count == 0) {
        rcx_help_program(cli);
        return RCX_OK;
    }
    const char *name = cli->operands[0];
    const struct rcx_command *command = rcx_command_find(name);
    if (command == NULL)
        return rcx_cli_fail_unknown(err, RCX_E_USAGE, "command", name, rcx_command_suggest(name),
                                    "'rcx help' lists them");
    if (cli->operand_count > 1) {
        const char *word = cli->operands[1];
        if (command->action_count == 0)
            return rcx_fail(err, RCX_E_USAGE, "'rcx %s' has no actions such as '%s'", name, word);
        const struct rcx_command *action = rcx_action_find(command, word);
        if (action == NULL)
            return rcx_action_fail_unknown(command, word, err);
        command = action;
    }
    rcx_help_command(cli, command);
    return RCX_OK;
}

static const struct rcx_option options[] = {
    RCX_OPTION(FLAG, struct help_options, man, "man", 0, NULL, "print the manual as a page of man"),
    RCX_OPTION(FLAG, struct help_options, markdown, "markdown", 0, NULL,
               "print the manual as Markdown"),
};

const struct rcx_command rcx_cmd_help = {
    .name = "help",
    .summary = "explain a command",
    .operands = "[COMMAND [ACTION]]",
    .operands_max = 2,
    .without_settings = true,
    RCX_OPTIONS(options, struct help_options),
    .run = run,
};
