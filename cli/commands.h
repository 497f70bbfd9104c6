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

/* Actions of a group by the word behind its name: "train" of "gbdt". */
const char *rcx_action_word(const struct rcx_command *action);
const struct rcx_command *rcx_action_find(const struct rcx_command *group, const char *word);
/* "there is no action ..." with the nearest and all that there are. */
enum rcx_status rcx_action_fail_unknown(const struct rcx_command *group, const char *word,
                                        struct rcx_error *err);
/* "train, predict, shap or importance"; returns `out`. */
const char *rcx_action_list(const struct rcx_command *group, char *out, size_t bytes);

/* Options every command takes. */
extern const struct rcx_option rcx_global_options[];
extern const size_t rcx_global_option_count;
struct rcx_global_values {
    const char *config_file;
    struct rcx_texts sets;
    bool verbose, quiet, json, help, version;
};
