#pragma once
/* A run as the console shows it: progress while it works, a table of the stages at the end. */
#include "cli/cli.h"

enum rcx_status rcx_run_on_console(struct rcx_cli *cli, const char *const *inputs,
                                   size_t input_count, const char *directory, const char *until,
                                   bool force, struct rcx_error *err);
