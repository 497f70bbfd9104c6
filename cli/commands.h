#pragma once
/* The table of commands (cli/commands.def). */
#include <stddef.h>

#include "cli/command.h"

#define COMMAND(name) extern const struct rcx_command rcx_cmd_##name;
#include "cli/commands.def"
#undef COMMAND

size_t rcx_command_count(void);
const struct rcx_command *rcx_command_at(size_t index);
const struct rcx_command *rcx_command_find(const char *name); /* NULL when there is none */
/* The most similar name, or NULL. */
const char *rcx_command_suggest(const char *name);

/* Options every command takes. */
extern const struct rcx_option rcx_global_options[];
extern const size_t rcx_global_option_count;
struct rcx_global_values {
    const char *config_file;
    struct rcx_texts sets;
    bool verbose, quiet, json, help, version;
};
