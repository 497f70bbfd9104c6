#pragma once
/* What `rcx help`, -h and --version print, made from the tables. */
#include "cli/cli.h"
#include "cli/command.h"

void rcx_help_program(struct rcx_cli *cli);
void rcx_help_command(struct rcx_cli *cli, const struct rcx_command *command);
/* One line; with cli->verbose also the CPU level and the libraries; with cli->json an object. */
void rcx_help_version(struct rcx_cli *cli);
