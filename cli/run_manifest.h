#pragma once
/* run.json: what a run was made of and what it made. It is written after every stage, so an
 * interrupted run goes on where it stopped, and read at the start of the next one: a stage whose
 * fingerprint (program, inputs, keys) is the same and whose outputs are still there, byte for byte,
 * is skipped. A manifest that is missing or damaged only means that nothing is skipped. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/json_read.h"
#include "cli/flow_run.h"

/* The manifest of an earlier run in the directory; NULL when there is none. */
struct rcx_json_document *rcx_run_manifest_load(const char *directory);

/* Takes over rows, bytes, note and outputs of the stage when it is unchanged. */
bool rcx_run_manifest_unchanged(const struct rcx_json_document *manifest, const char *directory,
                                struct rcx_run_stage *stage);

/* `created`: not covered by any digest. Errors: RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_run_manifest_write(const struct rcx_flow_run *flow,
                                       const struct rcx_run_report *report, const char *created,
                                       struct rcx_error *err);

/* Adds a file of the run directory to the outputs of a stage, with its size and digest; of a table
 * the file in its second format, too (stage->also). */
enum rcx_status rcx_run_add_output(const char *directory, const char *path,
                                   struct rcx_run_stage *stage, struct rcx_error *err);

/* Removes what an earlier run wrote in a second format beside an output of this stage (export.also)
 * and this one did not: it would be a table of other data. */
void rcx_run_remove_former_copies(const struct rcx_json_document *manifest, const char *directory,
                                  const struct rcx_run_stage *stage);

/* XXH3-128 of a file's bytes. Errors: RCX_E_IO. */
enum rcx_status rcx_run_file_digest(const char *path, struct rcx_digest *out, uint64_t *out_bytes,
                                    struct rcx_error *err);
