#include "cli/manual.h"

#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

static const char title[] = "from a shop's transaction log to features, segments, churn, value and "
                            "a campaign plan";

static const char precedence[] =
    "Results go to standard output, progress and messages to standard error. A value is looked for "
    "in this order: option, --set section.key=value, environment RCX_SECTION__KEY, configuration "
    "file, built-in default.";

static const struct exit_code {
    int code;
    const char *meaning;
} exit_codes[] = {
    {0, "done"},
    {1, "failed: a file, memory, no space"},
    {2, "bad command line or configuration"},
    {3, "input data refused"},
    {4, "store or model file corrupt"},
    {5, "a check failed"},
    {130, "interrupted; nothing half-written is left"},
};
enum { EXIT_CODES = sizeof exit_codes / sizeof exit_codes[0] };

typedef void command_printer(struct rcx_cli *cli, const struct rcx_command *command);

/* Every command, and after a group its actions. */
static void each_command(struct rcx_cli *cli, command_printer *print)
{
    for (size_t i = 0; i < rcx_command_count(); i++) {
        const struct rcx_command *command = rcx_command_at(i);
        print(cli, command);
        for (size_t a = 0; a < command->action_count; a++)
            print(cli, command->actions[a]);
    }
}

static const char *operands_of(const struct rcx_command *command)
{
    if (command->action_count > 0)
        return "ACTION";
    return command->operands != NULL ? command->operands : "";
}

/* --- man ---------------------------------------------------------------------------------------- */

/* Backslashes, and points or quotes at the begin of a line, mean something to troff. */
static void put_man(struct rcx_cli *cli, const char *text)
{
    bool begin = true;
    for (const char *c = text; *c != '\0'; c++) {
        if (begin && (*c == '.' || *c == '\''))
            rcx_cli_print(cli, "\\&");
        begin = *c == '\n';
        if (*c == '\\')
            rcx_cli_print(cli, "\\e");
        else if (*c == '-')
            rcx_cli_print(cli, "\\-");
        else
            rcx_cli_print(cli, "%c", *c);
    }
}

static void put_man_options(struct rcx_cli *cli, const struct rcx_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rcx_cli_print(cli, ".TP\n\\fB");
        if (options[i].letter != 0)
            rcx_cli_print(cli, "\\-%c\\fR, \\fB", options[i].letter);
        put_man(cli, options[i].name);
        rcx_cli_print(cli, "\\fR");
        if (options[i].argument != NULL) {
            rcx_cli_print(cli, " \\fI");
            put_man(cli, options[i].argument);
            rcx_cli_print(cli, "\\fR");
        }
        rcx_cli_print(cli, "\n");
        put_man(cli, options[i].help);
        if (options[i].required)
            rcx_cli_print(cli, " (required)");
        if (options[i].kind == RCX_OPTION_TO_KEY) {
            rcx_cli_print(cli, " [");
            put_man(cli, options[i].key);
            rcx_cli_print(cli, "]");
        }
        rcx_cli_print(cli, "\n");
    }
}

static void put_man_command(struct rcx_cli *cli, const struct rcx_command *command)
{
    rcx_cli_print(cli, ".SS \"rcx %s", command->name);
    rcx_cli_print(cli, "%s%s\"\n", operands_of(command)[0] != '\0' ? " " : "",
                  operands_of(command));
    put_man(cli, command->summary);
    rcx_cli_print(cli, "\n");
    if (command->details != NULL) {
        rcx_cli_print(cli, ".PP\n.nf\n");
        put_man(cli, command->details);
        rcx_cli_print(cli, "\n.fi\n");
    }
    put_man_options(cli, command->options, command->option_count);
}

void rcx_manual_man(struct rcx_cli *cli)
{
    rcx_cli_print(cli, ".TH RCX 1 \"\" \"rcx %s\"\n.SH NAME\nrcx \\- %s\n", RCX_VERSION, title);
    rcx_cli_print(cli, ".SH SYNOPSIS\n.B rcx\n\\fICOMMAND\\fR [options] [operands]\n"
                       ".SH DESCRIPTION\n");
    put_man(cli, precedence);
    rcx_cli_print(cli, "\n.SH COMMANDS\n");
    each_command(cli, put_man_command);
    rcx_cli_print(cli, ".SH OPTIONS OF EVERY COMMAND\n");
    put_man_options(cli, rcx_global_options, rcx_global_option_count);
    rcx_cli_print(cli, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < EXIT_CODES; i++)
        rcx_cli_print(cli, ".TP\n%d\n%s\n", exit_codes[i].code, exit_codes[i].meaning);
}

/* --- Markdown ----------------------------------------------------------------------------------- */

/* In a cell a bar would end it, and an opening angle bracket begin a tag. */
static void put_cell(struct rcx_cli *cli, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|' || *c == '<')
            rcx_cli_print(cli, "\\");
        rcx_cli_print(cli, "%c", *c);
    }
}

static void put_markdown_options(struct rcx_cli *cli, const struct rcx_option *options,
                                 size_t count)
{
    if (count == 0)
        return;
    rcx_cli_print(cli, "| option | meaning |\n|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        rcx_cli_print(cli, "| `");
        if (options[i].letter != 0)
            rcx_cli_print(cli, "-%c, ", options[i].letter);
        rcx_cli_print(cli, "%s%s%s` | ", options[i].name, options[i].argument != NULL ? " " : "",
                      options[i].argument != NULL ? options[i].argument : "");
        put_cell(cli, options[i].help);
        rcx_cli_print(cli, "%s", options[i].required ? " (required)" : "");
        if (options[i].kind == RCX_OPTION_TO_KEY)
            rcx_cli_print(cli, " `%s`", options[i].key);
        rcx_cli_print(cli, " |\n");
    }
    rcx_cli_print(cli, "\n");
}

static void put_markdown_command(struct rcx_cli *cli, const struct rcx_command *command)
{
    const char *operands = operands_of(command);
    rcx_cli_print(cli, "## rcx %s\n\n`rcx %s%s%s%s`: %s.\n\n", command->name, command->name,
                  command->action_count > 0 ? "" : " [options]", operands[0] != '\0' ? " " : "",
                  operands, command->summary);
    if (command->details != NULL)
        rcx_cli_print(cli, "```text\n%s\n```\n\n", command->details);
    put_markdown_options(cli, command->options, command->option_count);
}

static void put_row(struct rcx_cli *cli, const struct rcx_command *command)
{
    rcx_cli_print(cli, "| `%s` | ", command->name);
    put_cell(cli, command->summary);
    rcx_cli_print(cli, " |\n");
}

void rcx_manual_markdown(struct rcx_cli *cli)
{
    rcx_cli_print(cli,
                  "# The command line\n\nMade by `scripts/generate` from the tables of commands; "
                  "`rcx help --markdown` prints it.\n\n`rcx COMMAND [options] [operands]`. %s\n\n"
                  "| command | does |\n|---|---|\n",
                  precedence);
    each_command(cli, put_row);
    rcx_cli_print(cli, "\n## Options of every command\n\n");
    put_markdown_options(cli, rcx_global_options, rcx_global_option_count);
    rcx_cli_print(cli, "## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < EXIT_CODES; i++)
        rcx_cli_print(cli, "| %d | %s |\n", exit_codes[i].code, exit_codes[i].meaning);
    rcx_cli_print(cli, "\n");
    each_command(cli, put_markdown_command);
}
