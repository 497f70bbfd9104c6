#pragma once
/* The manual, made from the tables of commands, options and statuses: as a page of man(1) and as
 * Markdown. `rcx help --man` and `--markdown` print it; scripts/generate writes docs/cli.md. */
#include "cli/cli.h"

void rcx_manual_man(struct rcx_cli *cli);
void rcx_manual_markdown(struct rcx_cli *cli);
