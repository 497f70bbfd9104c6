/* rcx completion bash|zsh|fish: scripts for shells, made from the tables of commands and options */
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/key.h"

static void print_names(struct rcx_cli *cli)
{
    for (size_t i = 0; i < rcx_command_count(); i++)
        rcx_cli_print(cli, "%s%s", i > 0 ? " " : "", rcx_command_at(i)->name);
}

/* " name" of every group, with `between` between: the words that another word belongs to. */
static void print_groups(struct rcx_cli *cli, const char *between)
{
    const char *before = "";
    for (size_t i = 0; i < rcx_command_count(); i++) {
        if (rcx_command_at(i)->action_count > 0) {
            rcx_cli_print(cli, "%s%s", before, rcx_command_at(i)->name);
            before = between;
        }
    }
}

static void print_actions(struct rcx_cli *cli, const struct rcx_command *group)
{
    for (size_t i = 0; i < group->action_count; i++)
        rcx_cli_print(cli, "%s%s", i > 0 ? " " : "", rcx_action_word(group->actions[i]));
}

static void print_options_of(struct rcx_cli *cli, const struct rcx_command *command)
{
    for (size_t i = 0; command != NULL && i < command->option_count; i++)
        rcx_cli_print(cli, "%s ", command->options[i].name);
    for (size_t i = 0; i < rcx_global_option_count; i++)
        rcx_cli_print(cli, "%s%s", i > 0 ? " " : "", rcx_global_options[i].name);
}

static void print_keys(struct rcx_cli *cli, const char *suffix)
{
    for (size_t i = 0; i < rcx_key_count(); i++)
        rcx_cli_print(cli, "%s%s%s", i > 0 ? " " : "", rcx_key_at(i)->name, suffix);
}

/* "    gbdt) options="..." actions="..." ;;" and the same for "gbdt train" and so on */
static void print_bash_case(struct rcx_cli *cli, const struct rcx_command *command)
{
    rcx_cli_print(cli, "    '%s') options=\"", command->name);
    print_options_of(cli, command);
    rcx_cli_print(cli, "\"");
    if (command->action_count > 0) {
        rcx_cli_print(cli, " actions=\"");
        print_actions(cli, command);
        rcx_cli_print(cli, "\"");
    }
    rcx_cli_print(cli, " ;;\n");
    for (size_t i = 0; i < command->action_count; i++)
        print_bash_case(cli, command->actions[i]);
}

/* The first word that is no option, and the second of a group. */
static void print_bash_command(struct rcx_cli *cli)
{
    rcx_cli_print(cli, "    for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                       "        case $w in -*) continue ;; esac\n"
                       "        command=${command:+$command }$w\n"
                       "        case \"|");
    print_groups(cli, "|");
    rcx_cli_print(cli, "|\" in *\"|$command|\"*) ;; *) break ;; esac\n    done\n");
}

static void print_bash(struct rcx_cli *cli)
{
    rcx_cli_print(cli,
                  "_rcx() {\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "    local command= options= actions= w\n");
    print_bash_command(cli);
    rcx_cli_print(cli, "    COMPREPLY=()\n"
                       "    if [[ $previous == --set ]]; then\n"
                       "        compopt -o nospace 2>/dev/null\n"
                       "        COMPREPLY=($(compgen -W \"");
    print_keys(cli, "=");
    rcx_cli_print(cli, "\" -- \"$word\"))\n        return\n    fi\n    case $command in\n");
    for (size_t i = 0; i < rcx_command_count(); i++)
        print_bash_case(cli, rcx_command_at(i));
    rcx_cli_print(cli, "    *) options=\"");
    print_options_of(cli, NULL);
    rcx_cli_print(cli,
                  "\" ;;\n    esac\n"
                  "    if [[ $word == -* ]]; then\n"
                  "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                  "    elif [[ -z $command || $command == \"$word\" || $command == help ]]; then\n"
                  "        COMPREPLY=($(compgen -W \"");
    print_names(cli);
    rcx_cli_print(
        cli,
        "\" -- \"$word\"))\n"
        "    elif [[ -n $actions ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$actions\" -- \"$word\"))\n"
        "    elif [[ $command == config && ( $previous == get || $previous == list ) ]]; then\n"
        "        COMPREPLY=($(compgen -W \"");
    print_keys(cli, "");
    rcx_cli_print(cli, "\" -- \"$word\"))\n    fi\n}\ncomplete -o default -F _rcx rcx\n");
}

/* " 'name:what it is'", a quote within as '\''. */
static void print_zsh_pair(struct rcx_cli *cli, const char *name, const char *text)
{
    rcx_cli_print(cli, " '%s:", name);
    for (const char *c = text; *c != '\0'; c++)
        rcx_cli_print(cli, *c == '\'' ? "'\\''" : "%c", *c);
    rcx_cli_print(cli, "'");
}

static void print_zsh_options_of(struct rcx_cli *cli, const struct rcx_command *command)
{
    rcx_cli_print(cli, "options=(");
    for (size_t i = 0; command != NULL && i < command->option_count; i++)
        print_zsh_pair(cli, command->options[i].name, command->options[i].help);
    for (size_t i = 0; i < rcx_global_option_count; i++)
        print_zsh_pair(cli, rcx_global_options[i].name, rcx_global_options[i].help);
    rcx_cli_print(cli, ")");
}

static void print_zsh_case(struct rcx_cli *cli, const struct rcx_command *command)
{
    rcx_cli_print(cli, "    '%s') ", command->name);
    print_zsh_options_of(cli, command);
    if (command->action_count > 0) {
        rcx_cli_print(cli, " actions=(");
        for (size_t i = 0; i < command->action_count; i++)
            print_zsh_pair(cli, rcx_action_word(command->actions[i]), command->actions[i]->summary);
        rcx_cli_print(cli, ")");
    }
    rcx_cli_print(cli, " ;;\n");
    for (size_t i = 0; i < command->action_count; i++)
        print_zsh_case(cli, command->actions[i]);
}

/* Works as a file `_rcx` in a folder of fpath, and sourced. */
static void print_zsh(struct rcx_cli *cli)
{
    rcx_cli_print(cli, "#compdef rcx\n_rcx() {\n"
                       "    local command= w\n    local -a options actions commands keys\n"
                       "    for w in \"${(@)words[2,CURRENT-1]}\"; do\n"
                       "        case $w in -*) continue ;; esac\n"
                       "        command=${command:+$command }$w\n"
                       "        case \"|");
    print_groups(cli, "|");
    rcx_cli_print(cli, "|\" in *\"|$command|\"*) ;; *) break ;; esac\n    done\n    commands=(");
    for (size_t i = 0; i < rcx_command_count(); i++)
        print_zsh_pair(cli, rcx_command_at(i)->name, rcx_command_at(i)->summary);
    rcx_cli_print(cli, ")\n    keys=(");
    print_keys(cli, "");
    rcx_cli_print(cli,
                  ")\n    if [[ ${words[CURRENT-1]} == --set ]]; then\n"
                  "        compadd -S = -a keys\n        return\n    fi\n    case $command in\n");
    for (size_t i = 0; i < rcx_command_count(); i++)
        print_zsh_case(cli, rcx_command_at(i));
    rcx_cli_print(cli, "    *) ");
    print_zsh_options_of(cli, NULL);
    rcx_cli_print(cli,
                  " ;;\n    esac\n"
                  "    if [[ $PREFIX == -* ]]; then\n"
                  "        _describe -o option options\n"
                  "    elif [[ -z $command || $command == help ]]; then\n"
                  "        _describe command commands\n"
                  "    elif (( $#actions )); then\n"
                  "        _describe action actions\n"
                  "    elif [[ $command == config && ${words[CURRENT-1]} == (get|list) ]]; then\n"
                  "        compadd -a keys\n"
                  "    else\n"
                  "        _files\n"
                  "    fi\n}\n"
                  "if [[ ${funcstack[1]} == _rcx ]]; then\n    _rcx \"$@\"\nelse\n"
                  "    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
                  "    compdef _rcx rcx\nfi\n");
}

/* fish wants single quotes within descriptions escaped. */
static void print_fish_text(struct rcx_cli *cli, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        rcx_cli_print(cli, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
}

static void print_fish_option(struct rcx_cli *cli, const char *condition,
                              const struct rcx_option *option)
{
    rcx_cli_print(cli, "complete -c rcx%s -l %s", condition, option->name + 2);
    if (option->letter != 0)
        rcx_cli_print(cli, " -s %c", option->letter);
    rcx_cli_print(cli, "%s -d '", option->argument != NULL ? " -r" : "");
    print_fish_text(cli, option->help);
    rcx_cli_print(cli, "'\n");
}

static void print_fish_command(struct rcx_cli *cli, const struct rcx_command *command,
                               const char *condition)
{
    struct rcx_buf inner = {0};
    rcx_cli_print(cli, "complete -c rcx -n '%s' -a %s -d '", condition, rcx_action_word(command));
    print_fish_text(cli, command->summary);
    rcx_cli_print(cli, "'\n");
    (void)rcx_buf_printf(&inner, " -n '__fish_seen_subcommand_from %s'", rcx_action_word(command));
    for (size_t o = 0; o < command->option_count; o++)
        print_fish_option(cli, rcx_buf_text(&inner), &command->options[o]);
    rcx_buf_clear(&inner);
    (void)rcx_buf_printf(&inner, "__fish_seen_subcommand_from %s", command->name);
    for (size_t a = 0; a < command->action_count; a++)
        print_fish_command(cli, command->actions[a], rcx_buf_text(&inner));
    rcx_buf_release(&inner);
}

static void print_fish(struct rcx_cli *cli)
{
    for (size_t i = 0; i < rcx_command_count(); i++)
        print_fish_command(cli, rcx_command_at(i), "__fish_use_subcommand");
    for (size_t o = 0; o < rcx_global_option_count; o++)
        print_fish_option(cli, "", &rcx_global_options[o]);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    static const char *const names[] = {"bash", "zsh", "fish"};
    static void (*const printers[])(struct rcx_cli *) = {print_bash, print_zsh, print_fish};
    (void)values;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(names[i], cli->operands[0]) == 0) {
            printers[i](cli);
            return RCX_OK;
        }
    }
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "completion for", cli->operands[0],
                                rcx_suggest(cli->operands[0], names, 3),
                                "there are bash, zsh and fish");
}

const struct rcx_command rcx_cmd_completion = {
    .name = "completion",
    .summary = "print a script that completes words in a shell",
    .operands = "bash | zsh | fish",
    .operands_min = 1,
    .operands_max = 1,
    .details = "  bash: source <(rcx completion bash)\n"
               "  zsh:  source <(rcx completion zsh)\n"
               "  fish: rcx completion fish | source",
    .without_settings = true,
    .run = run,
};
