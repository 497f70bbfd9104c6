#include "cli/options.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"

/* Where the parser stands. */
struct parse {
    struct rcx_command_line *line;
    char **argv;
    int argc, next;
    bool *seen; /* options of the command that were given */
    struct rcx_error *err;
};

enum { CANDIDATES_MOST = 128 };

static const struct rcx_option *find_in(const struct rcx_option *options, size_t count,
                                        const char *name, size_t length, char letter)
{
    for (size_t i = 0; i < count; i++) {
        if (letter != 0 && options[i].letter == letter)
            return &options[i];
        if (letter == 0 && strlen(options[i].name) == length &&
            strncmp(options[i].name, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

/* The command's own options win over the global ones; `name` is used when `letter` is 0. */
static const struct rcx_option *find_option(const struct rcx_command *command, const char *name,
                                            size_t length, char letter)
{
    const struct rcx_option *option = NULL;
    if (command != NULL)
        option = find_in(command->options, command->option_count, name, length, letter);
    return option != NULL
               ? option
               : find_in(rcx_global_options, rcx_global_option_count, name, length, letter);
}

static enum rcx_status fail_unknown(const struct parse *p, const char *name)
{
    const struct rcx_command *command = p->line->command;
    const char *candidates[CANDIDATES_MOST];
    size_t count = 0;
    for (size_t i = 0; command != NULL && i < command->option_count && count < CANDIDATES_MOST; i++)
        candidates[count++] = command->options[i].name;
    for (size_t i = 0; i < rcx_global_option_count && count < CANDIDATES_MOST; i++)
        candidates[count++] = rcx_global_options[i].name;
    return rcx_cli_fail_unknown(
        p->err, RCX_E_USAGE, "option", name, rcx_suggest(name, candidates, count),
        command == NULL         ? "options of a command stand behind its name"
        : command->action_count ? "options of an action stand behind its name"
                                : NULL);
}

static enum rcx_status fail_argument(const struct parse *p, const struct rcx_option *option,
                                     const char *text, const char *expected)
{
    return rcx_fail(p->err, RCX_E_USAGE, "option '%s': '%s' is not %s", option->name, text,
                    expected);
}

static enum rcx_status append_text(const struct parse *p, struct rcx_texts *texts, const char *text)
{
    if (!rcx_array_reserve(&texts->items, &texts->capacity, texts->count + 1, sizeof *texts->items))
        return rcx_fail_nomem(p->err, "command line", (texts->count + 1) * sizeof *texts->items);
    texts->items[texts->count++] = text;
    return RCX_OK;
}

/* Parses `text` into the option's member. */
static enum rcx_status store_value(const struct parse *p, const struct rcx_option *option,
                                   void *values, const char *text)
{
    void *member = (char *)values + option->offset;
    struct rcx_text view = rcx_text_of(text != NULL ? text : ""); /* flags have none */
    switch (option->kind) {
    case RCX_OPTION_FLAG:
        *(bool *)member = true;
        break;
    case RCX_OPTION_TEXT:
        *(const char **)member = text;
        break;
    case RCX_OPTION_TEXTS:
        return append_text(p, member, text);
    case RCX_OPTION_U64:
        if (!rcx_parse_u64(view, member) || *(uint64_t *)member == 0)
            return fail_argument(p, option, text, "a whole number, at least 1");
        break;
    case RCX_OPTION_REAL:
        if (!rcx_parse_real(view, member) || !isfinite(*(double *)member))
            return fail_argument(p, option, text, "a number");
        break;
    case RCX_OPTION_SIZE:
        if (!rcx_parse_size(view, member))
            return fail_argument(p, option, text, "a size such as 256MB");
        break;
    case RCX_OPTION_DATE:
        if (!rcx_parse_day(view, &((struct rcx_date_option *)member)->day))
            return fail_argument(p, option, text, "a date YYYY-MM-DD");
        ((struct rcx_date_option *)member)->given = true;
        break;
    case RCX_OPTION_TO_KEY:
        return rcx_command_line_add_key(p->line, option->name, option->key, text, p->err);
    }
    return RCX_OK;
}

static bool is_global(const struct rcx_option *option)
{
    return option >= rcx_global_options && option < rcx_global_options + rcx_global_option_count;
}

static enum rcx_status take(const struct parse *p, const struct rcx_option *option,
                            const char *text)
{
    if (is_global(option))
        return store_value(p, option, &p->line->globals, text);
    if (p->seen != NULL) /* always: an option of a command is found behind its name only */
        p->seen[option - p->line->command->options] = true;
    return store_value(p, option, p->line->values, text);
}

/* --name, --name=value, --name value */
static enum rcx_status parse_long(struct parse *p, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct rcx_option *option = find_option(p->line->command, word, length, 0);
    if (option == NULL) {
        char name[64];
        size_t kept = length < sizeof name - 1 ? length : sizeof name - 1;
        memcpy(name, word, kept);
        name[kept] = '\0';
        return fail_unknown(p, name);
    }
    if (option->kind == RCX_OPTION_FLAG)
        return equals == NULL
                   ? take(p, option, NULL)
                   : rcx_fail(p->err, RCX_E_USAGE, "option '%s' takes no argument", option->name);
    if (equals == NULL && p->next >= p->argc)
        return rcx_fail(p->err, RCX_E_USAGE, "option '%s' needs %s", option->name,
                        option->argument);
    return take(p, option, equals != NULL ? equals + 1 : p->argv[p->next++]);
}

/* -v, -vq, -oFILE, -o FILE */
static enum rcx_status parse_short(struct parse *p, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct rcx_option *option = find_option(p->line->command, NULL, 0, *letter);
        enum rcx_status status = RCX_OK;
        if (option == NULL) {
            char name[3] = {'-', *letter, '\0'};
            return fail_unknown(p, name);
        }
        if (option->kind == RCX_OPTION_FLAG) {
            status = take(p, option, NULL);
            if (status != RCX_OK)
                return status;
            continue;
        }
        if (letter[1] == '\0' && p->next >= p->argc)
            return rcx_fail(p->err, RCX_E_USAGE, "option '-%c' needs %s", *letter,
                            option->argument);
        return take(p, option, letter[1] != '\0' ? letter + 1 : p->argv[p->next++]);
    }
    return RCX_OK;
}

/* A group waits for the name of its action, which is another command. */
static enum rcx_status begin_command(struct parse *p, const struct rcx_command *command)
{
    struct rcx_command_line *line = p->line;
    line->command = command;
    if (command->action_count > 0)
        return RCX_OK;
    line->values = rcx_calloc(1, line->command->values_bytes + 1);
    p->seen = rcx_calloc(line->command->option_count + 1, sizeof *p->seen);
    if (line->values == NULL || p->seen == NULL)
        return rcx_fail_nomem(p->err, "command line", line->command->values_bytes);
    if (line->command->values_initial != NULL)
        memcpy(line->values, line->command->values_initial, line->command->values_bytes);
    return RCX_OK;
}

static enum rcx_status parse_operand(struct parse *p, const char *word)
{
    struct rcx_command_line *line = p->line;
    if (line->command == NULL) {
        const struct rcx_command *command = rcx_command_find(word);
        if (command == NULL)
            return rcx_cli_fail_unknown(p->err, RCX_E_USAGE, "command", word,
                                        rcx_command_suggest(word), "'rcx help' lists them");
        return begin_command(p, command);
    }
    if (line->command->action_count > 0) {
        const struct rcx_command *action = rcx_action_find(line->command, word);
        if (action == NULL)
            return rcx_action_fail_unknown(line->command, word, p->err);
        return begin_command(p, action);
    }
    if (!rcx_array_reserve(&line->operands, &line->operand_capacity, line->operand_count + 1,
                           sizeof *line->operands))
        return rcx_fail_nomem(p->err, "command line", line->operand_count * sizeof *line->operands);
    line->operands[line->operand_count++] = word;
    return RCX_OK;
}

/* What the command cannot do without. */
static enum rcx_status check_complete(const struct parse *p)
{
    const struct rcx_command *command = p->line->command;
    if (command == NULL || p->line->globals.help || p->line->globals.version)
        return RCX_OK;
    if (command->action_count > 0) {
        char list[128];
        return rcx_fail(p->err, RCX_E_USAGE, "'rcx %s' needs an action: %s", command->name,
                        rcx_action_list(command, list, sizeof list));
    }
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].required && (p->seen == NULL || !p->seen[i]))
            return rcx_fail(p->err, RCX_E_USAGE, "'rcx %s' needs option %s %s: %s", command->name,
                            command->options[i].name, command->options[i].argument,
                            command->options[i].help);
    if (p->line->operand_count < command->operands_min)
        return rcx_fail(p->err, RCX_E_USAGE, "'rcx %s' needs %s", command->name, command->operands);
    if (p->line->operand_count > command->operands_max)
        return rcx_fail(p->err, RCX_E_USAGE, "'rcx %s' does not take '%s'%s%s", command->name,
                        p->line->operands[command->operands_max],
                        command->operands != NULL ? "; it takes " : "",
                        command->operands != NULL ? command->operands : "");
    return RCX_OK;
}

enum rcx_status rcx_command_line_parse(int argc, char **argv, struct rcx_command_line *out,
                                       struct rcx_error *err)
{
    struct parse p = {.line = out, .argv = argv, .argc = argc, .next = 1, .err = err};
    bool only_operands = false;
    enum rcx_status status = RCX_OK;
    *out = (struct rcx_command_line){0};
    while (p.next < argc && status == RCX_OK) {
        const char *word = argv[p.next++];
        if (only_operands || word[0] != '-' || word[1] == '\0')
            status = parse_operand(&p, word);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else
            status = word[1] == '-' ? parse_long(&p, word) : parse_short(&p, word);
    }
    if (status == RCX_OK)
        status = check_complete(&p);
    rcx_free(p.seen);
    return status;
}

void rcx_command_line_release(struct rcx_command_line *line)
{
    for (size_t i = 0; line->values != NULL && i < line->command->option_count; i++) {
        const struct rcx_option *option = &line->command->options[i];
        if (option->kind == RCX_OPTION_TEXTS)
            rcx_free(((struct rcx_texts *)(void *)((char *)line->values + option->offset))->items);
    }
    rcx_free(line->globals.sets.items);
    rcx_free(line->values);
    rcx_free(line->keys);
    rcx_free(line->operands);
    *line = (struct rcx_command_line){0};
}

enum rcx_status rcx_command_line_add_key(struct rcx_command_line *line, const char *option,
                                         const char *key, const char *value, struct rcx_error *err)
{
    if (!rcx_array_reserve(&line->keys, &line->key_capacity, line->key_count + 1,
                           sizeof *line->keys))
        return rcx_fail_nomem(err, "command line", line->key_count * sizeof *line->keys);
    line->keys[line->key_count++] = (struct rcx_option_value){option, key, value};
    return RCX_OK;
}
