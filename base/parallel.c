#include "base/parallel.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

/* The thread sanitizer does not see the barriers inside the OpenMP runtime, so its build is told.
 */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define happens_before(address) __tsan_release(address)
#define happens_after(address) __tsan_acquire(address)
#else
#define happens_before(address) ((void)(address))
#define happens_after(address) ((void)(address))
#endif

static atomic_int interrupt_flag; /* lock-free, so a signal handler may set it */

void rcx_interrupt_request(void)
{
    atomic_store_explicit(&interrupt_flag, 1, memory_order_relaxed);
}

int rcx_interrupt_requested(void)
{
    return atomic_load_explicit(&interrupt_flag, memory_order_relaxed) != 0;
}

struct loop {
    rcx_chunk_function *function;
    void *context;
    size_t chunks;
    atomic_size_t next;
    atomic_size_t lowest_failed; /* chunks when none failed */
    atomic_flag latch;           /* guards `error` */
    struct rcx_error error;      /* of chunk `error_chunk` */
    size_t error_chunk;
};

static void latch_error(struct loop *loop, size_t chunk, const struct rcx_error *error)
{
    while (atomic_flag_test_and_set_explicit(&loop->latch, memory_order_acquire))
        sched_yield();
    if (chunk < loop->error_chunk) {
        loop->error_chunk = chunk;
        loop->error = *error;
        atomic_store_explicit(&loop->lowest_failed, chunk, memory_order_relaxed);
    }
    atomic_flag_clear_explicit(&loop->latch, memory_order_release);
}

/* A worker takes chunks until none is left below the lowest failed one. Chunks are handed out in
 * order, so every chunk below a failed one has been taken and will report its own failure. */
static void work(struct loop *loop, unsigned worker)
{
    struct rcx_error error;
    while (!rcx_interrupt_requested()) {
        size_t chunk = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (chunk >= loop->chunks ||
            chunk > atomic_load_explicit(&loop->lowest_failed, memory_order_relaxed))
            return;
        error.status = RCX_OK;
        error.text[0] = '\0';
        enum rcx_status status = loop->function(loop->context, chunk, worker, &error);
        if (status != RCX_OK) {
            error.status = status;
            latch_error(loop, chunk, &error);
        }
    }
}

static enum rcx_status run_inline(size_t chunks, rcx_chunk_function *function, void *context,
                                  struct rcx_error *err)
{
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        if (rcx_interrupt_requested())
            return rcx_fail(err, RCX_E_INTERRUPTED, "interrupted");
        enum rcx_status status = function(context, chunk, 0, err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

/* Not instrumented: the compiler's hand-over of `loop` through the runtime looks like a race. */
__attribute__((no_sanitize("thread"), noinline)) static void run_region(struct loop *loop,
                                                                        unsigned threads)
{
#pragma omp parallel num_threads(threads)
    {
        happens_after(loop);
        work(loop, (unsigned)omp_get_thread_num());
        happens_before(loop);
    }
}

enum rcx_status rcx_parallel_for(const struct rcx_parallel *parallel, size_t chunks,
                                 rcx_chunk_function *function, void *context, struct rcx_error *err)
{
    unsigned threads = parallel ? parallel->threads : 1;
    if (threads > chunks)
        threads = (unsigned)chunks;
    if (threads <= 1 || omp_in_parallel())
        return run_inline(chunks, function, context, err);

    struct loop loop = {.function = function,
                        .context = context,
                        .chunks = chunks,
                        .latch = ATOMIC_FLAG_INIT,
                        .error_chunk = chunks};
    atomic_init(&loop.lowest_failed, chunks);
    atomic_init(&loop.next, 0);
    happens_before(&loop);
    run_region(&loop, threads);
    happens_after(&loop);
    if (loop.error_chunk < chunks) {
        if (err)
            *err = loop.error;
        return loop.error.status;
    }
    if (atomic_load_explicit(&loop.next, memory_order_relaxed) < chunks)
        return rcx_fail(err, RCX_E_INTERRUPTED, "interrupted");
    return RCX_OK;
}

/* How many numbers, at most `most`, the first line of a small file begins with. */
static unsigned read_numbers(const char *path, double *numbers, unsigned most)
{
    char line[64];
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    bool ok = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    struct rcx_text rest = ok ? rcx_text_trim(rcx_text_of(line)) : (struct rcx_text){0};
    unsigned count = 0;
    while (count < most && rest.length > 0) {
        size_t length = 0;
        while (length < rest.length && rest.data[length] != ' ')
            length++;
        if (!rcx_parse_real((struct rcx_text){rest.data, length}, &numbers[count]))
            break;
        count++;
        rest = rcx_text_trim((struct rcx_text){rest.data + length, rest.length - length});
    }
    return count;
}

/* Processors allowed by the control group: version 2 has "<quota> <period>" in microseconds or "max
 * <period>", version 1 a file for each and -1 for no quota. */
static bool read_quota(double *out)
{
    double numbers[2];
    if (read_numbers("/sys/fs/cgroup/cpu.max", numbers, 2) < 2 &&
        (read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &numbers[0], 1) < 1 ||
         read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &numbers[1], 1) < 1))
        return false;
    if (!(numbers[0] > 0 && numbers[1] > 0))
        return false;
    *out = numbers[0] / numbers[1];
    return true;
}

unsigned rcx_parallel_cpus(void)
{
    unsigned cpus = 1;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        cpus = (unsigned)CPU_COUNT(&set);
    double quota = 0;
    if (read_quota(&quota) && quota < cpus)
        cpus = quota < 1 ? 1 : (unsigned)quota;
    return cpus;
}
