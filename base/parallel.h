#pragma once
/* The only user of OpenMP. Work is cut into many small chunks that workers take one at a time, so a
 * worker whose core is busy elsewhere holds up one chunk, not a share of the loop. How the work is
 * cut never depends on the number of threads; results are put together by chunk index. */
#include <stddef.h>

#include "base/status.h"

struct rcx_parallel {
    unsigned threads; /* >= 1 */
};

/* Processes chunk `chunk`. `worker` is in [0, threads) and names per-worker scratch. */
typedef enum rcx_status rcx_chunk_function(void *context, size_t chunk, unsigned worker,
                                           struct rcx_error *err);

/* Runs the function for chunks 0..chunks-1. When some fail, the error of the lowest failing chunk is
 * returned, the same one for any number of threads; chunks above a failed one may be skipped. */
enum rcx_status rcx_parallel_for(const struct rcx_parallel *parallel, size_t chunks,
                                 rcx_chunk_function *function, void *context,
                                 struct rcx_error *err);

/* CPUs this process may use (affinity and cgroup quota respected), at least 1. */
unsigned rcx_parallel_cpus(void);

/* A flag that signal handlers set and long loops poll; rcx_parallel_for stops taking chunks and
 * returns RCX_E_INTERRUPTED when it is set. */
void rcx_interrupt_request(void); /* async-signal-safe */
int rcx_interrupt_requested(void);
