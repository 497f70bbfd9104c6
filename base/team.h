#pragma once
/* Threads kept together for many short loops. Starting a parallel region costs several microseconds
 * and more when its threads have gone to sleep; an algorithm with thousands of loops of 10 to 1,000
 * microseconds each runs inside one team instead.
 *
 * One thread runs the body; the others wait for its loops: they watch for some 20 microseconds, give
 * way to other processes, then sleep. Nobody is waited for who has not begun a chunk, so when a core
 * is busy elsewhere the loop goes on without that worker. Chunks are handed out one at a time; results
 * must be put together by chunk index. */
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"

struct rcx_team;

typedef enum rcx_status rcx_team_body(void *context, struct rcx_team *team, struct rcx_error *err);
/* Cannot fail: what can is done by the body. `worker` is in [0, rcx_team_size). */
typedef void rcx_team_chunk(void *context, size_t chunk, unsigned worker);

/* Runs the body in a team of parallel->threads (NULL: one). rcx_parallel_for called by the body runs
 * on its thread alone. Errors: the body's. */
enum rcx_status rcx_team_run(const struct rcx_parallel *parallel, rcx_team_body *body,
                             void *context, struct rcx_error *err);

/* Runs the function for chunks 0..chunks-1 and returns when all are done. From the body only, not
 * from a chunk. */
void rcx_team_for(struct rcx_team *team, size_t chunks, rcx_team_chunk *function, void *context);

unsigned rcx_team_size(const struct rcx_team *team);
