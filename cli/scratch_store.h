#pragma once
/* A store that lasts as long as one command: made of files, removed at its end. What a killed
 * command leaves, the next one at the same place removes. */
#include "cli/cli.h"
#include "cli/command.h"

struct rcx_scratch_store {
    char *directory; /* NULL: none */
};

/* Loads `files` as rcx ingest does (`maps`: its --map), without waiting for the disk. `output` is the file that the
 * command writes: the store lies beside it, and so does rejects.csv, when rows are rejected. NULL or
 * "-": the store lies in runtime.temp_dir or, when that is empty, in the system's directory for
 * temporary files, and rejected rows are only counted. Errors: of rcx_ingest; then nothing is left. */
enum rcx_status rcx_scratch_store_make(struct rcx_cli *cli, const struct rcx_texts *files,
                                       const struct rcx_texts *maps, const char *output,
                                       struct rcx_scratch_store *out, struct rcx_error *err);
void rcx_scratch_store_remove(struct rcx_scratch_store *scratch); /* zero is fine */
