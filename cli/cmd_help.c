#include "cli/commands.h"
#include "cli/help.h"

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    (void)values;
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

const struct rcx_command rcx_cmd_help = {
    .name = "help",
    .summary = "explain a command",
    .operands = "[COMMAND [ACTION]]",
    .operands_max = 2,
    .without_settings = true,
    .run = run,
};
