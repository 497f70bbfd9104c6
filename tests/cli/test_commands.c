#include "cli/commands.h"

#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/key.h"
#include "tests/support/check.h"

/* All options that `command` takes, its own first. */
static const struct rcx_option *option_at(const struct rcx_command *command, size_t index)
{
    return index < command->option_count ? &command->options[index]
                                         : &rcx_global_options[index - command->option_count];
}

static void check_option(const struct rcx_command *command, size_t index)
{
    const struct rcx_option *option = option_at(command, index);
    assert_int_equal(strncmp(option->name, "--", 2), 0);
    assert_true(strlen(option->name) >= 3);
    assert_int_equal(option->kind == RCX_OPTION_FLAG, option->argument == NULL);
    assert_true(option->help[strlen(option->help) - 1] != '.');
    if (option->kind == RCX_OPTION_TO_KEY)
        assert_non_null(rcx_key_find(option->key));
    if (strcmp(option->name, "--version") == 0)
        return; /* a command that opens versions of a store takes one; only `rcx --version` prints ours */
    for (size_t other = 0; other < index; other++) {
        assert_string_not_equal(option->name, option_at(command, other)->name);
        assert_true(option->letter == 0 || option->letter != option_at(command, other)->letter);
    }
}

static void check_action(const struct rcx_command *group, const struct rcx_command *action)
{
    size_t length = strlen(group->name);
    assert_int_equal(strncmp(action->name, group->name, length), 0);
    assert_int_equal(action->name[length], ' ');
    assert_ptr_equal(rcx_action_find(group, rcx_action_word(action)), action); /* unique */
    assert_non_null(action->run);
    assert_int_equal(action->action_count, 0); /* one level deep */
    assert_int_equal(action->operands != NULL, action->operands_max > 0);
    for (size_t o = 0; o < action->option_count + rcx_global_option_count; o++)
        check_option(action, o);
}

static void every_row_is_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < rcx_command_count(); i++) {
        const struct rcx_command *command = rcx_command_at(i);
        assert_ptr_equal(rcx_command_find(command->name), command); /* unique */
        assert_true(command->summary[strlen(command->summary) - 1] != '.');
        assert_true(command->operands_min <= command->operands_max);
        assert_int_equal(command->operands != NULL, command->operands_max > 0);
        assert_int_equal(command->run != NULL, command->action_count == 0);
        for (size_t a = 0; a < command->action_count; a++)
            check_action(command, command->actions[a]);
        for (size_t o = 0; o < command->option_count + rcx_global_option_count; o++)
            check_option(command, o);
    }
}

static void suggestions_are_near(void **state)
{
    (void)state;
    assert_string_equal(rcx_command_suggest("confg"), "config");
    assert_null(rcx_command_suggest("zzzzzzzz"));
    assert_null(rcx_command_find("confg"));
}

static bool parse_a_line(void *context)
{
    char *argv[] = {"rcx",   "--set", "a=1",  "--threads=3", "config",
                    "--set", "b=2",   "list", "--markdown",  NULL};
    struct rcx_command_line line;
    (void)context;
    enum rcx_status status = rcx_command_line_parse(9, argv, &line, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    if (status == RCX_OK) {
        assert_string_equal(line.command->name, "config");
        assert_int_equal(line.globals.sets.count, 2);
        assert_string_equal(line.globals.sets.items[1], "b=2");
        assert_int_equal(line.key_count, 1);
        assert_string_equal(line.keys[0].key, "runtime.threads");
        assert_string_equal(line.keys[0].value, "3");
        assert_int_equal(line.operand_count, 1);
        assert_string_equal(line.operands[0], "list");
    }
    rcx_command_line_release(&line);
    return status == RCX_OK;
}

static void lines_are_taken_apart_and_memory_may_end(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(parse_a_line, NULL) >= 5);
}

static void tables_align_their_columns(void **state)
{
    (void)state;
    struct rcx_cli_environment environment = {.stdout_fd = -1};
    struct rcx_cli cli = {.environment = &environment};
    static const struct rcx_cli_column columns[] = {{"name", false}, {"rows", true}};
    static const char *const cells[] = {"caf\xc3\xa9", "1,000", NULL, "7"};
    rcx_cli_table(&cli, columns, 2, cells, 2);
    assert_string_equal(rcx_buf_text(&cli.out), "name   rows\n"
                                                "caf\xc3\xa9  1,000\n"
                                                "          7\n");
    struct rcx_error err = {0};
    assert_int_equal(rcx_cli_flush(&cli, &err), RCX_E_IO); /* no such descriptor */
    assert_int_equal(strncmp(err.text, "standard output: ", 17), 0);
    rcx_buf_release(&cli.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_well_formed),
        cmocka_unit_test(suggestions_are_near),
        cmocka_unit_test(lines_are_taken_apart_and_memory_may_end),
        cmocka_unit_test(tables_align_their_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
