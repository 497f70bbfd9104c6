#pragma once
/* The command line, taken apart by the tables of commands and options. */
#include "cli/commands.h"
#include "config/settings.h"

struct rcx_command_line {
    const struct rcx_command *command; /* NULL: none was named */
    struct rcx_global_values globals;
    void *values;                  /* the command's struct, filled */
    struct rcx_option_value *keys; /* options that give a key its value */
    size_t key_count, key_capacity;
    const char **operands;
    size_t operand_count, operand_capacity;
};

/* Borrows argv for the life of the result. Release also after an error.
 * Errors: RCX_E_USAGE (unknown command or option with a suggestion, missing or malformed argument,
 * wrong number of operands), RCX_E_NOMEM. */
enum rcx_status rcx_command_line_parse(int argc, char **argv, struct rcx_command_line *out,
                                       struct rcx_error *err);
void rcx_command_line_release(struct rcx_command_line *line);

/* Also used for -v and -q, which give log.level a value. */
enum rcx_status rcx_command_line_add_key(struct rcx_command_line *line, const char *option,
                                         const char *key, const char *value, struct rcx_error *err);
